"""The third step of an import: every refused cell with its own value and what to do, and the reader's workbook with the remarks in it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.imports.service import Draft
from core.sheets.annotate import annotate
from core.sheets.columns import SheetSpec
from pages.parts.columns import Column
from pages.parts.tables import XLSX, table
from pages.parts.text import known, language, plain, sentence, t

COLUMNS = (
    Column("cell", "upload.cell", "code"),
    Column("field", "upload.field", "text"),
    Column("value", "upload.value", "text"),
    Column("problem", "upload.problem", "text", width="large"),
)


def show(draft: Draft, file: Any, *, key: str) -> None:
    """The error table; nothing where every cell is good."""
    rejected = draft.cleaned.rejected
    if rejected.empty:
        return
    inspection = draft.inspection
    rows = int(rejected["row"].nunique())
    st.warning(t("upload.refused", rows=rows, cells=len(rejected), good=len(draft.cleaned.frame)), icon=":material/rule:")
    sentences = {code: problem(code) for code in rejected["code"].unique()}
    make = partial(
        _annotated, file.getvalue(), file.name, inspection.sheet, inspection.header.row, rejected, sentences, language()
    )
    with st.container(horizontal=True):
        st.download_button(
            t("upload.annotated"), make, file_name=plain("upload.annotated_name", name=file.name.rsplit(".", 1)[0]) + ".xlsx", mime=XLSX,
            key=f"{key}_annotated", on_click="ignore", icon=":material/download:", help=t("upload.annotated_help"),
        )  # fmt: skip
    table(
        described(rejected, inspection.kind.spec), COLUMNS, key=f"{key}_rejected", search=("cell", "value", "problem"), height=320
    )


def described(rejected: pd.DataFrame, spec: SheetSpec) -> pd.DataFrame:
    """The refused cells in the reader's words: sheet!cell, the column's title, the cell's own value, what is wrong and how to mend it."""
    titles = {field.name: field.title(language()) for field in spec.fields}
    words = {code: problem(code) for code in rejected["code"].unique()}
    place = rejected["cell"].where(rejected["cell"] != "", rejected["row"].astype("str"))
    return rejected.assign(
        cell=rejected["sheet"].astype("str") + "!" + place.astype("str"),
        field=rejected["field"].map(titles).fillna(rejected["field"]),
        problem=rejected["code"].map(words),
    )


def problem(code: str) -> str:
    """The sentence of a fault in a cell."""
    return sentence(f"errors.{code}") if known(f"errors.{code}") else plain("errors.unknown", code=code)


def _annotated(
    content: bytes, name: str, sheet: str, header: int, rejected: pd.DataFrame, sentences: dict[str, str], tongue: str
) -> bytes:
    return annotate(content, name, sheet, header, rejected, sentences, tongue)[0]
