"""The backup that nobody has to think of: every night into the folder of the data, the newest kept."""

from __future__ import annotations

from datetime import datetime

from core.access import Actor
from core.backup.service import backup
from core.database import Database
from core.settings import settings

ACTOR = Actor("scheduler", "admin", "http")


def back_up(db: Database, now: datetime) -> int:
    """One backup beside those that people made; the newest `BIGSALE_BACKUP_KEEP` of all stay. 0 where that is 0: no
    nightly backups."""
    keep = settings().backup_keep
    if not keep:
        return 0
    backup(db, ACTOR, settings().data_dir / "backups", now, keep=keep)
    return 1
