"""Sheets as shops lay them out: headers of two rows, merged cells, order cells on the first line only, packs,
currencies, totals in every wording."""

import io
from datetime import datetime
from decimal import Decimal

import pytest
from openpyxl import Workbook

from core.sheets.clean import Cleaned, clean
from core.sheets.columns import Field, SheetSpec, columns_named
from core.sheets.detect import Header, Known, guess_header, header_at, same_sheets
from core.sheets.readings import CleanOptions
from core.stock.sheet import COUNT
from tests.sheets import workbooks
from tests.sheets.kinds import STOCK, TRAFFIC
from tests.sheets.reading import faults, opened, taken

LINES = SheetSpec(
    "lines",
    (
        Field("order_id", "code", required=True),
        Field("order_status", "text", shared=True),
        Field("pay_time", "moment", shared=True),
        Field("paid_amount", "money", required=True, shared=True),
        Field("sku_code", "code"),
        Field("name", "text"),
        Field("quantity", "integer"),
    ),
    (),
    group="order_id",
)


def book(rows: list[list[object]], *merges: str) -> bytes:
    workbook = Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    for cells in merges:
        sheet.merge_cells(cells)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def header_of(content: bytes, spec: SheetSpec = STOCK, known: Known | None = None) -> Header:
    return guess_header(opened(content).grid("Sheet"), spec, known)


def read(
    rows: list[list[object]], spec: SheetSpec, *merges: str, options: CleanOptions | None = None
) -> Cleaned:
    grid = opened(book(rows, *merges)).grid("Sheet")
    header = guess_header(grid, spec)
    return clean(grid, header.row, header.mapping, spec, "Sheet", options)


TWO_ROWS: list[list[object]] = [
    ["商品编码", "商品名称", "库存", None, None, "备注"],
    [None, None, "上海仓", "北京仓", "合计", None],
    ["A01", "围巾", 3, 4, 7, "x"],
    ["B02", "手套", 1, 1, 2, None],
]
MERGES = ("A1:A2", "B1:B2", "C1:E1", "F1:F2")


@pytest.mark.parametrize("merges", [MERGES, ()])
def test_a_header_of_two_rows_reads_as_joined_names_and_its_total_is_the_stock(
    merges: tuple[str, ...],
) -> None:
    header = header_of(book(TWO_ROWS, *merges))
    assert (header.row, header.rows) == (2, 2)
    assert header.headers[2:5] == ["库存 > 上海仓", "库存 > 北京仓", "库存 > 合计"]
    assert header.mapping[4] == "on_hand"
    assert header.candidates == ()
    found = read(TWO_ROWS, STOCK, *merges)
    assert found.frame[["sku_code", "on_hand"]].values.tolist() == [["A01", 7], ["B02", 2]]


def test_warehouses_as_columns_without_a_total_are_a_question_and_may_be_added() -> None:
    rows = [[value for at, value in enumerate(row) if at != 4] for row in TWO_ROWS]
    content = book(rows, "A1:A2", "B1:B2", "C1:D1", "E1:E2")
    grid = opened(content).grid("Sheet")
    header = guess_header(grid, STOCK)
    assert [(rivals.field, rivals.columns) for rivals in header.candidates] == [("on_hand", (2, 3))]
    found = clean(grid, header.row, {0: "sku_code", 2: "on_hand", 3: "on_hand"}, STOCK, "Sheet")
    assert found.frame["on_hand"].tolist() == [7, 2]
    assert columns_named(header.headers, "北京仓") == (3,)


def test_three_rows_of_header_under_a_title() -> None:
    rows: list[list[object]] = [
        ["双11库存", None, None, None, None],
        ["商品编码", "库存", None, None, None],
        [None, "华东", None, "华北", None],
        [None, "上海仓", "杭州仓", "北京仓", "天津仓"],
        ["A01", 1, 2, 3, 4],
    ]
    header = header_of(book(rows, "A1:E1", "A2:A4", "B2:E2", "B3:C3", "D3:E3"))
    assert (header.row, header.rows) == (4, 3)
    assert header.headers == [
        "商品编码",
        "库存 > 华东 > 上海仓",
        "库存 > 华东 > 杭州仓",
        "库存 > 华北 > 北京仓",
        "库存 > 华北 > 天津仓",
    ]
    assert header_at(opened(book(rows, "A2:A4", "B2:E2")).grid("Sheet"), 3, STOCK).row == 4


