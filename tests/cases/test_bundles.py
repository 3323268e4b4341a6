"""Counts in bundles, trays, pallets: pieces where it is said how many one holds, else refused by name."""

from __future__ import annotations

import pytest

from tests.cases.test_cases import Command, positions
from tests.cases.test_questions import refused
from tests.cases.test_strangers import Rows, Sheet, codes, sheet, taken

__all__ = ["sheet"]
STACKS = ("提", "组", "板", "托", "扎", "捆", "排", "筐", "串", "联", "Bundle", "tray", "整提")


@pytest.mark.parametrize("unit", STACKS)
def test_a_bundle_of_an_unknown_size_is_refused_by_its_name(
    command_line: Command, sheet: Sheet, unit: str
) -> None:
    rows: Rows = [["商品编码", "单位", "箱规", "库存数量"], ["A", unit, 12, 3], ["B", "件", "", 4]]
    report = taken(command_line, "stock", sheet(rows))
    assert positions(command_line) == {"B": (4,)}
    assert [(cell["cell"], cell["code"]) for cell in report["rejected"]] == [("D2", "cell.unit")]
    (said,) = [warning for warning in report["warnings"] if warning["code"] == "sheet.unit_unknown"]
    assert said["names"] == [f"{unit} 1"]


@pytest.mark.parametrize("cell", ["3提", "2组", "1托", "5 扎", "3提2包", "2 bundles"])
def test_a_cell_that_counts_in_bundles(command_line: Command, sheet: Sheet, cell: str) -> None:
    report = taken(command_line, "stock", sheet([["商品编码", "库存数量"], ["A", cell], ["B", 4]]))
    assert (positions(command_line), codes(report)) == ({"B": (4,)}, {"cell.unit", "sheet.unit_unknown"})


@pytest.mark.parametrize("head", ["库存(提)", "库存（组）", "库存数量(板)", "库存(托)", "库存[捆]"])
def test_a_header_that_counts_in_bundles(command_line: Command, sheet: Sheet, head: str) -> None:
    rows: Rows = [["商品编码", head.replace("[", "(").replace("]", ")"), "箱规"], ["A", 3, 12]]
    assert "cell.unit" in codes(refused(command_line, "stock", sheet(rows)))


def test_a_bundle_above_the_header(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["库存表 单位：提", ""], ["商品编码", "库存数量"], ["A", 3]]
    assert "cell.unit" in codes(refused(command_line, "stock", sheet(rows)))


@pytest.mark.parametrize(
    ("columns", "cells", "units"),
    [
        (["单位", "包装规格"], ["提", "10包/提"], 30),
        (["单位", "包装规格"], ["提", 10], 30),
        (["单位", "每提数量"], ["提", 10], 30),
        (["单位", "规格"], ["提", "10包/提 8提/箱"], 30),
        (["单位"], ["提(10包)"], 30),
        (["单位"], ["1提=10包"], 30),
        (["单位"], ["12瓶/箱"], 36),
        (["单位", "包装"], ["板", "1板=30枚"], 90),
        (["单位", "规格"], ["组", "3件/组"], 9),
    ],
)
def test_a_bundle_whose_size_is_said(
    command_line: Command, sheet: Sheet, columns: list[object], cells: list[object], units: int
) -> None:
    report = taken(command_line, "stock", sheet([["商品编码", *columns, "库存数量"], ["A", *cells, 3]]))
    assert positions(command_line) == {"A": (units,)}
    assert report["control"]["on_hand"]["file"] == units


def test_a_pallet_of_cartons_has_no_size_in_pieces(command_line: Command, sheet: Sheet) -> None:
    rows: Rows = [["商品编码", "单位", "换算", "库存数量"], ["A", "托", "12瓶/箱,40箱/托", 3]]
    assert "cell.unit" in codes(refused(command_line, "stock", sheet(rows)))


def test_a_bundle_and_some_pieces(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet([["商品编码", "规格", "库存数量"], ["A", "10包/提", "2提3包"]]))
    assert positions(command_line) == {"A": (23,)}
