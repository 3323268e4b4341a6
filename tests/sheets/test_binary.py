"""Merged cells, hidden rows and numbers as people see them are heard in .xls and .xlsb as in .xlsx."""

import io
from pathlib import Path

import pytest
from openpyxl import Workbook

from core.sheets.formats import records
from core.sheets.reader import Grid
from core.stock.sheet import STOCK
from tests.sheets.binary_books import xlsb
from tests.sheets.kinds import TRAFFIC
from tests.sheets.reading import opened, taken

# 商品编码, 仓库, 库存数量, 比例, 金额, 日期: two warehouses of 00012 (its code merged over both), 00007 hidden
XLS = Path(__file__).with_name("binary.xls").read_bytes()
ROWS: list[list[object]] = [
    ["商品编码", "仓库", "库存数量", "比例", "金额", "日期"],
    [12, "上海", 3, 1.2, 9.5, 46337],
    [None, "北京", 4, 0.5, 10, 46338],
    [7, "上海", 5, 0.25, 11, 46339],
]
FORMATS = {
    (2, 1): "00000",
    (4, 1): "00000",
    **{(row, column): code for row in (2, 3, 4) for column, code in ((4, "0.0%"), (5, "[$$-409]0.00"))},
    **{(row, 6): "yyyy-mm-dd" for row in (2, 3, 4)},
}
XLSB = xlsb(ROWS, hidden=(4,), merges=((2, 1, 3, 1),), formats=FORMATS)


def grid_of(content: bytes) -> Grid:
    return opened(content).grid("Sheet1")


@pytest.mark.parametrize("content", [XLS, XLSB], ids=["xls", "xlsb"])
def test_what_stands_beside_the_values(content: bytes) -> None:
    grid = grid_of(content)
    assert grid.merges.tolist() == [[2, 1, 3, 1]]
    assert grid.hidden_rows.tolist() == [4]
    assert grid.row_texts(2) == ["00012", "上海", "3", "120%", "$9.5", "2026-11-11"]
    assert grid.row_texts(4)[:5] == ["00007", "上海", "5", "0.25", "$11"]


@pytest.mark.parametrize("content", [XLS, XLSB], ids=["xls", "xlsb"])
def test_parts_under_a_merged_code_come_to_their_sum(content: bytes) -> None:
    found = taken(content, STOCK.spec)
    assert found.frame.groupby("sku_code")["on_hand"].sum().to_dict() == {"00007": 5, "00012": 7}
    assert found.hidden == 1


def test_what_cannot_be_looked_into_says_nothing() -> None:
    for content in (
        XLS[:600],
        XLS[:512] + bytes(4096),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"",
    ):
        assert records.look(content) == {}
    for length in range(512, len(XLS), 97):
        records.look(XLS[:length])


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("[$$-409]#,##0.00", "$10"),
        ('"US$"0.00', "US$10"),
        ("#,##0.00\\ [$€-407]", "€10"),
        ('"¥"#,##0.00', "10"),
        ("[$¥-804]#,##0.00", "10"),
        ("[$-804]0.00", "10"),
    ],
)
def test_the_sign_of_another_currency_is_seen_in_excel_too(code: str, shown: str) -> None:
    book = Workbook()
    book.active.append(["商品编码", "成本价"])
    book.active.append(["A", 10])
    book.active["B2"].number_format = code
    buffer = io.BytesIO()
    book.save(buffer)
    assert opened(buffer.getvalue()).grid("Sheet").row_texts(2) == ["A", shown]


def test_a_rate_above_one_is_a_rate() -> None:
    rows: list[list[object]] = [
        ["统计日期", "商品编码", "访客数", "支付转化率"],
        ["2026-11-01", "A", 10, 1.2],
        ["2026-11-01", "B", 10, 0.5],
    ]
    found = taken(xlsb(rows, formats={(2, 4): "0%", (3, 4): "0%"}), TRAFFIC)
    assert found.frame["conversion_rate"].tolist() == [1.2, 0.5]
