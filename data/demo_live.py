"""The demo's past sales: a night and a day of events each, so that curve, interval, replay and rehearsal have something of the shop's own."""

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

SALES = (
    ("去年双十一", 355, 1111),
    ("年中狂欢", 130, 618),
    ("开学季", 75, 99),
)  # name, days ago, seed: all before the daily reports begin
LENGTH = 28 * 60  # opened at 20:00, as the coming sale does
ORDERS, AOV = 900, 16_000
NAMES = ("event_id", "order_id", "user_key")  # a made-up night counts from 1: each sale puts its seed before them
CHANNELS = {"search": 35, "recommendation": 30, "live_room": 20, "paid": 15}


def files(anchor: date) -> dict[str, bytes]:
    """past_sales.json and an ndjson.gz of events for each of them."""
    told, made = [], {}
    for name, days_ago, seed in SALES:
        opens = datetime(anchor.year, anchor.month, anchor.day, 20) - timedelta(days=days_ago)  # noqa: DTZ001 - local by design
        closes, events = opens + timedelta(minutes=LENGTH), f"past_events_{seed}.ndjson.gz"
        told.append({"name": name, "opens_at": opens.isoformat(), "closes_at": closes.isoformat(), "events": events})
        made[events] = gzip.compress(b"\n".join(orjson.dumps(event) for event in _events(opens, seed)), mtime=0)
    return {"past_sales.json": json.dumps(told, ensure_ascii=False, indent=1).encode()} | made


def _events(opens: datetime, seed: int) -> list[dict[str, Any]]:
    """Every minute of the sale along the usual curve, hour by hour a little above or below it."""
    starts = opens.replace(tzinfo=zone(SHANGHAI))
    curve = phase_curve(Phase("", "live", starts, starts + timedelta(minutes=LENGTH)), SHANGHAI)
    goods = shop()
    night = Night(
        goods["sku_code"].tolist(), goods["popularity"].tolist(), goods["sale_price"].astype(int).tolist(), list(CHANNELS),
        list(CHANNELS.values()), AOV, 8.0, seed,
    )  # fmt: skip
    swing = np.exp(np.random.default_rng(seed).normal(0, 0.12, LENGTH // 60 + 1))
    shares = np.diff(share_at(curve, np.arange(LENGTH + 1)))
    first = int(starts.timestamp() * 1000)
    out: list[dict[str, Any]] = []
    for number, share in enumerate(shares):
        played = minute(night, number, first + number * 60_000, float(share) * ORDERS * AOV * swing[number // 60], {})
        out += [{name: f"{seed}-{told}" if name in NAMES else told for name, told in event.items()} for event in played]
    return out
