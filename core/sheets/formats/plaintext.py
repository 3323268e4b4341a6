"""Tables that are text inside: csv, TAB text, and the HTML or XML that many systems save under the name .xls.

Runs in the reading child only.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pyarrow as pa

from core.errors import ShopError

_WIDEST, MOST_ROWS, MOST_TAGS = 16_384, 1_048_576, 6_000_000


def read_text(content: bytes) -> list[tuple[str, pa.Table]]:
    """(name, table of text columns) of each table in the text; blank cells are null.

    ShopError("sheet.not_a_table") for something that is not text, "sheet.undecodable" for text in neither
    UTF-8 nor GB18030.
    """
    text = decode(content)
    head = text[:4096].lstrip().lower()
    if (
        head.startswith(("<html", "<!doctype html", "<table", "<meta", "<head", "<style"))
        or "<table" in head
        or "<workbook" in head
    ):
        if (tags := text.count("<")) > MOST_TAGS:
            raise ShopError("sheet.too_many_parts", parts=tags, limit=MOST_TAGS)
        tables = _Tables()
        tables.feed(text)
        tables.close()
        named = [
            (name or f"table {place}", rows)
            for place, (name, rows) in enumerate(tables.found, start=1)
            if any(rows)
        ]
        if not named:
            raise ShopError("sheet.not_a_table")
        return [(name, _columns(rows)) for name, rows in named]
    if head.startswith(("<?xml", "{\\rtf", "%pdf")):
        raise ShopError("sheet.not_a_table")
    return [("csv", _columns(_separated(text)))]


def decode(content: bytes) -> str:
    """Text of bytes, strictly: UTF-8 with or without its mark, UTF-16 with its mark, else GB18030; a declared
    charset is not believed."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in content:
        raise ShopError("sheet.not_a_table")
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ShopError("sheet.undecodable")


def _separated(text: str) -> list[list[str]]:
    csv.field_size_limit(1 << 20)
    rows = max(text.count("\n"), text.count("\r"))
    if rows > MOST_ROWS:  # counted before any table is built
        text = text.rstrip("\r\n\t ,;")
        rows = max(text.count("\n"), text.count("\r"))
    if rows > MOST_ROWS:
        raise ShopError("sheet.too_many_rows", sheet="csv", rows=rows, limit=MOST_ROWS)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator(text)))
    except csv.Error as error:
        raise ShopError("sheet.damaged") from error


def separator(text: str) -> str:
    """Comma, TAB or semicolon: the one that cuts the first lines into the most, and the most even, pieces.

    >>> separator("a;b;c\\n1,5;2;3\\n"), separator("a,b\\n1;2,3\\n"), separator("one column\\n")
    (';', ',', ',')
    """
    lines = [line for line in re.sub(r'"[^"]*"', "", text[:65536]).splitlines()[:50] if line.strip()]
    best, best_score = ",", 0.0
    for mark in (",", "\t", ";"):
        counts = [line.count(mark) for line in lines]
        usual = max(set(counts), key=lambda n: (counts.count(n) if n else 0, n), default=0)
        score = usual * counts.count(usual) / max(len(lines), 1)
        if score > best_score:
            best, best_score = mark, score
    return best


def _columns(rows: list[list[str]]) -> pa.Table:
    """Ragged rows of text as text columns; whitespace alone is blank."""
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    width = max((len(row) for row in rows), default=0)
    if width > _WIDEST:
        raise ShopError("sheet.not_a_table")
    ragged = [row for row in rows if len(row) < width]
    for row in ragged:
        row.extend([""] * (width - len(row)))
    columns = [
        pa.array([cell if cell and not cell.isspace() else None for cell in column], pa.string())
        for column in zip(*rows, strict=True)
    ]
    return pa.table(columns, names=[str(place) for place in range(width)])


@dataclass
class _Cell:
    text: list[str] = field(default_factory=list)
    across: int = 1
    down: int = 1


class _Tables(HTMLParser):
    """Rows of HTML tables (th, td; rowspan and colspan leave blanks as merged cells do) and of XML
    spreadsheets (Row, Cell, Data)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, list[list[str]]]] = []
        self._name = ""
        self._row: list[str] | None = None
        self._cell: _Cell | None = None
        self._below: dict[int, int] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Opens a sheet, a row or a cell."""
        tag = tag.rpartition(":")[2]
        attribute = {name.rpartition(":")[2]: value or "" for name, value in attributes}
        if tag == "worksheet":
            self._name = attribute.get("name", "")
        elif tag == "table":
            self.found.append((self._name, []))
            self._below = {}
        elif tag in {"tr", "row"} and self.found:
            self._end_row()
            rows = self.found[-1][1]
            rows.extend([] for _ in range(min(_number(attribute.get("index"), 0) - 1 - len(rows), 1_048_576)))
            self._row = []
        elif tag in {"td", "th", "cell"} and self._row is not None:
            self._end_cell()
            self._skip_merged()
            self._row.extend([""] * min(_number(attribute.get("index"), 0) - 1 - len(self._row), _WIDEST))
            self._cell = _Cell(
                across=_number(attribute.get("colspan"), 1), down=_number(attribute.get("rowspan"), 1)
            )
        elif tag == "br" and self._cell is not None:
            self._cell.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Closes what was opened; rows and cells that nobody closes are closed by the next one."""
        tag = tag.rpartition(":")[2]
        if tag in {"td", "th", "cell"}:
            self._end_cell()
        elif tag in {"tr", "row", "table"}:
            self._end_row()

    def handle_data(self, data: str) -> None:
        """Text belongs to the open cell; outside of cells it is decoration."""
        if self._cell is not None:
            self._cell.text.append(data)

    def close(self) -> None:
        """A file that stops in the middle still gives the rows before."""
        super().close()
        self._end_row()

    def _skip_merged(self) -> None:
        assert self._row is not None  # noqa: S101 - callers hold an open row
        while self._below.get(len(self._row), 0) > 0:
            self._below[len(self._row)] -= 1
            self._row.append("")

    def _end_cell(self) -> None:
        if self._cell is None or self._row is None:
            return
        across = min(max(self._cell.across, 1), _WIDEST)
        if self._cell.down > 1:
            for place in range(across):
                self._below[len(self._row) + place] = self._cell.down - 1
        self._row.append("".join(self._cell.text).strip())
        self._row.extend([""] * (across - 1))
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None and self.found:
            self.found[-1][1].append(self._row)
        self._row = None


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() and len(text) < 8 else otherwise
