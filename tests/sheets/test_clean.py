import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ShopError
from core.sheets.clean import clean
from core.sheets.columns import SheetSpec
from core.sheets.detect import guess_header, guess_sheet, header_at
from core.sheets.reader import Grid
from tests.sheets import workbooks
from tests.sheets.kinds import ORDERS, STOCK, TRAFFIC
from tests.sheets.reading import faults, opened, taken

HEAD = ["商家编码", "商品名称", "实物库存"]


def stock(*rows: list[object], head: list[object] | None = None) -> bytes:
    return workbooks.workbook([head or list(HEAD), *rows])


def test_columns_are_typed_and_rows_keep_their_excel_number() -> None:
    head: list[object] = ["商家编码", "商品名称", "实物库存", "占用库存", "成本价", "备注"]
    found = taken(
        stock(["00123", "面膜", 5, None, 12.5, None], ["00124", None, 6, 1, "￥1,234.50", "急"], head=head),
        STOCK,
    )
    assert {name: str(dtype) for name, dtype in found.frame.dtypes.items()} == {
        "sku_code": "str",
        "name": "str",
        "on_hand": "int64",
        "reserved": "Int64",
        "unit_cost": "int64",
        "remarks": "str",
        "row": "int64",
    }
    assert found.frame["unit_cost"].tolist() == [1250, 123450]
    assert found.frame["row"].tolist() == [2, 3]
    assert pd.isna(found.frame["reserved"][0])


def test_every_bad_cell_is_named_and_a_row_with_three_is_one_row() -> None:
    head: list[object] = ["商家编码", "实物库存", "占用库存", "成本价", "安全库存"]
    found = taken(
        stock(["00123", "很多", -1, "面议", 5], ["00124", 5, 1, 2, 2_000_000], [None, 1, 1, 1, 1], head=head),
        STOCK,
    )
    assert faults(found) == {
        "B2": "cell.not_a_number",
        "C2": "cell.negative",
        "D2": "cell.not_an_amount",
        "E3": "cell.too_large",
        "A4": "cell.blank",
    }
    assert found.rejected.columns.tolist() == ["sheet", "row", "cell", "field", "code", "value"]
    assert found.rejected["value"].tolist() == ["很多", "-1", "面议", "2000000", ""]
    assert found.rejected["row"].nunique() == 3
    assert found.rows == 3


def test_sellable_stock_may_be_negative() -> None:
    assert taken(stock(["00123", "a", -5]), STOCK).frame["on_hand"].tolist() == [-5]


def test_rows_that_share_a_key_are_refused_together() -> None:
    found = taken(stock(["00123", "a", 1], ["00123", "a", 1], ["00123", "b", "坏"], ["123", "c", 1]), STOCK)
    assert faults(found) == {
        "A2": "cell.duplicate",
        "A3": "cell.duplicate",
        "A4": "cell.duplicate",
        "C4": "cell.not_a_number",
    }
    assert found.frame["sku_code"].tolist() == ["123"]


