"""The tasks of the readiness page as a table, with one task's drawer: its state, its plan, what it waits for;
reminders and new tasks.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import ShopError
from core.readiness import reminding, service
from core.readiness.service import Board, NewTask, Step
from pages.parts.components.bulk import Act, bulk
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt, refusals
from pages.parts.components.tables import Filter, table, unticked
from pages.parts.components.text import error_text, literal, plain, t
from pages.parts.entry.context import PageContext

Task = dict[str, Any]  # a row of the board

SHORT = 6  # letters of a code that people read
LANES = ("todo", "doing", "blocked", "done")
TASKS = (
    Column("task_code", "readiness.task_id", pinned=True),
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


def _short(task_id: str) -> str:
    """A template's code as it is; of a task that somebody added, what tells it from the others."""
    return task_id if len(task_id) <= SHORT else f"{task_id[0]}·{task_id[-4:]}"


def tasks(page: PageContext, board: Board) -> None:
    """Every task as a table; the picked one opens its drawer."""
    soon = pd.to_datetime(board.tasks["due_on"]).between(
        pd.Timestamp(board.today), pd.Timestamp(board.today + timedelta(days=3))
    )
    frame = board.tasks.assign(
        department_name=board.tasks["department"].map(department),
        task_code=[_short(str(code)) for code in board.tasks["task_id"]],
        t_name=[t_name(int(n)) for n in board.tasks["t_minus"]],
        soon=soon & (board.tasks["state"] != "done"),
    ).set_index("task_id", drop=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("readiness.pick_hint"))
        if page.may("readiness.edit"):
            _remind(page)
            _new_task(page)
    shown = table(
        frame,
        TASKS,
        key="readiness_tasks",
        filters=VIEWS,
        search=("task_id", "title", "owner", "department_name"),
        export="readiness",
        pick=True,
        many=page.may("readiness.edit"),
    )
    acts = (
        Act("owner", "readiness.bulk_owner", partial(_owner, page), icon=":material/person:"),
        Act("move", "readiness.bulk_move", partial(_move, page), _open, ":material/event:"),
    )
    bulk(shown, acts, key="readiness_tasks")
    if shown.picked is not None and page.may("readiness.task"):
        row = {str(name): value for name, value in frame.loc[[str(shown.picked)]].iloc[0].items()}
        if page.may("readiness.edit") or page.actor.department in {"", row["department"]}:
            _drawer(page, board, row)
        else:
            st.caption(
                error_text(ShopError("readiness.not_yours", task=row["title"], department=row["department"]))
            )


def _open(frame: pd.DataFrame) -> pd.Series:
    return frame["state"] != "done"


def _owner(page: PageContext, rows: pd.DataFrame) -> None:
    """One owner for the ticked tasks."""
    with st.form("readiness_bulk_owner", border=False):
        owner = st.text_input(t("readiness.owner"))
        if st.form_submit_button(t("readiness.bulk_owner", n=len(rows)), type="primary") and owner.strip():
            _edit_all(page, rows, {code: {"owner": owner.strip()} for code in rows.index})


def _move(page: PageContext, rows: pd.DataFrame) -> None:
    """The ticked tasks, so many days later or earlier, counted from the opening."""
    with st.form("readiness_bulk_move", border=False):
        days = int(st.number_input(t("readiness.bulk_days"), -60, 60, 1, help=t("readiness.bulk_days_help")))
        if st.form_submit_button(t("readiness.bulk_move", n=len(rows)), type="primary") and days:
            due = rows["t_minus"].astype(int) - days
            _edit_all(page, rows, {code: {"t_minus": int(value)} for code, value in due.items()})


def _edit_all(page: PageContext, rows: pd.DataFrame, new: Mapping[Hashable, Mapping[str, object]]) -> None:
    """All of them or none, where nobody else has changed one meanwhile."""
    versions = dict(zip(rows.index.astype("str"), rows["version"].astype(int), strict=True))
    changed = {str(code): {**cells, "version": versions[str(code)]} for code, cells in new.items()}
    edit = partial(service.edit, page.database, page.actor, page.campaign_id, changed, page.now)
    attempt(edit, _edited, "success")


def _edited(count: int) -> str:
    unticked("readiness_tasks")
    return t("readiness.bulk_done", n=count)


