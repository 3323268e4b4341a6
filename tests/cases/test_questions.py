"""What a sheet leaves open is asked, with its cell and the way to answer, and what was passed over is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from tests.cases.test_cases import Command, orders, positions
from tests.cases.test_strangers import ORDER, PAID_AT, Rows, Sheet, codes, sheet, taken

__all__ = ["sheet"]
PLACED: Rows = [
    ["仓库", "SKU编码", "库存数量"],
    ["甲仓", "A", 3],
    ["", "B", 4],
    ["残次仓", "C", 5],
    ["", "D", 6],
]


def refused(command_line: Command, kind: str, path: str, *more: str) -> dict[str, Any]:
    """The answer of an import that must not be committed."""
    code, answer = command_line("import", kind, path, *more)
    assert (code, bool(answer.get("committed"))) == (1, False), answer
    return dict(answer)


def test_a_warehouse_on_the_first_row_of_its_block_is_a_question(command_line: Command, sheet: Sheet) -> None:
    answer = refused(command_line, "stock", sheet(PLACED))
    facts = answer["facts"]
    assert answer["error"] == "import.below_question"
    assert (facts["header"], facts["cell"], facts["above"], facts["rows"]) == ("仓库", "A3", "甲仓", 2)
    assert "--fill-down 仓库" in answer["message"]


@pytest.mark.parametrize(("way", "last"), [("--fill-down", 0), ("--no-fill", 6)])
def test_both_answers_about_the_blanks_below(
    command_line: Command, sheet: Sheet, way: str, last: int
) -> None:
    taken(command_line, "stock", sheet(PLACED), way, "仓库")
    assert positions(command_line) == {"A": (3,), "B": (4,), "C": (0,), "D": (last,)}


def test_bins_below_a_warehouse_are_parts_once_the_blanks_are_filled(
    command_line: Command, sheet: Sheet
) -> None:
    rows: Rows = [["仓库", "SKU编码", "库存"], ["甲", "A", 1], ["", "B", 2], ["", "", ""], ["乙", "A", 4]]
    rows += [["", "B", 8], ["合计", "", 15]]
    report = taken(command_line, "stock", sheet(rows), "--fill-down", "仓库")
    assert positions(command_line) == {"A": (5,), "B": (10,)}
    assert (report["rows"], report["skipped_totals"]) == (5, 1)


def test_a_cell_that_lists_sizes_is_a_question(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["款号", "尺码", "库存数量"], ["K1", "S/M/L", 30], ["K2", "S/M", 4]]
    answer = refused(command_line, "stock", sheet(rows))
    assert (answer["error"], answer["facts"]["cell"]) == ("import.sizes_question", "B2")
    taken(command_line, "stock", sheet(rows), "--key", "款号")
    assert positions(command_line) == {"K1": (30,), "K2": (4,)}


def test_sizes_in_columns_beside_their_total_are_named(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["款号", "S", "M", "L", "合计"], ["K1", 1, 2, 3, 6], ["K2", 4, 5, 6, 15]]
    report = taken(command_line, "stock", sheet(rows), "--key", "款号")
    (said,) = [w for w in report["warnings"] if w["code"] == "import.sizes_summed"]
    assert said["names"] == ["S", "M", "L"]


def test_rows_that_a_known_column_tells_apart_are_a_question(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["商品编码", "供应商", "库存"], ["A", "甲", 6], ["A", "乙", 4], ["B", "乙", 1]]
    assert refused(command_line, "stock", sheet(rows))["facts"]["differs"] == "供应商"


def test_an_amount_that_was_passed_over_is_named_with_its_sum(command_line: Command, sheet: Sheet) -> None:
    head = [*ORDER[:4], "成交金额", ORDER[4]]
    report = taken(command_line, "orders", sheet([head, ["1", "A", 1, "10.00", "12.00", PAID_AT]]))
    (said,) = [w for w in report["warnings"] if w["code"] == "import.column_passed_over"]
    assert (said["field"], said["header"]) == ("paid_amount", "实付金额")
    assert said["columns"] == [{"header": "实付金额", "sum": 1000}, {"header": "成交金额", "sum": 1200}]


def test_a_column_that_says_the_same_is_no_news(command_line: Command, sheet: Sheet) -> None:
    head = [*ORDER[:4], "成交金额", ORDER[4]]
    report = taken(command_line, "orders", sheet([head, ["1", "A", 1, "10.00", "10.00", PAID_AT]]))
    assert "import.column_passed_over" not in codes(report)


def test_a_sheet_of_which_most_rows_are_refused_is_not_taken(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["SKU编码", "库存数量"], *([f"A{at // 2}", at] for at in range(24)), ["B", 5]]
    answer = refused(command_line, "stock", sheet(rows))
    (said,) = answer["warnings"]
    assert (said["code"], said["refused"], said["rows"]) == ("import.mostly_refused", 24, 25)
    assert (said["cell"], said["reason"]) == ("A2", "cell.duplicate")
    assert command_line("import", "stock", sheet(rows), "--dry-run")[0] == 1
    taken(command_line, "stock", sheet(rows), "--partial")
    assert positions(command_line) == {"B": (5,)}


def test_a_few_slips_keep_nothing_else_out(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["SKU编码", "库存数量"], ["A", 1], ["A", 2], ["B", 5]]
    report = taken(command_line, "stock", sheet(rows))
    assert [cell["cell"] for cell in report["rejected"]] == ["A2", "A3"]
    assert positions(command_line) == {"B": (5,)}


def test_what_is_there_under_an_unknown_title_is_a_question(command_line: Command, tmp_path: Path) -> None:
    book = Workbook()
    for row in (
        ["商品编码", "良品", None, "在途"],
        [None, "正品数", "次品数", None],
        ["A", 3, 1, 4],
        ["B", 5, 0, 6],
    ):
        book.active.append(row)
    for merged in ("A1:A2", "B1:C1", "D1:D2"):
        book.active.merge_cells(merged)
    path = str(tmp_path / "a.xlsx")
    book.save(path)
    asked = [w for w in refused(command_line, "stock", path)["warnings"] if "field" in w]
    assert [(w["code"], w["field"]) for w in asked] == [("import.columns_fit_twice", "on_hand")]
    taken(command_line, "stock", path, "--map", "on_hand=正品数")
    assert positions(command_line, "on_hand", "in_transit") == {"A": (3, 4), "B": (5, 6)}


def test_an_export_known_to_repeat_the_orders_amount(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = [
        "订单号",
        "商品ID",
        "商品名称",
        "订购数量",
        "货号",
        "下单时间",
        "京东价",
        "应付金额",
    ]
    rows: Rows = [
        head,
        ["9", "1", "x", 1, "A", PAID_AT, "", "90"],
        ["9", "2", "y", 2, "B", PAID_AT, "", "90"],
    ]
    report = taken(command_line, "orders", sheet(rows))
    assert {line["sku_code"]: line["amount"] for line in orders(command_line)} == {"A": 3000, "B": 6000}
    assert report["control"]["paid_amount"]["skipped"] == 9000


def test_goods_on_their_way_back_are_not_refunded(command_line: Command, sheet: Sheet) -> None:
    words = ["退货退款中", "退款退货处理中", "退货退款申请中", "退货退款成功"]
    rows: Rows = [[*ORDER, "订单状态"], *([str(n), "A", 1, "9.90", PAID_AT, w] for n, w in enumerate(words))]
    taken(command_line, "orders", sheet(rows))
    states = {line["order_id"]: line["state"] for line in orders(command_line)}
    assert states == {"0": "paid", "1": "paid", "2": "paid", "3": "refunded"}


def test_more_refunded_than_paid_is_said(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [[*ORDER, "退款金额"], ["1", "A", 1, "10.00", PAID_AT, "12.00"]]
    (said,) = taken(command_line, "orders", sheet(rows))["warnings"]
    assert (said["code"], said["rows"], said["amount"]) == ("orders.refund_above_paid", 1, 200)


@pytest.mark.parametrize("label", ["整体", "全网", "共2单"])
def test_more_words_for_all_of_it(command_line: Command, sheet: Sheet, label: str) -> None:
    rows: Rows = [["商品编码", "库存"], [label, 7], ["A", 3], ["B", 4]]
    assert taken(command_line, "stock", sheet(rows))["skipped_totals"] == 1


def test_titles_of_one_order_in_one_cell_with_their_units(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["订单编号", "下单账号", "商品ID", "商品名称", "商品件数", "实付金额", "付款时间"]
    rows: Rows = [
        head,
        ["1", "u", "7;8", "核桃卷(1);生巧（黑巧）(2)", 3, "10.00", PAID_AT],
        ["2", "v", "7", "核桃卷(4)", 4, "5.00", PAID_AT],
    ]
    taken(command_line, "orders", sheet(rows))
    lines = {(line["order_id"], line["sku_code"]): line for line in orders(command_line)}
    assert {key: (line["quantity"], line["amount"]) for key, line in lines.items()} == {
        ("1", "核桃卷"): (1, 333),
        ("1", "生巧（黑巧）"): (2, 667),
        ("2", "核桃卷"): (4, 500),
    }


def test_a_name_in_brackets_that_is_no_count_stays_a_name(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["订单编号", "商品名称", "商品件数", "实付金额", "付款时间"]
    rows: Rows = [head, ["1", "面膜(5);水", 1, "10.00", PAID_AT], ["2", "面膜(5)", 1, "5.00", PAID_AT]]
    taken(command_line, "orders", sheet(rows))
    assert {line["sku_code"] for line in orders(command_line)} == {"面膜(5);水", "面膜(5)"}


def test_a_place_where_goods_are_not_stocked_has_no_units(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["Handle", "Title", "SKU", "Location", "Available", "On hand"]
    rows: Rows = [
        head,
        ["tee", "Tee", "T", "Shop", 4, 5],
        ["tee", "Tee", "T", "Depot", "not stocked", "not stocked"],
    ]
    report = taken(command_line, "stock", sheet(rows))
    assert positions(command_line) == {"T": (5,)}
    assert report["rejected"] == []


def test_units_that_belong_to_no_field_are_named(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["商品编码", "实际库存数", "销退仓库存", "库存金额"], ["A", 10, 3, "99.00"]]
    said = taken(command_line, "stock", sheet(rows))["warnings"]
    assert [(warning["code"], warning["names"]) for warning in said] == [
        ("import.levels_left", ["销退仓库存 3"]),
        ("import.figures_left", ["库存金额 99"]),
    ]


def test_stock_by_lot_as_ledgers_write_it(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = [
        "仓库名称",
        "存货编码",
        "存货名称",
        "主计量单位名称",
        "现存数量",
        "可用数量",
        "批号",
    ]
    rows: Rows = [
        head,
        ["成品仓", "01", "针", "支", 100, 80, "B1"],
        ["成品仓", "01", "针", "支", 50, 50, "B2"],
    ]
    rows += [["不良品仓", "01", "针", "支", 7, 0, "B3"], ["合计", "", "", "", 157, 130, ""]]
    report = taken(command_line, "stock", sheet(rows))
    assert positions(command_line) == {"01": (150,)}
    assert report["control"]["on_hand"]["excluded"] == 7
