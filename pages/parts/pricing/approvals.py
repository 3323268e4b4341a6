"""What waits for a second person: every request with price, floor, margin and what it was before; a class of risk is
listed alone, and what is ticked in the list is decided."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from core.pricing import approvals as approving
from core.pricing.engine.risks import Risk
from pages.parts.components.bulk import Act, bulk
from pages.parts.components.columns import Column
from pages.parts.components.feedback import flash, refusals
from pages.parts.components.tables import table, unticked
from pages.parts.components.text import plain, t
from pages.parts.entry.context import PageContext

REQUESTS = (
    Column("about", "pricing.about", "code"),
    Column("name", "pricing.name"),
    Column("risk", "pricing.risk", "state", words="price_risk"),
    Column("state", "approval.state", "state"),
    Column("previous_price", "pricing.previous_price", "price"),
    Column("sale_price", "pricing.sale_price", "price"),
    Column("worst_landed_price", "pricing.worst_landed", "price"),
    Column("floor_price", "pricing.floor_price", "price", help="pricing.floor_price_help"),
    Column("worst_contribution", "pricing.worst_contribution", "price"),
    Column("worst_margin", "pricing.worst_margin", "percent"),
    Column("at_stake", "pricing.at_stake", "money", help="pricing.at_stake_help"),
    Column("reason", "pricing.request_reason", width="large"),
    Column("requested_by", "pricing.requested_by"),
    Column("requested_at", "pricing.requested_at", "moment"),
    Column("kind", "approval.kind", "state", words="approval_kind", shown=False),
    Column("phase", "pricing.phase", "state", words="price_phase", shown=False),
)

DECIDE = ":material/how_to_reg:"


def approvals(page: PageContext, waiting: pd.DataFrame) -> None:
    """Finance agrees or refuses, a refusal with its reason; what has moved since is asked for anew. `waiting`:
    `approvals.requests`."""
    if waiting.empty:
        st.info(t("pricing.approvals_none"), icon=":material/task_alt:")
        return
    batch = _batch(waiting)
    rows = waiting[waiting["risk"] == batch] if batch else waiting
    shown = table(
        rows.set_index("id", drop=False),
        [column for column in REQUESTS if column.name in rows],
        key="pricing_requests",
        search=("about", "name", "reason"),
        export="approvals",
        many=bool(rows["may_decide"].any()),
    )
    moved = waiting[waiting["state"] == "expired"]
    if len(moved):
        _renewal(page, len(moved), moved.loc[moved["may_renew"], "id"].tolist())
    decide = Act(
        "decide", "pricing.bulk_decide", partial(_decision, page), lambda frame: frame["may_decide"], DECIDE
    )
    bulk(shown, (decide,), key="pricing_requests", money="at_stake")
    if (shown.ticked is None or shown.ticked.empty) and rows["may_decide"].any():
        st.caption(t("pricing.decide_none"))


def _batch(waiting: pd.DataFrame) -> str | None:
    """The class of risk that is listed alone; none at first."""
    counts = waiting["risk"].value_counts()
    offered = [str(risk) for risk in Risk if risk in counts]
    return st.pills(
        t("pricing.risk"),
        offered,
        key="pricing_risk",
        label_visibility="collapsed",
        format_func=lambda risk: plain(
            "pricing.risk_batch", risk=plain(f"price_risk.{risk}"), n=int(counts[risk])
        ),
    )


def _decision(page: PageContext, rows: pd.DataFrame) -> None:
    """The rows that are decided, in a sentence, and the two answers."""
    ids = rows.index[rows["may_decide"]].tolist()
    if not ids:
        return
    _limit_changes(rows)
    stake = int(rows["at_stake"].fillna(0).sum()) if "at_stake" in rows else 0
    with st.form("pricing_decide", border=True):
        st.caption(t("pricing.decide_scope", n=len(ids), stake=stake))
        note = st.text_input(t("pricing.note"), placeholder=plain("pricing.note_place"))
        with st.container(horizontal=True):
            current = bool((rows.loc[ids, "state"] == "requested").all())
            yes = st.form_submit_button(
                t("pricing.approve"), type="primary", icon=":material/check:", disabled=not current
            )
            no = st.form_submit_button(t("pricing.refuse"), icon=":material/block:")
    if yes or no:
        _decide(page, ids, "approved" if yes else "refused", note)


def _limit_changes(rows: pd.DataFrame) -> None:
    """Which limits a request loosens: each as it is and as it would be."""
    for inputs in rows.loc[rows["risk"] == Risk.LIMITS, "inputs"].dropna():
        for name, (before, after) in inputs["loosens"].items():
            st.markdown(f"- {limit_words(name, before, after)}")


def limit_words(name: str, before: int, after: int) -> str:
    """One looser limit: its name, as it is, as it would be."""
    if name == "base_days":
        return f"{plain('pricing.limits_base')}: {before} → {after}"
    tier, _, limit = name.rpartition(".")
    words = plain(f"pricing.limits_{limit}").removesuffix("%").strip()
    full = f"{plain(f'price_tier.{tier}')} · {words}" if tier else words
    return plain("pricing.limit_change", name=full, before=before / 10_000, after=after / 10_000)


def _renewal(page: PageContext, moved: int, own: Sequence[str]) -> None:
    """Says how many have moved since they were asked for; whoever asks for such things asks anew."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="pricing_moved"):
        st.markdown(t("pricing.requests_moved", n=moved), width="stretch")
        if own and st.button(t("pricing.renew"), icon=":material/refresh:", key="pricing_renew"):
            stand, closed = approving.renew(page.database, page.actor, own, now=page.now)
            flash(t("pricing.renewed", n=stand, closed=closed), icon=":material/how_to_reg:")
            st.rerun()


def _decide(page: PageContext, ids: Sequence[str], verdict: str, note: str) -> None:
    with refusals():
        decision = approving.Decision(verdict, note)  # type: ignore[arg-type]
        count = approving.decide(page.database, page.actor, ids, decision, now=page.now)
        unticked("pricing_requests")
        flash(t("pricing.decided", n=count), icon=DECIDE)
        st.rerun()
