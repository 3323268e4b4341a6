"""Campaigns on the screen: a new one from a template, its phases on a timeline, their clocks to change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.campaign import service
from core.campaign.phases import KINDS, OPENINGS, TEMPLATES, Phase
from core.campaign.service import Campaign
from core.clock import local_naive, parse_local
from core.database import Database
from core.errors import ShopError
from core.settings import settings
from pages.parts import charts
from pages.parts.columns import Column
from pages.parts.editing import edit, saved
from pages.parts.picker import choose, leave
from pages.parts.text import error_text, plain, t, time

COLUMNS = (
    Column("word", "campaign.phase", pinned=True),
    Column("starts_at", "campaign.starts", "moment"),
    Column("ends_at", "campaign.ends", "moment"),
)
HUES = {"live": "red", "presale_deposit": "amber", "presale_balance": "amber", "warm_up": "blue", "encore": "green"}


def new_campaign(db: Database, user: Actor, now: datetime) -> None:
    """A popover that makes a campaign from a template."""
    if not allowed(user, "campaign.edit"):
        return
    with st.popover(t("campaign.new"), icon=":material/add:"), st.form("campaign_new", border=False):
        following = service.next_sale(now)
        template = st.selectbox(
            t("campaign.template"), list(TEMPLATES), index=list(TEMPLATES).index(following[0]),
            format_func=lambda key: plain(f"campaign.template_{key}"),
        )  # fmt: skip
        year = st.number_input(t("campaign.year"), 2020, 2100, following[1])
        named = st.text_input(t("campaign.name"), placeholder=plain("campaign.name_place"))
        opening = st.segmented_control(
            t("campaign.opening"),
            OPENINGS,
            default=OPENINGS[0],
            required=True,
            format_func=lambda key: plain(f"campaign.opening_{key.replace(':', '')}"),
        )
        zone = st.text_input(t("campaign.timezone"), value=settings().timezone)
        if st.form_submit_button(t("campaign.make"), type="primary"):
            name = named.strip() or plain(
                "campaign.name_default", sale=plain(f"campaign.template_{template}"), year=str(int(year))
            )
            try:
                phases = service.draft(template, int(year), str(opening), zone)
                made = service.add(db, user, name, phases, timezone=zone, now=now)
            except ShopError as refused:
                st.error(error_text(refused))
                return
            st.session_state["plan_said"] = t("campaign.made", name=name)
            choose(made)
            st.rerun()


def archived(db: Database, user: Actor) -> None:
    """A popover that opens an archived campaign again to read; nothing where there is none."""
    rows = service.campaigns(db, user, archived=True)
    kept = rows[rows["archived"]].set_index("campaign_id")["name"].to_dict()
    if not kept:
        return
    with (
        st.popover(t("campaign.archived_list", n=len(kept)), icon=":material/inventory_2:"),
        st.form("campaign_archived", border=False),
    ):
        wanted = st.selectbox(t("campaign.name"), list(kept), format_func=kept.__getitem__)
        if st.form_submit_button(t("campaign.look"), type="primary"):
            choose(str(wanted))
            st.rerun()


def schedule(db: Database, user: Actor, mine: Campaign, now: datetime) -> None:
    """The timeline with its gaps, and the clocks to change."""
    charts.draw(
        _spans(mine, now), charts.timeline(rows=len(mine.phases)), key="campaign_timeline", alt=plain("campaign.schedule_alt")
    )
    words = {p.phase_id: p.name or plain(f"phase.{p.kind}") for p in mine.phases}
    for fault in mine.faults:
        st.warning(
            t(
                "campaign.gap",
                first=words[fault.first],
                second=words[fault.second],
                starts_at=fault.starts_at,
                ends_at=fault.ends_at,
            )
        )
    if not allowed(user, "campaign.edit"):
        return
    frame = pd.DataFrame(
        {
            "word": list(words.values()),
            "starts_at": [p.starts_at for p in mine.phases],
            "ends_at": [p.ends_at for p in mine.phases],
        },
        index=list(words),
    )
    columns = tuple(replace(column, zone=mine.timezone) for column in COLUMNS)
    edited = edit(frame, columns, editable=("starts_at", "ends_at"), key="campaign_phases")
    if edited is not None:
        _save(db, user, mine, _moved(mine, edited.changes), now)
    _add_or_remove(db, user, mine, words, now)


def _spans(mine: Campaign, now: datetime) -> pd.DataFrame:
    rows = [
        {"name": f"{n + 1} {p.name or plain(f'phase.{p.kind}')}", "start": p.starts_at, "end": p.ends_at, "tone": HUES.get(p.kind, "gray"),
         "word": f"{time(p.starts_at, mine.timezone)} → {time(p.ends_at, mine.timezone)}"}
        for n, p in enumerate(mine.phases)
    ]  # fmt: skip
    line = [{"name": "now", "start": now, "end": now, "tone": "gray", "word": ""}]
    during = mine.phases[0].starts_at <= now <= max(p.ends_at for p in mine.phases)  # a far-off now would squeeze the phases
    frame = pd.DataFrame([*rows, *(line if during else [])])
    return frame.assign(**{name: local_naive(pd.to_datetime(frame[name], utc=True), mine.timezone) for name in ("start", "end")})


def _moved(mine: Campaign, changes: pd.DataFrame) -> list[Phase]:
    """The phases with the clocks that were typed, read on the campaign's own clock."""
    told = {(row.key, row.field): parse_local(str(row.after)[:19], mine.timezone) for row in changes.itertuples()}
    return [
        replace(
            p, starts_at=told.get((p.phase_id, "starts_at"), p.starts_at), ends_at=told.get((p.phase_id, "ends_at"), p.ends_at)
        )
        for p in mine.phases
    ]


