"""Stickiness from touches: the vector's people, and nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.access import Actor
from core.database import Database, insert
from core.overview.stickiness import stickiness
from core.warmup.tables import warmup_touch
from core.warmup.touches import SLOT_MS

VECTORS = Path(__file__).resolve().parents[1] / "audience" / "vectors.json"
NOW = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)
FIRST = datetime(2026, 10, 12, 16, 30, tzinfo=UTC)  # 00:30 in Shanghai of day 1: the day before in UTC


def test_the_mean_share_of_active_days(database: Database, merchandiser: Actor) -> None:
    assert stickiness(database, merchandiser, now=NOW) is None
    told = json.loads(VECTORS.read_text(encoding="utf-8"))["stickiness"]["active_days"]
    rows = [
        (int((FIRST + timedelta(days=n - 1)).timestamp() * 1000) // SLOT_MS, who, depth)
        for who, days in told.items()
        for n in days
        for depth in (0, 1)
    ]
    frame = pd.DataFrame(rows, columns=["slot", "user_key", "depth"])
    with database.writing() as connection:
        insert(connection, warmup_touch, frame.assign(campaign_id="c", sku_code=""))
    known = stickiness(database, merchandiser, now=NOW)
    assert known is not None
    assert (known.rate, known.people) == (pytest.approx(19 / 60), 4)
    assert known.last_day.isoformat() == "2026-11-11"