def test_group_titles_above_the_header_itself() -> None:
    rows: list[list[object]] = [
        [None, None, "库存", None],
        ["商品编码", "商品名称", "上海仓", "合计"],
        ["A01", "围巾", 3, 7],
    ]
    header = header_of(book(rows, "C1:D1"))
    assert (header.row, header.headers[3], header.mapping[3]) == (2, "库存 > 合计", "on_hand")


def test_a_title_that_is_a_header_word_is_no_header() -> None:
    rows: list[list[object]] = [
        ["库存"],
        ["款式", "款号", "颜色", "数量"],
        ["围巾", "A01", "红", 3],
        ["手套", "B02", "黑", 4],
    ]
    header = header_of(book(rows))
    assert (header.row, header.mapping) == (2, {1: "sku_code", 3: "on_hand"})
    rows = [["库存"], ["项目名称", "构件名称", "数量"], ["甲", "A01", 3]]
    assert header_of(book(rows), known=Known(named=("构件名称",))).row == 2
    assert header_of(book(rows)).row == 2


def test_a_first_row_of_data_is_no_second_header() -> None:
    for first in (["A01", "围巾", 3], ["A01", "围巾", None], ["A01", None, "三"]):
        assert header_of(book([["商品编码", "商品名称", "库存数量"], first, ["B02", "手套", 4]])).row == 1


def test_codes_merged_over_rows_are_carried_down_and_figures_never() -> None:
    rows: list[list[object]] = [
        ["款号", "颜色", "库存"],
        ["K1", "红", 1],
        [None, "红", 2],
        [None, "黑", 3],
        ["K2", "白", 4],
    ]
    spec = SheetSpec(
        "stock",
        (Field("sku_code", "code", required=True), Field("spec", "text"), Field("on_hand", "integer")),
        ("sku_code",),
        parts=("spec",),
    )
    grid = opened(book(rows, "A2:A4")).grid("Sheet")
    found = clean(grid, 1, {0: "sku_code", 1: "spec", 2: "on_hand"}, spec, "Sheet")
    assert faults(found) == {"A2": "cell.duplicate", "A3": "cell.duplicate", "A4": "cell.part_refused"}
    joined = clean(grid, 1, {0: "sku_code", 1: "sku_code", 2: "on_hand"}, replace_parts(spec), "Sheet")
    assert joined.frame["sku_code"].tolist() == ["K1-黑", "K2-白"]
    unmerged = clean(
        opened(book(rows)).grid("Sheet"), 1, {0: "sku_code", 1: "spec", 2: "on_hand"}, spec, "Sheet"
    )
    assert faults(unmerged) == {"A2": "cell.part_refused", "A3": "cell.blank", "A4": "cell.blank"}
    figures = clean(
        opened(book([["款号", "库存"], ["K1", 9], ["K2", None], ["K3", 4]], "B2:B3")).grid("Sheet"),
        1,
        {0: "sku_code", 1: "on_hand"},
        spec,
        "Sheet",
    )
    assert figures.frame["on_hand"].tolist() == [4]
    assert faults(figures) == {"B2": "cell.merged", "B3": "cell.merged"}
    assert figures.once == ("on_hand",)


def replace_parts(spec: SheetSpec) -> SheetSpec:
    return SheetSpec(spec.kind, spec.fields, spec.key)


ORDER_ROWS: list[list[object]] = [
    ["订单编号", "订单状态", "付款时间", "实付金额", "商家编码", "商品名称", "商品数量"],
    ["T001", "已完成", "2026-10-20 10:00:00", 300, "A01", "围巾", 1],
    [None, None, None, None, "B02", "手套", 2],
    ["T002", "已完成", "2026-10-20 11:00:00", 59, "B02", "手套", 1],
]


@pytest.mark.parametrize("merges", [("A2:A3", "B2:B3", "C2:C3", "D2:D3"), ("A2:A3", "D2:D3"), ()])
def test_order_cells_on_the_first_line_belong_to_every_line_and_the_amount_stands_once(
    merges: tuple[str, ...],
) -> None:
    found = read(ORDER_ROWS, LINES, *merges)
    assert faults(found) == {}
    assert found.frame["order_id"].tolist() == ["T001", "T001", "T002"]
    assert found.frame["order_status"].tolist() == ["已完成"] * 3
    assert found.frame["pay_time"].notna().all()
    assert found.frame["quantity"].tolist() == [1, 2, 1]
    assert found.frame["paid_amount"].sum() == 35900
    assert found.frame["paid_amount"].isna().tolist() == [False, True, False]
    assert (found.once, found.frame["first_row"].tolist()) == (("paid_amount",), [2, 2, 4])
    assert found.tallies["paid_amount"].file == 35900


