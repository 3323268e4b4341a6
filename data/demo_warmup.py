"""Demo of the warm-up: a report by day, channel and SKU; what the members of the shop's own app did, user by
user; targets, flash-sale sessions, pre-sale terms, coupons and banners as a campaign lead would set them.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import date, datetime, timedelta

import numpy as np
import orjson
import pandas as pd

from core.clock import SHANGHAI, zone
from data.demo_shop import SEED, shop
from data.workbook import sheet_bytes

DAYS = 11  # reports since the notice began
SKUS = 48
CHANNELS = {"搜索": 0.38, "推荐": 0.34, "直播": 0.28}
TARGETS = {
    "favourites": 1_200_000,
    "add_to_cart": 2_600_000,
    "coupon_claims": 1_120_000,
    "reservations": 900_000,
    "deposits": 4_000,
}
GROUPS = {"战备群 · 华东": 190, "战备群 · 华南": 160, "战备群 · 老客": 210}  # people of each
MEMBERS = 2_400  # people whom the shop's app knows by a key
DEEPER = {
    "favourite": 0.46,
    "add_to_cart": 0.72,
    "coupon_claim": 0.58,
    "reserve": 0.55,
}  # of those one step before
COUPONS = (  # name, days from the demo's today to the claim and to the expiry
    ("店铺券满 399 减 30", -9, 22),
    ("预热早鸟券满 199 减 12", -1, 9),
)
BANNERS = (  # position, title, days from the demo's today to start and end
    ("首页首焦 1", "预热：加购抽免单", -1, 9),
    ("首页首焦 1", "预售：定金膨胀", 8, 19),
    ("首页首焦 1", "爆发：全场 5 折起", 20, 22),
    ("首页首焦 2", "领券中心", -1, 20),
    ("会场头图", "双十一主会场", 5, 22),
)


def files(anchor: date) -> dict[str, bytes]:
    """warmup.xlsx (figures of goods by channel, and of the whole shop), members.ndjson.gz (events of known
    users), warmup.json (what the campaign lead sets).
    """
    return {
        "members.ndjson.gz": gzip.compress(
            b"\n".join(orjson.dumps(event) for event in _members(anchor)), mtime=0
        ),
        "warmup.xlsx": sheet_bytes(_report(anchor), sheet="预热日报", above=[["预热数据日报（按渠道）"], []]),
        "warmup.json": json.dumps(_plan(anchor), ensure_ascii=False, indent=1).encode(),
    }


def leading() -> pd.DataFrame:
    """The goods that the warm-up is about: the most wanted of the pre-hot and main-push tiers."""
    s = shop()
    return s[s["tier"].isin(["pre_hot", "main_push"])].nlargest(SKUS, "units_per_day").reset_index(drop=True)


def _report(anchor: date) -> pd.DataFrame:
    """One row a day, SKU and channel; the shop's own row of a day has no code. Heat rises when the warm-up
    begins."""
    goods = leading()
    random = np.random.default_rng(SEED + 40)
    parts, paid = [], _deposits(anchor)
    for back in range(DAYS, 0, -1):
        rise = 1.0 if back > 9 else 1.4 + 0.12 * (9 - back)
        for channel, share in CHANNELS.items():
            mean = goods["units_per_day"].to_numpy() * share * rise * random.gamma(12, 1 / 12, len(goods))
            booked = random.poisson(mean * 1.6)
            parts.append(
                pd.DataFrame(
                    {
                        "日期": (anchor - timedelta(days=back)).isoformat(),
                        "商家编码": goods["sku_code"],
                        "渠道": channel,
                        "领券人数": random.poisson(mean * 2.2),
                        "商品预约人数": booked,
                        "预约回流人数": random.binomial(booked, 0.31),
                        "付定金件数": [paid[channel, code] if back == 1 else 0 for code in goods["sku_code"]],
                    }
                )
            )
        sent = int(random.poisson(420 * rise))
        shop_wide = {
            "会场预约人数": int(random.poisson(900 * rise)),
            "发出邀请数": sent,
            "邀请成功数": int(sent * 0.27),
            "金币游戏任务": int(random.poisson(1500 * rise)),
            "金币浏览任务": int(random.poisson(2600 * rise)),
            "金币分享任务": int(random.poisson(380 * rise)),
            "金币购买任务": int(random.poisson(140 * rise)),
        }
        parts.append(pd.DataFrame([{"日期": (anchor - timedelta(days=back)).isoformat(), **shop_wide}]))
    return pd.concat([*parts, _wishes(anchor)], ignore_index=True)


def _wishes(anchor: date) -> pd.DataFrame:
    """What the shop's groups voted for, each on an evening of its own: the leading goods, and a few that the shop does not
    push yet."""
    s, random = shop(), np.random.default_rng(SEED + 42)
    quiet = s[s["tier"] == "regular"].nlargest(60, "popularity").iloc[20:60:8]
    goods = pd.concat([leading().head(12), quiet])
    rows = []
    for back, (group, people) in enumerate(GROUPS.items(), 3):
        mean = np.where(goods["tier"] == "regular", 0.42, 0.16) * people
        rows.append(
            pd.DataFrame(
                {
                    "日期": (anchor - timedelta(days=back)).isoformat(),
                    "商家编码": goods["sku_code"],
                    "渠道": group,
                    "战备群投票": random.poisson(mean),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _deposits(anchor: date) -> Counter[tuple[str, str]]:
    """Deposits by channel and SKU: those of the members' events, which are the orders of the pre-sale."""
    channels = dict(zip(CHANNELS_OF, (*CHANNELS, "推荐"), strict=True))
    return Counter(
        (channels[str(event["channel"])], str(event["sku_code"]))
        for event in _members(anchor)
        if event["kind"] == "deposit"
    )


