"""The forecast of the close and the alerts over simulated shops of three kinds of noise; prints every figure."""

from __future__ import annotations

import pytest

from tests.bench.live_nights import NOISES, OPENINGS, USUAL, alert_rates, close_rates

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800)]
DAYS = (0, 1, 2, 3, 5, 8, 12)
COUNT = 1_000
SLACK = 0.02  # of a share of so many days: less than two of its standard errors


@pytest.mark.parametrize("opening", OPENINGS)
def test_the_close_is_as_sure_as_it_says_with_any_number_of_past_days(opening: str) -> None:
    for minute in (60, 120, 360):
        for days in DAYS:
            rates = close_rates(USUAL, opening, minute, days, COUNT)
            print(
                f"\n{opening} +{minute} min, {days} past days: covered {rates['covered']:.0%},"
                f" median error {rates['error']:.1%}, width {rates['width']:.2f} of the close",
                end="",
            )
            assert 0.75 - SLACK <= rates["covered"] <= (0.85 if minute > 60 else 0.87) + SLACK
    assert close_rates(USUAL, opening, 120, 3, COUNT)["error"] <= 0.15
    assert close_rates(USUAL, opening, 120, 2, COUNT)["width"] < 0.8


@pytest.mark.parametrize("name", NOISES)
def test_alerts_ring_for_changes_and_misses_and_seldom_else(name: str) -> None:
    for days in (0, 1, 3, 6, 12):
        rates = alert_rates(NOISES[name], days, COUNT)
        print(f"\n{name}, {days} past days:", " · ".join(f"{k} {v:.1%}" for k, v in rates.items()), end="")
        assert rates["change_false"] <= 0.06 + SLACK / 2
        assert rates["pace_false"] <= 0.06 + SLACK / 2
    if name == "mild":
        assert rates["fall_found"] >= 0.80
        assert rates["miss_found"] >= 0.60
