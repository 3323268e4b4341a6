"""Heads on the readiness page: stacked bars by stage under the order curve, the rota, and what it all rests
on."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.clock import local_naive
from core.errors import ShopError
from core.readiness import staffing as service
from core.readiness.chat_question import ChatPlan
from core.readiness.shifts import Shift
from core.readiness.staffing import STAGES, Heads, Staffing
from core.versions import Version
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.feedback import refusals, refused
from pages.parts.components.text import number, number_short, percent, plain, t
from pages.parts.entry.context import Chosen, PageContext
from pages.parts.readiness import rota
from pages.parts.shell.empty import empty

HUES = {"pick": "#2458C5", "pack": "#B7791F", "weigh": "#737A86", "load": "#0F7B3E"}


def heads(page: PageContext) -> None:
    """The picture, the rota and the settings; without a plan, where to make one."""
    try:
        plan = service.heads(page.database, page.actor, page.campaign_id)
    except ShopError as error:
        if error.code == "readiness.no_plan":
            empty("readiness.no_plan", button="readiness.make_plan", page="plan")
            return
        refused(error)
        plan = None
    if plan is not None:
        _answer(plan, page.sale)
        rota.rota(plan, page.sale)
        _chat_note(plan)
        _chat_question(plan)
    if page.may("staffing.edit"):
        _settings(page)


def _answer(found: Heads, chosen: Chosen) -> None:
    rota = found.rota.groupby(["day", "shift"])["heads"].sum()
    new = found.rota.groupby(["day", "shift"])["new_hands"].sum()
    cards(
        Card(
            "readiness.orders",
            number_short(round(found.come["orders"].sum())),
            t("readiness.orders_unit"),
            help="readiness.orders_help",
        ),
        Card(
            "readiness.warehouse_peak",
            number(int(rota.max())),
            t("readiness.people"),
            help="readiness.warehouse_peak_help",
        ),
        Card(
            "readiness.new_hands",
            number(int(new.max())),
            t("readiness.people"),
            help="readiness.new_hands_help",
        ),
        Card(
            "readiness.chat_peak",
            number(int(found.chat_rota.groupby(["day", "shift"])["heads"].sum().max())),
            t("readiness.people"),
            help="readiness.chat_peak_help",
        ),
        Card(
            "readiness.person_hours",
            number_short(round(sum(found.person_hours.values()))),
            t("readiness.hours"),
            help="readiness.person_hours_help",
        ),
    )
    st.markdown(f"**{t('readiness.by_hour')}**")
    charts.draw(_hourly(found, chosen), _spec(), key="staffing_hours", alt=plain("readiness.by_hour_alt"))
    st.caption(t("readiness.by_hour_note", hours=found.settings.promise_hours))


def _hourly(found: Heads, chosen: Chosen) -> pd.DataFrame:
    """One frame for both layers: heads by hour and stage, and the orders of the hour; from the day before the
    opening on."""
    begins = local_naive(pd.Series([pd.Timestamp(chosen.opens_at)]), chosen.timezone).iloc[0] - pd.Timedelta(
        days=1
    )
    bars = found.hours[found.hours["heads"] > 0][["hour", "stage", "heads"]].assign(
        until=lambda rows: rows["hour"] + pd.Timedelta(hours=1)
    )
    frame = pd.concat([bars, found.come.assign(stage="")], ignore_index=True)
    late = frame[frame["hour"] >= begins]
    return late if len(late) else frame


def _spec() -> charts.Spec:
    """Stacked bars by stage under the curve of orders, each on its own axis."""
    words = {stage: plain(f"stage.{stage}") for stage in STAGES}
    named = " : ".join(f"datum.stage == '{stage}' ? '{word}'" for stage, word in words.items()) + " : ''"
    across = {
        "field": "hour",
        "type": "temporal",
        "title": None,
        "axis": {"format": "%m-%d %H:%M", "grid": False, "labelOverlap": True},
    }
    colour = {
        "field": "word",
        "type": "nominal",
        "legend": {"orient": "top", "title": None},
        "scale": {"domain": list(words.values()), "range": list(HUES.values())},
    }
    stacked = {
        "transform": [{"filter": "datum.stage != ''"}, {"calculate": named, "as": "word"}],
        "mark": {"type": "bar"},
        "encoding": {
            "x": across,
            "x2": {"field": "until"},
            "y": {
                "field": "heads",
                "type": "quantitative",
                "aggregate": "sum",
                "title": plain("readiness.people_present"),
            },
            "color": colour,
            "tooltip": [
                {"field": "hour", "type": "temporal", "title": "·", "format": "%m-%d %H:%M"},
                {"field": "word", "title": " "},
                {
                    "field": "heads",
                    "aggregate": "sum",
                    "format": ",.1f",
                    "title": plain("readiness.people_present"),
                },
            ],
        },
    }
    orders = {
        "transform": [{"filter": "datum.stage == ''"}],
        "mark": {"type": "line", "strokeWidth": 2, "color": charts.hue("red")},
        "encoding": {
            "x": across,
            "y": {"field": "orders", "type": "quantitative", "title": plain("readiness.orders_hour")},
        },
    }
    return {"height": 300, "layer": [stacked, orders], "resolve": {"scale": {"y": "independent"}}}


def _chat_note(found: Heads) -> None:
    worst = found.chat.sort_values("contacts").iloc[-1]
    st.caption(
        t(
            "readiness.chat_note",
            contacts=round(worst["contacts"]),
            time=worst["time"].strftime("%m-%d %H:%M"),
            agents=int(worst["agents"]),
            staff=int(worst["staff"]),
            level=f"{worst['service_level']:.0%}",
            wait=round(worst["answer_seconds"]),
        )
    )


def _chat_question(found: Heads) -> None:
    """A very large chat shift asks: what it costs, and what a short queue in the rush would save."""
    question, wage = found.chat_question, found.settings.chat_wage
    if question is None:
        return

    def said(plan: ChatPlan) -> str:
        """People, paid hours, and the money where an hour's cost is known."""
        cost = plain("readiness.chat_cost", fen=plan.cost(wage)) if wage else ""
        return plain("readiness.chat_plan", most=plan.most, hours=round(plan.hours), cost=cost)

    st.warning(
        t(
            "readiness.chat_question",
            plan=said(question.plan),
            cheaper=said(question.cheaper),
            seconds=round(question.goal.target_seconds),
            busy=percent(question.goal.occupancy),
        )
        + ("" if wage else f" {t('readiness.chat_wage_none')}"),
        icon=":material/help:",
    )


