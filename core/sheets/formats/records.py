"""What the binary workbooks (.xls, .xlsb) say beside their values: hidden rows, merged cells, and numbers that people see
as another text than is stored.

Runs in the reading child only.
"""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.sheets.formats import container, number_formats
from core.sheets.formats.compound import workbook_stream
from core.sheets.formats.opendocument import Table

_BOF, _EOF, _SHEET, _FORMAT, _XF, _EPOCH = 0x809, 0x0A, 0x85, 0x41E, 0xE0, 0x22
_ROW, _MERGED, _NUMBER, _RK, _MANY_RK, _RESULT = 0x208, 0xE5, 0x203, 0x27E, 0xBD, 0x06
_B_ROW, _B_RK, _B_REAL, _B_RESULT, _B_XF, _B_FORMAT, _B_SHEET, _B_BOOK, _B_MERGED = (
    0,
    2,
    5,
    9,
    47,
    44,
    156,
    153,
    176,
)
_B_STYLES, _B_STYLES_END = 617, 618


@dataclass(slots=True)
class _Styles:
    """Number formats by their number, and the format of each cell style."""

    formats: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    other_epoch: bool = False

    def changing(self) -> dict[int, str]:
        """Cell style -> format, for those that say what a number is."""
        codes = number_formats.changing_formats(self.formats, other_epoch=self.other_epoch)
        return {style: codes[number] for style, number in enumerate(self.numbers) if number in codes}


def look(content: bytes) -> dict[str, Table]:
    """Each sheet's `Table` by its name; {} for a workbook that cannot be looked into: its reader says why."""
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return _look_xlsb(archive) if "xl/workbook.bin" in archive.namelist() else {}
        return _look_xls(workbook_stream(content))
    except (struct.error, IndexError, ValueError, KeyError, zipfile.BadZipFile, OSError):
        return {}


def _look_xls(stream: bytes) -> dict[str, Table]:
    """The sheets of a BIFF8 stream; older ones merge nothing and keep their texts otherwise."""
    if struct.unpack_from("<HHH", stream)[2] != 0x600:
        return {}
    styles, sheets = _Styles(), {}
    for kind, at, _ in _records(stream, 0):
        if kind == _SHEET:
            sheets[_text(stream, at + 6, 1)] = struct.unpack_from("<I", stream, at)[0]
        elif kind == _FORMAT:
            number = struct.unpack_from("<H", stream, at)[0]
            styles.formats[str(number)] = _text(stream, at + 2, 2)
        elif kind == _XF:
            styles.numbers.append(str(struct.unpack_from("<H", stream, at + 2)[0]))
        elif kind == _EPOCH:
            styles.other_epoch = stream[at] != 0
    changing = styles.changing()
    return {name: _xls_sheet(stream, cursor, changing) for name, cursor in sheets.items()}


def _records(stream: bytes, cursor: int) -> Iterator[tuple[int, int, int]]:
    """(kind, where its data begin, length) of the records until the substream ends."""
    depth = 0
    while cursor + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, cursor)
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, cursor + 4, length
        cursor += 4 + length


def _text(stream: bytes, at: int, width: int) -> str:
    """A text with its length (1 or 2 bytes) and its flag."""
    length = int.from_bytes(stream[at : at + width], "little")
    start, wide = at + width + 1, stream[at + width] & 1
    data = stream[start : start + length * (2 if wide else 1)]
    return data.decode("utf-16-le" if wide else "latin-1", "replace")


def _xls_sheet(stream: bytes, cursor: int, styles: Mapping[int, str]) -> Table:
    table = Table()
    for kind, at, length in _records(stream, cursor):
        if kind == _ROW:
            row, flags = struct.unpack_from("<H10xH", stream, at)
            if flags & 0x20:
                table.hidden.append(row + 1)
        elif kind == _MERGED:
            for start in range(at + 2, at + length - 7, 8):
                first, last, left, right = struct.unpack_from("<4H", stream, start)
                table.merges.append((first + 1, left + 1, last + 1, right + 1))
        elif styles and kind in {_NUMBER, _RK, _MANY_RK, _RESULT}:
            for row, column, style, number in _numbers(stream, kind, at, length):
                _show(table, (row, column), number, styles.get(style, ""))
    return table


