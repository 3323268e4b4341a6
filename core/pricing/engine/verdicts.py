"""Verdicts on prices and rules: what may be published, what a second person must approve, what is refused;
each with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
import pandas as pd

from core.pricing.engine import cost_cards
from core.pricing.engine.promotions import WHOLE, Rule

RULE_ALARM = "rule_alarm"  # only the rule's own approval takes it away
REFUSING = frozenset({"above_list", "free", "loss", "unknown_part"})
MISSING_COST = frozenset({"no_cost", "part_cost"})


class Verdict(StrEnum):
    """What may become of a price."""

    PUBLISHABLE = "publishable"
    APPROVED = "approved"  # it needed a second person, and one has agreed
    NEEDS_APPROVAL = "needs_approval"
    REFUSED = "refused"
    NO_COST = "no_cost"  # the cost card is not full: nobody knows yet whether it is a good price
    UNPRICED = "unpriced"


READY = (Verdict.PUBLISHABLE, Verdict.APPROVED)  # what a price sheet may say
UNSAFE = (Verdict.NEEDS_APPROVAL, Verdict.REFUSED)  # judged, and not good enough
UNDECIDED = (Verdict.NO_COST, Verdict.UNPRICED)  # not judged: something is missing


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tier is held to, in basis points: the margin that needs no approval, and the margin below which
    nobody may go."""

    floor: int
    least: int


@dataclass(frozen=True, slots=True)
class Alarms:
    """When a figure looks like a slip of the hand, in basis points.

    A discount this many times the usual one, a price moved by this much, a reduction that is this large a
    part of its threshold.
    """

    discount_times: int = 30_000
    discount_from: int = 3_000  # smaller discounts are never a slip
    price_move: int = 3_000
    threshold_part: int = 5_000


TIER_LIMITS: Mapping[str, Limits] = {
    "pre_hot": Limits(1_000, 0),
    "main_push": Limits(1_500, 0),
    "regular": Limits(2_000, 0),
    "clearance": Limits(0, -3_000),
}


def sku_reasons(goods: pd.DataFrame, card: pd.DataFrame, alarms: Alarms) -> pd.Series:
    """Why a price is not simply publishable: a list of codes a SKU, empty when it is.

        `goods` (fen and basis points; Int64 where something may be missing): sale_price, list_price,
        landed_price, worst_landed_price, worst_receipts, known_cost (bool: of the product), full_cost_card
    (bool), rule_alarm (bool: a rule that applies waits for its own approval), floor, least, price_base
    (lowest deal price of the days before), usual_discount, previous_price (last one published), parts_price (what the parts of a bundle cost apart;
        missing where it is none), unknown_part (bool). `card`: the resolved cost cards, same index.
    """
    receipts = goods["worst_receipts"].fillna(0).to_numpy(np.int64)
    list_price = goods["list_price"].astype("float64")
    depth = (list_price - goods["landed_price"]) / list_price * WHOLE
    usual = goods["usual_discount"].astype("float64")
    move = (goods["sale_price"] / goods["previous_price"] - 1).astype("float64").abs() * WHOLE
    priced, known = goods["sale_price"].notna(), goods["known_cost"]
    least, floor = (
        cost_cards.reaches(card, receipts, goods[name].to_numpy(np.int64)) for name in ("least", "floor")
    )
    codes = {
        "no_price": ~priced,
        "no_cost": ~known,
        "part_cost": known & ~goods["full_cost_card"],
        "above_list": goods["sale_price"] > goods["list_price"],
        "free": goods["worst_landed_price"] <= 0,
        "loss": priced & known & ~least,
        "unknown_part": goods["unknown_part"],
        "below_floor": priced & known & least & ~floor,
        "above_price_base": goods["landed_price"] > goods["price_base"],
        "deep_discount": (depth >= alarms.discount_from) & (depth * WHOLE >= usual * alarms.discount_times),
        "large_move": move >= alarms.price_move,
        "bundle_below_parts": goods["landed_price"] < goods["parts_price"],
        RULE_ALARM: goods["rule_alarm"],
    }
    return reason_lists(
        pd.DataFrame(
            {code: wrong.fillna(False).astype(bool) for code, wrong in codes.items()}, index=goods.index
        )
    )


def reason_lists(flags: pd.DataFrame) -> pd.Series:
    """A frame of flags, one column a code, as one tuple of codes a row."""
    names = np.array(flags.columns, dtype=object)
    rows, columns = np.nonzero(flags.to_numpy())
    told, ends = names[columns].tolist(), np.searchsorted(rows, np.arange(len(flags)), side="right").tolist()
    return pd.Series([tuple(told[a:b]) for a, b in pairwise([0, *ends])], index=flags.index, dtype=object)


