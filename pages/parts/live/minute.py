"""Which minute of the sale is looked at on the live page and the wall: the running one with its countdown, or
a past one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import streamlit as st

from core import clock
from pages.parts.components.figures.countdown import Size, countdown
from pages.parts.components.text import plain, t
from pages.parts.components.url_state import kept, said_in_address
from pages.parts.entry.context import Chosen, PageContext


def clocks(page: PageContext, *, key: str, size: Size = "small") -> None:
    """The countdown to the opening or the close; it runs in the browser, in a rehearsal by the rehearsal's
    clock."""
    chosen, moment = page.sale, page.moment
    if moment >= chosen.closes_at:
        st.caption(t("shell.closed"))
        return
    opens = moment < chosen.opens_at
    label = plain("shell.until_opens" if opens else "shell.until_closes")
    ends = chosen.opens_at if opens else chosen.closes_at
    countdown(ends, page.now, key=f"{key}_clock", label=label, drill=chosen.drill, size=size)


def minute(page: PageContext) -> datetime | None:
    """The countdown; beside it the past minute that the reader looks at, by the slider or the address; None =
    the running one."""
    with st.container(horizontal=True, vertical_alignment="center", key="live_clocks"):
        clocks(page, key="live")
        return past_minute(page, key="live")


def past_minute(page: PageContext, *, key: str) -> datetime | None:
    """The past minute, on a page of that key."""
    chosen = page.sale
    first, last = chosen.opens_at, min(page.moment, chosen.closes_at)
    if last <= first:
        return None
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_minute"):
        with kept("view", "now", ("now", "past")):
            view = st.segmented_control(
                t("live.view"),
                ("now", "past"),
                required=True,
                key="view",
                label_visibility="collapsed",
                format_func=_view_word,
            )
        if view != "past":
            st.session_state.pop(f"{key}_reached", None)
            return None
        zone = clock.zone(chosen.timezone)
        start, end = (
            each.astimezone(zone).replace(tzinfo=None) for each in (first, _reached(chosen, last, key))
        )
        _arrive(f"{key}_at", start, end)
        at: datetime = st.slider(
            t("live.minute"),
            start,
            end,
            step=timedelta(minutes=1),
            format="MM-DD HH:mm",
            label_visibility="collapsed",
            key=f"{key}_at",
        )
    st.query_params["at"] = st.session_state[f"{key}_said"] = at.isoformat(timespec="minutes")
    return at.replace(tzinfo=zone).astimezone(UTC)


def _reached(chosen: Chosen, last: datetime, key: str) -> datetime:
    """How far the replay goes: the minute at which it was begun. A slider whose end runs on with the sale
    forgets what is moved on it."""
    begun: Mapping[str, datetime] = st.session_state.get(f"{key}_reached", {})
    if chosen.campaign_id not in begun:
        minute = last.replace(second=0, microsecond=0)
        begun = st.session_state[f"{key}_reached"] = {chosen.campaign_id: minute}
    return begun[chosen.campaign_id]


def _arrive(name: str, start: datetime, end: datetime) -> None:
    """Puts the address's minute into the session where it is news (a link, the back button), the last one
    where it says none."""
    said = said_in_address("at")
    if name not in st.session_state or said != st.session_state.get(name.replace("_at", "_said")):
        st.session_state[name] = datetime.fromisoformat(said) if said and _readable(said) else end
    st.session_state[name] = min(max(st.session_state[name], start), end)


def _readable(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def _view_word(view: str) -> str:
    return plain(f"live.view_{view}")
