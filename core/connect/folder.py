"""The watched folder on the disk: what lies in it and has settled, and where it is put away. Polled, so that a
network share will do."""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.connect import rules
from core.errors import ShopError

ZIPPED = frozenset({".xlsx", ".xlsm", ".xlsb", ".ods"})


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file as it lies in the folder: its path below it, its size in bytes and its time of change."""

    path: PurePosixPath
    size: int
    changed_ns: int


def dropped(folder: Path) -> list[Dropped]:
    """What lies in the folder and in its subfolders by kind, oldest first. ShopError("connect.no_folder")."""
    try:
        workbooks = [one for one in _walk(folder) if rules.is_workbook(one.path) and one.size]
    except OSError as error:
        raise ShopError("connect.no_folder", folder=str(folder)) from error
    return sorted(workbooks, key=lambda one: (one.changed_ns, one.path))


def _walk(folder: Path) -> Iterator[Dropped]:
    for entry in sorted(folder.iterdir()):
        inner = [entry]
        if entry.is_dir() and not entry.is_symlink():
            inner = sorted(entry.iterdir()) if entry.name not in {rules.DONE, rules.REFUSED} else []
        for path in inner:
            if path.is_file() and not path.is_symlink():
                state = path.stat()
                name = PurePosixPath(path.relative_to(folder).as_posix())
                yield Dropped(name, state.st_size, state.st_mtime_ns)


def settled(folder: Path, settle_s: float) -> tuple[list[Dropped], list[Dropped]]:
    """(files that nobody writes any more, files under way): what changed within `settle_s` seconds, by the
    folder's own clock or before our eyes, is looked at again after as long."""
    first = dropped(folder)
    limit = time.time_ns() - int(settle_s * 1e9)
    if any(one.changed_ns > limit for one in first):
        time.sleep(settle_s)
        again = set(dropped(folder))
        ready = [one for one in first if one in again]
        return ready, sorted(again - set(ready), key=lambda one: one.path)
    return first, []


def content_of(folder: Path, one: Dropped) -> bytes | None:
    """The bytes of a file; None where it changed while it was read, is gone, or still lacks its end."""
    try:
        content = (folder / one.path).read_bytes()
        state = (folder / one.path).stat()
    except OSError:
        return None
    if (state.st_size, state.st_mtime_ns) != (one.size, one.changed_ns) or len(content) != one.size:
        return None
    if (
        one.path.suffix.lower() in ZIPPED
        and content[:2] == b"PK"
        and not zipfile.is_zipfile(io.BytesIO(content))
    ):
        return content if time.time_ns() - one.changed_ns > rules.UNFINISHED_S * 1e9 else None
    return content


def put_away(folder: Path, one: Dropped, where: str, digest: str) -> str:
    """Moves a file to done/ or refused/ unless it has changed since it was read; its new place below the folder,
    "" where it stayed."""
    source = folder / one.path
    target = PurePosixPath(where) / rules.free_name(one.path, digest)
    try:
        state = source.stat()
        if (state.st_size, state.st_mtime_ns) != (one.size, one.changed_ns):
            return ""
        (folder / where).mkdir(exist_ok=True)
        os.replace(source, folder / target)
    except OSError as error:
        raise ShopError("connect.not_moved", file=str(one.path), folder=where) from error
    return str(target)


def put_beside(folder: Path, name: str, content: bytes) -> None:
    """Writes a copy with remarks to refused/, whole or not at all."""
    (folder / rules.REFUSED).mkdir(exist_ok=True)
    target = folder / rules.REFUSED / name
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(content)
    os.replace(part, target)
