"""The empty state of a page or a part of it.

if frame.empty and empty("stock.empty", button="stock.upload", sample=("stock.xlsx", make_sample)): …
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.parts.links import go, may_go
from pages.parts.tables import XLSX
from pages.parts.text import plain, spoken, t


def empty(
    why: str, *, button: str = "", page: str = "", sample: tuple[str, Callable[[], bytes]] | None = None, **blanks: object
) -> bool:
    """The empty state: one sentence why, one thing to do, one sample to download. True when the button was pressed.

    `page`: the button opens that page of the menu; there is none for a role without the page.
    """
    with st.container(border=True, horizontal_alignment="center", key=f"empty_{why.replace('.', '_')}", gap="small"):
        st.markdown(":material/inbox:", width="content")
        st.markdown(t(why, **blanks), text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            pressed = False
            if button and (not page or may_go(page)):
                pressed = st.button(t(button), type="primary")
            if sample is not None:
                name, make = sample
                st.download_button(
                    plain("common.sample"), spoken(make), file_name=name, mime=XLSX, on_click="ignore", icon=":material/download:"
                )
    if pressed and page:
        go(page)
    return pressed
