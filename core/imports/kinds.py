"""What a room says about a workbook that it takes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from core.access import Actor
from core.sheets.columns import SheetSpec

REJECTED = ("sheet", "row", "cell", "field", "code", "value")


@dataclass(frozen=True, slots=True)
class Context:
    """Around one import: its id, who and when, the campaign it belongs to, and what was decided about conflicts (key -> "sheet" | "keep")."""

    import_id: str
    actor: Actor
    now: datetime
    sheet: str = ""
    campaign_id: str = ""
    decisions: Mapping[str, str] = field(default_factory=dict)
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a sheet would change.

    `rows`: one line a key, the sheet's cleaned columns plus `key` (str, one text for the whole key), `state` ("added" | "changed" | "unchanged" | "conflict") and
    whatever the room needs to write. `changes`: one line a changed value, columns key, field, before, after (objects, fen for money), for the eye and for the
    fingerprint. `rejected`: rows that only the database could refuse (columns REJECTED). `absent`: keys that the shop has and the sheet lacks. `strange`: True when
    the sheet shares nothing with a shop that is not empty.
    """

    rows: pd.DataFrame
    changes: pd.DataFrame
    rejected: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(REJECTED)))
    absent: tuple[str, ...] = ()
    strange: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of workbook: its columns, who may bring it, and the room's three answers, each inside the caller's transaction.

    `compare` reads; `write` writes the rows whose state is added or changed; `revert` takes everything of an import back or raises
    ShopError("import.later_change", ...) naming what came after.
    """

    name: str
    action: str
    spec: SheetSpec
    compare: Callable[[Connection, pd.DataFrame, Context], Comparison]
    write: Callable[[Connection, Comparison, Context], None]
    revert: Callable[[Connection, str, Context], None]
    any_of: tuple[str, ...] = ()  # fields of which the sheet needs one at least
