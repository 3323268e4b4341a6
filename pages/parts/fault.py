"""What a visitor sees when a page did not get to its end: a sentence and, for the unexpected, an error id; never a traceback."""

from __future__ import annotations

import streamlit as st

from core import logs
from core.errors import ShopError
from pages.parts.text import error_text, t


def show(error: Exception) -> bool:
    """A refusal by its sentence; anything else is logged under an id that the visitor can name."""
    if isinstance(error, ShopError):
        st.error(error_text(error), icon=":material/block:")
    else:
        error_id = logs.unexpected(error, origin="page")
        st.error(t("common.fault"), icon=":material/error:")
        st.caption(t("common.error_id", id=error_id))
    return True
