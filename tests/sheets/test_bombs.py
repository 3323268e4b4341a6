"""Files made to bring the server down: each gets rows or a reason, and this process lives on, hardly
larger."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import ShopError
from core.sheets.reader import ReadLimits, read_workbook
from tests.sheets import workbooks

GROWTH_MIB = 50


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / (1 << 20)


@pytest.fixture(autouse=True)
def hardly_larger() -> Iterator[None]:
    before = resident_mib()
    yield
    assert resident_mib() - before < GROWTH_MIB


def answer(content: bytes, limits: ReadLimits | None = None) -> str:
    """The reason's code, or the rows of each sheet."""
    try:
        workbook = read_workbook(content, "库存.xlsx", limits=limits)
    except ShopError as refusal:
        return refusal.code
    return " ".join(str(info.rows) for info in workbook.sheets)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(workbooks.far_cell, "sheet.far_cell", id="far cell"),
        pytest.param(lambda: workbooks.row_bomb(1500), "sheet.unpacked_too_large", id="row bomb"),
        pytest.param(lambda: workbooks.row_bomb(60), "sheet.too_many_rows", id="small row bomb"),
        pytest.param(
            lambda: workbooks.lying_row_bomb(300), "sheet.damaged", id="row bomb that says it is small"
        ),
        pytest.param(
            lambda: workbooks.shared_string_bomb(1 << 18, 20_000), "sheet.memory", id="shared-string bomb"
        ),
        pytest.param(
            lambda: workbooks.shared_string_bomb(30_000, 20_000),
            "sheet.memory",
            id="smaller shared-string bomb",
        ),
        pytest.param(lambda: workbooks.entity_bomb("sheet"), "sheet.entity", id="entity bomb in the sheet"),
        pytest.param(
            lambda: workbooks.entity_bomb("strings"), "sheet.entity", id="entity bomb in the strings"
        ),
        pytest.param(lambda: workbooks.many_sheets(20_000), "sheet.too_many_parts", id="20,000 sheets"),
        pytest.param(lambda: workbooks.many_sheets(300), "sheet.too_many_sheets", id="300 sheets"),
        pytest.param(lambda: workbooks.styled_empty_rows(1_048_576), "3", id="a million styled empty rows"),
    ],
)
def test_bombs_are_answered(make: Callable[[], bytes], expected: str) -> None:
    assert answer(make()) == expected


def test_the_far_cell_is_named() -> None:
    with pytest.raises(ShopError) as refused:
        read_workbook(workbooks.far_cell(), "库存.xlsx")
    assert refused.value.facts["cell"] == "XFD1048576"
    assert refused.value.facts["sheet"] == "Sheet1"


def test_a_truncated_workbook_is_damaged_wherever_it_ends() -> None:
    whole = workbooks.workbook([["商家编码", "实物库存"], *([f"{n:05d}", n] for n in range(300))])
    for end in (5, 30, 200, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        assert answer(whole[:end]) == "sheet.damaged"


def test_flipped_bytes_never_escape_the_child() -> None:
    whole = workbooks.workbook([["商家编码", "实物库存"], *([f"{n:05d}", n] for n in range(300))])
    chance = random.Random(7)
    for _ in range(12):
        spoilt = bytearray(whole)
        for _ in range(chance.randint(1, 40)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        assert answer(bytes(spoilt))
