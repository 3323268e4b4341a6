"""A file that was read: which sheets, which header, which columns, and what only the operator can decide."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, select

from core.access import Actor, allow
from core.database import Database, one
from core.errors import ShopError
from core.imports import memory
from core.imports.kinds import Kind
from core.imports.tables import import_run
from core.sheets.columns import Field, columns_named, fold
from core.sheets.detect import Header, Known, guess_header, guess_sheet, header_at, same_sheets
from core.sheets.layout.aside import Notice
from core.sheets.layout.flat import levels_beside, names_sizes, sizes_beside, unread_levels
from core.sheets.matching import aliases, passed_over
from core.sheets.reader import Grid, Workbook, read_workbook
from core.sheets.readings import CleanOptions, read_column

_PARTED = frozenset({"reserved"})  # figures whose columns are parts even where they are equal
_UNITS = re.compile(r"数量|件数|个数|qty|quantity|units", re.IGNORECASE)
_OTHER_UNITS = re.compile(
    r"退|种|库存|赠|券|箱|包裹|发票|refund|return|cancel|stock|fulfil|ship", re.IGNORECASE
)
PLUS = "+"  # between the headers of one field


@dataclass(frozen=True, slots=True)
class Choice:
    """What the operator chose where the guess was wrong: sheets, header row (as Excel counts), field ->
    header text, several joined by "+" ("" = do not read), the headers that make up the key, whether the
    units of a location count, what the sheet leaves open (order of day and month, rates of currencies), and
    whether blanks of a column mean the cell above (header -> yes or no)."""

    sheets: tuple[str, ...] = ()
    header_row: int = 0
    mapping: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    locations: Mapping[str, bool] = field(default_factory=dict)
    options: CleanOptions = field(default_factory=CleanOptions)
    below: Mapping[str, bool] = field(default_factory=dict)


class Option(NamedTuple):
    """One column that fits a field: its header and the sum of its cells (units or fen; None for texts)."""

    header: str
    sum: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """Columns that fit one field equally well. `parts`: the headers that may be added up, all but totals."""

    field: str
    options: tuple[Option, ...]
    parts: tuple[str, ...] = ()


class Earlier(NamedTuple):
    """An import of the same content that stands."""

    import_id: str
    at: datetime
    account: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file that was read: its workbook, the sheets in force and their headers (in the same order), and the
    earlier import of the same content if there is one.

    `taught`: folded header -> field, where the operator corrected the guess. `questions`: columns between
    which only the operator can decide. `notices`: sheets left out. `key`: the headers of the key where the
    operator named them now or earlier. `chosen`: the operator named the sheets. `named`: the fields whose columns the operator chose.
    `below`: the columns whose blanks mean the cell above, or do not.
    """

    kind: Kind
    file_name: str
    digest: str
    workbook: Workbook
    sheets: tuple[str, ...]
    headers: tuple[Header, ...]
    taught: Mapping[str, str]
    repeated: Earlier | None
    questions: tuple[Question, ...] = ()
    notices: tuple[Notice, ...] = ()
    key: tuple[str, ...] = ()
    chosen: bool = False
    named: frozenset[str] = frozenset()
    options: CleanOptions = field(default_factory=CleanOptions)
    below: Mapping[str, bool] = field(default_factory=dict)

    @property
    def sheet(self) -> str:
        """The first sheet in force."""
        return self.sheets[0]

    @property
    def header(self) -> Header:
        """The header of the first sheet."""
        return self.headers[0]

    @property
    def mapping(self) -> dict[str, str]:
        """Field -> its headers, joined by "+"."""
        texts: dict[str, list[str]] = {}
        for column, name in self.header.mapping.items():
            texts.setdefault(name, []).append(self.header.headers[column])
        return {name: PLUS.join(headers) for name, headers in texts.items()}


