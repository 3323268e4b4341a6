"""Codes that differ only by case or by look: a question that names the cells, answered once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.test_cases import Command, assert_whole, positions
from tests.cases.test_strangers import ORDER, PAID_AT, Rows, Sheet, codes, sheet, taken

__all__ = ["sheet"]
HEAD: list[object] = ["商品编码", "库存数"]
DISTINCT = "--distinct-codes"


def cells(report: dict[str, Any]) -> set[tuple[str, str]]:
    """The refused cells and why."""
    return {(cell["cell"], cell["code"]) for cell in report["rejected"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [("a1", "A1"), ("A-1", "A–1"), ("ABC 1", "abc  1"), ("А1", "A1"), ("А1", "a1"), ("k7-Red", "K7-RED")],
)
def test_two_spellings_in_one_sheet_are_no_two_skus(
    command_line: Command, sheet: Sheet, one: str, other: str
) -> None:
    path = sheet([HEAD, [one, 4], [other, 6], ["B", 1]])
    report = taken(command_line, "stock", path)
    assert cells(report) == {("A2", "cell.look_alike"), ("A3", "cell.look_alike")}
    assert positions(command_line) == {"B": (1,)}
    assert report["control"]["on_hand"] == {
        "file": 11,
        "written": 1,
        "rejected": 10,
        "skipped": 0,
        "excluded": 0,
    }
    (said,) = [warning for warning in report["warnings"] if warning["code"] == "import.look_alikes"]
    assert (said["count"], said["rows"], set(said["names"][0].split(" / "))) == (1, 2, {one, other})


def test_who_really_has_both_says_so_once(command_line: Command, sheet: Sheet) -> None:
    path = sheet([HEAD, ["a1", 4], ["A1", 6]])
    code, report = command_line("import", "stock", path)
    assert (code, report["committed"], positions(command_line)) == (1, False, {})
    report = taken(command_line, "stock", path, DISTINCT)
    assert positions(command_line) == {"a1": (4,), "A1": (6,)}
    again = taken(command_line, "stock", sheet([HEAD, ["a1", 5], ["A1", 6]]))
    assert codes(again) == set()
    assert positions(command_line) == {"a1": (5,), "A1": (6,)}
    assert command_line("undo", report["import_id"])[0] == 1  # a later sheet stands


@pytest.mark.parametrize("kind", ["stock", "count", "goods"])
def test_another_spelling_of_a_known_code_is_no_second_sku(
    command_line: Command, sheet: Sheet, kind: str
) -> None:
    taken(command_line, "stock", sheet([HEAD, ["A1", 6], ["B", 1]]))
    figure = {"stock": "库存数", "count": "实盘数量", "goods": "安全库存"}[kind]
    report = taken(command_line, kind, sheet([["商品编码", figure], ["a1", 4], ["A1", 2], ["B", 1]]))
    assert cells(report) == {("A2", "cell.look_alike"), ("A3", "cell.look_alike")}
    assert positions(command_line) == {"A1": (6,), "B": (1,)}


def test_a_sheet_in_another_case_is_refused_whole(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet([HEAD, *([f"K{n}", n] for n in range(20))]))
    for kind, head in (("stock", "库存数"), ("count", "实盘数量"), ("goods", "安全库存")):
        code, report = command_line(
            "import", kind, sheet([["商品编码", head], *([f"k{n}", n + 1] for n in range(20))])
        )
        assert (code, report["committed"]) == (1, False)
        assert "import.strange" not in codes(report)
    assert len(positions(command_line)) == 20


@pytest.mark.parametrize("kind", ["traffic", "warmup"])
def test_a_report_in_another_case_is_no_second_sku(command_line: Command, sheet: Sheet, kind: str) -> None:
    taken(command_line, "stock", sheet([HEAD, ["A1", 6]]))
    head = ["日期", "商品编码", "访客数", "加购件数"]
    rows: Rows = [head, ["2026-11-01", "a1", 10, 1], ["2026-11-01", "B", 5, 1]]
    report = taken(command_line, kind, sheet(rows))
    assert cells(report) == {("B2", "cell.look_alike")}
    assert set(positions(command_line)) == {"A1", "B"}
    code, report = command_line("import", kind, sheet([head, ["2026-11-02", "a1", 10, 1]]))
    assert (code, cells(report)) == (1, {("B2", "cell.look_alike")})
    taken(command_line, kind, sheet(rows), DISTINCT)
    assert set(positions(command_line)) == {"A1", "B", "a1"}


def test_orders_that_hold_such_a_code_wait_whole(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet([HEAD, ["A1", 6], ["B", 6]]))
    rows: Rows = [
        ORDER,
        ["T1", "a1", 1, 100, PAID_AT],
        ["T1", "B", 1, 50, PAID_AT],
        ["T2", "A1", 1, 100, PAID_AT],
        ["T3", "B", 1, 50, PAID_AT],
    ]
    _, report = command_line("import", "orders", sheet(rows))
    assert_whole(report)
    assert cells(report) == {
        ("B2", "cell.look_alike"),
        ("A3", "cell.group_refused"),
        ("B4", "cell.look_alike"),
    }
    assert [line["order_id"] for line in command_line("orders")[1]] == ["T3"]
    report = taken(command_line, "orders", sheet(rows), DISTINCT)
    assert sorted(line["order_id"] for line in command_line("orders")[1]) == ["T1", "T1", "T2", "T3"]
    assert set(positions(command_line)) == {"A1", "B", "a1"}
    assert codes(taken(command_line, "orders", sheet([*rows, ["T4", "a1", 1, 9, PAID_AT]]))) == set()


def test_an_order_of_another_spelling_of_goods_that_only_orders_know(
    command_line: Command, sheet: Sheet
) -> None:
    taken(command_line, "orders", sheet([ORDER, ["T1", "A1", 1, 10, PAID_AT], ["T2", "B", 1, 10, PAID_AT]]))
    later: Rows = [ORDER, ["T3", "a1", 1, 10, PAID_AT], ["T4", "B", 1, 10, PAID_AT]]
    report = taken(command_line, "orders", sheet(later))
    assert cells(report) == {("B2", "cell.look_alike")}
    assert {line["sku_code"] for line in command_line("orders")[1]} == {"A1", "B"}
    taken(command_line, "orders", sheet(later), DISTINCT)
    again = taken(command_line, "orders", sheet([ORDER, ["T5", "a1", 1, 10, PAID_AT]]))
    assert "import.look_alikes" not in codes(again)
