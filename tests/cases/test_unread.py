"""What a file holds that is not taken is said with its sum; titles over headers, blank columns and further pictures of a
product change nothing."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tests.cases.test_cases import Command, positions
from tests.cases.test_strangers import ORDER, PAID_AT, Sheet, codes, taken
from tests.cases.test_strangers import sheet as sheet

PRODUCTS = ["Handle", "Title", "Variant SKU", "Variant Inventory Qty", "Variant Price", "Image Src"]


def said(report: dict[str, object], code: str) -> dict[str, object]:
    """The one warning of that code."""
    (warning,) = [entry for entry in report["warnings"] if entry["code"] == code]  # type: ignore[attr-defined]
    return dict(warning)


@pytest.mark.parametrize("header", ["退货数量", "退款数量", "已退件数", "Refunded quantity"])
def test_units_that_came_back_are_said_with_their_sum(
    command_line: Command, sheet: Sheet, header: str
) -> None:
    rows = [[*ORDER, header], ["T1", "A", 3, 300, PAID_AT, 1], ["T2", "B", 1, 99, PAID_AT, 2]]
    report = taken(command_line, "orders", sheet(rows))
    assert said(report, "orders.units_back_left")["names"] == [f"{header} 3"]


def test_no_units_came_back(command_line: Command, sheet: Sheet) -> None:
    rows = [[*ORDER, "退货数量"], ["T1", "A", 3, 300, PAID_AT, 0]]
    assert codes(taken(command_line, "orders", sheet(rows))) == set()


def test_money_that_is_no_field_is_said_with_its_sum(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["商品编码", "商品名称", "执行价", "上架数量", "商品ID", "毛利率", "更新日期"]
    rows = [
        head,
        ["A", "x", "12.5", 4, 800, "0.3", "2026-11-01"],
        ["B", "y", "1,000", 5, 801, "0.2", "2026-11-01"],
    ]
    report = taken(command_line, "goods", sheet(rows))
    assert said(report, "import.figures_left")["names"] == ["执行价 1,012.50", "上架数量 9"]


def test_texts_that_are_named_like_money_are_no_news(command_line: Command, sheet: Sheet) -> None:
    rows = [
        ["商品编码", "商品名称", "价格带", "费用承担"],
        ["A", "x", "低价", "商家"],
        ["B", "y", "高价", "平台"],
    ]
    assert codes(taken(command_line, "goods", sheet(rows))) == set()


def _titled(path: Path, over: str) -> str:
    book = openpyxl.Workbook()
    page = book.active
    for row in (
        ["商品库存表", *[""] * 5],
        ["货号", "商品名称", "仓库", "库位", "库存数量", "备注"],
        ["A", "x", "上海仓", "1-1", 3, ""],
        ["A", "x", "上海仓", "1-2", 4, ""],
        ["B", "y", "残次仓", "1-2", 5, ""],
    ):
        page.append(row)
    page.merge_cells(over)
    book.save(path)
    return str(path)


@pytest.mark.parametrize("over", ["A1:D1", "A1:F1"])
def test_a_title_over_most_of_the_header_is_no_level_of_it(
    command_line: Command, tmp_path: Path, over: str
) -> None:
    report = taken(command_line, "stock", _titled(tmp_path / "a.xlsx", over))
    assert report["mapping"]["sku_code"] == "货号"
    assert report["mapping"]["location"] == "仓库+库位"
    assert positions(command_line) == {"A": (7,), "B": (0,)}


def test_a_group_that_completes_the_names_below_it_is_a_level(command_line: Command, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    for row in (
        ["商品", "", "", "", ""],
        ["编码", "名称", "条码", "库存数量", "备注"],
        ["A", "x", "1", 3, ""],
    ):
        page.append(row)
    page.merge_cells("A1:C1")
    book.save(tmp_path / "a.xlsx")
    report = taken(command_line, "stock", str(tmp_path / "a.xlsx"))
    assert report["mapping"]["sku_code"] == "商品 > 编码"
    assert positions(command_line) == {"A": (3,)}


def test_a_stock_column_under_an_unknown_name_is_a_question(command_line: Command, sheet: Sheet) -> None:
    path = sheet([["商品编码", "门店展示库存"], ["A", 3], ["B", 4]])
    code, report = command_line("import", "stock", path)
    assert (code, report["committed"]) == (1, False)
    assert said(report, "import.columns_fit_twice")["columns"] == [{"header": "门店展示库存", "sum": 7}]
    assert positions(command_line) == {}
    taken(command_line, "stock", path, "--map", "on_hand=门店展示库存")
    assert positions(command_line) == {"A": (3,), "B": (4,)}


def test_a_column_without_a_cell_is_no_candidate(command_line: Command, sheet: Sheet) -> None:
    rows = [["商品编码", "实际库存", "库存数量"], ["A", "", 3], ["B", "", 4]]
    taken(command_line, "stock", sheet(rows))
    assert positions(command_line) == {"A": (3,), "B": (4,)}


def test_rows_of_further_pictures_belong_to_their_product(command_line: Command, sheet: Sheet) -> None:
    rows = [
        PRODUCTS,
        ["a", "x", "A1", 3, 10, "1.png"],
        ["a", "", "A2", 4, 10, ""],
        ["a", "", "", "", "", "2.png"],
    ]
    report = taken(command_line, "stock", sheet(rows))
    assert positions(command_line) == {"A1": (3,), "A2": (4,)}
    assert (report["merged"], said(report, "import.rows_hollow")["rows"]) == (1, 1)


def test_a_variant_without_a_code_is_no_picture(command_line: Command, sheet: Sheet) -> None:
    rows = [
        PRODUCTS,
        ["a", "x", "A1", 3, 10, "1.png"],
        ["b", "y", "", 4, 10, ""],
        ["c", "", "", "", "", "2.png"],
    ]
    report = command_line("import", "stock", sheet(rows))[1]
    assert {cell["row"] for cell in report["rejected"]} >= {3, 4}


def test_a_style_number_above_its_barcodes_is_said(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["订单号", "商品货号", "商品条码", "数量", "实付金额", "付款时间"]
    rows = [head, ["T1", "K1", "K1-08-50", 1, 10, PAID_AT], ["T2", "K1", "K1-08-52", 1, 10, PAID_AT]]
    report = taken(command_line, "orders", sheet(rows))
    assert said(report, "import.code_coarser") == {
        "code": "import.code_coarser",
        "header": "商品货号",
        "finer": "商品条码",
        "codes": 1,
    }


def test_a_refusal_names_the_columns_that_are_not_used(command_line: Command, sheet: Sheet) -> None:
    path = sheet([["商品编码", "508 Larkin St", "Printful"], ["A", 3, 9999]])
    code, answer = command_line("import", "stock", path)
    assert (code, answer["error"]) == (1, "import.missing_any")
    assert answer["facts"]["left"] == ["508 Larkin St", "Printful"]


def test_levels_of_a_warehouse_system_in_english_are_said(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["SKU", "ATP", "Usable", "Unusable", "Picking", "In transfer", "Incoming"]
    report = taken(command_line, "stock", sheet([head, ["A", 6, 8, 1, 2, 3, 5], ["B", 4, 4, 0, 0, 0, 7]]))
    assert report["mapping"] == {"sku_code": "SKU", "available_to_promise": "ATP", "in_transit": "Incoming"}
    left = said(report, "import.levels_left")["names"]
    assert left == ["Usable 12", "Unusable 1", "Picking 2", "In transfer 3"]


def test_a_shopify_export_with_a_column_per_place_holds_what_can_be_sold_there(
    command_line: Command, sheet: Sheet
) -> None:
    """Its columns of places hold the available quantity, never what lies there; `not stocked` is no quantity."""
    options = [f"Option{n} {what}" for n in (1, 2, 3) for what in ("Name", "Value")]
    head: list[object] = ["Handle", "Title", *options, "SKU", "HS Code", "COO", "508 Larkin St", "Warehouse"]
    blank = [""] * len(options)
    rows = [
        ["tee", "Tee", *blank, "TEE-S", "6109", "CN", 5, 12],
        ["tee", "Tee", *blank, "TEE-M", "6109", "CN", "not stocked", 7],
    ]
    report = taken(command_line, "stock", sheet([head, *rows]))
    assert report["mapping"]["available_to_promise"] == "508 Larkin St+Warehouse"
    assert "on_hand" not in report["mapping"]
    assert report["control"]["available_to_promise"]["written"] == 24
    assert positions(command_line) == {"TEE-S": (17,), "TEE-M": (7,)}
    small = next(row for row in command_line("positions")[1] if row["sku_code"] == "TEE-S")
    assert {part["location"]: part["units"] for part in small["locations"]} == {
        "508 Larkin St": 5,
        "Warehouse": 12,
    }
