"""Every invariant of the application, asked of every package. A package offers `check(connection) -> {name: faults}` and
adds its line here."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import Connection

from core.access import audit
from core.backup import reconcile
from core.database import place, shape
from core.database.types import Faults, load_tables

ROOMS = (
    "core.access.service",
    "core.campaign.planning",
    "core.experiments.ideas",
    "core.live.snapshot.service",
    "core.orders.service",
    "core.pricing.service",
    "core.readiness.service",
    "core.replenishment.receipts",
    "core.signals.service",
    "core.stock.service",
    "core.warmup.flash_sale.service",
)


def check(connection: Connection) -> dict[str, list[object]]:
    """Faults by "room.name"; a state is whole when every list is empty.

    Besides the packages' own: "database.schema" (the migrations' tables and nothing else), "access.explained"
    (accounts, approvals, imports and orders as the audit trail says), "database.whole" (pages, indexes and foreign keys of SQLite; PostgreSQL guards its
    own) and "database.place" (keys fit the distribution; on Citus also where each table really is).
    """
    checks: Faults = {
        "database.whole": _database_faults(connection),
        "database.schema": shape.faults(connection),
        "database.place": place_faults(connection),
        "access.explained": reconcile.faults(connection),
    }
    for module in ROOMS:
        room = module.split(".")[1]
        checks |= {
            f"{room}.{name.removeprefix(f'{room}.')}": faults
            for name, faults in import_module(module).check(connection).items()
        }
    if not audit.head(connection)["number"] and reconcile.trail_expected(connection):
        checks["access.audit"] = [*checks["access.audit"], {"number": 0, "fault": "gone"}]
    return checks


def broken(found: dict[str, list[object]]) -> Faults:
    """Only what has faults."""
    return {name: faults for name, faults in found.items() if faults}


def place_faults(connection: Connection) -> list[str]:
    """What the metadata says against its own placement, and on Citus each table that stands elsewhere than it
    says."""
    tables = load_tables().sorted_tables
    wrong = [fault for table in tables for fault in place.faults(table)]
    if not place.on_citus(connection):
        return wrong
    now = place.placed(connection)
    said = {table.name: table.info["place"] for table in tables if table.info["place"] != "local"}
    return wrong + [
        f"{name}: {now.get(name, 'local')} instead of {wanted}"
        for name, wanted in said.items()
        if now.get(name) != wanted
    ]


def _database_faults(connection: Connection) -> list[object]:
    if connection.dialect.name != "sqlite":
        return []
    pages = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check")
    return pages + [f"{row[0]} row {row[1]}: no {row[2]}" for row in orphans]