def test_a_line_with_an_amount_of_its_own_and_no_order_continues_nothing() -> None:
    rows = [*ORDER_ROWS, [None, None, None, 10, "C03", "帽子", 1], [None, None, None, None, "D04", "袜子", 1]]
    assert faults(read(rows, LINES)) == {"A5": "cell.blank", "A6": "cell.blank", "D6": "cell.blank"}


@pytest.mark.parametrize(
    "label",
    [
        "10月合计",
        "月合计",
        "总合计",
        "合计",
        "汇总",
        "全部商品",
        "全店",
        "Grand Total",
        "Subtotal",
        "Sub-total:",
        "2026年10月小计",
        "上海仓小计",
        "本页合计",
    ],
)
def test_totals_in_any_wording_are_skipped_with_their_sums(label: str) -> None:
    rows = [*ORDER_ROWS[:1], ORDER_ROWS[3], [None, None, None, 59, None, label, 1]]
    found = read(rows, LINES)
    assert (len(found.frame), found.skipped_totals) == (1, 1)
    assert found.totals[["row", "paid_amount", "quantity"]].values.tolist() == [[3, 5900, 1]]
    tally = found.tallies["paid_amount"]
    assert (tally.file, tally.rejected, tally.skipped) == (11800, 0, 5900)


def test_a_row_without_a_code_that_equals_the_sum_above_is_a_total() -> None:
    head: list[object] = ["商品编码", "商品名称", "库存数量", "占用库存"]
    rows: list[list[object]] = [
        head,
        ["A01", "围巾", 3, 1],
        ["B02", "手套", 4, 1],
        [None, "本店", 7, 2],
        ["C03", "帽子", 5, 0],
        ["D04", "袜子", 5, 0],
        [None, "线下", 10, 0],
        [None, "不明", 9, 0],
    ]
    found = read(rows, STOCK)
    assert (found.skipped_totals, found.frame["on_hand"].sum()) == (2, 17)
    assert faults(found) == {"A8": "cell.blank"}


def test_packs_become_pieces_where_their_size_is_known_and_are_refused_elsewhere() -> None:
    rows: list[list[object]] = [
        ["商品编码", "商品名称", "单位", "箱规", "库存数量"],
        ["A01", "围巾", "箱", 12, "3箱"],
        ["B02", "手套", "件", 12, "3箱5件"],
        ["C03", "帽子", "件", 12, "2打"],
        ["D04", "袜子", "箱", 10, 4],
        ["E05", "鞋", "箱", None, 4],
        ["F06", "包", "件", None, "2箱"],
        ["G07", "枣", "kg", None, 1.5],
        ["H08", "米", "件", 12, "1.5kg"],
        ["I09", "伞", "打", None, 2],
        ["J10", "伞", "件", 12, 5],
        ["K11", "套盒", "套", None, 5],
    ]
    found = read(rows, STOCK)
    assert dict(zip(found.frame["sku_code"], found.frame["on_hand"], strict=True)) == {
        "A01": 36,
        "B02": 41,
        "C03": 24,
        "D04": 40,
        "I09": 24,
        "J10": 5,
    }
    assert faults(found) == {
        "E6": "cell.unit",
        "E7": "cell.unit",
        "E8": "cell.weight",
        "E9": "cell.weight",
        "E12": "cell.unit",
    }


MONEY: list[list[object]] = [
    ["订单编号", "商家编码", "商品数量", "实付金额", "币种"],
    ["T1", "A01", 1, 100, "EUR"],
    ["T2", "A01", 1, "100.05", "USD"],
    ["T3", "A01", 1, 100, "CNY"],
    ["T4", "A01", 1, 100, "人民币"],
]


