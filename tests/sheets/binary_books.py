"""An .xlsb workbook record by record, with what such a file says beside its values."""

from __future__ import annotations

import io
import struct
import zipfile

from tests.sheets.workbooks import HEAD, RELATIONS

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = (
    f'{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="bin" '
    'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>'
)


def record(kind: int, data: bytes = b"") -> bytes:
    """A record: its kind and length in seven bits a byte."""
    return _seven_bits(kind) + _seven_bits(len(data)) + data


def _seven_bits(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def wide(text: str) -> bytes:
    """A text with its length."""
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(
    rows: list[list[object]],
    *,
    hidden: tuple[int, ...] = (),
    merges: tuple[tuple[int, int, int, int], ...] = (),
    formats: dict[tuple[int, int], str] | None = None,
) -> bytes:
    """One sheet. `hidden`: row numbers; `merges`: first row, first column, last row, last column; `formats`: (row,
    column) -> number format. All 1-based."""
    codes = ["General", *dict.fromkeys((formats or {}).values())]
    styled = {where: codes.index(code) for where, code in (formats or {}).items()}
    lines = b""
    for number, row in enumerate(rows, start=1):
        flags = bytes([0, 0x10 if number in hidden else 0, 0])
        lines += record(0, struct.pack("<IIH", number - 1, 0, 300) + flags + struct.pack("<I", 0))
        for column, value in enumerate(row, start=1):
            head = struct.pack("<II", column - 1, styled.get((number, column), 0))
            if isinstance(value, int | float):
                lines += record(5, head + struct.pack("<d", value))
            elif value is not None:
                lines += record(6, head + wide(str(value)))
    extent = struct.pack("<4I", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    ranges = b"".join(record(176, struct.pack("<4I", a - 1, c - 1, b - 1, d - 1)) for a, b, c, d in merges)
    sheet = record(129) + record(148, extent) + record(145) + lines + record(146)
    sheet += record(177, struct.pack("<I", len(merges))) + ranges + record(178) + record(130)
    book = record(131) + record(153, struct.pack("<II", 0, 0) + wide(""))
    book += record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Sheet1"))
    book += record(144) + record(132)
    named = b"".join(record(44, struct.pack("<H", 164 + at) + wide(code)) for at, code in enumerate(codes))
    xfs = b"".join(record(47, struct.pack("<HH", 0, 164 + at) + bytes(12)) for at in range(len(codes)))
    count = struct.pack("<I", len(codes))
    styles = record(278) + record(615, count) + named + record(616) + record(617, count) + xfs + record(618)
    return _zipped(book, sheet, styles + record(279))


def _zipped(book: bytes, sheet: bytes, styles: bytes) -> bytes:
    buffer = io.BytesIO()

    def relation(number: int, kind: str, target: str) -> str:
        return f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'

    def relations(*inside: str) -> str:
        return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{"".join(inside)}</Relationships>'

    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", relations(relation(1, "officeDocument", "xl/workbook.bin")))
        links = (relation(1, "worksheet", "worksheets/sheet1.bin"), relation(2, "styles", "styles.bin"))
        archive.writestr("xl/_rels/workbook.bin.rels", relations(*links))
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
        archive.writestr("xl/styles.bin", styles)
    return buffer.getvalue()
