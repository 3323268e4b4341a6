"""Segments of a million orders by 200,000 buyers, their read included, beside one pass over the lines in pandas; and the
fit of what people will still buy."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from core.access import Actor
from core.audience import expected, rules, service
from core.audience.members import service as members
from core.database import Database, insert, read
from core.orders import buyers
from core.orders.tables import order_line

pytestmark = pytest.mark.bench
ORDERS, PEOPLE = 1_000_000, 200_000
NOW = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)


def filled(db: Database) -> None:
    """A million orders, each of one line, by 200,000 people over 700 days."""
    random = np.random.default_rng(3)
    who = random.integers(0, PEOPLE, ORDERS)
    paid = pd.Timestamp("2026-11-11", tz="UTC") - pd.to_timedelta(
        random.integers(0, 700 * 86_400, ORDERS), unit="s"
    )
    frame = pd.DataFrame(
        {
            "sku_code": "S1",
            "order_id": np.char.add("o", np.arange(ORDERS).astype(str)),
            "line": "1",
            "buyer_key": [f"{n:032x}" for n in who],
            "state": "done",
            "paid_at": paid.astype("datetime64[us, UTC]"),
            "quantity": 1,
            "amount": random.integers(1_000, 90_000, ORDERS),
            "refund_amount": 0,
            "import_id": "i",
        }
    )
    with db.writing() as connection:
        insert(connection, order_line, frame)
        buyers.refresh(connection, list(frame["buyer_key"].unique()))


def peer(db: Database) -> int:
    """The same from the lines, without sums that are kept."""
    names = ("buyer_key", "order_id", "paid_at", "amount", "refund_amount")
    with db.reading() as connection:
        lines = read(connection, select(*(order_line.c[name] for name in names)))
    by = lines.groupby("buyer_key").agg(
        last=("paid_at", "max"), frequency=("order_id", "nunique"), amount=("amount", "sum")
    )
    days = (
        pd.Timestamp(date(2026, 11, 12))
        - by["last"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None).dt.normalize()
    ).dt.days
    known = by.assign(recency=days.astype("Int64"))
    return int((rules.segments(known, rules.cuts(known, "median")) == "111").sum())


def test_segments_from_the_kept_sums(sqlite: Database) -> None:
    filled(sqlite)
    actor = Actor("lead", "campaign_lead")
    started = time.process_time()
    shown = service.segments(sqlite, actor, now=NOW).table.set_index("segment")
    own = time.process_time() - started
    started = time.process_time()
    counted = peer(sqlite)
    beside = time.process_time() - started
    print(
        f"\nsegments of {PEOPLE:,} buyers: {own:.2f} s CPU, from the lines {beside:.2f} s, ratio {own / beside:.2f}"
    )
    assert int(shown.loc["111", "buyers"]) == counted
    assert own < 0.35 * beside
    _tabs(sqlite, actor, beside)


def _tabs(db: Database, actor: Actor, beside: float) -> None:
    """Life cycle with cohorts, movement, and members with what is expected of them: each less than reading the lines once."""
    segments_now = service.segments(db, actor, now=NOW)
    tabs = {
        "life cycle and cohorts": lambda: service.lives(db, actor, now=NOW),
        "movement": lambda: service.movement(db, actor, segments_now),
        "members and their next year": lambda: members.members(db, actor, now=NOW),
    }
    for name, ask in tabs.items():
        started = time.process_time()
        assert ask() is not None
        own = time.process_time() - started
        print(f"{name}: {own:.2f} s CPU, ratio to one pass over the lines {own / beside:.2f}")
        assert own < beside, name


def test_the_fit_beside_a_sort_of_the_same_people() -> None:
    random = np.random.default_rng(5)
    whole = random.integers(1, 100, PEOPLE).astype(float)
    x = np.minimum(random.poisson(random.gamma(0.5, 4, PEOPLE)), 30).astype(float)
    t_x = np.where(x > 0, np.ceil(whole * random.random(PEOPLE)), 0.0)
    started = time.process_time()
    model = expected.fit(x, t_x, whole)
    value = expected.purchases(model, x, t_x, whole, 13.0)
    own = time.process_time() - started
    started = time.process_time()
    for _ in range(10):
        np.unique(np.column_stack([x, t_x, whole]), axis=0)
    beside = time.process_time() - started
    print(
        f"\nfit and forecast of {PEOPLE:,} people: {own:.2f} s CPU, ten sorts of them {beside:.2f} s, ratio {own / beside:.2f}"
    )
    assert np.isfinite(value).all()
    assert own < 6 * beside
