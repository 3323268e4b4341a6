"""The HTTP door: signatures, limits, bodies, and an answer for every line."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from standardwebhooks.webhooks import Webhook
from starlette.testclient import TestClient

from core import clock
from core.access import Actor, persons
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from core.errors import ShopError
from core.live.intake import batches, http, sources
from core.live.ledger.events import Event, Refusal, read_event
from core.settings import settings
from core.web import server
from core.web.middleware import HEADERS

OPENS = datetime(2026, 11, 11, tzinfo=UTC)


@pytest.fixture
def door(sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client of the intake on an empty shop with one campaign and the source "shop"."""
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    settings.cache_clear()
    campaigns.add_sale(
        sqlite, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS - timedelta(days=20)
    )
    sources.add_source(sqlite, admin, "shop", OPENS)
    monkeypatch.setattr(clock, "now", lambda: OPENS + timedelta(hours=1))
    with TestClient(server.intake_alone(), base_url="http://127.0.0.1") as client:
        yield client
    monkeypatch.undo()
    settings.cache_clear()


def view(n: int, **facts: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{n}",
        "kind": "view",
        "at": "2026-11-11T08:10:00+08:00",
        "sku_code": "00123",
        "user_key": "u",
    } | facts


def ndjson(*lines: object) -> bytes:
    return b"\n".join(orjson.dumps(line) for line in lines)


def headers(
    body: bytes, *, message: str = "m1", generation: int = 1, source: str = "shop", skew: int = 0
) -> dict[str, str]:
    """As a sender's own library signs: the reference implementation, not ours."""
    at = OPENS + timedelta(hours=1, seconds=skew)
    signature = Webhook(sources.secret(source, generation)).sign(message, at, body.decode())
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": message,
        "webhook-timestamp": stamp,
        "webhook-signature": signature,
        "webhook-source": source,
    }


def send(door: TestClient, body: bytes, **how: Any) -> Any:
    return door.post(http.PATH, content=body, headers=headers(body, **how))


def test_a_signed_batch_is_answered_line_by_line(door: TestClient) -> None:
    refund = {
        "event_id": "r",
        "kind": "refund",
        "at": "2026-11-11T08:10:00+08:00",
        "sku_code": "1",
        "order_id": "o",
        "amount_fen": 5,
    }
    answer = send(door, ndjson(view(1), view(1), view(2), refund, view(3, kind="order")))
    assert answer.status_code == 202
    figures = answer.json()
    assert [figures[name] for name in ("received", "accepted", "duplicate", "waiting")] == [5, 2, 1, 1]
    assert [(r["line"], r["event_id"], r["code"], r["field"]) for r in figures["rejected"]] == [
        (5, "e3", "live.missing", "order_id")
    ]


def test_the_intake_alone_stands_behind_the_same_shields(door: TestClient) -> None:
    """A stranger's host name is refused, every answer carries the security headers, and what is not served
    here is not found."""
    answers = [send(door, ndjson(view(1))), door.post(http.PATH, content=b"{}"), door.get("/account/me")]
    answers.append(door.post(http.PATH, content=b"{}", headers={"Host": "rebound.example"}))
    assert [answer.status_code for answer in answers] == [202, 401, 404, 400]
    assert all(answer.headers[name] == value for answer in answers for name, value in HEADERS.items())
    assert door.get("/healthz").status_code == 200


@pytest.mark.parametrize("wrap", [ndjson, lambda *v: orjson.dumps(v), lambda *v: orjson.dumps({"events": v})])
def test_every_shape_of_body(door: TestClient, wrap: Any) -> None:
    assert send(door, wrap(view(1), view(2))).json()["accepted"] == 2


def test_one_object_over_several_lines(door: TestClient) -> None:
    assert send(door, orjson.dumps(view(1), option=orjson.OPT_INDENT_2)).json()["accepted"] == 1


def test_a_line_that_is_no_json_spoils_only_itself(door: TestClient) -> None:
    answer = send(door, ndjson(view(1)) + b"\n{oops\n" + ndjson(view(2))).json()
    assert answer["accepted"] == 2
    assert [(r["line"], r["code"]) for r in answer["rejected"]] == [(2, "live.bad_json")]


def test_a_replayed_request_changes_nothing(door: TestClient) -> None:
    assert send(door, ndjson(view(1))).json()["accepted"] == 1
    again = send(door, ndjson(view(1))).json()
    assert (again["accepted"], again["duplicate"]) == (0, 1)


@pytest.mark.parametrize("skew", [-301, 301, -86_400])
def test_old_and_future_requests_are_refused(door: TestClient, skew: int) -> None:
    answer = send(door, ndjson(view(1)), skew=skew)
    assert (answer.status_code, answer.json()["code"]) == (401, "live.stale_signature")


@pytest.mark.parametrize("skew", [-299, 299])
def test_a_clock_a_little_off_is_fine(door: TestClient, skew: int) -> None:
    assert send(door, ndjson(view(1)), skew=skew).status_code == 202


@pytest.mark.parametrize(
    "spoil",
    [
        lambda h: h | {"webhook-signature": "v1," + base64.b64encode(bytes(32)).decode()},
        lambda h: h | {"webhook-signature": h["webhook-signature"][:-4]},
        lambda h: h | {"webhook-signature": h["webhook-signature"][3:]},
        lambda h: h | {"webhook-signature": ""},
        lambda h: h | {"webhook-id": "another"},
        lambda h: h | {"webhook-timestamp": "later"},
        lambda h: h | {"webhook-timestamp": "٣"},
        lambda h: h | {"webhook-source": "nobody"},
        lambda h: {"webhook-source": "shop"},
    ],
)
def test_a_wrong_signature_and_an_unknown_source_look_the_same(door: TestClient, spoil: Any) -> None:
    body = ndjson(view(1))
    given = {name: value.encode() for name, value in spoil(headers(body)).items()}
    answer = door.post(http.PATH, content=body, headers=given)
    assert (answer.status_code, answer.json()) == (401, {"code": "live.bad_signature"})


