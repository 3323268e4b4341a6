"""The live page's cards: the race against plan and target, then what stands behind it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.live.rehearsal.rehearsal import LAST
from core.live.snapshot.snapshot import Picture
from pages.parts.components.cards import Card, cards
from pages.parts.components.text import money, money_short, number_short, percent, plain, points, t, time


def over(seen: Picture) -> bool:
    """Whether the sale had closed: what was a forecast is the result."""
    return seen.at >= seen.scope.ends_at - LAST


def answer(picture: Picture, *, low: bool = False) -> None:
    """Two rows of cards: the race, then what stands behind it; one low strip before the opening, when all of them wait,
    and where the reader works on something else (`low`)."""
    waits = picture.at < picture.scope.starts_at
    race = (
        _paid(picture),
        _close(picture),
        Card(
            "live.needed",
            times(picture.needed_rate),
            help="live.needed_help",
            against=plain("live.needed_no_pace")
            if picture.speed is None or over(picture)
            else plain("live.needed_against", now=times(picture.speed)),
        ),
        Card(
            "live.net",
            money_short(picture.net),
            help="live.net_help",
            against=""
            if picture.expected_net is None
            else plain("live.expected_net_is", amount=money_short(picture.expected_net)),
        ),
        Card("live.placed", money_short(picture.placed), help="live.placed_help"),
    )
    behind = (*_people(picture), *_orders(picture))
    if waits or low:
        cards(*race, *behind, strip=True)
        return
    cards(*race)
    st.caption(_outlook(picture))
    cards(*behind)


def _paid(seen: Picture) -> Card:
    """What has been paid, against the plan of this minute."""
    target, gap = seen.scope.target, None if seen.pace is None else seen.pace - 1
    return _measured(
        Card(
            "live.paid",
            money_short(seen.paid),
            against=plain("live.against_plan", planned=money_short(seen.planned)) if target else "",
            help="live.paid_help",
        ),
        gap,
        "" if gap is None else percent(gap, sign=True),
    )


def _close(seen: Picture) -> Card:
    """The forecast of the close, afterwards the result, against the target."""
    name, close, target = "final" if over(seen) else "forecast", seen.forecast.close, seen.scope.target
    known = close is not None and target > 0
    share = close / target if close is not None and target else 0.0
    return _measured(
        Card(
            f"live.{name}",
            "—" if close is None else money_short(close),
            against=plain("live.of_target", share=percent(share)) if known else "",
            help=f"live.{name}_help",
        ),
        share - 1 if known else None,
        percent(share - 1, sign=True) if known else "",
    )


def _measured(card: Card, gap: float | None, said: str) -> Card:
    """The card with its distance from the plan: behind is bad, ahead is good, in every language."""
    return replace(card, change=gap, change_text=said, good=None if gap is None else gap >= 0)


def _people(seen: Picture) -> tuple[Card, ...]:
    """Visitors, and how many of them buy for how much, against the plan."""
    conversion, aov = _gap(seen.conversion_rate, seen.scope.conversion_rate), _gap(seen.aov, seen.scope.aov)
    return (
        Card(
            "live.visitors",
            number_short(seen.visitors),
            against=_by_now(seen.scope.visitors * seen.share),
            help="live.visitors_help",
        ),
        _measured(
            Card(
                "live.conversion",
                "—" if seen.conversion_rate is None else percent(seen.conversion_rate, 2),
                help="live.conversion_help",
            ),
            conversion,
            "" if conversion is None else points(conversion),
        ),
        _measured(
            Card("live.aov", "—" if seen.aov is None else money(seen.aov), help="live.aov_help"),
            aov,
            "" if aov is None else money(round(aov), sign=True),
        ),
    )


def _orders(seen: Picture) -> tuple[Card, ...]:
    """What comes back, what is bought together, and whether prices are paid as planned."""
    return (
        Card(
            "live.refunded",
            money_short(seen.refunded),
            help="live.refunded_help",
            against=percent(seen.refunded / seen.paid) if seen.paid else "",
        ),
        Card(
            "live.attach",
            "—" if seen.attach_rate is None else percent(seen.attach_rate),
            help="live.attach_help",
            age=plain("live.minute_old"),
        ),
        Card(
            "live.price_ratio",
            "—" if seen.price_ratio is None else percent(seen.price_ratio),
            help="live.price_ratio_help",
            alarm=seen.price_ratio is not None and seen.price_ratio < 0.9,
        ),
    )


def times(rate: float | None) -> str:
    """How many times the planned rate; beyond ten times nobody counts any more."""
    if rate is None:
        return "—"
    return f"{rate:.2f}×" if rate <= 10 else ">10×"


def _outlook(seen: Picture) -> str:
    """How sure the forecast is, in one line."""
    if over(seen):
        return t("live.final_note", at=time(seen.scope.ends_at, seen.scope.timezone))
    outlook = seen.forecast
    days = outlook.days or seen.scope.curve.days  # one past day makes a curve, two make an interval
    behind = t("live.days_behind", n=days) if days else t("live.no_days")
    if not outlook.close:
        return behind
    if outlook.low is None or outlook.high is None:
        return f"{t('live.no_range')} · {behind}"
    return f"{t('live.range', low=money_short(outlook.low), high=money_short(outlook.high))} · {behind}"


def _gap(actual: float | None, planned: float) -> float | None:
    return None if actual is None or not planned else actual - planned


def _by_now(planned: float) -> str:
    return plain("live.against_plan", planned=number_short(round(planned))) if planned else ""
