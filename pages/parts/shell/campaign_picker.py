"""The campaign that the screens speak of: picked in the sidebar, kept in the address as `campaign`.

page = campaign(page)            # with the chosen campaign; page.campaign is None when there is none
page = need_campaign(page)       # the same, or the empty state that leads to making one, and the page stops
"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core import clock
from core.campaign.service import load
from pages.parts.components.figures.countdown import countdown
from pages.parts.components.text import literal, plain, t
from pages.parts.components.url_state import arrive, kept, said_in_address
from pages.parts.entry.campaigns import choosable
from pages.parts.entry.context import Chosen, PageContext
from pages.parts.entry.guarded import on_campaign
from pages.parts.shell.empty import empty


def _all(page: PageContext) -> dict[str, Chosen]:
    """The campaigns to pick from; an archived one only while the address or the session names it."""
    named = (said_in_address("campaign"), st.session_state.get("campaign"))
    return choosable(page.database, page.actor, named)


def campaign(page: PageContext, *, drills: bool = False) -> PageContext:
    """The page with the campaign chosen in the address or the sidebar, else the first that has not closed,
    else the last; without any where there is none.

    A rehearsal is a night alone: it has no plan, goods or tasks of its own. Where a page cannot show it (`drills`), the
    page speaks of the campaign that is rehearsed, and says so.
    """
    known = _all(page)
    nearest = _nearest(known)
    if nearest is not None:  # on a page without the sidebar too
        arrive("campaign", nearest.campaign_id, known, sticky=True)
    chosen = _chosen(known)
    if chosen is None:
        return page
    shown = chosen if drills else _rehearsed(known, chosen)
    elsewhere = "" if shown is chosen else f" · {t('live.drill_elsewhere')}"
    return on_campaign(page, replace(shown, phase=_phase(page, shown) + elsewhere))


def _rehearsed(known: dict[str, Chosen], chosen: Chosen) -> Chosen:
    """The campaign itself where one of its rehearsals is chosen."""
    return known.get(chosen.rehearsal_of, chosen)


def _phase(page: PageContext, chosen: Chosen) -> str:
    """The word of the phase that runs now, with a mark on a rehearsal and on an archived campaign."""
    running = load(page.database, page.actor, chosen.campaign_id).phase_at(chosen.moment(page.now))
    named = (literal(running.name) or t(f"phase.{running.kind}")) if running is not None else ""
    marks = (t("live.drill") if chosen.drill else "", t("campaign.archived") if chosen.archived else "")
    return " · ".join(filter(None, (named, *marks)))


def need_campaign(page: PageContext, title: str = "", *, drills: bool = False) -> PageContext:
    """The page with its campaign; where there is none yet, the page's title, the empty state that leads to
    making one, and the page stops."""
    page = campaign(page, drills=drills)
    if page.campaign is None:
        if title:
            st.title(t(title), anchor=False)
        makes = page.may("campaign.edit")
        empty(
            "shell.no_campaign" if makes else "shell.no_campaign_yet",
            button="shell.make_campaign" if makes else "",
            page="plan",
        )
        st.stop()
    return page


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


def pick(page: PageContext) -> str:
    """The sidebar's picker with the countdown to the next clock: the opening, then the close. The id of the campaign that
    most pages speak of, "" where there is none."""
    known = _all(page)
    nearest = _nearest(known)
    if nearest is None:
        return ""
    options = sorted(known, key=lambda key: known[key].opens_at, reverse=True)
    with kept("campaign", nearest.campaign_id, options, sticky=True):
        st.selectbox(
            t("shell.pick"),
            options,
            key="campaign",
            format_func=lambda one: known[one].name,
            label_visibility="collapsed",
        )
    chosen, now = _chosen(known) or nearest, page.now
    if chosen.archived:
        st.caption(t("campaign.archived"))
    moment = chosen.moment(now)
    if moment < chosen.closes_at:
        target, word = (
            (chosen.opens_at, "until_opens")
            if moment < chosen.opens_at
            else (chosen.closes_at, "until_closes")
        )
        countdown(target, now, key="sidebar_countdown", label=plain(f"shell.{word}"), drill=chosen.drill)
    else:
        st.caption(t("shell.closed"))
    return _rehearsed(known, chosen).campaign_id
