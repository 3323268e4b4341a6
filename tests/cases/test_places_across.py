"""Warehouses as columns: their units are summed as rows of locations are, and it is known where they lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.cases.test_cases import Command, positions
from tests.cases.test_strangers import Rows, Sheet, sheet, taken

__all__ = ["sheet"]
HEAD = ["商品编码", "上海仓", "广州仓", "残次仓"]
THREE: Rows = [HEAD, ["A", 10, 5, 2], ["B", 1, "", 4]]
SUM = ("--map", "on_hand=上海仓+广州仓+残次仓")
Places = dict[str, set[tuple[str, int, bool]]]


def lying(command_line: Command) -> Places:
    """SKU -> (location, units, sellable)."""
    return {
        row["sku_code"]: {(part["location"], part["units"], part["sellable"]) for part in row["locations"]}
        for row in command_line("positions")[1]
    }


def as_rows(rows: Rows) -> Rows:
    """A sheet of warehouses as columns with a row for each cell."""
    head, *body = rows
    cells = [[row[0], place, units] for row in body for place, units in zip(head[1:], row[1:], strict=True)]
    return [["商品编码", "仓库", "库存数量"], *(cell for cell in cells if cell[2] != "")]


def test_columns_of_warehouses_lie_where_rows_of_them_lie(command_line: Command, sheet: Sheet) -> None:
    report = taken(command_line, "stock", sheet(THREE), *SUM)
    across = (positions(command_line), lying(command_line))
    assert across[0] == {"A": (15,), "B": (1,)}
    assert across[1]["A"] == {("上海仓", 10, True), ("广州仓", 5, True), ("残次仓", 2, False)}
    control = report["control"]["on_hand"]
    assert (control["file"], control["written"], control["excluded"]) == (22, 16, 6)
    (out,) = [warning for warning in report["warnings"] if warning["code"] == "import.locations_excluded"]
    assert (out["locations"], out["asked"]) == ([{"location": "残次仓", "units": 6}], False)
    again = taken(command_line, "stock", sheet(as_rows(THREE)))
    assert (again["unchanged"], again["changed"]) == (2, 0)
    assert (positions(command_line), lying(command_line)) == across


def test_a_location_left_out_now_and_the_answer_is_kept(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet(THREE), *SUM, "--exclude", "广州仓")
    assert positions(command_line) == {"A": (10,), "B": (1,)}
    taken(command_line, "stock", sheet([HEAD, ["A", 10, 7, 2]]))  # the sum and the answer are remembered
    assert positions(command_line)["A"] == (10,)
    assert ("广州仓", 7, False) in lying(command_line)["A"]


def test_other_levels_stay_with_their_row_and_are_counted_once(command_line: Command, sheet: Sheet) -> None:
    head = [*HEAD, "锁定库存", "在途", "成本价"]
    rows: Rows = [head, ["A", 10, 5, 2, 3, 8, "12.50"], ["B", 0, 0, 6, 1, "", ""]]
    report = taken(command_line, "stock", sheet(rows), *SUM)
    levels = ("on_hand", "reserved", "in_transit")
    assert positions(command_line, *levels) == {"A": (15, 3, 8), "B": (0, 1, 0)}
    assert {name: sums["written"] for name, sums in report["control"].items()} == {
        "on_hand": 15,
        "reserved": 4,
        "in_transit": 8,
        "unit_cost": 1250,
    }
    assert all(location for parts in lying(command_line).values() for location, _, _ in parts)


def test_places_within_places(command_line: Command, sheet: Sheet) -> None:
    head = ["商品编码", "仓库", "良品数量", "残次品数量"]
    path = sheet([head, ["A", "上海仓", 7, 1], ["A", "广州仓", 4, 2]])
    report = taken(command_line, "stock", path, "--map", "on_hand=良品数量+残次品数量")
    assert (report["merged"], positions(command_line)) == (1, {"A": (11,)})
    assert lying(command_line)["A"] == {
        ("上海仓 良品", 7, True),
        ("上海仓 残次品", 1, False),
        ("广州仓 良品", 4, True),
        ("广州仓 残次品", 2, False),
    }


def test_a_total_that_adds_up_says_where_its_units_lie(command_line: Command, sheet: Sheet) -> None:
    head = ["商品编码", "上海仓", "瑕疵仓", "合计"]
    taken(command_line, "stock", sheet([head, ["A", 3, 4, 7], ["B", 1, "", 1]]))
    assert positions(command_line) == {"A": (3,), "B": (1,)}
    assert lying(command_line)["A"] == {("上海仓", 3, True), ("瑕疵仓", 4, False)}


def test_a_total_that_somebody_named_is_what_counts(command_line: Command, sheet: Sheet) -> None:
    path = sheet([["商品编码", "上海仓", "瑕疵仓", "合计"], ["A", 3, 4, 7]])
    taken(command_line, "stock", path, "--map", "on_hand=合计")
    assert (positions(command_line), lying(command_line)) == ({"A": (7,)}, {"A": set()})


@pytest.mark.parametrize(
    ("columns", "units"), [(("可用库存", "锁定库存"), 9), (("S", "M"), 9), (("数量1", "数量2"), 9)]
)
def test_sums_of_levels_and_of_sizes_are_no_places(
    command_line: Command, sheet: Sheet, columns: tuple[str, str], units: int
) -> None:
    path = sheet([["商品编码", *columns], ["A", 4, 5]])
    taken(command_line, "stock", path, "--map", f"on_hand={'+'.join(columns)}")
    assert (positions(command_line), lying(command_line)["A"]) == ({"A": (units,)}, set())


def test_what_columns_said_is_taken_back(command_line: Command, sheet: Sheet) -> None:
    taken(command_line, "stock", sheet([["商品编码", "库存数量"], ["A", 3]]))
    report = taken(command_line, "stock", sheet(THREE), *SUM)
    assert command_line("undo", report["import_id"])[0] == 0
    assert (positions(command_line)["A"], lying(command_line)["A"]) == ((3,), set())


def test_a_bad_cell_refuses_its_row_once(command_line: Command, sheet: Sheet) -> None:
    report = taken(command_line, "stock", sheet([*THREE, ["C", 3, "#REF!", 9]]), *SUM)
    assert [(cell["cell"], cell["code"]) for cell in report["rejected"]] == [("C4", "cell.error")]
    assert set(positions(command_line)) == {"A", "B"}
    assert report["control"]["on_hand"]["rejected"] == 0


def test_sheets_with_and_without_columns_of_places(command_line: Command, tmp_path: Path) -> None:
    book, path = Workbook(), str(tmp_path / "a.xlsx")
    for title, rows in {"一": THREE, "二": [HEAD, ["C", 2, 2, 1]]}.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path)
    taken(command_line, "stock", path, *SUM)
    assert positions(command_line) == {"A": (15,), "B": (1,), "C": (4,)}
    assert lying(command_line)["C"] == {("上海仓", 2, True), ("广州仓", 2, True), ("残次仓", 1, False)}
