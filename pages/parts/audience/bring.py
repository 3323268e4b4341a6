"""A workbook of people brought in where it is needed, with its history."""

from __future__ import annotations

import streamlit as st

from core.imports.kinds import Kind
from pages.parts.components.text import t
from pages.parts.entry.context import PageContext
from pages.parts.upload.flow import upload
from pages.parts.upload.history import history


def bring(page: PageContext, kind: Kind, tab: str) -> None:
    """The upload behind one line, for those who may; its words are `<kind>.bring` and `<kind>.bring_help`. `tab`: where it
    stands, as the same kind may be brought in several."""
    if not page.may(kind.action):
        return
    with st.expander(t(f"{kind.name}.bring"), icon=":material/upload_file:"):
        st.caption(t(f"{kind.name}.bring_help"))
        upload(page, kind, key=f"{tab}_{kind.name}_upload")
        if page.may("import.view"):
            history(page, [kind], key=f"{tab}_{kind.name}_imports")
