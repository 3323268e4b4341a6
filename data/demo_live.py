"""The demo's past sales: a night and a day of events each, so that curve, interval, replay and rehearsal have
something of the shop's own."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from core.campaign.decompose import phase_curve
from core.campaign.pace import share_at
from core.campaign.phases import Phase
from core.clock import SHANGHAI, zone
from core.live.rehearsal.generator import Night, minute
from data.demo_shop import shop

Event = dict[str, Any]  # as a source sends it

SALES = (
    ("去年双十一", 355, 1111),
    ("年中狂欢", 130, 618),
    ("开学季", 75, 99),
)  # name, days ago, seed: all before the daily reports begin
KINDS = {"开学季": "promotion"}  # the others are festivals
LENGTH = 28 * 60  # opened at 20:00, as the coming sale does
ORDERS, AOV = 900, 16_000
NAMES = (
    "event_id",
    "order_id",
    "user_key",
)  # a made-up night counts from 1: each sale puts its seed before them
LESSONS = ("赠品要和主品分开备货", "客服晚班从 18 点提前到 17 点")  # what people wrote down after it
RETURNED = 0.07  # of paid lines, in the days after
REASONS = ("破损漏液", "发错漏发", "与描述不符", "不想要了", "物流慢", "价格保护")
LAST_PLAN = {
    "visitors": 6_700,
    "conversion_rate": 0.127,
    "aov": 18_400,
}  # of the last sale, as it was planned
CHANNELS = {"search": 35, "recommendation": 30, "live_room": 20, "paid": 15}


def files(anchor: date) -> dict[str, bytes]:
    """past_sales.json, last_plan.json and an ndjson.gz of events for each of them."""
    described: list[dict[str, str]] = []
    workbooks: dict[str, bytes] = {}
    cases: dict[int, list[Event]] = {}
    for name, days_ago, seed in SALES:
        opens = datetime(anchor.year, anchor.month, anchor.day, 20) - timedelta(days=days_ago)  # noqa: DTZ001 - local by design
        closes, events = opens + timedelta(minutes=LENGTH), f"past_events_{seed}.ndjson.gz"
        described.append(
            {
                "name": name,
                "kind": KINDS.get(name, "festival"),
                "opens_at": opens.isoformat(),
                "closes_at": closes.isoformat(),
                "events": events,
            }
        )
        lines = list(_events(opens, seed))
        lines += _afterwards(lines, seed)
        workbooks[events] = gzip.compress(b"\n".join(orjson.dumps(event) for event in lines), mtime=0)
        cases[seed] = lines
    workbooks["service_cases.csv"] = _desk(cases)
    contents = {
        "past_sales.json": described,
        "last_plan.json": {"target": LAST_PLAN, "why": "按上一场定的目标", "lessons": list(LESSONS)},
    }
    return {
        name: json.dumps(one, ensure_ascii=False, indent=1).encode() for name, one in contents.items()
    } | workbooks


def payers(anchor: date, seed: int) -> list[str]:
    """Who paid in the past sale of that seed, in the order of their first payment."""
    ago = next(days for _, days, other in SALES if other == seed)
    opens = datetime(anchor.year, anchor.month, anchor.day, 20) - timedelta(days=ago)  # noqa: DTZ001 - local by design
    return list(dict.fromkeys(event["user_key"] for event in _events(opens, seed) if event["kind"] == "pay"))


@lru_cache(maxsize=len(SALES))
def _events(opens: datetime, seed: int) -> list[Event]:
    """Every minute of the sale along the usual curve, hour by hour a little above or below it."""
    starts = opens.replace(tzinfo=zone(SHANGHAI))
    curve = phase_curve(Phase("", "live", starts, starts + timedelta(minutes=LENGTH)), SHANGHAI)
    goods = shop()
    night = Night(
        goods["sku_code"].tolist(),
        goods["popularity"].tolist(),
        goods["sale_price"].astype(int).tolist(),
        list(CHANNELS),
        list(CHANNELS.values()),
        AOV,
        8.0,
        seed,
    )
    swing = np.exp(np.random.default_rng(seed).normal(0, 0.12, LENGTH // 60 + 1))
    shares = np.diff(share_at(curve, np.arange(LENGTH + 1)))
    first = int(starts.timestamp() * 1000)
    out: list[dict[str, object]] = []
    for number, share in enumerate(shares):
        played = minute(
            night, number, first + number * 60_000, float(share) * ORDERS * AOV * swing[number // 60], {}
        )
        out += [
            {name: f"{seed}-{told}" if name in NAMES else told for name, told in event.items()}
            for event in played
        ]
    return out


def _afterwards(events: list[Event], seed: int) -> list[dict[str, object]]:
    """What follows a payment: the parcel, mostly within the promise; and some goods that come back in the days after."""
    dice = np.random.default_rng(seed + 1)
    gone = {event["order_id"] for event in events if event["kind"] == "refund"}
    after: list[Event] = []
    for event in events:
        if event["kind"] != "pay" or event["order_id"] in gone:
            continue
        line = {name: event[name] for name in ("sku_code", "order_id", "user_key", "channel")}
        line["quantity"] = event.get("quantity", 1)
        paid = datetime.fromisoformat(event["at"])
        sent = paid + timedelta(hours=float(dice.gamma(3.0, 8.0)))
        after.append({"event_id": f"{event['event_id']}-s", "kind": "ship", "at": sent.isoformat()} | line)
        if dice.random() < RETURNED:
            back = sent + timedelta(days=1 + float(dice.gamma(3.0, 1.5)))
            refund = {"event_id": f"{event['event_id']}-b", "kind": "refund", "at": back.isoformat()}
            after.append(refund | line | {"amount_fen": event["amount_fen"]})
    return sorted(after, key=lambda event: event["at"])


def _desk(sales: dict[int, list[Event]]) -> bytes:
    """The service desk's export of the last two sales: tickets, ratings and care contacts."""
    (before, last), first = (seed for _, _, seed in SALES[-2:]), {"G": 5, "H": 6}
    rows = [*_cases(sales[last], "G", first["G"]), *_cases(sales[before], "H", first["H"])]
    rows += [*_care(sales[last], "C", 0.11), *_care(sales[before], "D", 0.16)]
    head = "工单编号,类别,创建时间,完结时间,订单编号,商家编码,原因,满意度"
    return ("\ufeff" + "\n".join([head, *rows]) + "\n").encode()


