"""The design of a new test: what it needs, how long that takes, and what it can still decide before the opening."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from core.clock import business_day, day_start
from core.errors import ShopError
from core.experiments import designs as service
from core.experiments import hypotheses, ideas
from core.experiments.assignment import Arm
from core.experiments.designs import Outlook
from core.experiments.factors import METRICS
from core.experiments.statistics.verdict import GUARDS
from core.experiments.trial import PERSONS_ALONE, SOURCES, Design
from pages.parts.components.cards import Card, cards
from pages.parts.components.feedback import attempt, refused
from pages.parts.components.text import number_short, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.experiments.figures import change, worth

USUAL = {"conversion_rate": (5.0, 0.5), "visitor_value": (10.0, 1.0), "aov": (200.0, 10.0)}
BORNE = {"refunds": 2.0, "margin": 0.5, "stock": 10.0}  # points, yuan a person, percent of the units needed


def new_test(page: PageContext) -> None:
    """The form, its outlook at each change, and the button."""
    with st.expander(t("experiments.new_test"), icon=":material/science:"):
        design, daily = _boxes(page)
        outlook: Outlook | None = None
        try:
            outlook = service.outlook(
                page.database, page.actor, page.campaign_id, service.Draft(design, daily), page.now
            )
        except ShopError as error:
            if design.name:
                refused(error)
        if outlook is not None:
            show(outlook, design)
        if st.button(t("experiments.create_test"), type="primary", key="test_create"):
            attempt(
                lambda: service.create(page.database, page.actor, page.campaign_id, design, page.now),
                t("experiments.created_test"),
            )


@dataclass(frozen=True, slots=True)
class Aim:
    """What a test measures: the metric, where it stands, the least change that matters and the spread, as typed (per
    cent, or yuan for amounts a person)."""

    metric: str
    base: float
    least: float
    deviation: float

    @property
    def scale(self) -> float:
        """From what is typed to core's units: fen, or a share."""
        return 100.0 if self.metric in PERSONS_ALONE else 0.01


def _boxes(page: PageContext) -> tuple[Design, float]:
    """The design as it is filled in, and how many visitors come a day."""
    left, middle, right = st.columns(3)
    with left:
        name = st.text_input(t("experiments.test"), key="test_name")
        hypothesis, idea = _origin(page)
        source, own = _source()
        arms = st.text_input(t("experiments.arms"), "control=1 b=1", help=t("experiments.arms_help"))
    with middle:
        aim = _aim(source)
        guards = _guards()
    with right:
        starts, ends = _days(page)
        traffic = st.slider(t("experiments.traffic"), 1, 100, 100, format="%d%%")
        usual = service.usual_visitors(page.database, page.actor)
        daily = st.number_input(
            t("experiments.daily"), 1, None, max(1, usual), help=t("experiments.daily_help")
        )
    zone = page.sale.timezone
    design = Design(
        name,
        source,
        _arms(arms),
        aim.metric,
        aim.base * aim.scale,
        aim.least * aim.scale,
        day_start(starts, zone),
        day_start(ends + timedelta(days=1), zone) if ends else None,
        aim.deviation * 100,
        traffic / 100,
        own,
        guards,
        hypothesis,
        idea,
    )
    return design, float(daily)


def _source() -> tuple[str, bool]:
    """Where the results come from, and whether the arms are split here."""
    source = st.selectbox(
        t("experiments.source"),
        SOURCES,
        index=2,
        format_func=lambda code: plain(f"test_source.{code}"),
        help=t("experiments.source_help"),
    )
    own = source != "counts" and st.toggle(
        t("experiments.own_split"), True, help=t("experiments.own_split_help"), disabled=source == "orders"
    )
    return source, bool(own) or source == "orders"


