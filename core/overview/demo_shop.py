"""The demo as a shop of its own: loaded into an empty shop behind the pages, and taken away whole, unless
something of the shop's own has come in since."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from core.access import Actor, allow, audit
from core.campaign.tables import campaign
from core.database import Database, one
from core.database.types import load_tables
from core.errors import ShopError
from core.imports import waiting
from core.imports.tables import import_run
from core.live.tables import event, intake_source
from core.overview.tables import demo_shop
from core.settings import ROOT
from core.stock.tables import stock_position

State = Literal["empty", "loading", "demo", "own"]
TAKES = timedelta(minutes=10)  # at most; a load that began earlier was cut short
HISTORY = "orders_history_%"  # files of orders that come in behind the pages, after the rest
KEPT = frozenset(
    [
        "account",
        "session",
        "api_key",
        "back_off",
        "calendar_feed",
        "audit",
        "audit_head",
        "channel",
        "relay",
        "job",
        "connect_source",
        "connect_feed",
        "connect_stream",
    ]
)  # who may do what, who did it, and how the shop is connected: no part of the demo


def state(db: Database, actor: Actor, now: datetime) -> State:
    """Whether the shop is empty, is being filled with the demo, is the demo, or holds data of its own."""
    allow(actor, "demo.manage")
    with db.reading() as connection:
        row = one(connection, select(demo_shop))
        if row is None:
            return "empty" if _empty(connection) else "own"
        loading = row["loaded_at"] is None and now - row["began_at"] < TAKES
        return "loading" if loading or waiting.left(connection).left else "demo"


def load(db: Database, actor: Actor, names: Literal["zh", "en"], *, now: datetime) -> None:
    """Begins to fill the empty shop in a process of its own, names in that language. ShopError("demo.not_empty")."""
    allow(actor, "demo.manage")
    with db.writing() as connection:
        if one(connection, select(demo_shop)) is not None or not _empty(connection):
            raise ShopError("demo.not_empty")
        began(connection, now)
        audit.record(connection, actor, now, "demo.load", "", None, {"language": names})
    command = ["sh", "-c", '"$@" >/dev/null 2>&1 &', "sh", sys.executable, "-m", "core", "demo", "--history"]
    subprocess.run([*command, "--language", names], cwd=ROOT, check=True)  # noqa: S603 - our own interpreter


def began(connection: Connection, now: datetime) -> None:
    """The mark of a demo that is being loaded, once and into an empty shop alone."""
    if one(connection, select(demo_shop)) is None and _empty(connection):
        connection.execute(insert(demo_shop).values(name="demo", began_at=now))


def ended(connection: Connection, now: datetime) -> None:
    """All of the demo is in, but for its history: what comes in from now on is the shop's own."""
    counts = _counts(connection)
    connection.execute(update(demo_shop).values(loaded_at=now, **counts))


def remove(db: Database, actor: Actor, *, now: datetime) -> int:
    """Takes the demo away whole, with what was tried on it; accounts, keys, connections and the audit trail stay.
    Returns the rows.

    ShopError("demo.none"); ("demo.loading") while it comes in; ("demo.own", imports, campaigns, sources, events) where something
    else has come in since: a workbook, a campaign, a source of events or a file of them.
    """
    allow(actor, "demo.manage")
    with db.writing() as connection:
        row = one(connection, select(demo_shop))
        if row is None:
            raise ShopError("demo.none")
        if waiting.left(connection).left or (row["loaded_at"] is None and now - row["began_at"] < TAKES):
            raise ShopError("demo.loading")
        if row["loaded_at"] is not None:
            own = {name: n - row[name] for name, n in _counts(connection).items()}
            if any(n > 0 for n in own.values()):
                raise ShopError("demo.own", **own)
        gone = sum(_emptied(connection, table) for table in reversed(load_tables().sorted_tables))
        audit.record(connection, actor, now, "demo.remove", "", None, {"rows": gone})
    return gone


def _emptied(connection: Connection, table: Table) -> int:
    return 0 if table.name in KEPT else connection.execute(delete(table)).rowcount


def _empty(connection: Connection) -> bool:
    return not any(
        connection.execute(select(*table.primary_key.columns).limit(1)).first()
        for table in (stock_position, campaign, import_run)
    )


def _counts(connection: Connection) -> dict[str, int]:
    """What would be the shop's own where there is more of it than the demo brought."""
    files = select(func.count()).select_from(import_run).where(~import_run.c.file_name.like(HISTORY))
    sales = select(func.count()).select_from(campaign).where(campaign.c.rehearsal_of == "")
    sources = select(func.count()).select_from(intake_source)
    return {
        "imports": connection.scalar(files) or 0,
        "campaigns": connection.scalar(sales) or 0,
        "sources": connection.scalar(sources) or 0,
        "events": connection.scalar(select(func.count()).where(event.c.source == "file")) or 0,
    }
