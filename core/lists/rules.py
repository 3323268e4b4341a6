"""Pure: what a list is, what its size can show, what it costs, and what it has brought."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.audience.rules import SEGMENTS
from core.errors import ShopError
from core.experiments.statistics.design import visible_conversion, visible_mean
from core.experiments.statistics.sample_ratio import smallest_loss

BEHAVIOURS = ("wished", "reserved", "missed", "shared", "second")
KINDS = (*BEHAVIOURS, *SEGMENTS)
WANTING = frozenset({"wished", "reserved", "missed"})  # kinds that know which goods somebody wanted
LEAST_PEOPLE = 20  # below it nothing is shown of anybody, and no control can be held back
APART, IN_PRICE = (
    "apart",
    "in_price",
)  # where a coupon is paid: beside the order, or in the amount paid already
CALLED, CONTROL = "called", "control"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list gives and how it is judged. Amounts in fen: `coupon` a person from `threshold` on, `contact` a
    person reached, `returned` an order of which something comes back. `coupon_from`: APART or IN_PRICE (must be said
    where there is a coupon). `control`: the share held back. `days`: how long purchases count after sending.
    `waited`: days since the first favourite or cart ("wished" alone). `most`: at most so many people, 0 = all."""

    control: float = 0.2
    coupon: int = 0
    threshold: int = 0
    coupon_from: str = ""
    contact: int = 5
    returned: int = 800
    days: int = 14
    waited: int = 7
    most: int = 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a list of that size can show and what it costs: the smallest rise of conversion (points of 1; None: not
    even to all) and of net fen a person that its control can show, the smallest share of an arm whose loss the
    sample-ratio check sees, fen `expected` of coupons and contacts and the `most` they can come to."""

    people: int
    control: int
    base: float
    rise: float | None
    money: float | None
    loss: float
    expected: int
    most: int

    @property
    def small(self) -> bool:
        """Whether only more than a doubling of what happens anyway could be seen."""
        return self.rise is None or self.rise > self.base


def require(plan: Plan) -> Plan:
    """The plan; ShopError("lists.plan", field=...) for what cannot be, "lists.coupon_from" where it was not said who
    pays the coupon."""
    faults = {
        "control": not 0.05 <= plan.control <= 0.5,
        "coupon": plan.coupon < 0,
        "threshold": plan.threshold < 0 or (plan.coupon > 0 and plan.threshold <= plan.coupon),
        "contact": plan.contact < 0,
        "returned": plan.returned < 0,
        "days": not 1 <= plan.days <= 90,
        "waited": not 1 <= plan.waited <= 180,
        "most": plan.most < 0,
    }
    for field, broken in faults.items():
        if broken:
            raise ShopError("lists.plan", field=field)
    if plan.coupon and plan.coupon_from not in (APART, IN_PRICE):
        raise ShopError("lists.coupon_from")
    return plan


def require_kind(kind: str) -> str:
    """The kind; ShopError("lists.kind")."""
    if kind not in KINDS:
        raise ShopError("lists.kind", kind=kind)
    return kind


def outlook(people: int, plan: Plan, base: float, deviation: float) -> Outlook:
    """What `people` can show. `base`: the share of people who buy within the plan's days anyway (0..1); `deviation`:
    of net fen a person."""
    control = round(people * plan.control)
    called = people - control
    likely = min(0.9, max(base, 0.001))
    cost = called * plan.contact
    return Outlook(
        people,
        control,
        base,
        visible_conversion(likely, (control, called)),
        visible_mean(deviation, (control, called)) if deviation > 0 else None,
        smallest_loss(people, [plan.control, 1 - plan.control]),
        cost + round(called * base * plan.coupon),
        cost + called * plan.coupon,
    )


def limited(people: pd.DataFrame, most: int) -> pd.DataFrame:
    """Those first of whom most is expected (`coming`, fen; missing for who never bought), then those worth most; at most so
    many. Ties by key, so that the same people come out each time."""
    ordered = people.sort_values(
        ["coming", "worth", "buyer_key"], ascending=[False, False, True], ignore_index=True
    )
    return ordered.head(most) if most else ordered


def charged(purchases: pd.DataFrame, called: pd.Series, plan: Plan) -> pd.DataFrame:
    """Purchases with what the list's orders have cost on top of what came back: adds `coupon` and `back` (fen) and
    raises `refunded` by them.

    `purchases`, one row an order: unit, order_id, at_ms, paid, refunded. `called`: bool by unit. A coupon is used
    once a person, by the first order that keeps its threshold; what is in the price already is no cost again.
    """
    ordered = purchases.sort_values(["unit", "at_ms", "order_id"], ignore_index=True)
    reaches = ordered["unit"].map(called).fillna(False).astype(bool) & (
        ordered["paid"] >= max(plan.threshold, 1)
    )
    first = reaches & ~ordered[reaches].duplicated("unit").reindex(ordered.index, fill_value=False)
    coupon = first.astype("int64") * plan.coupon
    back = (ordered["refunded"] > 0).astype("int64") * plan.returned
    extra = back + (coupon if plan.coupon_from == APART else 0)
    return ordered.assign(coupon=coupon, back=back, refunded=ordered["refunded"] + extra)
