"""Text that no database can hold is refused or cleaned at every entry, on both databases alike, and good rows
beside it are kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from core import clock
from core.access import Actor, accounts, service
from core.access.accounts import NewAccount
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from core.errors import ShopError
from core.live.intake import http, sources
from core.live.tables import event
from core.plain_text import printable, printable_facts, storable
from core.settings import settings
from core.web import server as http_side
from tests.live.intake.test_intake import OPENS, ndjson, view
from tests.security.conftest import WORD, Server, opened_page

HOSTILE = Path(__file__).parent / "hostile"
LINES: list[dict[str, Any]] = json.loads((HOSTILE / "events.json").read_text("utf-8"))
BODIES: list[dict[str, Any]] = json.loads((HOSTILE / "bodies.json").read_text("utf-8"))
NUL, HALF = "a\0b", "a\ud800"


def line_of(hostile: dict[str, Any]) -> bytes:
    """The bytes of one hostile line."""
    if "line" in hostile:
        return str(hostile["line"]).encode()
    depth, left, right, field = hostile["nest"]
    nest = left * depth + "1" + right * depth
    if not field:
        return nest.encode()
    return json.dumps(view(9) | {field: "HERE"}).replace('"HERE"', nest).encode()


@pytest.fixture
def entry(database: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The intake on this test's database, with a campaign and a source."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    settings.cache_clear()
    campaigns.add_sale(
        database, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS - timedelta(days=20)
    )
    sources.add_source(database, admin, "shop", OPENS)
    monkeypatch.setattr(clock, "now", lambda: OPENS + timedelta(hours=1))
    with TestClient(http_side.intake_alone(), base_url="http://127.0.0.1") as client:
        yield client
    monkeypatch.undo()
    settings.cache_clear()


def post(client: Any, body: bytes, now: datetime = OPENS + timedelta(hours=1), **more: str) -> Any:
    """The body, signed as the source does."""
    stamp = int(now.timestamp())
    signed = {
        "webhook-id": "m1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": sources.sign("shop", 1, "m1", stamp, body),
        "webhook-source": "shop",
    }
    return client.post(http.PATH, content=body, headers=signed | more)


def test_each_hostile_line_is_refused_by_itself_and_its_neighbours_are_kept(
    entry: TestClient, database: Database
) -> None:
    """A NUL in one id made the whole batch a 500 on PostgreSQL, and so did 1,000 lists in each other."""
    for n, hostile in enumerate(LINES):
        good = [view(2 * n), view(2 * n + 1)]
        answer = post(entry, b"\n".join([ndjson(good[0]), line_of(hostile), ndjson(good[1])]))
        assert answer.status_code == 202, (hostile["what"], answer.text)
        said = answer.json()
        assert said["accepted"] == 2, hostile["what"]
        assert [one["line"] for one in said["rejected"]] == [2], hostile["what"]
        refused = said["rejected"][0]
        assert refused["code"].startswith(hostile["code"]), (hostile["what"], refused)
        assert all(text.isprintable() and len(text) <= 128 for text in refused.values() if text != 2)
    with database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(event)) == 2 * len(LINES)


@pytest.mark.parametrize("hostile", BODIES, ids=[body["what"] for body in BODIES])
def test_a_body_without_a_readable_line_is_no_202(entry: TestClient, hostile: dict[str, Any]) -> None:
    answer = post(entry, base64.b64decode(hostile["base64"]))
    assert (answer.status_code, answer.json()["code"]) == (hostile["status"], "live.unreadable")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "x\x7f"])
def test_a_compressed_body_is_415(entry: TestClient, encoding: str) -> None:
    answer = post(entry, ndjson(view(1)), **{"content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (415, "live.compressed")


def test_the_real_server_takes_the_good_events_beside_hostile_ones(server: Server, admin: Actor) -> None:
    now = datetime.now(UTC)
    with server.database.reading() as connection:
        known = sources.find(connection, "shop")
    if known is None:
        campaigns.add_sale(
            server.database, admin, NewSale("sale", now - timedelta(days=1), now + timedelta(days=1)), now=now
        )
        sources.add_source(server.database, admin, "shop", now)
    at = now.isoformat()
    body = b"\n".join([ndjson(view(1, at=at)), *map(line_of, LINES), ndjson(view(2, at=at))])
    with server.browser() as browser:
        answer = post(browser, body, now)
    assert answer.status_code == 202, answer.text
    assert answer.json()["accepted"] == 2
    assert len(answer.json()["rejected"]) == len(LINES)


@pytest.mark.parametrize("bad", [NUL, "\0", "%00"])
def test_a_sign_in_name_with_such_text_is_refused(server: Server, bad: str) -> None:
    with server.browser() as browser:
        answer = browser.post("/account/sign-in", json={"name": bad, "word": WORD})
    assert answer.status_code in {400, 401}, answer.text


PATHS = ("/api/v1/labels?campaign=%00", "/healthz?x=%00", "/%00", "/media/%00.png", "/stock?campaign=a%00b")


@pytest.mark.parametrize("path", PATHS)
def test_an_address_with_such_text_is_400_on_every_route(server: Server, path: str) -> None:
    with server.browser("admin") as browser:
        answer = browser.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "text.unstorable")


def test_a_page_opens_without_the_unstorable_part_of_its_address(server: Server) -> None:
    before = server.log().count('"unexpected"')
    with opened_page(server, server.token("admin"), run=False) as page:
        page.rerun("campaign=%00&lang=%00&stock_view=a%00b&at=%00")
    assert server.log().count('"unexpected"') == before


ENTRIES: dict[str, Callable[[Database, Actor, datetime, str], object]] = {
    "account's department": lambda db, who, now, bad: service.add_account(
        db, who, NewAccount("mei", "viewer", department=bad, word=WORD), now
    ),
    "account's name": lambda db, who, now, bad: service.add_account(
        db, who, NewAccount(bad, "viewer", word=WORD), now
    ),
    "name looked for": lambda db, who, now, bad: service.end_sessions(db, who, bad, now),
    "search of the trail": lambda db, who, _now, bad: service.trail(db, who, service.Wanted(account=bad)),
    "campaign's name": lambda db, who, now, bad: campaigns.add_sale(
        db, who, NewSale(bad, now, now + timedelta(days=1)), now=now
    ),
    "campaign asked for": lambda db, who, _now, bad: campaigns.load(db, who, bad),
}


@pytest.mark.parametrize("bad", [NUL, HALF])
@pytest.mark.parametrize("what", list(ENTRIES))
def test_a_form_with_such_text_is_refused_alike_on_both_databases(
    database: Database, admin: Actor, now: datetime, what: str, bad: str
) -> None:
    with pytest.raises(ShopError, match=r"text\.unstorable|access\.bad_name"):
        ENTRIES[what](database, admin, now, bad)
    with database.reading() as connection:
        assert accounts.count(connection) == 0


@pytest.mark.parametrize("bad", [NUL, HALF])
def test_a_command_with_such_text_is_refused_in_words(command_line: Callable[..., Any], bad: str) -> None:
    code, said = command_line("user", "add", bad, "--role", "viewer")
    assert (code, said["error"] in {"text.unstorable", "access.bad_name"}) == (1, True), said
    code, said = command_line("user", "add", "mei", "--role", "viewer", "--department", bad)
    assert (code, said["error"]) == (1, "text.unstorable"), said
    assert all(text.isprintable() for text in (said["message"], str(said["facts"]["value"])))


@pytest.mark.parametrize(
    "sample", [NUL, HALF, "\x1b[2J", "x" * 10_000, "\u202e", 10**400, [[[[[[1]]]]]], {1: {}}]
)
def test_a_sample_is_one_short_printable_line(sample: object) -> None:
    shown = printable(sample)
    assert shown.isprintable()
    assert storable(shown)
    assert len(shown) <= 60
    facts = printable_facts({"value": sample})
    assert isinstance(facts["value"], int) or len(str(facts["value"])) <= 400
