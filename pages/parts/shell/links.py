"""Ways from one page to another, shown only to those who may go there.

link("stock", t("overview.to_stock"), {"stock_view": "risk"})      # a link; nothing for a role without the page
if st.button(…): go("plan")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from pages.parts.shell.menu import FOLDER

_OPEN = "open_pages"


def remember(pages: Iterable[str]) -> None:
    """Keeps which pages this run has registered; called by the shell."""
    st.session_state[_OPEN] = tuple(pages)


def may_go(page: str) -> bool:
    """Whether this visitor's menu has the page."""
    return page in st.session_state.get(_OPEN, ())


def link(
    page: str, label: str, query: Mapping[str, str] | None = None, *, icon: str = "arrow_forward"
) -> None:
    """A link to a page of the menu, with filters for its address; nothing where the role has no such page."""
    if may_go(page):
        st.page_link(
            FOLDER / f"{page}.py", label=label, icon=f":material/{icon}:", query_params=dict(query or {})
        )


def go(page: str, query: Mapping[str, str] | None = None) -> None:
    """Opens a page of the menu at once."""
    if may_go(page):
        st.switch_page(FOLDER / f"{page}.py", query_params=dict(query or {}))
