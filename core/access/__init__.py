"""Who may do what, and who did it."""

from core.access.accounts import NOBODYS_NAME
from core.access.rules import ROLES, Actor, allow, allowed

__all__ = ["NOBODYS_NAME", "ROLES", "Actor", "allow", "allowed"]
