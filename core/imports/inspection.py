"""A file that was read: which sheets, which header, which columns, and what only the operator can decide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from core.access import Actor, allow
from core.database import Database, one
from core.errors import ShopError
from core.imports import memory, unread
from core.imports.kinds import Kind
from core.imports.questions.fields import Question, open_fields
from core.imports.tables import import_run
from core.sheets.columns import columns_named, fold
from core.sheets.detect import Header, Known, guess_header, guess_sheet, header_at, same_sheets
from core.sheets.layout.aside import Notice
from core.sheets.layout.conditions import condition_columns
from core.sheets.layout.flat import names_sizes
from core.sheets.matching import fields_named
from core.sheets.reader import Grid, Workbook, read_workbook
from core.sheets.readings import CleanOptions

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
    corrected = tuple(
        _located(_corrected(header, wanted, kind), kind, workbook.grid(sheet))
        for sheet, header in zip(sheets, headers, strict=True)
    )
    grid, head = workbook.grid(first), corrected[sheets.index(first)]
    asked = {*wanted.mapping, *(["sku_code"] if wanted.key else [])}
    return Inspection(
        kind,
        file_name,
        digest,
        workbook,
        tuple(sheets),
        corrected,
        _taught(guessed, head, wanted),
        repeated,
        open_fields(grid, head, kind, asked),
        (
            *unread.sheets_left_out(workbook, sheets, kind, known),
            *unread.filled_below(wanted.below),
            *unread.columns_left(grid, head, kind, set(wanted.mapping)),
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
    same = (run.content_digest == digest, run.kind == kind.name, run.state == "committed")
    query = select(run.import_id, run.at, run.account, run.file_name).where(*same)
    row = one(connection, query.order_by(run.at.desc()))
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


def _located(header: Header, kind: Kind, grid: Grid) -> Header:
    """With every column that says where units lie, or in which lot, by its header or because its cells say that goods
    are not for sale: several of one field are read together, in the order of the sheet."""
    located = kind.spec.located
    taken = set(located.values())
    open_ones = {column for rivals in header.candidates for column in rivals.columns}
    mapping = {column: name for column, name in header.mapping.items() if name not in taken}
    states = (
        condition_columns(grid, header.row, header.headers, header.mapping) if "location" in taken else []
    )
    for column, text in enumerate(header.headers):
        names = [located[name] for name in fields_named(text) if name in located] if text else []
        names += ["location"] if column in states else []
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
