"""A short command answers soon: nothing is loaded that it does not use. Seconds depend on the machine, so the bench states
the time as a ratio to loading pandas and SQLAlchemy, which every command needs."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from core.database import Database
from core.settings import settings

HEAVY = [
    "scipy",
    "psycopg",
    "core.sheets.readings",
    "alembic",
    "structlog",
    "rich",
    "openpyxl",
    "fastexcel",
    "starlette",
    "uvicorn",
    "httpx",
    "streamlit",
    "altair",
    "apprise",
]
POSITIONS = ["-m", "core", "positions", "--json"]
EVERY_COMMAND = ["-c", "import pandas, sqlalchemy"]


def environment(database: Database) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": database.url, "BIGSALE_DATA_DIR": str(settings().data_dir)}


def test_positions_loads_nothing_that_it_does_not_use(sqlite: Database) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *POSITIONS],
        env=environment(sqlite),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert sorted(loaded & set(HEAVY)) == []


def cpu_seconds(line: list[str], database: Database) -> float:
    """The least of five runs, system time included."""
    least = float("inf")
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *line], env=environment(database), stdout=subprocess.DEVNULL, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return least


@pytest.mark.bench
def test_positions_from_cold(sqlite: Database) -> None:
    mine, peer = cpu_seconds(POSITIONS, sqlite), cpu_seconds(EVERY_COMMAND, sqlite)
    print(
        f"\npositions from cold: {mine:.2f} CPU s, {mine / peer:.2f} of importing pandas and SQLAlchemy (promise 2)"
    )
    assert mine / peer <= 2
