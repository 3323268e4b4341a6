"""The reader's steps: its errors and panics as codes, its error cells as texts, and the numbers that lost digits."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import fastexcel
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import ShopError
from core.sheets.formats import container

_ERRORS = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "GettingData": "#GETTING_DATA",
}


def asked(step: Callable[[], object]) -> Any:
    """A step of the reader; its errors and its panics become codes."""
    try:
        return step()
    except MemoryError:
        raise
    except BaseException as error:  # a Rust panic is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        text = str(error).lower()
        if "password" in text or "encrypt" in text:
            raise ShopError("sheet.encrypted") from error
        if "capacity overflow" in text or "allocation" in text:
            raise MemoryError from error
        raise ShopError(
            "sheet.damaged", detail=str(error).splitlines()[0][:200] if str(error) else ""
        ) from error


def error_text(detail: str) -> str:
    match = re.search(r"Error\((\w+)\)", detail)
    return _ERRORS.get(match[1], f"#{match[1].upper()}!") if match else "#ERROR!"


def lost_digits(
    batch: pa.RecordBatch,
    first: int,
    reader: fastexcel.ExcelReader,
    place: int,
    content: bytes,
    path: str | None,
) -> list[tuple[int, int, str, str]]:
    """Number cells of sixteen digits or more. As text they look like honest codes, so only where there are
    such texts is the cell's type asked for."""
    suspects = {}
    for index, column in enumerate(batch.columns):
        if (pc.max(pc.binary_length(column)).as_py() or 0) >= 16:
            rows = pc.indices_nonzero(pc.match_substring_regex(column, r"^-?\d{16,}$")).to_pylist()
            suspects.update({(row + 1, index + first): column[row].as_py() for row in rows})
    if not suspects:
        return []
    columns = sorted({column for _, column in suspects})
    numbers = container.long_numbers(content, path) if path else _typed_numbers(reader, place, columns, first)
    return [
        (row, column, "cell.lost_digits", suspects[row, column])
        for row, column in numbers
        if (row, column) in suspects
    ]


def _typed_numbers(
    reader: fastexcel.ExcelReader, place: int, columns: list[int], first: int
) -> list[tuple[int, int]]:
    """Where the suspect columns hold numbers beyond any date: asked to read dates, the reader names the type
    of each cell that is none."""
    typed = []
    for column in columns:
        dates = partial(
            reader.load_sheet,
            place,
            header_row=None,
            skip_rows=0,
            dtypes="date",
            use_columns=[column - first],
        )
        loaded = asked(dates)
        _, errors = asked(loaded.to_arrow_with_errors)
        typed += [
            (e.position[0] + 1, column)
            for e in (errors.errors if errors else [])
            if re.search(r"'(Float|Int)\(", e.detail)
        ]
    return typed