def inspect(
    db: Database, actor: Actor, kind: Kind, content: bytes, file_name: str, choice: Choice | None = None
) -> Inspection:
    """Reads a file in the guarded child and finds its sheets and header; ShopError("sheet.*") when it cannot
    be read, ("import.no_such_sheet" | "import.no_such_header" | "import.unknown_field") for a wrong choice."""
    allow(actor, kind.action)
    wanted = choice or Choice()
    workbook = read_workbook(content, file_name, account=actor.name)
    digest = hashlib.sha256(content).hexdigest()
    with db.reading() as connection:
        remembered = memory.of_headers(connection, kind)
        repeated = _earlier(connection, kind, digest)
    known = Known(remembered, [*_texts(wanted.mapping.values()), *wanted.key])
    names = {info.name for info in workbook.sheets}
    for sheet in wanted.sheets:
        if sheet not in names:
            raise ShopError(
                "import.no_such_sheet", sheet=sheet, sheets=[info.name for info in workbook.sheets]
            )
    first = wanted.sheets[0] if wanted.sheets else guess_sheet(workbook, kind.spec, known)
    guessed = _header(workbook.grid(first), wanted.header_row, kind, known)
    sheets = wanted.sheets or same_sheets(workbook, first, guessed, kind.spec)
    with db.reading() as connection:
        wanted = _with_earlier_choice(memory.of_layout(connection, kind, guessed), wanted)
    headers = [
        guessed if sheet == first else _header(workbook.grid(sheet), wanted.header_row, kind, known)
        for sheet in sheets
    ]
    corrected = tuple(_located(_corrected(header, wanted, kind), kind) for header in headers)
    return Inspection(
        kind,
        file_name,
        digest,
        workbook,
        tuple(sheets),
        corrected,
        _taught(guessed, corrected[sheets.index(first)], wanted),
        repeated,
        _questions(workbook.grid(first), corrected[sheets.index(first)], kind, wanted),
        (
            *_left_out(workbook, sheets, kind, known),
            *_filled_below(wanted.below),
            *_sizes(workbook.grid(first), corrected[sheets.index(first)]),
            *_levels_left(workbook.grid(first), corrected[sheets.index(first)], kind),
            *_passed_over(workbook.grid(first), corrected[sheets.index(first)], kind, wanted),
        ),
        wanted.key,
        bool(wanted.sheets),
        frozenset(name for name, text in wanted.mapping.items() if text),
        wanted.options,
        wanted.below,
    )


def _texts(headers: Iterable[str]) -> list[str]:
    """The single headers of joined ones."""
    return [text.strip() for joint in headers for text in joint.split(PLUS) if text.strip()]


def _header(grid: Grid, row: int, kind: Kind, known: Known) -> Header:
    return header_at(grid, row, kind.spec, known) if row else guess_header(grid, kind.spec, known)


def _earlier(connection: Connection, kind: Kind, digest: str) -> Earlier | None:
    run = import_run.c
    row = one(
        connection,
        select(run.import_id, run.at, run.account, run.file_name)
        .where(run.content_digest == digest, run.kind == kind.name, run.state == "committed")
        .order_by(run.at.desc()),
    )
    return Earlier(**row) if row else None


def _with_earlier_choice(earlier: memory.Layout | None, choice: Choice) -> Choice:
    """The choice with what was chosen for this header row before, where nothing is said now: the key, fields that are
    several columns, and columns whose blanks mean the cell above."""
    if earlier is None:
        return choice
    joint = {name: text for name, text in earlier.mapping.items() if name not in choice.mapping}
    key = choice.key or (() if "sku_code" in choice.mapping else earlier.key)
    mapping, below = {**joint, **choice.mapping}, {**earlier.below, **choice.below}
    return replace(choice, mapping=mapping, key=key, below=below)


def _corrected(header: Header, choice: Choice, kind: Kind) -> Header:
    """The guessed mapping with the operator's corrections on top; a header taken by one field leaves the
    others."""
    known = {entry.name for entry in kind.spec.fields}
    key = [text for text in choice.key if columns_named(header.headers, text) or not names_sizes(text)]
    wanted = {**choice.mapping, **({"sku_code": PLUS.join(key)} if key else {})}
    chosen = dict(header.mapping)
    for name, text in wanted.items():
        if name not in known:
            raise ShopError("import.unknown_field", field=name, fields=sorted(known), kind=kind.name)
        chosen = {column: other for column, other in chosen.items() if other != name}
        for column in _columns(header, text):
            chosen.pop(column, None)
            chosen[column] = name
    return replace(header, mapping=chosen)


