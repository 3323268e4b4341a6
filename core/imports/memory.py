"""What people said about sheets before: which field a header is, and how a header row is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, select

from core.database import one, upsert
from core.imports.kinds import Context, Kind
from core.imports.tables import header_memory, import_choice
from core.sheets.columns import fold
from core.sheets.detect import Header


class Layout(NamedTuple):
    """How a header row is read: field -> headers joined by "+", the headers of the key, and header -> whether its
    blanks mean the cell above."""

    mapping: Mapping[str, str]
    key: tuple[str, ...]
    below: Mapping[str, bool]


def of_headers(connection: Connection, kind: Kind) -> dict[str, str]:
    """Folded header -> field ("" for none) by earlier corrections."""
    rows = connection.execute(
        select(header_memory.c.header, header_memory.c.field).where(header_memory.c.kind == kind.name)
    ).all()
    return {str(header): str(name) for header, name in rows}


def of_layout(connection: Connection, kind: Kind, header: Header) -> Layout | None:
    """What was chosen for this header row before; None for nothing."""
    memory = import_choice.c
    row = one(
        connection,
        select(memory.mapping, memory.key, memory.below).where(
            memory.kind == kind.name, memory.headers == signature(header)
        ),
    )
    return None if row is None else Layout(row["mapping"], tuple(row["key"]), row["below"])


def signature(header: Header) -> str:
    """The fingerprint of a header row, by which its choices are remembered."""
    return hashlib.sha256("\x1f".join(fold(text) for text in header.headers).encode()).hexdigest()


def keep_headers(connection: Connection, kind: Kind, taught: Mapping[str, str], context: Context) -> None:
    """Remembers what headers mean."""
    if taught:
        facts = {"kind": kind.name, "account": context.actor.name, "at": context.now}
        learned = {"header": list(taught), "field": list(taught.values())}
        upsert(connection, header_memory, pd.DataFrame({**learned, **facts}))


def keep_layout(connection: Connection, kind: Kind, header: Header, layout: Layout, context: Context) -> None:
    """Remembers how a header row is read, where anything was said of it."""
    if layout.mapping or layout.key or layout.below:
        choice = {
            "kind": kind.name,
            "headers": signature(header),
            "mapping": dict(layout.mapping),
            "key": list(layout.key),
            "below": dict(layout.below),
            "account": context.actor.name,
            "at": context.now,
        }
        upsert(connection, import_choice, pd.DataFrame([choice]))
