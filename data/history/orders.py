"""Two years of the demo's orders by people whom the last ten months do not know, as quarterly order exports.

They lie in no folder: a script with a fixed seed makes them when they are loaded, a quarter a workbook, and nothing
else of the demo rests on them.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from data.demo_campaign import ORDER_HEAD, said_titles
from data.demo_shop import SEED, shop

PEOPLE = 58_000  # beside the two thousand of the orders that every demo has
DAYS, QUARTERS = 730, 8
FIRST_NUMBER = 10_000  # of the people, so that no one is meant twice
GROWTH = 1.7  # new buyers a day at the end, by those at the beginning
SALE_AGES, SALE_PULL = (
    (345, 710, 125, 490),
    0.16,
)  # days from today to the big sales; orders that wait for one
RATE_SHAPE, GAP_DAYS = 3.0, 110.0  # how often those who stay buy: gamma over people, the mean gap
STAY = (0.6, 4.4)  # beta of leaving after an order: four fifths of the gaps end within the history
MOST_ORDERS = 40
SIZES, STATES = (0.7, 0.23, 0.07), {"交易成功": 0.905, "交易关闭": 0.06, "退款成功": 0.035}


def quarters(anchor: date, people: int = PEOPLE) -> dict[str, bytes]:
    """Order exports by file name, the oldest first; each order stands in one alone."""
    lines = _lines(anchor, people)
    age = (pd.Timestamp(anchor) - lines["paid"]).dt.days.to_numpy()
    quarter = QUARTERS - 1 - np.minimum(age * QUARTERS // DAYS, QUARTERS - 1)
    sheet = _sheet(lines)
    names = [f"orders_history_{n + 1}_of_{QUARTERS}.csv" for n in range(QUARTERS)]
    return {name: sheet[quarter == n].to_csv(index=False).encode("utf-8-sig") for n, name in enumerate(names)}


def _orders(anchor: date, people: int, random: np.random.Generator) -> pd.DataFrame:
    """Orders in order of payment: buyer (number), paid. Buyers come more and more, buy at their own rate and leave
    after an order with a chance of their own."""
    begun = DAYS * (1 - (np.sqrt(1 + random.random(people) * (GROWTH**2 - 1)) - 1) / (GROWTH - 1))
    rate, leaves = random.gamma(RATE_SHAPE, 1 / (RATE_SHAPE * GAP_DAYS), people), random.beta(*STAY, people)
    number = np.minimum(random.geometric(np.clip(leaves, 0.02, 1.0)), MOST_ORDERS)
    buyer = np.repeat(np.arange(people), number)
    first = np.r_[True, buyer[1:] != buyer[:-1]]
    gaps = np.where(first, 0.0, random.exponential(1 / np.maximum(rate[buyer], 1e-3)))
    since = np.cumsum(gaps)
    age = begun[buyer] - (since - np.repeat(since[first], number))
    pulled = random.random(len(age)) < SALE_PULL
    for sale in SALE_AGES:
        age = np.where(pulled & (age > sale) & (age < sale + 30), sale + random.random(len(age)), age)
    kept = (age > 0.2) & (age < DAYS)
    paid = pd.Timestamp(anchor) - pd.to_timedelta((age[kept] * 86_400).astype("int64"), unit="s")
    return pd.DataFrame({"buyer": buyer[kept], "paid": paid}).sort_values("paid", ignore_index=True)


def _lines(anchor: date, people: int) -> pd.DataFrame:
    """One row an order line: order, buyer, paid, item (row of the shop's goods), quantity, state."""
    s, random = shop(), np.random.default_rng(SEED + 90)
    orders = _orders(anchor, people, random)
    weight = s["units_per_day"].to_numpy() / s["units_per_day"].sum()
    size = random.choice([1, 2, 3], len(orders), p=SIZES)
    lines = orders.loc[orders.index.repeat(size)].rename_axis("order").reset_index()
    lines["item"] = random.choice(len(s), len(lines), p=weight)
    lines = lines.drop_duplicates(["order", "item"], ignore_index=True)
    state = random.choice(list(STATES), len(orders), p=list(STATES.values()))
    return lines.assign(
        quantity=1 + (random.random(len(lines)) < 0.12), state=state[lines["order"].to_numpy()]
    )


def _sheet(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines in the columns of the shop's export."""
    s = shop()
    item, moment = lines["item"].to_numpy(), lines["paid"].dt.strftime("%Y-%m-%d %H:%M:%S")
    amount = (s["list_price"] * 0.88 // 100).astype(int).to_numpy()[item] * lines["quantity"]
    columns = (
        "27" + lines["order"].astype(str).str.zfill(10),
        s["sku_code"].to_numpy()[item],
        said_titles()[item],
        "拾光用户" + (FIRST_NUMBER + lines["buyer"]).astype(str),
        lines["state"],
        moment,
        moment,
        lines["quantity"],
        amount,
        amount.where(lines["state"] == "退款成功", "").astype(str),
        "",
    )
    return pd.DataFrame(dict(zip(ORDER_HEAD, columns, strict=True)))