def _columns(header: Header, text: str) -> list[int]:
    """The columns of a joint of headers, in its order."""
    if not text:
        return []
    whole = columns_named(header.headers, text)
    if whole:
        return [whole[0]]
    columns = []
    for part in text.split(PLUS):
        named = columns_named(header.headers, part.strip())
        if not named:
            raise ShopError(
                "import.no_such_header",
                header=part.strip(),
                headers=[title for title in header.headers if title],
            )
        columns.append(named[0])
    return columns


def _located(header: Header, kind: Kind) -> Header:
    """With every column that says where units lie, or in which lot: several of one field are read together, in
    the order of the sheet."""
    located = kind.spec.located
    taken = set(located.values())
    open_ones = {column for rivals in header.candidates for column in rivals.columns}
    mapping = {column: name for column, name in header.mapping.items() if name not in taken}
    for column, text in enumerate(header.headers):
        names = [located[name] for name in aliases().get(fold(text), {}) if name in located] if text else []
        if header.mapping.get(column) in taken:
            mapping[column] = header.mapping[column]
        elif column not in mapping and column not in open_ones and names:
            mapping[column] = names[0]
    return replace(header, mapping=mapping)


def _taught(guessed: Header, corrected: Header, choice: Choice) -> dict[str, str]:
    """Folded header -> field for single columns that the operator corrected."""
    named = {fold(text) for text in choice.mapping.values() if text and PLUS not in text}
    dropped = [name for name, text in choice.mapping.items() if not text]
    taught = {
        fold(text): corrected.mapping[at]
        for at, text in enumerate(guessed.headers)
        if fold(text) in named
        and corrected.mapping.get(at) != guessed.mapping.get(at)
        and at in corrected.mapping
    }
    left = {fold(guessed.headers[at]): "" for at, name in guessed.mapping.items() if name in dropped}
    return left | taught


def _questions(grid: Grid, header: Header, kind: Kind, choice: Choice) -> tuple[Question, ...]:
    """The columns that fit one field equally well and differ, with their sums; a field that the operator has
    named is no question."""
    questions = [*_no_level(grid, header, kind, choice), *_no_quantity(grid, header, kind, choice)]
    for candidates in header.candidates:
        columns = [
            at for at in candidates.columns if header.mapping.get(at, candidates.field) == candidates.field
        ]
        if (
            candidates.field in choice.mapping
            or (candidates.field == "sku_code" and choice.key)
            or len(columns) < 2
        ):
            continue
        entry = kind.spec.field(candidates.field)
        start = max(header.row - grid.first_row + 1, 0)
        texts = [grid.cells.column(at).slice(start) for at in columns]
        options = [
            Option(header.headers[at], _sum(text, entry)) for at, text in zip(columns, texts, strict=True)
        ]
        apart = candidates.field in _PARTED and any(
            option.sum for option in options
        )  # unpaid and unsent: no copies
        if all(texts[0].equals(other) for other in texts[1:]) and not apart:
            continue
        parts = tuple(header.headers[at] for at in columns if at not in candidates.totals)
        questions.append(Question(candidates.field, tuple(options), parts))
    return tuple(questions)


def _no_level(grid: Grid, header: Header, kind: Kind, choice: Choice) -> Iterator[Question]:
    """The question about a stock sheet that has no column of what is there, and columns that count it by their
    names."""
    levels = {"on_hand", "available_to_promise"}
    if kind.spec.kind != "stock" or levels & {*header.mapping.values(), *choice.mapping}:
        return
    columns = unread_levels(grid, header.row, header.headers, header.mapping)
    if columns:
        entry = kind.spec.field("on_hand")
        start = max(header.row - grid.first_row + 1, 0)
        options = (
            Option(header.headers[at], _sum(grid.cells.column(at).slice(start), entry)) for at in columns
        )
        parts = tuple(header.headers[at] for at in columns)
        yield Question("on_hand", tuple(options), parts)


