"""What a visitor sees when a page did not get to its end: a sentence and, for the unexpected, an error id;
never a traceback."""

from __future__ import annotations

import streamlit as st

from core.errors import ShopError
from pages.parts.components.feedback import refused
from pages.parts.components.text import t
from pages.parts.entry.feedback import as_refusal


def show(error: Exception) -> bool:
    """A refusal by its sentence; anything else is logged under an id that the visitor can name."""
    if isinstance(error, ShopError):
        refused(error)
    else:
        st.error(t("common.fault"), icon=":material/error:")
        st.caption(t("common.error_id", id=as_refusal(error).facts["error_id"]))
    return True
