"""Heads on the readiness page: stacked bars by stage under the order curve, the rota to print, the chat by half hour, and what
it all rests on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.database import Database
from core.errors import ShopError
from core.readiness import staffing as service
from core.readiness.staffing import STAGES, Heads, Staffing
from core.sheets.writer import export
from pages.parts import charts
from pages.parts.cards import Card, cards
from pages.parts.columns import Column
from pages.parts.empty import empty
from pages.parts.picker import Chosen
from pages.parts.tables import XLSX, draw
from pages.parts.text import error_text, language, number, number_short, plain, t

HUES = {"pick": "#2458C5", "pack": "#B7791F", "weigh": "#737A86", "load": "#0F7B3E"}
ROTA = (
    Column("day", "readiness.day", "day", pinned=True),
    Column("shift_name", "readiness.shift", pinned=True),
    *(Column(stage, f"stage.{stage}", "integer") for stage in STAGES),
    Column("chat", "readiness.chat", "integer"),
    Column("new_hands", "readiness.new_hands", "integer", help="readiness.new_hands_help"),
    Column("heads", "readiness.heads", "integer"),
)


def heads(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """The picture, the rota and the settings; without a plan, where to make one."""
    try:
        found = service.heads(db, user, chosen.campaign_id)
    except ShopError as error:
        if error.code == "readiness.no_plan":
            empty("readiness.no_plan", button="readiness.make_plan", page="plan")
            return
        st.error(error_text(error))
        found = None
    if found is not None:
        _answer(found)
        _rota(found)
    if allowed(user, "staffing.edit"):
        _settings(db, user, chosen, now)


def _answer(found: Heads) -> None:
    rota = found.rota.groupby(["day", "shift"])["heads"].sum()
    new = found.rota.groupby(["day", "shift"])["new_hands"].sum()
    cards(
        Card("readiness.orders", number_short(round(found.come["orders"].sum())), t("readiness.orders_unit"), help="readiness.orders_help"),
        Card("readiness.warehouse_peak", number(int(rota.max())), t("readiness.people"), help="readiness.warehouse_peak_help"),
        Card("readiness.new_hands", number(int(new.max())), t("readiness.people"), help="readiness.new_hands_help"),
        Card("readiness.chat_peak", number(int(found.chat_rota.groupby(["day", "shift"])["heads"].sum().max())), t("readiness.people"), help="readiness.chat_peak_help"),
        Card("readiness.person_hours", number_short(round(sum(found.person_hours.values()))), t("readiness.hours"), help="readiness.person_hours_help"),
    )  # fmt: skip
    st.markdown(f"**{t('readiness.by_hour')}**")
    charts.draw(_hourly(found), _spec(), key="staffing_hours", alt=plain("readiness.by_hour_alt"))
    st.caption(t("readiness.by_hour_note", hours=found.settings.promise_hours))


def _hourly(found: Heads) -> pd.DataFrame:
    """One frame for both layers: heads by hour and stage, and the orders of the hour."""
    bars = found.hours[found.hours["heads"] > 0][["hour", "stage", "heads"]]
    return pd.concat([bars, found.come.assign(stage="")], ignore_index=True)


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
        "mark": {"type": "bar", "width": {"band": 0.9}},
        "encoding": {
            "x": across | {"timeUnit": "yearmonthdatehours"},
            "y": {"field": "heads", "type": "quantitative", "aggregate": "sum", "title": plain("readiness.people_present")},
            "color": colour,
            "tooltip": [
                {"field": "hour", "type": "temporal", "title": "·", "format": "%m-%d %H:%M"},
                {"field": "word", "title": " "},
                {"field": "heads", "aggregate": "sum", "format": ",.1f", "title": plain("readiness.people_present")},
            ],
        },
    }  # fmt: skip
    orders = {
        "transform": [{"filter": "datum.stage == ''"}],
        "mark": {"type": "line", "strokeWidth": 2, "color": charts.hue("red")},
        "encoding": {"x": across, "y": {"field": "orders", "type": "quantitative", "title": plain("readiness.orders_hour")}},
    }
    return {"height": 300, "layer": [stacked, orders], "resolve": {"scale": {"y": "independent"}}}


def rota_table(found: Heads) -> pd.DataFrame:
    """The rota as people read it: a row a day and shift, a column a stage, chat, new hands, and all together."""
    wide = found.rota.pivot_table(index=["day", "shift"], columns="stage", values="heads", aggfunc="sum", fill_value=0)
    chat = found.chat_rota.groupby(["day", "shift"])["heads"].sum().rename("chat")
    new = found.rota.groupby(["day", "shift"])["new_hands"].sum()
    joined = wide.reindex(columns=list(STAGES), fill_value=0).join([chat, new], how="outer").fillna(0).astype("int64")
    joined = (
        joined.assign(heads=joined[[*STAGES, "chat"]].sum(axis=1)).reset_index().sort_values(["day", "shift"], ignore_index=True)
    )
    return joined.assign(shift_name=joined["shift"].map(_shift))


def _shift(name: str) -> str:
    key = f"shift.{name}"
    words = plain(key)
    return name if words == key else words


def _rota(found: Heads) -> None:
    frame = rota_table(found)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t('readiness.rota')}**")
        formats = {"day": "day", "shift_name": "text"}
        titles = [(column.name, column.heading(), formats.get(column.name, "integer")) for column in ROTA]
        made = partial(export, frame.assign(day=pd.to_datetime(frame["day"])), titles, plain("readiness.rota"), language())
        st.download_button(
            t("readiness.download_rota"),
            made,
            file_name="rota.xlsx",
            mime=XLSX,
            on_click="ignore",
            icon=":material/print:",
            help=t("readiness.download_rota_help"),
        )
    draw(frame, list(ROTA), key="staffing_rota", pick=False, height=420)
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


def _settings(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """The figures that the heads rest on, to correct."""
    own, version = service.settings(db, user, chosen.campaign_id)
    with st.expander(t("readiness.settings"), icon=":material/tune:"), st.form(f"staffing_settings_{version}"):
        left, right = st.columns(2)
        with left:
            st.markdown(f"**{t('readiness.warehouse')}**")
            wanted = _warehouse(own)
        with right:
            st.markdown(f"**{t('readiness.chat')}**")
            wanted = _chat(wanted)
        if st.form_submit_button(t("common.save"), type="primary"):
            try:
                service.change(db, user, chosen.campaign_id, wanted, version, now)
                st.rerun()
            except ShopError as error:
                st.error(error_text(error))


def _warehouse(own: Staffing) -> Staffing:
    lines = st.number_input(t("readiness.lines_per_order"), 0.1, 100.0, own.lines_per_order, 0.1)
    rates = {
        stage: st.number_input(t("readiness.rate", stage=t(f"stage.{stage}")), 1.0, 10_000.0, own.rates[stage], 5.0)
        for stage in STAGES
    }
    permanent = {
        stage: int(st.number_input(t("readiness.permanent", stage=t(f"stage.{stage}")), 0, 10_000, own.permanent.get(stage, 0)))
        for stage in STAGES
    }
    promise = int(st.number_input(t("readiness.promise_hours"), 4, 720, own.promise_hours, help=t("readiness.promise_help")))
    utilisation = st.slider(t("readiness.utilisation"), 50, 100, round(own.utilisation * 100)) / 100
    shrinkage = st.slider(t("readiness.shrinkage"), 0, 50, round(own.shrinkage * 100), help=t("readiness.shrinkage_help")) / 100
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
        t("readiness.contacts_per_order"), 0.0, 10.0, own.contacts_per_order, 0.05, help=t("readiness.contacts_help")
    )
    handling = st.number_input(t("readiness.handling_seconds"), 10.0, 3600.0, goal.handling_seconds, 10.0)
    at_once = st.number_input(t("readiness.concurrency"), 1.0, 20.0, goal.concurrency, 1.0, help=t("readiness.concurrency_help"))
    wait = st.number_input(t("readiness.target_seconds"), 0.0, 600.0, goal.target_seconds, 5.0)
    level = st.slider(t("readiness.level"), 50, 99, round(goal.level * 100)) / 100
    shrinkage = st.slider(t("readiness.chat_shrinkage"), 0, 60, round(goal.shrinkage * 100)) / 100
    wanted = replace(goal, handling_seconds=handling, concurrency=at_once, target_seconds=wait, level=level, shrinkage=shrinkage)
    return replace(own, contacts_per_order=contacts, goal=wanted)
