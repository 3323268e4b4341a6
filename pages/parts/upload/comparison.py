"""The fourth step of an import: what would change, old → new, and what to do where the shop has moved since
the sheet was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.imports.kinds import Comparison, Kind
from core.imports.service import Answers
from core.money import format_fen
from core.sheets.columns import Field
from pages.parts.components.cards import Card, cards
from pages.parts.components.charts import hue
from pages.parts.components.tables import found, tall
from pages.parts.components.text import language, number, plain, t

SHOWN = 1_000  # changes drawn; all of them are written


def show(comparison: Comparison, kind: Kind, *, key: str, answers: Answers, store: str) -> Mapping[str, str]:
    """Figures, conflicts to decide, and the changes; gives back the decisions (key -> "sheet" | "keep").
    `store`: where the session keeps them."""
    counts = comparison.rows["state"].value_counts()
    cards(
        *(
            Card(f"state.{state}", number(int(counts.get(state, 0))))
            for state in ("added", "changed", "unchanged")
        ),
        Card("upload.absent", number(len(comparison.absent)), help="upload.absent_help"),
    )
    decided = _conflicts(comparison, kind, key, answers, store)
    _changes(comparison, kind, key)
    return decided


def _changes(comparison: Comparison, kind: Kind, key: str) -> None:
    changes = comparison.changes
    if changes.empty:
        if not (comparison.rows["state"] == "added").any():
            st.caption(t("upload.no_change"))
        return
    fields = {field.name: field for field in kind.spec.fields}
    wanted = st.text_input(
        t("upload.find_change"),
        key=f"{key}_find_change",
        placeholder=plain("common.search_place"),
        type="search",
        live=True,
        icon=":material/search:",
        width=320,
    )
    kept = found(changes.assign(key=changes["key"].astype("str")), ("key",), wanted or "").head(SHOWN)
    st.dataframe(
        listed(kept, fields)
        .style.set_properties(subset=[plain("upload.before")], color=hue("gray"))
        .set_properties(subset=[plain("upload.after")], **{"color": hue("blue"), "font-weight": "600"}),
        hide_index=True,
        height=tall(len(kept), 360),
        alt=plain("upload.changes_alt"),
    )
    if len(changes) > len(kept):
        st.caption(t("upload.changes_shown", n=len(kept), total=len(changes)))


def listed(changes: pd.DataFrame, fields: Mapping[str, Field]) -> pd.DataFrame:
    """The changes in the reader's words and units, all as text."""
    titles = (
        changes["field"]
        .map({name: field.title(language()) for name, field in fields.items()})
        .fillna(changes["field"])
    )
    kinds = changes["field"].map({name: field.kind for name, field in fields.items()})
    return pd.DataFrame(
        {
            plain("upload.key"): changes["key"].astype("str"),
            plain("common.field"): titles,
            plain("upload.before"): [
                said(value, kind) for value, kind in zip(changes["before"], kinds, strict=True)
            ],
            plain("upload.after"): [
                said(value, kind) for value, kind in zip(changes["after"], kinds, strict=True)
            ],
        }
    )


def said(value: Any, kind: object) -> str:
    """A value of a sheet's field as text: money in yuan, numbers with separators, blanks as a dash."""
    if value is None or value is pd.NA or value != value or value == "":
        return "—"
    if kind == "money":
        return format_fen(int(value))
    if kind == "integer":
        return number(int(value))
    return str(value.date() if kind == "day" and hasattr(value, "date") else value)


def _conflicts(
    comparison: Comparison, kind: Kind, key: str, answers: Answers, store: str
) -> Mapping[str, str]:
    """Rows whose stock of knowledge is older than the shop's: the reader decides each, or all at once."""
    decisions = answers.decisions
    open_keys = list(comparison.rows.loc[comparison.rows["state"] == "conflict", "key"].astype("str"))
    keys = list(dict.fromkeys([*decisions, *open_keys]))
    if not keys:
        return decisions
    with st.container(border=True):
        st.warning(
            t("upload.conflicts", n=len(open_keys), decided=len(decisions)), icon=":material/sync_problem:"
        )
        _all_at_once(keys, key, answers, store)
        words = {
            "": plain("upload.undecided"),
            "sheet": plain("upload.take_sheet"),
            "keep": plain("upload.keep_shop"),
        }
        conflicts = _told(comparison, kind)
        source = pd.DataFrame(
            {
                "change": [conflicts.get(one, "") for one in keys],
                "decision": [decisions.get(one, "") for one in keys],
            },
            index=pd.Index(keys, name="key"),
        )
        edited = st.data_editor(
            source,
            key=f"{key}_conflicts_{hash(tuple(decisions.items()))}",
            height=tall(len(keys), 320),
            disabled=["change"],
            column_config={
                "change": st.column_config.TextColumn(plain("upload.shop_to_sheet"), width="large"),
                "key": st.column_config.TextColumn(plain("upload.key")),
                "decision": st.column_config.SelectboxColumn(
                    plain("upload.decision"),
                    options=list(words),
                    format_func=lambda code: words[str(code)],
                    required=True,
                ),
            },
        )
        return {str(one): choice for one, choice in edited["decision"].items() if choice}


def _all_at_once(keys: list[str], key: str, answers: Answers, store: str) -> None:
    """One answer for every row. Callbacks: a click that follows at once would take an answer back by ending
    its run."""
    with st.container(horizontal=True):
        for choice in ("sheet", "keep"):
            st.button(
                t(f"upload.all_{choice}"),
                key=f"{key}_all_{choice}",
                on_click=_remember,
                args=(store, replace(answers, decisions=dict.fromkeys(keys, choice))),
            )


def _remember(store: str, answers: Answers) -> None:
    st.session_state[store] = answers


def _told(comparison: Comparison, kind: Kind) -> Mapping[str, str]:
    """What each key's fields are in the shop and would be by the sheet, in one line: key -> "on hand 11 →
    50"."""
    said_of = listed(comparison.changes, {field.name: field for field in kind.spec.fields})
    key, field, before, after = (said_of.iloc[:, n] for n in range(4))
    lines = field.astype("str") + " " + before + " → " + after
    return {str(one): line for one, line in lines.groupby(key).agg(" · ".join).items()}
