"""kill -9 at a statement of a write path, commits among them: what stands then is the state before or the one after, every
check passes, and the same act done again brings the shop to where it should be. The suite picks statements by seed; the
long form takes them all, on both databases."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.engine import make_url

from core.backup.checks import broken, check
from core.database import Database, connect, new_id
from core.database.types import load_tables
from core.errors import ShopError
from tests import servers
from tests.faults.write_paths import PATHS, Act

pytestmark = pytest.mark.fault
SAMPLE = 2  # statements of a path in the suite
FORK = multiprocessing.get_context("fork")
Counts = dict[str, int]


@contextmanager
def copied(prepared: Database) -> Iterator[Database]:
    """A copy of the prepared shop, of this block alone."""
    prepared.dispose()
    name = f"killed_{new_id()}"
    if prepared.embedded:
        path = Path(str(make_url(prepared.url).database))
        shutil.copy(path, path.with_name(f"{name}.db"))
        database = connect.__wrapped__(f"sqlite:///{path.with_name(f'{name}.db')}")
        yield database
        database.dispose()
        return
    here = make_url(prepared.url)
    servers.copy(servers.named(prepared.url, "postgres"), str(here.database), name)
    database = connect.__wrapped__(servers.named(prepared.url, name))
    yield database
    servers.drop(servers.named(prepared.url, "postgres"), database)


def settled(prepared: Database) -> None:
    """The prepared shop is one file."""
    if prepared.embedded:
        with prepared.writer.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")


def rows(database: Database) -> Counts:
    """Rows by table."""
    with database.reading() as connection:
        tables = load_tables().sorted_tables
        return {t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def at_each_statement(strike: object) -> None:
    """Calls `strike` before every statement and every commit of this process."""
    event.listen(Engine, "before_cursor_execute", lambda *_: strike())  # type: ignore[operator]
    event.listen(Engine, "commit", lambda _: strike())  # type: ignore[operator]


def child(url: str, act: Act, last: int, said: int) -> None:
    """Does the act in a process of its own until statement `last`, at which it is killed; 0: to its end, and says how
    many statements it took and how the shop stood whenever a transaction had ended."""
    database, passed, between = connect.__wrapped__(url), 0, [rows(connect.__wrapped__(url))]

    def strike() -> None:
        nonlocal passed
        passed += 1
        if passed == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def ended(_: object) -> None:
        counting.append(passed)

    counting: list[int] = []
    event.listen(Engine, "begin", ended)
    at_each_statement(strike)
    act(database)
    total = passed
    between.append(rows(database))
    with os.fdopen(said, "wb") as pipe:
        pipe.write(repr((total, between)).encode())


def run(url: str, act: Act, last: int = 0) -> tuple[int, list[Counts]]:
    """The child's exit code where it was killed, else what it said."""
    heard, said = os.pipe()
    process = FORK.Process(target=child, args=(url, act, last, said))
    process.start()
    os.close(said)
    with os.fdopen(heard, "rb") as pipe:
        answer = pipe.read()
    process.join()
    if last:
        assert process.exitcode == -signal.SIGKILL
        return -1, []
    assert process.exitcode == 0
    total, between = eval(answer)  # numbers by name, of our own child
    return int(total), between


def assert_whole_though_killed(prepared: Database, name: str, sample: int) -> None:
    act = PATHS[name](prepared)
    settled(prepared)
    with copied(prepared) as whole:
        whole.dispose()
        total, (before, after) = run(whole.url, act)
    chosen = (
        range(1, total + 1) if not sample else sorted(random.Random(name).sample(range(1, total + 1), sample))
    )
    for last in chosen:
        with copied(prepared) as database:
            database.dispose()
            run(database.url, act, last)
            assert rows(database) in (before, after), (
                f"{name}, statement {last} of {total}: half of it stands"
            )
            with suppress(ShopError):  # it had been done: said so, nothing happens twice
                act(database)
            assert rows(database) == after, f"{name}, statement {last} of {total}: done again"
            with database.reading() as connection:
                assert broken(check(connection)) == {}
    assert total > 1


@pytest.mark.parametrize("name", PATHS)
def test_killed_at_a_statement(sqlite: Database, name: str) -> None:
    assert_whole_though_killed(sqlite, name, SAMPLE)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("name", PATHS)
def test_killed_at_every_statement(database: Database, name: str) -> None:
    if name == "a_restore" and not database.embedded:
        pytest.skip("beside the shop there is a place for files only")
    assert_whole_though_killed(database, name, 0)