def _drawer(page: PageContext, board: Board, row: Task) -> None:
    """One task: its state with proof or reason, and for planners what it is and what it waits for."""
    task_id = str(row["task_id"])
    with st.form(f"readiness_drawer_{task_id}_{row['version']}", enter_to_submit=False):
        st.markdown(f"**{literal(row['title'])}** · {t_name(int(row['t_minus']))}")
        state = st.segmented_control(
            t("readiness.mark"),
            LANES,
            default=row["state"],
            required=True,
            format_func=lambda code: plain(f"task_state.{code}"),
        )
        proof = st.text_input(
            t("readiness.proof"),
            row["proof"],
            help=t("readiness.proof_help"),
            placeholder=plain("readiness.proof_needed") if row["needs_proof"] else None,
        )
        reason = st.text_input(t("readiness.reason"), row["reason"])
        plan = page.may("readiness.edit")
        edits = _plan_fields(row, board) if plan else None
        if st.form_submit_button(t("common.save"), type="primary", icon=":material/save:"):
            with refusals():
                version = int(row["version"])
                if edits is not None:
                    version = _save_plan(page, board, row, edits)
                if (state, proof, reason) != (row["state"], row["proof"], row["reason"]):
                    service.progress(
                        page.database,
                        page.actor,
                        page.campaign_id,
                        Step(task_id, str(state), version, proof=proof, reason=reason),
                        page.now,
                    )
                st.rerun()


def _plan_fields(row: Task, board: Board) -> dict[str, object]:
    titles = dict(zip(board.tasks["task_id"], board.tasks["title"], strict=True))
    before = board.links.loc[board.links["waits_id"] == row["task_id"], "first_id"].tolist()
    first, second, third = st.columns(3)
    return {
        "owner": first.text_input(t("readiness.owner"), row["owner"]),
        "t_minus": int(
            second.number_input(
                t("readiness.t_minus"), -365, 365, int(row["t_minus"]), help=t("readiness.t_minus_help")
            )
        ),
        "days": int(third.number_input(t("readiness.days"), 1, 365, int(row["days"]))),
        "after": st.multiselect(
            t("readiness.after"),
            [code for code in titles if code != row["task_id"]],
            before,
            format_func=lambda code: f"{code} {titles[code]}"[:60],
        ),
    }


def _save_plan(page: PageContext, board: Board, row: Task, edits: Task) -> int:
    """Stores what changed of the plan of a task; returns its version afterwards."""
    task_id, version = str(row["task_id"]), int(row["version"])
    after = [str(code) for code in edits.pop("after")]
    before = board.links.loc[board.links["waits_id"] == task_id, "first_id"].tolist()
    if sorted(after) != sorted(before):
        service.link(page.database, page.actor, page.campaign_id, service.Waits(task_id, after), page.now)
    new = {name: value for name, value in edits.items() if value != row[name]}
    if not new:
        return version
    service.edit(
        page.database, page.actor, page.campaign_id, {task_id: {**new, "version": version}}, page.now
    )
    return version + 1


def _new_task(page: PageContext) -> None:
    with (
        st.popover(t("readiness.new_task"), icon=":material/add:"),
        st.form("readiness_new", clear_on_submit=True),
    ):
        title = st.text_input(t("readiness.task_title"))
        where = st.selectbox(t("readiness.department"), service.DEPARTMENTS, format_func=department)
        t_minus = int(st.number_input(t("readiness.t_minus"), -365, 365, 7))
        days = int(st.number_input(t("readiness.days"), 1, 365, 1))
        if st.form_submit_button(t("readiness.new_task"), type="primary"):
            with refusals():
                service.add(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    NewTask(title, where, t_minus, days),
                    page.now,
                )
                st.rerun()


def _remind(page: PageContext) -> None:
    """Sends what is overdue, blocked or due within two days; the server does so by itself in the morning."""
    if not st.button(t("readiness.remind"), icon=":material/notifications:", help=t("readiness.remind_help")):
        return
    sent = reminding.remind(page.database, page.actor, page.campaign_id, page.now)
    due = len(reminding.reminders(page.database, page.actor, page.campaign_id, page.now))
    st.toast(t("readiness.reminded", n=sent) if sent else t("readiness.reminded_nobody", n=due))
