"""Clients that take for ever keep nobody else out: on every route the server closes what does not speak, does not send
or does not listen."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from core import web
from core.database import connect
from tests.conftest import create
from tests.security.conftest import Server, people, running

CLIENTS = 60
STREAMLITS = ("/", "/stock", "/_stcore/stream", "/_stcore/health", "/_stcore/upload_file/s/1", "/media/x.png")


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits two seconds for a request and three for a body."""
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('slow') / 'shop.db'}")
    create(database)
    people(database)
    patience = {"BIGSALE_REQUEST_HEAD_SECONDS": "2", "BIGSALE_REQUEST_BODY_SECONDS": "3"}
    with running(database, **patience) as server:
        yield server


def routes() -> list[str]:
    """Every route of ours and of Streamlit's."""
    return [*(str(getattr(route, "path", "")) for route in web.routes()), *STREAMLITS]


def opened(server: Server, words: bytes) -> socket.socket:
    """A connection that has said so much."""
    client = socket.create_connection(("127.0.0.1", int(server.host.rpartition(":")[2])), timeout=10)
    client.sendall(words)
    return client


def half_said(path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ".encode()


def half_sent(path: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    return head.encode()


def drip(clients: list[socket.socket], seconds: float) -> int:
    """A byte of each client a second; how many the server still has open at the end."""
    selector, alive = selectors.DefaultSelector(), set(clients)
    for client in clients:
        client.settimeout(1)
        selector.register(client, selectors.EVENT_READ)
    until = time.monotonic() + seconds
    while alive and time.monotonic() < until:
        for key, _ in selector.select(0.5):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            try:
                closed = not client.recv(65536)
            except OSError:
                closed = True
            if closed:
                selector.unregister(client)
                alive.discard(client)
        for client in list(alive):
            try:
                client.sendall(b"x")
            except OSError:
                selector.unregister(client)
                alive.discard(client)
    for client in clients:
        client.close()
    return len(alive)


@pytest.mark.parametrize("words", [half_said, half_sent, lambda _path: b""])
def test_sixty_slow_clients_on_every_route_are_closed_and_keep_nobody_out(
    impatient: Server, words: object
) -> None:
    paths = routes()
    clients = [opened(impatient, words(paths[n % len(paths)])) for n in range(CLIENTS)]  # type: ignore[operator]
    begun = time.monotonic()
    assert httpx.get(f"{impatient.url}/healthz", timeout=10).status_code == 200
    assert time.monotonic() - begun < 5, "while all of them hang on"
    assert drip(clients, 30) == 0
    assert httpx.get(f"{impatient.url}/healthz", timeout=10).status_code == 200


def test_who_asks_and_does_not_listen_is_closed(impatient: Server) -> None:
    page = httpx.get(f"{impatient.url}/").text
    script = next(part for part in page.split('"') if part.endswith(".js")).lstrip("./")
    ask = f"GET /{script} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", int(impatient.host.rpartition(":")[2])))
    client.sendall(ask * 200)
    time.sleep(12)
    client.settimeout(5)
    taken, piece = 0, b"-"
    with suppress(ConnectionResetError):
        while piece:
            piece = client.recv(1 << 20)
            taken += len(piece)
    assert taken < 200 * 100_000


def test_a_slow_body_is_told_why(impatient: Server) -> None:
    client = opened(impatient, half_sent("/api/v1/events"))
    client.settimeout(15)
    answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"web.too_slow" in answer
    client.close()
