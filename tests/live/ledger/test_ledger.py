"""The ledger's first promises, on both databases: exactly once, any order, received = the four sums, stock
moves with the sale."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from core.database import Database, insert, new_id, read
from core.live.ledger import recount
from core.live.ledger.events import Event, Refusal
from core.live.ledger.ledger import Receipt, Sale, post
from core.live.tables import event, intake_tally, sale_sku
from core.stock import reserve
from core.stock.tables import stock_position

T = 1_794_000_000_000  # some millisecond of 2026


def happening(event_id: str, kind: str, **facts: Any) -> Event:
    plain = {
        "at_ms": T,
        "sku_code": "A",
        "user_key": "u",
        "order_id": "o",
        "quantity": 1,
        "amount_fen": 0,
        "channel": "",
        "campaign_id": "c",
    }
    return Event("shop", event_id, kind, **{**plain, **facts})


def send(database: Database, now: datetime, *events: Event | Refusal, source: str = "shop") -> Receipt:
    with database.writing() as connection:
        return post(connection, source, events, now, "tester", new_id())


def books(database: Database) -> dict[str, list[Any]]:
    with database.reading() as connection:
        return {name: found for name, found in recount.faults(connection).items() if found}


def stock_up(database: Database, now: datetime, units: int, *codes: str) -> None:
    import pandas as pd

    with database.writing() as connection:
        insert(
            connection,
            stock_position,
            pd.DataFrame({"sku_code": list(codes), "on_hand": units, "updated_at": now}),
        )


def position(database: Database, code: str = "A") -> tuple[int, int, int]:
    with database.reading() as connection:
        row = read(connection, select(stock_position).where(stock_position.c.sku_code == code)).iloc[0]
    return int(row["on_hand"]), int(row["reserved"]), int(row["presale_committed"])


def test_a_duplicate_counts_once_and_another_body_is_refused(database: Database, now: datetime) -> None:
    order = happening("1", "order", amount_fen=9900)
    assert send(database, now, order, order).duplicate == 1
    again = send(database, now, order, order._replace(amount_fen=1))
    assert (again.applied, again.duplicate, [r.code for r in again.rejected]) == (0, 1, ["live.body_differs"])
    assert again.rejected[0].field == "amount_fen"
    assert send(database, now, order._replace(campaign_id="another")).duplicate == 1
    assert books(database) == {}


def test_every_order_of_a_line_ends_in_the_same_state(database: Database, now: datetime) -> None:
    story = [
        happening("1", "order", quantity=3, amount_fen=300, order_id=""),
        happening("2", "pay", quantity=3, amount_fen=300, at_ms=T + 60_000, order_id=""),
        happening("3", "refund", quantity=1, amount_fen=100, at_ms=T + 120_000, order_id=""),
        happening("4", "ship", quantity=2, at_ms=T + 180_000, order_id=""),
    ]
    ends = set()
    for turn in itertools.permutations(story):
        code, campaign = new_id(), new_id()
        stock_up(database, now, 10, code)
        for step in turn:
            name = f"{campaign}-{step.event_id}"
            send(
                database,
                now,
                step._replace(
                    event_id=name, sku_code=code, campaign_id=campaign, order_id=campaign, user_key=campaign
                ),
            )
        with database.reading() as connection:
            row = connection.execute(select(sale_sku).where(sale_sku.c.campaign_id == campaign)).one()
            left = connection.execute(
                select(event.c.waits_for).where(event.c.campaign_id == campaign, event.c.waits_for != "")
            ).all()
        ends.add((tuple(row[2:]), position(database, code), tuple(left)))
    assert ends == {((0, 0, 2, 0, 0), (8, 0, 0), ())}
    assert books(database) == {}


def test_a_refund_waits_in_the_queue_and_is_released_by_its_payment(
    database: Database, now: datetime
) -> None:
    assert send(database, now, happening("r", "refund", amount_fen=50)).waiting == 1
    done = send(database, now, happening("p", "pay", amount_fen=100), source="shop")
    assert (done.applied, done.released) == (1, 1)
    with database.reading() as connection:
        tally = read(connection, select(intake_tally)).iloc[0]
    assert (tally["received"], tally["applied"], tally["waiting"]) == (2, 2, 0)
    assert books(database) == {}


def test_a_refund_from_another_source_is_released_in_its_own_tally(database: Database, now: datetime) -> None:
    send(database, now, happening("x", "refund", amount_fen=50)._replace(source="sheet"), source="sheet")
    send(database, now, happening("x", "pay", amount_fen=100))
    with database.reading() as connection:
        tally = read(connection, select(intake_tally)).set_index("source")
    assert (tally.loc["sheet", "applied"], tally.loc["sheet", "waiting"], tally.loc["shop", "applied"]) == (
        1,
        0,
        1,
    )
    assert books(database) == {}


def test_stock_is_kept_up_to_what_is_there_and_the_rest_is_oversold(
    database: Database, now: datetime
) -> None:
    stock_up(database, now, 10, "A")
    for n in range(3):
        send(database, now, happening(f"o{n}", "order", quantity=4, order_id=f"o{n}"))
    assert position(database) == (10, 10, 0)
    send(database, now, happening("c0", "cancel", quantity=4, order_id="o0"))
    assert position(database) == (10, 8, 0)  # the two units that were short are kept now
    send(database, now, happening("d", "deposit", quantity=1, order_id="pre"))
    assert position(database) == (10, 8, 1)
    send(database, now, happening("b", "pay", quantity=1, order_id="pre", amount_fen=1))
    assert position(database) == (10, 9, 0)
    assert books(database) == {}


def test_units_that_come_free_go_to_the_sale_that_is_short_of_them(database: Database, now: datetime) -> None:
    from datetime import timedelta

    import pandas as pd

    from core.campaign.tables import campaign
    from core.live.ledger import backorders

    days = {"spring": 0, "summer": 1, "drill": 2}
    rows = [
        {
            "campaign_id": name,
            "name": name,
            "timezone": "UTC",
            "rehearsal_of": "summer" if name == "drill" else "",
            "account": "t",
        }
        | {
            "opens_at": now + timedelta(days=day),
            "closes_at": now + timedelta(days=day + 1),
            "created_at": now,
        }
        for name, day in days.items()
    ]
    stock_up(database, now, 10, "A", "B")
    with database.writing() as connection:
        insert(connection, campaign, pd.DataFrame(rows))
        drill = [happening("d", "order", campaign_id="drill", order_id="d")]
        post(connection, "shop", drill, now, "tester", new_id(), {"drill": Sale(drill=True)})
    send(database, now, happening("1", "order", quantity=8, order_id="o1", campaign_id="spring"))
    for name, order in (("summer", "o2"), ("spring", "o3")):
        send(database, now, happening(order, "order", quantity=7, order_id=order, campaign_id=name))
    assert position(database) == (10, 10, 0)
    assert backorders.fill(database, now) == 0
    send(database, now, happening("c", "cancel", quantity=8, order_id="o1", campaign_id="spring"))
    assert position(database) == (10, 9, 0)  # 7 of spring's own, 2 of summer's
    assert backorders.fill(database, now) == 1
    stock_up_by(database, now, 5)
    assert backorders.fill(database, now) == 4
    assert backorders.fill(database, now) == 0
    assert position(database) == (15, 14, 0)
    send(database, now, happening("4", "order", quantity=9, order_id="o4", campaign_id="spring"))
    stock_up_by(database, now, 20)
    long_after = now + timedelta(days=1) + backorders.OPEN_FOR
    assert backorders.fill(database, long_after) == 0, "a sale closed long ago holds no units of today"
    assert backorders.fill(database, now) == 8
    assert books(database) == {}


def stock_up_by(database: Database, now: datetime, units: int) -> None:
    with database.writing() as connection:
        reserve.post(connection, [reserve.Change("A", units, 0, 0)], new_id(), "tester", now)


def test_a_rehearsal_moves_no_stock(database: Database, now: datetime) -> None:
    stock_up(database, now, 10, "A")
    with database.writing() as connection:
        post(connection, "shop", [happening("1", "order")], now, "tester", new_id(), {"c": Sale(drill=True)})
    assert position(database) == (10, 0, 0)
    assert books(database) == {}


def test_the_earliest_sight_decides_the_minute_and_the_channel(database: Database, now: datetime) -> None:
    send(database, now, happening("2", "view", at_ms=T + 60_000, channel="search"))
    send(database, now, happening("1", "view", at_ms=T, channel="live"))
    send(database, now, happening("3", "view", at_ms=T + 120_000, channel="ads"))
    assert books(database) == {}


@pytest.mark.parametrize("book", ["sale_minute_kind", "sale_sku_kind", "sale_sku_minute"])
def test_the_recount_finds_a_changed_sum(database: Database, now: datetime, book: str) -> None:
    from core.database.types import schema

    send(database, now, happening("1", "pay", amount_fen=100))
    with database.writing() as connection:
        connection.execute(schema.tables[book].update().values(amount_fen=101))
    assert [fault["amount_fen"] for found in books(database).values() for fault in found] == [1]


def test_the_recount_finds_lost_people_lines_and_kept_units(database: Database, now: datetime) -> None:
    from core.live.tables import person_seen, sale_line

    stock_up(database, now, 10, "A")
    send(database, now, happening("1", "pay", amount_fen=100))
    with database.writing() as connection:
        connection.execute(person_seen.delete())
        connection.execute(sale_line.update().values(paid=2))
        connection.execute(sale_sku.update().values(held=0))
        connection.execute(intake_tally.update().values(applied=3))
    assert {"people", "minute_people", "lines", "demand", "stock", "tally"} <= set(books(database))


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "America/New_York"])
def test_the_midnight_peak_falls_on_the_day_of_the_campaigns_zone(
    database: Database, now: datetime, zone: str
) -> None:
    """A visitor at 23:59 who comes again at 00:00 counts on both days; the rest of the day adds nothing."""
    from zoneinfo import ZoneInfo

    import pandas as pd

    from core.campaign.tables import campaign
    from core.live.ledger.series import PEOPLE

    day = {
        "campaign_id": "c",
        "name": "n",
        "timezone": zone,
        "opens_at": now,
        "closes_at": now + pd.Timedelta(days=1),
    }
    with database.writing() as connection:
        insert(connection, campaign, pd.DataFrame([{**day, "created_at": now, "account": "t"}]))
    midnight = datetime(2026, 11, 11, tzinfo=ZoneInfo(zone)).timestamp() * 1000
    views = [happening(str(n), "view", at_ms=int(midnight) + n * 60_000) for n in (-1, 0, 1, 600)]
    with database.writing() as connection:
        post(connection, "shop", views, now, "tester", new_id(), {"c": Sale(zone)})
        seen = read(connection, select(PEOPLE))
    assert sorted(seen["day"]) == [datetime(2026, 11, 10).toordinal(), datetime(2026, 11, 11).toordinal()]  # noqa: DTZ001
    assert sorted(seen["at_ms"] - int(midnight)) == [-60_000, 0]
    assert books(database) == {}


def sums(database: Database) -> dict[str, tuple[int, int]]:
    """(units, fen) of each kind over all goods."""
    from core.live.ledger.series import SKU_KIND

    with database.reading() as connection:
        rows = read(connection, select(SKU_KIND))
    total = rows.groupby("kind")[["quantity", "amount_fen"]].sum()
    return {str(kind): (int(row.iloc[0]), int(row.iloc[1])) for kind, row in total.iterrows() if row.any()}


def reasons(database: Database) -> dict[str, str]:
    """Why each event of the queue waits."""
    with database.reading() as connection:
        rows = connection.execute(select(event.c.event_id, event.c.waits_for).where(event.c.waits_for != ""))
        return {row.event_id: row.waits_for for row in rows}


TWICE = [
    happening("1", "order", amount_fen=9900),
    happening("2", "pay", amount_fen=9900, at_ms=T + 60_000),
    happening("3", "pay", amount_fen=9900, at_ms=T + 90_000),
    happening("4", "refund", amount_fen=9900, at_ms=T + 120_000),
    happening("5", "refund", amount_fen=9900, at_ms=T + 180_000),
    happening("6", "ship", at_ms=T + 181_000),
    happening("7", "ship", at_ms=T + 182_000),
]


@pytest.mark.parametrize("seed", range(12))
def test_what_comes_twice_under_new_ids_counts_once_in_any_order(
    database: Database, now: datetime, seed: int
) -> None:
    import random

    for step in random.Random(seed).sample(TWICE, len(TWICE)):
        send(database, now, step)
    assert sums(database) == {"order": (1, 9900), "pay": (1, 9900), "refund": (1, 9900), "ship": (1, 0)}
    assert reasons(database) == {"3": "ordered", "5": "paid", "7": "paid"}
    assert books(database) == {}


def test_more_money_than_was_paid_is_not_refunded(database: Database, now: datetime) -> None:
    send(
        database, now, *TWICE[:2], happening("r", "refund", quantity=0, amount_fen=990_000, at_ms=T + 70_000)
    )
    assert sums(database)["pay"] == (1, 9900)
    assert "refund" not in sums(database)
    assert reasons(database) == {"r": "amount"}
    send(database, now, happening("s", "refund", quantity=0, amount_fen=3_000, at_ms=T + 80_000))
    assert sums(database)["refund"] == (0, 3_000)
    assert books(database) == {}


def test_a_payment_stands_for_its_order_until_that_says_less(database: Database, now: datetime) -> None:
    pay = happening("p", "pay", quantity=3, amount_fen=300, user_key="payer")
    assert send(database, now, pay).applied == 1
    assert send(database, now, happening("q", "pay", quantity=3, amount_fen=300, at_ms=T + 1)).waiting == 1
    late = send(database, now, happening("o", "order", quantity=2, at_ms=T - 1))
    assert (late.applied, late.withdrawn) == (1, 1)
    assert reasons(database) == {"p": "ordered", "q": "ordered"}
    assert "pay" not in sums(database)
    assert books(database) == {}
    more = send(database, now, happening("n", "order", quantity=1, at_ms=T - 1))
    assert (more.applied, more.released) == (1, 1)
    assert sums(database)["pay"] == (3, 300)
    assert books(database) == {}


def test_a_unit_paid_in_two_parts_is_one_unit(database: Database, now: datetime) -> None:
    rest = happening("b", "pay", quantity=0, amount_fen=5_900, at_ms=T + 1)
    assert send(database, now, rest).waiting == 1
    assert reasons(database) == {"b": "order"}
    assert send(database, now, happening("a", "pay", amount_fen=4_000)).released == 1
    send(database, now, happening("o", "order", amount_fen=9_900, at_ms=T - 1))
    send(database, now, happening("c", "pay", quantity=0, amount_fen=100, at_ms=T + 2))
    assert reasons(database) == {}
    assert sums(database)["pay"] == (1, 10_000)
    send(database, now, happening("r", "refund", amount_fen=10_000, at_ms=T + 3))
    assert sums(database)["refund"] == (1, 10_000)
    assert books(database) == {}


def test_a_deposit_with_its_balance_and_payments_in_parts_are_whole(
    database: Database, now: datetime
) -> None:
    send(database, now, happening("d", "deposit", amount_fen=1_000, order_id="pre"))
    send(database, now, happening("b", "pay", amount_fen=8_900, order_id="pre"))
    send(database, now, happening("r", "refund", amount_fen=9_900, order_id="pre", at_ms=T + 1))
    send(database, now, happening("o", "order", quantity=3, amount_fen=300))
    for n in range(3):
        send(database, now, happening(f"p{n}", "pay", amount_fen=100, at_ms=T + n))
    assert reasons(database) == {}
    assert sums(database)["pay"] == (4, 9_200)
    assert sums(database)["refund"] == (1, 9_900)
    assert books(database) == {}