def _settings(page: PageContext) -> None:
    """The figures that the heads rest on, to correct."""
    own, version = service.settings(page.database, page.actor, page.campaign_id)
    with (
        st.expander(t("readiness.settings"), icon=":material/tune:"),
        st.form(f"staffing_settings_{version}"),
    ):
        left, right = st.columns(2)
        with left:
            st.markdown(f"**{t('readiness.warehouse')}**")
            wanted = _warehouse(own)
        with right:
            st.markdown(f"**{t('readiness.chat')}**")
            wanted = _chat(wanted)
            wanted = replace(
                wanted,
                shifts=_shifts("shifts", own.shifts, version),
                chat_shifts=_shifts("chat_shifts", own.chat_shifts, version),
            )
        if st.form_submit_button(t("common.save"), type="primary"):
            with refusals():
                service.change(
                    page.database, page.actor, Version(page.campaign_id, version), wanted, page.now
                )
                st.rerun()


def _warehouse(own: Staffing) -> Staffing:
    lines = st.number_input(t("readiness.lines_per_order"), 0.1, 100.0, own.lines_per_order, 0.1)
    rates = {
        stage: st.number_input(
            t("readiness.rate", stage=t(f"stage.{stage}")), 1.0, 10_000.0, own.rates[stage], 5.0
        )
        for stage in STAGES
    }
    permanent = {
        stage: int(
            st.number_input(
                t("readiness.permanent", stage=t(f"stage.{stage}")), 0, 10_000, own.permanent.get(stage, 0)
            )
        )
        for stage in STAGES
    }
    promise = int(
        st.number_input(
            t("readiness.promise_hours"), 4, 720, own.promise_hours, help=t("readiness.promise_help")
        )
    )
    utilisation = st.slider(t("readiness.utilisation"), 50, 100, round(own.utilisation * 100)) / 100
    shrinkage = (
        st.slider(
            t("readiness.shrinkage"), 0, 50, round(own.shrinkage * 100), help=t("readiness.shrinkage_help")
        )
        / 100
    )
    return replace(
        own,
        lines_per_order=lines,
        rates=rates,
        permanent=permanent,
        promise_hours=promise,
        utilisation=utilisation,
        shrinkage=shrinkage,
    )