@pytest.mark.parametrize(
    "label",
    ["合计", "总计", "小计：", "合计（共 2 条）", "Total", "Grand Total:", "汇总", " 合 计".replace(" ", "")],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_total_rows_are_skipped_and_counted_wherever_they_stand(label: str, place: int) -> None:
    rows: list[list[object]] = [["00123", "a", 1], ["00124", "b", 2]]
    rows.insert(place, [label, None, 3])
    found = taken(stock(*rows), STOCK)
    assert found.frame["on_hand"].sum() == 3
    assert (found.rows, found.skipped_totals) == (3, 1)


def test_a_total_may_be_labelled_in_another_column_but_a_product_may_be_called_total() -> None:
    head: list[object] = ["序号", "商家编码", "商品名称", "实物库存"]
    found = taken(
        stock(
            [1, "00123", "Total", 1],
            [2, "-", "合计", 1],
            ["合计", None, None, 2],
            [None, "00124", "合计器", 5],
            head=head,
        ),
        STOCK,
    )
    assert found.frame["sku_code"].tolist() == ["00123", "00124"]
    assert found.skipped_totals == 2
    assert faults(found) == {}
    assert found.totals.to_dict("list") == {"row": [3, 4], "on_hand": [1, 2]}


def test_blank_rows_do_not_count_and_a_far_note_does() -> None:
    found = taken(
        stock(
            ["00123", "a", 1],
            [None] * 3,
            ["  ", "", None],
            ["00124", "b", 2],
            [None, None, None, None, "盘点人：李"],
        ),
        STOCK,
    )
    assert found.rows == 3
    assert faults(found) == {"A6": "cell.blank", "C6": "cell.blank"}


def test_title_rows_and_an_explanation_row_are_no_data() -> None:
    content = workbooks.workbook(
        [
            ["2026 双11 库存表"],
            [],
            ["*商家编码", "商品名称", "实物库存\n（件）"],
            ["必填，不超过 64 字", "选填", "必填，整数"],
            ["00123", "a", 1],
        ]
    )
    found = taken(content, STOCK)
    assert found.frame["row"].tolist() == [5]
    assert (found.rows, found.notes) == (1, (4,))


def test_a_first_row_of_data_is_never_taken_for_an_explanation() -> None:
    assert taken(stock(["00123", "说明书 必填卡", 1]), STOCK).rows == 1
    found = taken(stock(["00123", "必填", "坏"]), STOCK)
    assert faults(found) == {"C2": "cell.not_a_number"}


def test_a_required_column_that_is_not_there_is_said_once() -> None:
    workbook = opened(workbooks.workbook([["商家编码", "商品名称"], ["00123", "a"]]))
    grid = workbook.grid("Sheet1")
    with pytest.raises(ShopError) as refused:
        clean(grid, 1, {0: "sku_code", 1: "name"}, STOCK, "Sheet1")
    assert refused.value.code == "sheet.missing_field"
    assert refused.value.facts["fields"] == ["on_hand"]


def test_parts_of_a_day_are_summed_and_repeats_counted_once() -> None:
    head = ["日期", "商家编码", "商品名称", "访客数", "支付件数", "支付金额"]
    content = workbooks.workbook(
        [
            head,
            ["合计", None, None, 99, 99, 99],
            ["2026-11-01", "00123", "面膜", 888, 0, None],
            ["2026-11-01", "00123", None, 0, 98, "9780.40"],
            ["2026-11-01", "00123", None, 0, 98, "9780.40"],
            ["2026/11/1", "00124", "精华", 5, 1, 10],
            ["2026-11-01至2026-11-07", "00124", "精华", 5, 1, 10],
        ]
    )
    found = taken(content, TRAFFIC)
    assert found.frame[
        ["sku_code", "name", "visitors", "units_paid", "paid_amount", "row"]
    ].values.tolist() == [["00123", "面膜", 888, 98, 978040, 3], ["00124", "精华", 5, 1, 1000, 6]]
    assert (found.rows, found.merged, found.skipped_totals) == (6, 2, 1)
    assert faults(found) == {"A7": "cell.window"}
    assert str(found.frame["visitors"].dtype) == "int64"


def test_orders_have_moments_and_choices() -> None:
    head = ["订单编号", "商家编码", "数量", "实付金额", "付款时间", "订单状态"]
    rows = [
        ["1001", "00123", 2, 19.9, "2026-11-11 00:30:00", "交易成功"],
        ["1001", "00124", 0, 1, "昨天", "待定"],
    ]
    found = taken(workbooks.workbook([head, *rows]), ORDERS)
    assert found.frame["pay_time"][0] == pd.Timestamp("2026-11-10 16:30", tz="UTC")
    assert found.frame["order_status"].tolist() == ["done"]
    assert faults(found) == {
        "C3": "cell.negative" if ORDERS.fields[2].minimum == 0 else "cell.too_small",
        "E3": "cell.not_a_moment",
        "F3": "cell.unknown_choice",
    }


def test_the_header_is_found_below_a_preamble_and_the_operator_may_choose_another() -> None:
    rows: list[list[object]] = [
        ["店铺：旗舰店"],
        ["统计周期", "2026-11-01"],
        [],
        ["导出人", "李"],
        ["商家编码", "商品名称", "库存"],
        ["00123", "名称", 5],
    ]
    grid = opened(workbooks.workbook(rows)).grid("Sheet1")
    header = guess_header(grid, STOCK)
    assert (header.row, header.mapping) == (5, {0: "sku_code", 1: "name", 2: "on_hand"})
    assert header_at(grid, 6, STOCK).mapping == {1: "name"}
    assert guess_header(grid, STOCK, {"库存": "reserved"}).mapping[2] == "reserved"
    with pytest.raises(ShopError):
        header_at(grid, 60, STOCK)


def test_a_sheet_whose_headers_nobody_knows_is_left_to_the_operator() -> None:
    grid = opened(workbooks.workbook([["甲", "乙"], ["x", "y"]])).grid("Sheet1")
    header = guess_header(grid, STOCK)
    assert (header.row, header.mapping, header.headers) == (1, {}, ["甲", "乙"])


def test_the_fitting_sheet_is_found_and_an_empty_workbook_is_said() -> None:
    some = workbooks.sheet_xml(workbooks.rows_xml([["商家编码", "说明"], ["00123", "x"]]))
    best = workbooks.sheet_xml(workbooks.rows_xml([HEAD, ["00123", "a", 1]]))
    workbook = opened(
        workbooks.package({"目录": some, "备份": best, "库存": best}, states={"备份": 'state="hidden"'})
    )
    assert guess_sheet(workbook, STOCK) == "库存"
    with pytest.raises(ShopError) as refused:
        guess_sheet(opened(workbooks.workbook([])), STOCK)
    assert refused.value.code == "sheet.no_rows"


def test_a_sheet_with_a_header_alone_has_no_rows() -> None:
    for spec in (STOCK, TRAFFIC):
        head = [field.title("zh") for field in spec.fields]
        found = taken(workbooks.workbook([head]), spec)
        assert (found.rows, len(found.frame), len(found.rejected)) == (0, 0, 0)
        assert found.frame.columns.tolist() == [*(field.name for field in spec.fields), "row"]


def test_hundreds_of_thousands_of_cells_are_read_without_a_python_object_each() -> None:
    grid = opened(workbooks.workbook([HEAD, *([f"{n:06d}", f"名{n % 7}", n] for n in range(30_000))])).grid(
        "Sheet1"
    )
    found = clean(grid, 1, {0: "sku_code", 1: "name", 2: "on_hand"}, STOCK, "Sheet1")
    assert found.frame["on_hand"].to_numpy().dtype == np.int64
    assert found.frame["sku_code"].iloc[-1] == "029999"
    assert SheetSpec("x", STOCK.fields, STOCK.key).required == ("sku_code", "on_hand")


CELLS = st.none() | st.sampled_from(
    [
        "00123",
        "00124",
        "00125",
        "合计",
        "Total:",
        "-",
        "5",
        "1.2万",
        "-3",
        "#REF!",
        "必填",
        "2026-11-01",
        "2026-11-01至2026-11-07",
        "nan",
        "\u200b",
        "9.9",
        "坏",
    ]
)
WIDTH = 6


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=WIDTH, max_size=WIDTH), max_size=15),
    st.sampled_from([STOCK, TRAFFIC, ORDERS]),
    st.permutations(range(WIDTH)),
    st.lists(st.tuples(st.integers(1, 17), st.integers(1, WIDTH)), max_size=4, unique=True),
)
def test_the_figures_always_add_up(
    rows: list[list[str | None]], spec: SheetSpec, order: list[int], flawed: list[tuple[int, int]]
) -> None:
    columns = [pa.array([None, *(row[place] for row in rows)], pa.string()) for place in range(WIDTH)]
    cells = pa.table(columns, names=[str(place) for place in range(WIDTH)])
    flaws = pd.DataFrame(
        [(row, column, "cell.error", "#N/A") for row, column in sorted(flawed) if row <= len(rows) + 1],
        columns=["row", "column", "code", "value"],
    )
    names = dict.fromkeys([*spec.required, *(field.name for field in spec.fields)])
    found = clean(Grid(cells, 1, 1, flaws), 1, dict(zip(order, names, strict=False)), spec, "S")
    refused = found.rejected["row"].nunique()
    assert found.rows == len(found.frame) + found.merged + found.skipped_totals + refused
    bad = {row for row, _ in flawed} | {number for number, row in enumerate(rows, start=2) if any(row)}
    assert found.rows + len(found.notes) == len({row for row in bad if 2 <= row <= len(rows) + 1})
    assert not found.frame.duplicated(list(spec.key)).any()
    assert set(found.rejected["row"]) | set(found.frame["row"]) <= set(range(2, len(rows) + 2))
    assert set(found.rejected["row"]).isdisjoint(found.frame["row"])
