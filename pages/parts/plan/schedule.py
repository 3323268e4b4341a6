"""Campaigns on the screen: the phases on a timeline, their clocks to change, archived ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from core.campaign import service
from core.campaign.phases import KINDS, Phase
from core.campaign.service import Campaign
from core.clock import local_naive, parse_local
from core.versions import Version
from pages.parts.components import charts
from pages.parts.components.columns import Column
from pages.parts.components.editing import edit, saved
from pages.parts.components.feedback import flash, refusals
from pages.parts.components.text import plain, t, time
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import Frame, dialog
from pages.parts.shell.campaign_picker import choose, leave

COLUMNS = (
    Column("word", "campaign.phase", pinned=True),
    Column("starts_at", "campaign.starts", "moment"),
    Column("ends_at", "campaign.ends", "moment"),
)
HUES = {
    "live": "red",
    "presale_deposit": "amber",
    "presale_balance": "amber",
    "warm_up": "blue",
    "encore": "green",
}


def archived(page: PageContext) -> None:
    """A popover that opens an archived campaign again to read; nothing where there is none."""
    rows = service.campaigns(page.database, page.actor, archived=True)
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


def schedule(page: PageContext, mine: Campaign) -> None:
    """The timeline with its gaps, and the clocks to change."""
    charts.draw(
        spans(mine.phases, mine.timezone, page.now),
        charts.timeline(rows=len(mine.phases)),
        key="campaign_timeline",
        alt=plain("campaign.schedule_alt"),
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
    if not page.may("campaign.edit"):
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
        _save(page, mine, _moved(mine, edited.changes))
    _add_or_remove(page, mine, words)


def spans(phases: Sequence[Phase], timezone: str, now: datetime) -> pd.DataFrame:
    """The phases as rows of a timeline on the campaign's clock, with the present moment where it lies among them."""
    rows = [
        {
            "name": f"{n + 1} {p.name or plain(f'phase.{p.kind}')}",
            "start": p.starts_at,
            "end": p.ends_at,
            "tone": HUES.get(p.kind, "gray"),
            "word": f"{time(p.starts_at, timezone)} → {time(p.ends_at, timezone)}",
        }
        for n, p in enumerate(phases)
    ]
    line = [{"name": "now", "start": now, "end": now, "tone": "gray", "word": ""}]
    during = (
        phases[0].starts_at <= now <= max(p.ends_at for p in phases)
    )  # a far-off now would squeeze the phases
    frame = pd.DataFrame([*rows, *(line if during else [])])
    return frame.assign(
        **{name: local_naive(pd.to_datetime(frame[name], utc=True), timezone) for name in ("start", "end")}
    )


def _moved(mine: Campaign, changes: pd.DataFrame) -> list[Phase]:
    """The phases with the clocks that were typed, read on the campaign's own clock."""
    moments = {
        (row.key, row.field): parse_local(str(row.after)[:19], mine.timezone) for row in changes.itertuples()
    }
    return [
        replace(
            p,
            starts_at=moments.get((p.phase_id, "starts_at"), p.starts_at),
            ends_at=moments.get((p.phase_id, "ends_at"), p.ends_at),
        )
        for p in mine.phases
    ]


def _add_or_remove(page: PageContext, mine: Campaign, words: dict[str, str]) -> None:
    with st.container(horizontal=True):
        with (
            st.popover(t("campaign.add_phase"), icon=":material/add:"),
            st.form("campaign_add_phase", border=False),
        ):
            kind = st.selectbox(
                t("campaign.phase"),
                KINDS,
                index=KINDS.index("live"),
                format_func=lambda key: plain(f"phase.{key}"),
            )
            last = (
                local_naive(pd.Series(pd.to_datetime([mine.phases[-1].ends_at], utc=True)), mine.timezone)
                .iloc[0]
                .to_pydatetime()
            )
            start = st.datetime_input(t("campaign.starts"), value=last)
            end = st.datetime_input(t("campaign.ends"), value=last + timedelta(days=1))
            if st.form_submit_button(t("campaign.add"), type="primary") and start and end:
                known = {p.phase_id for p in mine.phases}
                fresh = next(f"p{n:02d}" for n in range(1, 1000) if f"p{n:02d}" not in known)
                at = [parse_local(moment.isoformat()[:19], mine.timezone) for moment in (start, end)]
                _save(page, mine, [*mine.phases, Phase(fresh, str(kind), at[0], at[1])])
        with (
            st.popover(t("campaign.remove_phase"), icon=":material/delete:"),
            st.form("campaign_remove_phase", border=False),
        ):
            gone = st.selectbox(
                t("campaign.phase"), list(words), format_func=lambda key: f"{words[key]} {key}"
            )
            if st.form_submit_button(t("campaign.remove")):
                _save(page, mine, [p for p in mine.phases if p.phase_id != gone])
        _archive(page, mine)


def _archive(page: PageContext, mine: Campaign) -> None:
    """Takes the campaign out of the pickers, after saying what that stops; or puts it back."""
    if mine.archived:
        if st.button(t("campaign.put_back"), icon=":material/unarchive:", type="primary"):
            service.archive(page.database, page.actor, mine.campaign_id, archived=False, now=page.now)
            flash(t("campaign.back", name=mine.name), "success")
            st.rerun()
        return
    if st.button(t("campaign.archive"), icon=":material/archive:"):
        dialog(
            Frame(plain("campaign.archive"), icon=":material/archive:"),
            "campaign.edit",
            _ask_to_archive,
            mine,
        )


def _ask_to_archive(page: PageContext, mine: Campaign) -> None:
    st.markdown(t("campaign.archive_what", name=mine.name))
    ends_at = max(phase.ends_at for phase in mine.phases)
    if page.now < ends_at:
        st.warning(t("campaign.archive_early", at=time(ends_at, mine.timezone)), icon=":material/warning:")
    if st.button(t("campaign.archive"), key="campaign_archive", type="primary"):
        service.archive(page.database, page.actor, mine.campaign_id, now=page.now)
        flash(t("campaign.archived_done", name=mine.name), "success")
        leave()
        st.rerun()


def _save(page: PageContext, mine: Campaign, phases: list[Phase]) -> None:
    with refusals():
        service.reschedule(
            page.database, page.actor, Version(mine.campaign_id, mine.version), phases, now=page.now
        )
        flash(t("campaign.saved"), "success")
        saved("campaign_phases")
