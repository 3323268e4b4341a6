"""The bulk door for small batches: what goes in comes out, whatever the text, and a key counts once."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.database import Database, connect, engine
from core.database.rows import append, append_new, find, merge, together
from core.live.tables import event, sale_minute
from tests import cheaply

ODD = ("a\\b", "\\N", "\\.", "tab\there", 'quote"s', "线\n上", "", "{1,2}", "%s", "null")


def row(event_id: str, channel: str = "", amount_fen: int = 0) -> tuple[object, ...]:
    return (
        "shop",
        event_id,
        "view",
        1_794_000_000_000,
        "A",
        "u",
        "",
        1,
        amount_fen,
        channel,
        "c",
        29_900_000,
        "",
    )


def stored(database: Database, *ids: str) -> dict[str, str]:
    with database.reading() as connection:
        return dict(find(connection, event, ("event_id", "channel"), {"source": "shop"}, "event_id", ids))


@pytest.mark.parametrize("channels", [ODD, ("plain", "search")])
def test_any_text_goes_in_and_comes_out(database: Database, channels: tuple[str, ...]) -> None:
    given = {f"{n}{channel}": channel for n, channel in enumerate(channels)}
    with database.writing() as connection:
        append(connection, event, [row(name, channel) for name, channel in given.items()])
    assert stored(database, *given) == given


def test_new_rows_are_added_all_or_none(database: Database) -> None:
    with database.writing() as connection:
        assert append_new(connection, event, [row("1"), row("2")])
        assert not append_new(connection, event, [row("3"), row("2", "again"), row("4")])
        assert not append_new(connection, event, [row("5"), row("5")])
        assert append_new(connection, event, [])
        assert append_new(connection, event, [row("6")])
    assert stored(database, *"123456") == {"1": "", "2": "", "6": ""}


def test_sums_are_added_onto_what_is_there_sent_together_or_not(database: Database) -> None:
    with database.writing() as connection:
        merge(
            connection, sale_minute, [("c", 1, '"', 5, 1), ("c", 2, "线", 1, 0)], add=("visitors", "buyers")
        )
        with together(connection):
            merge(
                connection,
                sale_minute,
                [("c", 1, '"', 2, -1), ("c", 3, "\\", 9, 9)],
                add=("visitors", "buyers"),
            )
            merge(connection, sale_minute, [("c", 3, "\\", 1, 1)], put=("visitors",))
        found = find(
            connection,
            sale_minute,
            ("minute", "channel", "visitors", "buyers"),
            {"campaign_id": "c"},
            "channel",
            ['"', "线", "\\"],
        )
    assert sorted(tuple(each) for each in found) == [(1, '"', 7, 0), (2, "线", 1, 0), (3, "\\", 1, 9)]


def test_what_a_shop_acknowledges_has_come_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2 is FULL. The other tests do without (tests/cheaply.py)."""
    monkeypatch.setattr(engine, "PRAGMAS", cheaply.PRAGMAS)
    database = connect.__wrapped__(f"sqlite:///{tmp_path}/shop.db")
    for each in (database.writer, database.reader):
        with each.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    database.dispose()
