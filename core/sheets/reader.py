"""Reading a workbook of unknown manners: the file is opened by a child with limits, the parent only receives
text columns."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import Any

import fastexcel
import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import ShopError
from core.settings import settings
from core.sheets.formats.turns import Turn, turns

_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "ARROW_IO_THREADS": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # its cells lie in few large pages: a twentieth of the faults
}
_ROOT = Path(__file__).resolve().parents[2]
# pyarrow does without numpy where there is none, and starts in half the time
_START = "import sys; sys.path[:0] = {paths!r}; sys.modules['numpy'] = None; from core.sheets.formats.child import main; main()"


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What one file may cost. Sizes in MiB, times in seconds; `text_mib` bounds what the child may hand
    over."""

    upload_mib: int = 50
    memory_mib: int = 3072
    cpu_seconds: int = 120
    wall_seconds: int = 180
    unpacked_mib: int = 1024
    text_mib: int = 384
    parts: int = 10_000
    sheets: int = 256


def shop_limits() -> ReadLimits:
    """The limits that the operator has set, the defaults for the rest."""
    chosen = settings()
    return ReadLimits(
        chosen.upload_mib, chosen.read_memory_mib, chosen.read_cpu_seconds, chosen.read_wall_seconds
    )


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """A sheet of the workbook; `rows` and `columns` count up to the last cell that holds something, `problem`
    is why it could not be read."""

    name: str
    hidden: bool
    rows: int
    columns: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of one sheet as text.

    `cells`: one text column a sheet column (type null where all blank), null = blank; its first row is row
    `first_row` of the sheet (1-based, as Excel counts) and its first column is column `first_column`.
    `flaws`: cells that hold no value to be trusted, columns row, column (1-based, of the sheet), code
    ("cell.error" | "cell.uncached_formula" | "cell.lost_digits"), value (`#REF!`, the digits). `hidden_rows`:
    rows of the sheet (int64) that were hidden or filtered away when it was saved; they are read like any
    other. `merges`: merged ranges, int64 of shape (n, 4): first row, first column, last row, last column
    (1-based, of the sheet).
    """

    cells: pa.Table
    first_row: int
    first_column: int
    flaws: pd.DataFrame
    hidden_rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    merges: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.int64))

    def row_texts(self, row: int) -> list[str]:
        """The texts of one sheet row, "" for blanks; [] outside of the cells."""
        index = row - self.first_row
        if not 0 <= index < self.cells.num_rows:
            return []
        return [column[index].as_py() or "" for column in self.cells.columns]

    def head(self, rows: int) -> list[list[str]]:
        """The texts of the first rows, for a preview and for finding the header."""
        top = self.cells.slice(0, rows)
        columns = [[text or "" for text in column.to_pylist()] for column in top.columns]
        return [list(row) for row in zip(*columns, strict=True)]


@dataclass(frozen=True, slots=True)
class Workbook:
    """What the child found: the sheets in their order, and each one's cells."""

    sheets: tuple[SheetInfo, ...]
    grids: Mapping[str, Grid]

    def grid(self, name: str) -> Grid:
        """The cells of a sheet. ShopError("sheet.unknown_sheet"), or the reason why it could not be read."""
        info = next((info for info in self.sheets if info.name == name), None)
        if info is None:
            raise ShopError("sheet.unknown_sheet", sheet=name, sheets=[info.name for info in self.sheets])
        if info.problem:
            raise ShopError(info.problem, sheet=name, file=name)
        return self.grids[name]


def read_workbook(
    content: bytes,
    filename: str,
    *,
    sheet: str | None = None,
    limits: ReadLimits | None = None,
    account: str = "",
) -> Workbook:
    """The sheets of a workbook (xlsx, xlsm, xlsb, xls, ods), of csv or TAB text, or of HTML saved as .xls;
    only `sheet` if given. `account`: for whom, among those who wait for a turn.

    Macros never run, hidden sheets are read and marked. Whatever the file, this process survives it and gets
    at most `limits.text_mib` of text. Refusals are ShopError: "sheet.empty_file", "sheet.lock_file",
    "sheet.too_large", "sheet.encrypted", "sheet.entity", "sheet.damaged", "sheet.not_a_table",
    "sheet.undecodable", "sheet.far_cell", "sheet.memory", "sheet.time", "sheet.overloaded",
    "sheet.too_many_parts", "sheet.too_many_sheets", "sheet.too_many_rows", "sheet.unpacked_too_large", "sheet.unknown_sheet".
    """
    allowed = limits or shop_limits()
    name = PurePath(filename.replace("\\", "/")).name
    if name.startswith(("~$", ".~lock.")):
        raise ShopError("sheet.lock_file", file=name)
    if not content:
        raise ShopError("sheet.empty_file", file=name)
    if len(content) > allowed.upload_mib << 20:
        raise ShopError(
            "sheet.too_large", file=name, mib=round(len(content) / (1 << 20), 1), limit=allowed.upload_mib
        )
    order = {"purpose": "read", "sheet": sheet, "account": account}
    return _received(_answer(content, order, allowed), name)


