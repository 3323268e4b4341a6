"""The interface's document is the routes', fits OpenAPI 3.1, and the page for people says the same."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from openapi_spec_validator import validate
from starlette.routing import Route
from starlette.testclient import TestClient

from core import clock, web
from core.access import Actor, api_keys
from core.database import Database
from core.live.intake import sources
from core.notify import relay, rules, webhooks
from core.web.routes import openapi
from tests.live.conftest import opened

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
ROW = re.compile(r"^\| (GET|POST) \| `([^`]+)` \| (-|`\w+`) \|", re.MULTILINE)


def test_every_route_for_programs_is_in_the_document(house: TestClient) -> None:
    told = house.get(openapi.PATH).json()
    validate(told)
    routes = [one for one in web.routes() if isinstance(one, Route)]
    here = {one.path: one for one in routes if one.path.startswith(openapi.PROGRAMS)}
    assert set(told["paths"]) == set(here) == set(openapi.ABOUT)
    assert {one.path for one in routes} - set(here) == {
        *(path for path in (one.path for one in routes) if path.startswith(("/account/", "/picture/")))
    }
    for path, operations in told["paths"].items():
        assert {method.upper() for method in operations} == (here[path].methods or set()) - {"HEAD"}
        for operation in operations.values():
            assert operation["summary"], path
            assert {one["name"] for one in operation["parameters"] if one["in"] == "path"} == set(
                here[path].param_convertors
            )


def test_purposes_are_those_that_keys_have() -> None:
    scopes = {about.scope for about in openapi.ABOUT.values()} - {""}
    assert scopes == set(api_keys.SCOPES)


def test_the_page_for_people_says_the_same() -> None:
    told = {(method, path): scope.strip("`") for method, path, scope in ROW.findall(PAGE)}
    document = openapi.document(web.routes())["paths"]
    assert set(told) == {(method.upper(), path) for path, one in document.items() for method in one}
    assert {path: scope for (_, path), scope in told.items()} == {
        path: about.scope or "-" for path, about in openapi.ABOUT.items()
    }
    for topic in webhooks.TOPICS:
        assert f"| `{topic}` |" in PAGE
    for _, event in relay.EVENTS.values():
        assert f"`{event}`" in PAGE
    assert [5, 300, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24))] == list(rules.AGAIN_S)


def test_the_event_of_the_page_is_taken(
    sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = next(text for text in re.findall(r"```json\n(.+?)\n```", PAGE) if "event_id" in text)
    opened(sqlite, admin)
    sources.add_source(sqlite, admin, sources.USUAL, now)
    token = api_keys.make(sqlite, admin, "erp", ["events"], now).token
    monkeypatch.setattr(web.server.settings(), "database_url", sqlite.url)
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(json.loads(example)["at"]))
    program = TestClient(web.app, base_url="http://127.0.0.1:8501", client=("203.0.113.9", 4711))
    headers = {"Authorization": f"Bearer {token}"}
    answer = program.post("/api/v1/events", content=example, headers=headers)
    assert answer.status_code == 202
    assert answer.json()["rejected"] == []
    assert set(json.loads(example)) <= set(openapi.EVENT["properties"])
