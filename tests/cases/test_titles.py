"""A warehouse that only the title, the sheet's name or the file's says: it is where the rows lie, and said so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.cases.test_cases import Command, positions
from tests.cases.test_strangers import Rows, Sheet, codes, sheet, taken

__all__ = ["sheet"]
HEAD: list[object] = ["商品编码", "库存数量"]


def lying(command_line: Command) -> set[tuple[str, int, bool]]:
    """Where the units of A lie."""
    (row,) = command_line("positions", "--sku", "A")[1]
    return {(part["location"], part["units"], part["sellable"]) for part in row["locations"]}


def named(report: dict[str, Any]) -> list[str]:
    """The place that was named for all rows."""
    return [
        name for said in report["warnings"] if said["code"] == "import.place_named" for name in said["names"]
    ]


def workbook(path: Path, name: str, rows: Rows) -> str:
    book = openpyxl.Workbook()
    book.active.title = name
    for row in rows:
        book.active.append(row)
    book.save(path)
    return str(path)


@pytest.mark.parametrize(
    ("title", "place"),
    [
        ("上海仓 库存表 2026-10-01", "上海仓"),
        ("2026年10月上海仓库存表", "上海仓"),
        ("仓库：主仓", "主仓"),
        ("嘉兴云仓实时库存", "嘉兴云仓"),
    ],
)
def test_the_warehouse_of_a_title(command_line: Command, sheet: Sheet, title: str, place: str) -> None:
    report = taken(command_line, "stock", sheet([[title, ""], HEAD, ["A", 3], ["B", 4]]))
    assert (named(report), lying(command_line)) == ([place], {(place, 3, True)})
    assert positions(command_line) == {"A": (3,), "B": (4,)}


@pytest.mark.parametrize(
    "title", ["库存表 2026-10-01", "全部仓库库存", "上海仓、北京仓库存", "库存表（不含残次品）"]
)
def test_titles_that_name_no_single_place(command_line: Command, sheet: Sheet, title: str) -> None:
    report = taken(command_line, "stock", sheet([[title, ""], HEAD, ["A", 3]]))
    assert (named(report), positions(command_line)) == ([], {"A": (3,)})


@pytest.mark.parametrize("title", ["残次品库存表", "退货仓 2026-10-01", "仓库：残次仓", "样品库存"])
@pytest.mark.parametrize("bins", [False, True])
def test_a_title_of_goods_that_are_not_for_sale(
    command_line: Command, sheet: Sheet, title: str, bins: bool
) -> None:
    taken(
        command_line,
        "stock",
        sheet([["商品编码", "仓库", "库存数量"], ["A", "上海仓", 6], ["A", "北京仓", 4]]),
    )
    rows: Rows = [[title], [*HEAD, "库位"], ["A", 3, "L1"]] if bins else [[title], HEAD, ["A", 3]]
    report = taken(command_line, "stock", sheet(rows))
    assert {"import.place_named", "import.locations_excluded"} <= codes(report)
    assert report["control"]["on_hand"]["excluded"] == 3
    assert positions(command_line) == {"A": (10,)}  # the sheet says nothing of what is for sale
    assert {("上海仓", 6, True), ("北京仓", 4, True)} < lying(command_line)


@pytest.mark.parametrize(("name", "units"), [("上海仓", 3), ("上海仓库存", 3), ("残次品", 0), ("Sheet1", 3)])
def test_the_name_of_the_only_sheet(command_line: Command, tmp_path: Path, name: str, units: int) -> None:
    report = taken(command_line, "stock", workbook(tmp_path / "a.xlsx", name, [HEAD, ["A", 3]]))
    assert bool(named(report)) is (name != "Sheet1")
    assert positions(command_line) == {"A": (units,)}


def test_the_name_of_the_file(command_line: Command, tmp_path: Path) -> None:
    path = workbook(tmp_path / "退货仓库存1001.xlsx", "Sheet1", [HEAD, ["A", 3]])
    assert named(taken(command_line, "stock", path)) == ["退货仓"]
    assert positions(command_line) == {"A": (0,)}
    taken(command_line, "stock", path, "--include", "退货仓")
    assert positions(command_line) == {"A": (3,)}


def test_warehouses_that_a_later_sheet_does_not_mention_are_named(
    command_line: Command, sheet: Sheet
) -> None:
    taken(
        command_line,
        "stock",
        sheet([["商品编码", "仓库", "库存数量"], ["A", "上海仓", 6], ["A", "北京仓", 4]]),
    )
    report = taken(command_line, "stock", sheet([["上海仓库存"], HEAD, ["A", 7]]))
    (said,) = [one for one in report["warnings"] if one["code"] == "stock.locations_missing"]
    assert (said["units"], said["names"]) == (4, ["北京仓 4"])
    assert command_line("undo", report["import_id"])[0] == 0
    assert positions(command_line) == {"A": (10,)}


def test_a_count_among_the_returns_does_not_change_what_is_for_sale(
    command_line: Command, sheet: Sheet
) -> None:
    taken(command_line, "stock", sheet([HEAD, ["A", 10]]))
    head: list[object] = ["商品编码", "货位", "实盘数量"]
    report = taken(command_line, "count", sheet([head, ["A", "主仓", 9], ["A", "残次仓", 3]]))
    assert [(cell["cell"], cell["code"]) for cell in report["rejected"]] == [("B3", "stock.not_for_sale")]
    assert positions(command_line) == {"A": (9,)}
    code, report = command_line(
        "import", "count", sheet([["退货仓盘点"], ["商品编码", "实盘数量"], ["A", 2]])
    )
    assert (code, codes(report)) == (1, {"stock.not_for_sale", "import.place_named"})
