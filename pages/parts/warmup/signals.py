"""What the warm-up page is made of: the answer, signals as small multiples, the opening hour;
other tabs live in their own files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from core.clock import business_day
from core.live.snapshot import channels
from core.sheets import writer
from core.warmup import service, settings, signals
from core.warmup.service import Demand, Heat
from core.warmup.settings import TARGETS
from core.warmup.sheet import WARMUP
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import refusals
from pages.parts.components.tables import table
from pages.parts.components.tabs import at_first, tabbed
from pages.parts.components.text import known, language, number_short, percent, plain, t, time
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty
from pages.parts.upload.flow import upload
from pages.parts.upload.history import history
from pages.parts.warmup import flash_sale, presale, recall, storefront
from pages.parts.warmup.funnel import funnel

LINES = (
    charts.Series("actual", "warmup.actual", "red"),
    charts.Series("planned", "warmup.planned", "gray", dashed=True),
)
DEMAND = (
    Column("sku_code", "warmup.sku_code", "code"),
    Column("sku_name", "warmup.name", pinned=True, width="medium"),
    Column("reserved", "warmup.reserved", "integer"),
    Column("seen", "warmup.seen", "integer", help="warmup.seen_help", shown=False),
    Column("returned", "warmup.returned", "integer", help="warmup.returned_help"),
    Column("reflow", "warmup.reflow", "percent", help="warmup.reflow_help"),
    Column("mean", "warmup.mean", "integer", help="warmup.mean_help"),
    Column("low", "warmup.low", "integer"),
    Column("high", "warmup.high", "integer"),
)


def standing(heat: Heat, now: datetime) -> str:
    """When the next phase begins."""
    following = heat.campaign.next_phase(now)
    if following is None:
        return ""
    return t(
        "warmup.next_phase",
        phase=plain(f"phase.{following.kind}"),
        at=time(following.starts_at, heat.campaign.timezone),
    )


def answer(heat: Heat, demand: Demand, now: datetime, *, strip: bool = False) -> None:
    """The index, three figures against their plan to date, and the opening hour."""
    index = "—" if heat.index is None else percent(heat.index)
    whole = demand.whole.iloc[0] if len(demand.whole) else None
    expected = "—" if whole is None else number_short(round(float(whole["mean"])))
    band = (
        ""
        if whole is None
        else t("warmup.band", low=round(float(whole["low"])), high=round(float(whole["high"])))
    )
    under = heat.index is not None and heat.index < 0.9
    cards(
        Card(
            "warmup.index",
            index,
            against=t("warmup.of_plan" if heat.index is not None else "overview.warmth_none"),
            alarm=under,
            help="warmup.index_help",
        ),
        *(_figure(heat, name, now) for name in ("add_to_cart", "reservations", "deposits")),
        Card(
            "warmup.opening_demand",
            expected,
            t("warmup.units"),
            against=band,
            help="warmup.opening_demand_help",
        ),
        strip=strip,
    )


def _figure(heat: Heat, name: str, now: datetime) -> Card:
    """One figure's running sum against the plan up to yesterday."""
    rows = heat.rows[heat.rows["figure"] == name]
    actual = int(rows["actual"].fillna(0).sum())
    past = rows[rows["day"] < business_day(now, heat.campaign.timezone)]
    due = int(past["planned"].sum())
    done = int(past["actual"].fillna(0).sum())
    gap = done / due - 1 if due else None
    said = t("warmup.against_plan", change=percent(gap, 0, sign=True)) if gap is not None else ""
    total = heat.targets.get(name, 0)
    return Card(
        f"figure.{name}",
        number_short(actual),
        change=gap,
        change_text=said,
        good=None if gap is None else gap >= 0,
        against=t("warmup.of_target", total=number_short(total)) if total else "",
        help=f"figure.{name}_help",
    )


