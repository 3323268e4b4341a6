"""A look into a workbook's container without opening it as a workbook: parts, sizes, declarations, formulas,
far cells.

Runs in the reading child only; knows nothing of pandas or of the parent's process.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

from core.errors import ShopError
from core.sheets.formats.number_formats import as_shown, changing_formats

MIB = 1 << 20
_STEP = 1 << 16
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s([^>]*?)/?>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s([^>]*?)/?>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_WHERE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_TYPE = re.compile(rb"""\bt=["'](\w+)["']""")


@dataclass(frozen=True, slots=True)
class Part:
    """A sheet of an xlsx workbook: its name, where its XML lies in the container, and whether it holds cells
    at all."""

    name: str
    path: str
    is_table: bool


def look(content: bytes, *, unpacked_mib: int, parts: int, sheets: int) -> list[Part]:
    """The sheets of a zip workbook ([] for xlsb and ods), or the reason why it is not opened.

    ShopError("sheet.damaged" | "sheet.encrypted" | "sheet.not_a_table" | "sheet.too_many_parts" |
    "sheet.too_many_sheets" | "sheet.unpacked_too_large" | "sheet.entity").
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = {entry.filename.replace("\\", "/").lower() for entry in entries}
            if len(entries) > parts:
                raise ShopError("sheet.too_many_parts", parts=len(entries), limit=parts)
            if any(entry.flag_bits & 1 for entry in entries):
                raise ShopError("sheet.encrypted")
            unpacked = sum(entry.file_size for entry in entries)
            if unpacked > unpacked_mib * MIB:
                raise ShopError("sheet.unpacked_too_large", mib=round(unpacked / MIB), limit=unpacked_mib)
            if (
                not any(name.endswith(("workbook.xml", "workbook.bin", "content.xml")) for name in names)
                or "word/document.xml" in names
            ):
                raise ShopError("sheet.not_a_table")
            if "META-INF/manifest.xml" in archive.namelist() and b"encryption-data" in archive.read(
                "META-INF/manifest.xml"
            ):
                raise ShopError("sheet.encrypted")
            _refuse_declarations(archive, entries)
            visible = _sheets(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        UnicodeDecodeError,
        OSError,
    ) as error:
        raise ShopError("sheet.damaged") from error
    if len(visible) > sheets:
        raise ShopError("sheet.too_many_sheets", sheets=len(visible), limit=sheets)
    return visible


def _refuse_declarations(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """No honest workbook declares a document type: it is how entity bombs come in."""
    for entry in entries:
        if entry.filename.endswith((".xml", ".rels", ".vml")):
            with archive.open(entry) as part:
                head = part.read(4096).replace(b"\0", b"")
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise ShopError("sheet.entity")


def _attributes(text: bytes) -> dict[str, str]:
    return {
        name.rpartition(b":")[2].decode(): unescape((double or single).decode())
        for name, double, single in _ATTRIBUTE.findall(text)
    }


def _sheets(archive: zipfile.ZipFile) -> list[Part]:
    """The sheets in the workbook's order, with their parts; [] where the workbook is not xlsx or says it in
    an unusual way."""
    try:
        workbook, relations = archive.read("xl/workbook.xml"), archive.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return []
    relation_of = {row.get("Id", ""): row for row in map(_attributes, _RELATION.findall(relations))}
    written = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
    sheets = []
    for sheet in map(_attributes, _SHEET.findall(workbook)):
        relation = relation_of.get(sheet.get("id", ""), {})
        path = posixpath.normpath(posixpath.join("/xl", relation.get("Target", ""))).lstrip("/")
        path = written.get(path.lower(), "")
        sheets.append(Part(sheet.get("name", ""), path, relation.get("Type", "").endswith("/worksheet")))
    return sheets


def targets(relations: bytes) -> dict[str, str]:
    """Relation -> the part that it points to."""
    return {
        row.get("Id", ""): row.get("Target", "") for row in map(_attributes, _RELATION.findall(relations))
    }


def inflated(content: bytes, path: str) -> Iterator[bytes]:
    """The part's bytes, in pieces; a part that is longer than it says is damaged. (zipfile's own reader costs
    half as much again.)"""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entry = archive.getinfo(path)
    names = sum(struct.unpack_from("<HH", content, entry.header_offset + 26))
    start = entry.header_offset + 30 + names
    packed, unpack = memoryview(content)[start : start + entry.compress_size], zlib.decompressobj(-15)
    left = entry.file_size
    for place in range(0, len(packed), _STEP):
        piece = packed[place : place + _STEP]
        plain = unpack.decompress(piece) if entry.compress_type == zipfile.ZIP_DEFLATED else bytes(piece)
        left -= len(plain)
        if left < 0:
            raise zipfile.BadZipFile(path)
        yield plain


def _pieces(content: bytes, path: str) -> Iterator[bytes]:
    """The part's text in pieces that never cut a cell, and with its element prefix (`<x:c` as some programs
    write) removed."""
    rest, prefix = b"", None
    for piece in inflated(content, path):
        if prefix is None:
            match = re.search(rb"<(\w+:)worksheet", piece)
            prefix = match[1] if match else b""
        text = rest + piece
        cut = max(text.rfind(b"<" + prefix + b"c "), text.rfind(b"<" + prefix + b"row"))
        cut = cut if cut > 0 else max(text.rfind(b"<"), len(text) - _STEP)
        yield _bare(text[:cut], prefix)
        rest = text[cut:]
    yield _bare(rest, prefix or b"")


def _bare(text: bytes, prefix: bytes) -> bytes:
    return text.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</") if prefix else text


def column_number(letters: str | bytes) -> int:
    """The 1-based number of a column.

    >>> column_number("A"), column_number("AA"), column_number("XFD")
    (1, 27, 16384)
    """
    text = letters.decode() if isinstance(letters, bytes) else letters
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """The letters of a 1-based column.

    >>> column_letters(1), column_letters(27), column_letters(16384)
    ('A', 'AA', 'XFD')
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _position(cell: bytes) -> tuple[int, int] | None:
    match = _WHERE.search(cell)
    return (int(match[2]), column_number(match[1])) if match else None