def _no_quantity(grid: Grid, header: Header, kind: Kind, choice: Choice) -> Iterator[Question]:
    """The question about a list of orders in which no column is read as the units, and that has columns of numbers
    named after them: without one each line would be one unit."""
    if kind.spec.kind != "orders" or "quantity" in {*header.mapping.values(), *choice.mapping}:
        return
    entry = kind.spec.field("quantity")
    start = max(header.row - grid.first_row + 1, 0)
    sums = {
        header.headers[at]: _sum(grid.cells.column(at).slice(start), entry)
        for at, text in enumerate(header.headers)
        if at not in header.mapping and _UNITS.search(text) and not _OTHER_UNITS.search(text)
    }
    options = tuple(Option(title, units) for title, units in sums.items() if units)
    if options:
        yield Question("quantity", options)


def _sizes(grid: Grid, header: Header) -> Iterator[Notice]:
    """Sizes in columns of their own, of which only the total is taken."""
    columns = sizes_beside(grid, header.row, header.headers, header.mapping)
    if columns:
        yield Notice("import.sizes_summed", {"names": [header.headers[at] for at in columns]})


def _levels_left(grid: Grid, header: Header, kind: Kind) -> Iterator[Notice]:
    """Columns of units in a stock sheet that are no field's: said with their sums, since what is held or for sale may
    depend on them. Those that a question is about are said there."""
    if kind.spec.kind != "stock":
        return
    said = {at for rivals in header.candidates for at in rivals.columns}
    said |= {
        at for columns in passed_over(header.headers, header.mapping, kind.spec).values() for at in columns
    }
    entry, start = kind.spec.field("on_hand"), max(header.row - grid.first_row + 1, 0)
    sums = {
        header.headers[at]: _sum(grid.cells.column(at).slice(start), entry)
        for at in levels_beside(grid, header.row, header.headers, header.mapping)
        if at not in said
    }
    left = [f"{name} {units}" for name, units in sums.items() if units]
    if left:
        yield Notice("import.levels_left", {"names": left})


def _passed_over(grid: Grid, header: Header, kind: Kind, choice: Choice) -> Iterator[Notice]:
    """The figures of which another column was taken, where the two differ; a field that the operator has named, or
    is asked for, is no news."""
    asked = {*choice.mapping, *(rivals.field for rivals in header.candidates)}
    start = max(header.row - grid.first_row + 1, 0)
    for name, columns in passed_over(header.headers, header.mapping, kind.spec).items():
        entry, used = kind.spec.field(name), [at for at, field in header.mapping.items() if field == name]
        sums = {at: _sum(grid.cells.column(at).slice(start), entry) for at in (*used, *columns)}
        others = [at for at in columns if sums[at] and sums[at] != sums[used[0]]]
        if name in asked or len(used) > 1 or not others:
            continue
        facts = {
            "field": name,
            "header": header.headers[used[0]],
            "columns": [Option(header.headers[at], sums[at])._asdict() for at in (used[0], *others)],
        }
        yield Notice("import.column_passed_over", facts)


def _sum(column: pa.ChunkedArray, entry: Field) -> int | None:
    if not entry.adds:
        return None
    return int(pd.Series(read_column(column, entry).values).sum())


def _filled_below(below: Mapping[str, bool]) -> Iterator[Notice]:
    """Columns whose blanks are read as the cell above, as somebody said now or earlier."""
    names = [header for header, same in below.items() if same]
    if names:
        yield Notice("import.filled_below", {"names": names})


def _left_out(workbook: Workbook, sheets: Sequence[str], kind: Kind, known: Known) -> list[Notice]:
    """The sheets with rows that are not taken."""
    notices = []
    for info in workbook.sheets:
        if info.name in sheets or info.rows == 0 or info.problem:
            continue
        header = guess_header(workbook.grid(info.name), kind.spec, known)
        rows = info.rows - header.row if header.mapping else info.rows
        facts = {"sheet": info.name, "rows": max(rows, 0), "hidden": info.hidden}
        notices.append(Notice("import.sheet_left_out", facts))
    return notices
