"""What has been typed into tables and is not saved yet: it outlives a change of tab and of page, until it is saved or discarded.

The browser forgets a table as soon as it is not drawn. So each run begins by noting what every drawn table holds
(`begin`, called by the shell), and a table that is drawn again starts from its rows with the noted cells in them.
Each draft belongs to one account and one campaign; what is typed into a form is watched over in the browser
(`pages/parts/shell/unsaved.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.components.text import t

Cells = dict[int, dict[str, object]]
_DRAFTS, _RUN, _OWNER, _PAGE = "drafts", "drafts run", "drafts owner", "drafts page"


@dataclass(slots=True)
class Draft:
    """One table: where it lies, its rows when the editing began, and what was typed before and after it was last left."""

    page: str
    address: dict[str, str]
    widget: str
    source: pd.DataFrame
    before: Cells = field(default_factory=dict)
    rows: pd.DataFrame | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    changes: int = 0
    run: int = 0

    @property
    def cells(self) -> Cells:
        """All typed cells, by row and column."""
        typed = {row: dict(cells) for row, cells in self.before.items()}
        for row, cells in self.state.get("edited_rows", {}).items():
            typed.setdefault(int(row), {}).update(cells)
        return typed

    @property
    def typed(self) -> bool:
        """Whether anything has been typed, also such as changes nothing."""
        return bool(self.before) or self.rows is not None or any(self.state.values())


def begin(owner: str, page: str) -> None:
    """The start of a run: what stood in the tables of the last one is noted; another account's drafts are dropped."""
    state = st.session_state
    if state.get(_OWNER) != owner:
        state[_DRAFTS], state[_OWNER] = {}, owner
    state[_PAGE], state[_RUN] = page, state.get(_RUN, 0) + 1
    for draft in _all().values():
        draft.state = state.get(draft.widget, draft.state)


def opened(key: str, frame: pd.DataFrame) -> Draft:
    """The draft of a table that is drawn now. `frame`: its rows as they stand; they are taken until something is typed."""
    own = owned(key)
    draft = _all().get(own)
    if draft is None:
        draft = Draft("", {}, _widget(own), frame)
        draft.state = st.session_state.get(draft.widget, {})
        _all()[own] = draft
    elif draft.widget in st.session_state:
        draft.state = st.session_state[draft.widget]
    else:  # it has been away: the browser's cells are part of what it starts from now
        if draft.rows is not None or draft.state.get("added_rows") or draft.state.get("deleted_rows"):
            draft.rows = applied(draft.source if draft.rows is None else draft.rows, draft.state)
        else:
            draft.before = draft.cells
        draft.state = {}
        _next_round(own)
        draft.widget = _widget(own)
    if not draft.typed:
        draft.source = frame
    draft.page, draft.address = str(st.session_state.get(_PAGE, "")), st.query_params.to_dict()
    draft.run = int(st.session_state.get(_RUN, 0))
    return draft


def drop(key: str) -> None:
    """What was typed is saved or discarded: the table starts from its rows again."""
    own = owned(key)
    _all().pop(own, None)
    _next_round(own)


def rows(frame: pd.DataFrame, key: str, *, kept_alone: bool = False, **how: Any) -> pd.DataFrame:
    """A table whose rows may be changed, added and taken out, as its reader left it; outside of forms. Whoever saves it
    calls `drop`. `kept_alone`: a question and no change of the shop, which nobody is reminded of."""
    draft = opened(key, frame)
    if draft.before:  # nothing was added or taken out before it was left
        draft.rows, draft.before = applied(draft.source, {"edited_rows": draft.before}), {}
    start = draft.source if draft.rows is None else draft.rows
    edited: pd.DataFrame = st.data_editor(start, key=draft.widget, **how)
    draft.changes = 0 if kept_alone else _differing(edited, frame)
    return edited


def offer_discard(key: str) -> None:
    """The way back to the rows as they are stored, where something was typed."""
    draft = _all().get(owned(key))
    if draft is not None and draft.changes and st.button(t("common.discard"), key=f"{key}_discard"):
        drop(key)
        st.rerun()


def applied(frame: pd.DataFrame, state: Mapping[str, Any]) -> pd.DataFrame:
    """The rows with what was typed: cells first, then the rows taken out, then the rows added."""
    shown = frame.copy()
    for row, cells in state.get("edited_rows", {}).items():
        for name, value in cells.items():
            if name in shown.columns and int(row) < len(shown):
                shown[name] = with_cell(shown[name], int(row), value)
    out = [int(row) for row in state.get("deleted_rows", ()) if int(row) < len(shown)]
    shown = shown.drop(index=shown.index[out])
    fresh = [one for one in state.get("added_rows", ()) if any(value is not None for value in one.values())]
    if not fresh and not out:
        return shown
    added = pd.DataFrame(fresh, columns=shown.columns)
    whole = pd.concat([shown.astype(object), added.astype(object)], ignore_index=True)
    return whole.astype({name: _roomy(shown[name]) for name in shown.columns})


def with_cell(series: pd.Series, row: int, value: Any) -> pd.Series:
    """The column with one cell as it was typed."""
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        value = pd.Timestamp(str(value)[:19]) if value is not None else pd.NaT
    wide = series.astype(_roomy(series))
    wide.iloc[row] = value
    return wide


def _roomy(series: pd.Series) -> Any:
    """A type that also takes an empty cell, and a fraction where numbers stand."""
    kind = series.dtype
    if pd.api.types.is_bool_dtype(kind):
        return "boolean"
    if pd.api.types.is_integer_dtype(kind):
        return "Int64"
    if pd.api.types.is_float_dtype(kind):
        return "Float64"
    return kind if pd.api.types.is_datetime64_any_dtype(kind) else object


def left() -> list[Draft]:
    """The tables with unsaved cells that this run has not drawn, in the order in which they were opened."""
    run = st.session_state.get(_RUN, 0)
    return [draft for draft in _all().values() if draft.changes and draft.run != run]


def unsaved(key: str) -> bool:
    """Whether that table holds cells that are not saved."""
    draft = _all().get(owned(key))
    return draft is not None and draft.changes > 0


def any_unsaved() -> bool:
    """Whether anything typed into a table waits to be saved."""
    return any(draft.changes for draft in _all().values())


def just_left(draft: Draft) -> bool:
    """Whether the run before this one still drew it."""
    return bool(draft.run == st.session_state.get(_RUN, 0) - 1)


def owned(key: str) -> str:
    """The table's key within the chosen campaign: pending changes never wander into another one."""
    return f"{key}@{st.session_state.get('campaign', '')}"


def _all() -> dict[str, Draft]:
    drafts: dict[str, Draft] = st.session_state.setdefault(_DRAFTS, {})
    return drafts


def _widget(own: str) -> str:
    return f"{own}_editor_{st.session_state.get(f'{own}_round', 0)}"


def _next_round(own: str) -> None:
    st.session_state[f"{own}_round"] = st.session_state.get(f"{own}_round", 0) + 1


def _differing(one: pd.DataFrame, other: pd.DataFrame) -> int:
    """How many cells differ, and rows that only one of them has."""
    shared = min(len(one), len(other))
    cells = 0
    for name in other.columns:
        left_hand = one[name].iloc[:shared].astype(object).to_numpy()
        right_hand = other[name].iloc[:shared].astype(object).to_numpy()
        cells += sum(
            not (a == b if pd.notna(a) and pd.notna(b) else pd.isna(a) and pd.isna(b))
            for a, b in zip(left_hand, right_hand, strict=True)
        )
    return cells + abs(len(one) - len(other))
