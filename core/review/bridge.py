"""From the plan to what was kept, exact to the fen: factors of a product, and goods by price, volume and mix.
Pure.

Sources: Ang 2005 (LMDI), Shapley 1953 where a factor is 0; largest remainder for whole fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.live.snapshot.gap_factors import effects

FACTORS = ("visitors", "conversion_rate", "in_stock", "aov", "kept")
"""visitors x conversion with everything in stock x share in stock x fen a buyer x share kept after refunds."""
GOODS_EFFECTS = ("price", "volume", "mix", "new", "dropped")


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one part of a sale was planned to bring, or brought. `amount` paid and `refunded` in fen; `in_stock`:
    share 0..1 of what was planned that could be bought while it was asked for."""

    visitors: float
    buyers: float
    amount: float
    refunded: float = 0.0
    in_stock: float = 1.0

    @property
    def net(self) -> float:
        """What was kept, in fen."""
        return self.amount - self.refunded

    def factors(self) -> tuple[float, float, float, float, float]:
        """FACTORS, whose product is `net` (0 where more was refunded than paid)."""
        buyers = 1.0 if self.buyers <= 0 < self.amount else float(self.buyers)
        visitors = float(self.visitors) if self.visitors > 0 else buyers  # nobody counted: as many as bought
        rate = buyers / visitors if visitors > 0 else 0.0
        stocked = self.in_stock if self.in_stock > 0 else 1.0
        value = self.amount / buyers if buyers > 0 else 0.0
        kept = max(0.0, self.net / self.amount) if self.amount > 0 else 1.0
        return visitors, rate / stocked, stocked, value, kept


NOTHING = Stretch(0, 0, 0)


def whole_fen(parts: np.ndarray, total: int) -> np.ndarray:
    """Parts in whole fen that sum to `total` exactly: each rounded down, then the largest remainders up (or the
    smallest down), ties by order. int64, shape as given; no parts give no parts.

    >>> whole_fen(np.array([0.4, 0.4, 0.2]), 1).tolist()
    [1, 0, 0]
    """
    exact = np.asarray(parts, dtype=float)
    if not exact.size:
        return np.zeros(0, np.int64)
    base = np.floor(exact).astype(np.int64)
    missing = total - int(base.sum())
    step, rest = divmod(missing, len(base))
    order = np.argsort(-(exact - base), kind="stable")
    fen: NDArray[np.int64] = base + step
    fen[order[:rest]] += 1
    return fen


def factor_effects(plan: Stretch, actual: Stretch) -> np.ndarray:
    """Effect of each of FACTORS in fen (float, shape (5,)), summing to actual net - planned net. What was refunded
    beyond what was paid in the same stretch belongs to `kept`."""
    parts = np.array(effects(plan.factors(), actual.factors()), dtype=float)
    parts[-1] += (actual.net - plan.net) - parts.sum()
    return parts


def by_part(
    plan: Mapping[str, Stretch], actual: Mapping[str, Stretch], planned: int | None = None
) -> pd.DataFrame:
    """The bridge of every part (channel, phase, day): indexed by part, columns FACTORS, plan, actual, gap in
    whole fen; a part that stands on one side only is 0 on the other. Each row's factors sum to its gap; the
    plans sum to `planned` where it is given."""
    names = list(dict.fromkeys([*plan, *actual]))
    nets = np.array([plan.get(name, NOTHING).net for name in names], dtype=float)
    targets = whole_fen(nets, planned if planned is not None else round(float(nets.sum())))
    rows = []
    for name, target in zip(names, targets.tolist(), strict=True):
        before, after = plan.get(name, NOTHING), actual.get(name, NOTHING)
        kept = round(after.net)
        parts = whole_fen(factor_effects(before, after), kept - target)
        rows.append([*parts.tolist(), target, kept, kept - target])
    columns = [*FACTORS, "plan", "actual", "gap"]
    figures = np.array(rows, dtype=np.int64).reshape(-1, len(columns))
    return pd.DataFrame(figures, index=pd.Index(names, dtype="str", name="part"), columns=columns)


