"""What can be done about a problem, ranked by what it is worth: effects on margin and stock, before anybody does it. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

ACTS = ("restock", "release", "cap", "swap", "take_down", "raise_price", "cut_price", "add_goods")
NEEDS = {
    "restock": "live.act", "release": "warmup.edit", "cap": "warmup.edit", "take_down": "warmup.edit", "swap": "goods.structure",
    "raise_price": "price.edit", "cut_price": "price.edit", "add_goods": "goods.structure",
}  # fmt: skip
"""What else an actor must be allowed: what the room asks of everybody else."""
BACK = {
    "cap": "uncap", "take_down": "put_back", "swap": "swap_back", "raise_price": "price_back", "cut_price": "price_back",
    "add_goods": "withdraw",
}  # fmt: skip
"""The acts that can be taken back, and what doing so is called. Units released may be sold already: they cannot."""
OUTSIDE = dict.fromkeys((*ACTS, *BACK.values()), "back_office") | {"restock": "replenishment"}
"""Where the rest of an act is to be done by hand: in the platform's own back office, or by an order on the replenishment page."""
DONE = "done"  # the entry in the log that ticks such a rest off
CAP = 1  # units an order
PUSHED = ("pre_hot", "main_push")  # tiers that have a slot to give away
CAP_SAVES = 0.3  # part of the units that a cap of one per order keeps for other buyers
RAISE, CUT = 0.05, 0.10  # price steps
ELASTICITY = 2.0  # units lost or won per cent of price, what a shop without its own experiments may assume
SWAP_KEEPS = 0.5  # part of the visitors of a sold-out hero who take the goods shown instead
_COLUMNS = ["sku_code", "name", "problem", "act", "units", "margin_effect", "stock_effect", "partner", "price"]


def ranked(goods: pd.DataFrame, share: float, locked: pd.Series, most: int = 30) -> pd.DataFrame:
    """Actions for goods that run out, are sold out or hardly move, the most valuable first.

    `goods`: as `picture.goods_table`, with contribution (fen a unit) where the asker may see it, sale_price and worst_landed_price;
    `locked`: units set aside for sessions, by sku_code. Columns: sku_code, name, problem (sold_out | tight | excess), act, units (that the
    act concerns), margin_effect (fen, NaN where the margin is unknown), stock_effect (units), partner (swap: the goods shown
    instead), price (fen, the proposed sale price).
    """
    known = goods[goods["label"].isin(["sold_out", "tight", "excess"])]
    if known.empty or share <= 0:
        return pd.DataFrame(columns=_COLUMNS)
    base = pd.DataFrame({"name": known["name"], "problem": known["label"], "tier": known["tier"]})
    base["margin"] = known.get("contribution", pd.Series(np.nan, index=known.index)).astype("Float64").astype(float)
    base["left"] = known["left"].astype("Int64").fillna(0).clip(lower=0).astype(float)
    ahead = known["sold"] / share * (1 - share)
    base["short"] = (ahead - base["left"]).clip(lower=0).round()
    base["ahead"] = ahead
    base["over"] = (base["left"] - ahead).clip(lower=0).round()
    base["price"] = known["sale_price"].astype("Float64").astype(float)
    base["locked"] = locked.reindex(base.index).fillna(0).astype(float)
    parts = [*_for_scarce(base[base["problem"] != "excess"], goods), *_for_slow(base[base["problem"] == "excess"], known)]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=_COLUMNS)
    table = pd.concat(parts).rename_axis("sku_code").reset_index()
    worth = table["margin_effect"].fillna(table["units"])
    return (
        table.assign(worth=worth).sort_values("worth", ascending=False, kind="stable").head(most)[_COLUMNS].reset_index(drop=True)
    )