def _members(anchor: date) -> list[dict[str, object]]:
    """What each member did since the notice: looked at some goods, went one step deeper or stopped, came back
    or not; and since the deposits opened on the eve, some paid one for goods in the pre-sale.
    """
    goods, random = leading(), np.random.default_rng(SEED + 41)
    chances = goods["units_per_day"].to_numpy() / goods["units_per_day"].sum()
    midnight = datetime(anchor.year, anchor.month, anchor.day, tzinfo=zone(SHANGHAI))
    events: list[dict[str, object]] = []

    def say(kind: str, who: int, place: int, at: datetime, **more: object) -> None:
        """Notes one event of one member with one of the leading goods."""
        events.append(
            {
                "event_id": f"m{len(events):06d}",
                "kind": kind,
                "at": at.isoformat(timespec="seconds"),
                "user_key": _named(who),
                "sku_code": goods["sku_code"].iloc[place],
                "channel": CHANNELS_OF[who % len(CHANNELS_OF)],
                **more,
            }
        )

    for who in range(MEMBERS):
        at = midnight - timedelta(hours=float(random.beta(1.1, 1.6) * DAYS * 24) + 5)
        for place in random.choice(len(goods), size=int(random.integers(1, 4)), replace=False, p=chances):
            say("view", who, int(place), at)
            for step, chance in DEEPER.items():
                if random.random() > chance:
                    break
                at += timedelta(minutes=float(random.exponential(6)))
                say(step, who, int(place), min(at, midnight - timedelta(minutes=1)))
        if random.random() < 0.34:
            item = int(random.integers(len(goods)))
            say("view", who, item, midnight - timedelta(hours=float(random.uniform(0.1, 24))))
        if random.random() < 0.09:
            place, order = int(8 + random.integers(4)), {"order_id": f"deposit-{who:05d}", "quantity": 1}
            price = int(goods["sale_price"].iloc[place])
            at = midnight - timedelta(hours=float(random.uniform(0.1, 3.9)))
            say("deposit", who, place, at, **order, amount_fen=price // 1000 * 100)
    return events


def _named(who: int) -> str:
    """Every second member is somebody whom the orders know by the same name."""
    return f"拾光用户{who:05d}" if who % 2 else f"member-{who:05d}"


CHANNELS_OF = ("search", "recommendation", "live_room", "paid")


def _plan(anchor: date) -> dict[str, object]:
    """Targets, three sessions (one in waves; the loader gives them the goods with most units free), pre-sale
    terms of four SKUs, banners. Local times.
    """
    goods = leading()
    start = datetime(anchor.year, anchor.month, anchor.day)  # noqa: DTZ001 - local by design

    def at(days: float) -> str:
        return (start + timedelta(days=days)).isoformat()

    opening = 20 + 20 / 24
    terms = [
        {
            "sku_code": code,
            "price": price,
            "deposit": price // 1000 * 100,
            "counted": price // 1000 * 150,
            "balance_from": at(opening),
            "balance_to": at(22),
            "ships_on": (anchor + timedelta(days=26)).isoformat(),
        }
        for code, price in zip(
            goods["sku_code"].iloc[8:12], goods["sale_price"].iloc[8:12].astype("int64").tolist(), strict=True
        )
    ]
    keys = ("name", "starts_at", "minutes", "every", "quotas", "needs_reservation")
    sessions = [
        dict(zip(keys, values, strict=True))
        for values in (
            ("预热抢先购", at(2 + 20 / 24), 120, 0, [20], True),
            ("整点放量", at(opening), 30, 120, [30, 20, 10], False),
            ("开场秒杀", at(opening), 60, 0, [15], True),
        )
    ]
    banners = [
        {"position": position, "title": title, "starts_at": at(first), "ends_at": at(last)}
        for position, title, first, last in BANNERS
    ]
    coupons = [{"name": name, "starts_at": at(first), "ends_at": at(last)} for name, first, last in COUPONS]
    return {"targets": TARGETS, "sessions": sessions, "terms": terms, "banners": banners, "coupons": coupons}
