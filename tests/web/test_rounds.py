"""What runs as long as the server does: messages go out, last looks are written down, faults end nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from core import web
from core.access import sessions
from core.database import Database
from core.errors import ShopError
from core.web import house as house_module
from core.web import rounds


def test_every_round_is_tried_again_after_a_fault(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "EVERY_S", 0.01)
    monkeypatch.setattr(rounds, "FLUSH_S", 0.0)
    flushed, faults = threading.Event(), iter([ShopError("database.busy"), RuntimeError("x")])

    def send(*_: object) -> None:
        for fault in faults:
            raise fault

    monkeypatch.setattr(rounds.notify, "send_due", send)
    monkeypatch.setattr(sessions, "flush", lambda db: flushed.set())
    running = rounds.Rounds(sqlite.url)
    running.start()
    assert flushed.wait(10)
    running.stop()
    assert not running._thread.is_alive()


def test_the_rounds_begin_and_end_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Fake:
        def __init__(self, url: str) -> None:
            self.start: Callable[[], None] = lambda: told.append("start")
            self.stop: Callable[[], None] = lambda: told.append("stop")

    monkeypatch.setattr(house_module, "Rounds", Fake)
    with TestClient(web.app):
        assert told == ["start"]
    assert told == ["start", "stop"]
