"""The bar over a table whose rows are ticked: how many there are, their money, and what may be done with them. Nothing
ticked is nothing done: without a tick there is a hint and no act.

    shown = table(frame, COLUMNS, key="tasks", many=True)
    bulk(shown, (Act("owner", "readiness.bulk_owner", partial(_owner, page)),), key="tasks")
    ...                                                 # within an act, once it is done: unticked("tasks")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.parts.components.tables import Shown, unticked
from pages.parts.components.text import money_short, t


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its name in keys, the key of its words ({n} rows), what draws its fields and its button over the rows
    that it fits, and which rows these are (all, where nothing is said)."""

    name: str
    words: str
    draw: Callable[[pd.DataFrame], None]
    fits: Callable[[pd.DataFrame], pd.Series] | None = None
    icon: str = ":material/checklist:"


def bulk(shown: Shown, acts: Sequence[Act], *, key: str, money: str = "") -> None:
    """The bar. `money`: the column (fen) whose sum over the ticked rows is said."""
    rows = shown.ticked
    if shown.over is None or rows is None or not acts:
        return
    with shown.over, st.container(horizontal=True, vertical_alignment="center", key=f"{key}_bulk"):
        if rows.empty:
            st.caption(t("common.bulk_none"))
            return
        total = int(rows[money].fillna(0).sum()) if money and money in rows else 0
        amount = f" · {money_short(total)}" if total else ""
        st.markdown(
            f":material/check_box: **{t('common.bulk_ticked', n=len(rows))}**{amount}", width="content"
        )
        for act in acts:
            _act(act, rows, key)
        st.button(
            t("common.bulk_clear"), type="tertiary", key=f"{key}_bulk_clear", on_click=unticked, args=(key,)
        )


def _act(act: Act, rows: pd.DataFrame, key: str) -> None:
    fitting = rows if act.fits is None else rows[act.fits(rows).fillna(False).astype(bool)]
    words = t(act.words, n=len(fitting))
    with st.popover(words, icon=act.icon, disabled=fitting.empty, key=f"{key}_bulk_{act.name}"):
        if len(fitting) < len(rows):
            st.caption(t("common.bulk_fits", n=len(fitting), of=len(rows)))
        if len(fitting):
            act.draw(fitting)
