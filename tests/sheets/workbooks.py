"""Workbooks made by hand for the tests: honest ones with odd manners, and ones made to bring a reader
down."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from core.sheets.formats.container import column_letters

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
TYPES = (
    HEAD
    + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
ROOT_RELATIONS = (
    HEAD
    + '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)


def cell(address: str, value: object) -> str:
    """One cell's XML: numbers as numbers, text inline, a tuple (xml inside, attributes) as it is."""
    if isinstance(value, tuple):
        return f'<c r="{address}" {value[1]}>{value[0]}</c>'
    if isinstance(value, int | float):
        return f'<c r="{address}"><v>{value!r}</v></c>'
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def rows_xml(rows: Iterable[Iterable[object]], first: int = 1) -> str:
    """Rows of cells; None leaves a cell out."""
    found = []
    for number, row in enumerate(rows, start=first):
        cells = "".join(
            cell(f"{column_letters(place)}{number}", value)
            for place, value in enumerate(row, start=1)
            if value is not None
        )
        found.append(f'<row r="{number}">{cells}</row>')
    return "".join(found)


def sheet_xml(data: str, dimension: str = "") -> str:
    """A worksheet part around its rows."""
    said = f'<dimension ref="{dimension}"/>' if dimension else ""
    return f'{HEAD}<worksheet xmlns="{MAIN}">{said}<sheetData>{data}</sheetData></worksheet>'


def package(
    sheets: Mapping[str, str | bytes],
    more: Mapping[str, str | bytes] | None = None,
    states: Mapping[str, str] | None = None,
) -> bytes:
    """An xlsx of worksheet parts by sheet name, with further parts."""
    buffer = io.BytesIO()
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{place}" {(states or {}).get(name, "")} r:id="rId{place}"/>'
        for place, name in enumerate(sheets, start=1)
    )
    links = "".join(
        f'<Relationship Id="rId{place}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{place}.xml"/>'
        for place in range(1, len(sheets) + 1)
    )
    shared = f'<Relationship Id="rIdS" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", ROOT_RELATIONS)
        archive.writestr(
            "xl/workbook.xml",
            f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}{shared if more else ""}</Relationships>',
        )
        for place, xml in enumerate(sheets.values(), start=1):
            archive.writestr(f"xl/worksheets/sheet{place}.xml", xml)
        for name, xml in (more or {}).items():
            archive.writestr(name, xml)
    return buffer.getvalue()


def workbook(rows: Iterable[Iterable[object]], name: str = "Sheet1", dimension: str = "") -> bytes:
    """A one-sheet workbook of rows."""
    return package({name: sheet_xml(rows_xml(rows), dimension)})


def strings_xml(texts: Iterable[str]) -> str:
    """A shared string part."""
    return (
        f'{HEAD}<sst xmlns="{MAIN}">'
        + "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
        + "</sst>"
    )


def far_cell() -> bytes:
    """Two cells, 17 thousand million apart: 549 GB for a reader that lays them out."""
    return package(
        {
            "Sheet1": sheet_xml(
                f'<row r="1">{cell("A1", "商家编码")}</row><row r="1048576">{cell("XFD1048576", 1)}</row>'
            )
        }
    )


def row_bomb(mebibytes: int) -> bytes:
    """A sheet part that unpacks to so many MiB from a thousandth of it."""
    return _repeated(
        f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>'.encode(),
        b"<row><c><v>1</v></c></row>" * 40_000,
        mebibytes,
    )


