"""A sheet that cannot be quite right is doubted before it is written, and a sheet of another kind is sent to its door."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.imports.draft import check
from core.imports.inspection import inspect
from core.sheets.writer import export
from core.stock import suspicion
from core.stock.sheet import STOCK


def test_units_that_leap_are_named_the_worst_first() -> None:
    before = pd.Series({"A": 100, "B": 4, "C": 0, "D": 50, "E": 20})
    after = pd.Series({"A": 2600, "B": 60, "C": 900, "D": 400, "E": 220})
    assert suspicion.leapt(before, after)[lambda odd: odd].index.tolist() == ["A", "E"]
    (doubt,) = suspicion.warnings(before, after, "stock.xlsx", date(2026, 11, 1))
    assert doubt == {
        "code": "stock.leap",
        "count": 2,
        "times": 10,
        "examples": ["A 100 → 2600", "E 20 → 220"],
    }


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("库存_20261101.xlsx", date(2026, 11, 1)),
        ("库存2026年11月1日.xlsx", date(2026, 11, 1)),
        ("stock 2026-11-01 final.csv", date(2026, 11, 1)),
        ("stock.xlsx", None),
        ("SKU-202611010001.xlsx", None),
        ("2026-02-31.xlsx", None),
    ],
)
def test_the_day_in_a_files_name(name: str, day: date | None) -> None:
    assert suspicion.day_of(name) == day


def test_only_a_sheet_of_long_ago_is_old() -> None:
    none = pd.Series(dtype="int64")
    assert list(suspicion.warnings(none, none, "库存_20261101.xlsx", date(2026, 11, 8))) == []
    (doubt,) = suspicion.warnings(none, none, "库存_20261101.xlsx", date(2026, 11, 9))
    assert (doubt["code"], doubt["days"]) == ("stock.old_sheet", 8)


def test_an_order_export_dropped_on_the_stock_upload_is_sent_to_its_door(
    sqlite: Database, merchandiser: Actor
) -> None:
    header = [
        "订单编号",
        "买家应付货款",
        "订单付款时间",
        "宝贝标题",
        "买家实际支付金额",
        "订单状态",
        "宝贝总数量",
    ]
    sheet = export(
        pd.DataFrame([["1", "1", "2026-11-01", "x", "1", "交易成功", "1"]], columns=header),
        [(name, name, "text") for name in header],
        "订单",
        "zh",
    )
    inspection = inspect(sqlite, merchandiser, STOCK, sheet, "orders.xlsx")
    with pytest.raises(ShopError) as refused:
        check(inspection)
    assert refused.value.code == "import.other_kind"
    assert refused.value.facts["other"] == "orders"
