"""The guard: first line of every page.

page = require("stock.view")     # the PageContext of this run; a revoked session meets the sign-in
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from core.access import Actor, allowed
from pages.parts.components.text import t
from pages.parts.entry import visitor
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import admitted


def require(action: str) -> PageContext:
    """The context of a run whose person may do `action`.

    Nobody signed in (a session that was revoked or ran out while the page stood open): the app runs again and
    meets the gate. A role without the action: a sentence, and the page stops.
    """
    actor = visitor.visitor()
    if actor is None:
        st.rerun()
    if not allowed(actor, action):
        refuse(actor)
    return admitted(action, actor)


def refuse(actor: Actor) -> NoReturn:
    """Says that the page is not for this role; the page stops."""
    st.error(t("shell.not_for_role", role=t(f"role.{actor.role}")), icon=":material/lock:")
    st.stop()
