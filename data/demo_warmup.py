"""Demo of the warm-up: a report by day, channel and SKU; targets, flash-sale sessions, pre-sale terms and banners as a campaign
lead would set them.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from data.demo_shop import SEED, shop
from data.workbook import sheet_bytes

DAYS = 11  # reports since the notice began
SKUS = 48
CHANNELS = {"搜索": 0.38, "推荐": 0.34, "直播": 0.28}
TARGETS = {"favourites": 1_400_000, "add_to_cart": 3_000_000, "coupon_claims": 1_300_000, "reservations": 1_050_000, "deposits": 190_000}
BANNERS = (  # position, title, days from the demo's today to start and end
    ("首页首焦 1", "预热：加购抽免单", -1, 9),
    ("首页首焦 1", "预售：定金膨胀", 8, 19),
    ("首页首焦 1", "爆发：全场 5 折起", 20, 22),
    ("首页首焦 2", "领券中心", -1, 20),
    ("会场头图", "双十一主会场", 5, 22),
)


def files(anchor: date) -> dict[str, bytes]:
    """warmup.xlsx (figures of goods by channel, and of the whole shop), warmup.json (what the campaign lead sets)."""
    return {
        "warmup.xlsx": sheet_bytes(_report(anchor), sheet="预热日报", above=[["预热数据日报（按渠道）"], []]),
        "warmup.json": json.dumps(_plan(anchor), ensure_ascii=False, indent=1).encode(),
    }


def _leading() -> pd.DataFrame:
    """The goods that the warm-up is about: the most wanted of the pre-hot and main-push tiers."""
    s = shop()
    return s[s["tier"].isin(["pre_hot", "main_push"])].nlargest(SKUS, "units_per_day").reset_index(drop=True)


def _report(anchor: date) -> pd.DataFrame:
    """One row a day, SKU and channel; the shop's own row of a day has no code. Heat rises when the warm-up begins."""
    goods = _leading()
    random = np.random.default_rng(SEED + 40)
    parts = []
    for back in range(DAYS, 0, -1):
        rise = 1.0 if back > 9 else 1.4 + 0.12 * (9 - back)
        for channel, share in CHANNELS.items():
            mean = goods["units_per_day"].to_numpy() * share * rise * random.gamma(12, 1 / 12, len(goods))
            booked = random.poisson(mean * 1.6)
            parts.append(
                pd.DataFrame(
                    {
                        "日期": (anchor - timedelta(days=back)).isoformat(), "商家编码": goods["sku_code"], "渠道": channel,
                        "领券人数": random.poisson(mean * 2.2), "商品预约人数": booked, "预约回流人数": random.binomial(booked, 0.31),
                        "付定金件数": random.poisson(mean * 0.35) if back == 1 else 0,
                    }
                )
            )  # fmt: skip
        sent = int(random.poisson(420 * rise))
        shop_wide = {
            "会场预约人数": int(random.poisson(900 * rise)), "发出邀请数": sent, "邀请成功数": int(sent * 0.27),
            "金币游戏任务": int(random.poisson(1500 * rise)), "金币浏览任务": int(random.poisson(2600 * rise)),
            "金币分享任务": int(random.poisson(380 * rise)), "金币购买任务": int(random.poisson(140 * rise)),
        }  # fmt: skip
        parts.append(pd.DataFrame([{"日期": (anchor - timedelta(days=back)).isoformat(), **shop_wide}]))
    return pd.concat(parts, ignore_index=True)


def _plan(anchor: date) -> dict[str, object]:
    """Targets, three sessions (one in waves; the loader gives them the goods with most units free), pre-sale terms of four
    SKUs, banners. Local times.
    """
    goods = _leading()
    start = datetime(anchor.year, anchor.month, anchor.day)  # noqa: DTZ001 - local by design

    def at(days: float) -> str:
        return (start + timedelta(days=days)).isoformat()

    opening = 20 + 20 / 24
    terms = [
        {"sku_code": code, "price": price, "deposit": price // 1000 * 100, "counted": price // 1000 * 150,
         "balance_from": at(opening), "balance_to": at(22), "ships_on": (anchor + timedelta(days=26)).isoformat()}
        for code, price in zip(goods["sku_code"].iloc[8:12], goods["sale_price"].iloc[8:12].astype("int64").tolist(), strict=True)
    ]  # fmt: skip
    sessions = [
        {"name": "预热抢先购", "starts_at": at(2 + 20 / 24), "minutes": 120, "every": 0, "quotas": [20]},
        {
            "name": "整点放量",
            "starts_at": at(opening),
            "minutes": 30,
            "every": 120,
            "quotas": [30, 20, 10],
        },
        {"name": "开场秒杀", "starts_at": at(opening), "minutes": 60, "every": 0, "quotas": [15]},
    ]
    banners = [
        {"position": position, "title": title, "starts_at": at(first), "ends_at": at(last)}
        for position, title, first, last in BANNERS
    ]
    return {"targets": TARGETS, "sessions": sessions, "terms": terms, "banners": banners}
