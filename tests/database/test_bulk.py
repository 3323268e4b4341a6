"""The bulk door and the reading side of it, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Float, String, Table, func, select
from sqlalchemy.exc import IntegrityError

from core.database import Database, Moment, insert, keyed, read, upsert
from core.database.types import MetaData

trial = Table(
    "trial",
    MetaData(),
    Column("code", String, primary_key=True),
    Column("units", BigInteger),
    Column("flag", Boolean, nullable=False, default=False),
    Column("ratio", Float),
    Column("day", Date),
    Column("at", Moment),
    Column("facts", JSON),
)


@pytest.fixture
def shop(database: Database) -> Database:
    with database.writing() as connection:
        trial.create(connection)
    return database


def rows(database: Database) -> pd.DataFrame:
    with database.reading() as connection:
        return read(connection, select(trial).order_by(trial.c.code))


def test_every_kind_of_value_comes_back(shop: Database) -> None:
    at = datetime(2026, 11, 10, 16, 30, 1, 250, tzinfo=UTC)
    frame = pd.DataFrame(
        {
            "code": ["000123", "0E1\t,\"'", "空\n行"],
            "units": pd.array([2**60, None, -1], dtype="Int64"),
            "flag": [True, False, True],
            "ratio": [0.1, np.nan, -2.5],
            "day": [date(2026, 11, 11), None, date(2019, 6, 18)],
            "at": [at, None, at],
            "facts": [{"名": [1, None]}, None, []],
        }
    )
    with shop.writing() as connection:
        assert insert(connection, trial, frame) == 3
    back = (
        rows(shop)
        .sort_values("code", key=lambda codes: codes.map(list(frame.code).index))
        .reset_index(drop=True)
    )
    assert back.code.tolist() == frame.code.tolist()
    assert back.units.tolist() == [2**60, pd.NA, -1]
    assert back.flag.tolist() == [True, False, True]
    assert back.ratio.tolist() == [0.1, pd.NA, -2.5]
    assert back.day.tolist() == [date(2026, 11, 11), None, date(2019, 6, 18)]
    assert back["at"].tolist() == [pd.Timestamp(at), pd.NaT, pd.Timestamp(at)]
    assert back.facts.tolist() == [{"名": [1, None]}, None, []]


def test_empty_text_and_null_stay_apart(shop: Database) -> None:
    with shop.writing() as connection:
        insert(connection, trial, pd.DataFrame({"code": ["", "\\N", "NULL"], "units": [None, 1, 2]}))
    assert set(rows(shop).code) == {"", "\\N", "NULL"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
        unique=True,
        min_size=1,
        max_size=20,
    )
)
def test_any_text_survives(shop: Database, codes: list[str]) -> None:
    with shop.writing() as connection:
        connection.execute(trial.delete())
        insert(connection, trial, pd.DataFrame({"code": codes}))
    assert set(rows(shop).code) == set(codes)


def test_upsert_sets_adds_and_ignores(shop: Database) -> None:
    with shop.writing() as connection:
        insert(connection, trial, pd.DataFrame({"code": ["a", "b"], "units": [1, 1], "ratio": [1.0, 1.0]}))
        upsert(
            connection,
            trial,
            pd.DataFrame({"code": ["a", "c"], "units": [5, 5], "ratio": [9.0, 9.0]}),
            add=["units"],
        )
        upsert(connection, trial, pd.DataFrame({"code": ["b", "d"], "units": [7, 7]}), update=[])
    assert rows(shop)[["code", "units", "ratio"]].fillna(0).to_numpy().tolist() == [
        ["a", 6, 9.0],
        ["b", 1, 1.0],
        ["c", 5, 9.0],
        ["d", 7, 0.0],
    ]


@pytest.mark.parametrize("count", [1, 49, 50, 101, 2_001])
def test_columns_of_one_value_and_rows_of_any_number(shop: Database, count: int) -> None:
    codes = [f"c{place:05}" for place in range(count)]
    frame = pd.DataFrame(
        {"code": codes, "units": 7, "ratio": [place / 2 for place in range(count)], "day": None}
    )
    with shop.writing() as connection:
        insert(connection, trial, frame)
        upsert(connection, trial, frame, add=["units"])
        nameless = Table("nameless", MetaData(), Column("units", BigInteger), Column("word", String))
        nameless.create(connection)
        insert(connection, nameless, pd.DataFrame({"units": [3] * count, "word": None}))
        same = read(connection, select(nameless))
    back = rows(shop)
    assert back[["code", "units", "ratio"]].to_numpy().tolist() == [
        [code, 14, place / 2] for place, code in enumerate(codes)
    ]
    assert back["day"].isna().all()
    assert same["units"].tolist() == [3] * count
    assert same["word"].isna().all()


def test_a_failing_batch_leaves_nothing(shop: Database) -> None:
    with pytest.raises(IntegrityError), shop.writing() as connection:
        insert(connection, trial, pd.DataFrame({"code": ["x", "y", "x"]}))
    assert rows(shop).empty


def test_keys_of_any_number(shop: Database) -> None:
    codes = [f"k{i}" for i in range(40_000)]
    with shop.writing() as connection:
        insert(connection, trial, pd.DataFrame({"code": codes}))
    with shop.reading() as connection:
        found = connection.scalar(
            select(func.count()).select_from(trial).where(keyed(trial.c.code, codes[1:], connection))
        )
    assert found == 39_999


def test_a_naive_moment_is_refused(shop: Database) -> None:
    with pytest.raises(Exception, match="offset"), shop.writing() as connection:
        connection.execute(trial.insert().values(code="n", at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_eight_writers_lose_nothing(shop: Database) -> None:
    with shop.writing() as connection:
        insert(connection, trial, pd.DataFrame({"code": ["sum"], "units": [0]}))
    faults: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(50):
                with shop.writing() as connection:
                    query = select(trial.c.units).where(trial.c.code == "sum")
                    was = connection.scalar(query if shop.embedded else query.with_for_update())
                    connection.execute(trial.update().where(trial.c.code == "sum").values(units=was + 1))
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert rows(shop).units.tolist() == [400]