def _add_or_remove(db: Database, user: Actor, mine: Campaign, words: dict[str, str], now: datetime) -> None:
    with st.container(horizontal=True):
        with st.popover(t("campaign.add_phase"), icon=":material/add:"), st.form("campaign_add_phase", border=False):
            kind = st.selectbox(
                t("campaign.phase"), KINDS, index=KINDS.index("live"), format_func=lambda key: plain(f"phase.{key}")
            )
            last = (
                local_naive(pd.Series(pd.to_datetime([mine.phases[-1].ends_at], utc=True)), mine.timezone).iloc[0].to_pydatetime()
            )
            start = st.datetime_input(t("campaign.starts"), value=last)
            end = st.datetime_input(t("campaign.ends"), value=last + timedelta(days=1))
            if st.form_submit_button(t("campaign.add"), type="primary") and start and end:
                known = {p.phase_id for p in mine.phases}
                fresh = next(f"p{n:02d}" for n in range(1, 1000) if f"p{n:02d}" not in known)
                at = [parse_local(moment.isoformat()[:19], mine.timezone) for moment in (start, end)]
                _save(db, user, mine, [*mine.phases, Phase(fresh, str(kind), at[0], at[1])], now)
        with st.popover(t("campaign.remove_phase"), icon=":material/delete:"), st.form("campaign_remove_phase", border=False):
            gone = st.selectbox(t("campaign.phase"), list(words), format_func=lambda key: f"{words[key]} {key}")
            if st.form_submit_button(t("campaign.remove")):
                _save(db, user, mine, [p for p in mine.phases if p.phase_id != gone], now)
        _archive(db, user, mine, now)


def _archive(db: Database, user: Actor, mine: Campaign, now: datetime) -> None:
    """Takes the campaign out of the pickers, after saying what that stops; or puts it back."""
    if mine.archived:
        if st.button(t("campaign.put_back"), icon=":material/unarchive:", type="primary"):
            service.archive(db, user, mine.campaign_id, archived=False, now=now)
            st.session_state["plan_said"] = t("campaign.back", name=mine.name)
            st.rerun()
        return
    if st.button(t("campaign.archive"), icon=":material/archive:"):
        st.dialog(plain("campaign.archive"), icon=":material/archive:")(_ask_to_archive)(db, user, mine, now)


def _ask_to_archive(db: Database, user: Actor, mine: Campaign, now: datetime) -> None:
    st.markdown(t("campaign.archive_what", name=mine.name))
    ends_at = max(phase.ends_at for phase in mine.phases)
    if now < ends_at:
        st.warning(t("campaign.archive_early", at=time(ends_at, mine.timezone)), icon=":material/warning:")
    if st.button(t("campaign.archive"), key="campaign_archive", type="primary"):
        service.archive(db, user, mine.campaign_id, now=now)
        st.session_state["plan_said"] = t("campaign.archived_done", name=mine.name)
        leave()
        st.rerun()


def _save(db: Database, user: Actor, mine: Campaign, phases: list[Phase], now: datetime) -> None:
    try:
        service.reschedule(db, user, mine.campaign_id, phases, version=mine.version, now=now)
    except ShopError as refused:
        st.error(error_text(refused))
        return
    st.session_state["plan_said"] = t("campaign.saved")
    saved("campaign_phases")
