"""The child that opens a workbook: a fresh interpreter with limits, one file in, tables out, nothing else.

Standard input: one line of JSON (purpose, sheet, limits, remarks), then the file. Standard output: one line
of JSON (the sheets, or the reason why not), then three Arrow IPC streams a sheet (its text cells, its flawed
cells and its merged ranges), or the marked workbook.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
import threading
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import fastexcel
import pyarrow as pa

from core.errors import ShopError
from core.sheets.formats import container, layout, markup, opendocument, plaintext, records, text_size
from core.sheets.formats.calamine import asked, error_text, lost_digits

Answer = dict[str, Any]  # what goes over the pipe, by name

OLE, ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
MOST_ROWS = 1_048_576  # Excel's own last row
_XLS_BOF = b"\x09\x08\x10\x00\x00\x06\x05\x00"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_FLAW = pa.schema(
    [("row", pa.int64()), ("column", pa.int64()), ("code", pa.string()), ("value", pa.string())]
)

_RANGE = pa.schema([(name, pa.int64()) for name in ("first_row", "first_column", "last_row", "last_column")])


def guard(limits: dict[str, int]) -> None:
    """Memory, CPU time, no file written, no core dump: whatever the file makes the reader do ends here."""
    with suppress(
        OSError
    ):  # where the machine itself runs out, this process goes first, and it never keeps the others waiting
        Path("/proc/self/oom_score_adj").write_text("1000")
        os.nice(5)
    memory = limits["memory_mib"] * container.MIB
    for what, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (value, value))
    seconds = limits["cpu_seconds"]
    resource.setrlimit(
        resource.RLIMIT_CPU, (seconds, seconds + 5)
    )  # the first ends with SIGXCPU, which says why


def main() -> None:
    """Does what the first line orders; a refusal is one line with its code and facts."""
    order = json.loads(sys.stdin.buffer.readline())
    guard(order["limits"])
    content, out = sys.stdin.buffer.read(), sys.stdout.buffer
    try:
        if order["purpose"] == "explain":
            raise explain(content, order["limits"])
        if order["purpose"] == "mark":
            marked = mark(content, order["sheet"], order["limits"], order["remarks"])
            out.write(b"{}\n" + marked)
        else:
            send(read(content, order["sheet"], order["limits"]), out)
    except ShopError as refusal:
        out.write(json.dumps({"code": refusal.code, "facts": refusal.facts}).encode() + b"\n")
    except MemoryError:
        out.write(b'{"code": "sheet.memory", "facts": {}}\n')
    out.flush()
    os._exit(0)  # nothing to tidy up: giving back millions of cells one by one would only take time


def send(sheets: list[Answer], out: BinaryIO) -> None:
    """The header line, then the streams."""
    plain = [
        {key: value for key, value in sheet.items() if key not in {"cells", "flaws", "merges"}}
        for sheet in sheets
    ]
    out.write(json.dumps({"sheets": plain}).encode() + b"\n")
    for sheet in sheets:
        for table in (sheet["cells"], sheet["flaws"], sheet["merges"]):
            with pa.ipc.new_stream(out, table.schema) as stream:
                stream.write_table(table)


def read(content: bytes, wanted: str | None, limits: dict[str, int]) -> list[dict[str, object]]:
    """Every sheet that holds cells, or the wanted one: name, hidden, first_column, rows, columns, cells and
    flaws."""
    if content.startswith(OLE) and (_ENCRYPTED_STREAM in content or locked_xls(content)):
        raise ShopError("sheet.encrypted")
    if content.startswith(ZIP):
        parts = container.look(
            content, unpacked_mib=limits["unpacked_mib"], parts=limits["parts"], sheets=limits["sheets"]
        )
        text_size.require_text_fits(content, parts, limits["text_mib"] * container.MIB)
        return _workbook(content, wanted, limits, parts)
    if content.startswith(OLE):
        return _workbook(content, wanted, limits, [])
    tables = plaintext.read_text(content)
    return [
        _sheet(name, False, 1, layout.tidied(table), [])
        for name, table in tables
        if wanted in {None, name} or len(tables) == 1
    ]


def locked_xls(content: bytes) -> bool:
    """Whether an .xls workbook asks for a password: a FILEPASS record among the first after its BOF."""
    offset = content.find(_XLS_BOF)
    for _ in range(8):
        if offset < 0 or offset + 4 > len(content):
            return False
        record, length = struct.unpack_from("<HH", content, offset)
        if record == 0x2F:
            return True
        offset += 4 + length
    return False


def _workbook(
    content: bytes, wanted: str | None, limits: dict[str, int], parts: list[container.Part]
) -> list[dict[str, object]]:
    reader = asked(lambda: fastexcel.read_excel(content))
    names = reader.sheet_names
    if len(names) > limits["sheets"]:
        raise ShopError("sheet.too_many_sheets", sheets=len(names), limit=limits["sheets"])
    paths = {part.name: part.path for part in parts if part.is_table}
    others = {part.name for part in parts if not part.is_table}
    shown = {} if parts else (content.startswith(ZIP) and opendocument.look(content)) or records.look(content)
    if wanted is not None and wanted not in names:
        raise ShopError("sheet.unknown_sheet", sheet=wanted, sheets=names)
    sheets, total = [], 0
    for place, name in enumerate(names):
        if name in others or wanted not in {None, name}:
            continue
        try:
            sheet = _load(
                reader, place, name, content, paths.get(name), shown.get(name, opendocument.Table())
            )
        except ShopError as refusal:
            if wanted is not None or len(names) == 1:
                raise
            sheet = _sheet(
                name, False, 1, pa.table({}), [], refusal.code
            )  # a chart, a broken sheet: the others are read all the same
        total += sheet["cells"].nbytes
        if total > limits["text_mib"] * container.MIB:
            raise ShopError("sheet.memory", sheet=name)
        sheets.append(sheet)
    if not sheets or all(sheet["problem"] for sheet in sheets):
        raise ShopError(sheets[0]["problem"] if sheets else "sheet.not_a_table")
    return sheets


class _Search(threading.Thread):
    """Looks for what a sheet says beside its values while the reader, which does not hold the GIL, lays out
    the cells."""

    def __init__(self, content: bytes, path: str | None) -> None:
        super().__init__(daemon=True)
        self._content, self._path = content, path
        self._look = container.Look()
        self._fault: Exception | None = None

    def run(self) -> None:
        """What goes wrong here is told where the answer is asked for."""
        try:
            if self._path:
                self._look = container.look_at_sheet(self._content, self._path)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            self._fault = error

    def look(self) -> container.Look:
        """What was seen, once the search has ended."""
        self.join()
        if self._fault:
            raise self._fault
        return self._look


def _load(
    reader: fastexcel.ExcelReader,
    place: int,
    name: str,
    content: bytes,
    path: str | None,
    told: opendocument.Table,
) -> Answer:
    """One sheet as text, with the cells that hold no value to be trusted."""
    search = _Search(content, path)
    search.start()
    loaded = asked(
        lambda: reader.load_sheet(
            place,
            header_row=None,
            skip_rows=0,
            dtypes="string",
            whitespace_as_null=True,
            schema_sample_rows=1,
        )
    )
    batch, errors = asked(loaded.to_arrow_with_errors)
    look: container.Look = asked(search.look)
    flaws = [(row, column, "cell.uncached_formula", "") for row, column in look.formulas + told.formulas]
    flaws += [(row, column, "cell.error", text) for row, column, text in told.errors]
    columns = loaded.available_columns()
    first = columns[0].absolute_index + 1 if columns else 1
    flaws += [
        (e.position[0] + 1, e.position[1] + first, "cell.error", error_text(e.detail))
        for e in (errors.errors if errors else [])
    ]
    flaws += lost_digits(batch, first, reader, place, content, path)
    last_flaw = max((row for row, *_ in flaws), default=0)
    shown = told.shown + (
        container.shown_cells(content, path, container.changing_styles(content)) if path else []
    )
    tidy = layout.tidied(pa.Table.from_batches([batch]))
    cells = layout.trimmed(layout.with_shown(tidy, first, shown), last_flaw)
    if cells.num_rows > MOST_ROWS:
        raise ShopError("sheet.too_many_rows", sheet=name, rows=cells.num_rows, limit=MOST_ROWS)
    sheet = _sheet(name, loaded.visible != "visible", first, cells, flaws)
    return sheet | {"hidden_rows": look.hidden + told.hidden, "merges": _ranges(look.merges + told.merges)}


def _sheet(
    name: str,
    hidden: bool,
    first: int,
    cells: pa.Table,
    flaws: list[tuple[int, int, str, str]],
    problem: str = "",
) -> dict[str, object]:
    columns = list(zip(*sorted(flaws), strict=True)) or [()] * 4
    table = pa.table(
        [pa.array(values, kind.type) for values, kind in zip(columns, _FLAW, strict=True)], schema=_FLAW
    )
    return {
        "name": name,
        "hidden": hidden,
        "first_column": first,
        "rows": cells.num_rows,
        "columns": cells.num_columns,
        "cells": cells,
        "flaws": table,
        "problem": problem,
        "hidden_rows": [],
        "merges": _ranges(()),
    }


def _ranges(merges: Sequence[tuple[int, int, int, int]]) -> pa.Table:
    """Merged ranges as a table; those of one cell merge nothing."""
    wide = [merge for merge in merges if merge[:2] != merge[2:]]
    columns = list(zip(*wide, strict=True)) or [()] * 4
    return pa.table([pa.array(column, pa.int64()) for column in columns], schema=_RANGE)


def mark(content: bytes, sheet: str, limits: dict[str, int], remarks: Answer) -> bytes:
    """The workbook with remarks written into one of its sheets (see `markup.mark`)."""
    parts = container.look(
        content, unpacked_mib=limits["unpacked_mib"], parts=limits["parts"], sheets=limits["sheets"]
    )
    path = next((part.path for part in parts if part.name == sheet and part.is_table), "")
    texts = {int(row): text for row, text in remarks["texts"].items()}
    wrong = {int(row): frozenset(columns) for row, columns in remarks["wrong"].items()}
    return markup.mark(
        content,
        path,
        markup.Remarks(remarks["column"], remarks["title"], remarks["header_row"], texts, wrong),
    )


def explain(content: bytes, limits: dict[str, int]) -> ShopError:
    """Why a workbook needed more memory than there is: a cell far away from the others, or simply too
    much."""
    if content.startswith(ZIP):
        for part in container.look(
            content, unpacked_mib=limits["unpacked_mib"], parts=limits["parts"], sheets=limits["sheets"]
        ):
            if part.is_table:
                row, column, cells = container.furthest_cell(content, part.path)
                if row * column > 50 * max(cells, 1000):
                    return ShopError(
                        "sheet.far_cell",
                        sheet=part.name,
                        cell=f"{container.column_letters(column)}{row}",
                        cells=cells,
                    )
    return ShopError("sheet.memory")


if __name__ == "__main__":
    main()
