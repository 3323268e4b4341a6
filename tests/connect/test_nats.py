"""The shop's own stream: what its cluster has acknowledged is stored, once, whoever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.connect import turning
from core.connect.journal import NATS
from core.connect.stream import intake, service
from core.database import Database
from core.errors import ShopError
from core.live.intake import sources
from core.live.ledger import recount
from core.live.ledger.series import SKU_KIND
from core.live.tables import event, intake_tally
from core.notify.tables import message
from core.settings import settings
from tests.aside import answered
from tests.connect.cluster import PATIENCE_S, STREAM, Cluster, leader, make_stream, send
from tests.connect.shops import OPENS
from tests.pages import visiting

NOON = OPENS + timedelta(hours=12)
ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes with a stream that keeps everything three times."""
    three = Cluster(tmp_path_factory.mktemp("nats"))
    try:
        answered(make_stream(three.url))
        yield three
    finally:
        three.stop()


@pytest.fixture
def stream(
    sqlite: Database, admin: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """A stream of one node, empty, that this shop reads; a sale runs."""
    one = Cluster(tmp_path, 1)
    monkeypatch.setattr(settings(), "nats_url", SecretStr(one.url))
    monkeypatch.setattr(settings(), "channels", {"ops": SecretStr("dingtalk://token")})
    monkeypatch.setattr(intake, "TURN_S", 1.0)
    campaigns.add_sale(sqlite, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS)
    try:
        answered(make_stream(one.url, replicas=1))
        yield one
    finally:
        one.stop()


def orders(first: int, count: int) -> list[bytes]:
    """An order line and its payment each, as messages of one event."""
    out = []
    for n in range(first, first + count):
        line = {"sku_code": f"S{n % 7}", "order_id": f"o{n}", "user_key": f"u{n}", "amount_fen": 100 + n}
        at = (OPENS + timedelta(seconds=n)).isoformat()
        out += [
            json.dumps({"event_id": f"{kind}{n}", "kind": kind, "at": at, "quantity": 1, **line}).encode()
            for kind in ("order", "pay")
        ]
    return out


def stored(db: Database) -> tuple[int, int]:
    """(events, fen paid)."""
    with db.reading() as connection:
        assert not any(recount.faults(connection).values())
        events = connection.scalar(select(func.count()).select_from(event).where(event.c.waits_for == ""))
        paid = connection.scalar(select(func.sum(SKU_KIND.c.amount_fen)).where(SKU_KIND.c.kind == "pay"))
    return int(events or 0), int(paid or 0)


def paid_of(count: int) -> int:
    """What `orders(0, count)` say was paid."""
    return sum(100 + n for n in range(count))


def told(db: Database) -> list[str]:
    """Titles of the messages that went out."""
    with db.reading() as connection:
        return list(connection.scalars(select(message.c.title)))


def test_what_cannot_be_an_event_is_refused_once_and_its_neighbours_count(
    stream: Cluster, sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (order, pay), (deadly, _) = orders(0, 1), orders(5, 1)
    whole = intake.take

    def broken(
        db: Database, actor: Actor, source: str, values: list[object], *rest: object, **named: str
    ) -> object:
        if json.loads(deadly) in values:
            raise RuntimeError("nobody foresaw this")
        return whole(db, actor, source, values, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "take", broken)
    hostile = [b"", b"{", b"\xff\xfe", b"[" * 2_000, b'{"event_id": "a\\u0000b", "kind": "pay"}', deadly]
    many = b"[" + b",".join(orders(10, 600)) + b"]"  # more than one batch in one message
    answered(send(stream.url, [order, *hostile, pay, many, pay]))
    assert service.gather(sqlite, NOON) == 1_202
    assert stored(sqlite) == (1_202, 100 + paid_of(610) - paid_of(10))
    (card,) = service.cards(sqlite, admin, NOON)
    assert (card.state, card.rows, card.refused, card.pending) == ("good", 1_202, 6, 0)
    assert service.gather(sqlite, NOON) == 0, "nothing comes again"
    assert service.test(admin) == service.Reached(10, 0)
    assert [title for title in told(sqlite) if "nats" in title], "somebody is told of the refusals"


def test_more_than_the_source_may_send_waits_at_the_other_side(
    stream: Cluster, sqlite: Database, admin: Actor
) -> None:
    sources.add_source(sqlite, admin, "nats", NOON, terms=sources.Terms(events_per_minute=1_500))
    answered(send(stream.url, orders(0, 1_000)))
    first = service.gather(sqlite, NOON)
    assert 0 < first <= 1_500
    (card,) = service.cards(sqlite, admin, NOON)
    assert card.pending == 2_000 - first
    sources.stop(sqlite, admin, "nats", NOON)
    with pytest.raises(ShopError, match=r"connect\.stream_stopped"):
        service.gather(sqlite, NOON)


def test_paused_nothing_is_taken_and_a_dead_server_is_told_once(
    stream: Cluster, sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    turning.change(sqlite, admin, NATS, NOON, paused=True, silent_after=5)
    answered(send(stream.url, orders(0, 2)))
    assert service.gather(sqlite, NOON) == 0
    assert service.cards(sqlite, admin, NOON)[0].state == "paused"
    turning.change(sqlite, admin, NATS, NOON, paused=False)
    assert service.gather(sqlite, NOON) == 4
    with pytest.raises(ShopError, match=r"connect\.bad_silence"):
        turning.change(sqlite, admin, NATS, NOON, silent_after=-1)
    monkeypatch.setattr(settings(), "nats_stream", "OTHER")
    with pytest.raises(ShopError, match=r"connect\.no_stream"):
        service.test(admin)
    stream.kill("n0")
    for seconds in (1, 30, 90, 120, 150):
        with pytest.raises(ShopError, match=r"connect\.stream_unreachable"):
            service.gather(sqlite, NOON + timedelta(seconds=seconds))
        assert service.cards(sqlite, admin, NOON)[0].state == "red"
    assert len(told(sqlite)) == 1, "once, and not before it has lasted"


def test_the_page_says_how_the_stream_is_doing(
    stream: Cluster, sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown() -> None:
        from core.access import Actor
        from pages.parts.admin.sources import sources
        from pages.parts.entry import visitor
        from pages.parts.entry.context import PageContext
        from tests.connect.test_nats import NOON

        sources(PageContext(visitor.database(), Actor("root", "admin"), NOON))

    secret = SecretStr(stream.url.replace("nats://", "nats://me:hush@"))
    monkeypatch.setattr(settings(), "nats_url", secret)
    answered(send(stream.url, orders(0, 3)))
    service.gather(sqlite, NOON)
    visiting.sign_in_as(monkeypatch, sqlite, admin)
    page = AppTest.from_function(shown, default_timeout=60).run()
    assert not page.exception
    page.button(key="stream_test").click().run()
    assert "3" in page.success[0].value or "6" in page.success[0].value
    page.button(key="stream_pause").click().run()
    assert service.cards(sqlite, admin, NOON)[0].state == "paused"
    said = [one.value for kind in ("markdown", "caption", "error", "code") for one in page.get(kind)]
    assert "hush" not in str(said)
    assert STREAM in str(said)


class Reader:
    """Another process that takes the stream in, killed and started again at will."""

    def __init__(self, db: Database, url: str) -> None:
        self._environment = os.environ | {
            "DATABASE_URL": db.url,
            "BIGSALE_DATA_DIR": str(settings().data_dir),
            "BIGSALE_NATS_URL": url,
        }
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", READ], cwd=ROOT, env=self._environment, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


READ = """
from core import clock
from core.connect.stream import service
from core.database import connect
from core.errors import ShopError
from core.settings import settings
while True:
    try:
        service.gather(connect(settings().url), clock.now())
    except ShopError:
        pass
"""


def assert_each_once(db: Database, admin: Actor, cluster: Cluster, count: int, kills: int) -> None:
    """Orders stream in while the node that leads the stream is killed, and now and then whoever reads it."""
    campaigns.add_sale(db, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS)
    reader, killed, piece = Reader(db, cluster.url), 0, max(1, count // (kills + 1))
    sent: threading.Thread | None = None
    try:
        for first in range(0, count, piece):
            bodies = orders(first, min(piece, count - first))
            sent = threading.Thread(target=lambda bodies=bodies: answered(send(cluster.url, bodies)))
            sent.start()
            if killed < kills:
                node = answered(leader(cluster.url))
                cluster.kill(node)
                if killed % 4 == 3:
                    reader.kill()
                    reader.start()
                killed += 1
                sent.join()
                cluster.start(node)
            sent.join()
        until = time.monotonic() + PATIENCE_S
        while received(db) < 2 * count and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        reader.kill()
    assert killed == kills
    assert stored(db) == (2 * count, paid_of(count))


def received(db: Database) -> int:
    """Events that count so far."""
    with db.reading() as connection:
        query = select(intake_tally.c.applied).where(intake_tally.c.source == "nats")
        return int(connection.scalar(query) or 0)


def test_what_the_cluster_acknowledged_is_stored_once_though_its_leader_dies(
    sqlite: Database, admin: Actor, cluster: Cluster
) -> None:
    assert_each_once(sqlite, admin, cluster, 600, 1)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_a_hundred_leaders_die(sqlite: Database, admin: Actor, tmp_path: Path) -> None:
    three = Cluster(tmp_path)
    try:
        answered(make_stream(three.url))
        assert_each_once(sqlite, admin, three, 20_000, 100)
    finally:
        three.stop()
