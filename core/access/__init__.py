"""Who may do what, and who did it."""

from core.access.rules import Actor, allow, allowed

__all__ = ["Actor", "allow", "allowed"]