def verdict(reasons: pd.Series, approved: pd.Series) -> pd.Series:
    """The verdict by SKU: without a price there is none, refused reasons cannot be approved away, a card that
    is not full decides nothing, and what is left can be approved (`approved`: bool, an approval stands for
    these very inputs)."""
    refused = reasons.map(lambda codes: not REFUSING.isdisjoint(codes)).astype(bool)
    uncosted = reasons.map(lambda codes: not MISSING_COST.isdisjoint(codes)).astype(bool)
    unpriced = reasons.map(lambda codes: "no_price" in codes).astype(bool)
    waits = reasons.map(lambda codes: RULE_ALARM in codes).astype(bool)
    word = pd.Series(str(Verdict.NEEDS_APPROVAL), index=reasons.index, dtype="str")
    word = word.mask(approved & ~waits, str(Verdict.APPROVED))
    word = word.mask(reasons.map(len) == 0, str(Verdict.PUBLISHABLE)).mask(uncosted, str(Verdict.NO_COST))
    return word.mask(refused, str(Verdict.REFUSED)).mask(unpriced, str(Verdict.UNPRICED))


def rule_reasons(rule: Rule, usual_part: int | None, alarms: Alarms) -> tuple[str, ...]:
    """What looks like a slip in one rule: a reduction near its threshold (满200减200), 3 times the usual part,
    or a percentage over half.

    `usual_part`: the median of reduction / threshold of earlier rules, basis points, or None where there are
    none.
    """
    values = [rule.value, *rule.items.values()]
    percent = rule.kind in {"percent_off", "official_cut"}
    part = (
        max(values)
        if percent
        else max(values) * WHOLE // rule.threshold
        if rule.threshold and rule.kind in {"amount_off", "every_full"}
        else 0
    )
    reasons = {
        "near_threshold": not percent and part >= alarms.threshold_part,
        "percent_over_half": percent and part >= alarms.threshold_part,
        "part_above_usual": bool(usual_part) and part * WHOLE >= (usual_part or 0) * alarms.discount_times,
        "no_threshold": rule.kind == "amount_off" and rule.level == "order" and not rule.threshold,
        "no_cap": rule.kind == "percent_off" and rule.level == "order" and rule.cap is None,
    }
    return tuple(code for code, wrong in reasons.items() if wrong)


def usual_part(rules: Sequence[Rule]) -> int | None:
    """The median part of the threshold that earlier reductions took, basis points; None without any."""
    parts = [
        rule.value * WHOLE // rule.threshold
        for rule in rules
        if rule.threshold and rule.kind in {"amount_off", "every_full"}
    ]
    return int(np.median(parts)) if parts else None


def protection_liability(paid: pd.DataFrame, landed: pd.Series) -> pd.DataFrame:
    """What a cut would cost in price protection: `paid` has sku_code, unit_price (fen) and units still in the
    window, `landed` the new price by code. Returns sku_code, units, liability (fen): the sum of max(0, paid -
    new) x units."""
    gap = (paid["unit_price"] - paid["sku_code"].map(landed)).clip(lower=0).fillna(0).astype("int64")
    owed = paid.assign(liability=gap * paid["units"], units=paid["units"].where(gap > 0, 0))
    return owed.groupby("sku_code", as_index=False)[["units", "liability"]].sum()


def paid_alarms(paid: pd.DataFrame, expected: pd.DataFrame, low: int = 9_000) -> pd.DataFrame:
    """The live alarm: average paid price over expected landed price, worst first.

    `paid`: sku_code, units, paid_amount (fen); `expected`: sku_code, landed_price, worst_landed_price.
    Returns sku_code, units, average, landed_price, worst_landed_price, ratio (float) and alarm: "below_worst"
    (cheaper than any legal way), "low" (ratio under `low` basis points), "" otherwise.
    """
    frame = paid[paid["units"] > 0].merge(
        expected[["sku_code", "landed_price", "worst_landed_price"]], on="sku_code"
    )
    frame["average"] = frame["paid_amount"] // frame["units"]
    frame["ratio"] = frame["average"] / frame["landed_price"].where(frame["landed_price"] > 0)
    alarm = pd.Series("", index=frame.index, dtype="str").mask(frame["ratio"] * WHOLE < low, "low")
    frame["alarm"] = alarm.mask(frame["average"] < frame["worst_landed_price"], "below_worst")
    return frame.drop(columns="paid_amount").sort_values("ratio", ignore_index=True)