def channel_mix(parts: pd.DataFrame, plan: Mapping[str, Stretch], actual: Mapping[str, Stretch]) -> int:
    """How much of the summed visitors' effect is mix: the effect summed over channels less the effect on the
    totals, in fen. Both ways sum to the same gap."""
    whole = factor_effects(merged([*plan.values()]), merged([*actual.values()]))
    return int(parts["visitors"].sum()) - round(float(whole[0]))


def merged(parts: Sequence[Stretch]) -> Stretch:
    """Several stretches as one: people and amounts add; the share in stock is weighted by the amounts."""
    visitors, buyers, amount, refunded = (
        sum(getattr(part, name) for part in parts) for name in ("visitors", "buyers", "amount", "refunded")
    )
    offered = sum(part.amount / part.in_stock for part in parts if part.in_stock > 0)
    return Stretch(visitors, buyers, amount, refunded, amount / offered if offered > 0 else 1.0)


def price_volume_mix(goods: pd.DataFrame) -> dict[str, int]:
    """The gap of goods split into GOODS_EFFECTS, whole fen, summing to the gap exactly. Goods without a planned
    price count as beyond the plan: nothing says what their price should have been.

    `goods`: planned_units, planned_price, units, amount (int64; fen). price = amount - units x planned price;
    volume = what the same mix would bring at the new number of units; mix = the rest, over goods in both; new
    and dropped goods stand apart. Exact in rationals until the last step.
    """
    planned = _planned(goods)
    p0, q1, amount = ([int(value) for value in goods[name]] for name in ("planned_price", "units", "amount"))
    q0 = [int(units) for units in planned]
    both = [i for i in range(len(q0)) if q0[i] > 0 and q1[i] > 0]
    before, after = sum(q0[i] for i in both), sum(q1[i] for i in both)
    price = Fraction(sum(amount[i] - q1[i] * p0[i] for i in both))
    mean = Fraction(sum(q0[i] * p0[i] for i in both), before) if before else Fraction(0)
    volume = (after - before) * mean
    mix = sum(q1[i] * p0[i] for i in both) - after * mean
    exact = [
        price,
        volume,
        mix,
        Fraction(sum(amount[i] for i in range(len(q0)) if q0[i] <= 0 < q1[i])),
        Fraction(-sum(q0[i] * p0[i] for i in range(len(q0)) if q0[i] > 0 >= q1[i])),
    ]
    total = sum(exact, Fraction(0))
    return dict(zip(GOODS_EFFECTS, _rounded(exact, int(total)), strict=True))


def _rounded(exact: list[Fraction], total: int) -> list[int]:
    """Whole fen of rationals by largest remainder, summing to `total`."""
    base = [value.numerator // value.denominator for value in exact]
    order = sorted(range(len(exact)), key=lambda i: (base[i] - exact[i], i))
    for i in order[: total - sum(base)]:
        base[i] += 1
    return base


def goods_effects(goods: pd.DataFrame) -> pd.DataFrame:
    """Each SKU's own gap: price (units x the change of price) and units (the change of units x planned price), in
    whole fen; the two sum to amount - planned. Index as given, columns planned, price, units_effect, gap.

    `goods`: planned_units, planned_price, units, amount (int64; fen)."""
    units = _planned(goods)
    planned = units * goods["planned_price"]
    both = (units > 0) & (goods["units"] > 0)
    price = np.where(both, goods["amount"] - goods["units"] * goods["planned_price"], 0)
    gap = goods["amount"] - planned
    return pd.DataFrame(
        {"planned": planned, "price": price, "units_effect": gap - price, "gap": gap}, index=goods.index
    ).astype("int64")


def _planned(goods: pd.DataFrame) -> pd.Series:
    """Units that were planned at a price; 0 where either is missing."""
    units: pd.Series = goods["planned_units"].where(goods["planned_price"] > 0, 0)
    return units
