"""Sign-in over HTTP: what the browser gets, and what somebody else's page gets."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from core import clock
from core.access import Actor, service, sessions
from core.access.accounts import NewAccount
from core.database import Database
from core.settings import settings
from tests.aside import answered

WORD = "peach-lantern-42"


@pytest.fixture
def mei(database: Database, admin: Actor) -> None:
    """An account whose password is known."""
    service.add_account(database, admin, NewAccount("mei", "merchandiser", word=WORD), clock.now())


def enter(house: TestClient, word: str = WORD, **more: object):
    return house.post("/account/sign-in", json={"name": "mei", "word": word}, **more)


def test_signing_in_sets_a_cookie_that_no_script_and_no_other_site_can_use(
    house: TestClient, database: Database, mei: None
) -> None:
    answer = enter(house)
    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "must_change": False}
    session_cookie, device_cookie = answer.headers.get_list("set-cookie")
    assert re.fullmatch(
        r"bigsale_session=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", session_cookie
    )
    assert "HttpOnly" in device_cookie
    assert "Path=/account" in device_cookie
    assert answer.headers["cache-control"] == "no-store"
    assert sessions.who(database, house.cookies["bigsale_session"], clock.now()) == Actor(
        "mei", "merchandiser", "page", "127.0.0.1", ""
    )


def test_https_makes_the_cookie_secure(house: TestClient, mei: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "public_url", "https://sale.shop.example")
    answer = enter(house, headers={"Origin": "https://sale.shop.example"})
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert answer.headers["strict-transport-security"]


ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:8501.evil.example"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "file://127.0.0.1:8501"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
]


def test_another_sites_page_can_do_nothing(house: TestClient, database: Database, mei: None) -> None:
    token = enter(house).cookies["bigsale_session"]
    for headers in ELSEWHERE:
        for path in ("sign-in", "sign-out", "sign-out-everywhere", "password"):
            answer = house.post(f"/account/{path}", json={"name": "mei", "word": WORD}, headers=headers)
            assert (answer.status_code, answer.json()) == (403, {"code": "access.cross_origin"}), (
                path,
                headers,
            )
            assert not answer.headers.get_list("set-cookie")
    assert sessions.who(database, token, clock.now()) is not None, "the session still stands"


def test_wrong_and_unknown_are_one_answer_and_too_many_must_wait(house: TestClient, mei: None) -> None:
    answers = [
        enter(house, word="wrong-wrong"),
        house.post("/account/sign-in", json={"name": "nobody", "word": WORD}),
    ]
    assert [(a.status_code, a.json()) for a in answers] == [(401, {"code": "access.wrong_password"})] * 2
    for _ in range(5):
        assert enter(house, word="wrong-wrong").status_code == 401
    slow = enter(house)
    assert slow.status_code == 429
    assert 1 <= int(slow.headers["retry-after"]) <= 3
    assert slow.json()["code"] == "access.slow_down"


def test_signing_out_ends_the_session_on_the_server(house: TestClient, database: Database, mei: None) -> None:
    token = enter(house).cookies["bigsale_session"]
    assert house.post("/account/sign-out").json() == {"ok": True}
    assert "bigsale_session" not in house.cookies
    assert sessions.who(database, token, clock.now()) is None
    first, second = enter(house).cookies["bigsale_session"], enter(house).cookies["bigsale_session"]
    assert sessions.who(database, first, clock.now()) is None, (
        "signing in again ends the browser's former session"
    )
    assert house.post("/account/sign-out-everywhere").json() == {"ok": True, "ended": 1}
    assert sessions.who(database, second, clock.now()) is None


def test_changing_the_password_hands_out_a_fresh_session(
    house: TestClient, database: Database, admin: Actor
) -> None:
    first = service.add_account(database, admin, NewAccount("mei", "viewer"), clock.now())
    assert enter(house, word=first.password).json() == {"ok": True, "must_change": True}
    token = house.cookies["bigsale_session"]
    weak = house.post("/account/password", json={"old": first.password, "new": "1234567890"})
    assert (weak.status_code, weak.json()["code"]) == (400, "access.password_weak")
    assert (
        house.post(
            "/account/password", json={"old": first.password, "new": "a-lantern-of-my-own"}
        ).status_code
        == 200
    )
    assert house.cookies["bigsale_session"] != token
    assert sessions.who(database, token, clock.now()) is None
    assert sessions.who(database, house.cookies["bigsale_session"], clock.now()) is not None
    house.cookies.clear()
    nobody = house.post("/account/password", json={"old": WORD, "new": "a-lantern-of-my-own"})
    assert (nobody.status_code, nobody.json()) == (401, {"code": "access.signed_out"})


ODD = [
    ("text/plain", b'{"name": "mei", "word": "peach-lantern-42"}', 415),
    ("application/json", b"not json", 400),
    ("application/json", b'{"name": 1, "word": 2}', 400),
    ("application/json", b'{"name": "mei"}', 400),
    ("application/json", b'{"name": "mei", "word": "x", "role": "admin"}', 400),
    ("application/json", b'{"name": "' + b"x" * 300 + b'", "word": "x"}', 400),
    ("application/json", b"[" * 5000, 400),
    ("application/json", b" " * 9000, 413),
    ("application/json", b"\xff\xfe", 400),
]


def test_odd_bodies_are_refused_quietly(house: TestClient, mei: None) -> None:
    for kind, body, status in ODD:
        answer = house.post("/account/sign-in", content=body, headers={"Content-Type": kind})
        assert answer.status_code == status, body[:40]
        assert "peach" not in answer.text, "what was typed is not sent back"


def test_a_session_outlives_neither_its_hours_nor_its_idle_time(
    house: TestClient, database: Database, mei: None
) -> None:
    token = enter(house).cookies["bigsale_session"]
    assert (
        sessions.who(database, token, clock.now() + timedelta(minutes=settings().session_idle_minutes - 1))
        is not None
    )
    assert sessions.who(database, token, clock.now() + timedelta(hours=13)) is None


def test_behind_our_proxy_the_visitors_own_address_counts(
    house: TestClient, database: Database, mei: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "behind_proxy", True)
    enter(house, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.5"})
    found = sessions.who(database, house.cookies["bigsale_session"], clock.now())
    assert found is not None
    assert found.address == "203.0.113.5", "what the proxy wrote, not what the visitor claimed"


async def _asked_while_flooded() -> list[int]:
    import asyncio

    import httpx

    from core import web

    transport = httpx.ASGITransport(app=web.app, client=("127.0.0.1", 50000))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8501", headers={"Origin": "http://127.0.0.1:8501"}
    ) as browser:
        flood = [
            asyncio.create_task(browser.post("/account/sign-in", json={"name": f"n{n}", "word": "x"}))
            for n in range(60)
        ]
        await asyncio.sleep(0.05)
        healthy = await browser.get("/healthz")
        waiting = sum(not task.done() for task in flood)
        await asyncio.gather(*flood)
        return [healthy.status_code, waiting]


def test_a_flood_at_the_door_leaves_the_house_answering(
    house: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setattr(sessions.passwords, "matches", lambda word, stored: bool(time.sleep(0.05)))
    status, waiting = answered(_asked_while_flooded())
    assert status == 200
    assert waiting > 20, "asked while the flood was still queueing"
