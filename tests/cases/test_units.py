"""Prices and counts by the pack, units above the header, currencies by column: turned where it is known how, else refused."""

from __future__ import annotations

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from core.database import Database, read
from core.goods.tables import sku
from tests.cases.test_cases import Command, positions
from tests.cases.test_questions import refused
from tests.cases.test_strangers import PAID_AT, Rows, Sheet, codes, sheet, taken

__all__ = ["sheet"]
HEAD: list[object] = ["商品编码", "商品名称"]


def costs(database: Database) -> dict[str, object]:
    """SKU -> what one costs (fen, None for nothing)."""
    with database.reading() as connection:
        frame = read(connection, select(sku.c.sku_code, sku.c.unit_cost))
    return dict(zip(frame["sku_code"], frame["unit_cost"].astype(object), strict=True))


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (["单位", "箱规", "成本价"], ["箱", 12, "120"]),
        (["单位", "成本价"], ["打", "120"]),
        (["箱规", "成本价(元/箱)"], [12, "120"]),
        (["箱规", "每箱成本"], [12, "120"]),
        (["箱规", "成本价"], [12, "120元/箱"]),
        (["箱规", "成本价"], ["12瓶/箱", "120元/箱"]),
        (["单位", "包装", "成本价"], ["箱", "1箱=12瓶", "120"]),
        (["单位", "规格型号", "成本价"], ["箱", "500ml*12瓶/箱", "120"]),
        (["单位", "成本价"], ["箱(12瓶)", "120"]),
        (["单位", "采购单位", "箱规", "采购价"], ["瓶", "箱", 12, "120"]),
        (["单位", "箱规", "成本价(元/件)"], ["箱", 12, "10"]),
        (["单位", "箱规", "成本价"], ["箱", 12, "10元/瓶"]),
    ],
)
def test_a_cost_by_the_pack_becomes_the_cost_of_one(
    command_line: Command, sheet: Sheet, database: Database, columns: list[object], cells: list[object]
) -> None:
    report = taken(command_line, "goods", sheet([[*HEAD, *columns], ["A", "x", *cells]]))
    assert costs(database) == {"A": 1000}
    by_piece = str(columns[-1]).endswith("/件)") or str(cells[-1]).endswith("/瓶")
    assert ("sheet.by_the_pack" in codes(report)) is not by_piece


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (["单位", "成本价"], ["箱", "120"]),
        (["单位", "箱规", "成本价"], ["托", 12, "120"]),
        (["成本价(元/箱)"], ["120"]),
        (["成本价"], ["120元/箱"]),
    ],
)
def test_a_cost_by_a_pack_of_an_unknown_size_is_refused(
    command_line: Command, sheet: Sheet, columns: list[object], cells: list[object]
) -> None:
    path = sheet([[*HEAD, *columns], ["A", "x", *cells]])
    assert "cell.unit" in codes(refused(command_line, "goods", path))


def test_a_price_by_the_carton_on_an_order(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["订单号", "商品编码", "单位", "箱规", "数量", "单价", "实付金额", "付款时间"]
    report = taken(command_line, "orders", sheet([head, ["1", "A", "箱", 12, 2, "120", "240", PAID_AT]]))
    assert report["control"]["quantity"]["file"] == 24
    assert report["control"]["unit_price"]["file"] == 1000


def test_what_is_bought_in_cartons_and_counted_in_pieces(
    command_line: Command, sheet: Sheet, database: Database
) -> None:
    head: list[object] = ["商品编码", "单位", "采购单位", "箱规", "采购价", "库存数量"]
    taken(command_line, "stock", sheet([head, ["A", "瓶", "箱", 12, "120", 30]]))
    assert (costs(database), positions(command_line)) == ({"A": 1000}, {"A": (30,)})


@pytest.mark.parametrize(
    ("line", "units"), [("库存表  单位：千件", 3000), ("单位：个", 3), ("编制单位：甲公司", 3)]
)
def test_a_unit_above_the_header_holds_for_the_sheet(
    command_line: Command, sheet: Sheet, line: str, units: int
) -> None:
    taken(command_line, "stock", sheet([[line, ""], ["商品编码", "库存"], ["A", 3]]))
    assert positions(command_line) == {"A": (units,)}


def test_cartons_above_the_header_need_their_size(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["库存表（单位：箱）", "", ""], ["商品编码", "箱规", "库存"], ["A", 12, 3], ["B", "", 3]]
    report = taken(command_line, "stock", sheet(rows))
    assert (positions(command_line), codes(report)) == ({"A": (36,)}, {"sheet.unit_above", "cell.unit"})


def test_amounts_in_ten_thousands_above_the_header(command_line: Command, sheet: Sheet) -> None:
    head: list[object] = ["日期", "商品编码", "支付件数", "支付金额", "退款金额(元)"]
    rows: Rows = [["金额单位：万元", "", "", "", ""], head, ["2026-11-01", "A", 3, "1.2", "50"]]
    taken(command_line, "traffic", sheet(rows))
    (row,) = command_line("signals")[1]
    assert (row["units_paid"], row["paid_amount"], row["refund_amount"]) == (3, 1_200_000, 5000)


def test_each_amount_in_the_currency_of_its_own_header(
    command_line: Command, sheet: Sheet, database: Database
) -> None:
    path = sheet([[*HEAD, "成本价(USD)", "吊牌价(元)"], ["A", "x", "10", "100"]])
    assert "sheet.currency" in codes(refused(command_line, "goods", path))
    taken(command_line, "goods", path, "--rate", "USD=7.1")
    with database.reading() as connection:
        (row,) = read(connection, select(sku.c.unit_cost, sku.c.list_price)).itertuples(index=False)
    assert (row.unit_cost, row.list_price) == (7100, 10000)


def test_a_currency_above_the_header_is_asked_for(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["报价单 单位：美元", "", ""], [*HEAD, "成本价"], ["A", "x", "10"]]
    assert "cell.currency" in codes(refused(command_line, "goods", sheet(rows)))


def test_a_pack_price_in_a_workbook_of_old_and_new_make(command_line: Command, tmp_path: object) -> None:
    book = Workbook()
    for row in ([*HEAD, "箱规", "成本价(元/箱)"], ["A", "x", 12, 100], ["B", "y", 0, 100]):
        book.active.append(row)
    path = f"{tmp_path}/a.xlsx"
    book.save(path)
    report = taken(command_line, "goods", path)
    assert report["control"]["unit_cost"]["file"] == 833  # 8.33 a piece; B's pack holds nothing
    assert [cell["row"] for cell in report["rejected"]] == [3, 3]
