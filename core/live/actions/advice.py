"""What can be done about a problem, ranked by what it is worth: effects on margin and stock, before anybody
does it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from core.campaign.pace import share_at
from core.live.snapshot.snapshot import Picture

ACTS = ("restock", "release", "cap", "swap", "take_down", "raise_price", "cut_price", "add_goods")
NEEDS = {
    "restock": "live.act",
    "release": "warmup.edit",
    "cap": "warmup.edit",
    "take_down": "warmup.edit",
    "swap": "goods.structure",
    "raise_price": "price.edit",
    "cut_price": "price.edit",
    "add_goods": "goods.structure",
}
"""What else an actor must be allowed: what the package asks of everybody else."""
BACK = {
    "cap": "uncap",
    "take_down": "put_back",
    "swap": "swap_back",
    "raise_price": "price_back",
    "cut_price": "price_back",
    "add_goods": "withdraw",
}
"""The acts that can be taken back, and what doing so is called. Units released may be sold already: they
cannot."""
OUTSIDE = dict.fromkeys((*ACTS, *BACK.values()), "back_office") | {"restock": "replenishment"}
"""Where the rest of an act is to be done by hand: in the platform's own back office, or by an order on the
replenishment page."""
DONE = "done"  # the entry in the log that ticks such a rest off
CAP = 1  # units an order
PUSHED = ("pre_hot", "main_push")  # tiers that have a slot to give away
CAP_SAVES = 0.3  # part of the units that a cap of one per order keeps for other buyers
RAISE, CUT = 0.05, 0.10  # price steps
ELASTICITY = 2.0  # units lost or won per cent of price, what a shop without its own experiments may assume
SWAP_KEEPS = 0.5  # part of the visitors of a sold-out hero who take the goods shown instead
SOON, HOUR = 180.0, 60.0  # minutes: goods that are gone by then are judged; urgency halves with an hour
PRICE_BAND = 0.3  # how far the price of a substitute may lie from that of the goods it stands in for
CAUSES = ("gone", "hour", "hours", "close", "slow", "spare")
RANKS = ("now", "soon", "later")
_COLUMNS = [
    "sku_code",
    "name",
    "tier",
    "problem",
    "cause",
    "act",
    "units",
    "per_minute",
    "margin_effect",
    "stock_effect",
    "partner",
    "price",
]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the sale runs at a moment: C(t), the share that the coming hour brings, minutes since the opening
    and until the close."""

    share: float
    hour: float
    minutes: float
    rest: float


def pace_of(seen: Picture) -> Pace:
    """The pace of a picture."""
    curve = seen.scope.curve
    ahead = float(share_at(curve, seen.minutes + HOUR)) - seen.share
    return Pace(seen.share, max(ahead, 0.0), seen.minutes, max(curve.length - seen.minutes, 1.0))


def ranked(goods: pd.DataFrame, pace: Pace, locked: pd.Series, most: int = 300) -> pd.DataFrame:
    """Actions for goods that run out, are sold out or hardly move, the one first of which a minute's delay costs
    most.

    `goods`: as `snapshot.goods_table`, with contribution (fen a unit) where the asker may see it, sale_price,
    function; `locked`: units set aside for sessions, by sku_code. Columns: sku_code, name, tier, problem
    (sold_out | tight | excess), cause (CAUSES), act, units (that the act concerns), per_minute (fen of
    contribution that a minute brings with the act, at the pace of the coming hour; NaN where unknown),
    margin_effect (fen until the close, NaN where the margin is unknown), stock_effect (units), partner (swap:
    the goods shown instead), price (fen, the proposed sale price).
    """
    base = _judged(goods, pace)
    if base.empty or pace.share <= 0:
        return pd.DataFrame(columns=_COLUMNS)
    base["locked"] = locked.reindex(base.index).fillna(0).astype(float)
    slow = base["cause"] == "slow"
    worst = goods.get("worst_contribution", pd.Series(np.nan, index=goods.index))
    parts = [
        *_for_scarce(base[~slow], substitutes(base[~slow], goods, pace)),
        *_for_slow(base[slow], worst.reindex(base.index[slow]).astype("Float64").astype(float), pace),
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=_COLUMNS)
    table = pd.concat(parts).rename_axis("sku_code").reset_index()
    order = table.assign(worth=table["margin_effect"].fillna(table["units"]))
    order = order.sort_values(["per_minute", "worth"], ascending=False, kind="stable", na_position="last")
    return order.head(most)[_COLUMNS].reset_index(drop=True)


