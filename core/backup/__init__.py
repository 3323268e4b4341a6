"""Backup and restore of either database, and the checks that say whether a state is whole."""

from core.backup.checks import check
from core.backup.service import Trust, backup, restore

__all__ = ["Trust", "backup", "check", "restore"]
