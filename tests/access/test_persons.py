"""One person, one key: the same keyed hash at every door, nothing hashed twice, no shop's own id behind the door."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.access import Actor
from core.access.person_keys import key_maker
from core.access.persons import key_of
from core.database import Database
from core.imports import service as imports
from core.live.tables import event as events
from core.live.tables import person_seen
from core.orders.sheet import ORDERS
from core.orders.tables import order_line
from core.settings import settings
from core.warmup.tables import warmup_touch
from tests.audience.test_service import NOW, _small, _take
from tests.live.conftest import Shop, event
from tests.live.conftest import shop as shop
from tests.live.conftest import small_shop as small_shop
from tests.overview.test_erasure import _traces

WHO = "wang-lao-shi-88"


@given(st.text(max_size=40), st.binary(min_size=1, max_size=40))
def test_a_key_is_never_hashed_again(name: str, secret: bytes) -> None:
    make = key_maker(secret)
    key = make(name)
    assert re.fullmatch(r"[0-9a-f]{32}|", key)
    assert make(key) == key
    assert make(f" {name}'") == key, "what exports put around a name is no part of it"


def test_an_id_that_looks_like_a_key_is_hashed() -> None:
    make, digest = key_maker(b"one"), "0123456789abcdef" * 2  # an MD5 that a platform gives as its open id
    assert make(digest) not in ("", digest)
    assert key_maker(b"two")(make("a")) != make("a"), "another shop's key is an id like any other here"


def test_orders_and_events_know_a_person_by_one_key(shop: Shop, merchandiser: Actor) -> None:
    book = _small().decode().replace(",a,", f",{WHO},")
    _take(shop.db, merchandiser, book.encode())
    line = {"order_id": "o1", "amount_fen": 9_900, "user_key": WHO}
    shop.send([event(n, kind, -n * 60, **line) for n, kind in enumerate(("view", "add_to_cart"), 1)])
    shop.send([event(9, "pay", 1, **line), event(10, "view", 1, user_key="张**")])
    with shop.db.reading() as connection:
        for column in (
            order_line.c.buyer_key,
            events.c.user_key,
            person_seen.c.user_key,
            warmup_touch.c.user_key,
        ):
            assert key_of(WHO) in set(connection.scalars(select(column)))
        assert "" in set(connection.scalars(select(events.c.user_key))), "many people share a masked name"
        assert _traces(connection, WHO) == []


def test_a_night_played_again_keeps_its_people(small_shop: Shop) -> None:
    small_shop.send([event(1, "view", 1, user_key=WHO)])
    with small_shop.db.reading() as connection:
        (key,) = connection.scalars(select(events.c.user_key))
    small_shop.send([event(2, "view", 2, user_key=key)])
    with small_shop.db.reading() as connection:
        assert set(connection.scalars(select(events.c.user_key))) == {key}


def test_a_refused_event_does_not_repeat_the_id(small_shop: Shop) -> None:
    answer = small_shop.send([event(1, "view", 1, user_key=WHO * 20), event(2, "view", 1, user_key=5)])
    assert [(one["code"], one["field"], one["value"]) for one in answer["rejected"]] == [
        ("live.bad_text", "user_key", ""),
        ("live.not_text", "user_key", ""),
    ]
    with small_shop.db.reading() as connection:
        assert _traces(connection, WHO) == []


@pytest.fixture
def by_member(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "person_fields", {"app": "member_id", "orders": "member"})


@pytest.mark.usefixtures("by_member")
def test_a_setting_says_which_field_is_the_person(small_shop: Shop, merchandiser: Actor) -> None:
    told = event(1, "view", 1, user_key="device-7", member_id=WHO)
    small_shop.send([told], source="app")
    lines = _small().decode().splitlines()
    rows = [lines[0] + ",会员编号", *(f"{line},{WHO if ',a,' in line else ''}" for line in lines[1:])]
    _take(small_shop.db, merchandiser, "\n".join(rows).encode())
    with small_shop.db.reading() as connection:
        assert list(connection.scalars(select(events.c.user_key))) == [key_of(WHO)]
        assert set(connection.scalars(select(order_line.c.buyer_key))) == {key_of(WHO), ""}


@pytest.mark.usefixtures("by_member")
def test_an_export_without_the_member_says_so(sqlite: Database, merchandiser: Actor) -> None:
    draft = imports.check(imports.inspect(sqlite, merchandiser, ORDERS, _small(), "orders.csv"))
    report = imports.commit(sqlite, merchandiser, draft, now=NOW)
    assert {"code": "orders.no_member", "rows": 7} in [dict(one) for one in report.warnings]
    with sqlite.reading() as connection:
        assert set(connection.scalars(select(order_line.c.buyer_key))) == {""}
