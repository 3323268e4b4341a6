"""A workbook through the whole import, on both databases: identity, once, undo, conflicts, strangers."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from core.access import Actor, audit
from core.access.tables import audit as audit_table
from core.database import Database, connect
from core.errors import ShopError
from core.goods.service import goods
from core.goods.sheet import GOODS
from core.imports import service
from core.imports.kinds import Kind
from core.imports.service import Choice, Report
from core.orders.sheet import ORDERS
from core.sheets import writer
from core.signals.sheet import SHOP, TRAFFIC
from core.stock import service as stock
from core.stock.sheet import STOCK, stock_sheet
from core.warmup.sheet import WARMUP
from tests.conftest import create, together

COLUMNS = {
    "sku_code": "code",
    "name": "text",
    "on_hand": "integer",
    "reserved": "integer",
    "in_transit": "integer",
    "row_version": "integer",
    "unit_cost": "money",
}


def sheet(rows: list[dict[str, object]], kind: Kind = STOCK) -> bytes:
    frame = pd.DataFrame(rows)
    names = {field.name: field.title("zh") for field in kind.spec.fields}
    return writer.export(frame, [(name, names[name], COLUMNS[name]) for name in frame.columns], "表", "zh")


def bring(
    db: Database, actor: Actor, content: bytes, now: datetime, kind: Kind = STOCK, **how: object
) -> Report:
    draft = service.check(service.inspect(db, actor, kind, content, "sheet.xlsx", how.pop("choice", None)))  # type: ignore[arg-type]
    answers = service.Answers(decisions=how.pop("decisions", {}), locations=how.pop("locations", {}))  # type: ignore[arg-type]
    return service.commit(db, actor, draft, answers, now=now, **how)  # type: ignore[arg-type]


def levels(db: Database, actor: Actor) -> dict[str, tuple[int, int, int]]:
    frame = stock.positions(db, actor)
    return {row.sku_code: (row.on_hand, row.reserved, row.in_transit) for row in frame.itertuples()}


def whole(report: Report) -> bool:
    f = report.figures
    return (
        f["rows"]
        == f["added"] + f["changed"] + f["unchanged"] + f["merged"] + f["rejected"] + f["skipped_totals"]
    )


FIRST: list[dict[str, object]] = [
    {"sku_code": "00123", "on_hand": 10, "reserved": 2},
    {"sku_code": "0E123", "on_hand": 0, "reserved": 0},
]


def test_added_changed_unchanged_and_absent(database: Database, merchandiser: Actor, now: datetime) -> None:
    first = bring(database, merchandiser, sheet(FIRST), now)
    second = bring(database, merchandiser, sheet([{"sku_code": "00123", "on_hand": 12, "reserved": 2}]), now)
    assert (first.figures["added"], second.figures["changed"], second.figures["absent"]) == (2, 1, 1)
    assert levels(database, merchandiser) == {"00123": (12, 2, 0), "0E123": (0, 0, 0)}
    assert whole(first)
    assert whole(second)


def test_twice_is_once_and_is_recognised(database: Database, merchandiser: Actor, now: datetime) -> None:
    content = sheet(FIRST)
    bring(database, merchandiser, content, now)
    ledger = len(stock.movements(database, merchandiser, "00123"))
    again = bring(database, merchandiser, content, now)
    assert again.figures["unchanged"] == 2
    assert "import.repeated" in {said["code"] for said in again.warnings}
    assert len(stock.movements(database, merchandiser, "00123")) == ledger


def test_undo_restores_and_the_one_before_can_follow(
    database: Database, merchandiser: Actor, now: datetime
) -> None:
    first = bring(database, merchandiser, sheet(FIRST), now)
    second = bring(database, merchandiser, sheet([{"sku_code": "00123", "on_hand": 3, "reserved": 0}]), now)
    with pytest.raises(ShopError) as refused:
        service.undo(database, merchandiser, STOCK, first.import_id, reason="x", now=now)
    assert refused.value.code == "import.later_change"
    assert refused.value.facts["by"] == second.import_id
    assert refused.value.facts["later"] == "sheet.xlsx · merchandiser-1 · 10-20 10:00"
    service.undo(database, merchandiser, STOCK, second.import_id, reason="x", now=now)
    assert levels(database, merchandiser)["00123"] == (10, 2, 0)
    service.undo(database, merchandiser, STOCK, first.import_id, reason="x", now=now)
    assert levels(database, merchandiser) == {}
    with pytest.raises(ShopError, match="already_undone"):
        service.undo(database, merchandiser, STOCK, first.import_id, reason="x", now=now)


def test_undo_needs_a_reason_and_a_role(
    database: Database, merchandiser: Actor, viewer: Actor, now: datetime
) -> None:
    report = bring(database, merchandiser, sheet(FIRST), now)
    with pytest.raises(ShopError, match="no_reason"):
        service.undo(database, merchandiser, STOCK, report.import_id, reason=" ", now=now)
    with pytest.raises(ShopError, match=r"access\.denied"):
        service.undo(database, viewer, STOCK, report.import_id, reason="x", now=now)


def test_an_exported_sheet_never_overwrites_what_moved_since(
    database: Database, merchandiser: Actor, now: datetime
) -> None:
    bring(database, merchandiser, sheet(FIRST), now)
    exported = stock_sheet(stock.positions(database, merchandiser).assign(on_hand=[50, 7]), "zh")
    bring(database, merchandiser, sheet([{"sku_code": "00123", "on_hand": 11}]), now)
    report = bring(database, merchandiser, exported, now)
    assert report.rejected["code"].tolist() == ["import.version_conflict"]
    assert whole(report)
    assert levels(database, merchandiser) == {"00123": (11, 2, 0), "0E123": (7, 0, 0)}
    kept = bring(database, merchandiser, exported, now, decisions={"00123": "keep"})
    assert kept.figures["unchanged"] == 2
    taken = bring(database, merchandiser, exported, now, decisions={"00123": "sheet"})
    assert taken.figures["changed"] == 1
    assert levels(database, merchandiser)["00123"][0] == 50


def test_a_shop_that_moved_while_somebody_looked_is_not_overwritten(
    database: Database, merchandiser: Actor, now: datetime
) -> None:
    bring(database, merchandiser, sheet(FIRST), now)
    draft = service.check(
        service.inspect(database, merchandiser, STOCK, sheet([{"sku_code": "00123", "on_hand": 5}]), "a.xlsx")
    )
    seen = service.preview(database, merchandiser, draft, now=now)
    bring(database, merchandiser, sheet([{"sku_code": "00123", "on_hand": 8}]), now)
    with pytest.raises(ShopError, match=r"import\.moved"):
        service.commit(database, merchandiser, draft, seen=seen, now=now)
    assert levels(database, merchandiser)["00123"][0] == 8


def test_a_file_of_strangers_is_questioned(database: Database, merchandiser: Actor, now: datetime) -> None:
    bring(database, merchandiser, sheet(FIRST), now)
    report = bring(database, merchandiser, sheet([{"sku_code": "other", "on_hand": 1}]), now, dry_run=True)
    assert "import.strange" in {said["code"] for said in report.warnings}
    assert not report.committed
    assert "other" not in levels(database, merchandiser)


def test_a_corrected_header_is_remembered(database: Database, merchandiser: Actor, now: datetime) -> None:
    frame = pd.DataFrame({"sku_code": ["a1"], "mine": [4]})
    content = writer.export(
        frame, [("sku_code", "商品编码", "code"), ("mine", "今天数的", "integer")], "表", "zh"
    )
    with pytest.raises(ShopError, match="missing_any"):
        service.check(service.inspect(database, merchandiser, STOCK, content, "a.xlsx"))
    bring(database, merchandiser, content, now, choice=Choice(mapping={"on_hand": "今天数的"}))
    assert service.inspect(database, merchandiser, STOCK, content, "a.xlsx").header.mapping[1] == "on_hand"


def test_nothing_good_is_not_committed(database: Database, merchandiser: Actor, now: datetime) -> None:
    frame = pd.DataFrame({"sku_code": ["a1"], "on_hand": ["many"]})
    content = writer.export(
        frame, [("sku_code", "商品编码", "code"), ("on_hand", "实物库存", "text")], "表", "zh"
    )
    report = bring(database, merchandiser, content, now)
    assert (report.committed, report.figures["rejected"]) == (False, 1)
    assert service.history(database, merchandiser).empty


def test_every_import_leaves_an_audit_row(database: Database, merchandiser: Actor, now: datetime) -> None:
    report = bring(database, merchandiser, sheet(FIRST), now)
    service.undo(database, merchandiser, STOCK, report.import_id, reason="x", now=now)
    with database.reading() as connection:
        newest = connection.scalars(
            select(audit_table.c.action).order_by(audit_table.c.number.desc()).limit(2)
        ).all()
        assert newest == ["import.undo", "import.stock"]
        assert audit.faults(connection) == []


def test_goods_undo_puts_the_old_values_back(database: Database, merchandiser: Actor, now: datetime) -> None:
    bring(
        database,
        merchandiser,
        sheet([{"sku_code": "a", "name": "旧名", "unit_cost": 1000}], GOODS),
        now,
        GOODS,
    )
    changed = bring(
        database,
        merchandiser,
        sheet([{"sku_code": "a", "name": "新名", "unit_cost": 1200}, {"sku_code": "b", "name": "乙"}], GOODS),
        now,
        GOODS,
    )
    assert (changed.figures["changed"], changed.figures["added"]) == (1, 1)
    service.undo(database, merchandiser, GOODS, changed.import_id, reason="x", now=now)
    frame = goods(database, merchandiser)
    assert frame[["sku_code", "name", "unit_cost"]].to_numpy().tolist() == [["a", "旧名", 1000]]


def test_costs_are_hidden_from_those_who_may_not_see_them(
    database: Database, merchandiser: Actor, viewer: Actor, now: datetime
) -> None:
    bring(database, merchandiser, sheet([{"sku_code": "a", "unit_cost": 1000, "on_hand": 2}]), now)
    assert not {"unit_cost", "stock_value"} & set(stock.positions(database, viewer).columns)
    assert "unit_cost" not in goods(database, viewer)
    assert stock.positions(database, merchandiser)["stock_value"].tolist() == [2000]
    assert stock.totals(stock.positions(database, viewer))["on_hand"] == (2, None)


def test_totals_in_units_and_money(database: Database, merchandiser: Actor, now: datetime) -> None:
    first = sheet(
        [{"sku_code": "a", "on_hand": 10, "reserved": 3, "in_transit": 4}, {"sku_code": "b", "on_hand": 5}]
    )
    bring(database, merchandiser, first, now)
    assert stock.totals(stock.positions(database, merchandiser))["on_hand"] == (15, None), (
        "no cost is known: no money is named"
    )
    bring(database, merchandiser, sheet([{"sku_code": "a", "unit_cost": 250}], GOODS), now, GOODS)
    assert stock.totals(stock.positions(database, merchandiser)) == {
        "on_hand": (15, 2500),
        "available": (12, 1750),
        "committed": (3, 750),
        "in_transit": (4, 1000),
    }


def test_hidden_rows_are_read_and_said(database: Database, merchandiser: Actor, now: datetime) -> None:
    book = load_workbook(io.BytesIO(sheet(FIRST)))
    book.worksheets[0].row_dimensions[3].hidden = True
    buffer = io.BytesIO()
    book.save(buffer)
    report = bring(database, merchandiser, buffer.getvalue(), now)
    assert (report.figures["added"], report.figures["hidden"], report.warnings) == (
        2,
        1,
        ({"code": "import.hidden_rows", "rows": 1},),
    )


codes = st.text(
    st.characters(categories=["Ll", "Lu", "Nd", "Lo"], include_characters="-_#=+@."), min_size=1, max_size=12
).filter(
    lambda text: (
        text.strip("-#.=+@_ ") != "" and not text.casefold().startswith(("合计", "总计", "小计", "total"))
    )
)
units = st.integers(0, 10**6)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(codes, st.tuples(units, units, units), min_size=1, max_size=8),
    st.dictionaries(codes, st.tuples(units, units, units), max_size=4),
)
def test_export_import_identity_and_undo_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    merchandiser: Actor,
    now: datetime,
    first: dict[str, tuple[int, int, int]],
    more: dict[str, tuple[int, int, int]],
) -> None:
    db = connect(f"sqlite:///{tmp_path_factory.mktemp('shop')}/shop.db")
    create(db)

    def rows(levels: dict[str, tuple[int, int, int]]) -> list[dict[str, object]]:
        return [
            {"sku_code": code, "on_hand": a, "reserved": b, "in_transit": c}
            for code, (a, b, c) in levels.items()
        ]

    begun = bring(db, merchandiser, sheet(rows(first)), now)
    stand = levels(db, merchandiser)
    exported = stock_sheet(stock.positions(db, merchandiser), "zh")
    again = bring(db, merchandiser, exported, now)
    assert again.figures["unchanged"] == len(stand) == begun.figures["added"]
    if more:
        later = bring(db, merchandiser, sheet(rows(more)), now)
        assert whole(later)
        service.undo(db, merchandiser, STOCK, later.import_id, reason="x", now=now)
    assert levels(db, merchandiser) == stand
    with db.reading() as connection:
        assert not any(stock.check(connection).values())
    db.dispose()


def test_a_real_report_with_broken_cells(
    database: Database, merchandiser: Actor, now: datetime, shared: Path
) -> None:
    content = (shared / "data/inventory/amazon_in_stock_report.xlsx").read_bytes()
    report = bring(database, merchandiser, content, now)
    assert whole(report)
    assert report.figures["rows"] == 9271
    counts = report.rejected["code"].value_counts()
    assert report.rejected["cell"].str.match(r"^[A-Z]+\d+$").all()
    assert {"cell.error", "cell.duplicate"} <= set(counts.index)
    assert len(levels(database, merchandiser)) == report.figures["added"]


@pytest.mark.postgres
def test_two_people_who_take_an_import_back_at_once_take_it_back_once(
    postgres: Database, merchandiser: Actor, now: datetime
) -> None:
    bring(postgres, merchandiser, sheet(FIRST), now)
    second = bring(postgres, merchandiser, sheet([{"sku_code": "00123", "on_hand": 25, "reserved": 2}]), now)
    kind = replace(STOCK, revert=together(STOCK.revert))

    def take_back(_: int) -> str:
        try:
            service.undo(postgres, merchandiser, kind, second.import_id, reason="wrong file", now=now)
        except ShopError as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(take_back, range(2))) == ["done", "import.already_undone"]
    assert levels(postgres, merchandiser)["00123"] == (10, 2, 0)


@pytest.mark.postgres
def test_of_two_equal_sheets_at_once_one_changes_nothing(
    postgres: Database, merchandiser: Actor, now: datetime
) -> None:
    kind = replace(STOCK, write=together(STOCK.write))
    draft = service.check(service.inspect(postgres, merchandiser, kind, sheet(FIRST), "sheet.xlsx"))
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda _: service.commit(postgres, merchandiser, draft, now=now), range(2)))
    assert sorted(report.figures["added"] for report in reports) == [0, 2]
    assert levels(postgres, merchandiser) == {"00123": (10, 2, 0), "0E123": (0, 0, 0)}


UNCHANGED: list[tuple[Kind, list[str], list[object]]] = [
    (STOCK, ["商品编码", "实物库存"], ["A1", 3]),
    (GOODS, ["商品编码", "商品名称"], ["A1", "口红"]),
    (TRAFFIC, ["日期", "商品编码", "访客数"], ["2026-10-01", "A1", 3]),
    (SHOP, ["日期", "访客数"], ["2026-10-01", 3]),
    (WARMUP, ["日期", "商品编码", "收藏人数"], ["2026-10-01", "A1", 3]),
    (ORDERS, ["订单编号", "商家编码", "买家实际支付金额"], ["O1", "A1", 3]),
]


@pytest.mark.parametrize(("kind", "head", "row"), UNCHANGED, ids=[kind.name for kind, *_ in UNCHANGED])
def test_an_import_that_changed_nothing_is_taken_back_too(
    database: Database, admin: Actor, now: datetime, kind: Kind, head: list[str], row: list[object]
) -> None:
    book, content = Workbook(), io.BytesIO()
    for cells in (head, row):
        book.active.append(cells)
    book.save(content)
    first, second = (bring(database, admin, content.getvalue(), now, kind) for _ in range(2))
    assert (first.figures["added"], second.figures["unchanged"], second.committed) == (1, 1, True)
    assert (
        service.undo(database, admin, kind, second.import_id, reason="twice", now=now)["figures"]["unchanged"]
        == 1
    )
    assert service.history(database, admin, (kind.name,))["state"].tolist() == ["undone", "committed"]
