"""The intake's books for the live page: sources with their sums, what waits, what was refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from core import clock
from core.access import Actor, allow
from core.database import Database
from core.live.intake.sources import sources
from core.live.snapshot import rollups

FROM_FILE = "file"  # the source of events that came by a file, not from a sender of the shop
REFUSED_SINCE = 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Books:
    """`sources`: as `sources.sources`; `queue`: waiting events with their moment `at`; `refused`: by source
    and reason, last day."""

    sources: pd.DataFrame
    queue: pd.DataFrame
    refused: pd.DataFrame


def books(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Books:
    """The books as they stand."""
    allow(actor, "live.view")
    known = sources(db, actor)
    with db.reading() as connection:
        queue = rollups.queue(connection, campaign_id)
        refused = rollups.refusals(connection, clock.epoch_minute(now) - REFUSED_SINCE)
    return Books(known, queue.assign(at=pd.to_datetime(queue["at_ms"], unit="ms", utc=True)), refused)
