"""An order is taken whole or refused whole: whatever is wrong with one of its rows, no part of its amount is split."""

from __future__ import annotations

import pytest

from tests.cases.test_cases import Command, by_order
from tests.cases.test_strangers import Rows, Sheet, codes, sheet, taken

__all__ = ["sheet"]  # the fixture
HEAD: list[object] = ["订单号", "商品编码", "数量", "商品金额", "订单应付金额", "付款时间", "买家会员名"]
NINE, TEN = "2026-11-11 09:00:00", "2026-11-11 10:00:00"


@pytest.mark.parametrize(
    ("column", "cell"), [(2, "#REF!"), (2, "两件"), (3, "6O.00"), (4, "#N/A"), (5, "昨天")]
)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_refused_cell_refuses_its_order(
    command_line: Command, sheet: Sheet, column: int, cell: str, place: int
) -> None:
    rows: Rows = [
        HEAD,
        ["1", "A", 1, "100.00", "150.00", NINE, "甲"],
        ["1", "B", 1, "60.00", "150.00", NINE, "甲"],
        ["1", "C", 1, "10.00", "150.00", NINE, "甲"],
        ["2", "A", 1, "100.00", "110.00", TEN, "乙"],
        ["2", "B", 1, "30.00", "110.00", TEN, "乙"],
    ]
    rows[place][column] = cell
    report = taken(command_line, "orders", sheet(rows))
    assert {order: sum(amounts) for order, amounts in by_order(command_line, "amount").items()} == {
        "2": 11000
    }
    assert len({refused["row"] for refused in report["rejected"]}) == 3
    assert "cell.group_refused" in codes(report)


@pytest.mark.parametrize("place", [1, 2])
def test_a_refused_line_under_the_first_of_an_order(command_line: Command, sheet: Sheet, place: int) -> None:
    rows: Rows = [
        HEAD,
        ["1", "A", 1, "100.00", "150.00", NINE, "甲"],
        ["", "B", 1, "60.00", "", "", ""],
        ["2", "A", 1, "100.00", "110.00", TEN, "乙"],
        ["", "B", 1, "30.00", "", "", ""],
    ]
    rows[place][2] = "#VALUE!"
    taken(command_line, "orders", sheet(rows))
    assert {order: sum(amounts) for order, amounts in by_order(command_line, "amount").items()} == {
        "2": 11000
    }


def test_lines_with_amounts_of_their_own_are_one_order_too(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["订单号", "商品编码", "数量", "实付金额", "付款时间"]
    rows: Rows = [head, ["1", "A", 1, 100, NINE], ["1", "B", "x", 50, NINE], ["2", "B", 1, 50, TEN]]
    taken(command_line, "orders", sheet(rows))
    assert by_order(command_line, "amount") == {"2": [5000]}
    blank: Rows = [head, ["3", "A", 1, 100, NINE], ["3", "B", 1, "", NINE]]
    blank += [["4", "A", 1, 30, TEN], ["4", "B", 1, 20, TEN]]  # these say that the amounts are the lines'
    report = taken(command_line, "orders", sheet(blank))
    assert by_order(command_line, "amount") == {"2": [5000], "4": [3000, 2000]}
    assert codes(report) >= {"cell.blank", "orders.line_refused"}


def test_a_number_that_cannot_be_read_may_be_its_neighbours(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [
        HEAD,
        ["1", "A", 1, "100.00", "150.00", NINE, "甲"],
        ["#REF!", "B", 1, "60.00", "150.00", NINE, "甲"],
        ["2", "A", 1, "100.00", "110.00", TEN, "乙"],
    ]
    taken(command_line, "orders", sheet(rows))
    assert by_order(command_line, "amount") == {"2": [11000]}


def test_amounts_of_one_order_that_differ_are_no_amount_of_the_order(
    command_line: Command, sheet: Sheet
) -> None:
    rows: Rows = [
        HEAD,
        ["1", "A", 1, "100.00", "100.00", NINE, "甲"],
        ["1", "B", 1, "60.00", "60.00", NINE, "甲"],
        ["2", "A", 1, "100.00", "110.00", TEN, "乙"],
    ]
    path = sheet(rows)
    report = taken(command_line, "orders", path, "--map", "order_amount=订单应付金额")
    assert by_order(command_line, "amount") == {"2": [11000]}
    assert codes(report) == {"orders.order_amounts_differ"}
    taken(command_line, "orders", path, "--map", "line_paid=订单应付金额")
    assert by_order(command_line, "amount") == {"2": [11000], "1": [10000, 6000]}
