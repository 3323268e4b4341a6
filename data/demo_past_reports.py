"""The demo's daily reports of two past sales: ordinary days, warm-up and sale days by SKU, so that level, answer and
spread of the coming sale's forecast are the shop's own."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.demo_live import SALES
from data.demo_shop import SEED, shop

LIFTS = {
    "年中狂欢": (2.1, 4.2),
    "开学季": (1.6, 2.3),
}  # by sale: its opening evening and its day, against an ordinary day
ORDINARY, WARM = 21, 14  # days reported before a sale's warm-up, and of the warm-up
OWN_SHAPE = 8.0  # of the gamma with which each SKU answers a sale more or less than its shop


def files(anchor: date) -> dict[str, bytes]:
    """past_traffic.csv: a row a SKU and day, as the platform exports it."""
    parts = [
        _around(anchor - timedelta(days=ago), LIFTS[name], seed) for name, ago, seed in SALES if name in LIFTS
    ]
    return {"past_traffic.csv": pd.concat(parts).to_csv(index=False).encode("utf-8-sig")}


def _around(opens: date, lifts: tuple[float, ...], seed: int) -> pd.DataFrame:
    """The days before a sale and its own, by SKU: buyers wait and fill their carts in the warm-up."""
    goods = shop()[lambda frame: ~frame["is_new"]]
    random = np.random.default_rng(SEED + seed)
    first = -ORDINARY - WARM
    days = [opens + timedelta(days=n) for n in range(first, len(lifts))]
    lift = np.array([*[1.0] * ORDINARY, *np.linspace(1.0, 0.8, WARM), *lifts])
    heat = np.array([*[1.0] * ORDINARY, *np.linspace(1.2, 2.6, WARM), *[1.5] * len(lifts)])
    on_sale = np.array([n >= 0 for n in range(first, len(lifts))])
    week = np.array([1.18 if day.weekday() >= 5 else 0.94 for day in days])
    own = np.where(on_sale[:, None], random.gamma(OWN_SHAPE, 1 / OWN_SHAPE, len(goods)), 1.0)
    usual = goods["units_per_day"].to_numpy()
    noise = random.gamma(20, 1 / 20, (len(days), len(goods)))
    units = random.poisson(usual * (lift * week)[:, None] * own * noise)
    rate = np.clip(random.normal(0.045, 0.012, len(goods)), 0.012, 0.1)
    visitors = random.poisson(usual / rate * (heat * week)[:, None]) + units
    price = np.where(on_sale[:, None], goods["sale_price"], (goods["list_price"] * 0.88).round(-2)).astype(
        int
    )
    return pd.DataFrame(
        {
            "统计日期": np.repeat([day.isoformat() for day in days], len(goods)),
            "商家编码": np.tile(goods["sku_code"], len(days)),
            "商品访客数": visitors.ravel(),
            "商品浏览量": (visitors * 2.3).astype(int).ravel(),
            "商品加购件数": random.poisson(visitors * 0.09 * heat[:, None]).ravel(),
            "商品收藏人数": random.poisson(visitors * 0.04 * heat[:, None]).ravel(),
            "支付买家数": np.minimum(np.ceil(units * 0.93), visitors).astype(int).ravel(),
            "支付件数": units.ravel(),
            "支付金额": (units * price / 100).ravel(),
            "成功退款金额": (random.binomial(units, 0.04) * price / 100).ravel(),
        }
    )
