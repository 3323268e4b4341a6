"""What lies on the disk is its owner's alone, no password goes into a service's log, and a page's socket is for our
own port."""

from __future__ import annotations

import os
import pty
import re
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from core.access import Actor, service
from core.access.accounts import NewAccount
from core.backup import dump
from core.backup import service as backups
from core.database import Database, connect
from core.database.migrate import upgrade
from tests.security.conftest import ROOT, WORD, Server, free_port, opened_page

PASSWORD = re.compile(rb"\b\w{4}-\w{4}-\w{4}-\w{4}\b")


def start(folder: Path, **streams: object) -> subprocess.Popen[bytes]:
    """`core start` on an empty database, without serving."""
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{folder}/shop.db",
        "BIGSALE_DATA_DIR": str(folder),
    }
    line = [sys.executable, "-m", "core", "start", "--no-demo", "--no-serve"]
    return subprocess.Popen(line, cwd=ROOT, env=environment, **streams)  # type: ignore[call-overload]


def test_the_first_password_of_a_service_lies_in_a_file_of_its_owner(tmp_path: Path) -> None:
    with start(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, log = process.communicate(timeout=120)
    assert PASSWORD.findall(out + log) == []
    path = tmp_path / "first-password.txt"
    assert str(path).encode() in log
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD.fullmatch(path.read_bytes().strip())


def test_at_a_terminal_it_is_shown_and_lies_nowhere(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with start(tmp_path, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            said += piece
        assert process.wait(120) == 0
    assert len(PASSWORD.findall(said)) == 1
    assert not (tmp_path / "first-password.txt").exists()


@pytest.fixture
def loose_umask() -> object:
    """A service whose files would be everybody's."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["夜 #1?.bak", "50%25.bak", "a;b'c\".bak"])
def test_database_backup_and_part_files_are_their_owners_alone_whatever_their_name(
    tmp_path: Path,
    loose_umask: object,
    name: str,
    now: datetime,
    admin: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    db = connect(f"sqlite:///{folder / 'shop.db'}")
    upgrade(db)
    service.add_account(db, admin, NewAccount("mei", "viewer", word=WORD), now)
    halfway: dict[str, int] = {}
    written, copied = dump.write, dump.copy_unsigned

    def write(database: Database, part: Path) -> None:
        written(database, part)
        halfway.update(modes(folder))

    def copy(source: Path, part: Path) -> None:
        copied(source, part)
        halfway.update(modes(folder))

    monkeypatch.setattr(dump, "write", write)
    monkeypatch.setattr(dump, "copy_unsigned", copy)
    made = backups.backup(db, admin, folder / name, now=now)
    restored = connect(f"sqlite:///{folder / 'again.db'}")
    backups.restore(restored, admin, folder / name, now=now)
    assert made.file == str(folder / name) or made.file == name
    assert any(file.endswith(".part") for file in halfway)
    both = halfway | modes(folder)
    assert {file: oct(mode) for file, mode in both.items() if mode != 0o600} == {}
    assert service.people(restored, admin)["name"].tolist() == ["mei"]


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:{other}", "http://127.0.0.1", "https://evil.example", "null"]
)
def test_a_socket_from_another_port_is_another_origin(server: Server, origin: str) -> None:
    stranger = {"Origin": origin.replace("{other}", str(free_port()))}
    with pytest.raises((InvalidStatus, ConnectionClosed)), opened_page(server, run=True, **stranger):
        pass