def _is_number(cell: bytes) -> bool:
    kind = _TYPE.search(cell)
    return kind is None or kind[1] == b"n"


_UNCACHED = re.compile(rb"<c\s([^>]*)>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(<v\s*/>|<v[^>]*>\s*</v>|</c>)")


_HIDDEN = re.compile(rb"""<row\s([^>]*\bhidden=["'](?:1|true)["'][^>]*)>""")
_MERGE = re.compile(rb"""<mergeCell\s[^>]*?\bref=["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']""")
_ROW = re.compile(rb"""\br=["'](\d{1,7})["']""")


@dataclass(slots=True)
class Look:
    """What a sheet says beside its values, rows and columns 1-based: formulas whose result the file does not
    hold, rows that are hidden or filtered away, merged ranges (first row, first column, last row, last
    column)."""

    formulas: list[tuple[int, int]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)


def look_at_sheet(content: bytes, path: str) -> Look:
    """What a worksheet part says beside its values.

    A formula without its result reads as empty and must not pass for it. A text formula whose stored result is the empty
    text (`t="str"` with a value element) is honestly empty.
    """
    look = Look()
    for piece in _pieces(content, path):
        if _holds(piece, b"d", b"hidden="):
            rows = (_ROW.search(match[1]) for match in _HIDDEN.finditer(piece))
            look.hidden += [int(row[1]) for row in rows if row]
        if _holds(piece, b"g", b"<mergeCell "):
            look.merges += [_range(match) for match in _MERGE.finditer(piece)]
        if not _holds(piece, b"f", b"<f"):
            continue
        for match in _UNCACHED.finditer(piece):
            kind = _TYPE.search(match[1])
            if kind and kind[1] == b"str" and match[2] != b"</c>":
                continue
            where = _position(match[1])
            if where:
                look.formulas.append(where)
    return look


