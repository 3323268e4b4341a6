"""Which sheet, and which row is the header: guessed, then the operator's to correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import ShopError
from core.sheets.columns import SheetSpec, match_headers
from core.sheets.reader import Grid, Workbook

LOOK_ROWS = 40


@dataclass(frozen=True, slots=True)
class Header:
    """A header: its Excel row (1-based), column index in the grid -> field, and the headers' own texts."""

    row: int
    mapping: dict[int, str]
    headers: list[str]


def _score(headers: list[str], spec: SheetSpec, remembered: Mapping[str, str] | None) -> tuple[float, dict[int, str]]:
    """How much a row looks like the header: fields found, required ones more; what is a value elsewhere counts against it."""
    mapping = match_headers(headers, spec, remembered)
    required = sum(1 for field in mapping.values() if field in spec.required or field in spec.key)
    filled = [text for text in headers if text.strip()]
    numeric = sum(text.strip().replace(".", "", 1).replace(",", "").lstrip("-").isdigit() for text in filled)
    return len(mapping) + 2.0 * required - 0.5 * numeric + min(len(filled), 50) * 0.001, mapping


def guess_header(grid: Grid, spec: SheetSpec, remembered: Mapping[str, str] | None = None) -> Header:
    """The row of the first forty that names the most fields (the key above all); the first of equals.

    Where no row names any field: the first row with two texts, nothing mapped, for the operator to map by hand.
    ShopError("sheet.no_rows") for a sheet without cells.
    """
    rows = grid.head(LOOK_ROWS)
    if not any(any(row) for row in rows):
        raise ShopError("sheet.no_rows")
    best, best_score, best_mapping = None, 0.0, {}
    for place, row in enumerate(rows):
        score, mapping = _score(row, spec, remembered)
        if mapping and score > best_score + 0.05:
            best, best_score, best_mapping = place, score, mapping
    if best is None:
        wide = [place for place, row in enumerate(rows) if sum(bool(text) for text in row) >= 2]
        best = wide[0] if wide else next(place for place, row in enumerate(rows) if any(row))
    return Header(grid.first_row + best, best_mapping, rows[best])


def header_at(grid: Grid, row: int, spec: SheetSpec, remembered: Mapping[str, str] | None = None) -> Header:
    """The header in the row that the operator chose; ShopError("sheet.no_rows") where the sheet has none."""
    headers = grid.row_texts(row)
    if not headers:
        raise ShopError("sheet.no_rows")
    return Header(row, match_headers(headers, spec, remembered), headers)


def guess_sheet(workbook: Workbook, spec: SheetSpec, remembered: Mapping[str, str] | None = None) -> str:
    """The sheet whose header fits the kind best; hidden ones only where no other names a field; of equals the first.

    ShopError("sheet.no_rows") for a workbook without cells.
    """
    best, best_rank = "", (-1, -1.0)
    for info in workbook.sheets:
        if info.rows == 0:
            continue
        header = guess_header(workbook.grid(info.name), spec, remembered)
        score, _ = _score(header.headers, spec, remembered) if header.mapping else (0.0, {})
        rank = (int(not info.hidden or not header.mapping) if header.mapping else 0, score)
        if rank > best_rank:
            best, best_rank = info.name, rank
    if not best:
        raise ShopError("sheet.no_rows")
    return best
