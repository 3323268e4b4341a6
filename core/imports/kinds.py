"""What a package says about a workbook that it takes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from core.access import Actor
from core.imports.rules import REJECTED as REJECTED
from core.sheets.columns import SheetSpec


@dataclass(frozen=True, slots=True)
class Context:
    """Around one import: its id, who and when, the campaign it belongs to, and what was decided about
    conflicts (key -> "sheet" | "keep") and about locations (location -> whether its units count). `order_level`:
    the amounts that the known export writes for a whole order. `distinct`: codes that differ only by case or by
    look are goods of their own. `divided`: what lies at the places whose columns a count adds up, columns row, field,
    location, units."""

    import_id: str
    actor: Actor
    now: datetime
    sheet: str = ""
    campaign_id: str = ""
    decisions: Mapping[str, str] = field(default_factory=dict)
    file_name: str = ""
    locations: Mapping[str, bool] = field(default_factory=dict)
    order_level: tuple[str, ...] = ()
    distinct: bool = False
    divided: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True)
class Account:
    """What becomes of the sums of a sheet's counts (units) and amounts (fen), field by field, beside what was
    refused: `written` (or standing already), `skipped` (left out by a rule), `excluded` (in locations that do
    not count). A field that is in none of them is written as it was read."""

    written: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a sheet would change.

    `rows`: one line a key, the sheet's cleaned columns plus `key` (str, one text for the whole key), `state`
    ("added" | "changed" | "unchanged" | "conflict") and whatever the package needs to write. `changes`: one line
    a changed value, columns key, field, before, after (objects, fen for money), for the eye and for the
    fingerprint. `rejected`: rows that only the database could refuse (columns REJECTED). `absent`: keys that
    the shop has and the sheet lacks. `strange`: True when the sheet shares nothing with a shop that is not
    empty. `merged`: rows of the sheet that went into other rows here (returns into their order). `warnings`: what
    the operator should hear, each {"code", facts...}. `account`: the control sums of what is written.
    `locations`: the locations of the sheet, columns location, units, counts (bool), asked (bool: a rule is
    remembered). `parts`: the sheet's rows before they were summed, with `row` and `into`.
    """

    rows: pd.DataFrame
    changes: pd.DataFrame
    rejected: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(REJECTED)))
    absent: tuple[str, ...] = ()
    strange: bool = False
    merged: int = 0
    warnings: tuple[Mapping[str, object], ...] = ()
    account: Account = field(default_factory=Account)
    locations: pd.DataFrame = field(default_factory=pd.DataFrame)
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of workbook: its columns, who may bring it, and the package's three answers, each inside the
    caller's transaction.

    `compare` reads; `write` writes the rows whose state is added or changed; `revert` takes everything of an
    import back or raises ShopError("import.later_change", ...) naming what came after.
    """

    name: str
    action: str
    spec: SheetSpec
    compare: Callable[[Connection, pd.DataFrame, Context], Comparison]
    write: Callable[[Connection, Comparison, Context], None]
    revert: Callable[[Connection, str, Context], None]
    any_of: tuple[str, ...] = ()  # fields of which the sheet needs one at least
