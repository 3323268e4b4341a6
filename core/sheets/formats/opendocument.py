"""What an OpenDocument sheet says of its cells that a reader of values does not hear: no result, an error,
per cent, a hidden row.

Runs in the reading child only.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError, ParserCreate

from core.errors import ShopError
from core.sheets.formats.number_formats import as_shown

_WORTH = (b"formula=", b"percentage", b"currency=", b"table:visibility=", b"-spanned=")
_MOST_REPEATS = (
    1_000  # of one flawed cell; a formula that stands in more cells than that is written out by nobody
)
_HIDDEN = {"collapse", "filter"}


@dataclass(slots=True)
class Table:
    """A sheet's cells worth a second look, rows and columns 1-based: formulas without a result, errors, texts
    as shown, hidden rows, merged ranges."""

    formulas: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    shown: list[tuple[int, int, str]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)


def look(content: bytes) -> dict[str, Table]:
    """Each sheet's `Table` by its name; {} for a workbook that is no OpenDocument or has nothing to tell.
    ShopError("sheet.damaged")."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            xml = archive.read("content.xml") if "content.xml" in archive.namelist() else b""
        reading = _Reading()
        if any(word in xml for word in _WORTH):
            reading.feed(xml)
    except (zipfile.BadZipFile, ExpatError, ValueError, ArithmeticError) as error:
        raise ShopError("sheet.damaged") from error
    return reading.tables


class _Reading:
    """Walks through content.xml, counting rows and columns with their repetitions."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self._table: Table | None = None
        self._row = self._rows = self._column = 0
        self._error: tuple[int, int] | None = None
        self._said: list[str] = []

    def feed(self, xml: bytes) -> None:
        """Reads the whole part."""
        parser = ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = (
            self._start,
            self._end,
            self._text,
        )
        parser.Parse(xml, True)

    def _start(self, tag: str, given: Mapping[str, str]) -> None:
        if tag == "table:table":
            self._table = self.tables.setdefault(given.get("table:name", ""), Table())
            self._row = self._rows = 0
        elif self._table is not None and tag == "table:table-row":
            self._row, self._rows, self._column = self._row + self._rows, _times(given, "rows"), 0
            if given.get("table:visibility") in _HIDDEN:
                self._table.hidden += range(self._row + 1, self._row + 1 + min(self._rows, _MOST_REPEATS))
        elif self._table is not None and tag in {"table:table-cell", "table:covered-table-cell"}:
            self._cell(self._table, given)
            self._column += _times(given, "columns")

    def _cell(self, table: Table, given: Mapping[str, str]) -> None:
        formula, kind = "table:formula" in given, given.get("office:value-type")
        where = (self._row + 1, self._column + 1)
        down, across = (int(given.get(f"table:number-{what}-spanned", "1")) for what in ("rows", "columns"))
        if down > 1 or across > 1:
            table.merges.append((*where, where[0] + down - 1, where[1] + across - 1))
        if given.get("calcext:value-type") == "error":
            self._error, self._said = where, []
        elif formula and kind is None:
            rows = range(where[0], where[0] + min(self._rows, _MOST_REPEATS))
            columns = range(where[1], where[1] + min(_times(given, "columns"), _MOST_REPEATS))
            table.formulas += [(row, column) for row in rows for column in columns]
        elif kind == "currency" and given.get("office:currency", "CNY") not in {"", "CNY"}:
            table.shown.append((*where, f"{given['office:currency']}{given.get('office:value', '')}"))
        elif kind == "percentage":
            number = given.get("office:value", "")
            text = as_shown(number, "0%") if number else number
            if text != number:
                table.shown.append((*where, text))

    def _end(self, tag: str) -> None:
        if tag == "table:table":
            self._table = None
        elif tag == "table:table-cell" and self._error and self._table is not None:
            self._table.errors.append((*self._error, "".join(self._said).strip()))
            self._error = None

    def _text(self, text: str) -> None:
        if self._error:
            self._said.append(text)


def _times(given: Mapping[str, str], what: str) -> int:
    return int(given.get(f"table:number-{what}-repeated", "1"))
