"""Nobody's X-Forwarded-For and -Proto are believed without BIGSALE_BEHIND_PROXY, however the server was started."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from core.access.tables import session
from core.database import connect
from core.web.requests import FORWARDED, settled
from tests.conftest import create
from tests.security.conftest import WORD, Server, command, people, running

CLAIMS = [
    {"X-Forwarded-For": "203.0.113.77"},
    {"X-Forwarded-For": "203.0.113.77:4711"},
    {"X-Forwarded-For": "8.8.8.8, 203.0.113.77"},
    {"X-Forwarded-For": "[2001:db8::77]:4711"},
    {"X-Real-IP": "203.0.113.77"},
    {"Forwarded": "for=203.0.113.77;proto=https"},
    {"X-Forwarded-Proto": "https"},
]
UVICORN = [sys.executable, "-m", "uvicorn", "--port", "{port}", "--host", "127.0.0.1"]
STARTS = {
    "streamlit": ["streamlit"],
    "uvicorn dashboard": [*UVICORN, "dashboard:app"],
    "uvicorn core.web": [*UVICORN, "core.web:app"],
    "start": [sys.executable, "-m", "core", "start", "--no-demo", "--port", "{port}"],
}


@pytest.fixture(scope="module", params=list(STARTS))
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server started in each way that the documents name."""
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}")
    create(database)
    people(database)
    line = STARTS[request.param]
    with running(database, None if line == ["streamlit"] else line) as server:
        yield server


def test_a_claimed_address_is_nobodys_address(started: Server) -> None:
    browser = started.browser()
    for claim in CLAIMS:
        answer = browser.post("/account/sign-in", json={"name": "viewer", "word": WORD}, headers=claim)
        assert answer.status_code == 200, answer.text
        assert all("Secure" not in cookie for cookie in answer.headers.get_list("set-cookie")), claim
        assert "strict-transport-security" not in answer.headers, claim
        assert browser.get("/metrics", headers=claim).status_code == 404, "who is forwarded is not near"
    with started.database.reading() as connection:
        stored = set(connection.scalars(select(session.c.address).where(session.c.account == "viewer")))
    assert stored <= {"", "127.0.0.1"}
    assert not any("203.0.113" in address or "2001:db8" in address for address in stored)


def test_behind_our_proxy_its_word_counts(tmp_path_factory: pytest.TempPathFactory) -> None:
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}")
    create(database)
    people(database)
    with running(database, BIGSALE_BEHIND_PROXY="true") as server:
        sent = {"X-Forwarded-For": "8.8.8.8, 203.0.113.77", "X-Forwarded-Proto": "https"}
        answer = server.browser().post(
            "/account/sign-in", json={"name": "viewer", "word": WORD}, headers=sent
        )
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
    with database.reading() as connection:
        assert set(connection.scalars(select(session.c.address))) == {"203.0.113.77"}


def scope(client: tuple[str, int] | None, **headers: str) -> dict[str, object]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "scheme": "https", "client": client, "headers": pairs}


def test_a_true_peer_keeps_its_address_whatever_it_claims() -> None:
    sent = settled(scope(("198.51.100.4", 50123), x_forwarded_for="10.0.0.1", accept="*/*"), False)
    assert (sent["client"], sent["headers"]) == (("198.51.100.4", 50123), [(b"accept", b"*/*")])
    assert sent[FORWARDED] is True
    taken_over = settled(scope(("10.0.0.1", 0), x_forwarded_for="10.0.0.1"), False)
    assert taken_over["client"] is None
    assert settled(scope(("10.0.0.1", 7), x_forwarded_proto="https"), False)["scheme"] == "http"
    assert "server.port" in " ".join(command(1)), "the product's own start is among those tried"
