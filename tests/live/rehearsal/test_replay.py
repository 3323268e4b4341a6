"""Files of events: read in every shape, replayed through HTTP as a shop would, imported twice without
harm."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest
from openpyxl import Workbook

from core.access import Actor
from core.errors import ShopError
from core.live.intake import files
from core.live.ledger import recount
from core.live.rehearsal.replay import Course, replay
from core.live.snapshot import service
from core.settings import settings
from tests.live.conftest import OPENS, Shop, hour


@pytest.fixture
def door(small_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The shop as the process's own database: the intake of a replay opens it by the settings."""
    monkeypatch.setenv("DATABASE_URL", small_shop.db.url)
    settings.cache_clear()
    yield small_shop
    monkeypatch.undo()
    settings.cache_clear()


def test_a_replay_through_http_ends_in_the_same_picture(door: Shop, admin: Actor) -> None:
    events = hour(orders=60)
    done = replay(door.db, admin, events, OPENS, Course(campaign_id=door.campaign_id, speed=0))
    assert (done["accepted"], done["rejected"]) == (len(events), [])
    again = replay(door.db, admin, events, OPENS, Course(campaign_id=door.campaign_id, speed=0))
    assert (again["accepted"], again["duplicate"]) == (0, len(events))
    seen = service.load(door.db, admin, door.campaign_id, OPENS + timedelta(minutes=60))
    assert seen.paid == sum(each["amount_fen"] for each in events if each["kind"] == "pay")
    with door.db.reading() as connection:
        assert not any(recount.faults(connection).values())


def test_a_replay_keeps_time_and_begins_where_it_is_told(door: Shop, admin: Actor) -> None:
    import time

    events = hour(orders=20, minutes=60)
    since = OPENS + timedelta(minutes=30)
    late = [each for each in events if each["at"] >= since.isoformat()]
    begun = time.monotonic()
    done = replay(
        door.db, admin, events, OPENS, Course(campaign_id=door.campaign_id, speed=1_200, since=since)
    )
    assert done["accepted"] == len(late)
    assert time.monotonic() - begun > 1.0
    assert done["requests"] > 1


def test_every_file_says_the_same(small_shop: Shop, admin: Actor) -> None:
    events = hour(orders=20)
    lines = b"\n".join(map(orjson.dumps, events))
    shapes = {"a.ndjson": lines, "a.ndjson.gz": gzip.compress(lines), "a.json": orjson.dumps(events)}
    for name, content in shapes.items():
        assert files.read_file(content, name, "Asia/Shanghai") == events
    taken = [
        files.import_events(
            small_shop.db,
            admin,
            files.EventFile(content, name, timezone="Asia/Shanghai"),
            OPENS,
            campaign_id=small_shop.campaign_id,
        )
        for name, content in shapes.items()
    ]
    assert [each["accepted"] for each in taken] == [len(events), 0, 0]


def test_an_hourly_workbook_becomes_events_once(small_shop: Shop, admin: Actor) -> None:
    book = Workbook()
    book.active.append(["事件", "发生时间", "商家编码", "订单编号", "数量", "金额（元）", "渠道"])
    book.active.append(["下单", "2026-11-11 00:01:00", "S01", "o1", 2, "198.00", "直播"])
    book.active.append(["支付", "2026-11-11 00:02:00", "S01", "o1", 2, "198.00", "直播"])
    book.active.append(["支付", "2026-11-11 00:02:00", "S01", "o2", "很多", "198.00", "直播"])
    buffer = io.BytesIO()
    book.save(buffer)
    file, mine = files.EventFile(buffer.getvalue(), "hour.xlsx", "Asia/Shanghai"), small_shop.campaign_id
    first = files.import_events(small_shop.db, admin, file, OPENS, campaign_id=mine)
    again = files.import_events(small_shop.db, admin, file, OPENS, campaign_id=mine)
    assert (first["accepted"], len(first["rejected"])) == (2, 1)
    assert (again["accepted"], again["duplicate"]) == (0, 2)
    seen = service.load(small_shop.db, admin, small_shop.campaign_id, OPENS + timedelta(minutes=5))
    assert (seen.placed, seen.paid, seen.units) == (19_800, 19_800, 2)


def test_a_damaged_archive_is_refused(small_shop: Shop) -> None:
    with pytest.raises(ShopError, match="live.bad_gzip"):
        files.read_file(b"\x1f\x8bnothing", "a.ndjson.gz", "Asia/Shanghai")
