"""The demo's past sale: four months ago, a night and a day of events, so that curve, replay and rehearsal have something of the shop's own."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import orjson

from core.campaign.decompose import phase_curve
from core.campaign.pace import share_at
from core.campaign.phases import Phase
from core.clock import SHANGHAI, zone
from core.live.generator import Night, minute
from data.demo_shop import shop

DAYS_AGO, LENGTH = 130, 28 * 60  # opened at 20:00, as the coming sale does
ORDERS, AOV, SEED = 900, 16_000, 618
CHANNELS = {"search": 35, "recommendation": 30, "live_room": 20, "paid": 15}


def past(anchor: date) -> dict[str, Any]:
    """Name, opening and close (local ISO) of the past sale."""
    opens = datetime(anchor.year, anchor.month, anchor.day, 20) - timedelta(days=DAYS_AGO)  # noqa: DTZ001 - local by design
    return {"name": "年中狂欢", "opens_at": opens.isoformat(), "closes_at": (opens + timedelta(minutes=LENGTH)).isoformat()}


def files(anchor: date) -> dict[str, bytes]:
    """past_sale.json, past_events.ndjson.gz."""
    told = past(anchor)
    lines = b"\n".join(orjson.dumps(event) for event in _events(datetime.fromisoformat(told["opens_at"])))
    return {
        "past_sale.json": json.dumps(told, ensure_ascii=False).encode(),
        "past_events.ndjson.gz": gzip.compress(lines, mtime=0),
    }


def _events(opens: datetime) -> list[dict[str, Any]]:
    """Every minute of the sale along the usual curve, hour by hour a little above or below it."""
    starts = opens.replace(tzinfo=zone(SHANGHAI))
    curve = phase_curve(Phase("", "live", starts, starts + timedelta(minutes=LENGTH)), SHANGHAI)
    goods = shop()
    night = Night(
        goods["sku_code"].tolist(), goods["popularity"].tolist(), goods["sale_price"].astype(int).tolist(), list(CHANNELS),
        list(CHANNELS.values()), AOV, 8.0, SEED,
    )  # fmt: skip
    swing = np.exp(np.random.default_rng(SEED).normal(0, 0.12, LENGTH // 60 + 1))
    shares = np.diff(share_at(curve, np.arange(LENGTH + 1)))
    first = int(starts.timestamp() * 1000)
    out: list[dict[str, Any]] = []
    for number, share in enumerate(shares):
        out += minute(night, number, first + number * 60_000, float(share) * ORDERS * AOV * swing[number // 60])
    return out
