"""A shop from its first hour on: a server whose clock the test moves, people who sign in, and the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from core import __main__ as line
from core import clock
from core.access import Actor, sessions
from core.commands.terminal import run
from core.database import Database
from core.settings import settings
from tests.browser.conftest import browser, context, settled
from tests.security.conftest import Server, running

__all__ = ["House", "browser", "context"]


@dataclass(slots=True)
class House:
    """One shop: `at` moves its time, `core` is the command line, `page` a signed-in person's browser."""

    server: Server
    folder: Path
    database: Database
    contexts: Callable[..., Any]
    print_out: pytest.CaptureFixture[str]

    def at(self, moment: datetime) -> datetime:
        """From now on it is that moment, for the server and for this process."""
        (self.folder / "clock").write_text(str((moment - datetime.now(UTC)).total_seconds()))
        return moment

    def core(self, account: str, *words: str, code: int = 0) -> Any:
        """One command line of that account, and what it answered."""
        self.print_out.readouterr()
        ended = run.main(line.app, [*words, "--json", *(["--as", account] if account else [])])
        said = self.print_out.readouterr().out
        assert ended == code, f"{words}: {said[:3000]}"
        return json.loads(said) if said else None

    def file(self, name: str, content: bytes) -> str:
        """A file on the user's machine."""
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def page(self, account: str, role: str, path: str) -> Page:
        """The screens, opened by that account."""
        with self.database.writing() as connection:
            person = Actor(account, role, "page", "127.0.0.1")
            token = sessions.open_session(connection, person, "test", clock.now()).token
        fresh = self.contexts("zh", height=1_400)
        fresh.add_cookies(
            [{"name": sessions.COOKIE, "value": token, "url": self.server.url, "httpOnly": True}]
        )
        page: Page = fresh.new_page()
        page.goto(self.server.url + path)
        settled(page)
        return page


@pytest.fixture
def house(
    database: Database,
    tmp_path: Path,
    context: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[House]:
    """The shop on an empty database, its server running."""
    (tmp_path / "clock").write_text("0")
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("BIGSALE_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    moved = tmp_path / "clock"
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(seconds=float(moved.read_text())))
    command = [sys.executable, "-m", "tests.journey.later", "{port}", str(moved)]
    with running(database, command, BIGSALE_DATA_DIR=str(tmp_path)) as server:
        yield House(server, tmp_path, database, context, capsys)
    monkeypatch.undo()
    settings.cache_clear()
