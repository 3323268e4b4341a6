"""What a table shows as a workbook: exactly these rows and columns, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from core.sheets.writer import export as written
from pages.parts.components.columns import Column, Kind
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.states import word
from pages.parts.components.text import language, plain, t, who

FORMATS = {
    "code": "code",
    "integer": "integer",
    "decimal": "money",
    "money": "money",
    "price": "money",
    "percent": "rate",
    "share": "rate",
    "points": "rate",
    "day": "day",
    "moment": "moment",
}


@dataclass(frozen=True, slots=True)
class Export:
    """A workbook of the table: its file name, and what is said over its header."""

    name: str
    above: tuple[str, ...] = ()


def export_button(frame: pd.DataFrame, columns: Sequence[Column], asked: Export, *, key: str) -> None:
    """A button that makes a workbook of these rows and columns when it is clicked."""
    shown = [_sheet_column(frame, column) for column in columns if column.kind != "picture"]
    make = partial(workbook, frame, shown, asked.name, language(), asked.above)
    button = Button(t("common.export"), key, help=t("common.export_help", n=len(frame)))
    download(button, File(f"{asked.name}.xlsx"), lambda _page: make())


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of an export with its words already chosen: the workbook is made outside of the page's run."""

    name: str
    title: str
    kind: Kind
    words: Mapping[object, str]


def _sheet_column(frame: pd.DataFrame, column: Column) -> SheetColumn:
    words: dict[object, str] = {}
    if column.kind == "state":
        words = {code: word(code, column.words) for code in frame[column.name].dropna().unique()}
    elif column.kind == "flag":
        words = {True: plain("common.yes"), False: plain("common.no")}
    elif column.kind == "person":
        words = {name: who(name) for name in frame[column.name].unique()}
    return SheetColumn(column.name, column.heading(), column.kind, words)


def workbook(
    frame: pd.DataFrame, columns: Sequence[SheetColumn], name: str, tongue: str, above: Sequence[str] = ()
) -> bytes:
    """The rows as a workbook: words for states, yuan for money, text for codes; `above` stands over the header."""
    texts = pd.DataFrame(
        {column.name: _written(frame[column.name], column) for column in columns}
    ).reset_index(drop=True)
    return written(
        texts,
        [(column.name, column.title, FORMATS.get(column.kind, "text")) for column in columns],
        name,
        tongue,
        above=above,
    )


def _written(series: pd.Series, column: SheetColumn) -> pd.Series:
    if column.kind in {"state", "flag", "person"}:
        return series.map(column.words)
    if column.kind == "decimal":  # written with two decimals by the format of amounts
        return (series.astype("Float64") * 100).round().astype("Int64")
    return series.map(lambda items: ", ".join(map(str, items))) if column.kind == "list" else series
