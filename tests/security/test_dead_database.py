"""While the database (or a worker of it) is away every route says 503 and when to ask again, never 500; a feed asks
again by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from core import web
from core.database import Database
from core.errors import ShopError
from core.live.rehearsal import replay
from core.settings import settings
from core.translations import sentences
from core.web import health
from tests.web.conftest import client
from tests.web.test_routes import STRANGER

NEEDS_NONE = {"/api/v1/time", "/api/v1/openapi.json", "/metrics"}


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A server whose database does not answer."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/away")
    monkeypatch.setenv("BIGSALE_LABELS_TOKEN", "token")
    settings.cache_clear()
    yield client()
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize("path", [*(path for path in STRANGER if path not in NEEDS_NONE), "/media/x.xlsx"])
def test_every_route_says_503_and_when_to_ask_again(away: TestClient, path: str) -> None:
    method = STRANGER.get(path, ("GET",))[0]
    bodies = {"/account/sign-in": {"name": "mei", "word": "x"}, "/account/password": {"old": "x", "new": "y"}}
    away.cookies.set("bigsale_session", "x" * 43)
    answer = away.request(
        method,
        path,
        json=bodies.get(path, {}) if method == "POST" else None,
        headers={"Authorization": "Bearer bsk_key" if path == "/api/v1/live" else "Bearer token"},
    )
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["code"] == "database.unreachable"


def test_ready_means_that_every_worker_answers(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    health._ask_all(postgres)

    class Cluster:
        """A connection to a cluster of which one worker is down."""

        def __enter__(self) -> Cluster:
            return self

        def __exit__(self, *_: object) -> None: ...

        def scalar(self, query: object) -> object:
            return 1 if "pg_extension" in str(query) else False

    monkeypatch.setattr(health, "_ask", lambda _db: None)
    monkeypatch.setattr(Database, "reading", lambda _self: Cluster())
    with pytest.raises(ShopError, match=r"database\.unreachable"):
        health._ask_all(postgres)
    assert any(getattr(route, "path", "") == "/readyz" for route in web.routes())


class Flaky(BaseHTTPRequestHandler):
    """Answers 500, 502 and 503 before it takes a batch."""

    statuses = [500, 502, 503, 202]  # noqa: RUF012 - one server's script

    def do_POST(self) -> None:
        """The next answer."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.statuses.pop(0))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(b'{"received": 1}')

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def test_a_feed_asks_again_after_every_5xx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    server = HTTPServer(("127.0.0.1", 0), Flaky)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        answer = replay._send(f"http://127.0.0.1:{server.server_port}/", [{"event_id": "1"}])
    finally:
        server.shutdown()
    assert answer == {"received": 1}
    assert Flaky.statuses == []


@pytest.mark.parametrize(("language", "unwritten"), [("zh", "没有写入"), ("en", "written")])
def test_who_only_read_is_not_told_that_nothing_was_written(language: str, unwritten: str) -> None:
    texts = sentences(language)
    for code in ("database.busy", "database.unreachable"):
        assert "{outcome:@database_outcome}" in texts[f"errors.{code}"]
        assert unwritten not in texts[f"errors.{code}"].replace("{outcome:@database_outcome}", "")
    assert texts["database_outcome.read"] not in {"", texts["database_outcome.written"]}
