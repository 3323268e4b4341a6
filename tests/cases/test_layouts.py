"""Sizes and days as columns, totals on each part, headers once more, remarks below, sheets named by their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.cases.test_cases import Command, orders, positions
from tests.cases.test_questions import PLACED, refused
from tests.cases.test_strangers import ORDER, PAID_AT, Rows, Sheet, codes, sheet, taken

__all__ = ["sheet"]
MATRIX: Rows = [
    ["款号", "颜色", "S", "M", "L", "XL"],
    ["K1", "红", 1, 2, 3, 4],
    ["K1", "蓝", 5, "", 7, "x"],
    ["K2", "红", 1, 1, 1, 1],
    ["合计", "", 7, 3, 11, 5],
]
EACH_SIZE, STYLE = ("--key", "款号+颜色+尺码"), ("--key", "款号+颜色")


def book(path: Path, sheets: dict[str, Rows], merges: tuple[str, ...] = ()) -> str:
    """A workbook of those sheets, with merged ranges in the first."""
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        page = made.create_sheet(name)
        for row in rows:
            page.append(row)
    for merge in merges:
        made.worksheets[0].merge_cells(merge)
    made.save(path / "a.xlsx")
    return str(path / "a.xlsx")


def test_sizes_as_columns_are_a_question(command_line: Command, sheet: Sheet) -> None:
    answer = refused(command_line, "stock", sheet(MATRIX))
    facts = answer["facts"]
    assert answer["error"] == "import.matrix_question"
    assert (facts["key"], facts["header"], facts["example"]) == ("款号+颜色+尺码", "款号+颜色", "K1-红-S")


def test_each_size_a_product_of_its_own(command_line: Command, sheet: Sheet) -> None:
    report = taken(command_line, "stock", sheet(MATRIX), *EACH_SIZE)
    assert positions(command_line) == {
        **{
            f"K1-红-{size}": (units,) for size, units in zip(("S", "M", "L", "XL"), (1, 2, 3, 4), strict=True)
        },
        "K1-蓝-S": (5,),
        "K1-蓝-L": (7,),
        **{f"K2-红-{size}": (1,) for size in ("S", "M", "L", "XL")},
    }
    assert [(cell["cell"], cell["row"]) for cell in report["rejected"]] == [("F3", 3)]
    assert (report["rows"], report["skipped_totals"]) == (15, 4)
    assert report["control"]["on_hand"]["skipped"] == 26
    again = taken(command_line, "stock", sheet(MATRIX))
    assert again["added"] + again["changed"] == 0, "the answer is remembered for this header"


def test_the_style_as_one_product_takes_every_size(command_line: Command, sheet: Sheet) -> None:
    rows = [row for row in MATRIX if row[1] != "蓝" and row[0] != "合计"]
    asked = refused(command_line, "stock", sheet(rows), *STYLE)
    (said,) = [w for w in asked["warnings"] if w["code"] == "import.columns_fit_twice"]
    assert [column["header"] for column in said["columns"]] == ["S", "M", "L", "XL"]
    taken(command_line, "stock", sheet(rows), *STYLE, "--map", "on_hand=S+M+L+XL")
    assert positions(command_line) == {"K1-红": (10,), "K2-红": (4,)}


def test_sizes_below_a_merged_title_and_codes_merged_over_colours(
    command_line: Command, tmp_path: Path
) -> None:
    rows: Rows = [
        ["款号", "颜色", "成本价", "库存", None, None, "备注"],
        [None, None, None, "36", "37", "38", None],
        ["K1", "红", 10, None, 2, 3, "a"],
        [None, "蓝", 11, 4, 5, 6, "b"],
        ["K2", "黑", 9, 7, 8, "#REF!", "c"],
    ]
    merges = ("A1:A2", "B1:B2", "C1:C2", "D1:F1", "G1:G2", "A3:A4")
    report = taken(command_line, "stock", book(tmp_path, {"款": rows}, merges), *EACH_SIZE)
    assert positions(command_line) == {
        "K1-红-37": (2,),
        "K1-红-38": (3,),
        "K2-黑-36": (7,),
        "K2-黑-37": (8,),
        "K1-蓝-36": (4,),
        "K1-蓝-37": (5,),
        "K1-蓝-38": (6,),
    }
    assert [(cell["cell"], cell["code"]) for cell in report["rejected"]] == [("F5", "cell.error")]
    (said,) = [w for w in report["warnings"] if w["code"] == "import.sizes_laid_out"]
    assert said["left"] == ["成本价"], "which size of a style costs what, nobody says"


def test_days_as_columns_are_refused_by_name(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["商品编码", "2026-11-01", "2026-11-02"], ["A", 1, 2]]
    answer = refused(command_line, "traffic", sheet(rows))
    assert (answer["error"], answer["facts"]["names"]) == ("import.days_across", ["2026-11-01", "2026-11-02"])


def test_a_total_that_stands_on_each_part_is_a_question(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [
        ["商品编码", "仓库", "分仓库存", "总库存"],
        ["A", "甲", 3, 10],
        ["A", "乙", 7, 10],
        ["B", "甲", 2, 2],
    ]
    asked = refused(command_line, "stock", sheet(rows))
    (said,) = [w for w in asked["warnings"] if w["code"] == "import.columns_fit_twice"]
    assert [(c["header"], c["sum"]) for c in said["columns"]] == [("总库存", 22), ("分仓库存", 12)]
    taken(command_line, "stock", sheet(rows), "--map", "on_hand=分仓库存")
    assert positions(command_line) == {"A": (10,), "B": (2,)}


def test_a_total_on_each_part_without_the_parts_own_count(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["商品编码", "仓库", "总库存"], ["A", "甲", 10], ["A", "乙", 10], ["B", "甲", 2]]
    answer = refused(command_line, "stock", sheet(rows))
    assert (answer["error"], answer["facts"]["example"]) == ("import.total_question", "A")
    taken(command_line, "stock", sheet(rows), "--map", "on_hand=总库存")
    assert positions(command_line) == {"A": (20,), "B": (2,)}


def test_what_is_on_its_way_for_the_product_stands_on_each_warehouse(
    command_line: Command, sheet: Sheet
) -> None:
    rows: Rows = [["商品编码", "仓库", "库存", "采购在途"], ["A", "甲", 3, 50], ["A", "乙", 7, 50]]
    rows += [["B", "甲", 1, 20], ["B", "乙", 2, 20]]
    answer = refused(command_line, "stock", sheet(rows))
    assert (answer["error"], answer["facts"]["field"]) == ("import.total_question", "in_transit")


def test_equal_counts_in_two_warehouses_are_no_total(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [
        ["商品编码", "仓库", "库存"],
        ["A", "甲", 3],
        ["A", "乙", 3],
        ["B", "甲", 1],
        ["B", "乙", 1],
    ]
    taken(command_line, "stock", sheet(rows))
    assert positions(command_line) == {"A": (6,), "B": (2,)}


def test_sheets_named_by_what_they_hold_are_locations(command_line: Command, tmp_path: Path) -> None:
    head: list[object] = ["商品编码", "库存"]
    report = taken(
        command_line, "stock", book(tmp_path, {"正品": [head, ["A", 5]], "残次品": [head, ["B", 2]]})
    )
    assert positions(command_line) == {"A": (5,), "B": (0,)}
    assert report["control"]["on_hand"]["excluded"] == 2


def test_a_workbook_of_damaged_goods_alone_is_not_for_sale(command_line: Command, tmp_path: Path) -> None:
    path = book(tmp_path, {"残次品": [["商品编码", "库存"], ["B", 2]]})
    taken(command_line, "stock", path)
    assert positions(command_line) == {"B": (0,)}
    taken(command_line, "stock", path, "--include", "残次品")
    assert positions(command_line) == {"B": (2,)}


def test_a_second_table_with_other_columns_refuses_the_sheet(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [
        ["商品编码", "库存", "在途"],
        ["A", 3, 1],
        ["", "", ""],
        ["商品编码", "在途", "库存"],
        ["C", 5, 9],
    ]
    answer = refused(command_line, "stock", sheet(rows))
    assert (answer["error"], answer["facts"]["row"]) == ("sheet.second_table", 4)


def test_the_header_of_each_printed_page_is_no_product(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [
        ["商品编码", "商品名称"],
        ["A", "x"],
        ["第1页，共2页", ""],
        ["SKU编码", "商品名称"],
        ["B", "y"],
    ]
    rows += [["制表人：张三", ""], ["打印时间：2026-11-10 10:00", ""]]
    report = taken(command_line, "goods", sheet(rows))
    assert set(positions(command_line)) == {"A", "B"}
    assert [cell["code"] for cell in report["rejected"]] == [
        "cell.remark",
        "cell.header_again",
        "cell.remark",
        "cell.remark",
    ]


@pytest.mark.parametrize("code", ["A;B", "A*2,B*1", "A1x2；B3"])
def test_several_codes_in_one_cell_are_refused(command_line: Command, sheet: Sheet, code: str) -> None:
    path = sheet([ORDER, ["1", code, 1, "50", PAID_AT]])
    assert "cell.several_codes" in codes(refused(command_line, "orders", path))


def test_an_after_sale_that_was_called_off_does_not_close_its_order(
    command_line: Command, sheet: Sheet
) -> None:
    words = ["已取消", "售后关闭", "退款关闭/已取消", "退款成功", "部分退款成功"]
    rows: Rows = [[*ORDER, "售后状态"], *([str(n), "A", 1, "9.90", PAID_AT, w] for n, w in enumerate(words))]
    report = taken(command_line, "orders", sheet(rows))
    states = {line["order_id"]: line["state"] for line in orders(command_line)}
    assert states == {"0": "paid", "1": "paid", "2": "paid", "3": "refunded", "4": "paid"}
    assert {"orders.refund_unsaid"} <= codes(report), "how much went back of the last one, nobody says"


def test_shares_of_an_orders_amount_are_each_lines_own(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["订单号", "商品编码", "数量", "分摊金额", "订单实付金额", "付款时间"]
    rows: Rows = [head, ["1", "A", 1, "55", "90", PAID_AT], ["1", "B", 1, "35", "90", PAID_AT]]
    taken(command_line, "orders", sheet(rows))
    assert {line["sku_code"]: line["amount"] for line in orders(command_line)} == {"A": 5500, "B": 3500}


def test_what_blanks_below_mean_is_remembered_for_the_header(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet(PLACED), "--fill-down", "仓库")
    later = [[*row[:2], int(str(row[2])) + 1] if row[1] != "SKU编码" else row for row in PLACED]
    report = taken(command_line, "stock", sheet(later))
    assert "import.filled_below" in codes(report)
    assert positions(command_line) == {"A": (4,), "B": (5,), "C": (0,), "D": (0,)}
    taken(command_line, "stock", sheet(later), "--no-fill", "仓库")
    assert positions(command_line)["D"] == (7,)