def test_another_currency_is_refused_without_a_rate_and_never_added_as_yuan() -> None:
    found = read(MONEY, LINES)
    assert faults(found) == {"D2": "cell.currency", "D3": "cell.currency"}
    assert found.frame["paid_amount"].tolist() == [10000, 10000]
    assert [(notice.code, notice.facts) for notice in found.notices] == [
        ("sheet.currency", {"names": ["EUR", "USD"], "currencies": {"EUR": 1, "USD": 1}})
    ]
    rated = read(MONEY, LINES, options=CleanOptions(rates={"usd": Decimal("7.1234")}))
    assert rated.frame["paid_amount"].tolist() == [71270, 10000, 10000]
    assert faults(rated) == {"D2": "cell.currency"}


@pytest.mark.parametrize("title", ["实付金额(USD)", "实付金额（$）", "实付金额(港币)"])
def test_a_currency_in_the_header_counts_for_its_column(title: str) -> None:
    rows: list[list[object]] = [["订单编号", "商家编码", "商品数量", title], ["T1", "A01", 1, 100]]
    grid = opened(book(rows)).grid("Sheet")
    mapping = {0: "order_id", 1: "sku_code", 2: "quantity", 3: "paid_amount"}
    assert faults(clean(grid, 1, mapping, LINES, "Sheet")) == {"D2": "cell.currency"}


