"""On a phone the menu lies over the page: it closes once a page was chosen. (Streamlit's own menu does; ours
has the campaign above it.)"""

from __future__ import annotations

import streamlit as st

_JS = """
let shown = null

export default function ({ data }) {
  const moved = shown !== null && shown !== data.page
  shown = data.page
  if (moved && window.innerWidth < 768) {
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click()
  }
}
"""

_close = st.components.v2.component("menu_drawer", html="<span hidden></span>", js=_JS)


def close_after(page: str) -> None:
    """Closes the menu on a narrow screen when `page` is another than before."""
    _close(key="menu_drawer", data={"page": page}, height=1)