def tabs(page: PageContext, heat: Heat, demand: Demand) -> None:
    """The answer, in one strip above every tab but the first, and the tabs that the role may use; only the open one is
    drawn."""
    offered: dict[str, tuple[bool, Callable[[], None]]] = {
        "signals": (True, lambda: heat_tab(page, heat)),
        "funnel": (True, lambda: funnel(page)),
        "opening": (True, lambda: opening(page)),
        "schedule": (True, lambda: flash_sale.schedule(page)),
        "sessions": (True, lambda: flash_sale.sessions(page)),
        "presale": (True, lambda: presale.presale(page)),
        "labels": (True, lambda: storefront.labels(page)),
        "banners": (True, lambda: storefront.banners(page)),
        "customers": (page.may("orders.view"), lambda: recall.recall(page)),
        "imports": (page.may("import.view"), lambda: history(page, (WARMUP,), key="warmup_imports")),
    }
    drawn = {name: (t(f"warmup.tab_{name}"), draw) for name, (may, draw) in offered.items() if may}
    answer(heat, demand, page.now, strip=not at_first("warmup_tab", drawn))
    tabbed("warmup_tab", drawn)


def heat_tab(page: PageContext, heat: Heat) -> None:
    """Small multiples of each figure against its plan curve, then every figure, then the way in for reports; where
    nothing is reported yet, the way in is first."""
    reported = set(heat.rows.loc[heat.rows["reported"], "figure"])
    figures = [name for name in TARGETS if name in reported or heat.targets.get(name)]
    if not figures:
        empty("warmup.no_signals")
    if not heat.known:
        _reports(page, heat)
    if figures:
        with st.grid(len(figures), min_column_width=170):
            for name in figures:
                _multiple(heat, name, page.now)
    if heat.known:
        _figures(page, heat)
        _reports(page, heat)


def _reports(page: PageContext, heat: Heat) -> None:
    """The way in for reports, and what the sale needs."""
    if page.may("warmup.import"):
        with st.expander(t("warmup.upload"), icon=":material/upload_file:"):
            st.caption(t("warmup.upload_note"))
            download(
                Button(t("common.sample")),
                File("warmup.xlsx"),
                lambda _page: writer.template(WARMUP.spec, language()),
            )
            upload(page, WARMUP, key="warmup_upload")
    if page.may("warmup.edit"):
        _targets(page, heat)


def _multiple(heat: Heat, name: str, now: datetime) -> None:
    rows = heat.rows[heat.rows["figure"] == name]
    at = pd.to_datetime(rows["day"])
    today = pd.Timestamp(business_day(now, heat.campaign.timezone))
    said = rows["actual_sum"].where(rows["actual"].notna()).astype("Float64").astype(float)
    parts = [pd.DataFrame({"day": at, "count": said, "series": "actual"})]
    if heat.targets.get(name):
        parts.append(
            pd.DataFrame({"day": at, "count": rows["planned_sum"].astype(float), "series": "planned"})
        )
    frame = pd.concat(
        [*parts, pd.DataFrame({"day": [today], "count": [float("nan")], "series": ["now"]})],
        ignore_index=True,
    )
    with st.container(border=True):
        st.markdown(f"**{t(f'figure.{name}')}**")
        spec = charts.Lines(
            "day", "count", LINES, y_title=f"figure.{name}", titled=False, clock="%m-%d", height=110
        ).spec()
        charts.draw(
            frame,
            spec,
            key=f"warmup_{name}",
            alt=plain("warmup.multiple_alt", figure=plain(f"figure.{name}")),
        )


