"""The user's own xlsx workbook with remarks written into one sheet: its XML is touched where a row is wrong,
and nowhere else.

Formats, other sheets, pictures and macros stay as they were. Runs in the reading child only.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from core.errors import ShopError
from core.sheets.formats.container import column_letters, column_number

_FILL = b'<fill><patternFill patternType="solid"><fgColor rgb="FFFFE1E1"/><bgColor indexed="64"/></patternFill></fill>'
_FONT = b'<font><b/><sz val="11"/><color rgb="FFC8102E"/></font>'
_WIDTH = 48


@dataclass(frozen=True, slots=True)
class Remarks:
    """What to write: the remark column (1-based) and its title, the header's row, a remark by row, and the
    wrong columns by row."""

    column: int
    title: str
    header_row: int
    texts: Mapping[int, str]
    wrong: Mapping[int, frozenset[int]]


def mark(content: bytes, sheet_path: str, remarks: Remarks) -> bytes:
    """The workbook with the remarks: a last column with words, the wrong cells filled light red. An older
    remark column is written anew."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as marked,
    ):
        names = archive.namelist()
        if sheet_path not in names:
            raise ShopError("sheet.damaged")
        styles = _Styles(archive.read("xl/styles.xml") if "xl/styles.xml" in names else b"")
        sheet = _marked_sheet(archive.read(sheet_path), remarks, styles)
        for entry in archive.infolist():
            if entry.filename == sheet_path:
                marked.writestr(entry.filename, sheet)
            elif entry.filename == "xl/styles.xml":
                marked.writestr(entry.filename, styles.written())
            else:
                marked.writestr(entry, archive.read(entry))
    return buffer.getvalue()


class _Styles:
    """The workbook's cell styles and our additions: a red twin of each style that a wrong cell has, and one
    for remarks."""

    def __init__(self, xml: bytes) -> None:
        self._xml = xml
        formats = re.search(rb"<cellXfs[^>]*>(.*?)</cellXfs>", xml, re.DOTALL)
        self._formats: list[bytes] = (
            re.findall(rb"<xf\b[^>]*?/>|<xf\b.*?</xf>", formats[1], re.DOTALL) if formats else []
        )
        self.usable = bool(
            self._formats
            and re.search(rb"<fills[^>]*>.*?</fills>", xml, re.DOTALL)
            and re.search(rb"<fonts[^>]*>.*?</fonts>", xml, re.DOTALL)
        )
        self._fill, self._font = (
            len(re.findall(rb"<%s[ />]" % tag, self._inside(tag + b"s"))) for tag in (b"fill", b"font")
        )
        self._twins: dict[int, int] = {}
        self._added: list[bytes] = []

    def _inside(self, tag: bytes) -> bytes:
        match = re.search(rb"<%s[^>]*>(.*?)</%s>" % (tag, tag), self._xml, re.DOTALL)
        return match[1] if match else b""

    def _add(self, xf: bytes) -> int:
        self._added.append(xf)
        return len(self._formats) + len(self._added) - 1

    def wrong(self, style: int) -> int | None:
        """The number of the red twin of a style; None where the workbook has no styles to extend."""
        if not self.usable:
            return None
        if style not in self._twins:
            base = self._formats[style] if style < len(self._formats) else self._formats[0]
            base = re.sub(rb'\s(fillId|applyFill)="[^"]*"', b"", base, count=2)
            self._twins[style] = self._add(
                base.replace(b"<xf", b'<xf fillId="%d" applyFill="1"' % self._fill, 1)
            )
        return self._twins[style]

    def remark(self) -> int | None:
        """The number of the style of remarks."""
        if not self.usable:
            return None
        if -1 not in self._twins:
            self._twins[-1] = self._add(
                b'<xf numFmtId="49" fontId="%d" fillId="0" borderId="0" xfId="0" applyFont="1" applyNumberFormat="1"/>'
                % self._font
            )
        return self._twins[-1]

    def written(self) -> bytes:
        """The style part with what was added."""
        xml = self._xml
        if not self._added:
            return xml
        formats = len(self._formats) + len(self._added)
        for tag, new, count in (
            (b"fills", _FILL, self._fill + 1),
            (b"fonts", _FONT, self._font + 1),
            (b"cellXfs", b"".join(self._added), formats),
        ):
            xml = re.sub(rb'(<%s\b[^>]*?)\s+count="\d+"' % tag, rb"\1", xml, count=1)
            xml = re.sub(rb"<%s\b" % tag, b'<%s count="%d"' % (tag, count), xml, count=1)
            xml = xml.replace(b"</%s>" % tag, new + b"</%s>" % tag, 1)
        return xml


