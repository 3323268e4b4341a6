"""What the forecast earns: the public walk-forward and the bookshop's June sale, printed as tables by `make
bench`.

Caveats that belong to every quotation of these figures: demand is observed sales (stock-outs unknown), the
economics are assumed (Cu a quarter of the mean price), a grocer's promotion weeks are not a Chinese sale day,
so levels are no shop's truth; differences between methods are what is measured. Fewer leftovers are paid for
with more lost units: both are printed.

Every choice stands on weeks up to 25 (tests/bench/test_choices.py repeats those that were in doubt). What
must be said beside that: an earlier version had been run on the later weeks (50.9, 20.5% left over at .5),
and two changes had been made with them in sight, the rounding of the rules of thumb and the number of past
sales that an own response waits for. Both have been decided again on weeks up to 25 alone; that leftovers
should fall was known, by how much a hurdle cuts them was measured on weeks up to 25. The later weeks were
then run once (51.1). The shipped spreads between sales and within one were afterwards narrowed on the bookshop's half
year (they move weeks 12-25 from 54.85 to 55.1), and the later weeks were run once more: 51.3, 18.7% left over at .5. The
goal of 53 is not reached.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.bench import backtest, bookshop

CHOSEN_ON = (12, 25)  # weeks on which choices may be made
REPORTED = (26, 52)
EVENTS, UNITS = 13_260, 77_122
RULES = "28-day mean, the same x our uplift, x the true uplift, ours"


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
            f"{name:44s}"
            + "".join(f"{point:7.1f}" for point in points[:-1])
            + f"{points['mean']:7.1f}  {left:.1f} / {lost:.1f}"
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


def test_the_band_of_a_product_holds_what_it_says_week_by_week() -> None:
    """Each of the weeks 12-25 forecast from what was known three weeks before: 70 to 90% of its products sell within
    their 80% band, most of them a handful of units."""
    shares = backtest.covered(backtest.load(CHOSEN_ON[1]), *CHOSEN_ON)
    print(
        "\nproducts in their 80% band: " + ", ".join(f"{week} {share:.0%}" for week, share in shares.items())
    )
    assert all(0.7 <= share <= 0.9 for share in shares.values())


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_the_reported_weeks() -> None:
    """Weeks 26-52. Promise: mean at least 51, every interval against Excel above zero, at most 20% of units
    left over at .5. The goal of 53 stands open."""
    panel, found = results(*REPORTED)
    last = list(found.values())[-1]
    middle = last[last["ratio"] == 0.5]
    assert (middle["events"].sum(), middle["asked"].sum()) == (EVENTS, UNITS)
    against = {
        name: gaps(found, name) for name in ("Excel: 4-week mean x pooled uplift", "normal newsvendor")
    }
    print("\nweeks 26-52\n" + table(found))
    for name, gap in against.items():
        print(
            f"ours - {name}, 95%: "
            + ", ".join(f"{at} [{row.low:+.1f}, {row.high:+.1f}]" for at, row in gap.iterrows())
        )
    assert backtest.scores(last)["mean"] >= 51
    assert all((gap["low"] > 0).all() for gap in against.values())
    assert backtest.waste(last)[0] <= 20
    assert panel.price.min() > 0


@pytest.mark.bench
def test_the_sales_of_a_bookshop_one_after_the_other(shared: Path) -> None:
    """Rolling origins over every sale day of January to June, each decided 14 days before it, and stretches of
    three days around two of them; 32 SKUs (a SKU is 3 points), no past sale at first, then one, then two.

    All six months were in sight when the shipped levels, spreads and the day shape were chosen: these figures
    say that they fit, not how well they will. Printed: the level with its 80% band, how many SKUs fell into
    their own band, and per cent of clairvoyant at .5 of ours and of the naive rules.

    Sale by sale a band that holds the sale's own level is not 80%: it holds more SKUs where the sale went as
    expected and fewer where it did not. With past sales 78 to 88% fell into it. Without one 97%: the shop's own level
    is unknown by then (half to twice), and this sale came within an eighth of what was expected.
    """
    rows = bookshop.load(shared / "data" / "jd_2019")
    sales = [(day, 1) for day in bookshop.sale_days(rows)] + [(date(2019, 5, 31), 3), (date(2019, 6, 16), 3)]
    origins = [bookshop.origin(rows, first, days) for first, days in sales]
    print("\nfirst day   days past  forecast  80% band        sold  SKUs in band  at .5: " + RULES)
    for one in origins:
        low, high = one.whole
        points = " ".join(f"{one.earned(order, 0.5):5.0f}" for order in one.orders(0.5).values())
        print(
            f"{one.first}  {one.days}    {one.forecast.past_sales}    {one.forecast.mean.sum():8.0f}"
            f"  {low:6.0f}-{high:6.0f}  {one.sold.sum():8.0f}  {one.covered:10.0%}    {points}"
        )
    assert min(one.covered for one in origins) >= 0.7
    assert all(one.covered <= 0.9 for one in origins if one.forecast.past_sales)
    within = [one.whole[0] <= one.sold.sum() <= one.whole[1] for one in origins]
    assert np.mean(within) >= 0.8
    plain = [one.earned(one.orders(0.5)["28-day mean"], 0.5) for one in origins]
    ours = [one.earned(one.orders(0.5)["ours"], 0.5) for one in origins]
    assert all(own > other for own, other in zip(ours, plain, strict=True))
