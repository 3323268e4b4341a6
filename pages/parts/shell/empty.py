"""The empty state of a page or a part of it.

if frame.empty and empty("stock.empty", button="stock.upload", sample=("stock.xlsx", make_sample)): …
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.parts.components.downloads import Button, File, download
from pages.parts.components.text import plain, t
from pages.parts.shell.links import go, may_go


def empty(
    why: str,
    *,
    button: str = "",
    page: str = "",
    sample: tuple[str, Callable[[], bytes]] | None = None,
    **blanks: object,
) -> bool:
    """The empty state: one sentence why, one thing to do, one sample to download. True when the button was
    pressed.

    `page`: the button opens that page of the menu; there is none for a role without the page.
    """
    with st.container(
        border=True, horizontal_alignment="center", key=f"empty_{why.replace('.', '_')}", gap="small"
    ):
        st.markdown(":material/inbox:", width="content")
        st.markdown(t(why, **blanks), text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            pressed = False
            if button and (not page or may_go(page)):
                pressed = st.button(t(button), type="primary")
            if sample is not None:
                name, make = sample
                download(Button(plain("common.sample")), File(name), lambda _page: make())
    if pressed and page:
        go(page)
    return pressed
