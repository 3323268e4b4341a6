"""The title of a page, with its campaign."""

from __future__ import annotations

import streamlit as st

from pages.parts.components.feedback import show_kept
from pages.parts.components.text import literal, t
from pages.parts.entry.context import PageContext


def heading(page: PageContext, title: str, note: str = "") -> None:
    """The page's title with the campaign, its phase and whatever else is to be said in one line; below it
    what the last click has left to say."""
    st.title(t(title), anchor=False)
    chosen = page.campaign
    parts = [literal(chosen.name), chosen.phase] if chosen is not None else []
    line = " · ".join(part for part in [*parts, note] if part)
    if line:
        st.caption(line)
    show_kept()