def mark_workbook(content: bytes, sheet: str, remarks: Mapping[str, object], limits: ReadLimits) -> bytes:
    """An xlsx workbook with remarks in one sheet, written by the same guarded child (`remarks` as
    `markup.Remarks`, lists for sets)."""
    answer = _answer(content, {"purpose": "mark", "sheet": sheet, "remarks": remarks}, limits)
    end = answer.index(b"\n")
    _refusal(json.loads(bytes(answer[:end])), sheet)
    return bytes(memoryview(answer)[end + 1 :])


def _answer(content: bytes, order: Mapping[str, object], limits: ReadLimits) -> bytearray:
    """What the child says; one that the file has brought down is asked a second time, by the container alone,
    why."""
    answer, code = _run(content, order, limits)
    if not answer and code not in {-signal.SIGXCPU}:
        answer, code = _run(content, {**order, "purpose": "explain", "remarks": None}, limits)
    if not answer:
        raise (
            ShopError("sheet.time", seconds=limits.cpu_seconds)
            if code == -signal.SIGXCPU
            else ShopError("sheet.memory")
        )
    return answer


def _run(content: bytes, order: Mapping[str, object], limits: ReadLimits) -> tuple[bytearray, int]:
    """Starts the child on the file: (everything that it said, its return code); nothing said counts when it
    did not end well."""
    with turns.taken(str(order.get("account", "")), limits.wall_seconds) as turn:
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps({**order, "limits": asdict(limits)}).encode() + b"\n")
            file.write(content)
            file.seek(0)
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                _command(),
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        turns.started(turn, child.pid)
        return _heard(child, limits, turn)


def _command() -> list[str]:
    # -S: without site, start-up files of other packages cost time; the folders that the child needs are named
    # instead
    paths = [str(_ROOT), *{str(Path(module.__file__ or "").parents[1]) for module in (fastexcel, pa)}]
    return [sys.executable, "-I", "-S", "-c", _START.format(paths=paths)]


def _heard(child: subprocess.Popen[bytes], limits: ReadLimits, turn: Turn) -> tuple[bytearray, int]:
    """What the child says until it ends; however this ends, the child has ended too."""
    try:
        said = _listen(child, limits, turn)
        code = child.wait(timeout=10)
    except subprocess.TimeoutExpired as error:
        raise ShopError("sheet.overloaded", seconds=limits.wall_seconds) from error
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()
    return (said, 0) if code == 0 else (bytearray(), code)


def _listen(child: subprocess.Popen[bytes], limits: ReadLimits, turn: Turn) -> bytearray:
    """The child's output until it ends; over the wall limit (while it was not halted for others) or the text
    limit it is refused and ended."""
    assert child.stdout is not None  # noqa: S101 - opened as a pipe
    said, begun = bytearray(), time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if now - begun - turn.seconds_halted(now) > limits.wall_seconds:
                raise ShopError("sheet.overloaded", seconds=limits.wall_seconds)
            if not selector.select(1.0):
                continue
            piece = os.read(child.stdout.fileno(), 1 << 20)
            if not piece:
                return said
            said += piece
            if len(said) > (limits.text_mib + 64) << 20:
                raise ShopError("sheet.memory")


def _refusal(header: Mapping[str, Any], name: str) -> None:
    if "code" in header:
        raise ShopError(header["code"], **({"file": name} | header["facts"]))


def ranges(table: pa.Table) -> np.ndarray:
    """The child's table of merged ranges as int64 of shape (n, 4)."""
    columns = [np.asarray(column.to_numpy(), np.int64) for column in table.columns]
    return np.column_stack(columns) if len(table) else np.zeros((0, 4), np.int64)


def _received(answer: bytearray, name: str) -> Workbook:
    """The child's answer as tables over the received bytes, without copying them."""
    end = answer.index(b"\n")
    header: dict[str, Any] = json.loads(bytes(answer[:end]))
    _refusal(header, name)
    stream = pa.BufferReader(pa.py_buffer(answer).slice(end + 1))
    infos, grids = [], {}
    for sheet in header["sheets"]:
        cells, flaws, merges = (pa.ipc.open_stream(stream).read_all() for _ in range(3))
        infos.append(
            SheetInfo(sheet["name"], sheet["hidden"], sheet["rows"], sheet["columns"], sheet["problem"])
        )
        grids[sheet["name"]] = Grid(
            cells,
            1,
            sheet["first_column"],
            flaws.to_pandas(),
            np.array(sheet["hidden_rows"], np.int64),
            ranges(merges),
        )
    return Workbook(tuple(infos), grids)
