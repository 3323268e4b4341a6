"""A public year of a web shop, order lines with their cancellations: UCI "Online Retail" (Chen 2015, CC BY 4.0), 541,909 lines from
December 2010 to December 2011. Cancellations are dated and name the customer and the good, not the order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FILE = Path("data") / "online_retail" / "online_retail.parquet"
ELSEWHERE = "BIGSALE_TEST_ONLINE_RETAIL"  # names the file where it does not lie among the real files


@dataclass(frozen=True)
class Lines:
    """`bought`: goods, customer, day (from 0), units, price; `returned`: day of the purchase, lag in days, one row a line that came
    back; `unmatched`: cancellations without a purchase before them."""

    bought: pd.DataFrame
    returned: pd.DataFrame
    unmatched: int

    @property
    def days(self) -> int:
        """Days from the first purchase to the last."""
        return int(self.bought["day"].max()) + 1


def load(shared: Path) -> Lines:
    """The lines of known customers; each cancellation belongs to its customer's last purchase of the good before it."""
    path = Path(os.environ.get(ELSEWHERE, shared / FILE))
    if not path.exists():
        pytest.skip(f"{FILE} is not among the real files, and {ELSEWHERE} names none")
    rows = pd.read_parquet(path).dropna(subset=["CustomerID", "Description"])
    begin = rows["InvoiceDate"].min().normalize()
    rows = rows.assign(
        day=(rows["InvoiceDate"].dt.normalize() - begin).dt.days,
        goods=rows["Description"].str.strip(),
        customer=rows["CustomerID"].astype("int64"),
    ).sort_values("InvoiceDate", kind="stable")
    bought = rows[(rows["Quantity"] > 0) & (rows["UnitPrice"] > 0)]
    back = rows.loc[rows["Quantity"] < 0, ["customer", "goods", "InvoiceDate", "day"]]
    earlier = bought[["customer", "goods", "InvoiceDate", "day"]].rename(columns={"day": "of"})
    pairs = pd.merge_asof(back, earlier, on="InvoiceDate", by=["customer", "goods"])
    known = pairs.dropna(subset=["of"]).astype({"of": "int64"})
    returned = pd.DataFrame({"day": known["of"], "lag": known["day"] - known["of"]})
    return Lines(
        bought.rename(columns={"Quantity": "units", "UnitPrice": "price"})[
            ["goods", "customer", "day", "units", "price"]
        ],
        returned,
        len(pairs) - len(known),
    )


def weekly(lines: Lines) -> tuple[np.ndarray, np.ndarray]:
    """Units by good and whole week, shape (goods, weeks), single lines of more than a hundred units (a wholesaler's) left out; and
    each good's mean price."""
    rows = lines.bought[lines.bought["units"] <= 100]
    code, goods = pd.factorize(rows["goods"])
    weeks = lines.days // 7
    week = rows["day"].to_numpy() // 7
    inside = week < weeks
    place = code[inside] * weeks + week[inside]
    units = np.bincount(place, rows["units"].to_numpy()[inside], minlength=len(goods) * weeks)
    price = rows.groupby(code)["price"].median().to_numpy()
    return units.reshape(len(goods), weeks), price