def _chat(own: Staffing) -> Staffing:
    goal = own.goal
    contacts = st.number_input(
        t("readiness.contacts_per_order"),
        0.0,
        10.0,
        own.contacts_per_order,
        0.05,
        help=t("readiness.contacts_help"),
    )
    handling = st.number_input(t("readiness.handling_seconds"), 10.0, 3600.0, goal.handling_seconds, 10.0)
    at_once = st.number_input(
        t("readiness.concurrency"), 1.0, 20.0, goal.concurrency, 1.0, help=t("readiness.concurrency_help")
    )
    wait = st.number_input(t("readiness.target_seconds"), 0.0, 600.0, goal.target_seconds, 5.0)
    occupancy = (
        st.slider(
            t("readiness.occupancy"), 50, 100, round(goal.occupancy * 100), help=t("readiness.occupancy_help")
        )
        / 100
    )
    least = int(
        st.number_input(
            t("readiness.least_agents"), 0, 1000, own.least_agents, help=t("readiness.least_agents_help")
        )
    )
    level = st.slider(t("readiness.level"), 50, 99, round(goal.level * 100)) / 100
    shrinkage = st.slider(t("readiness.chat_shrinkage"), 0, 60, round(goal.shrinkage * 100)) / 100
    wanted = replace(
        goal,
        handling_seconds=handling,
        concurrency=at_once,
        target_seconds=wait,
        level=level,
        occupancy=occupancy,
        shrinkage=shrinkage,
    )
    wage = st.number_input(
        t("readiness.chat_wage"), 0.0, 1000.0, own.chat_wage / 100, 1.0, help=t("readiness.chat_wage_help")
    )
    return replace(
        own, contacts_per_order=contacts, least_agents=least, goal=wanted, chat_wage=round(wage * 100)
    )


def _shifts(name: str, own: tuple[Shift, ...], version: int) -> tuple[Shift, ...]:
    """The shifts of a day to change, add or take out; a row without its three cells is left out."""
    words = {rota.shift_name(shift.name): shift.name for shift in own}
    frame = pd.DataFrame(
        [(word, own[n].starts, own[n].hours) for n, word in enumerate(words)],
        columns=["name", "starts", "hours"],
    )
    edited = st.data_editor(
        frame.astype({"starts": float, "hours": float}),
        num_rows="dynamic",
        hide_index=True,
        key=f"staffing_{name}_{version}",
        column_config={
            "name": st.column_config.TextColumn(plain(f"readiness.{name}"), required=True),
            "starts": st.column_config.NumberColumn(
                plain("readiness.shift_starts"), min_value=0.0, max_value=23.5, step=0.5, required=True
            ),
            "hours": st.column_config.NumberColumn(
                plain("readiness.shift_length"), min_value=0.5, max_value=24.0, step=0.5, required=True
            ),
        },
    )
    rows = edited.dropna().drop_duplicates("name")
    return tuple(
        Shift(words.get(word, word), float(starts), float(hours))
        for word, starts, hours in zip(rows["name"].str.strip(), rows["starts"], rows["hours"], strict=True)
    )