def _aim(source: str) -> Aim:
    """The metric with its figures; a workbook of counts knows no amounts a person."""
    metrics = METRICS if source != "counts" else tuple(m for m in METRICS if m not in PERSONS_ALONE)
    metric = st.selectbox(t("experiments.metric"), metrics, format_func=lambda code: plain(f"metric.{code}"))
    usual_base, usual_least = USUAL[metric]
    amounts = metric in PERSONS_ALONE
    unit = t("experiments.in_yuan" if amounts else "experiments.in_percent")
    base = st.number_input(f"{t('experiments.base')} ({unit})", 0.0, None, usual_base, key=f"base_{metric}")
    least = st.number_input(
        f"{t('experiments.minimum')} ({unit})",
        0.0,
        None,
        usual_least,
        key=f"least_{metric}",
        help=t("experiments.minimum_help"),
    )
    if not amounts:
        return Aim(metric, base, least, 0.0)
    spread = st.number_input(
        t("experiments.deviation"), 0.0, None, base * 1.5, help=t("experiments.deviation_help")
    )
    return Aim(metric, base, least, spread)


def _origin(page: PageContext) -> tuple[str, str]:
    """The hypothesis and the idea that the test is for."""
    posed = hypotheses.tried(page.database, page.actor, page.campaign_id, page.now).hypotheses
    titles = dict(zip(posed["hypothesis_id"], posed["title"], strict=True))
    hypothesis = st.selectbox(
        t("experiments.hypothesis"), ["", *titles], format_func=lambda key: titles.get(key, "—")
    )
    backlog = ideas.backlog(page.database, page.actor).ideas
    waiting = backlog[backlog["state"] == "open"] if len(backlog) else backlog
    names = dict(zip(waiting.index, waiting["title"], strict=True)) if len(waiting) else {}
    idea = st.selectbox(t("experiments.from_idea"), ["", *names], format_func=lambda key: names.get(key, "—"))
    return str(hypothesis or ""), str(idea or "")


def _guards() -> dict[str, float]:
    wanted = st.pills(
        t("experiments.guards"),
        GUARDS,
        selection_mode="multi",
        format_func=lambda code: plain(f"guard.{code}"),
        help=t("experiments.guards_help"),
    )
    borne = {name: st.number_input(t(f"guard.{name}_borne"), 0.0, None, BORNE[name]) for name in wanted}
    return {name: value * (100 if name == "margin" else 0.01) for name, value in borne.items()}


def _days(page: PageContext) -> tuple[date, date | None]:
    today = business_day(page.now, page.sale.timezone)
    starts = st.date_input(t("experiments.starts"), today)
    known = st.toggle(t("experiments.end_known"), True, help=t("experiments.end_known_help"))
    ends = st.date_input(t("experiments.ends"), today + timedelta(days=13)) if known else None
    return starts, ends


def _arms(text: str) -> tuple[Arm, ...]:
    """`control=1 b=1` as arms; what is no number is a share of 0, which is refused."""
    parts = [part.partition("=") for part in text.replace(",", " ").replace("，", " ").split()]
    return tuple(Arm(code, int(share) if share.isdecimal() else 0) for code, _, share in parts)


def show(outlook: Outlook, design: Design) -> None:
    """People needed, days, what can be decided by the end and before the opening, and what that is worth."""
    days = outlook.by_end.days_needed
    before = outlook.by_opening
    cards(
        Card(
            "experiments.needed",
            number_short(outlook.needed),
            t("experiments.persons"),
            help="experiments.needed_help",
        ),
        Card(
            "experiments.days_needed",
            "—" if days is None else str(days),
            t("experiments.days"),
            alarm=days is None,
            against=plain("experiments.not_by_end") if days is None else "",
        ),
        Card(
            "experiments.decides_before",
            "—"
            if before is None or before.smallest_effect is None
            else change(design.metric, before.smallest_effect),
            against=plain("experiments.smallest_loss", loss=percent(before.smallest_loss)) if before else "",
            help="experiments.decides_before_help",
        ),
        Card("experiments.minimum_worth", worth(outlook.worth), help="experiments.worth_help"),
    )
