"""The tasks of the readiness page as a table, with one task's drawer: its state, its plan, what it waits for; reminders and new
tasks.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.database import Database
from core.errors import ShopError
from core.readiness import reminding, service
from core.readiness.service import Board
from pages.parts.columns import Column
from pages.parts.picker import Chosen
from pages.parts.tables import Filter, table
from pages.parts.text import error_text, literal, plain, t

LANES = ("todo", "doing", "blocked", "done")
TASKS = (
    Column("task_id", "readiness.task_id", "code"),
    Column("title", "readiness.task_title", width="large"),
    Column("mark", "readiness.mark", "state", words="task_state"),
    Column("department_name", "readiness.department"),
    Column("owner", "readiness.owner"),
    Column("t_name", "readiness.t_minus", help="readiness.t_minus_help"),
    Column("start_on", "readiness.start_on", "day"),
    Column("due_on", "readiness.due_on", "day"),
    Column("slack", "readiness.slack", "integer", help="readiness.slack_help"),
    Column("critical", "readiness.critical", "flag", help="readiness.critical_help"),
    Column("waiting_for", "readiness.waiting_for", help="readiness.waiting_for_help"),
    Column("reason", "readiness.reason", shown=False),
    Column("proof", "readiness.proof", shown=False),
    Column("days", "readiness.days", "integer", shown=False),
)
VIEWS = (
    Filter("overdue", "readiness.view_overdue", lambda frame: frame["overdue"]),
    Filter("blocked", "readiness.view_blocked", lambda frame: frame["mark"] == "blocked"),
    Filter("soon", "readiness.view_soon", lambda frame: frame["soon"]),
    Filter("critical", "readiness.view_critical", lambda frame: frame["critical"]),
    Filter("open", "readiness.view_open", lambda frame: frame["state"] != "done"),
)


def t_name(t_minus: int) -> str:
    """T-7, T-0, T+3 as people say it."""
    return f"T−{t_minus}" if t_minus >= 0 else f"T+{-t_minus}"


def department(code: str) -> str:
    """A department's name; a shop's own is its own word."""
    key = f"department.{code}"
    words = plain(key)
    return code if words == key else words


def tasks(db: Database, user: Actor, chosen: Chosen, board: Board, now: datetime) -> None:
    """Every task as a table; the picked one opens its drawer."""
    soon = pd.to_datetime(board.tasks["due_on"]).between(pd.Timestamp(board.today), pd.Timestamp(board.today + timedelta(days=3)))
    frame = board.tasks.assign(
        department_name=board.tasks["department"].map(department), t_name=[t_name(int(n)) for n in board.tasks["t_minus"]],
        soon=soon & (board.tasks["state"] != "done"),
    ).set_index("task_id", drop=False)  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("readiness.pick_hint"))
        if allowed(user, "readiness.edit"):
            _remind(db, user, chosen, now)
            _new_task(db, user, chosen, now)
    shown = table(
        frame,
        TASKS,
        key="readiness_tasks",
        filters=VIEWS,
        search=("task_id", "title", "owner", "department_name"),
        export="readiness",
        pick=True,
    )
    if shown.picked is not None and allowed(user, "readiness.task"):
        row = {str(name): value for name, value in frame.loc[[str(shown.picked)]].iloc[0].items()}
        if allowed(user, "readiness.edit") or user.department in {"", row["department"]}:
            _drawer(db, user, chosen, board, row, now)
        else:
            st.caption(error_text(ShopError("readiness.not_yours", task=row["title"], department=row["department"])))


def _drawer(db: Database, user: Actor, chosen: Chosen, board: Board, row: dict[str, Any], now: datetime) -> None:
    """One task: its state with proof or reason, and for planners what it is and what it waits for."""
    task_id = str(row["task_id"])
    with st.form(f"readiness_drawer_{task_id}_{row['version']}", enter_to_submit=False):
        st.markdown(f"**{literal(row['title'])}** · {t_name(int(row['t_minus']))}")
        state = st.segmented_control(
            t("readiness.mark"), LANES, default=row["state"], required=True, format_func=lambda code: plain(f"task_state.{code}")
        )
        proof = st.text_input(
            t("readiness.proof"),
            row["proof"],
            help=t("readiness.proof_help"),
            placeholder=plain("readiness.proof_needed") if row["needs_proof"] else None,
        )
        reason = st.text_input(t("readiness.reason"), row["reason"])
        plan = allowed(user, "readiness.edit")
        edits = _plan_fields(row, board) if plan else None
        if st.form_submit_button(t("common.save"), type="primary", icon=":material/save:"):
            try:
                version = int(row["version"])
                if edits is not None:
                    version = _save_plan(db, user, chosen, board, row, edits, now)
                if (state, proof, reason) != (row["state"], row["proof"], row["reason"]):
                    service.progress(db, user, chosen.campaign_id, task_id, str(state), version, now, proof=proof, reason=reason)
                st.rerun()
            except ShopError as error:
                st.error(error_text(error))


def _plan_fields(row: dict[str, Any], board: Board) -> dict[str, Any]:
    titles = dict(zip(board.tasks["task_id"], board.tasks["title"], strict=True))
    before = board.links.loc[board.links["waits_id"] == row["task_id"], "first_id"].tolist()
    first, second, third = st.columns(3)
    return {
        "owner": first.text_input(t("readiness.owner"), row["owner"]),
        "t_minus": int(
            second.number_input(t("readiness.t_minus"), -365, 365, int(row["t_minus"]), help=t("readiness.t_minus_help"))
        ),
        "days": int(third.number_input(t("readiness.days"), 1, 365, int(row["days"]))),
        "after": st.multiselect(
            t("readiness.after"),
            [code for code in titles if code != row["task_id"]],
            before,
            format_func=lambda code: f"{code} {titles[code]}"[:60],
        ),
    }


def _save_plan(
    db: Database, user: Actor, chosen: Chosen, board: Board, row: dict[str, Any], edits: dict[str, Any], now: datetime
) -> int:
    """Stores what changed of the plan of a task; returns its version afterwards."""
    task_id, version = str(row["task_id"]), int(row["version"])
    after = [str(code) for code in edits.pop("after")]
    before = board.links.loc[board.links["waits_id"] == task_id, "first_id"].tolist()
    if sorted(after) != sorted(before):
        service.link(db, user, chosen.campaign_id, task_id, after, now)
    new = {name: value for name, value in edits.items() if value != row[name]}
    if not new:
        return version
    service.edit(db, user, chosen.campaign_id, {task_id: {**new, "version": version}}, now)
    return version + 1


def _new_task(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    with st.popover(t("readiness.new_task"), icon=":material/add:"), st.form("readiness_new", clear_on_submit=True):
        title = st.text_input(t("readiness.task_title"))
        where = st.selectbox(t("readiness.department"), service.DEPARTMENTS, format_func=department)
        t_minus = int(st.number_input(t("readiness.t_minus"), -365, 365, 7))
        days = int(st.number_input(t("readiness.days"), 1, 365, 1))
        if st.form_submit_button(t("readiness.new_task"), type="primary"):
            try:
                service.add(db, user, chosen.campaign_id, title, where, t_minus, days, now)
                st.rerun()
            except ShopError as error:
                st.error(error_text(error))


def _remind(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """Sends what is overdue, blocked or due within two days; the server does so by itself in the morning."""
    if not st.button(t("readiness.remind"), icon=":material/notifications:", help=t("readiness.remind_help")):
        return
    sent = reminding.remind(db, user, chosen.campaign_id, now)
    due = len(reminding.reminders(db, user, chosen.campaign_id, now))
    st.toast(t("readiness.reminded", n=sent) if sent else t("readiness.reminded_nobody", n=due))
