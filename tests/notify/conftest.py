"""A receiver on this machine that takes what robots would take, and channels that lead to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from core.settings import settings


@dataclass
class Receiver:
    """What arrived, and how the next ones are answered."""

    port: int
    got: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A local HTTP server in the robots' place."""

    class Robot(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if seen.status == 200:
                seen.got.append(json.loads(body))
            self.send_response(seen.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Robot)
    seen = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield seen
    server.shutdown()
    server.server_close()


@pytest.fixture
def ops(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """One channel "ops" that leads to the receiver."""
    monkeypatch.setattr(
        settings(), "channels", {"ops": SecretStr(f"json://robot:hunter2@127.0.0.1:{receiver.port}/")}
    )
    return receiver