def _repeated(start: bytes, block: bytes, mebibytes: int) -> bytes:
    """An xlsx whose sheet part is a block said over and over: the packed text of one block is copied, not
    packed again."""
    size, crc = len(start), zlib.crc32(start)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = [packer.compress(start), packer.flush(zlib.Z_FULL_FLUSH)]
    once = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range((mebibytes << 20) // len(block) + 1):
        packed.append(once)
        size, crc = size + len(block), zlib.crc32(block, crc)
    end = b"</sheetData></worksheet>"
    packed.append(packer.compress(end) + packer.flush())
    return _with_raw_part(b"".join(packed), size + len(end), zlib.crc32(end, crc))


def _with_raw_part(packed: bytes, size: int, crc: int, *, said: int | None = None) -> bytes:
    """A workbook whose sheet part is the packed bytes as they are; `said` is the size that it pretends to
    have."""
    honest = package({"Sheet1": "@"})
    out = io.BytesIO()
    name, told = b"xl/worksheets/sheet1.xml", size if said is None else said
    directory, count = b"", 0
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        for entry in archive.infolist():
            part = entry.filename.encode()
            if part == name:
                data, plain, check = packed, told, crc
            else:
                text = archive.read(entry)
                packer = zlib.compressobj(9, zlib.DEFLATED, -15)
                data, plain, check = packer.compress(text) + packer.flush(), len(text), zlib.crc32(text)
            place = out.tell()
            fields = struct.pack("<HHHHHIII", 20, 0, 8, 0, 33, check, len(data), plain)
            out.write(b"PK\3\4" + fields + struct.pack("<HH", len(part), 0) + part + data)
            directory += (
                b"PK\1\2"
                + struct.pack("<H", 20)
                + fields
                + struct.pack("<HHHHHII", len(part), 0, 0, 0, 0, 0, place)
                + part
            )
            count += 1
    start = out.tell()
    out.write(directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), start, 0))
    return out.getvalue()


def lying_row_bomb(mebibytes: int) -> bytes:
    """The same bomb, its directory saying that it is small."""
    block = b'<row><c t="inlineStr"><is><t>x</t></is></c></row>' * 40_000
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = [
        packer.compress(f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>'.encode()),
        packer.flush(zlib.Z_FULL_FLUSH),
    ]
    packed += [packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)] * ((mebibytes << 20) // len(block))
    packed.append(packer.compress(b"</sheetData></worksheet>") + packer.flush())
    return _with_raw_part(b"".join(packed), 0, 0, said=4096)


def shared_string_bomb(length: int, cells: int) -> bytes:
    """One long text, told in many cells."""
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, cells + 1))
    return package({"Sheet1": sheet_xml(rows)}, {"xl/sharedStrings.xml": strings_xml(["x" * length])})


def entity_bomb(part: str) -> bytes:
    """A thousand million laughs in a part of the workbook."""
    lines = ['<!DOCTYPE lolz [<!ENTITY lol "lol">']
    lines += [f'<!ENTITY lol{n} "{f"&lol{n - 1 or str()};" * 10}">' for n in range(1, 10)]
    declared = "\n".join(lines) + "]>"
    if part == "sheet":
        text = sheet_xml('<row r="1"><c r="A1" t="inlineStr"><is><t>&lol9;</t></is></c></row>').replace(
            HEAD, HEAD + declared
        )
        return package({"Sheet1": text})
    strings = f'{HEAD}{declared}<sst xmlns="{MAIN}"><si><t>&lol9;</t></si></sst>'
    return package(
        {"Sheet1": sheet_xml('<row r="1"><c r="A1" t="s"><v>0</v></c></row>')},
        {"xl/sharedStrings.xml": strings},
    )


def many_sheets(count: int) -> bytes:
    """A workbook of so many sheets, each with one cell."""
    return package({f"S{place}": sheet_xml(rows_xml([["x"]])) for place in range(count)})


def styled_empty_rows(rows: int) -> bytes:
    """A short table above so many rows that hold formats and nothing else."""
    empty = "".join(
        f'<row r="{n}" s="1" customFormat="1"><c r="A{n}" s="1"/><c r="B{n}" s="1"/></row>'
        for n in range(4, rows + 1)
    )
    return package(
        {"Sheet1": sheet_xml(rows_xml([["商家编码", "实物库存"], ["00123", 5], ["00124", 6]]) + empty)}
    )
