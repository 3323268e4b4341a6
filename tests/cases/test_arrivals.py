"""Lots of one SKU that arrive on several days: each is an arrival of its own."""

from __future__ import annotations

from sqlalchemy import select

from core.database import Database, read
from core.stock.tables import stock_arrival
from tests.cases.test_cases import Command, positions
from tests.cases.test_strangers import Rows, Sheet, codes, sheet, taken

__all__ = ["sheet"]
HEAD: list[object] = ["商品编码", "在途数量", "预计到货日期"]
LEVELS = ("on_hand", "in_transit")


def arrivals(database: Database) -> set[tuple[str, str, int]]:
    """What is on its way."""
    with database.reading() as connection:
        return set(read(connection, select(stock_arrival)).itertuples(index=False, name=None))


def test_each_day_is_an_arrival(command_line: Command, sheet: Sheet, database: Database) -> None:
    rows: Rows = [HEAD, ["A", 10, "2026-11-01"], ["A", 20, "2026-11-05"], ["B", 3, "2026-11-02"]]
    report = taken(command_line, "stock", sheet(rows))
    assert (report["merged"], codes(report)) == (1, set())
    assert arrivals(database) == {("A", "2026-11-01", 10), ("A", "2026-11-05", 20), ("B", "2026-11-02", 3)}
    assert positions(command_line, *LEVELS) == {"A": (0, 30), "B": (0, 3)}
    assert taken(command_line, "stock", sheet(rows))["unchanged"] == 2
    later = taken(command_line, "stock", sheet([*rows[:2], ["A", 20, "2026-11-07"], rows[3]]))
    assert (later["changed"], later["unchanged"]) == (1, 1)
    assert ("A", "2026-11-07", 20) in arrivals(database)
    assert command_line("undo", later["import_id"])[0] == 0
    assert arrivals(database) == {("A", "2026-11-01", 10), ("A", "2026-11-05", 20), ("B", "2026-11-02", 3)}
    assert command_line("check")[1]["ok"]


def test_a_day_that_nobody_knows_is_one_too(command_line: Command, sheet: Sheet, database: Database) -> None:
    taken(command_line, "stock", sheet([HEAD, ["A", 30, "2026-11-09"]]))
    taken(command_line, "stock", sheet([HEAD, ["A", 7, "2026-11-09"], ["A", 5, ""], ["A", 0, "2026-11-11"]]))
    assert arrivals(database) == {("A", "2026-11-09", 7), ("A", "", 5)}


def test_lots_for_several_warehouses(command_line: Command, sheet: Sheet, database: Database) -> None:
    head: list[object] = ["商品编码", "仓库", "库存", *HEAD[1:]]
    rows: Rows = [head, ["A", "上海仓", 5, 10, "2026-11-01"], ["A", "北京仓", 4, 20, "2026-11-05"]]
    report = taken(command_line, "stock", sheet(rows))
    assert "import.parts_disagree" not in codes(report)
    assert positions(command_line, *LEVELS) == {"A": (9, 30)}
    assert arrivals(database) == {("A", "2026-11-01", 10), ("A", "2026-11-05", 20)}


def test_units_on_hand_beside_one_lot_only(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["商品编码", "库存", *HEAD[1:]]
    taken(command_line, "stock", sheet([head, ["A", 5, 10, "2026-11-01"], ["A", "", 20, "2026-11-05"]]))
    assert positions(command_line, *LEVELS) == {"A": (5, 30)}
    twice: Rows = [head, ["A", 5, 10, "2026-11-01"], ["A", 5, 20, "2026-11-05"], ["B", 1, 2, ""]]
    report = taken(command_line, "stock", sheet(twice))
    assert {(cell["cell"], cell["code"]) for cell in report["rejected"]} == {
        ("D2", "stock.arrival_levels"),
        ("D3", "stock.arrival_levels"),
    }
    assert positions(command_line, *LEVELS) == {"A": (5, 30), "B": (1, 2)}


def test_the_same_day_twice_is_still_nobodys(command_line: Command, sheet: Sheet) -> None:
    code, report = command_line(
        "import", "stock", sheet([HEAD, ["A", 10, "2026-11-01"], ["A", 20, "2026-11-01"]])
    )
    assert (code, codes(report)) == (1, {"cell.duplicate"})
