"""Demo workbooks of the campaign: its goods structure, two months of daily reports, a year of shop days,
order exports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from data.demo_shop import SEED, shop
from data.english.speaking import said
from data.workbook import sheet_bytes

NAME = "双十一狂欢"
TARGET = {
    "gmv": 2_600_000_000,
    "visitors": 1_600_000,
    "aov": 21_500,
}  # fen: 1,600,000 visitors x 7.6% x 215 yuan = 26 million yuan, a stretch of a tenth above the forecast
ACQUISITION = {  # old visitors and the part that comes back; fen per new visitor by channel
    "base": 1_500_000,
    "retention": 0.46,
    "costs": {"search": 120, "recommendation": 80, "live_room": 210, "paid": 340},
}
REPORT_DAYS, SHOP_DAYS, ORDER_DAYS = 60, 420, 300
TIER_WORDS = {"pre_hot": "预爆款", "main_push": "主推款", "regular": "常规款", "clearance": "清仓款"}
PHASES = (  # kind, days and hours from the demo's today (00:00) to start and end; the sale opens at 20:00 three weeks on
    ("preparation", (-45, 0), (-24, 0)),
    ("notice", (-24, 0), (-9, 20)),
    ("warm_up", (-9, 20), (20, 20)),
    ("presale_deposit", (-1, 20), (20, 18)),
    ("presale_balance", (20, 20), (22, 0)),
    ("live", (20, 20), (22, 0)),
    ("encore", (22, 0), (25, 0)),
    ("review", (25, 0), (35, 0)),
)


def campaign(anchor: date) -> dict[str, object]:
    """The campaign: name, target, and its phases around the demo's today in local time."""
    start = datetime(anchor.year, anchor.month, anchor.day)  # noqa: DTZ001 - local by design
    spans = [
        (kind, *((start + timedelta(days=days, hours=hours)).isoformat() for days, hours in span))
        for kind, *span in PHASES
    ]
    described = {
        "name": NAME,
        "target": TARGET,
        "acquisition": ACQUISITION,
        "acquisition_why": "填入老客基数和拉新单价",
        "first_why": "首版目标",
    }
    return described | {"phases": [[f"p{n:02d}", *span] for n, span in enumerate(spans, 1)]}


def files(anchor: date) -> dict[str, bytes]:
    """campaign.json, structure.xlsx, traffic.xlsx (by SKU), shop_days.xlsx (the whole shop), orders.csv
    (GB18030, as exported)."""
    return {
        "campaign.json": json.dumps(campaign(anchor), ensure_ascii=False, indent=1).encode(),
        "structure.xlsx": sheet_bytes(_structure(), sheet="商品结构"),
        "traffic.xlsx": sheet_bytes(
            _traffic(anchor), sheet="商品明细-按天", above=[["商品效果明细  按天"], []]
        ),
        "shop_days.xlsx": sheet_bytes(_shop_days(anchor), sheet="店铺流量-按天"),
        "orders.csv": _orders(anchor).to_csv(index=False).encode("gb18030"),
    }


def _structure() -> pd.DataFrame:
    """The line-up as the merchandiser first drew it: not quite what the figures will suggest."""
    s = shop()
    random = np.random.default_rng(SEED + 20)
    tier = s["tier"].where(random.random(len(s)) > 0.08, "regular")
    return pd.DataFrame(
        {
            "商品编码": s["sku_code"],
            "货品层级": tier.map(TIER_WORDS),
            "功能": s["function"],
            "活动价": s["sale_price"] / 100,
        }
    )


def _demand(anchor: date) -> tuple[list[date], np.ndarray]:
    """Units (REPORT_DAYS, SKUs): weekends, noise, a warm-up in which buyers wait and the new goods rise."""
    s = shop()
    random = np.random.default_rng(SEED + 21)
    days = [anchor - timedelta(days=n) for n in range(REPORT_DAYS, 0, -1)]
    week = np.array([1.18 if day.weekday() >= 5 else 0.94 for day in days])[:, None]
    mean = s["units_per_day"].to_numpy() * week * random.gamma(20, 1 / 20, (REPORT_DAYS, len(s)))
    return days, random.poisson(mean)