def test_a_truncated_body_is_refused(door: TestClient) -> None:
    body = ndjson(view(1), view(2))
    assert door.post(http.PATH, content=body[:-1], headers=headers(body)).status_code == 401


def test_rotation_lets_both_secrets_count_until_the_old_one_is_retired(
    door: TestClient, sqlite: Database, admin: Actor
) -> None:
    fresh = sources.rotate(sqlite, admin, "shop", OPENS)
    assert fresh == sources.secret("shop", 2) != sources.secret("shop", 1)
    assert send(door, ndjson(view(1)), generation=1).status_code == 202
    assert send(door, ndjson(view(2)), generation=2).status_code == 202
    sources.retire(sqlite, admin, "shop", OPENS)
    assert send(door, ndjson(view(3)), generation=1).status_code == 401
    assert send(door, ndjson(view(3)), generation=2).status_code == 202
    sources.stop(sqlite, admin, "shop", OPENS)
    assert send(door, ndjson(view(4)), generation=2).status_code == 401


def test_two_signatures_in_one_header_are_tried_both(door: TestClient) -> None:
    body = ndjson(view(1))
    right = headers(body)
    both = right | {"webhook-signature": "v1,AAAA " + right["webhook-signature"]}
    assert door.post(http.PATH, content=body, headers=both).status_code == 202


def test_limits_of_number_size_and_rate(door: TestClient, sqlite: Database, admin: Actor) -> None:
    assert send(door, ndjson(*(view(n) for n in range(1_001)))).status_code == 413
    assert send(door, b"x" * (http.LARGEST_BODY + 1)).status_code == 413
    sources.add_source(sqlite, admin, "slow", OPENS, terms=sources.Terms(events_per_minute=3))
    assert send(door, ndjson(view(1), view(2), view(3)), source="slow").status_code == 202
    refused = send(door, ndjson(view(4), view(5)), source="slow")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"event_id": ""}, "live.missing", "event_id"),
        ({"event_id": 7}, "live.not_text", "event_id"),
        ({"kind": "buy"}, "live.unknown_kind", "kind"),
        ({"kind": []}, "live.unknown_kind", "kind"),
        ({"at": "2026-11-11T00:10:00"}, "live.time_without_offset", "at"),
        ({"at": 1794326400}, "live.bad_time", "at"),
        ({"at": "yesterday"}, "live.bad_time", "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "live.bad_time", "at"),
        ({"sku_code": 123}, "live.not_text", "sku_code"),
        ({"sku_code": "a\x00b"}, "live.bad_text", "sku_code"),
        ({"sku_code": " a"}, "live.bad_text", "sku_code"),
        ({"sku_code": "a" * 129}, "live.bad_text", "sku_code"),
        ({"quantity": True}, "live.not_whole", "quantity"),
        ({"quantity": 1.5}, "live.not_whole", "quantity"),
        ({"quantity": -1}, "live.out_of_range", "quantity"),
        ({"amount_fen": 10**14}, "live.out_of_range", "amount_fen"),
        ({"kind": "pay", "order_id": "o"}, "live.missing", "amount_fen"),
        ({"kind": "order", "order_id": "o", "amount_fen": 1, "quantity": 0}, "live.no_quantity", "quantity"),
        ({"campaign": "6.18"}, "live.unknown_campaign", "campaign"),
        ({"at": "2020-11-11T08:10:00+08:00"}, "live.no_campaign", "campaign"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(
    door: TestClient, change: dict[str, Any], code: str, field: str
) -> None:
    rejected = send(door, ndjson(view(1, **change))).json()["rejected"]
    assert [(r["code"], r["field"]) for r in rejected] == [(code, field)]


def test_codes_keep_their_zeros_and_times_their_offset() -> None:
    made = read_event("shop", view(1, quantity=None), lambda word, at: "c", persons.door("shop"))
    assert isinstance(made, Event)
    assert (made.sku_code, made.quantity, made.at_ms) == ("00123", 1, 1_794_355_800_000)
    assert isinstance(read_event("shop", 3, lambda word, at: "c", persons.door("shop")), Refusal)


def test_an_event_finds_the_campaign_whose_time_it_is(sqlite: Database, admin: Actor) -> None:
    first = campaigns.add_sale(
        sqlite, admin, NewSale("10.31", OPENS - timedelta(days=11), OPENS - timedelta(days=8)), now=OPENS
    )
    second = campaigns.add_sale(sqlite, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS)
    with sqlite.reading() as connection:
        campaign_of = batches._finder(batches._campaigns(connection), "")
    ms = int(OPENS.timestamp() * 1000)
    assert campaign_of("", ms) == second
    assert campaign_of("", ms - 1) == first
    assert campaign_of("10.31", ms) == campaign_of(first, ms) == first
    assert campaign_of("", ms + 90 * 86_400_000) == ""


def test_a_viewer_may_not_make_sources(sqlite: Database, viewer: Actor) -> None:
    with pytest.raises(ShopError) as refused:
        sources.add_source(sqlite, viewer, "shop", OPENS)
    assert refused.value.code == "access.denied"
