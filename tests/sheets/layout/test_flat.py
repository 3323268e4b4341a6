"""Counts that lie in several columns, a warehouse, a shop or a size each: their sum, or a question, never the first."""

import pytest

from core.sheets.detect import guess_header
from core.stock.sheet import COUNT, STOCK
from tests.sheets.reading import opened
from tests.sheets.workbooks import workbook

Rows = list[list[object]]


def decided(rows: Rows, kind: str = "stock") -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """(the column of the count, the columns between which somebody must decide, those of them that claim to be the
    total)."""
    spec = (COUNT if kind == "count" else STOCK).spec
    name = "counted" if kind == "count" else "on_hand"
    header = guess_header(opened(workbook(rows)).grid("Sheet1"), spec)
    taken = next((header.headers[at] for at, field in header.mapping.items() if field == name), "")
    rivals = next((one for one in header.candidates if one.field == name), None)
    if rivals is None:
        return taken, (), ()
    texts = tuple(tuple(header.headers[at] for at in columns) for columns in (rivals.columns, rivals.totals))
    return taken, texts[0], texts[1]


@pytest.mark.parametrize(
    "columns",
    [
        ("上海仓", "北京仓", "广州仓"),
        ("上海仓库存", "北京仓库存"),
        ("库存（上海）", "库存（北京）"),
        ("主仓实际库存数", "分仓实际库存数"),
        ("总仓", "分仓"),
        ("上海", "北京"),
        ("杭州店", "宁波店"),
        ("S", "M", "L", "XL", "2XL"),
        ("36", "37", "38"),
        ("均码", "XXL"),
    ],
)
def test_parts_without_a_total_are_a_question(columns: tuple[str, ...]) -> None:
    rows: Rows = [["商品编码", *columns], ["A", *range(1, len(columns) + 1)], ["B", *[2] * len(columns)]]
    assert decided(rows)[1] == columns


@pytest.mark.parametrize("total", ["合计", "库存", "总库存", "库存数量"])
def test_a_total_that_is_the_sum_of_its_parts_is_the_count(total: str) -> None:
    rows: Rows = [["商品编码", "上海仓", "北京仓", total], ["A", 3, 4, 7], ["B", 1, None, 1]]
    assert decided(rows) == (total, (), ())


@pytest.mark.parametrize("total", ["合计", "库存", "总库存"])
def test_a_total_that_is_not_is_a_question_and_never_added_to_its_parts(total: str) -> None:
    rows: Rows = [["商品编码", "上海仓", "北京仓", total], ["A", 3, 4, 7], ["B", 1, 1, 3]]
    assert decided(rows)[1:] == (("上海仓", "北京仓", total), (total,))


@pytest.mark.parametrize(
    "columns",
    [
        ("库存数量", "安全库存", "近7天销量", "箱规"),
        ("库存", "可用库存", "在途库存"),
        ("库存", "残次库存", "锁定库存"),
        ("库存", "上海仓备注"),
    ],
)
def test_other_measures_are_no_parts(columns: tuple[str, ...]) -> None:
    rows: Rows = [["商品编码", *columns], ["A", 10, *["1"] * (len(columns) - 1)]]
    assert decided(rows) == (columns[0], (), ())


def test_a_column_of_words_is_a_place_and_no_count() -> None:
    rows: Rows = [["商品编码", "分仓", "总仓备注", "库存"], ["A", "上海", "x", 10], ["A", "北京", "y", 4]]
    assert decided(rows) == ("库存", (), ())


def test_counts_of_warehouses_are_a_question_too() -> None:
    rows: Rows = [["商品编码", "上海仓实盘数量", "北京仓实盘数量"], ["A", 6, 3]]
    assert decided(rows, "count")[1] == ("上海仓实盘数量", "北京仓实盘数量")
