"""`import`, `undo`, `positions`, `check` as an operator's script sees them, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from data.demo_goods import files

Command = Callable[..., tuple[int, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The demo's goods sheets as files."""
    for name, content in files(date(2026, 10, 21)).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_from_empty_shop_to_positions_and_back(command_line: Command, folder: Path) -> None:
    assert command_line("import", "suppliers", str(folder / "suppliers.xlsx"))[1]["added"] == 9
    assert command_line("import", "goods", str(folder / "goods.xlsx"))[1]["added"] == 300
    code, tried = command_line("import", "stock", str(folder / "stock.xlsx"), "--dry-run")
    assert (code, tried["committed"], tried["added"]) == (0, False, 300)
    code, report = command_line("import", "stock", str(folder / "stock.xlsx"))
    assert (code, report["committed"], report["header_row"], report["skipped_totals"]) == (0, True, 3, 1)
    assert report["mapping"]["on_hand"] == "主仓实际库存数"
    rejected = len({row["row"] for row in report["rejected"]})
    assert (
        report["rows"]
        == report["added"]
        + report["changed"]
        + report["unchanged"]
        + report["merged"]
        + rejected
        + report["skipped_totals"]
    )
    code, (row,) = command_line("positions", "--sku", "0010101")
    assert (
        row["available_to_promise"]
        == row["on_hand"] - row["reserved"] - row["presale_committed"] - row["activity_locked"]
    )
    assert command_line("undo", report["import_id"], "--reason", "wrong warehouse")[0] == 0
    assert {row["on_hand"] for row in command_line("positions")[1]} == {0}
    code, again = command_line("undo", report["import_id"])
    assert (code, again["error"]) == (1, "import.already_undone")
    assert command_line("check")[1]["ok"]


def test_every_refused_cell_is_named(command_line: Command, folder: Path) -> None:
    code, report = command_line("import", "stock", str(folder / "stock_with_mistakes.xlsx"))
    assert code == 0
    cells = {row["cell"]: row["code"] for row in report["rejected"]}
    assert {"D7", "D11", "A13", "E16", "A18", "A19", "A24", "H26"} == set(cells)
    assert (cells["A13"], cells["A19"], cells["A24"]) == ("cell.blank", "cell.duplicate", "cell.lost_digits")


def test_a_header_named_by_hand(command_line: Command, folder: Path) -> None:
    code, report = command_line(
        "import", "stock", str(folder / "stock.xlsx"), "--map", "on_hand=采购在途数", "--map", "in_transit="
    )
    assert (code, report["mapping"]["on_hand"]) == (0, "采购在途数")
    assert "in_transit" not in report["mapping"]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("import", "socks", "{stock}"), 1, "import.unknown_kind"),
        (("import", "stock", "{stock}", "--sheet", "none"), 1, "import.no_such_sheet"),
        (("import", "stock", "{stock}", "--map", "on_hand=none"), 1, "import.no_such_header"),
        (("import", "stock", "{suppliers}"), 1, "import.missing_columns"),
        (("import", "stock", "/no/such/file.xlsx"), 2, "usage"),
        (("undo", "nothing"), 1, "import.unknown"),
        (("positions", "--sku", "nothing"), 1, "stock.unknown_sku"),
    ],
)
def test_what_is_refused_and_how(
    command_line: Command, folder: Path, words: tuple[str, ...], code: int, error: str
) -> None:
    places = {"stock": str(folder / "stock.xlsx"), "suppliers": str(folder / "suppliers.xlsx")}
    said, answer = command_line(*(word.format(**places) for word in words))
    assert (said, answer["error"]) == (code, error)


def test_suppliers_are_taken_back_too(command_line: Command, folder: Path) -> None:
    _, report = command_line("import", "suppliers", str(folder / "suppliers.xlsx"))
    assert command_line("import", "suppliers", str(folder / "suppliers.xlsx"))[1]["unchanged"] == 9
    assert command_line("undo", report["import_id"])[0] == 0
    assert command_line("import", "suppliers", str(folder / "suppliers.xlsx"))[1]["added"] == 9
