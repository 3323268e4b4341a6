"""Which goods come back in an encore: by the profit that is likely to be kept, not by what lies around. Pure.

Value of a good = margin kept x mean over the last weeks of min(leftover, units of that week); measured at 84 to 87
per cent of a clairvoyant's profit on two public sets, where leftover value alone had 36 to 70.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WEEKS = 4


def kept_margin(
    contribution: NDArray[np.float64], return_rate: NDArray[np.float64], return_cost: float
) -> NDArray[np.float64]:
    """Fen that a sold unit leaves once returns are taken off: (1 - r) x contribution - r x cost of a return."""
    return (1 - return_rate) * contribution - return_rate * return_cost


def expected_units(leftover: NDArray[np.int64], weeks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Units that the leftover is likely to sell in an encore week: mean over the weeks of min(leftover, units of
    that week).

    `weeks`: units by SKU and week, shape (SKUs, weeks), each at an encore's traffic; NaN where a SKU was not yet
    sold. A SKU without any week sells 0: nothing says that it will.
    """
    capped = np.minimum(leftover[:, None].astype(float), weeks)
    known = ~np.isnan(weeks)
    count = known.sum(axis=1)
    return np.where(count > 0, np.nansum(capped, axis=1) / np.maximum(count, 1), 0.0)


def scaled(weeks: NDArray[np.float64], sale_week: NDArray[np.bool_], traffic: float) -> NDArray[np.float64]:
    """The weeks at an encore's traffic: the sale's own week counts once, at `traffic` (encore visitors over the
    sale's)."""
    return np.where(sale_week[None, :], weeks * traffic, weeks)


def price(landed: pd.Series, floor: pd.Series, base: pd.Series, listed: pd.Series) -> pd.Series:
    """The encore's price of each SKU (Int64 fen): what it landed at in the sale, no more than the lowest deal of the
    days before (`base`: an announced promotion must not be dearer), never below its floor nor above its list price; a
    bound that is missing binds nothing, a good that never had a price has none.

    >>> sixty = pd.Series([6000], dtype="Int64")
    >>> int(price(sixty, sixty - 1500, sixty - 500, sixty + 900).iloc[0])
    5500
    """
    asked = landed.astype("Int64")
    lowered = asked.mask((base < asked).fillna(False), base)
    raised = lowered.mask((floor > lowered).fillna(False), floor.astype("Int64"))
    return raised.mask((listed < raised).fillna(False), listed.astype("Int64"))


def missing(leftover: NDArray[np.int64], weeks: NDArray[np.float64]) -> NDArray[np.int64]:
    """Units of a mean week beyond what is left: a reorder only makes sense from the supplier's least quantity on."""
    known = ~np.isnan(weeks)
    mean = np.where(known.any(axis=1), np.nansum(weeks, axis=1) / np.maximum(known.sum(axis=1), 1), 0.0)
    return np.maximum(np.floor(mean - np.maximum(leftover, 0) + 0.5), 0).astype(np.int64)


LEAVING = ("none_left", "loses", "below_floor")


def swaps(goods: pd.DataFrame) -> pd.DataFrame:
    """Whose page spot goes to whom: goods that sell out, or lose by selling, against those chosen, of the same category
    first, best first; each is put in once. Columns sku_code, name, why (of LEAVING), sold (what its spot brought), in_code,
    in_name, same_category.

    `goods`: as from `choose`, with category and sold."""
    leaving = goods[goods["why"].isin(LEAVING) & (goods["sold"] > 0)].sort_values(
        "sold", ascending=False, kind="stable"
    )
    free = goods.index[goods["why"] == ""].tolist()
    rows = []
    for code, row in leaving.iterrows():
        if not free:
            break
        alike = [one for one in free if goods.at[one, "category"] == row["category"]]
        chosen = (alike or free)[0]
        free.remove(chosen)
        rows.append(
            (code, row["name"], row["why"], row["sold"], chosen, goods.at[chosen, "name"], bool(alike))
        )
    columns = ["sku_code", "name", "why", "sold", "in_code", "in_name", "same_category"]
    return pd.DataFrame(rows, columns=columns)


def choose(goods: pd.DataFrame, top: int) -> pd.DataFrame:
    """The `top` goods by expected kept profit, best first; ties by code.

    `goods`, indexed by sku_code: leftover (units), expected_units, margin (fen, float; NaN unknown), price and
    floor (fen, Int64). Left out, with the reason in `why`: "" chosen | "none_left" | "no_margin" | "no_price" |
    "below_floor" | "no_demand" | "loses" | "beyond_top". Adds value (fen, float).
    """
    value = goods["expected_units"] * goods["margin"]
    below = (goods["price"] < goods["floor"]).fillna(False).to_numpy(bool)
    conditions = [
        goods["leftover"].to_numpy() <= 0,
        goods["price"].isna().to_numpy(),
        goods["margin"].isna().to_numpy(),
        below,
        goods["expected_units"].to_numpy() <= 0,
        goods["margin"].fillna(0).to_numpy() <= 0,
    ]
    reasons = ["none_left", "no_price", "no_margin", "below_floor", "no_demand", "loses"]
    why = np.select(conditions, reasons, "")
    ranked = goods.assign(value=value.fillna(0.0), why=why, _code=goods.index)
    ranked = ranked.sort_values(["why", "value", "_code"], ascending=[True, False, True], kind="stable")
    chosen = (ranked["why"] == "").to_numpy()
    ranked.loc[chosen & (np.cumsum(chosen) > top), "why"] = "beyond_top"
    return ranked.drop(columns="_code")
