"""Keys for programs: each opens what it is for and nothing else, its use is known, revoked it is worth nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import String, cast, select
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core import clock
from core.access import Actor, api_keys
from core.access.tables import api_key, audit
from core.database import Database
from core.errors import ShopError
from core.live.intake import sources
from core.web import app
from tests.live.conftest import OPENS, event, opened
from tests.pages.visiting import sign_in_as

DOORS = {
    "read": ("GET", "/api/v1/live", 200),
    "events": ("POST", "/api/v1/events", 202),
    "labels": ("GET", "/api/v1/labels", 200),
    "assign": ("POST", "/api/v1/assign", 400),  # past the door: there is no such test
}


@pytest.fixture
def elsewhere(house: TestClient, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A program on another machine, in the middle of a sale."""
    monkeypatch.setattr(clock, "now", lambda: OPENS + timedelta(minutes=5))
    return TestClient(app, base_url="http://127.0.0.1:8501", client=("203.0.113.9", 4711))


def ask(program: TestClient, scope: str, token: str) -> int:
    method, path, _ = DOORS[scope]
    body = event(1, "view", 1) if scope == "events" else {"experiment": "x", "units": ["u"]}
    headers = {"Authorization": f"Bearer {token}"}
    return program.request(method, path, json=body if method == "POST" else None, headers=headers).status_code


def test_a_key_opens_what_it_is_for_and_nothing_else(
    database: Database, elsewhere: TestClient, admin: Actor, now: datetime
) -> None:
    opened(database, admin)
    sources.add_source(database, admin, "shop", now)
    tokens = {scope: api_keys.make(database, admin, scope, [scope], now).token for scope in api_keys.SCOPES}
    for scope, token in tokens.items():
        answers = {door: ask(elsewhere, door, token) for door in DOORS}
        assert answers.pop(scope) == DOORS[scope][2]
        assert set(answers.values()) <= {403, 404}, scope
    used = api_keys.listed(database, admin).set_index("name")
    assert (used["used_at"] == OPENS + timedelta(minutes=5)).all()
    assert used.loc["labels", "used_from"] == "203.0.113.9"
    for scope, token in tokens.items():
        api_keys.revoke(database, admin, scope, now)
        assert ask(elsewhere, scope, token) in {401, 404}
    assert set(api_keys.listed(database, admin)["state"]) == {"revoked"}


def test_events_by_a_key_need_a_known_source(
    sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = api_keys.make(sqlite, admin, "erp", ["events"], now).token
    with pytest.raises(ShopError, match=r"live\.unknown_source"):
        sources.admit(sqlite, None, sources.Request({"authorization": f"Bearer {token}"}, b""), "events", now)
    with pytest.raises(ShopError, match=r"live\.bad_signature"):
        sources.admit(sqlite, None, sources.Request({}, b""), "events", now)


def test_the_token_is_nowhere_but_in_the_answer(database: Database, admin: Actor, now: datetime) -> None:
    made = api_keys.make(database, admin, "erp", ["read", "events"], now)
    with database.reading() as connection:
        kept = [str(row) for table in (api_key, audit) for row in connection.execute(select(table))]
        kept += map(str, connection.scalars(select(cast(api_key.c.scopes, String))))
    assert not any(made.token in row or made.token[4:] in row for row in kept)
    for name, scopes, code in (
        ("erp", ["read"], "access.key_exists"),
        ("ERP!", ["read"], "access.key_name"),
        ("two", [], "access.key_scopes"),
        ("two", ["admin"], "access.key_scopes"),
    ):
        with pytest.raises(ShopError, match=code):
            api_keys.make(database, admin, name, scopes, now)
    with pytest.raises(ShopError, match=r"access\.key_unknown"):
        api_keys.revoke(database, admin, "nobody", now)


def page() -> None:
    from core import clock
    from pages.parts.admin.api_keys import keys
    from pages.parts.entry import visitor
    from pages.parts.entry.context import PageContext

    who = visitor.visitor()
    assert who is not None
    keys(PageContext(visitor.database(), who, clock.now(), None))


def test_the_page_shows_a_new_key_once(
    sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_as(monkeypatch, sqlite, admin)
    app_ = AppTest.from_function(page, default_timeout=60).run()
    app_.text_input[0].set_value("erp")
    app_.button_group[0].set_value(["events"])
    app_.button[0].click().run()
    assert not app_.exception
    assert app_.code[0].value.startswith(api_keys.PREFIX)
    assert not app_.run().code
    assert api_keys.listed(sqlite, admin)["scopes"].tolist() == [["events"]]


def test_keys_by_command(command_line: Callable[..., tuple[int, Any]]) -> None:
    code, made = command_line("key", "add", "erp", "--scope", "events", "--scope", "labels")
    assert code == 0
    assert made["token"].startswith(api_keys.PREFIX)
    assert command_line("key", "revoke", "erp") == (0, {"name": "erp", "revoked": True})
    assert command_line("key", "list")[1][0]["state"] == "revoked"
