"""Workbooks that are taken in behind the pages: they lie in a folder of the data directory until each is in, so what
was cut short goes on at the next start. They belong to one shop: another database of the same folder takes none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from sqlalchemy import Connection, select

from core.imports.tables import import_run
from core.settings import settings

FOLDER, LABEL = "waiting", "label.json"


@dataclass(frozen=True, slots=True)
class Waiting:
    """`left` workbooks of `all` are not in yet."""

    left: int
    all: int


def lay(connection: Connection, workbooks: Mapping[str, bytes]) -> None:
    """Lays workbooks down, to be taken in in the order of their names by the shop that has imported what this one
    imported last."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in _lying():
        path.unlink()
    newest = select(import_run.c.import_id).order_by(import_run.c.at.desc(), import_run.c.import_id.desc())
    label = {"all": len(workbooks), "after": connection.scalar(newest.limit(1))}
    (folder / LABEL).write_bytes(orjson.dumps(label))
    for name, content in workbooks.items():
        part = folder / f"{name}.part"
        part.write_bytes(content)
        part.rename(folder / name)


def take(mine: Waiting, import_one: Callable[[str, bytes], object]) -> int:
    """Takes in what lies there for this shop (`left`), in turn; how many. One refused stays, and raises."""
    done = 0
    for path in _lying()[: mine.left]:
        import_one(path.name, path.read_bytes())
        path.unlink()
        done += 1
    return done


def left(connection: Connection) -> Waiting:
    """How many lie there for this shop, of how many that were laid down."""
    lying, label = len(_lying()), _folder() / LABEL
    if not lying or not label.exists():
        return Waiting(0, 0)
    said = orjson.loads(label.read_bytes())
    known = select(import_run.c.import_id).where(import_run.c.import_id == said["after"])
    return Waiting(lying, max(lying, said["all"])) if connection.scalar(known) else Waiting(0, 0)


def _folder() -> Path:
    return settings().data_dir / FOLDER


def _lying() -> list[Path]:
    return sorted(path for path in _folder().glob("*") if path.suffix == ".csv")
