"""The keys of programs: the list, a new one (shown once), and the end of the chosen one."""

from __future__ import annotations

import streamlit as st

from core.access import api_keys
from core.access.api_keys import NewKey
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt, refusals
from pages.parts.components.tables import row_of, table
from pages.parts.components.text import plain, t
from pages.parts.entry.context import PageContext

KEYS = (
    Column("name", "key.name", "code", pinned=True),
    Column("purposes", "key.scopes", "text", width="medium"),
    Column("state", "admin.state", "state"),
    Column("used_at", "key.used_at", "moment"),
    Column("used_from", "key.used_from", "text"),
    Column("created_at", "admin.created_at", "moment"),
    Column("created_by", "admin.created_by", "text"),
    Column("revoked_at", "state.revoked", "moment", shown=False),
)


def keys(page: PageContext) -> None:
    """Every key with its purposes and its last use."""
    st.caption(t("key.note"))
    _made()
    with st.popover(t("key.add"), icon=":material/key:"):
        _add(page)
    frame = api_keys.listed(page.database, page.actor)
    if frame.empty:
        st.caption(t("key.none"))
        return
    purposes = [" / ".join(map(_scope, scopes)) for scopes in frame["scopes"]]
    frame = frame.assign(purposes=purposes).set_index("name", drop=False)
    shown = table(frame, KEYS, key="keys", search=("name",), export="keys", pick=True)
    if shown.picked is None:
        return
    row = row_of(frame, shown.picked)
    name = str(row["name"])
    if row["state"] == "active" and st.button(t("key.revoke", name=name), icon=":material/key_off:"):
        attempt(lambda: api_keys.revoke(page.database, page.actor, name, page.now), t("key.revoked"))


def _add(page: PageContext) -> None:
    with st.form("add_key", border=False):
        name = st.text_input(t("key.name"), max_chars=64)
        scopes = st.pills(t("key.scopes"), api_keys.SCOPES, selection_mode="multi", format_func=_scope)
        if st.form_submit_button(t("key.add"), type="primary"):
            with refusals():
                st.session_state["new_key"] = api_keys.make(
                    page.database, page.actor, name.strip(), list(scopes), page.now
                )
                st.rerun()


def _made() -> None:
    """The token of a key just made, for the one screen that shows it."""
    made: NewKey | None = st.session_state.pop("new_key", None)
    if made is not None:
        with st.container(border=True, key="new_key_card"):
            st.markdown(t("key.made", name=made.name))
            st.code(made.token, language=None)


def _scope(scope: str) -> str:
    return plain(f"key_scope.{scope}")
