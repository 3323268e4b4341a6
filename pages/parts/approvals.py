"""What waits for a second person: the list with its reasons and figures, and the decision. Used by the admin page and by rooms.

approvals(db, user, now, key="stock_approvals", kinds=("stock_count",))
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from core.access import Actor
from core.access import approvals as service
from core.database import Database
from core.errors import ShopError
from core.pricing import approving
from pages.parts.address import kept
from pages.parts.columns import Column
from pages.parts.tables import row_of, table
from pages.parts.text import error_text, known, literal, plain, t, time, who

COLUMNS = (
    Column("subject", "approval.subject", "code"),
    Column("kind", "approval.kind", "state", words="approval_kind"),
    Column("state", "approval.state", "state"),
    Column("reason", "approval.reason", "text", width="large"),
    Column("requested_by", "approval.requested_by", "text"),
    Column("requested_at", "approval.requested_at", "moment"),
    Column("decided_by", "approval.decided_by", "text"),
    Column("decided_at", "approval.decided_at", "moment", shown=False),
    Column("note", "approval.note", "text", shown=False),
)
STATES = ("requested", "approved", "refused", "expired")


def approvals(db: Database, user: Actor, now: datetime, *, key: str, kinds: tuple[str, ...] = ()) -> None:
    """The requests in a state, and the drawer of the chosen one."""
    with kept(f"{key}_state", "requested", STATES):
        state = st.pills(
            t("approval.state"), STATES, required=True, key=f"{key}_state", format_func=lambda code: plain(f"state.{code}"),
            label_visibility="collapsed",
        )  # fmt: skip
    frame = service.listed(db, user, state or "requested")
    frame = (frame[frame["kind"].isin(kinds)] if kinds else frame).set_index("id", drop=False)
    if frame.empty:
        st.caption(t("approval.none"))
        return
    shown = table(frame, COLUMNS, key=key, search=("subject", "reason", "requested_by"), export="approvals", pick=True)
    if shown.picked is not None:
        _one(db, user, now, row_of(frame, shown.picked), key)


def _one(db: Database, user: Actor, now: datetime, row: pd.Series, key: str) -> None:
    """One request: its inputs as they were when it was asked, and the two buttons for whoever may decide."""
    with st.container(border=True, key=f"{key}_one"):
        st.subheader(literal(row["subject"]), anchor=False)
        st.markdown(t("approval.asked", who=who(row["requested_by"]), at=time(row["requested_at"]), reason=row["reason"]))
        if row["inputs"]:
            st.table(
                {_input(name): literal(value) for name, value in row["inputs"].items()}, border="horizontal", width="content"
            )
        if row["state"] != "requested":
            return
        if not row["may_decide"]:
            st.caption(t("approval.not_yours"))
            return
        note = st.text_input(t("approval.note"), key=f"{key}_note_{row['id']}", max_chars=300)
        with st.container(horizontal=True):
            yes = st.button(t("approval.approve"), type="primary", icon=":material/check:", key=f"{key}_yes")
            no = st.button(t("approval.refuse"), icon=":material/close:", key=f"{key}_no")
        if yes or no:
            verdict: service.Verdict = "approved" if yes else "refused"
            try:
                _decide(db, user, row, verdict, note, now)
            except ShopError as error:
                st.error(error_text(error), icon=":material/block:")
                return
            st.toast(t(f"approval.was_{verdict}"))
            st.rerun()


def _decide(db: Database, user: Actor, row: pd.Series, verdict: service.Verdict, note: str, now: datetime) -> None:
    """A price's room looks first whether what was asked for still stands."""
    if row["kind"] in approving.KINDS:
        approving.decide(db, user, [str(row["id"])], verdict, note, now=now)
    else:
        service.decide(db, user, str(row["id"]), verdict, note, now)


def _input(name: str) -> str:
    """The word of an input where one is written, else its name in code."""
    key = f"approval_input.{name}"
    return t(key) if known(key) else literal(name)