def _traffic(anchor: date) -> pd.DataFrame:
    s = shop()
    random = np.random.default_rng(SEED + 22)
    days, units = _demand(anchor)
    rate = np.clip(random.normal(0.045, 0.012, len(s)), 0.012, 0.1)
    visitors = (
        random.poisson(s["units_per_day"].to_numpy() / rate * random.gamma(30, 1 / 30, units.shape)) + units
    )
    rising = (s["tier"] == "pre_hot").to_numpy() | (random.random(len(s)) < 0.06)
    late = np.linspace(-6.5, 2.5, REPORT_DAYS)[:, None]  # the last ten days
    heat = np.where(rising, 1 + 0.7 * np.clip(late, 0, None), 1.0)
    carts = random.poisson(visitors * 0.09 * heat)
    favourites = random.poisson(visitors * 0.04 * heat)
    price = (s["list_price"] * 0.88).round(-2).to_numpy()
    buyers = np.minimum(np.ceil(units * 0.93), visitors).astype(int)
    frame = pd.DataFrame(
        {
            "统计日期": np.repeat([day.isoformat() for day in days], len(s)),
            "商家编码": np.tile(s["sku_code"], len(days)),
            "商品名称": np.tile(s["name"], len(days)),
            "商品访客数": visitors.ravel(),
            "商品浏览量": (visitors * 2.3).astype(int).ravel(),
            "商品加购件数": carts.ravel(),
            "商品收藏人数": favourites.ravel(),
            "支付买家数": buyers.ravel(),
            "支付件数": units.ravel(),
            "支付金额": (units * price).ravel() / 100,
            "成功退款金额": (random.binomial(units, 0.04) * price).ravel() / 100,
        }
    )
    known = np.where(
        s["is_new"], 6 + np.arange(len(s)) % 15, REPORT_DAYS
    )  # days since a SKU first stood in the shop
    age = np.array([(anchor - day).days for day in days])
    return frame[(frame["商品访客数"] > 0) & (np.repeat(age, len(s)) <= np.tile(known, len(days)))]


def _shop_days(anchor: date) -> pd.DataFrame:
    """The shop by day, with last year's Double-11 and this year's 618 in it."""
    s = shop()
    random = np.random.default_rng(SEED + 23)
    days = [anchor - timedelta(days=n) for n in range(SHOP_DAYS, REPORT_DAYS, -1)]
    sale = {
        365 - 20: 3.1,
        365 - 21: 5.4,
        365 - 22: 1.9,
        365 - 11: 2.2,
        365 - 12: 1.8,
        365 - 13: 1.5,
        142: 2.1,
        125: 3.4,
        124: 2.2,
    }
    lift = np.array(
        [sale.get((anchor - day).days, 1.0) * (1.12 if day.weekday() >= 5 else 0.96) for day in days]
    )
    growth = np.linspace(0.72, 0.97, len(days))
    visitors = (
        s["units_per_day"].sum() / 0.047 * lift**0.62 * growth * random.normal(1, 0.05, len(days))
    ).astype(int)
    buyers = (visitors * np.clip(0.043 * lift**0.38 * random.normal(1, 0.03, len(days)), 0, 0.12)).astype(int)
    amount = buyers * random.normal(226, 6, len(days)) * lift**0.02
    spend = (amount * random.normal(0.11, 0.012, len(days))).round(2)
    return pd.DataFrame(
        {
            "统计日期": [day.isoformat() for day in days],
            "店铺访客数": visitors,
            "浏览量": (visitors * 3.1).astype(int),
            "支付买家数": buyers,
            "支付件数": (buyers * 1.35).astype(int),
            "支付金额": amount.round(2),
            "花费": spend,
        }
    )