def _act(rows: pd.DataFrame, act: str, units: pd.Series, margin: pd.Series, stock: pd.Series, **extra: Any) -> pd.DataFrame:
    table = rows[["name", "problem"]].copy()
    columns: dict[str, Any] = {
        "act": act,
        "units": units,
        "margin_effect": margin,
        "stock_effect": stock,
        "partner": "",
        "price": np.nan,
    } | extra
    for name, value in columns.items():
        table[name] = value
    return table[units > 0]


def _for_scarce(rows: pd.DataFrame, goods: pd.DataFrame) -> list[pd.DataFrame]:
    """Bring more, free what is set aside, spread it, or lead the visitors to something else."""
    none = pd.Series(0.0, index=rows.index)
    freed = rows["locked"].clip(upper=rows["short"])
    capped = (rows["left"] * CAP_SAVES).round()
    partner, gain = _substitute(rows, goods)
    raised = np.floor(rows["price"] * (1 + RAISE) / 100) * 100
    kept = rows["left"].clip(upper=rows["short"])
    gone = rows["short"].where(rows["left"] <= 0, 0.0)
    return [
        _act(rows, "restock", rows["short"], rows["short"] * rows["margin"], rows["short"]),
        _act(rows, "release", freed, freed * rows["margin"], freed),
        _act(rows, "cap", capped, none, none),
        _act(
            rows,
            "swap",
            rows["short"].where((partner != "") & rows["tier"].isin(PUSHED), 0.0),
            rows["short"] * SWAP_KEEPS * gain,
            none,
            partner=partner,
        ),
        _act(rows, "take_down", gone, none, none),
        _act(rows, "raise_price", kept.where(rows["price"].notna(), 0.0), kept * (raised - rows["price"]), none, price=raised),
    ]


def _substitute(rows: pd.DataFrame, goods: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """(code, its contribution) of the best-selling goods that have plenty: of the same tier, else regular ones; "" where there are none."""
    plenty = goods[goods["label"].isin(["enough", "excess"])].sort_values("sold", ascending=False)
    best = plenty.drop_duplicates("tier").reset_index().rename(columns={plenty.index.name or "index": "code"}).set_index("tier")
    tier = rows["tier"].where(rows["tier"].isin(best.index), "regular")
    partner = tier.map(best.iloc[:, 0]).fillna("").astype(str) if len(best) else pd.Series("", index=rows.index)
    margin = best["contribution"].astype("Float64").astype(float) if "contribution" in best else pd.Series(dtype=float)
    return partner, tier.map(margin).astype(float)


def _for_slow(rows: pd.DataFrame, known: pd.DataFrame) -> list[pd.DataFrame]:
    """A lower price, where even the worst stack of discounts still leaves something after it.

    The effect counts what the cut costs on the units that would have sold anyway.
    """
    price = np.floor(rows["price"] * (1 - CUT) / 100) * 100
    cut = rows["price"] - price
    worst = known.get("worst_contribution", pd.Series(np.nan, index=known.index)).astype("Float64").astype(float)
    safe = worst.reindex(rows.index) - cut > 0
    more = (rows["ahead"] * CUT * ELASTICITY).round().clip(upper=rows["over"])
    gain = more * (rows["margin"] - cut) - cut * rows["ahead"].clip(upper=rows["left"])
    return [_act(rows, "cut_price", more.where(safe, 0.0), gain, -more, price=price)]


def temporary(free: pd.Series, lineup: pd.Index, names: pd.Series, most: int = 3) -> pd.DataFrame:
    """Goods with stock that are not in the sale yet, the fullest shelves first; columns as in `ranked`."""
    spare = free[~free.index.isin(lineup) & (free > 0)].astype(float).sort_values(ascending=False).head(most)
    rows = pd.DataFrame({"name": names.reindex(spare.index).fillna(""), "problem": "sold_out"}, index=spare.index)
    out = _act(rows, "add_goods", spare, pd.Series(np.nan, index=spare.index), spare)
    return out.rename_axis("sku_code").reset_index()[_COLUMNS]
