"""A table to edit: changed cells are counted and listed, nothing is saved by accident, nobody's later change
is overwritten.

    edited = edit(frame, COLUMNS, editable=("tier", "sale_price"), key="goods")
    if edited is not None:                                # 保存 was pressed
        service.save(db, user, edited.changes, …)         # columns key, field, before, after (core's units), source row versions beside
        saved("goods")                                    # starts afresh from the database

The frame's index is the natural key (the SKU). While there are unsaved changes the editor keeps the rows as
they were when the editing began, and tells cell by cell what others have changed meanwhile: nothing is saved
before the reader has decided. Another cell of the same row is no clash: both changes stand. Unsaved cells outlive
a change of tab and of page (`drafts`). No `run_every` fragment on such a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.money import format_fen, from_yuan
from pages.parts.components import drafts
from pages.parts.components.columns import Column, displayed, settled
from pages.parts.components.states import word
from pages.parts.components.tables import tall
from pages.parts.components.text import percent, plain, t


@dataclass(frozen=True, slots=True)
class Edited:
    """What the reader wants saved: one line a changed cell (key, field, before, after, in core's units), and
    the rows (with their versions) that stood when the cells were found to be nobody else's."""

    changes: pd.DataFrame
    source: pd.DataFrame


def edit(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    *,
    editable: Sequence[str],
    key: str,
    options: Mapping[str, Sequence[str]] | None = None,
    stored: pd.DataFrame | None = None,
) -> Edited | None:
    """Draws the bar and the editor; the changes when 保存 is pressed. `options` lists the codes that a state
    column may take.

    `stored`: every row as it is stored now, where `frame` is only what a filter has left of them.
    """
    now = frame if stored is None else stored
    draft = drafts.opened(key, frame)
    source = draft.source
    changes = changed(source, columns, draft.cells)
    draft.changes = len(changes)
    bar = st.container(key=f"{key}_save_bar")
    shown = [column for column in columns if column.name in source.columns]
    view = _pickable(displayed(source, shown), source, shown, editable)
    st.data_editor(
        drafts.applied(view, {"edited_rows": draft.before}),
        key=draft.widget,
        hide_index=True,
        num_rows="fixed",
        column_config=settled(source, shown, editable) | _selects(shown, editable, options or {}),
        height=tall(len(source)),
        placeholder="—",
    )
    if changes.empty:
        return None
    with bar:
        moved = clashes(changes, now)
        if len(moved) and _clash_bar(moved, columns, key):
            draft.source = _renewed(source, now)  # the reader has seen what the others did
            st.rerun()
        pressed = _bar(changes, columns, key, ready=moved.empty)  # the press may be older than the clash
        return Edited(changes, now) if pressed and moved.empty else None


def _renewed(source: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """The rows of the editor in their places, as they stand now; a row that is gone stays as it was."""
    here = source.index.isin(now.index)
    return pd.concat([now.loc[source.index[here]], source[~here]]).loc[source.index]


def saved(key: str) -> None:
    """Drops the pending changes and shows the database's rows again."""
    drafts.drop(key)
    st.rerun()


def clashes(changes: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """The changed cells that somebody else has changed since the editing began: key, field, before, now,
    after."""
    now = [
        fresh[field].get(key) if field in fresh else None
        for key, field in zip(changes["key"], changes["field"], strict=True)
    ]
    moved = [not _same(before, value) for before, value in zip(changes["before"], now, strict=True)]
    return changes.assign(now=pd.Series(now, dtype=object, index=changes.index))[moved][
        ["key", "field", "before", "now", "after"]
    ]


def changed(
    source: pd.DataFrame, columns: Sequence[Column], edited_rows: Mapping[int, Mapping[str, object]]
) -> pd.DataFrame:
    """One line a cell that now differs: key, field, before, after in core's units."""
    kinds = {column.name: column for column in columns}
    lines = [
        {
            "key": source.index[row],
            "field": name,
            "before": source[name].iloc[row],
            "after": stored(value, kinds[name]),
        }
        for row, cells in edited_rows.items()
        for name, value in cells.items()
    ]
    frame = pd.DataFrame(lines, columns=["key", "field", "before", "after"], dtype=object)
    same = [_same(before, after) for before, after in zip(frame["before"], frame["after"], strict=True)]
    return frame[[not one for one in same]].reset_index(drop=True)


def stored(value: Any, column: Column) -> object:
    """A cell's value in core's units: yuan become fen, percentages rates, words codes."""
    if value is None:
        return None
    if column.kind in {"money", "price"}:
        return from_yuan(Decimal(str(value)))
    if column.kind == "percent":
        return float(Decimal(str(value)) / 100)
    if column.kind == "integer":
        return int(value)
    return value


def _same(before: object, after: object) -> bool:
    if after is None or after is pd.NA or after != after:
        after = ""
    if before is None or before is pd.NA or before != before:
        return bool(after == "")
    return bool(before == after)


def _pickable(
    view: pd.DataFrame, source: pd.DataFrame, columns: Sequence[Column], editable: Sequence[str]
) -> pd.DataFrame:
    """An editable state is chosen from a list by its code, so its cell holds the code and not the coloured
    word."""
    codes = {
        column.name: source[column.name].astype(object)
        for column in columns
        if column.kind == "state" and column.name in editable
    }
    return view.assign(**codes)


def _selects(
    columns: Sequence[Column], editable: Sequence[str], options: Mapping[str, Sequence[str]]
) -> dict[str, object]:
    return {
        column.name: st.column_config.SelectboxColumn(
            column.heading(),
            options=list(options.get(column.name, ())),
            format_func=partial(word, words=column.words),
        )
        for column in columns
        if column.kind == "state" and column.name in editable
    }


def _bar(changes: pd.DataFrame, columns: Sequence[Column], key: str, *, ready: bool) -> bool:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f":material/edit: **{t('common.changed', n=len(changes))}**", width="content")
        with st.popover(t("common.more")):
            _list(changes, columns, ("row", "field", "was", "now"))
        if st.button(t("common.discard"), key=f"{key}_discard"):
            saved(key)
        return st.button(
            t("common.save"), key=f"{key}_save", type="primary", icon=":material/save:", disabled=not ready
        )


def _clash_bar(moved: pd.DataFrame, columns: Sequence[Column], key: str) -> bool:
    """What others changed meanwhile, cell by cell; True when the reader keeps their own values all the
    same."""
    st.warning(t("common.conflict"), icon=":material/sync_problem:")
    _list(moved, columns, ("row", "field", "was", "now", "yours"))
    return st.button(t("common.keep_mine"), key=f"{key}_keep_mine")


def _list(cells: pd.DataFrame, columns: Sequence[Column], words: Sequence[str]) -> None:
    declared = {column.name: column for column in columns}
    kinds = [declared[field] for field in cells["field"]]
    values = [[told(*pair) for pair in zip(cells[name], kinds, strict=True)] for name in cells.columns[2:]]
    rows = zip(cells["key"].astype("str"), (kind.heading() for kind in kinds), *values, strict=True)
    st.dataframe(pd.DataFrame(rows, columns=[plain(f"common.{name}") for name in words]), hide_index=True)


def told(value: Any, column: Column) -> str:
    """A cell's value in core's units as text for the reader."""
    if value is None or value is pd.NA or value != value:
        return "—"
    if column.kind in {"money", "price"}:
        return format_fen(int(value))
    if column.kind == "percent":
        return percent(float(value))
    return word(value, column.words) if column.kind == "state" else str(value)
