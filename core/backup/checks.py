"""Every invariant of the house, asked of every room. A room offers `check(connection) -> {name: faults}` and adds its line here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import Connection

from core.database import place
from core.database.types import load_tables
from core.errors import ShopError

ROOMS = (
    "core.access.service",
    "core.campaign.planning",
    "core.live.service",
    "core.orders.service",
    "core.pricing.service",
    "core.readiness.service",
    "core.replenishment.receipts",
    "core.signals.service",
    "core.stock.service",
    "core.warmup.selling",
)  # fmt: skip


def check(connection: Connection) -> dict[str, list[Any]]:
    """Faults by "room.name"; a state is whole when every list is empty.

    Besides the rooms' own: "database.whole" (pages, indexes and foreign keys of SQLite; PostgreSQL guards its own) and
    "database.place" (keys fit the distribution; on Citus also where each table really is).
    """
    found: dict[str, list[Any]] = {"database.whole": _database_faults(connection), "database.place": place_faults(connection)}
    for module in ROOMS:
        room = module.split(".")[1]
        found |= {
            f"{room}.{name.removeprefix(f'{room}.')}": faults for name, faults in import_module(module).check(connection).items()
        }
    return found


def broken(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Only what has faults."""
    return {name: faults for name, faults in found.items() if faults}


def place_faults(connection: Connection) -> list[str]:
    """What the metadata says against its own placement, and on Citus each table that stands elsewhere than it says."""
    tables = load_tables().sorted_tables
    found = [fault for table in tables for fault in place.faults(table)]
    try:
        now = place.placed(connection)
    except ShopError:  # no Citus: nothing is placed anywhere
        return found
    said = {table.name: table.info["place"] for table in tables if table.info["place"] != "local"}
    return found + [
        f"{name}: {now.get(name, 'local')} instead of {wanted}" for name, wanted in said.items() if now.get(name) != wanted
    ]


def _database_faults(connection: Connection) -> list[Any]:
    if connection.dialect.name != "sqlite":
        return []
    pages = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
    orphans = [f"{row[0]} row {row[1]}: no {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    return pages + orphans