def _figures(page: PageContext, heat: Heat) -> None:
    """Every signal in numbers: day by day, by channel, by SKU; what belongs to no SKU (invites, coin tasks,
    the venue) by day."""
    by = st.segmented_control(
        t("warmup.by"),
        list(SPLITS),
        default="day",
        required=True,
        key="warmup_by",
        label_visibility="collapsed",
        format_func=lambda code: plain(f"warmup.by_{code}"),
    )
    steps = (
        channels.steps(
            page.database,
            page.actor,
            page.campaign_id,
            *signals.span(heat.campaign, signals.warm_days(heat.campaign)),
        )
        if by == "channel"
        else None
    )
    frame = signals.table(page.database, page.actor, page.campaign_id, by, steps)
    if frame.empty:
        empty("warmup.no_figures")
        return
    if by == "channel":
        frame = frame.assign(channel=frame["channel"].map(_channel))
    if by == "day":
        frame = frame.sort_values("day", ascending=False)
    known_ones = [name for name in signals.SIGNALS if frame[name].notna().any()]
    rate = (
        (Column("invite_rate", "warmup.invite_rate", "percent", help="warmup.invite_rate_help"),)
        if "invites_sent" in known_ones
        else ()
    )
    columns = (*SPLITS[by], *(Column(name, f"figure.{name}", "integer") for name in known_ones), *rate)
    table(
        frame.set_index(by, drop=False),
        columns,
        key=f"warmup_figures_{by}",
        search=tuple(c.name for c in SPLITS[by]),
        export=f"signals_{by}",
    )
    st.caption(t("warmup.figures_note"))


SPLITS: dict[signals.Split, tuple[Column, ...]] = {
    "day": (Column("day", "warmup.day", "day", pinned=True),),
    "channel": (Column("channel", "warmup.channel", pinned=True),),
    "sku_code": (
        Column("sku_code", "warmup.sku_code", "code"),
        Column("sku_name", "warmup.name", pinned=True, width="medium"),
    ),
}


def _channel(code: str) -> str:
    if not code:
        return plain("warmup.no_channel")
    return plain(f"channel.{code}") if known(f"channel.{code}") else code


def _targets(page: PageContext, heat: Heat) -> None:
    """How many of each figure the sale needs before it opens."""
    with (
        st.expander(t("warmup.targets"), icon=":material/flag:", expanded=not heat.targets),
        st.form("warmup_targets"),
    ):
        st.caption(t("warmup.targets_note"))
        with st.grid(len(TARGETS), min_column_width=130):
            totals = {
                name: int(
                    st.number_input(t(f"figure.{name}"), 0, 10**9, heat.targets.get(name, 0), step=1000)
                )
                for name in TARGETS
            }
        if st.form_submit_button(t("common.save"), type="primary"):
            with refusals():
                settings.set_targets(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    {name: total for name, total in totals.items() if total},
                    page.now,
                )
                st.rerun()


def opening(page: PageContext) -> None:
    """The opening hour by SKU with its band, and what is believed before anything is seen."""
    demand = service.opening_demand(page.database, page.actor, page.campaign_id)
    if demand.rows.empty:
        empty("warmup.no_reservations")
    else:
        units = demand.rows[["mean", "low", "high"]].round().astype("int64")
        table(
            demand.rows.assign(**units).set_index("sku_code", drop=False),
            DEMAND,
            key="warmup_demand",
            search=("sku_code", "sku_name"),
            export="opening_demand",
        )
        st.caption(t("warmup.demand_note"))
    if page.may("warmup.edit"):
        _prior(page)


def _prior(page: PageContext) -> None:
    _, prior, _ = settings.beliefs(page.database, page.actor, page.campaign_id)
    with st.expander(t("warmup.prior"), icon=":material/tune:"), st.form("warmup_prior"):
        with st.grid(4, min_column_width=160):
            reflow = st.number_input(t("warmup.prior_reflow"), 1.0, 99.0, prior.reflow * 100, 1.0) / 100
            conversion = (
                st.number_input(t("warmup.prior_conversion"), 1.0, 99.0, prior.conversion * 100, 1.0) / 100
            )
            units = st.number_input(t("warmup.prior_units"), 0.1, 100.0, prior.units, 0.1)
            weight = st.number_input(
                t("warmup.prior_weight"),
                1.0,
                100_000.0,
                prior.weight,
                10.0,
                help=t("warmup.prior_weight_help"),
            )
        if st.form_submit_button(t("common.save"), type="primary"):
            wanted = replace(prior, reflow=reflow, conversion=conversion, units=units, weight=weight)
            settings.set_prior(page.database, page.actor, page.campaign_id, wanted, page.now)
            st.rerun()
