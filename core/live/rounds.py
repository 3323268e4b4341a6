"""What the server's rounds do for live sales: play rehearsals, judge every running sale's minute."""

from __future__ import annotations

from datetime import datetime

from core.database import Database
from core.live import rehearsal, watch


def round_of(db: Database, now: datetime) -> int:
    """One round; returns how many sales were judged."""
    rehearsal.round_of(db, now)
    return watch.round_of(db, now)
