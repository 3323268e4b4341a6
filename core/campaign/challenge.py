"""Target, forecast and order hold each other to account: which of them cannot all be right. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Doubt(StrEnum):
    """What does not fit."""

    TARGET_ABOVE_FORECAST = "target_above_forecast"
    TARGET_BELOW_FORECAST = "target_below_forecast"
    ORDER_ABOVE_TARGET = "order_above_target"
    ORDER_ABOVE_STOCK = "order_above_stock"
    ORDER_ABOVE_LAST_SALE = "order_above_last_sale"
    REPORT_OLD = "report_old"
    REPORT_NONE = "report_none"
    OPENING_FAR = "opening_far"


OF_AN_ORDER = (Doubt.REPORT_OLD, Doubt.REPORT_NONE, Doubt.OPENING_FAR)


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """What is held against each other; None where it is not known. Units: what the target needs, what is
    forecast, what is ordered, what the last sale sold. Money in fen: the order, the stock on hand, the target. Days: age
    of the newest report, to the opening, the longest lead time of the goods ordered."""

    target_units: int | None = None
    forecast_units: int | None = None
    order_units: int | None = None
    order_value: int | None = None
    stock_value: int | None = None
    last_sale_units: int | None = None
    report_age: int | None = None
    days_to_opening: int | None = None
    longest_lead: int | None = None
    target_gmv: int | None = None

    def without_costs(self) -> PlanFigures:
        """The figures without what only those who may see costs are shown."""
        return replace(self, order_value=None, stock_value=None)


@dataclass(frozen=True, slots=True)
class DoubtLimits:
    """Where doubt begins: ratios of the first to the second, days."""

    target_to_forecast: float = 1.5
    forecast_to_target: float = 1.5
    order_to_target: float = 1.5
    order_to_stock: float = 3.0
    order_to_last_sale: float = 3.0
    report_age: int = 7
    days_beyond_lead: int = 30


@dataclass(frozen=True, slots=True)
class Challenge:
    """One doubt: the figure (a ratio, or days) and the limit that it passes."""

    doubt: Doubt
    figure: float
    limit: float


def challenges(figures: PlanFigures, limits: DoubtLimits | None = None) -> tuple[Challenge, ...]:
    """The doubts about a plan and its order, in the order of `Doubt`. A figure that is not known raises no
    doubt, but the missing report does: an order that rests on none is a guess.

    Ratio: first / second, where the second is not 0; an order against a target of 0 units is one without end
    (infinity).
    """
    edge, f = limits or DoubtLimits(), figures
    ratios = (
        (Doubt.TARGET_ABOVE_FORECAST, f.target_units, f.forecast_units, edge.target_to_forecast),
        (Doubt.TARGET_BELOW_FORECAST, f.forecast_units, f.target_units, edge.forecast_to_target),
        (Doubt.ORDER_ABOVE_TARGET, f.order_units, f.target_units, edge.order_to_target),
        (Doubt.ORDER_ABOVE_STOCK, f.order_value, f.stock_value, edge.order_to_stock),
        (Doubt.ORDER_ABOVE_LAST_SALE, f.order_units, f.last_sale_units, edge.order_to_last_sale),
    )
    passed = [Challenge(doubt, ratio(first, second), limit) for doubt, first, second, limit in ratios]
    days = [
        Challenge(Doubt.REPORT_OLD, float(f.report_age or 0), float(edge.report_age)),
        Challenge(
            Doubt.OPENING_FAR,
            float(f.days_to_opening or 0),
            float((f.longest_lead or 0) + edge.days_beyond_lead),
        ),
    ]
    doubts = [one for one in (*passed, *days) if one.figure > one.limit]
    if f.report_age is None:
        doubts.append(Challenge(Doubt.REPORT_NONE, 0.0, 0.0))
    if f.order_units == 0:  # nothing is ordered: it comes neither too early nor rests on anything
        doubts = [one for one in doubts if one.doubt not in OF_AN_ORDER]
    return tuple(sorted(doubts, key=lambda one: list(Doubt).index(one.doubt)))


def ratio(first: int | None, second: int | None) -> float:
    """First / second; 0 where either is unknown or the first is 0, infinity over nothing."""
    if not first or second is None:
        return 0.0
    return first / second if second > 0 else float("inf")
