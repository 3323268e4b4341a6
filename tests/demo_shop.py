"""The demo's shop, loaded once for a whole run of the tests, whichever process needs it first; everybody else copies the
file. `python -m core demo` takes half a minute, and ten files of tests look at what it leaves."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.database import Database, connect

ROOT = Path(__file__).resolve().parents[1]
FILE = "BIGSALE_TEST_DEMO"  # names a loaded demo to programs that a test starts


@dataclass(frozen=True, slots=True)
class Demo:
    """A shop with the demo in it, closed: the one file, and what the command said while it filled it."""

    file: Path
    counts: dict[str, Any]

    def copied_to(self, path: Path) -> Path:
        """The same shop again at that path, for a test to do with as it likes."""
        shutil.copy(self.file, path)
        return path


def loaded(folder: Path, create: Callable[[Database], None]) -> Demo:
    """The demo in that folder, which every process of the run knows: made by the first that asks while the
    others wait for it. One that failed halfway is made anew by the next."""
    file, said = folder / "demo.db", folder / "demo.json"
    with (folder / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            for left in folder.glob("demo.db*"):
                left.unlink()
            counts = load(file, create)
            said.write_text(json.dumps(counts), encoding="utf-8")
    return Demo(file, json.loads(said.read_text(encoding="utf-8")))


def load(file: Path, create: Callable[[Database], None]) -> dict[str, Any]:
    """Loads the demo into a new file as the first start does: `core demo` in a process of its own; counts by
    kind."""
    database = connect(f"sqlite:///{file}")
    create(database)
    done = subprocess.run(
        [sys.executable, "-m", "core", "demo", "--json"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database.url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"core demo ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    into_one_file(database)
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


def into_one_file(database: Database) -> None:
    """Nothing of a SQLite database stays beside its file, and nobody has it open."""
    with database.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