ORDER_HEAD = (
    "订单编号",
    "商家编码",
    "宝贝标题",
    "买家会员名",
    "订单状态",
    "订单创建时间",
    "订单付款时间",
    "宝贝总数量",
    "买家实际支付金额",
    "退款金额",
    "渠道",
)
PARTNER_SHARES = {
    "团长小满": 0.05,
    "团长阿岚": 0.03,
    "KOL成分实验室": 0.06,
    "供应商直播间": 0.02,
}  # of orders


def said_titles() -> np.ndarray:
    """The goods' titles in the language that is spoken, by their row in the shop."""
    return np.array([said(name) for name in shop()["name"]], dtype=object)


@dataclass(frozen=True, slots=True)
class OrderDraws:
    """Who bought when: `buyer` (number) and `paid` by order, and what the orders are filled with."""

    random: np.random.Generator
    weight: np.ndarray
    partner: np.ndarray
    buyer: np.ndarray
    paid: list[datetime]


def order_draws(anchor: date, count: int = 5_000) -> OrderDraws:
    """The buyers and moments of the demo's orders: some come back often, some have gone."""
    s = shop()
    random = np.random.default_rng(SEED + 24)
    weight = s["units_per_day"].to_numpy() / s["units_per_day"].sum()
    partner = random.choice(len(s), len(s), p=weight)
    faithful = random.gamma(0.7, 1, 2_000)
    buyer = random.choice(2_000, count, p=faithful / faithful.sum())
    age = np.clip(random.exponential(70, count) * (0.6 + 0.8 * (buyer % 3)), 0.3, ORDER_DAYS)
    paid = [datetime(anchor.year, anchor.month, anchor.day) - timedelta(days=float(days)) for days in age]  # noqa: DTZ001
    return OrderDraws(random, weight, partner, buyer, paid)


def _orders(anchor: date, count: int = 5_000) -> pd.DataFrame:
    """Orders of about two thousand buyers; some goods are bought together."""
    s, draws = shop(), order_draws(anchor, count)
    random, weight, partner, buyer, paid = (
        draws.random,
        draws.weight,
        draws.partner,
        draws.buyer,
        draws.paid,
    )
    first = random.choice(len(s), count, p=weight)
    sizes = random.choice([1, 2, 3], count, p=[0.62, 0.29, 0.09])
    state = random.choice(
        ["交易成功", "卖家已发货，等待买家确认", "交易关闭", "退款成功"], count, p=[0.86, 0.05, 0.06, 0.03]
    )
    rows = []
    for n in range(count):
        goods = [
            first[n],
            partner[first[n]] if random.random() < 0.55 else random.choice(len(s), p=weight),
            random.choice(len(s), p=weight),
        ]
        for item in dict.fromkeys(goods[: sizes[n]]):
            quantity = 1 + int(random.random() < 0.12)
            amount = int(s["list_price"].iloc[item] * 0.88 // 100) * quantity
            moment = paid[n].strftime("%Y-%m-%d %H:%M:%S")
            rows.append(
                (
                    f"28{n:010d}",
                    s["sku_code"].iloc[item],
                    said(s["name"].iloc[item]),
                    f"拾光用户{buyer[n]:05d}",
                    state[n],
                    moment,
                    moment,
                    quantity,
                    amount,
                    amount if state[n] == "退款成功" else "",
                )
            )
    by = np.random.default_rng(SEED + 25).choice(
        [*(said(name) for name in PARTNER_SHARES), ""],
        count,
        p=[*PARTNER_SHARES.values(), 1 - sum(PARTNER_SHARES.values())],
    )
    orders = pd.DataFrame(rows, columns=list(ORDER_HEAD[:-1]))
    number = orders[ORDER_HEAD[0]].str[2:].astype("int64")
    return orders.assign(**{ORDER_HEAD[-1]: by[number.to_numpy()]})
