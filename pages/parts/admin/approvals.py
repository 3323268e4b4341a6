"""What waits for a second person: the list with its reasons and figures, and the decision. Used by the admin
page and by the page of the asking package.

approvals(page, key="stock_approvals", kinds=("stock_count",))
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.access import approvals as service
from core.access.approvals import Decision
from core.campaign import service as campaigns
from core.pricing import approvals as approving
from pages.parts.components.columns import Column
from pages.parts.components.feedback import flash, refusals
from pages.parts.components.tables import row_of, table
from pages.parts.components.text import known, literal, plain, t, time, who
from pages.parts.components.url_state import kept
from pages.parts.entry.context import PageContext

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


def approvals(page: PageContext, *, key: str, kinds: tuple[str, ...] = ()) -> None:
    """The requests in a state, and the drawer of the chosen one."""
    with kept(f"{key}_state", "requested", STATES):
        state = st.pills(
            t("approval.state"),
            STATES,
            required=True,
            key=f"{key}_state",
            format_func=lambda code: plain(f"state.{code}"),
            label_visibility="collapsed",
        )
    frame = service.listed(page.database, page.actor, state or "requested")
    frame = (frame[frame["kind"].isin(kinds)] if kinds else frame).set_index("id", drop=False)
    if frame.empty:
        st.caption(t("approval.none"))
        return
    frame["subject"] = _named(page, frame["subject"])
    shown = table(
        frame, COLUMNS, key=key, search=("subject", "reason", "requested_by"), export="approvals", pick=True
    )
    if shown.picked is not None:
        _one(page, row_of(frame, shown.picked), key)


def _named(page: PageContext, subjects: pd.Series) -> list[str]:
    """What is asked for in words: a price or a rule with its phase and sale, limits with their sale; else as it stands."""
    rows = campaigns.campaigns(page.database, page.actor)
    sales = dict(zip(rows["campaign_id"].astype("str"), rows["name"].astype("str"), strict=True))
    return [_subject(str(subject), sales) for subject in subjects]


def _subject(subject: str, sales: Mapping[str, str]) -> str:
    sale, _, rest = subject.partition("/")
    if sale not in sales:
        return subject
    phase, _, code = rest.partition("/")
    if not known(f"price_phase.{phase}"):
        return sales[sale]
    return f"{code} · {plain(f'price_phase.{phase}')} · {sales[sale]}"


def _one(page: PageContext, row: pd.Series, key: str) -> None:
    """One request: its inputs as they were when it was asked, and the two buttons for whoever may decide."""
    with st.container(border=True, key=f"{key}_one"):
        st.subheader(literal(row["subject"]), anchor=False)
        st.markdown(
            t(
                "approval.asked",
                who=who(row["requested_by"]),
                at=time(row["requested_at"]),
                reason=row["reason"],
            )
        )
        if row["inputs"]:
            st.table(
                {_input(name): literal(value) for name, value in row["inputs"].items()},
                border="horizontal",
                width="content",
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
            with refusals():
                _decide(page, row, verdict, note)
                flash(t(f"approval.was_{verdict}"))
                st.rerun()


def _decide(page: PageContext, row: pd.Series, verdict: service.Verdict, note: str) -> None:
    """A price's package looks first whether what was asked for still stands."""
    decision = Decision(verdict, note)
    if row["kind"] in approving.KINDS:
        approving.decide(page.database, page.actor, [str(row["id"])], decision, now=page.now)
    else:
        service.decide(page.database, page.actor, str(row["id"]), decision, page.now)


def _input(name: str) -> str:
    """The word of an input where one is written, else its name in code."""
    key = f"approval_input.{name}"
    return t(key) if known(key) else literal(name)
