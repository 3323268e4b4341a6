"""A person's erasure: no trace of the key in any table, every sum and every recount as before."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, String, cast, func, select
from sqlalchemy.event import listen

from core.access import Actor
from core.access.keys import derived
from core.access.persons import key_of
from core.access.tables import audit
from core.audience.people.tables import invite, member, person
from core.audience.tables import segment_member, segment_run
from core.database import Database
from core.database.types import load_tables
from core.errors import ShopError
from core.imports import service as imports
from core.imports.tables import import_run
from core.lists.tables import audience_list, list_member
from core.live.snapshot.service import check as live_check
from core.live.tables import event as event_table
from core.live.tables import person_seen
from core.orders import rules
from core.orders.service import check as order_check
from core.orders.sheet import ORDERS
from core.orders.tables import buyer, order_line
from core.overview import erasure, retention
from core.overview.erasure import located
from core.settings import settings
from core.warmup.tables import warmup_touch
from core.web import scheduler
from tests.audience.test_service import NOW, _small, _take
from tests.live.conftest import Shop, event
from tests.live.conftest import shop as shop

WHO = "zhang-san-7"


def _traces(connection: Connection, *names: str) -> list[str]:
    """Every table and column in which one of the names stands."""
    return [
        f"{table.name}.{column.name}"
        for table in load_tables().sorted_tables
        for column in table.columns
        for name in names
        if connection.scalar(
            select(func.count()).select_from(table).where(cast(column, String).contains(name))
        )
    ]


def _sums(connection: Connection) -> tuple[object, ...]:
    lines = connection.execute(
        select(func.count(), func.sum(order_line.c.amount), func.sum(order_line.c.refund_amount))
    ).one()
    kept = connection.execute(select(func.sum(buyer.c.orders), func.sum(buyer.c.net_amount))).one()
    heads = connection.scalar(select(func.count(person_seen.c.user_key.distinct())))
    return (*lines, *kept, heads)


def test_no_trace_of_the_key_and_no_sum_moved(shop: Shop, merchandiser: Actor, admin: Actor) -> None:
    book = _small().decode().replace(",a,", f",{WHO},")
    _take(shop.db, merchandiser, book.encode())
    second = _take(shop.db, merchandiser, book.replace("200.0", "180.0").encode())
    line = {"order_id": "o1", "amount_fen": 9_900, "user_key": WHO}
    shop.send([event(n, kind, n, **line) for n, kind in enumerate(("view", "order", "pay"), 1)])
    hashed = str(rules.buyer_keys(pd.Series([WHO]), derived("buyer")).iloc[0])
    with shop.db.reading() as connection:
        before = _sums(connection)
        named = _traces(connection, WHO, hashed)
    assert {"order_line.buyer_key", "buyer.buyer_key", "import_change.before", "event.user_key"} <= set(named)
    done = erasure.forget(shop.db, admin, WHO, now=NOW)
    assert (done.order_lines, done.images > 0, done.events >= 3) == (2, True, True)
    with shop.db.reading() as connection:
        assert _traces(connection, WHO, hashed) == []
        assert _sums(connection) == before
        assert {
            name: faults
            for name, faults in (order_check(connection) | live_check(connection)).items()
            if faults
        } == {}
    imports.undo(shop.db, merchandiser, ORDERS, second, reason="again", now=NOW)
    with shop.db.reading() as connection:
        assert _traces(connection, WHO, hashed) == [], "an undo does not bring the person back"
        assert order_check(connection)["orders.buyers"] == []
    with pytest.raises(ShopError, match=r"person\.unknown"):
        erasure.forget(shop.db, admin, hashed, now=NOW)


def test_the_keyed_hash_names_the_person_as_well(sqlite: Database, merchandiser: Actor, admin: Actor) -> None:
    _take(sqlite, merchandiser, _small())
    hashed = str(rules.buyer_keys(pd.Series(["a"]), derived("buyer")).iloc[0])
    assert erasure.forget(sqlite, admin, hashed, now=NOW).order_lines == 2
    for key, code in (("  ", "person.blank"), ("nobody", "person.unknown")):
        with pytest.raises(ShopError, match=code):
            erasure.forget(sqlite, admin, key, now=NOW)
    with pytest.raises(ShopError, match=r"access\.denied"):
        erasure.forget(sqlite, merchandiser, "b", now=NOW)


LATER = NOW + timedelta(days=100)
FIRST = date(2026, 8, 12)  # of a period of three months that ends on NOW's day
EDGE = datetime(2026, 8, 11, 16, tzinfo=UTC)  # its first moment in Shanghai
MINUTE = int(EDGE.timestamp()) // 60


def _period(monkeypatch: pytest.MonkeyPatch, months: int) -> None:
    monkeypatch.setattr(settings(), "person_retention_months", months)


def _rows(campaign_id: str) -> list[tuple[Any, dict[str, Any]]]:
    """People by name: `keeps…` has a trace in the period, `goes…` has its last one a moment before it."""
    sets: list[tuple[Any, dict[str, Any]]] = []
    dated = ("ordered_at", "paid_at", "refunded_at")

    def line(who: str, run: str = "old", **moments: datetime) -> None:
        facts = {name: moments.get(name) for name in dated} | {"order_id": who, "buyer_key": who}
        goods = {"sku_code": "S01", "line": "1", "state": "closed", "quantity": 1, "amount": 100}
        sets.append((order_line, facts | goods | {"import_id": run}))

    before = EDGE - timedelta(microseconds=1)
    line("goes-order", ordered_at=before, paid_at=before)
    for name in dated:
        line(f"keeps-{name}", **({"ordered_at": before} | {name: EDGE}))
    line("goes-undated")
    line("keeps-undated", run="new")
    blank = {"content_digest": "", "sheet": "", "header_row": 0, "mapping": {}, "figures": {}, "control": {}}
    run = blank | {"kind": "orders", "file_name": "", "rejected": [], "state": "committed", "account": "t"}
    for word, at in (("old", before), ("new", EDGE)):
        sets.append((import_run, run | {"import_id": word, "at": at}))
    for word, late in (("goes", 0), ("keeps", 1)):
        at, minute = (EDGE if late else before), MINUTE - 1 + late
        day = (FIRST - timedelta(days=1 - late)).isoformat()
        facts = {"source": "t", "event_id": word, "kind": "view", "at_ms": MINUTE * 60_000 - 1 + late}
        empty = dict.fromkeys(("sku_code", "order_id", "channel", "campaign_id", "waits_for"), "")
        counts = dict.fromkeys(("quantity", "amount_fen", "received_minute"), 0)
        sets.append((event_table, empty | counts | facts | {"user_key": f"{word}-event"}))
        head = {"series_id": 9, "user_key": f"{word}-head", "at_ms": facts["at_ms"], "channel": ""}
        sets.append((person_seen, head))
        touch = {"campaign_id": "x", "slot": minute // 30, "user_key": f"{word}-touch", "sku_code": ""}
        sets.append((warmup_touch, touch | {"depth": 1}))
        for table, name in ((person, "first_day"), (member, "joined_day")):
            row = {"person_key": f"{word}-{name}", name: day, "updated_at": NOW}
            sets.append((table, row))
            sets.append((table, {"person_key": f"{word}-no-{name}", name: "", "updated_at": at}))
        for side in ("inviter_key", "invited_key"):
            row = {"invite_id": f"{word}-{side}", side: f"{word}-{side}", "sent_minute": minute}
            sets.append((invite, row | {"updated_at": NOW}))
    joined = {"invite_id": "j", "inviter_key": "keeps-joined", "sent_minute": 0, "joined_minute": MINUTE}
    sets.append((invite, joined | {"updated_at": NOW}))
    return sets + _by_shop(campaign_id)


def _by_shop(campaign_id: str) -> list[tuple[Any, dict[str, Any]]]:
    """What the shop wrote of people is no trace of theirs, but for a list that is still to be judged."""
    sets: list[tuple[Any, dict[str, Any]]] = []
    old = FIRST - timedelta(days=1)
    sums = {"people": 1, "control": 0, "worth": 0, "dropped": {}, "booked": 0, "plan": {}, "kind": "wished"}
    for who, day, state in (
        ("keeps-waiting", FIRST, "sent"),
        ("goes-waiting", old, "sent"),
        ("goes-judged", old, "judged"),
    ):
        facts = {"list_id": who, "campaign_id": campaign_id, "name": "", "as_of": day, "state": state}
        sets.append((audience_list, sums | facts | {"account": "t", "at": NOW}))
        place = {"buyer_key": who, "list_id": who, "held_back": False, "worth": 0, "in_app": False}
        sets.append((list_member, place))
    for word, day in (("goes", old), ("keeps", FIRST)):
        run = {"run_id": word, "as_of": day, "window_days": 1, "method": "median", "recency": 1}
        cuts = {"frequency": 2, "amount": 1, "counts": {}, "account": "t", "at": NOW}
        sets.append((segment_run, run | cuts))
        sets.append((segment_member, {"buyer_key": f"{word}-run", "run_id": word, "segment": "111"}))
    return sets


def test_who_stays_and_who_goes_by_the_last_trace(
    shop: Shop, admin: Actor, merchandiser: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = _rows(shop.campaign_id)
    with shop.db.writing() as connection:
        for table, row in rows:
            connection.execute(table.insert(), row)
    named = {str(v) for _, row in rows for v in row.values() if str(v).startswith(("goes-", "keeps-"))}
    going, keeping = ({one for one in named if one.startswith(word)} for word in ("goes-", "keeps-"))
    _period(monkeypatch, 0)
    for act in (retention.lapsed, retention.erase):
        with pytest.raises(ShopError, match=r"person\.no_period"):
            act(shop.db, admin, now=NOW)
        with pytest.raises(ShopError, match=r"access\.denied"):
            act(shop.db, merchandiser, now=NOW)
    _period(monkeypatch, 3)
    with shop.db.reading() as connection:
        assert set(retention._gone(connection, FIRST)) == going
        assert retention._back(connection, FIRST, named, located(connection, sorted(named))) == keeping - {
            "keeps-run"
        }
    told = retention.lapsed(shop.db, admin, now=NOW)
    assert (
        told == retention.Lapsed(3, FIRST.isoformat(), len(going)) == retention.erase(shop.db, admin, now=NOW)
    )
    with shop.db.reading() as connection:
        columns = [c for t in load_tables().sorted_tables for c in t.columns if c.name.endswith("_key")]
        left = {str(one) for column in columns for one in connection.scalars(select(column))}
    assert left & named == keeping


def test_the_night_erases_in_batches_and_no_sum_moves(
    shop: Shop, merchandiser: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take(shop.db, merchandiser, _small())
    _take(shop.db, merchandiser, _small().decode().replace("200.0", "180.0").encode())
    line = {"order_id": "o1", "amount_fen": 9_900, "user_key": "a"}
    shop.send([event(n, kind, n, **line) for n, kind in enumerate(("view", "order", "pay"), 1)])
    shop.send([event(n, "view", n) for n in range(10, 15)])
    hashed = {name: erasure.key_of(name) for name in ("a", "b", *(f"u{n}" for n in range(10, 15)))}
    with shop.db.writing() as connection:
        row = {"person_key": hashed["b"], "first_day": LATER.date().isoformat(), "updated_at": NOW}
        connection.execute(person.insert(), row)
    with shop.db.reading() as connection:
        before = _sums(connection)
        everybody = {*connection.scalars(select(order_line.c.buyer_key)), *hashed.values()} - {""}
    going = everybody - {hashed["b"]}
    monkeypatch.setattr(retention, "BATCH", 2)
    _period(monkeypatch, 12)
    assert scheduler.once(shop.db, NOW, ["lapsed"]) == {"lapsed": 0}, "everybody was there this year"
    _period(monkeypatch, 0)
    assert scheduler.once(shop.db, LATER, ["lapsed"]) == {"lapsed": 0}
    _period(monkeypatch, 1)
    monkeypatch.setattr(retention, "A_NIGHT", 5)
    nights = [scheduler.once(shop.db, LATER, ["lapsed"])["lapsed"] for _ in range(3)]
    assert nights == [5, len(going) - 5, 0]
    with shop.db.reading() as connection:
        assert _traces(connection, *going) == []
        assert _traces(connection, hashed["b"]), "another trace keeps a person"
        assert _sums(connection) == before
        marks = list(connection.scalars(select(event_table.c.user_key).distinct()))
        assert len(marks) == 6, "each has a mark of its own, the same in all they did"
        faults = order_check(connection) | live_check(connection)
        assert {name: found for name, found in faults.items() if found} == {}
        notes = connection.scalars(select(audit.c.after).where(audit.c.action == "person.lapsed")).all()
    assert [note["people"] for note in notes] == nights[:2], "once a run that came to anything"
    assert sum(note["order_lines"] for note in notes) > 0


def test_whoever_came_back_meanwhile_stays_and_a_broken_run_is_recorded(
    sqlite: Database, merchandiser: Actor, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take(sqlite, merchandiser, _small())
    came, went, last = (erasure.key_of(name) for name in ("a", "b", "d"))
    with sqlite.writing() as connection:
        row = {"person_key": came, "first_day": LATER.date().isoformat(), "updated_at": LATER}
        connection.execute(person.insert(), row)
    _period(monkeypatch, 1)
    monkeypatch.setattr(retention, "BATCH", 1)
    monkeypatch.setattr(retention, "_gone", lambda *_: [came, went, last])

    def breaks(connection: Connection, names: list[str], rows: dict[str, pd.DataFrame]) -> erasure.Forgotten:
        if names == [last]:
            raise ShopError("database.busy")
        return erasure.erased(connection, names, rows)

    monkeypatch.setattr(retention, "erased", breaks)
    with pytest.raises(ShopError, match=r"database\.busy"):
        retention.erase(sqlite, admin, now=LATER)
    with sqlite.reading() as connection:
        assert _traces(connection, went) == []
        assert all(_traces(connection, one) for one in (came, last))
        note = connection.execute(select(audit).where(audit.c.action == "person.lapsed")).mappings().one()
    assert (note["after"]["people"], note["after"]["before"]) == (1, "2027-01-20")
    assert not any(one in str(dict(note)) for one in (came, went, last)), "how many, never whom"


def test_a_batch_reads_events_once(shop: Shop) -> None:
    shop.send([event(n, "view", 1, user_key=f"came-{n}") for n in range(6)])
    hashed, said = [key_of(f"came-{n}") for n in range(6)], []
    with shop.db.writing() as connection:
        listen(connection, "before_cursor_execute", lambda *heard: said.append(heard[2]))
        rows = located(connection, hashed)
        assert retention._back(connection, FIRST, hashed, rows) == set(hashed)
        done = erasure.erased(connection, hashed, rows)
    assert done.events >= 12, "the events, and the people seen by them"
    by_person = [one for one in said if re.search(r"event\.user_key (IN|=\s+any)", one, re.IGNORECASE)]
    assert len(by_person) == 1