def test_one_proven_column_decides_the_dates_of_the_sheet_and_without_proof_they_are_asked_for() -> None:
    head: list[object] = ["订单编号", "商家编码", "商品数量", "实付金额", "付款时间"]
    rows: list[list[object]] = [
        head,
        ["1", "A", 1, 1, "31/12/2023 22:36"],
        ["2", "A", 1, 1, "02/01/2024 13:41"],
    ]
    found = read(rows, LINES)
    assert found.frame["pay_time"].dt.tz_convert("Asia/Shanghai").dt.strftime("%m-%d").tolist() == [
        "12-31",
        "01-02",
    ]
    open_rows = [head, rows[2]]
    asked = read(open_rows, LINES)
    assert faults(asked) == {"E2": "cell.day_or_month"}
    assert asked.notices[0].facts == {"fields": ["pay_time"]}
    said = read(open_rows, LINES, options=CleanOptions(day_order="month"))
    assert said.frame["pay_time"].dt.tz_convert("Asia/Shanghai").dt.strftime("%m-%d").tolist() == ["02-01"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_quoted_formulas_of_csv_are_unwrapped_in_every_column(encoding: str, separator: str) -> None:
    rows = [
        ['"=""商品编码"""', "商品名称", "库存数量"],
        ['"=""001"""', "围巾", '"=""12"""'],
        ['="002"', "手套", "3"],
    ]
    content = "\n".join(separator.join(row) for row in rows).encode(encoding)
    found = taken(content, STOCK)
    assert found.frame[["sku_code", "on_hand"]].values.tolist() == [["001", 12], ["002", 3]]


def test_characters_that_nobody_can_store_are_taken_out_in_one_place() -> None:
    rows: list[list[object]] = [["商家编码", "商品名称", "库存"], ["A_x0000_01", "围\x01巾_x0000_", 3]]
    content = workbooks.workbook([*rows[:1], ["A_x0000_01", "围巾_x0000_", 3]])
    found = taken(content, STOCK)
    assert found.frame[["sku_code", "name"]].values.tolist() == [["A01", "围巾"]]
    text = "\n".join(",".join(map(str, row)) for row in rows)
    assert taken(text.encode(), STOCK).frame["name"].tolist() == ["围巾"]


def test_codes_with_letters_of_another_script_are_said() -> None:
    rows: list[list[object]] = [
        ["商家编码", "商品名称", "库存"],
        ["A01", "围巾", 3],
        ["А01", "围巾", 4],
        ["В07", "手套", 5],
    ]
    found = read(rows, STOCK)
    assert found.notices[0].code == "sheet.look_alikes"
    assert found.notices[0].facts["count"] == 2


def test_rows_are_repeats_only_if_every_cell_is_equal() -> None:
    head: list[object] = ["日期", "店铺", "商家编码", "访客数", "支付件数", "支付金额"]
    row: list[object] = ["2026-11-01", "旗舰店", "A01", 20, 2, 198]
    found = read([head, row, ["2026-11-01", "专营店", "A01", 20, 2, 198], row], TRAFFIC)
    assert found.frame[["visitors", "units_paid", "paid_amount"]].values.tolist() == [[40, 4, 39600]]
    assert (found.merged, found.repeated) == (2, 1)
    assert found.tallies["visitors"] == (60, 0, 20)


def test_two_columns_that_fit_a_field_are_rivals_and_equal_headers_always_are() -> None:
    header = header_of(
        book([["商品编码", "商品名称", "门店库存", "库存数量", "总库存"], ["A01", "围巾", 3, 4, 7]])
    )
    assert [(rivals.field, rivals.columns, rivals.equal) for rivals in header.candidates] == [
        ("on_hand", (3, 4), False)
    ]
    header = header_of(
        book([["商家编码", "商品名称", "商品名称", "库存", "库存"], ["A01", "围巾", "x", 3, 4]])
    )
    assert {(rivals.field, rivals.equal) for rivals in header.candidates} == {
        ("on_hand", True),
        ("name", True),
    }


def test_sheets_with_one_header_are_offered_together() -> None:
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in {"围巾": [["A01", 3]], "手套": [["B02", 4], ["B03", 5]], "说明": []}.items():
        sheet = workbook.create_sheet(name)
        for row in [["商品编码", "库存数量"] if rows else ["怎么填"], *rows]:
            sheet.append(row)
    buffer = io.BytesIO()
    workbook.save(buffer)
    read_in = opened(buffer.getvalue())
    header = guess_header(read_in.grid("围巾"), STOCK)
    assert same_sheets(read_in, "围巾", header, STOCK) == ("围巾", "手套")


def test_a_date_cell_without_a_clock_ends_its_day_and_one_with_a_clock_does_not() -> None:
    spec = SheetSpec("x", (Field("sku_code", "code", required=True), Field("ends", "end")), ("sku_code",))
    workbook = Workbook()
    sheet = workbook.active
    day = datetime(2026, 11, 11)  # noqa: DTZ001 - a cell has no zone
    for row in (["SKU", "ends"], ["A", day], ["B", day]):
        sheet.append(row)
    sheet["B2"].number_format, sheet["B3"].number_format = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
    buffer = io.BytesIO()
    workbook.save(buffer)
    found = taken(buffer.getvalue(), spec)
    local = found.frame["ends"].dt.tz_convert("Asia/Shanghai").dt.strftime("%m-%d %H:%M")
    assert local.tolist() == ["11-12 00:00", "11-11 00:00"]


BY_WAREHOUSE: list[object] = ["商品编码", "商品名称", "仓库", "库存数量"]


def test_a_row_without_a_code_may_be_the_rest_of_the_one_above() -> None:
    rows: list[list[object]] = [
        BY_WAREHOUSE,
        ["A", "围巾", "上海", 3],
        [None, None, "北京", 4],
        ["B", "手套", "上海", 5],
        [None, "帽子", "北京", 6],
    ]
    found = read(rows, STOCK)
    assert found.frame["sku_code"].tolist() == ["B"]
    assert faults(found) == {"A2": "cell.part_refused", "A3": "cell.blank", "A5": "cell.blank"}


def test_a_figure_merged_over_several_codes_is_nobodys() -> None:
    rows: list[list[object]] = [
        BY_WAREHOUSE,
        ["A", "围巾", "上海", 3],
        ["B", "手套", "上海", None],
        ["C", "帽子", "上海", 5],
        ["C", None, "北京", None],
    ]
    found = read(rows, STOCK, "D2:D3", "D4:D5")
    assert set(found.frame["sku_code"]) == {"C"}
    assert found.frame["on_hand"].sum() == 5
    assert faults(found) == {"D2": "cell.merged", "D3": "cell.merged"}


def test_a_refused_bin_refuses_the_other_bins_of_its_code() -> None:
    rows: list[list[object]] = [
        ["货位", "商品编码", "实盘数量"],
        ["L1", "A", 6],
        ["L2", "A", "坏"],
        ["L1", "B", 4],
    ]
    found = read(rows, COUNT.spec)
    assert found.frame["sku_code"].tolist() == ["B"]
    assert faults(found) == {"B2": "cell.part_refused", "C3": "cell.not_a_number"}


def test_groups_as_excel_sums_them_are_totals() -> None:
    rows: list[list[object]] = [
        ["商品编码", "库存数量"],
        ["A 01", 3],
        ["A 01 汇总", 3],
        ["B", 5],
        ["B Total", 5],
        ["总计", 8],
    ]
    found = read(rows, STOCK)
    assert found.frame["sku_code"].tolist() == ["A 01", "B"]
    assert found.skipped_totals == 3
