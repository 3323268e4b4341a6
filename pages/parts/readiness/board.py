"""What the readiness page is made of: the answer, the board, the timeline, the calendar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.readiness import service
from core.readiness.service import Board
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.printing import grid, paper, print_button, sheet
from pages.parts.components.states import tone
from pages.parts.components.tabs import at_first, tabbed
from pages.parts.components.text import day, language, literal, number, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.readiness import advertising, staffing
from pages.parts.readiness.calendar import Entry, weeks
from pages.parts.readiness.tasks import LANES, department, t_name, tasks
from pages.parts.shell.empty import empty

LANE_ROWS = 12
HUE = {"overdue": "red", "blocked": "amber", "doing": "blue", "todo": "gray", "done": "green"}


def standing(board: Board) -> str:
    """How far the opening is."""
    days = (board.opening - board.today).days
    return t("readiness.days_left", n=days) if days >= 0 else t("readiness.days_after", n=-days)


def draw_up(page: PageContext) -> None:
    """The empty board and the one thing to do about it."""
    button = "readiness.draw_up" if page.may("readiness.edit") else ""
    if empty("readiness.empty", button=button):
        service.draw_up(page.database, page.actor, page.campaign_id, page.now, language())
        st.rerun()


def answer(board: Board, *, strip: bool = False) -> None:
    """Four figures, and the departments against what should be done by now; `strip`: the figures alone, in one low
    line."""
    rows, whole = board.readiness.iloc[:-1], board.readiness.iloc[-1]
    late = int(board.tasks["late_by"].max())
    latest = literal(board.tasks["title"].iloc[int(board.tasks["late_by"].argmax())])
    points = float(whole["readiness"] - whole["planned"])
    against = t("readiness.against_plan", points=points)
    cards(
        Card(
            "readiness.ready",
            percent(float(whole["readiness"])),
            change=points,
            change_text=against,
            good=points >= 0,
            help="readiness.ready_help",
        ),
        Card(
            "readiness.overdue",
            number(int(whole["overdue"])),
            t("readiness.tasks"),
            alarm=bool(whole["overdue"]),
            help="readiness.overdue_help",
        ),
        Card(
            "readiness.blocked",
            number(int(whole["blocked"])),
            t("readiness.tasks"),
            help="readiness.blocked_help",
        ),
        Card(
            "readiness.late_by",
            number(late),
            t("readiness.days_unit"),
            against=latest if late > 0 else "",
            alarm=late > 0,
            help="readiness.late_by_help",
        ),
        strip=strip,
    )
    if not strip:
        _departments(rows)


def _departments(rows: pd.DataFrame) -> None:
    """The departments' bars; red where something is overdue, amber where something is blocked."""
    late_or_stuck = np.select(
        [rows["overdue"] > 0, rows["blocked"] > 0, rows["readiness"] >= 1], ["red", "amber", "green"], "blue"
    )
    shown = rows[["readiness", "planned"]].assign(name=rows["department"].map(department), tone=late_or_stuck)
    spec = charts.Bars(
        "name",
        "readiness",
        value_title="readiness.ready",
        tone="tone",
        percent=True,
        target="planned",
        rows=len(shown),
        row=20,
    ).spec()
    charts.draw(shown, spec, key="readiness_departments", alt=plain("readiness.departments_alt"))
    st.caption(t("readiness.departments_note"))


def tabs(page: PageContext, board: Board) -> None:
    """The answer, in one strip above every tab but the first, and the tabs; only the open one is drawn."""
    drawers: dict[str, Callable[[], None]] = {}
    if not board.tasks.empty:
        drawers = {
            "board": lambda: lanes(board),
            "tasks": lambda: tasks(page, board),
            "timeline": lambda: timeline(board),
            "calendar": lambda: calendar(board),
        }
    drawers |= {"staffing": lambda: staffing.heads(page), "resources": lambda: advertising.plan(page)}
    drawn = {name: (t(f"readiness.tab_{name}"), draw) for name, draw in drawers.items()}
    if not board.tasks.empty:
        answer(board, strip=not at_first("readiness_tab", drawn))
    tabbed("readiness_tab", drawn)


def lanes(board: Board) -> None:
    """待办 进行中 受阻 完成, the most urgent first, of one department or all."""
    used = [code for code in board.readiness["department"] if code]
    chosen = st.pills(
        t("readiness.department"),
        ["", *used],
        default="",
        required=True,
        key="readiness_lane",
        label_visibility="collapsed",
        format_func=lambda code: department(code) if code else plain("common.all"),
    )
    rows = board.tasks if not chosen else board.tasks[board.tasks["department"] == chosen]
    with st.grid(len(LANES), min_column_width=240):
        for lane in LANES:
            part = rows[rows["state"] == lane]
            with st.container(border=True, gap="small"):
                st.markdown(f"**{t(f'task_state.{lane}')}** :gray[{len(part)}]")
                for row in part.head(LANE_ROWS).itertuples():
                    _task_card(row)
                if len(part) > LANE_ROWS:
                    st.caption(t("readiness.more_tasks", n=len(part) - LANE_ROWS))


