"""What the forecast earns: the public walk-forward and the bookshop's June sale, printed as tables by `make bench`.

Caveats that belong to every quotation of these figures: demand is observed sales (stock-outs unknown), the economics are assumed (Cu a quarter of the mean
price), a grocer's promotion weeks are not a Chinese sale day, so levels are no shop's truth; differences between methods are what is measured. Fewer
leftovers are paid for with more lost units: both are printed.

Every choice stands on weeks up to 25 (tests/bench/test_choices.py repeats those that were in doubt). What must be said beside that: an earlier version had
been run on the later weeks (50.9, 20.5% left over at .5), and two changes had been made with them in sight, the rounding of the rules of thumb and the number
of past sales that an own response waits for. Both have been decided again on weeks up to 25 alone; that leftovers should fall was known, by how much a
hurdle cuts them was measured on weeks up to 25. The later weeks were then run once.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.replenishment import demand
from tests.bench import backtest, bookshop

CHOSEN_ON = (12, 25)  # weeks on which choices may be made
REPORTED = (26, 52)
EVENTS, UNITS = 13_260, 77_122


def results(first: int, last: int) -> tuple[backtest.Panel, dict[str, pd.DataFrame]]:
    panel = backtest.load(last)
    weeks = range(first, last + 1)
    orders = {
        "Excel: 4-week mean x pooled uplift": {week: backtest.excel(panel, week) for week in weeks},
        "the same + 20%": {week: backtest.excel(panel, week, 1.2) for week in weeks},
        "textbook base stock, z 1.645": {week: backtest.base_stock(panel, week) for week in weeks},
        "normal newsvendor": {week: backtest.normal_newsvendor(panel, week) for week in weeks},
        "uplift chain, mean only": backtest.own_orders(panel, first, last, spread=False, learn=False),
        "uplift chain, NB quantile": backtest.own_orders(panel, first, last, learn=False, hurdle=0.0),
        "ours: the same + learnt response": backtest.own_orders(panel, first, last, hurdle=0.0),
        "ours: the same + hurdle": backtest.own_orders(panel, first, last),
    }
    return panel, {name: backtest.outcome(panel, made) for name, made in orders.items()}


def table(found: dict[str, pd.DataFrame]) -> str:
    lines = [
        f"{'per cent of clairvoyant at CR':44s}"
        + "".join(f"{ratio:>7}" for ratio in backtest.RATIOS)
        + "   mean  left/lost % at .5"
    ]
    for name, result in found.items():
        points, (left, lost) = backtest.scores(result), backtest.waste(result)
        lines.append(
            f"{name:44s}" + "".join(f"{point:7.1f}" for point in points[:-1]) + f"{points['mean']:7.1f}  {left:.1f} / {lost:.1f}"
        )
    return "\n".join(lines)


def gaps(found: dict[str, pd.DataFrame], other: str) -> pd.DataFrame:
    return backtest.interval(list(found.values())[-1], found[other])


@pytest.mark.timeout(900)
def test_the_choice_weeks_in_short() -> None:
    """Weeks up to 25: the form that runs with the suite. The later weeks are not even loaded."""
    _, found = results(*CHOSEN_ON)
    print("\nweeks 12-25\n" + table(found))
    ours = backtest.scores(list(found.values())[-1])
    assert ours["mean"] >= 54
    assert (gaps(found, "Excel: 4-week mean x pooled uplift")["low"] > 0).all()


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_the_reported_weeks() -> None:
    """Weeks 26-52. Promise: mean at least 44, every interval against Excel above zero, at most 20% of units left over at .5."""
    panel, found = results(*REPORTED)
    last = list(found.values())[-1]
    middle = last[last["ratio"] == 0.5]
    assert (middle["events"].sum(), middle["asked"].sum()) == (EVENTS, UNITS)
    against = {name: gaps(found, name) for name in ("Excel: 4-week mean x pooled uplift", "normal newsvendor")}
    print("\nweeks 26-52\n" + table(found))
    for name, gap in against.items():
        print(f"ours - {name}, 95%: " + ", ".join(f"{at} [{row.low:+.1f}, {row.high:+.1f}]" for at, row in gap.iterrows()))
    assert backtest.scores(last)["mean"] >= 44
    assert all((gap["low"] > 0).all() for gap in against.values())
    assert backtest.waste(last)[0] <= 20
    assert panel.price.min() > 0


@pytest.mark.bench
def test_a_bookshop_on_the_eighteenth_of_june(shared: Path) -> None:
    """32 SKUs with a past, two past sales (by the rule of bookshop.sale_days); one shop, one day: no verdict either way.

    No untouched test: an earlier version's miss here (0.306 against a naive 0.277) was known when it was mended. What was mended was settled on January
    to May alone (the 31st of May forecast from what was known before it): the warm-ups of two sales are compared over the same days before their
    openings, a sale day is no warm-up day, and both sale days of the spring are past sales (0.255 so). A flaw found elsewhere was mended after that: a sale
    forecast from the shipped uplift teaches no response, or it would be corrected twice.
    """
    shop = bookshop.load(shared / "data" / "jd_2019")
    found, sold = bookshop.own(shop), shop.truth.to_numpy(float)
    forecasts = bookshop.naive(shop) | {"ours": found.mean}
    print(
        f"\n18 June 2019: {len(sold)} SKUs, {sold.sum():.0f} units sold\n{'':32s}  total  abs.error  per cent of clairvoyant at "
        + " ".join(map(str, backtest.RATIOS))
    )
    errors = {}
    for name, mean in forecasts.items():
        errors[name] = np.abs(mean - sold).sum() / sold.sum()
        points = []
        for ratio in backtest.RATIOS:
            order = demand.quantile(ratio, found.mean, found.phi) if name == "ours" else np.round(mean)
            profit = np.minimum(order, sold) - (1 - ratio) / ratio * np.maximum(order - sold, 0)
            points.append(100 * profit.sum() / sold.sum())
        print(f"{name:32s} {mean.sum():6.0f}     {errors[name]:.3f}    " + " ".join(f"{point:5.1f}" for point in points))
    assert errors["ours"] < errors["28-day mean"] / 2
