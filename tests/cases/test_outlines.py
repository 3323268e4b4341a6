"""Outlines of Excel's pivots in one column: a group's row is the sum of those below it, and no goods of its own."""

from __future__ import annotations

import pytest

from tests.cases.test_cases import Command, positions
from tests.cases.test_strangers import Rows, Sheet, sheet, taken

__all__ = ["sheet"]
HEAD: list[object] = ["行标签", "求和项:库存数量", "求和项:锁定库存"]
NAMED = ("--map", "sku_code=行标签", "--map", "on_hand=求和项:库存数量", "--map", "reserved=求和项:锁定库存")
WHOLE: list[object] = ["总计", 22, 3]


@pytest.mark.parametrize(
    "groups",
    [
        [["上海仓", 15, 1], ["A01", 10, ""], ["B02", 5, 1], ["广州仓", 7, 2], ["C03", 7, 2]],
        [["围巾", 15, 1], ["A01", 10, 0], ["B02", 5, 1], ["手套", 7, 2], ["C03", 7, 2]],
        [["上海仓", 22, 3], ["围巾", 15, 1], ["A01", 10, 0], ["B02", 5, 1], ["手套", 7, 2], ["C03", 7, 2]],
        [["上海仓", 22, 3], ["A01", 10, 0], ["B02", 5, 1], ["C03", 7, 2]],
    ],
)
def test_groups_are_sums_and_no_goods(command_line: Command, sheet: Sheet, groups: Rows) -> None:
    report = taken(command_line, "stock", sheet([HEAD, *groups, WHOLE]), *NAMED)
    assert positions(command_line, "on_hand", "reserved") == {"A01": (10, 0), "B02": (5, 1), "C03": (7, 2)}
    control = report["control"]["on_hand"]
    assert (control["written"], control["file"] - control["skipped"]) == (22, 22)
    assert report["skipped_totals"] == len(groups) - 2


def test_goods_that_lie_in_two_groups_are_named_and_never_doubled(
    command_line: Command, sheet: Sheet
) -> None:
    rows: Rows = [
        HEAD,
        ["上海仓", 15, 0],
        ["A01", 10, 0],
        ["B02", 5, 0],
        ["广州仓", 7, 3],
        ["A01", 7, 3],
        WHOLE,
    ]
    report = taken(command_line, "stock", sheet(rows), *NAMED)
    assert positions(command_line) == {"B02": (5,)}
    assert [(cell["cell"], cell["code"]) for cell in report["rejected"]] == [
        ("A3", "cell.duplicate"),
        ("A6", "cell.duplicate"),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [["RED", 5, 0], ["A1", 5, 0], ["BLUE", 3, 0], ["B1", 3, 0]],
        [["RED", 5, 0], ["A1", 2, 0], ["A2", 3, 0]],
        [["RED", 9, 0], ["A1", 2, 0], ["A2", 3, 0], ["BLUE", 3, 0], ["B1", 3, 0]],
        [["A1", 2, 0], ["RED", 5, 0], ["A2", 3, 0], ["A3", 2, 0]],
    ],
)
def test_goods_without_a_digit_are_goods(command_line: Command, sheet: Sheet, rows: Rows) -> None:
    taken(command_line, "stock", sheet([HEAD, *rows]), *NAMED)
    assert positions(command_line) == {str(code): (units,) for code, units, _ in rows}


def test_headings_alone_in_their_row_are_no_goods(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["商品编码", "商品名称", "库存数量"]
    rows: Rows = [
        ["围巾类", "", ""],
        ["A01", "红", 10],
        ["B02", "蓝", 5],
        ["手套类", "", ""],
        ["C03", "白", 7],
    ]
    report = taken(command_line, "stock", sheet([head, *rows]))
    assert positions(command_line) == {"A01": (10,), "B02": (5,), "C03": (7,)}
    assert (report["rows"], report["skipped_totals"], report["control"]["on_hand"]["file"]) == (5, 2, 22)


def test_a_code_without_a_digit_among_others_is_goods(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet([["商品编码", "库存数量"], ["A01", 10], ["RED", ""], ["B02", 5]]))
    assert set(positions(command_line)) == {"A01", "RED", "B02"}
