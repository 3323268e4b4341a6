"""A new campaign: a known sale by kind, the last one copied, or own dates; its phases and clocks are seen before it is
saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pandas as pd
import streamlit as st

from core import clock
from core.campaign import service
from core.campaign.phases import OPENINGS, TEMPLATES, Phase
from core.campaign.sale_kinds import SaleKind
from core.campaign.service import NewCampaign
from core.errors import ShopError
from core.review import carry_over
from core.settings import settings
from pages.parts.components import charts
from pages.parts.components.columns import Column
from pages.parts.components.feedback import flash, refusals, refused
from pages.parts.components.tables import draw
from pages.parts.components.text import plain, t
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import Frame, dialog
from pages.parts.plan import start_from
from pages.parts.plan.schedule import spans
from pages.parts.shell.campaign_picker import choose

WAYS = ("kind", "copy", "own")
AHEAD = timedelta(days=30)  # where own dates begin


def new_campaign(page: PageContext) -> None:
    """The button that opens the dialog."""
    if page.may("campaign.edit") and st.button(t("campaign.new"), icon=":material/add:", key="campaign_new"):
        dialog(Frame(plain("campaign.new"), "large", ":material/add:"), "campaign.edit", _dialog)


def _dialog(page: PageContext) -> None:
    """How, when, and the phases as they will stand; then the saving."""
    past = service.campaigns(page.database, page.actor)
    past = past[past["rehearsal_of"] == ""]
    offered = [way for way in WAYS if way != "copy" or len(past)]
    way = st.segmented_control(
        t("campaign.way"),
        offered,
        default=offered[0],
        required=True,
        key="campaign_way",
        format_func=lambda name: plain(f"campaign.way_{name}"),
    )
    zone = settings().timezone
    try:
        phases, name, source = {"kind": _by_kind, "copy": _copied, "own": _own}[str(way)](page, past, zone)
    except ShopError as error:
        refused(error)
        return
    left, right = st.columns(2)
    named = left.text_input(t("campaign.name"), placeholder=name, key="campaign_new_name").strip() or name
    kind = right.selectbox(
        t("campaign.kind"),
        list(SaleKind),
        key="campaign_new_kind",
        format_func=lambda key: plain(f"sale_kind.{key}"),
        help=t("campaign.kind_help"),
    )
    _preview(page, phases, zone)
    take = bool(source) and page.may("goods.structure")
    goods = take and st.checkbox(t("campaign.with_goods"), value=True, key="campaign_with_goods")
    begin = start_from.choice(page, source)
    if st.button(t("campaign.make"), type="primary", key="campaign_make"):
        with refusals():
            new = NewCampaign(named, phases, zone, SaleKind(str(kind)))
            begin = replace(begin, goods_of=source if goods else "")
            campaign_id = carry_over.start(page.database, page.actor, new, begin, now=page.now)
            st.session_state.pop("default_offers", None)
            flash(t("campaign.made", name=named), "success")
            choose(campaign_id)
            st.rerun()


Drafted = tuple[Sequence[Phase], str, str]
"""The phases, the usual name, and the campaign that was copied ("" none)."""


def _by_kind(page: PageContext, _past: pd.DataFrame, zone: str) -> Drafted:
    """A known sale of a year."""
    following = service.next_sale(page.now)
    left, middle, right = st.columns([2, 1, 2])
    template = left.selectbox(
        t("campaign.template"),
        list(TEMPLATES),
        index=list(TEMPLATES).index(following[0]),
        key="campaign_template",
        format_func=lambda key: plain(f"campaign.template_{key}"),
    )
    year = int(middle.number_input(t("campaign.year"), 2020, 2100, following[1], key="campaign_year"))
    with right:
        opening = st.segmented_control(
            t("campaign.opening"),
            OPENINGS,
            default=OPENINGS[0],
            required=True,
            key="campaign_opening",
            format_func=lambda key: plain(f"campaign.opening_{key.replace(':', '')}"),
        )
    name = plain("campaign.name_default", sale=plain(f"campaign.template_{template}"), year=str(year))
    return service.draft(str(template), year, str(opening), zone), name, ""


def _copied(page: PageContext, past: pd.DataFrame, zone: str) -> Drafted:
    """An earlier campaign, moved to another opening."""
    rows = past.set_index("campaign_id")
    left, right = st.columns(2)
    source = str(
        left.selectbox(
            t("campaign.source"),
            list(rows.index),
            key="campaign_source",
            format_func=lambda one: rows.loc[one, "name"],
        )
    )
    last = max(
        p.starts_at for p in service.load(page.database, page.actor, source).phases if p.kind == "live"
    )
    local = last.astimezone(clock.zone(zone))
    with right:
        opens = _picked(page, local.time(), zone, "campaign_copy")
    name = plain(
        "campaign.name_copied",
        name=rows.loc[source, "name"],
        year=str(opens.astimezone(clock.zone(zone)).year),
    )
    return service.as_before(page.database, page.actor, source, opens), name, source


def _own(page: PageContext, _past: pd.DataFrame, zone: str) -> Drafted:
    """Own dates: opening and length; the usual phases around them."""
    left, right = st.columns(2)
    with left:
        opens = _picked(page, time(20), zone, "campaign_own")
    days = right.number_input(t("campaign.days"), 1, 60, 3, key="campaign_days")
    day = opens.astimezone(clock.zone(zone)).date()
    return (
        service.own_dates(opens, opens + timedelta(days=int(days))),
        plain("campaign.name_own", day=day),
        "",
    )


def _picked(page: PageContext, at: time, zone: str, key: str) -> datetime:
    """The opening that was picked, on the shop's clock; aware UTC."""
    day, hour = st.columns(2)
    soon = (page.now + AHEAD).astimezone(clock.zone(zone)).date()
    on = day.date_input(t("campaign.opens_on"), soon, key=f"{key}_day")
    moment = hour.time_input(t("campaign.opens_at"), at.replace(microsecond=0), key=f"{key}_time")
    return datetime.combine(on, moment, clock.zone(zone)).astimezone(UTC)


def _preview(page: PageContext, phases: Sequence[Phase], zone: str) -> None:
    """The phases as a picture and with their clocks."""
    st.caption(t("campaign.preview"))
    charts.draw(
        spans(phases, zone, page.now),
        charts.timeline(rows=len(phases)),
        key="campaign_preview",
        alt=plain("campaign.schedule_alt"),
    )
    clocks = pd.DataFrame(
        {
            "word": [p.name or plain(f"phase.{p.kind}") for p in phases],
            "starts_at": [p.starts_at for p in phases],
            "ends_at": [p.ends_at for p in phases],
        }
    )
    columns = (
        Column("word", "campaign.phase", pinned=True),
        Column("starts_at", "campaign.starts", "moment", zone=zone),
        Column("ends_at", "campaign.ends", "moment", zone=zone),
    )
    draw(clocks, columns, key="campaign_preview_clocks", height=280)
