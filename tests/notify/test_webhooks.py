"""Events to other programs: signed, each once, sent again when they were not taken, given up visibly; and addresses
that nobody sees again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook
from streamlit.testing.v1 import AppTest

from core.access import Actor, approvals, audit, keys
from core.access.approvals import Decision, Request
from core.access.tables import audit as trail
from core.database import Database
from core.errors import ShopError
from core.live.alerts import monitor
from core.notify import post, relay, rules, send_due, service, webhooks
from core.notify.channels import known
from core.notify.tables import channel, message
from core.warmup.storefront import changes
from tests.live.conftest import OPENS, opened
from tests.pages.visiting import sign_in_as
from tests.warmup.conftest import build

TOPICS = list(service.TOPICS)


@dataclass
class Program:
    """A receiver: what it was sent, and how it answers."""

    port: int = 0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 204

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?token=hunter2"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def program() -> Iterator[Program]:
    """Another program on this machine."""
    mine = Program()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            mine.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(mine.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    mine.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield mine
    server.shutdown()
    server.server_close()


def tell(database: Database, now: datetime, n: int = 1) -> None:
    with database.writing() as connection:
        for number in range(n):
            webhooks.announce(connection, now, "alerts", "alert.fired", {"n": number})


def test_an_event_arrives_signed_and_once(database: Database, admin: Actor, program: Program) -> None:
    now = datetime.now(UTC)  # the receiver's library looks at the clock
    secret = service.add_webhook(database, admin, "erp", service.Receiver(program.url, ["alerts"]), now)
    tell(database, now, 2)
    assert send_due(database, now).messages == 2
    assert send_due(database, now).messages == 0
    for headers, body in program.got:
        assert Webhook(secret).verify(body, headers)["type"] == "alert.fired"
    assert len({headers["webhook-id"] for headers, _ in program.got}) == 2
    with pytest.raises(Exception, match="signature"):
        Webhook(webhooks.new_secret()).verify(program.got[0][1], program.got[0][0])


def test_what_is_not_taken_comes_again_and_is_given_up_visibly(
    sqlite: Database, admin: Actor, program: Program, now: datetime
) -> None:
    service.add_webhook(sqlite, admin, "erp", service.Receiver(program.url, ["alerts"]), now)
    tell(sqlite, now)
    program.status, moment = 500, now
    for wait in (0, *rules.AGAIN_S):
        assert send_due(sqlite, moment + timedelta(seconds=wait - 1)).failed == 0 or wait == 0
        moment += timedelta(seconds=wait)
        send_due(sqlite, moment)
    assert len(program.got) == 1 + len(rules.AGAIN_S)
    assert len({headers["webhook-id"] for headers, _ in program.got}) == 1, "the same event each time"
    dead = service.queue(sqlite, admin).iloc[0]
    assert (dead["state"], dead["fault"], dead["tries"]) == ("failed", "http_500", 10)
    program.status = 200
    assert service.try_again(sqlite, admin, moment) == 1
    assert send_due(sqlite, moment).messages == 1


def test_a_receiver_that_is_away_or_gone(
    sqlite: Database, admin: Actor, program: Program, now: datetime
) -> None:
    service.add_webhook(sqlite, admin, "away", service.Receiver("http://127.0.0.1:9/", ["alerts"]), now)
    tell(sqlite, now, 3)
    send_due(sqlite, now)
    with sqlite.reading() as connection:
        rows = connection.execute(select(message.c.state, message.c.tries, message.c.fault)).all()
    assert sorted(row.tries for row in rows) == [0, 0, 1], "the rest is not tried in the same round"
    assert {row.state for row in rows} == {"queued"}
    assert service.remove(sqlite, admin, "away", now) == 3
    service.add_webhook(sqlite, admin, "erp", service.Receiver(program.url, ["alerts"]), now)
    program.status = 410
    tell(sqlite, now)
    send_due(sqlite, now)
    assert service.queue(sqlite, admin).iloc[0]["state"] == "failed"


@pytest.mark.parametrize(
    "url",
    ["http://shop.example/", "ftp://127.0.0.1/", "https://a:b@shop.example/", "https://", "x", "http://[::"],
)
def test_only_a_fit_address_is_taken(sqlite: Database, admin: Actor, now: datetime, url: str) -> None:
    with pytest.raises(ShopError, match=r"notify\.bad_webhook"):
        service.add_webhook(sqlite, admin, "erp", service.Receiver(url, ["alerts"]), now)
    webhooks.require_address("https://shop.example/hooks")
    assert webhooks._forbidden("169.254.169.254")


def test_an_address_is_sealed_and_never_shown(
    database: Database, admin: Actor, program: Program, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = service.add_webhook(database, admin, "erp", service.Receiver(program.url, TOPICS), now)
    service.add_channel(database, admin, "ops", "json://robot:hunter2@127.0.0.1:9/", now)
    with database.reading() as connection:
        kept = [str(row) for table in (channel, trail, message) for row in connection.execute(select(table))]
        assert {one.name: one.kind for one in known(connection)} == {"erp": "webhook", "ops": "messages"}
        assert not audit.faults(connection)
    shown = service.channels(database, admin).to_csv()
    for word in ("hunter2", "127.0.0.1", secret):
        assert not any(word in row for row in [*kept, shown])
    for call, code in (
        (lambda: service.add_channel(database, admin, "ops", "json://x", now), "notify.name_taken"),
        (lambda: service.add_channel(database, admin, "x y", "json://x", now), "notify.bad_name"),
        (lambda: service.add_channel(database, admin, "new", "nonsense", now), "notify.bad_address"),
        (
            lambda: service.add_webhook(database, admin, "new", service.Receiver(program.url, []), now),
            "notify.bad_topics",
        ),
    ):
        with pytest.raises(ShopError, match=code):
            call()
    monkeypatch.setattr(keys, "derived", lambda purpose: b"k" * 32)
    with database.reading() as connection:
        assert {one.enabled for one in known(connection)} == {False}, "another key opens none of them"


def test_messages_and_events_keep_apart(
    sqlite: Database, admin: Actor, program: Program, now: datetime
) -> None:
    service.add_webhook(sqlite, admin, "erp", service.Receiver(program.url, ["alerts"]), now)
    service.add_channel(sqlite, admin, "ops", "json://127.0.0.1:9/", now)
    with sqlite.writing() as connection:
        assert post(connection, now, lambda _language: ("t", "b"), "urgent") == 1
        assert webhooks.announce(connection, now, "labels", "labels.changed", {}) == 0
        assert webhooks.announce(connection, now, "alerts", "alert.fired", {}) == 1


def test_approvals_and_price_releases_are_told_once_and_without_figures(
    database: Database, admin: Actor, finance: Actor, program: Program, now: datetime
) -> None:
    def act(subject: str) -> None:
        with database.writing() as connection:
            asker = Actor("mei", "merchandiser")
            inputs = {"unit_cost": 4242, "note_of_cost": "told to nobody"}
            approvals.request(connection, asker, now, Request("price_floor", subject, inputs, "新店冲量"))
            audit.record(connection, asker, now, "price.publish", "c1/live", None, {"published": 3})

    act("before anybody listened")
    service.add_webhook(database, admin, "erp", service.Receiver(program.url, ["approvals", "prices"]), now)
    assert relay.relay_due(database, now) == 0
    act("c1/live/S01")
    asked = approvals.listed(database, admin)["id"].iloc[0]
    approvals.decide(database, finance, asked, Decision("approved", ""), now)
    assert [relay.relay_due(database, now) for _ in range(2)] == [3, 0]
    send_due(database, now)
    assert [one["type"] for one in program.events] == [
        "approval.requested",
        "price.released",
        "approval.approved",
    ]
    assert program.events[0]["data"]["subject"] == "c1/live/S01"
    assert program.events[1]["data"] | {"number": 0} == {
        "number": 0,
        "at": now.isoformat(),
        "account": "mei",
        "campaign_id": "c1",
        "phase": "live",
        "published": 3,
    }
    assert "told to nobody" not in str(program.got)


def test_alerts_are_told_as_they_ring_and_end(sqlite: Database, admin: Actor, program: Program) -> None:
    shop = opened(sqlite, admin)
    service.add_webhook(sqlite, admin, "erp", service.Receiver(program.url, ["alerts"]), OPENS)
    for minute in range(15, 45, 5):  # nothing comes in: the feed is silent
        at = OPENS + timedelta(minutes=minute)
        monitor.tick(sqlite, shop.campaign_id, at, at)
    with sqlite.reading() as connection:
        events = [json.loads(body) for body in connection.scalars(select(message.c.body))]
    silent = [one for one in events if one["data"]["kind"] == "silence"]
    assert [one["type"] for one in silent] == ["alert.fired"]
    assert silent[0]["data"]["alerts"][0]["alert_id"]


def test_changed_labels_are_told_by_code(
    database: Database, lead: Actor, admin: Actor, now: datetime
) -> None:
    build(database, lead, now)
    assert changes.announce_changes(database, lead, now) == 0, "nobody listens"
    service.add_webhook(database, admin, "erp", service.Receiver("http://127.0.0.1:9/", ["labels"]), now)
    assert changes.announce_changes(database, lead, now) == 0, "the first look remembers"
    assert changes.announce_changes(database, lead, now) == 0
    with database.writing() as connection:
        connection.execute(changes.label_state.update().values(tag="old", digests={"gone": "x"}))
    assert changes.announce_changes(database, lead, now) >= 1
    with database.reading() as connection:
        told = json.loads(connection.scalar(select(message.c.body)) or "")
    assert told["type"] == "labels.changed"
    assert "gone" in told["data"]["changed"]


def page() -> None:
    from core import clock
    from pages.parts.admin.channels import channels
    from pages.parts.entry import visitor
    from pages.parts.entry.context import PageContext

    who = visitor.visitor()
    assert who is not None
    channels(PageContext(visitor.database(), who, clock.now(), None))


def test_channels_are_added_on_the_page(
    sqlite: Database, admin: Actor, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_as(monkeypatch, sqlite, admin)
    app = AppTest.from_function(page, default_timeout=60).run()
    app.text_input[0].set_value("ops")
    app.text_input[1].set_value("json://robot:hunter2@127.0.0.1:9/")
    app.button[0].click().run()
    app.text_input[2].set_value("erp")
    app.text_input[3].set_value(program.url)
    app.button_group[0].set_value(["alerts"])
    app.button[1].click().run()
    assert not app.exception
    assert app.code[0].value.startswith("whsec_")
    assert not app.run().code, "once"
    frame = app.dataframe[0].value
    assert frame["name"].tolist() == ["erp", "ops"]
    assert "hunter2" not in str(frame.to_dict())


def test_webhooks_by_command(command_line: Callable[..., tuple[int, Any]]) -> None:
    code, made = command_line("webhook", "add", "erp", "https://shop.example/", "--topic", "prices")
    assert code == 0
    assert made["secret"].startswith("whsec_")
    assert [one["name"] for one in command_line("webhook", "list")[1]] == ["erp"]
    assert command_line("webhook", "remove", "erp") == (0, {"name": "erp", "dropped": 0})