def _care(events: list[Event], letter: str, share: float) -> list[str]:
    """Contacts after the parcel has come, to that share of its buyers."""
    dice, rows, local = np.random.default_rng(ord(letter)), [], zone(SHANGHAI)
    for number, event in enumerate(event for event in events if event["kind"] == "ship"):
        if dice.random() < share:
            at = datetime.fromisoformat(event["at"]).astimezone(local) + timedelta(days=3)
            moment = f"{at:%Y-%m-%d %H:%M:%S}"
            rows.append(
                f"{letter}{number:05d},关怀,{moment},{moment},{event['order_id']},{event['sku_code']},,"
            )
    return rows


def _cases(events: list[Event], letter: str, seed: int) -> list[str]:
    """Cases of one sale: a ticket to most returns, some questions, ratings, a few still open."""
    dice, rows, local = np.random.default_rng(seed), [], zone(SHANGHAI)
    for number, event in enumerate(event for event in events if event["kind"] in ("refund", "ship")):
        back = event["kind"] == "refund"
        if dice.random() > (0.7 if back else 0.12):
            continue
        opened = datetime.fromisoformat(event["at"]).astimezone(local) - timedelta(
            hours=float(dice.uniform(1, 30))
        )
        closed = opened + timedelta(hours=float(dice.gamma(2.0, 9.0)))
        kind = "售后" if back or dice.random() < 0.3 else "评价"
        reason = str(dice.choice(REASONS)) if kind == "售后" else ""
        rating = (
            "" if kind == "售后" else str(int(dice.choice([1, 2, 3, 4, 5], p=[0.05, 0.05, 0.1, 0.3, 0.5])))
        )
        still = kind == "售后" and dice.random() < 0.08
        done = "" if still else f"{closed:%Y-%m-%d %H:%M:%S}"
        cells = (f"{letter}{number:05d}", kind, f"{opened:%Y-%m-%d %H:%M:%S}", done, event["order_id"])
        rows.append(",".join((*cells, event["sku_code"], reason, rating)))
    return rows
