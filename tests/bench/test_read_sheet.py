"""Reading alone: the guarded child, the checks and the remarks on a 200,000-row sheet, beside a bare reader
of the same bytes in the same run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import fastexcel
import numpy as np
import pandas as pd
import pytest

from core.sheets.annotate import annotate
from core.sheets.clean import clean
from core.sheets.detect import guess_header
from core.sheets.reader import read_workbook
from core.sheets.writer import as_columns, export
from tests.sheets.kinds import STOCK

ROWS = 200_000
pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def content() -> bytes:
    random = np.random.default_rng(11)
    number = pd.Series(np.arange(ROWS)).astype("str").str.zfill(8)
    frame = pd.DataFrame(
        {
            field.name: random.integers(0, 5000, ROWS) if field.kind in {"integer", "money"} else number
            for field in STOCK.fields
        }
    )
    frame["name"] = "玻尿酸补水面膜 " + number
    return export(frame, as_columns(STOCK, list(frame.columns), "zh"), "库存")


def cpu() -> float:
    """CPU seconds of this process and its children."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def costs(work: Callable[[], object]) -> tuple[float, float, object]:
    """(CPU seconds, wall seconds, result): the better of two runs."""
    best: tuple[float, float, object] = (float("inf"), float("inf"), None)
    for _ in range(2):
        start, wall = cpu(), time.perf_counter()
        result = work()
        best = min(best, (cpu() - start, time.perf_counter() - wall, result), key=lambda cost: cost[0])
    return best


def test_reading_and_cleaning(content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    bare, bare_wall, _ = costs(lambda: fastexcel.read_excel(content).load_sheet(0).to_arrow())
    read, read_wall, workbook = costs(lambda: read_workbook(content, "库存.xlsx"))
    grid = workbook.grid("库存")  # type: ignore[attr-defined]
    header = guess_header(grid, STOCK)
    cleaning, clean_wall, found = costs(lambda: clean(grid, header.row, header.mapping, STOCK, "库存"))
    assert len(found.frame) == ROWS  # type: ignore[attr-defined]
    refused = pd.DataFrame(
        {
            "sheet": "库存",
            "row": [2, ROWS],
            "cell": ["A2", f"G{ROWS}"],
            "field": "sku_code",
            "code": "cell.blank",
            "value": "",
        }
    )
    marking, mark_wall, _ = costs(lambda: annotate(content, "库存.xlsx", "库存", 1, refused, {}))
    with capsys.disabled():
        print(
            f"\n| {ROWS:,} x 15, {len(content) / 1e6:.1f} MB | CPU s | wall s | CPU ratio | promise |\n|---|---|---|---|---|"
        )
        print(f"| bare fastexcel read | {bare:.2f} | {bare_wall:.2f} | 1 | |")
        print(f"| guarded child | {read:.2f} | {read_wall:.2f} | {read / bare:.2f} | |")
        print(f"| casts and checks | {cleaning:.2f} | {clean_wall:.2f} | {cleaning / bare:.2f} | |")
        print(
            f"| both | {read + cleaning:.2f} | {read_wall + clean_wall:.2f} | {(read + cleaning) / bare:.2f} | <= 2.2 |"
        )
        print(
            f"| remarks written into the workbook | {marking:.2f} | {mark_wall:.2f} | {marking / bare:.2f} | |"
        )
    assert read + cleaning <= 2.2 * bare
