"""The shields: headers on every answer, hosts, sizes, error ids, downloads; health and metrics."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core import clock, web
from core.access import Actor, service
from core.access.accounts import NewAccount
from core.access.files.made_files import made_for
from core.access.service import Duties
from core.database import Database, new_id
from core.settings import settings
from core.web import identity
from core.web.middleware import HEADERS, body_limit


async def _echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _fault(_request: Request) -> Response:
    raise RuntimeError("secret detail: postgresql://shop:hunter2@db/bigsale")


@pytest.fixture
def app() -> TestClient:
    """The shields around two plain routes."""
    routes = [
        Route("/echo", _echo, methods=["POST"]),
        Route("/fault", _fault),
        Route("/media/{name}", lambda _: PlainTextResponse("costs")),
    ]
    shielded = Starlette(
        routes=[*routes, Route("/_stcore/metrics", _echo, methods=["GET"])], middleware=web.protection()
    )
    return TestClient(shielded, base_url="http://localhost", raise_server_exceptions=False)


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/account/sign-in", "/metrics"])
def test_every_answer_carries_the_security_headers(house: TestClient, path: str) -> None:
    answer = house.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_only_our_host_names_are_answered(house: TestClient) -> None:
    assert house.get("/healthz", headers={"Host": "127.0.0.1:8501"}).status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example"):
        assert house.get("/healthz", headers={"Host": host}).status_code == 400


def test_a_body_over_its_limit_is_refused_announced_or_not(app: TestClient) -> None:
    limit = body_limit("/echo")
    assert app.post("/echo", content=b"x" * limit).text == str(limit)
    assert app.post("/echo", content=b"x" * (limit + 1)).status_code == 413
    assert app.post("/echo", content=(b"x" * 100_000 for _ in range(limit // 100_000 + 1))).status_code == 413
    assert app.post("/echo", content=b"x", headers={"Content-Length": "-1"}).status_code == 413
    assert body_limit("/_stcore/upload_file/a/b") > settings().upload_mib * 2**20


def test_a_fault_shows_an_id_and_logs_the_rest_without_secrets(
    app: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = app.get("/fault")
    assert answer.status_code == 500
    assert set(answer.json()) == {"code", "error_id"}
    assert "RuntimeError" not in answer.text


def test_streamlits_unused_doors_are_shut(app: TestClient) -> None:
    for path in ("/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/script-health-check"):
        assert app.get(path).status_code == 404


def test_downloads_need_a_session(
    app: TestClient, house: TestClient, database: Database, admin: Actor
) -> None:
    file_id = new_id()
    assert app.get(f"/media/{file_id}.xlsx").status_code == 401
    assert app.get(f"/media/{file_id}.xlsx", cookies={"bigsale_session": "x" * 43}).status_code == 401
    service.add_account(database, admin, NewAccount("mei", "finance", word="peach-lantern-42"), clock.now())
    house.post("/account/sign-in", json={"name": "mei", "word": "peach-lantern-42"})
    mine = {"bigsale_session": house.cookies["bigsale_session"]}
    assert app.get(f"/media/{file_id}.xlsx", cookies=mine).status_code == 403, "made for nobody in particular"
    made_for(file_id, "somebody", "cost.view")
    assert app.get(f"/media/{file_id}.xlsx", cookies=mine).status_code == 403, "made for somebody else"
    made_for(file_id, "mei", "cost.view")
    assert app.get(f"/media/{file_id}.xlsx", cookies=mine).text == "costs"
    service.change_account(database, admin, "mei", clock.now(), duties=Duties(role="viewer"))
    assert app.get(f"/media/{file_id}.xlsx", cookies=mine).status_code == 403, "no longer hers"
    assert app.get("/media/picture.png", cookies=mine).status_code == 200


def test_a_cookie_of_the_identity_provider_counts_with_the_houses_signature_only(
    app: TestClient,
    house: TestClient,
    database: Database,
    admin: Actor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    service.add_account(database, admin, NewAccount("mei", "finance", email="mei@shop.example"), clock.now())
    file_id = new_id()
    made_for(file_id, "mei", "cost.view")

    def fetched(cookie: str) -> int:
        return app.get(f"/media/{file_id}.xlsx", cookies={"_streamlit_user": cookie}).status_code

    claims = {"email": "mei@shop.example", "email_verified": True, "iat": clock.now().timestamp()}
    signed, unproved, stranger = (
        create_signed_value("s" * 32, "_streamlit_user", json.dumps(claims | other)).decode()
        for other in ({}, {"email_verified": False}, {"email": "li@shop.example"})
    )
    assert fetched("anything") == 401
    assert fetched(signed) == 401, "a house without OIDC signs no such cookie"
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(f'[auth]\ncookie_secret = "{"s" * 32}"\n')
    monkeypatch.setattr(identity, "ROOT", tmp_path)
    identity._cookie_secret.cache_clear()
    assert (fetched(signed), fetched("anything"), fetched(signed[:-2])) == (200, 401, 401)
    assert (fetched(unproved), fetched(stranger)) == (401, 401)
    monkeypatch.undo()
    identity._cookie_secret.cache_clear()


def test_health_says_whether_the_database_answers(
    house: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    assert house.get("/healthz").json() == {"status": "ok"}
    monkeypatch.setattr(settings(), "database_url", "postgresql://127.0.0.1:1/nothing")
    down = house.get("/healthz")
    assert (down.status_code, down.json()) == (503, {"status": "down", "code": "database.unreachable"})


def test_metrics_are_for_this_machine_or_the_token(
    house: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydantic import SecretStr

    text = house.get("/metrics").text
    assert "bigsale_live_sessions 0.0" in text
    assert "bigsale_http_requests_total" in text
    assert (
        'bigsale_http_seconds_count{route="/healthz"}'
        in (house.get("/healthz"), house.get("/metrics"))[1].text
    )
    assert house.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    far = TestClient(web.app, base_url="http://127.0.0.1", client=("203.0.113.9", 1))
    assert far.get("/metrics").status_code == 404
    monkeypatch.setattr(settings(), "metrics_token", SecretStr("scrape-me"))
    assert far.get("/metrics", headers={"Authorization": "Bearer scrape-me"}).status_code == 200
    assert far.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    assert house.get("/metrics").status_code == 404, "with a token set, being near is not enough"