def _numbers(stream: bytes, kind: int, at: int, length: int) -> Iterator[tuple[int, int, int, float]]:
    """(row, column, style, number) of the number cells in a record, rows and columns 1-based."""
    row, column, style = struct.unpack_from("<3H", stream, at)
    if kind == _RK:
        yield row + 1, column + 1, style, _rk(struct.unpack_from("<I", stream, at + 6)[0])
    elif kind == _MANY_RK:
        for cursor, start in enumerate(range(at + 4, at + length - 7, 6)):
            style, packed = struct.unpack_from("<HI", stream, start)
            yield row + 1, column + 1 + cursor, style, _rk(packed)
    elif (
        kind == _NUMBER or stream[at + 12 : at + 14] != b"\xff\xff"
    ):  # a formula may have a text for its result
        yield row + 1, column + 1, style, struct.unpack_from("<d", stream, at + 6)[0]


def _rk(packed: int) -> float:
    """A number in four bytes: whole or the upper half of a float, perhaps a hundredfold."""
    whole = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    upper: float = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    number = whole if packed & 2 else upper
    return number / 100 if packed & 1 else number


def _show(table: Table, where: tuple[int, int], number: float, code: str) -> None:
    """Keeps the text of a number that people see as another one."""
    if not code or number != number or abs(number) > 1e15:
        return
    plain = str(int(number)) if number == int(number) else repr(number)
    text = number_formats.as_shown(plain, code)
    if text != plain:
        table.shown.append((*where, text))


def _look_xlsb(archive: zipfile.ZipFile) -> dict[str, Table]:
    names = archive.namelist()
    book, relations = archive.read("xl/workbook.bin"), archive.read("xl/_rels/workbook.bin.rels")
    targets = container.targets(relations)
    styles = _xlsb_styles(archive.read("xl/styles.bin") if "xl/styles.bin" in names else b"")
    sheets = {}
    for kind, at, _ in _parts(book):
        if kind == _B_BOOK:
            styles.other_epoch = bool(book[at] & 1)
        elif kind == _B_SHEET:
            relation, after = _wide(book, at + 8)
            path = posixpath.normpath(posixpath.join("/xl", targets.get(relation, ""))).lstrip("/")
            sheets[_wide(book, after)[0]] = path
    changing = styles.changing()
    return {name: _xlsb_sheet(archive.read(path), changing) for name, path in sheets.items() if path in names}


def _xlsb_styles(data: bytes) -> _Styles:
    styles, inside = _Styles(), False
    for kind, at, _ in _parts(data):
        inside = kind == _B_STYLES or (inside and kind != _B_STYLES_END)
        if kind == _B_FORMAT:
            styles.formats[str(struct.unpack_from("<H", data, at)[0])] = _wide(data, at + 2)[0]
        elif kind == _B_XF and inside:
            styles.numbers.append(str(struct.unpack_from("<H", data, at + 2)[0]))
    return styles


def _parts(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(kind, where its data begin, length) of the records of a binary part."""
    cursor = 0
    while cursor < len(data):
        kind, cursor = _number(data, cursor, 2)
        length, cursor = _number(data, cursor, 4)
        yield kind, cursor, length
        cursor += length


def _number(data: bytes, cursor: int, most: int) -> tuple[int, int]:
    """(a number of seven bits a byte, the cursor behind it)."""
    number = 0
    for shift in range(most):
        byte = data[cursor]
        number, cursor = number | (byte & 0x7F) << 7 * shift, cursor + 1
        if byte < 0x80:
            break
    return number, cursor


def _wide(data: bytes, at: int) -> tuple[str, int]:
    """(a text with its length in four bytes, the cursor behind it)."""
    length = struct.unpack_from("<I", data, at)[0]
    if length == 0xFFFFFFFF:
        return "", at + 4
    return data[at + 4 : at + 4 + 2 * length].decode("utf-16-le", "replace"), at + 4 + 2 * length


def _xlsb_sheet(data: bytes, styles: Mapping[int, str]) -> Table:
    table, row = Table(), 0
    for kind, at, _ in _parts(data):
        if kind == _B_ROW:
            row = struct.unpack_from("<I", data, at)[0] + 1
            if data[at + 11] & 0x10:
                table.hidden.append(row)
        elif kind == _B_MERGED:
            first, last, left, right = struct.unpack_from("<4I", data, at)
            table.merges.append((first + 1, left + 1, last + 1, right + 1))
        elif styles and kind in {_B_RK, _B_REAL, _B_RESULT}:
            column, style = struct.unpack_from("<II", data, at)
            packed = struct.unpack_from("<I" if kind == _B_RK else "<d", data, at + 8)[0]
            number = _rk(packed) if kind == _B_RK else packed
            _show(table, (row, column + 1), number, styles.get(style & 0xFFFFFF, ""))
    return table
