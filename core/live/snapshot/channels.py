"""Which channel events came by, for a stretch of time before or in the sale."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from core.access import Actor, allow
from core.database import Database
from core.live.snapshot import rollups


def steps(db: Database, actor: Actor, campaign_id: str, first: datetime, last: datetime) -> pd.DataFrame:
    """Events of a campaign in [first, last) by channel and kind: channel ("" where the source names none),
    kind, events (int64)."""
    allow(actor, "live.view")
    minutes = (int(first.timestamp() // 60), int(last.timestamp() // 60) - 1)
    with db.reading() as connection:
        return rollups.channel_kinds(connection, campaign_id, *minutes)[["channel", "kind", "events"]]
