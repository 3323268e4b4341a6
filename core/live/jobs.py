"""What the server's scheduler does for live sales: play rehearsals, judge every running sale's minute."""

from __future__ import annotations

from datetime import datetime

from core.database import Database
from core.live.alerts import monitor
from core.live.rehearsal import rehearsal


def round_of(db: Database, now: datetime) -> int:
    """One round; returns how many sales were judged."""
    rehearsal.round_of(db, now)
    return monitor.round_of(db, now)
