"""No export runs anything: what people wrote stays text in every workbook that leaves, and only few modules write
any. Encrypted workbooks that come in are told apart from damaged ones."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import zipfile
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from core.connect.feeds.database import sheets
from core.connect.feeds.mapping import Layout
from core.connect.feeds.sheets import RUN
from core.connect.kinds import KINDS, kind
from core.errors import ShopError
from core.review import book
from core.sheets import annotate, writer
from core.sheets.reader import Grid, read_workbook
from tests.security.conftest import ROOT

NAMES: list[str] = json.loads((Path(__file__).parent / "hostile" / "names.json").read_text("utf-8"))
WRITERS = {"rustpy_xlsxwriter", "openpyxl", "csv", "xlsxwriter", "xlwt", "pyexcel", "odf"}
MAY_WRITE = {  # who may make files of cells, and what for
    "core/sheets/writer.py": "exports and templates",
    "core/sheets/annotate.py": "the user's own sheet with remarks",
    "core/sheets/formats/plaintext.py": "reads csv",
    "core/sheets/columns.py": "reads the list of headers",
    "core/sheets/matching.py": "reads the list of headers",
    "core/database/bulk.py": "COPY into the database",
    "core/connect/feeds/sheets.py": "rows of a source on their way into the import",
    "core/commands/system/demo_lists.py": "the demo's orders on their way into the import",
    "core/review/book.py": "the review with Excel's own charts",
}


def parts(workbook: bytes) -> str:
    """The XML of all sheets."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return "".join(archive.read(name).decode() for name in sheets)


def assert_text(workbook: bytes) -> list[object]:
    """The cells of a workbook, none of which is a formula, a link or an error."""
    xml = parts(workbook)
    assert not re.search(r"<(\w+:)?f[ >/]", xml), "a formula"
    assert "<hyperlink" not in xml
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "inlineStr"}
    return [cell.value for cell in cells]


@pytest.mark.parametrize("form", ["text", "code"])
def test_what_people_wrote_is_text_in_an_export(form: str) -> None:
    frame = pd.DataFrame({"name": NAMES, "n": range(len(NAMES))})
    made = writer.export(frame, [("name", "=1+1", form), ("n", "数量", "integer")], "=表", "zh")
    values = assert_text(made)
    stored = [value for value in values if isinstance(value, str)]
    assert stored[0] == "=1+1"
    for name in NAMES:
        assert any(name.strip("\t\r") in text.replace("_x000D_", "") for text in stored), name


def test_a_sheet_that_goes_back_with_remarks_holds_text_alone() -> None:
    cells = pa.table({"0": pa.array(["商家编码", *NAMES]), "1": pa.array(["名称", *NAMES])})
    grid = Grid(cells, 1, 1, pd.DataFrame(columns=["row", "column", "code", "value"]))
    assert_text(annotate.as_xlsx(grid, "=表"))


def test_the_workbook_of_a_review_holds_text_alone() -> None:
    made, out = openpyxl.Workbook(), io.BytesIO()
    for number, name in enumerate(NAMES, 1):
        book._put(made.worksheets[0], number, (name, 1.5, None))
    made.save(out)
    stored = [value for value in assert_text(out.getvalue()) if isinstance(value, str)]
    assert len(stored) == len([name for name in NAMES if name])


@pytest.mark.parametrize("name", list(KINDS))
def test_a_template_of_every_kind_holds_text_alone(name: str) -> None:
    assert_text(writer.template(kind(name).spec))


def test_the_csv_of_a_shops_database_runs_nothing_and_comes_in_as_it_was() -> None:
    layout = Layout("stock", columns={"sku_code": "a", "name": "b", "on_hand": "c"})
    names = [name for name in NAMES if name.strip() == name and name.isprintable()]
    rows = [{"sku_code": f"S{n:03d}", "name": name, "on_hand": -n} for n, name in enumerate(names)]
    content = sheets.sheet_of(SimpleNamespace(layout=layout), rows)  # type: ignore[arg-type]
    cells = list(csv.reader(io.StringIO(content.decode())))[1:]
    assert [row for row in cells if row[2].startswith(RUN) and not row[2].startswith('="')] == []
    workbook = read_workbook(content, "a.csv")
    assert workbook.grid(workbook.sheets[0].name).cells.column(2).to_pylist()[1:] == [
        name or None for name in names
    ]


def test_nobody_else_writes_files_of_cells() -> None:
    found = set()
    for folder in ("core", "pages"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                called = (
                    node.func.attr
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                    else ""
                )
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                tops = {one.partition(".")[0] for one in names}
                if WRITERS & tops or called in {"to_csv", "to_excel", "write_csv"}:
                    found.add(str(path.relative_to(ROOT)))
    assert found == set(MAY_WRITE)


def test_streamlits_own_csv_of_a_table_is_not_offered() -> None:
    """It writes what begins with = as it stands."""
    look = (ROOT / "pages" / "parts" / "shell" / "look.css").read_text("utf-8")
    assert re.search(r'\[aria-label\^="Download as CSV"\][^{]*\{[^}]*display: none', look)


def ole(*streams: str) -> bytes:
    """An OLE container as Office writes one around an encrypted package: header, directory, names in UTF-16."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return head + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in streams) + bytes(4096)


def locked_ods() -> bytes:
    """An ods whose manifest says that its content is encrypted."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", b"\x8f\x01\x02" * 100)
        archive.writestr("META-INF/manifest.xml", "<m><encryption-data checksum='x'/></m>")
    return buffer.getvalue()


def locked_zip() -> bytes:
    """A workbook whose zip entries carry the flag of a password."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    content = bytearray(buffer.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


LOCKED = {
    "xlsx, agile encryption": (lambda: ole("Root Entry", "EncryptionInfo", "EncryptedPackage"), "a.xlsx"),
    "the same under the name of an xls": (lambda: ole("EncryptedPackage"), "a.xls"),
    "xls with FILEPASS": (
        lambda: (
            ole("Workbook") + b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(12) + b"\x2f\x00\x06\x00" + bytes(6)
        ),
        "a.xls",
    ),
    "ods with a password": (locked_ods, "a.ods"),
    "zip with a password": (locked_zip, "a.xlsx"),
}


@pytest.mark.parametrize("what", list(LOCKED))
def test_an_encrypted_workbook_is_named_so(what: str) -> None:
    make, name = LOCKED[what]
    with pytest.raises(ShopError) as refused:
        read_workbook(make(), name)
    assert refused.value.code == "sheet.encrypted"