def _judged(goods: pd.DataFrame, pace: Pace) -> pd.DataFrame:
    """The goods that something is to be done about, with what the acts are computed from: units ahead until the
    close, short and over, units a minute in the coming hour, urgency (1 = gone), cause."""
    ahead_minutes = (goods["stock_out"] - pace.minutes).where(goods["label"] != "sold_out", 0.0)
    soon = (ahead_minutes < SOON) & goods["left"].notna()
    known = goods[goods["label"].isin(["sold_out", "tight", "excess"]) | soon]
    minutes = ahead_minutes.reindex(known.index).clip(lower=0)
    slow = (known["label"] == "excess") & ~soon.reindex(known.index)
    base = pd.DataFrame({"name": known["name"], "tier": known["tier"]})
    base["problem"] = np.select([known["label"] == "sold_out", slow], ["sold_out", "excess"], "tight")
    base["cause"] = np.select(
        [base["problem"] == "sold_out", slow, minutes < HOUR, minutes < SOON],
        ["gone", "slow", "hour", "hours"],
        "close",
    )
    base["margin"] = _figures(known, "contribution")
    base["left"] = known["left"].astype("Int64").fillna(0).clip(lower=0).astype(float)
    units = known["sold"].astype(float) / max(pace.share, 1e-9)  # of the whole sale, at the pace so far
    base["ahead"] = units * (1 - pace.share)
    base["short"] = (base["ahead"] - base["left"]).clip(lower=0).round()
    base["over"] = (base["left"] - base["ahead"]).clip(lower=0).round()
    base["rate"] = units * pace.hour / HOUR
    base["urgency"] = HOUR / (HOUR + minutes.fillna(pace.rest))
    base["price"] = _figures(known, "sale_price")
    base["function"] = known.get("function", "")
    return base


def _figures(goods: pd.DataFrame, name: str) -> pd.Series:
    """A column as floats, NaN where there is none."""
    return goods.get(name, pd.Series(np.nan, index=goods.index)).astype("Float64").astype(float)


class Effect(NamedTuple):
    """What an act brings, one figure or one by row: fen until the close and in a minute, and units of stock."""

    margin: object = np.nan
    minute: object = np.nan
    stock: object = 0.0


NO_EFFECT = Effect()


def _act(
    rows: pd.DataFrame, act: str, units: pd.Series, effect: Effect = NO_EFFECT, **extra: object
) -> pd.DataFrame:
    """The rows of which some `units` are concerned, as actions."""
    table = rows[["name", "tier", "problem", "cause"]].copy()
    columns: dict[str, Any] = {
        "act": act,
        "units": units,
        "per_minute": effect.minute,
        "margin_effect": effect.margin,
        "stock_effect": effect.stock,
        "partner": "",
        "price": np.nan,
    } | extra
    for name, value in columns.items():
        table[name] = value
    return table[units > 0]


def _for_scarce(rows: pd.DataFrame, partners: pd.DataFrame) -> list[pd.DataFrame]:
    """Bring more, free what is set aside, spread it, or lead the visitors to something else. `partners` as
    `substitutes`."""
    freed = rows["locked"].clip(upper=rows["short"])
    raised = np.floor(rows["price"] * (1 + RAISE) / 100) * 100
    step, kept = raised - rows["price"], rows["left"].clip(upper=rows["short"])
    gone = rows["short"].where(rows["left"] <= 0, 0.0)
    lost = rows["rate"] * rows["margin"] * rows["urgency"]  # a minute
    part = (freed / rows["short"].where(rows["short"] > 0)).fillna(0)
    gain = partners["gain"].reindex(rows.index)
    partner = partners["partner"].reindex(rows.index).fillna("").astype(str)
    moved = (rows["short"] * SWAP_KEEPS).round()
    minute = rows["rate"] * rows["urgency"] * SWAP_KEEPS * gain
    swap = _act(rows, "swap", moved.where(partner != "", 0.0), Effect(moved * gain, minute), partner=partner)
    priced = kept.where(rows["price"].notna(), 0.0)
    restock = Effect(rows["short"] * rows["margin"], lost, rows["short"])
    release = Effect(freed * rows["margin"], lost * part, freed)
    return [
        _act(rows, "restock", rows["short"], restock),
        _act(rows, "release", freed, release),
        _act(rows, "cap", (rows["left"] * CAP_SAVES).round()),
        swap,
        _act(rows, "take_down", gone),
        _act(rows, "raise_price", priced, Effect(kept * step, rows["rate"] * step), price=raised),
    ]


