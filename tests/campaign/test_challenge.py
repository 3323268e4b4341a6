"""Target, forecast and order against each other: each doubt alone, and none without its figure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.campaign.challenge import Doubt, PlanFigures, challenges, ratio

SOUND = PlanFigures(
    target_units=1_000,
    forecast_units=900,
    order_units=400,
    order_value=4_000_000,
    stock_value=6_000_000,
    last_sale_units=800,
    report_age=1,
    days_to_opening=21,
    longest_lead=20,
)


def test_a_plan_that_fits_raises_no_doubt() -> None:
    assert challenges(SOUND) == ()


@pytest.mark.parametrize(
    ("change", "doubt", "figure"),
    [
        ({"forecast_units": 500}, Doubt.TARGET_ABOVE_FORECAST, 2.0),
        ({"forecast_units": 2_000}, Doubt.TARGET_BELOW_FORECAST, 2.0),
        ({"order_units": 1_501}, Doubt.ORDER_ABOVE_TARGET, 1.501),
        ({"order_value": 18_000_001}, Doubt.ORDER_ABOVE_STOCK, 18_000_001 / 6_000_000),
        ({"last_sale_units": 100}, Doubt.ORDER_ABOVE_LAST_SALE, 4.0),
        ({"report_age": 8}, Doubt.REPORT_OLD, 8.0),
        ({"report_age": None}, Doubt.REPORT_NONE, 0.0),
        ({"days_to_opening": 51}, Doubt.OPENING_FAR, 51.0),
    ],
)
def test_each_doubt_alone(change: dict[str, int | None], doubt: Doubt, figure: float) -> None:
    (challenge,) = challenges(replace(SOUND, **change))
    assert (challenge.doubt, challenge.figure) == (doubt, figure)


def test_a_figure_at_its_limit_is_no_doubt_and_an_unknown_one_neither() -> None:
    assert challenges(replace(SOUND, order_units=1_500, last_sale_units=500, report_age=7)) == ()
    assert challenges(PlanFigures(report_age=1)) == ()


def test_an_order_without_a_target_is_beyond_every_limit() -> None:
    assert ratio(10, 0) == float("inf")
    assert ratio(0, 0) == ratio(None, 5) == ratio(5, None) == 0.0
    doubts = [one.doubt for one in challenges(replace(SOUND, target_units=0))]
    assert doubts == [Doubt.TARGET_BELOW_FORECAST, Doubt.ORDER_ABOVE_TARGET]


def test_a_new_shop_with_a_huge_order_is_doubted_from_every_side() -> None:
    """Advised to order goods for 56.89 million against a target of 5 million, half a year ahead, on a report
    that is 40 days old."""
    shop = replace(SOUND, order_units=11_000, order_value=5_689_000_000, report_age=40, days_to_opening=183)
    assert {one.doubt for one in challenges(shop)} == {
        Doubt.ORDER_ABOVE_TARGET,
        Doubt.ORDER_ABOVE_STOCK,
        Doubt.ORDER_ABOVE_LAST_SALE,
        Doubt.REPORT_OLD,
        Doubt.OPENING_FAR,
    }


def test_an_order_of_nothing_is_neither_too_early_nor_rests_on_an_old_report() -> None:
    early = replace(SOUND, report_age=None, days_to_opening=199, longest_lead=0)
    assert [one.doubt for one in challenges(early)] == [Doubt.REPORT_NONE, Doubt.OPENING_FAR]
    assert challenges(replace(early, order_units=0)) == ()