def _holds(piece: bytes, letter: bytes, word: bytes) -> bool:
    """Whether a word stands in a piece; one letter of it is found ten times as fast, and most pieces lack it."""
    return letter in piece and word in piece


def _range(match: re.Match[bytes]) -> tuple[int, int, int, int]:
    return int(match[2]), column_number(match[1]), int(match[4]), column_number(match[3])


_LONG_NUMBER = re.compile(rb"<v>-?(?:\d{16}|\d[\d.]*[Ee]\+?(?:1[5-9]|[2-9]\d|\d{3}))")


def long_numbers(content: bytes, path: str) -> list[tuple[int, int]]:
    """(row, column), 1-based, of every number cell of sixteen digits or more: it has lost its last digits in
    the file already."""
    numbers = []
    for piece in _pieces(content, path):
        for match in _LONG_NUMBER.finditer(piece):
            start = piece.rfind(b"<c ", 0, match.start())
            cell = piece[start : piece.find(b">", start)]
            where = _position(cell)
            if where and _is_number(cell):
                numbers.append(where)
    return numbers


_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\s([^>]*?)/?>")
_FORMATS = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_XF = re.compile(rb"<(?:\w+:)?xf\s([^>]*?)/?>")
_SHOWN = rb"""<c\s([^>]*?\bs=["'](%s)["'][^>]*)>(?:<f(?:\s[^>]*)?(?:/>|>[^<]*</f>))?<v>(-?\d[\d.]*(?:[Ee][+-]?\d+)?)</v>"""


def changing_styles(content: bytes) -> dict[int, str]:
    """Cell style -> format, for the formats that say what a number is: `00000` shows a code with its zeros,
    `0.0%` a rate in per cent, `yyyy-mm-dd` a day without a clock, `[$$-409]0.00` dollars."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        xml = archive.read("xl/styles.xml") if "xl/styles.xml" in names else b""
        book = archive.read("xl/workbook.xml") if "xl/workbook.xml" in names else b""
    other_epoch = re.search(rb"""date1904=["'](?:1|true)["']""", book)
    listed = _FORMATS.search(xml)
    if not listed:
        return {}
    formats = {
        row.get("numFmtId", ""): row.get("formatCode", "") for row in map(_attributes, _FORMAT.findall(xml))
    }
    changing = changing_formats(formats, other_epoch=other_epoch is not None)
    styles = [_attributes(xf).get("numFmtId", "") for xf in _XF.findall(listed[0])]
    return {style: changing[number] for style, number in enumerate(styles) if number in changing}


def shown_cells(content: bytes, path: str, styles: Mapping[int, str]) -> list[tuple[int, int, str]]:
    """(row, column, text as shown) of the number cells that people see as another text than is stored, by
    `changing_styles`."""
    cell = re.compile(_SHOWN % b"|".join(b"%d" % style for style in styles))
    cells = []
    for piece in _pieces(content, path) if styles else ():
        for match in cell.finditer(piece):
            where, number = _position(match[1]), match[3].decode()
            text = as_shown(number, styles[int(match[2])])
            if where and text != number and _is_number(match[1]):
                cells.append((*where, text))
    return cells


def furthest_cell(content: bytes, path: str) -> tuple[int, int, int]:
    """(last row, last column, number of cells) of a sheet, by its cells' own addresses and not by its stored
    dimension."""
    row = column = cells = 0
    for piece in _pieces(content, path):
        for letters, digits in re.findall(rb"""<c\s[^>]*?\br=["']([A-Z]{1,3})(\d{1,7})["']""", piece):
            row, column, cells = max(row, int(digits)), max(column, column_number(letters)), cells + 1
    return row, column, cells