def substitutes(rows: pd.DataFrame, goods: pd.DataFrame, pace: Pace) -> pd.DataFrame:
    """For pushed goods that run out, the goods shown in their place: indexed by sku_code, partner, gain (fen of
    contribution a unit, NaN where unknown).

    A substitute has the same function, a price within PRICE_BAND, and beyond what it will sell itself enough
    stock for the visitors who move; each one stands in for one SKU only, the one that moves most.
    """
    wanted = rows[rows["tier"].isin(PUSHED) & (rows["function"] != "") & (rows["short"] > 0)]
    plenty = goods[goods["label"].isin(["enough", "excess"]) & goods["left"].notna()]
    if wanted.empty or plenty.empty or "function" not in plenty:
        return pd.DataFrame({"partner": pd.Series(dtype=str), "gain": pd.Series(dtype=float)})
    own = plenty["sold"].astype(float) / max(pace.share, 1e-9) * (1 - pace.share)
    offers = pd.DataFrame(
        {
            "function": plenty["function"],
            "partner": plenty.index.astype(str),
            "offer": _figures(plenty, "sale_price"),
            "spare": plenty["left"].astype(float) - own,
            "gain": _figures(plenty, "contribution"),
            "sold": plenty["sold"].astype(float),
        }
    )
    moved = wanted["short"] * SWAP_KEEPS
    asked = pd.DataFrame({"function": wanted["function"], "price": wanted["price"], "moved": moved})
    pairs = asked.rename_axis("sku_code").reset_index().merge(offers, on="function")
    near = (pairs["offer"] / pairs["price"] - 1).abs() <= PRICE_BAND
    fits = pairs[near & (pairs["spare"] >= pairs["moved"]) & (pairs["partner"] != pairs["sku_code"])]
    best = fits.sort_values(["moved", "gain", "sold"], ascending=False, kind="stable")
    chosen = best.drop_duplicates("partner").drop_duplicates("sku_code")
    return chosen.set_index("sku_code")[["partner", "gain"]]


def causes(acts: pd.DataFrame) -> pd.DataFrame:
    """Actions grouped by what is behind them, in their order: cause, tier ("" for all but pushed goods), goods
    (how many), per_minute (fen, the best act of each), rank (RANKS, by the figure or, without one, by the
    order)."""
    pushed = acts["tier"].where(acts["tier"].isin(PUSHED), "")
    best = acts.assign(tier=pushed).drop_duplicates(["cause", "tier", "sku_code"])
    groups = best.groupby(["cause", "tier"], sort=False)
    table = groups.agg(goods=("sku_code", "size"), per_minute=("per_minute", "sum")).reset_index()
    table = table.sort_values("per_minute", ascending=False, kind="stable", ignore_index=True)
    return table.assign(rank=rank_words(table["per_minute"]))


def rank_words(per_minute: pd.Series) -> pd.Series:
    """now | soon | later: at least half of the most urgent figure, a tenth, less or unknown."""
    most = per_minute.max()
    part = per_minute.fillna(0) / most if most > 0 else per_minute * 0
    return pd.Series(np.select([part >= 0.5, part >= 0.1], RANKS[:2], RANKS[2]), index=per_minute.index)


def _for_slow(rows: pd.DataFrame, worst: pd.Series, pace: Pace) -> list[pd.DataFrame]:
    """A lower price, where even the worst stack of discounts (`worst`: its contribution) still leaves something
    after it.

    The effect counts what the cut costs on the units that would have sold anyway.
    """
    price = np.floor(rows["price"] * (1 - CUT) / 100) * 100
    cut = rows["price"] - price
    more = (rows["ahead"] * CUT * ELASTICITY).round().clip(upper=rows["over"])
    gain = more * (rows["margin"] - cut) - cut * rows["ahead"].clip(upper=rows["left"])
    pays = (worst - cut > 0) & ~(gain <= 0)  # a cut that costs more than it brings is no advice
    cuts = more.where(pays, 0.0)
    return [_act(rows, "cut_price", cuts, Effect(gain, gain / pace.rest, -more), price=price)]


def temporary(free: pd.Series, lineup: pd.Index, names: pd.Series, most: int = 3) -> pd.DataFrame:
    """Goods with stock that are not in the sale yet, the fullest shelves first; columns as in `ranked`."""
    spare = free[~free.index.isin(lineup) & (free > 0)].astype(float).sort_values(ascending=False).head(most)
    why = {"tier": "", "problem": "sold_out", "cause": "spare"}
    rows = pd.DataFrame({"name": names.reindex(spare.index).fillna(""), **why}, index=spare.index)
    out = _act(rows, "add_goods", spare, Effect(stock=spare))
    return out.rename_axis("sku_code").reset_index()[_COLUMNS]
