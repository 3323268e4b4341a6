"""A column whose cells say that goods are damaged or came back: their units are not for sale, whatever it is called."""

from __future__ import annotations

import pytest

from tests.cases.test_cases import Command, positions
from tests.cases.test_strangers import Rows, Sheet, sheet, taken

__all__ = ["sheet"]


@pytest.mark.parametrize(
    ("header", "good", "bad"),
    [
        ("Disposition", "SELLABLE", "DEFECTIVE"),
        ("Condition", "Sellable", "Unsellable"),
        ("Disposition", "SELLABLE", "CUSTOMER_DAMAGED"),
        ("等级", "正品", "次品"),
        ("货品性质", "良品", "残次品"),
    ],
)
def test_units_that_a_column_calls_damaged_do_not_count(
    command_line: Command, sheet: Sheet, header: str, good: str, bad: str
) -> None:
    rows: Rows = [["A01", good, 10], ["A01", bad, 3], ["B02", good, 5], ["C03", bad, 4]]
    report = taken(command_line, "stock", sheet([["SKU", header, "Quantity"], *rows]))
    assert positions(command_line) == {"A01": (10,), "B02": (5,), "C03": (0,)}
    control = report["control"]["on_hand"]
    assert (control["file"], control["written"], control["excluded"]) == (22, 15, 7)
    (out,) = [warning for warning in report["warnings"] if warning["code"] == "import.locations_excluded"]
    assert out["locations"] == [{"location": bad, "units": 7}]


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        ("退货政策", ("七天无理由退货", "不支持退货", "支持退货", "")),
        ("备注", ("残次", "", "", "")),
        ("Condition", ("New", "New", "Used", "New")),
        ("分类", ("样品柜", "残次品收纳盒", "手套", "围巾")),
    ],
)
def test_other_texts_are_no_condition(
    command_line: Command, sheet: Sheet, header: str, texts: tuple[str, ...]
) -> None:
    rows: Rows = [[f"A{at}", text, at + 1] for at, text in enumerate(texts)]
    report = taken(command_line, "stock", sheet([["商品编码", header, "库存数量"], *rows]))
    assert positions(command_line) == {f"A{at}": (at + 1,) for at in range(4)}
    assert "location" not in report["mapping"]
