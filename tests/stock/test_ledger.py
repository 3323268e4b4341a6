"""The ledger: positions and arrivals are its sums, whatever the order; eight writers lose nothing."""

from __future__ import annotations

import threading
from datetime import datetime

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from core.database import Database
from core.errors import ShopError
from core.stock import ledger
from core.stock.rules import LEVELS
from core.stock.tables import stock_arrival, stock_movement, stock_position

moves = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "0c"]),
        st.sampled_from(LEVELS),
        st.integers(-50, 50),
        st.sampled_from(["", "2026-11-01"]),
    ),
    max_size=30,
)


def frame(rows: list[tuple[str, str, int, str]]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["sku_code", "state", "quantity", "expected_on"]).astype(
        {"quantity": "int64"}
    )
    return made.assign(expected_on=made["expected_on"].where(made["state"] == "in_transit", ""))


def post(database: Database, rows: list[tuple[str, str, int, str]], now: datetime, source: str = "s") -> None:
    with database.writing() as connection:
        ledger.post(
            connection, frame(rows), ledger.Posting(source_id=source, cause="edit", account="t", now=now)
        )


def standing(database: Database) -> dict[str, list[int]]:
    with database.reading() as connection:
        frame = ledger.positions(connection)[list(LEVELS)]
    return dict(zip(frame.index, frame.to_numpy().tolist(), strict=True))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(moves, max_size=4), st.randoms())
def test_any_order_of_movements_conserves(
    database: Database, now: datetime, batches: list[list[tuple[str, str, int, str]]], random: object
) -> None:
    with database.writing() as connection:
        for table in (stock_movement, stock_position, stock_arrival):
            connection.execute(table.delete())
    shuffled = [row for batch in batches for row in batch]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for size in (3, 100):
        part, shuffled = shuffled[:size], shuffled[size:]
        post(database, part, now)
    expected: dict[str, list[int]] = {}
    for code, state, quantity, _ in (row for batch in batches for row in batch):
        if quantity:
            expected.setdefault(code, [0] * len(LEVELS))[LEVELS.index(state)] += quantity
    assert standing(database) == expected
    with database.reading() as connection:
        assert not any(ledger.faults(connection).values())


def test_a_position_that_was_tampered_with_is_found(database: Database, now: datetime) -> None:
    post(database, [("a", "on_hand", 5, ""), ("b", "in_transit", 5, "2026-11-01")], now)
    with database.writing() as connection:
        connection.execute(update(stock_position).where(stock_position.c.sku_code == "a").values(on_hand=6))
    with database.reading() as connection:
        assert ledger.faults(connection)["stock.ledger_is_position"] == ["a"]


def test_eight_writers_at_once(database: Database, now: datetime) -> None:
    faults: list[Exception] = []

    def write(number: int) -> None:
        try:
            for _ in range(15):
                post(
                    database,
                    [("a", "on_hand", 1, ""), ("b", "in_transit", 2, "2026-11-01")],
                    now,
                    f"w{number}",
                )
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert standing(database) == {"a": [120, 0, 0, 0, 0], "b": [0, 0, 0, 0, 240]}


def test_taking_back_is_refused_after_a_later_movement_and_exact_before(
    database: Database, now: datetime
) -> None:
    post(database, [("a", "on_hand", 5, ""), ("b", "on_hand", 7, "")], now, "first")
    post(database, [("b", "on_hand", 1, "")], now, "second")
    with database.writing() as connection, pytest.raises(ShopError) as refused:
        ledger.refuse_later(connection, ["a", "b"], "first")
    assert (refused.value.facts["key"], refused.value.facts["by"]) == ("b", "second")
    with database.writing() as connection:
        ledger.take_back(connection, "second", undo_id="u", account="t", now=now)
        ledger.refuse_later(connection, ["a"], "first")
    assert standing(database)["b"][0] == 7