def _task_card(row: Any, *, dated: bool = True) -> None:
    """One task in two lines: what, and who, when, how urgent. `row` has the board's columns as attributes."""
    flags = (
        f" :{tone(row.mark)}-badge[{t(f'task_state.{row.mark}')}]"
        if row.mark in {"overdue", "blocked"}
        else ""
    )
    flags += f" :violet-badge[{t('readiness.critical')}]" if row.critical else ""
    who = literal(row.owner or plain("readiness.nobody"))
    when = f" · {t_name(int(row.t_minus))} · {row.due_on:%m\u2011%d}" if dated else ""
    st.markdown(f"{literal(row.title)}{flags}  \n:gray[{literal(department(row.department))} · {who}{when}]")


def timeline(board: Board) -> None:
    """The tasks along T−n with the critical path, unfinished ones only."""
    rows = board.tasks[board.tasks["state"] != "done"].sort_values(["start_on", "due_on"])
    only = st.toggle(t("readiness.only_critical"), key="readiness_only_critical")
    rows = rows[rows["critical"]] if only else rows
    if rows.empty:
        st.info(t("readiness.all_done"), icon=":material/check_circle:")
        return
    spans = pd.DataFrame(
        {
            "name": rows["title"],
            "start": pd.to_datetime(rows["start_on"]),
            "end": pd.to_datetime(rows["due_on"]) + pd.Timedelta(days=1),
            "tone": [
                "red" if critical else HUE[mark]
                for critical, mark in zip(rows["critical"], rows["mark"], strict=True)
            ],
            "word": [
                f"{t_name(int(n))} · {plain(f'task_state.{mark}')}"
                for n, mark in zip(rows["t_minus"], rows["mark"], strict=True)
            ],
        }
    )
    today = pd.DataFrame(
        {
            "name": ["now"],
            "start": [pd.Timestamp(board.today)],
            "end": [pd.NaT],
            "tone": ["gray"],
            "word": [""],
        }
    )
    charts.draw(
        pd.concat([spans, today], ignore_index=True),
        charts.timeline(rows=len(spans), row=22),
        key="readiness_timeline",
        alt=plain("readiness.timeline_alt"),
    )
    st.caption(t("readiness.timeline_note"))


def calendar(board: Board) -> None:
    """What is due on which day: the weeks up to the last task, and the same as a list with owners, overdue
    first."""
    rows = board.tasks[board.tasks["state"] != "done"].sort_values(["due_on", "department"])
    print_button("tasks_print")
    paper([task_sheet(board)])
    if rows.empty:
        st.info(t("readiness.all_done"), icon=":material/check_circle:")
    tones = [tone(mark) for mark in rows["mark"]]
    entries = map(Entry, rows["due_on"], tones, rows["title"], rows["department"].map(department))
    weeks(list(entries), board.today, {board.opening: t_name(0)})
    for due in sorted(set(rows["due_on"])):
        part, late = rows[rows["due_on"] == due], due < board.today
        head = f"**{day(due)} · {t_name((board.opening - due).days)}**"
        with st.container(horizontal=True, gap="small"):
            st.markdown(f":red[{head}]" if late else head, width=150)
            with st.container(gap="xsmall"):
                for row in part.itertuples():
                    _task_card(row, dated=False)


def task_sheet(board: Board) -> str:
    """Every task of the campaign in the order of its dates, for paper."""
    columns = [
        (name, plain(f"readiness.{title}"))
        for name, title in (
            ("when", "t_minus"),
            ("on", "due_on"),
            ("who", "department"),
            ("title", "task_title"),
            ("owner", "owner"),
            ("waiting_for", "waiting_for"),
            ("shown", "mark"),
        )
    ]
    rows = [_task_row(row) for row in board.tasks.sort_values(["due_on", "department"]).itertuples()]
    title = f"{board.campaign.name} · {plain('readiness.title')} · {day(board.today)}"
    return sheet(title, grid(columns, rows, kind="words", sign=plain("readiness.proof")))


def _task_row(row: Any) -> dict[str, object]:
    return {
        "when": t_name(int(row.t_minus)),
        "on": day(row.due_on),
        "who": department(row.department),
        "title": f"{row.task_id[:4]} {row.title}",
        "owner": row.owner,
        "waiting_for": row.waiting_for,
        "shown": plain(f"task_state.{row.mark}"),
    }
