"""The secret address of one's own calendar, in the popover of who is signed in."""

from __future__ import annotations

import streamlit as st

from core.overview import calendar
from core.settings import settings
from pages.parts.components.text import t, time
from pages.parts.entry.context import PageContext


def offer(page: PageContext) -> None:
    """Makes the address (shown once, the former one ends) or ends it."""
    token: str | None = st.session_state.pop("calendar_token", None)
    if token:
        st.caption(t("calendar.once"))
        st.code(f"{_home()}/calendar/{token}.ics", language=None)
    made_at = calendar.made_at(page.database, page.actor)
    if made_at is not None:
        st.caption(t("calendar.stands", at=time(made_at)))
    word = t("calendar.anew" if made_at else "calendar.make")
    if st.button(word, icon=":material/calendar_add_on:", width="stretch", key="calendar_make"):
        st.session_state["calendar_token"] = calendar.make(page.database, page.actor, page.now)
        st.rerun()
    if made_at and st.button(
        t("calendar.revoke"), icon=":material/event_busy:", width="stretch", key="calendar_end"
    ):
        calendar.revoke(page.database, page.actor, page.now)
        st.rerun()


def _home() -> str:
    """Where the browser found this application, unless the settings say its public address."""
    here = "/".join((st.context.url or "").split("/")[:3])
    return settings().public_url.rstrip("/") or here