def _marked_sheet(xml: bytes, remarks: Remarks, styles: _Styles) -> bytes:
    match = re.search(rb"<(\w+:)?worksheet\b", xml)
    prefix = (match[1] or b"") if match else b""
    ends = b"</" + prefix + b"row>"
    pieces, done, number = [], 0, 0
    for opening in re.finditer(rb"<%srow\b([^>]*?)(/?)>" % prefix, xml):
        if opening.start() < done:
            continue
        said = re.search(rb'\br="(\d+)"', opening[1])
        number = int(said[1]) if said else number + 1
        end = opening.end() if opening[2] else xml.find(ends, opening.end())
        old_column = column_letters(remarks.column).encode() + str(number).encode()
        touched = number in remarks.texts or number == remarks.header_row
        if end < 0 or not (touched or b'"' + old_column + b'"' in xml[opening.end() : end]):
            continue
        pieces.append(xml[done : opening.start()])
        body = b"" if opening[2] else xml[opening.end() : end]
        attributes = re.sub(rb'\sspans="[^"]*"', b"", opening[1])
        pieces.append(
            b"<%srow%s>" % (prefix, attributes) + _marked_row(body, number, prefix, remarks, styles) + ends
        )
        done = opening.end() if opening[2] else end + len(ends)
    pieces.append(xml[done:])
    return _wide_column(b"".join(pieces), prefix, remarks.column)


def _marked_row(body: bytes, number: int, prefix: bytes, remarks: Remarks, styles: _Styles) -> bytes:
    """One row's cells, in the order of their columns, with the remark at its place."""
    cells: dict[int, bytes] = {}
    tail, end = b"", 0
    for cell in re.finditer(rb"<%sc\b([^>]*?)(?:/>|>.*?</%sc>)" % (prefix, prefix), body, re.DOTALL):
        where = re.search(rb'\br="([A-Z]{1,3})\d+"', cell[1])
        column = column_number(where[1]) if where else max(cells, default=0) + 1
        cells[column], end = cell[0], cell.end()
    tail = body[end:]
    cells.pop(remarks.column, None)
    for column in remarks.wrong.get(number, frozenset()):
        cells[column] = _red(cells.get(column), column, number, prefix, styles)
    text = remarks.title if number == remarks.header_row else remarks.texts.get(number)
    if text:
        cells[remarks.column] = _remark(text, remarks.column, number, prefix, styles)
    return b"".join(cells[column] for column in sorted(cells)) + tail


def _red(cell: bytes | None, column: int, number: int, prefix: bytes, styles: _Styles) -> bytes:
    cell = cell or b'<%sc r="%s%d"/>' % (prefix, column_letters(column).encode(), number)
    opening = cell[: cell.index(b">")]
    style = re.search(rb'\ss="(\d+)"', opening)
    twin = styles.wrong(int(style[1]) if style else 0)
    if twin is None:
        return cell
    plain = re.sub(rb'\ss="\d+"', b"", opening, count=1)
    return plain.replace(b"<%sc" % prefix, b'<%sc s="%d"' % (prefix, twin), 1) + cell[len(opening) :]


def _remark(text: str, column: int, number: int, prefix: bytes, styles: _Styles) -> bytes:
    style = styles.remark()
    worded = escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text), quote=False).encode("utf-8", "replace")
    return b'<%sc r="%s%d"%s t="inlineStr"><%sis><%st xml:space="preserve">%s</%st></%sis></%sc>' % (
        prefix,
        column_letters(column).encode(),
        number,
        b' s="%d"' % style if style is not None else b"",
        prefix,
        prefix,
        worded,
        prefix,
        prefix,
        prefix,
    )


def _wide_column(xml: bytes, prefix: bytes, column: int) -> bytes:
    """Room for the remarks, unless the sheet already says how wide that column is."""
    wide = b'<%scol min="%d" max="%d" width="%d" customWidth="1"/>' % (prefix, column, column, _WIDTH)
    listed = re.search(rb"<%scols>(.*?)</%scols>" % (prefix, prefix), xml[:200_000], re.DOTALL)
    if listed:
        if any(int(last) >= column for last in re.findall(rb'max="(\d+)"', listed[1])):
            return xml
        return xml[: listed.end(1)] + wide + xml[listed.end(1) :]
    start = re.search(rb"<%ssheetData\b" % prefix, xml)
    return (
        xml[: start.start()] + b"<%scols>%s</%scols>" % (prefix, wide, prefix) + xml[start.start() :]
        if start
        else xml
    )
