"""Sheets of the same kinds in other words, layouts and encodings: right, or asked, or refused, never a part of it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cases.test_cases import Command, assert_whole, positions

Rows = list[list[object]]
Sheet = Callable[..., str]
ORDER = ["订单号", "商品编码", "数量", "实付金额", "付款时间"]
PAID_AT = "2026-11-11 00:10:00"


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    """Rows as a csv file: its path."""

    def write(rows: Rows, encoding: str = "utf-8-sig", separator: str = ",") -> str:
        path = tmp_path / "a.csv"
        with path.open("w", encoding=encoding, newline="") as lines:
            csv.writer(lines, delimiter=separator).writerows(rows)
        return str(path)

    return write


def taken(command_line: Command, kind: str, path: str, *more: str) -> dict[str, Any]:
    """The report of an import that must be committed."""
    code, report = command_line("import", kind, path, *more)
    assert (code, report.get("committed")) == (0, True), report
    assert_whole(report)
    return dict(report)


def codes(report: dict[str, Any]) -> set[str]:
    """The codes of warnings and refused cells."""
    return {entry["code"] for entry in (*report.get("warnings", ()), *report.get("rejected", ()))}


@pytest.mark.parametrize("label", ["合计", "全部仓库", "所有仓库", "总 计", "【小计】", "Total"])
def test_a_location_that_means_all_of_them_is_a_total(
    command_line: Command, sheet: Sheet, label: str
) -> None:
    rows: Rows = [
        ["商品编码", "仓库", "库存数"],
        ["A", "甲", 3],
        ["A", "乙", 4],
        ["A", label, 7],
        ["B", "甲", 1],
    ]
    report = taken(command_line, "stock", sheet(rows))
    assert positions(command_line) == {"A": (7,), "B": (1,)}
    assert report["skipped_totals"] == 1


def test_a_location_left_blank_on_the_sum_of_the_others_is_a_total(
    command_line: Command, sheet: Sheet
) -> None:
    rows: Rows = [["商品编码", "仓库", "库存数"], ["A", "", 7], ["A", "甲", 3], ["A", "乙", 4]]
    assert taken(command_line, "stock", sheet(rows))["skipped_totals"] == 1
    assert positions(command_line) == {"A": (7,)}


def test_a_location_left_blank_on_another_count_is_a_part(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["商品编码", "仓库", "库存数"], ["A", "", 5], ["A", "甲", 3], ["A", "乙", 4]]
    taken(command_line, "stock", sheet(rows))
    assert positions(command_line) == {"A": (12,)}


def test_a_channel_that_means_all_of_them_is_a_total(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["统计日期", "终端", "商品编码", "商品访客数", "支付件数", "支付金额"]
    day = "2026-11-01"
    rows: Rows = [
        head,
        [day, "PC", "A", 10, 1, 99],
        [day, "无线", "A", 10, 1, 99],
        [day, "所有终端", "A", 20, 2, 198],
    ]
    rows.append(["2026-11-02", "所有终端", "A", 5, 1, 99])  # alone on its day it is the day
    report = taken(command_line, "traffic", sheet(rows))
    stored = {row["day"]: (row["visitors"], row["units_paid"]) for row in command_line("signals")[1]}
    assert stored == {"2026-11-01": (20, 2), "2026-11-02": (5, 1)}
    assert report["skipped_totals"] == 1


@pytest.mark.parametrize(
    "label", ["总 计", "【合计】", "Σ", "共 3 条", "统计", "合计金额", "所有门店", "总", "以上合计数"]
)
def test_totals_in_the_column_of_codes(command_line: Command, sheet: Sheet, label: str) -> None:
    report = taken(command_line, "stock", sheet([["商品编码", "库存数"], ["A", 3], ["B", 4], [label, 7]]))
    assert positions(command_line) == {"A": (3,), "B": (4,)}
    assert report["skipped_totals"] == 1


def test_a_shop_below_a_stock_title_is_a_count_and_no_location(command_line: Command, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    page = book.active
    for row in (
        ["商品", "", "库存", ""],
        ["编码", "名称", "总仓", "门店"],
        ["A", "x", 1, 2],
        ["B", "y", 3, 4],
    ):
        page.append(row)
    page.merge_cells("A1:B1")
    page.merge_cells("C1:D1")
    book.save(tmp_path / "a.xlsx")
    code, report = command_line("import", "stock", str(tmp_path / "a.xlsx"))
    assert (code, codes(report)) == (1, {"import.columns_fit_twice"})
    added = ("--map", "on_hand=总仓+门店")
    taken(command_line, "stock", str(tmp_path / "a.xlsx"), *added)
    assert positions(command_line) == {"A": (3,), "B": (7,)}


@pytest.mark.parametrize(("first", "second"), [("在途库存", "调拨在途"), ("占用库存", "锁定库存")])
def test_two_columns_of_what_is_held_or_on_its_way_are_a_question(
    command_line: Command, sheet: Sheet, first: str, second: str
) -> None:
    code, report = command_line(
        "import", "stock", sheet([["商品编码", "库存", first, second], ["A", 10, 4, 5]])
    )
    assert (code, codes(report)) == (1, {"import.columns_fit_twice"})


def test_bins_of_a_lot_that_nothing_tells_apart_are_refused_in_a_count(
    command_line: Command, sheet: Sheet
) -> None:
    code, report = command_line(
        "import", "count", sheet([["商品编码", "批次", "盘点数量"], ["A", "K", 3], ["A", "K", 2]])
    )
    assert (code, codes(report)) == (1, {"cell.duplicate"})


def test_a_header_that_counts_in_cartons(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet([["商品编码", "库存(箱)", "箱规"], ["A", 3, 12], ["B", 2, 6]]))
    assert positions(command_line) == {"A": (36,), "B": (12,)}


def test_a_header_that_counts_in_cartons_of_an_unknown_size(command_line: Command, sheet: Sheet) -> None:
    code, report = command_line("import", "stock", sheet([["商品编码", "库存（箱）"], ["A", 3]]))
    assert (code, codes(report)) == (1, {"cell.unit"})


def test_headers_in_ten_thousands(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet([["商品编码", "库存(万件)"], ["A", "3.5"]]))
    assert positions(command_line) == {"A": (35_000,)}
    taken(
        command_line,
        "traffic",
        sheet([["日期", "商品编码", "支付金额(万元)"], ["2026-11-01", "A", "1.2345"]]),
    )
    (row,) = command_line("signals")[1]
    assert row["paid_amount"] == 12_345_00


@pytest.mark.parametrize("header", ["支付币种", "订单币种", "本单货币", "Store currency"])
def test_a_currency_column_under_another_name(command_line: Command, sheet: Sheet, header: str) -> None:
    rows: Rows = [
        [*ORDER, header],
        ["T1", "A", 1, 100, PAID_AT, "美元"],
        ["T2", "A", 1, 100, PAID_AT, "人民币"],
    ]
    report = taken(command_line, "orders", sheet(rows))
    assert "sheet.currency" in codes(report)
    assert [line["order_id"] for line in command_line("orders")[1]] == ["T2"]
    taken(command_line, "orders", sheet(rows), "--rate", "USD=7.1")
    assert {line["order_id"]: line["amount"] for line in command_line("orders")[1]} == {
        "T1": 71000,
        "T2": 10000,
    }


def test_costs_in_another_currency(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["商品编码", "商品名称", "成本价", "成本币种"], ["A", "x", 100, "USD"]]
    code, report = command_line("import", "goods", sheet(rows))
    assert (code, codes(report)) == (1, {"cell.currency", "sheet.currency"})


def test_dates_that_prove_nothing_are_asked_for_and_answered(command_line: Command, sheet: Sheet) -> None:
    path = sheet([ORDER, ["T1", "A", 1, 100, "01/02/2024 10:00"]])
    code, report = command_line("import", "orders", path)
    assert (code, codes(report)) == (1, {"cell.day_or_month", "sheet.day_or_month"})
    taken(command_line, "orders", path, "--dates", "day")
    assert [str(line["paid_at"])[:10] for line in command_line("orders")[1]] == ["2024-02-01"]
    assert command_line("import", "orders", path, "--dates", "year")[0] == 2
    assert command_line("import", "orders", path, "--rate", "USD")[0] == 2


def test_a_platforms_number_in_place_of_the_code_is_said(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["订单号", "样式ID", "商品数量(件)", "用户实付金额(元)", "支付时间"]
    report = taken(command_line, "orders", sheet([head, ["1", "800", 1, 10, PAID_AT]]))
    assert codes(report) == {"import.stand_in"}
    own: Rows = [[*head, "商品规格编码"], ["2", "800", 1, 10, PAID_AT, "A-1"]]
    assert codes(taken(command_line, "orders", sheet(own))) == {"import.strange"}, (
        "its own code, which the shop has not yet"
    )
    assert {line["order_id"]: line["sku_code"] for line in command_line("orders")[1]} == {
        "1": "800",
        "2": "A-1",
    }


def test_an_order_that_has_some_refund_is_not_refunded_whole(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [[*ORDER, "订单状态"], ["T1", "A", 1, 100, PAID_AT, "已完成（有退款）"]]
    taken(command_line, "orders", sheet(rows))
    (line,) = command_line("orders")[1]
    assert (line["state"], line["refund_amount"]) == ("done", 0)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_formulas_with_curly_quotes(command_line: Command, sheet: Sheet, encoding: str) -> None:
    rows: Rows = [["商品编码", "库存"], ['="0012"', '="1,200"'], ["=“0015”", "6"]]
    taken(command_line, "stock", sheet(rows, encoding, "\t"))
    assert positions(command_line) == {"0012": (1200,), "0015": (6,)}


def test_a_code_that_looks_like_a_known_one_is_no_second_sku(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet([["商品编码", "库存"], ["A01", 3]]))
    cyrillic = "\u041001"  # a Cyrillic А before 01
    report = taken(command_line, "stock", sheet([["商品编码", "库存"], [cyrillic, 7], ["B02", 1]]))
    assert "cell.look_alike" in codes(report)
    assert positions(command_line) == {"A01": (3,), "B02": (1,)}
    goods = taken(command_line, "goods", sheet([["商品编码", "商品名称"], [cyrillic, "x"], ["B03", "y"]]))
    assert "cell.look_alike" in codes(goods)
    assert set(positions(command_line)) == {"A01", "B02", "B03"}


def test_rows_that_only_an_unknown_column_tells_apart_are_a_question(
    command_line: Command, sheet: Sheet
) -> None:
    path = sheet([["商品编码", "存放处", "库存数量"], ["A", "一号", 3], ["A", "二号", 4], ["B", "一号", 5]])
    code, answer = command_line("import", "stock", path)
    assert (code, answer["error"]) == (1, "import.key_question")
    assert (answer["facts"]["differs"], answer["facts"]["example"]) == ("存放处", "A")
    assert taken(command_line, "stock", path, "--key", "商品编码")["merged"] == 1
    assert positions(command_line) == {"A": (7,), "B": (5,)}


def test_warehouses_side_by_side_are_a_question_with_their_sums(command_line: Command, sheet: Sheet) -> None:
    path = sheet([["商品编码", "上海仓", "北京仓"], ["A", 3, 4], ["B", 1, 1]])
    code, report = command_line("import", "stock", path)
    assert (code, report["committed"]) == (1, False)
    (asked,) = [warning for warning in report["warnings"] if warning["code"] == "import.columns_fit_twice"]
    assert {column["header"]: column["sum"] for column in asked["columns"]} == {"上海仓": 4, "北京仓": 5}
    taken(command_line, "stock", path, "--map", "on_hand=上海仓+北京仓")
    assert positions(command_line) == {"A": (7,), "B": (2,)}


def test_nothing_below_an_orders_amount_says_nothing(command_line: Command, sheet: Sheet) -> None:
    head = [*ORDER, "商品金额"]
    rows = [["1", "A", 1, "100.00", PAID_AT, "60"], ["1", "B", 2, "0", PAID_AT, "40"]]
    taken(command_line, "orders", sheet([head, *rows, ["2", "A", 1, "50.00", PAID_AT, "50"]]))
    amounts = {(line["order_id"], line["sku_code"]): line["amount"] for line in command_line("orders")[1]}
    assert amounts == {("1", "A"): 6000, ("1", "B"): 4000, ("2", "A"): 5000}


@pytest.mark.parametrize("header", ["发货数量", "销售数量", "出库数量", "Sold units"])
def test_a_list_of_orders_whose_units_nobody_reads_is_a_question(
    command_line: Command, sheet: Sheet, header: str
) -> None:
    path = sheet([["订单号", "商品编码", header, "实付金额", "付款时间"], ["1", "A", 2, "20", PAID_AT]])
    code, report = command_line("import", "orders", path)
    (asked,) = [said for said in report["warnings"] if said["code"] == "import.columns_fit_twice"]
    assert (code, asked["field"], asked["columns"]) == (1, "quantity", [{"header": header, "sum": 2}])
    taken(command_line, "orders", path, "--map", f"quantity={header}")
    assert [line["quantity"] for line in command_line("orders")[1]] == [2]


def test_orders_without_any_units_count_as_one_each_and_say_so(command_line: Command, sheet: Sheet) -> None:
    path = sheet([["订单号", "商品编码", "实付金额", "付款时间"], ["1", "A", "20", PAID_AT]])
    assert codes(taken(command_line, "orders", path)) == {"orders.quantity_assumed"}
    known = sheet([["订单号", "商品编码", "成交数量", "实付金额", "付款时间"], ["2", "A", 3, "20", PAID_AT]])
    assert "orders.quantity_assumed" not in codes(taken(command_line, "orders", known))
    assert {line["order_id"]: line["quantity"] for line in command_line("orders")[1]} == {"1": 1, "2": 3}


def test_parts_of_what_is_held_are_no_copies_of_each_other(command_line: Command, sheet: Sheet) -> None:
    path = sheet([["商家编码", "库存", "未付款量", "待审核量"], ["A", 20, 5, 5], ["B", 3, 0, 0]])
    code, report = command_line("import", "stock", path)
    assert (code, codes(report)) == (1, {"import.columns_fit_twice"})
    taken(command_line, "stock", path, "--map", "reserved=未付款量+待审核量")
    assert positions(command_line, "on_hand", "reserved") == {"A": (20, 10), "B": (3, 0)}
    empty = sheet([["商家编码", "库存", "未付款量", "待审核量", "备注"], ["A", 20, 0, 0, ""]])
    assert taken(command_line, "stock", empty)["control"]["reserved"]["file"] == 0
