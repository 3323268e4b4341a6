"""The third step of an import: every refused cell with its own value and what to do, and the reader's
workbook with the remarks in it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.imports.kinds import Comparison
from core.imports.service import Draft, addressed
from core.sheets.annotate import annotate
from core.sheets.columns import SheetSpec
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.tables import table
from pages.parts.components.text import known, language, plain, sentence, t

COLUMNS = (
    Column("cell", "upload.cell", "code"),
    Column("field", "upload.field", "text"),
    Column("value", "upload.value", "text"),
    Column("problem", "upload.problem", "text", width="large"),
)


def show(draft: Draft, comparison: Comparison | None, file: Any, *, key: str) -> None:
    """The error table of what the cells and the shop refuse; nothing where every row is good."""
    by_shop = [] if comparison is None or comparison.rejected.empty else [comparison.rejected]
    rejected = addressed(draft, pd.concat([draft.cleaned.rejected, *by_shop], ignore_index=True))
    if rejected.empty:
        return
    inspection = draft.inspection
    rows = int(rejected["row"].nunique())
    st.warning(
        t(
            "upload.refused",
            rows=rows,
            cells=len(rejected),
            good=len(draft.cleaned.frame) - sum(len(part) for part in by_shop),
        ),
        icon=":material/rule:",
    )
    sentences = {code: problem(code) for code in rejected["code"].unique()}
    make = partial(
        _annotated,
        file.getvalue(),
        file.name,
        inspection.sheet,
        inspection.header.row,
        rejected,
        sentences,
        language(),
    )
    with st.container(horizontal=True):
        download(
            Button(t("upload.annotated"), f"{key}_annotated", help=t("upload.annotated_help")),
            File(plain("upload.annotated_name", name=file.name.rsplit(".", 1)[0]) + ".xlsx"),
            lambda _page: make(),
        )
    table(
        described(rejected, inspection.kind.spec),
        COLUMNS,
        key=f"{key}_rejected",
        search=("cell", "value", "problem"),
        height=320,
    )


def described(rejected: pd.DataFrame, spec: SheetSpec) -> pd.DataFrame:
    """The refused cells in the reader's words: sheet!cell, the column's title, the cell's own value, what is
    wrong and how to mend it."""
    titles = {field.name: field.title(language()) for field in spec.fields}
    words = {code: problem(code) for code in rejected["code"].unique()}
    position = rejected["cell"].where(rejected["cell"] != "", rejected["row"].astype("str"))
    return rejected.assign(
        cell=rejected["sheet"].astype("str") + "!" + position.astype("str"),
        field=rejected["field"].map(titles).fillna(rejected["field"]),
        problem=rejected["code"].map(words),
    )


def problem(code: str) -> str:
    """The sentence of a fault in a cell."""
    return sentence(f"errors.{code}") if known(f"errors.{code}") else plain("errors.unknown", code=code)


def _annotated(
    content: bytes,
    name: str,
    sheet: str,
    header: int,
    rejected: pd.DataFrame,
    sentences: dict[str, str],
    tongue: str,
) -> bytes:
    return annotate(content, name, sheet, header, rejected, sentences, tongue)[0]
