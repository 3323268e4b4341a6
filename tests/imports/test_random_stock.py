"""A shop's stock, split at random into warehouses, lots, merged cells and columns, in the layouts of real files: the
import comes to exactly its sums, or it asks, or it refuses whole; a code of which a part is refused is not taken."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.imports import inspection, service
from core.imports.service import PLUS, Choice, Report
from core.stock import ledger, location_rules
from core.stock.sheet import STOCK
from tests.sheets.reading import opened

Row = list[object]
PLACES = ("上海仓", "北京仓", "广州仓", "残次仓", "退货仓")
LOTS = ("L01", "L02")
NUMBERS = count(1)


class Goods(NamedTuple):
    """One SKU: its units by place and lot, none twice."""

    code: str
    parts: tuple[tuple[str, str, int], ...]

    @property
    def sellable(self) -> int:
        """The units that count."""
        return sum(units for place, _, units in self.parts if not location_rules.unsellable(place))


class Layout(NamedTuple):
    """How a file says it."""

    code: str
    place: str
    lot: str
    units: str
    shape: str  # rows | sparse | merged | columns | total column | subtotals | places once
    form: str
    total: str
    title: bool
    broken: int  # the place of a row with an unreadable count, -1 for none


@st.composite
def shops(draw: st.DrawFn) -> tuple[Goods, ...]:
    goods = []
    for _ in range(draw(st.integers(1, 5))):
        keys = st.tuples(st.sampled_from(PLACES), st.sampled_from(LOTS))
        parts = draw(st.lists(keys, min_size=1, max_size=4, unique=True))
        units = [draw(st.integers(-3, 5_000)) for _ in parts]
        own = tuple((*part, number) for part, number in zip(parts, units, strict=True))
        goods.append(Goods(f"S{next(NUMBERS):05}", own))
    return tuple(goods)


LAYOUTS = st.builds(
    Layout,
    code=st.sampled_from(["商家编码", "商品编码", "SKU编码", "货品编号"]),
    place=st.sampled_from(["仓库", "店仓", "货位", "仓库名称"]),
    lot=st.sampled_from(["批号", "批次", "有效期至"]),
    units=st.sampled_from(["库存数量", "实际库存", "库存", "现存量"]),
    shape=st.sampled_from(
        ["rows", "sparse", "merged", "columns", "total column", "subtotals", "places once"]
    ),
    form=st.sampled_from(["xlsx", "utf-8-sig", "gb18030"]),
    total=st.sampled_from(["", "合计", "总计：", "Grand Total"]),
    title=st.booleans(),
    broken=st.sampled_from([-1, -1, 0, 2]),
)


def rows_of(goods: tuple[Goods, ...], layout: Layout) -> tuple[list[Row], list[str]]:
    """(the rows of the file, the merged ranges)."""
    by_place = layout.shape in {"columns", "total column"}
    rows, merges = (by_columns if by_place else by_rows)(goods, layout)
    whole = sum(units for one in goods for *_, units in one.parts)
    if layout.broken >= 0 and layout.broken < len(rows) - 1 and not by_place:
        rows[layout.broken + 1][3] = "待盘"
    elif layout.total:
        rows.append([layout.total, *[None] * (len(rows[0]) - 2), whole])
    if layout.title:
        return [["库存表"], *rows], [_moved(merge) for merge in merges]
    return rows, merges


def _moved(merge: str) -> str:
    first, last = merge.split(":")
    return f"A{int(first[1:]) + 1}:A{int(last[1:]) + 1}"


def by_rows(goods: tuple[Goods, ...], layout: Layout) -> tuple[list[Row], list[str]]:
    rows: list[Row] = [[layout.code, layout.place, layout.lot, layout.units]]
    merges: list[str] = []
    if layout.shape == "places once":
        above = ""
        for place, code, lot, units in sorted(
            (p, one.code, lot, n) for one in goods for p, lot, n in one.parts
        ):
            rows.append([code, None if place == above else place, lot, units])
            above = place
        return rows, merges
    for one in goods:
        first = len(rows) + 1
        for at, (place, lot, units) in enumerate(one.parts):
            said = at == 0 or layout.shape not in {"sparse", "merged"}
            rows.append([one.code if said else None, place, lot, units])
        if layout.shape == "merged" and len(one.parts) > 1:
            merges.append(f"A{first}:A{len(rows)}")
        if layout.shape == "subtotals":
            rows.append([f"{one.code} 汇总", None, None, sum(units for *_, units in one.parts)])
    return rows, merges


def by_columns(goods: tuple[Goods, ...], layout: Layout) -> tuple[list[Row], list[str]]:
    totals = [layout.units] if layout.shape == "total column" else []
    rows: list[Row] = [[layout.code, *PLACES[:3], *totals]]
    for one in goods:
        units = [sum(n for place, _, n in one.parts if place == name) for name in PLACES[:3]]
        rows.append([one.code, *units, *([sum(units)] if totals else [])])
    return rows, []


def file_of(rows: list[Row], merges: list[str], form: str) -> bytes:
    if form != "xlsx":
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode(form)
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for merge in merges:
        book.active.merge_cells(merge)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture
def take(
    sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> Callable[[bytes, Choice], Report]:
    """An import in this process, without the reading child."""
    monkeypatch.setattr(inspection, "read_workbook", lambda content, *_, **__: opened(content))

    def step(content: bytes, choice: Choice) -> Report:
        looked = service.inspect(sqlite, admin, STOCK, content, "a.xlsx", choice)
        return service.commit(sqlite, admin, service.check(looked), now=now, unattended=False)

    return step


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(goods=shops(), layout=LAYOUTS)
def test_a_random_stock_comes_to_its_sums_or_is_refused(
    sqlite: Database, take: Callable[[bytes, Choice], Report], goods: tuple[Goods, ...], layout: Layout
) -> None:
    content = file_of(*rows_of(goods, layout), layout.form)
    try:
        report = take(content, Choice())
    except ShopError as question:
        assert levels(sqlite, goods) == {}
        if question.code != "import.below_question":
            assert question.code in {"import.key_question", "import.missing_columns", "import.missing_any"}
            return
        report = take(content, Choice(below={layout.place: True}))
    by_place = layout.shape in {"columns", "total column"}
    if not report.committed and by_place:  # a warehouse each: asked, and answered with their sum
        assert levels(sqlite, goods) == {}
        assert "import.columns_fit_twice" in report.codes
        report = take(content, Choice(mapping={"on_hand": PLUS.join(PLACES[:3])}))
    known = levels(sqlite, goods)
    refused = not report.rejected.empty
    for one in goods:
        wanted = one.sellable
        if by_place:
            wanted = sum(units for place, _, units in one.parts if place in PLACES[:3])
        assert one.code in known or refused
        assert known.get(one.code, wanted) == wanted, (one, report.rejected)
    assert set(known) <= {one.code for one in goods}
    assert not refused or layout.broken >= 0 or layout.shape in {"sparse", "merged"}
    for control in report.control.values():
        assert control.unexplained == 0


def levels(db: Database, goods: tuple[Goods, ...]) -> dict[str, int]:
    """What the shop holds of those goods and of whatever else came in with them."""
    with db.reading() as connection:
        positions = ledger.positions(connection)["on_hand"]
    lowest, highest = goods[0].code, goods[-1].code + "￿"
    return {str(code): int(units) for code, units in positions.items() if lowest <= str(code) <= highest}
