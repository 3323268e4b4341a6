"""The campaign that the screens speak of: picked in the sidebar, kept in the address as `campaign`.

chosen = campaign(user)          # Chosen(campaign_id, name, timezone, opens_at, closes_at, phase); None when there is none
chosen = need_campaign(user)     # the same, or the empty state that leads to making one, and the page stops
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import streamlit as st

from core import clock
from core.access import Actor, allowed
from core.campaign.service import campaigns, load
from core.live.rehearsal import Rehearsal, find
from pages.parts.address import arrive, kept
from pages.parts.countdown import countdown
from pages.parts.empty import empty
from pages.parts.guard import database
from pages.parts.text import literal, plain, t


@dataclass(frozen=True, slots=True)
class Chosen:
    """What every screen of a campaign needs to know of it; moments are aware UTC."""

    campaign_id: str
    name: str
    timezone: str
    opens_at: datetime
    closes_at: datetime
    archived: bool = False
    phase: str = ""  # the word of the phase that runs now
    drill: Rehearsal | None = None  # the clock of a rehearsal; None: the real one

    def moment(self, now: datetime) -> datetime:
        """Sale time: the present moment, or the rehearsal's own, which stops at the close."""
        return now if self.drill is None else min(self.drill.moment(now), self.closes_at)


def _all(actor: Actor) -> dict[str, Chosen]:
    """The campaigns to pick from; an archived one only while the address or the session names it."""
    rows = campaigns(database(), actor, archived=True)
    named = (st.query_params.get("campaign"), st.session_state.get("campaign"))
    rows = rows[~rows["archived"] | rows["campaign_id"].isin(named)]
    moments = ([moment.to_pydatetime() for moment in rows[name]] for name in ("opens_at", "closes_at"))
    columns = (*(rows[name] for name in ("campaign_id", "name", "timezone")), *moments, rows["archived"])
    found = [Chosen(*values) for values in zip(*columns, strict=True)]
    drills = set(rows.loc[rows["rehearsal_of"] != "", "campaign_id"])
    return {one.campaign_id: replace(one, drill=_drill(one.campaign_id)) if one.campaign_id in drills else one for one in found}


def _drill(campaign_id: str) -> Rehearsal | None:
    with database().reading() as connection:
        return find(connection, campaign_id)


def campaign(actor: Actor) -> Chosen | None:
    """The campaign chosen in the address or the sidebar, else the first that has not closed, else the last."""
    known = _all(actor)
    nearest = _nearest(known)
    if nearest is not None:  # on a page without the sidebar too
        arrive("campaign", nearest.campaign_id, known, sticky=True)
    chosen = _chosen(known)
    if chosen is None:
        return None
    running = load(database(), actor, chosen.campaign_id).phase_at(chosen.moment(clock.now()))
    named = (literal(running.name) or t(f"phase.{running.kind}")) if running is not None else ""
    marks = (t("live.drill") if chosen.drill else "", t("campaign.archived") if chosen.archived else "")
    return replace(chosen, phase=" · ".join(filter(None, (named, *marks))))


def need_campaign(actor: Actor, title: str = "") -> Chosen:
    """The chosen campaign; where there is none yet, the page's title, the empty state that leads to making one, and the page stops."""
    chosen = campaign(actor)
    if chosen is None:
        if title:
            st.title(t(title), anchor=False)
        makes = allowed(actor, "campaign.edit")
        empty(
            "shell.no_campaign" if makes else "shell.no_campaign_yet", button="shell.make_campaign" if makes else "", page="plan"
        )
        st.stop()
    return chosen


def choose(campaign_id: str) -> None:
    """Makes it the chosen campaign from the next run on: the address is news to the picker."""
    st.query_params["campaign"] = campaign_id


def leave() -> None:
    """Chooses no campaign: from the next run on the picker takes the nearest one again."""
    st.query_params.pop("campaign", None)
    st.session_state.pop("campaign", None)


def _chosen(known: dict[str, Chosen]) -> Chosen | None:
    return known.get(str(st.session_state.get("campaign"))) or _nearest(known)


def _nearest(known: dict[str, Chosen]) -> Chosen | None:
    listed = [one for one in known.values() if not one.archived] or list(known.values())
    by_close = sorted(listed, key=lambda one: one.closes_at)
    return next((one for one in by_close if one.closes_at > clock.now()), by_close[-1] if by_close else None)


def pick(actor: Actor) -> None:
    """The sidebar's picker with the countdown to the next clock: the opening, then the close."""
    known = _all(actor)
    nearest = _nearest(known)
    if nearest is None:
        return
    options = sorted(known, key=lambda key: known[key].opens_at, reverse=True)
    with kept("campaign", nearest.campaign_id, options, sticky=True):
        st.selectbox(
            t("shell.pick"), options, key="campaign", format_func=lambda one: known[one].name, label_visibility="collapsed"
        )
    chosen, now = _chosen(known) or nearest, clock.now()
    if chosen.archived:
        st.caption(t("campaign.archived"))
    moment = chosen.moment(now)
    if moment < chosen.closes_at:
        target, word = (chosen.opens_at, "until_opens") if moment < chosen.opens_at else (chosen.closes_at, "until_closes")
        countdown(target, now, key="sidebar_countdown", label=plain(f"shell.{word}"), drill=chosen.drill)
    else:
        st.caption(t("shell.closed"))
