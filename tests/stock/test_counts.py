"""Stock counts from snapshot to adjustment, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pandas as pd
import pytest

from core.access import Actor, approvals
from core.access.approvals import Decision
from core.database import Database
from core.errors import ShopError
from core.goods.sheet import GOODS
from core.imports import service as imports
from core.sheets import writer
from core.stock import counts, service
from core.stock.sheet import COUNT, STOCK, count_sheet
from tests.conftest import together

CODES = ["001", "002", "003"]
FORMATS = {"on_hand": "integer", "counted": "integer", "unit_cost": "money"}
HEADS = {
    "sku_code": "商品编码",
    "on_hand": "实物库存",
    "counted": "实盘数量",
    "counter": "盘点人",
    "location": "库位",
    "count_id": "盘点单号",
    "unit_cost": "成本价",
}


def written(rows: list[dict[str, object]]) -> bytes:
    frame = pd.DataFrame(rows)
    return writer.export(
        frame, [(name, HEADS[name], FORMATS.get(name, "text")) for name in frame.columns], "表", "zh"
    )


def bring(db: Database, actor: Actor, kind: object, content: bytes, now: datetime) -> imports.Report:
    return imports.commit(
        db, actor, imports.check(imports.inspect(db, actor, kind, content, "count.xlsx")), now=now
    )  # type: ignore[arg-type]


@pytest.fixture
def shop(database: Database, merchandiser: Actor, now: datetime) -> Database:
    bring(
        database, merchandiser, GOODS, written([{"sku_code": code, "unit_cost": 1000} for code in CODES]), now
    )
    bring(database, merchandiser, STOCK, written([{"sku_code": code, "on_hand": 100} for code in CODES]), now)
    return database


def on_hand(db: Database, actor: Actor) -> list[int]:
    return [int(units) for units in service.positions(db, actor)["on_hand"]]


def test_a_snapshot_is_corrected_by_what_moved_since(
    shop: Database, merchandiser: Actor, now: datetime
) -> None:
    opened = counts.open_count(shop, merchandiser, counts.NewCount("十月", CODES, blind=False), now=now)
    later = now + timedelta(hours=1)
    bring(shop, merchandiser, STOCK, written([{"sku_code": "001", "on_hand": 90}]), later)
    rows = counts.count_rows(shop, merchandiser, opened)
    assert rows["book_quantity"].tolist() == [100, 100, 100]
    sheet = count_sheet(rows.assign(counted=[88, 100, 103], counter="李"), "zh")
    report = bring(shop, merchandiser, COUNT, sheet, later)
    assert report.figures["added"] == 3
    judged = counts.result(shop, merchandiser, opened).set_index("sku_code")
    assert judged["difference"].tolist() == [-2, 0, 3]
    done = counts.settle(shop, merchandiser, opened, now=later)
    assert (done["state"], done["skus"], done["units"]) == ("adjusted", 2, 5)
    assert on_hand(shop, merchandiser) == [88, 100, 103]
    with pytest.raises(ShopError, match="count_closed"):
        counts.settle(shop, merchandiser, opened, now=later)
    with shop.reading() as connection:
        assert not any(service.check(connection).values())


def test_the_age_of_the_figures_is_that_of_the_last_sheet_or_count(
    shop: Database, merchandiser: Actor, now: datetime
) -> None:
    later, much_later = now + timedelta(days=2), now + timedelta(days=5)
    assert service.age(shop, merchandiser, later) == (now, None, False)
    assert service.age(shop, merchandiser, later + timedelta(minutes=1)).old
    opened = counts.open_count(shop, merchandiser, counts.NewCount("十月", CODES, blind=False), now=later)
    rows = counts.count_rows(shop, merchandiser, opened)
    bring(shop, merchandiser, COUNT, count_sheet(rows.assign(counted=100, counter="李"), "zh"), later)
    assert service.age(shop, merchandiser, much_later) == (now, None, True), "counted, not settled"
    counts.settle(shop, merchandiser, opened, now=later)
    assert service.age(shop, merchandiser, later + timedelta(days=1)) == (now, later, False)
    again = bring(shop, merchandiser, STOCK, written([{"sku_code": "001", "on_hand": 90}]), much_later)
    assert service.age(shop, merchandiser, much_later).sheet == much_later
    imports.undo(shop, merchandiser, STOCK, again.import_id, reason="旧表", now=much_later)
    assert service.age(shop, merchandiser, much_later) == (now, later, True)


def test_two_people_who_settle_a_count_at_once_adjust_it_once(
    shop: Database, merchandiser: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = counts.open_count(shop, merchandiser, counts.NewCount("十月", CODES, blind=False), now=now)
    bring(shop, merchandiser, COUNT, written([{"count_id": opened, "sku_code": "001", "counted": 97}]), now)
    monkeypatch.setattr(counts.ledger, "post", together(counts.ledger.post))

    def settle(_: int) -> str:
        try:
            return str(counts.settle(shop, merchandiser, opened, now=now)["state"])
        except ShopError as refusal:
            return refusal.code

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(settle, range(2))) == ["adjusted", "stock.count_closed"]
    assert on_hand(shop, merchandiser) == [97, 100, 100]


def test_two_counters_must_agree(shop: Database, merchandiser: Actor, now: datetime) -> None:
    opened = counts.open_count(shop, merchandiser, counts.NewCount("复盘", ["001"], blind=True), now=now)
    rows = [
        {"count_id": opened, "sku_code": "001", "location": "A1", "counter": who, "counted": units}
        for who, units in (("李", 40), ("王", 41))
    ]
    bring(shop, merchandiser, COUNT, written(rows), now)
    with pytest.raises(ShopError) as refused:
        counts.settle(shop, merchandiser, opened, now=now)
    assert (refused.value.code, refused.value.facts["skus"]) == ("stock.count_disputed", ["001"])
    bring(shop, merchandiser, COUNT, written([rows[0] | {"counter": "王", "counted": 40}]), now)
    assert (
        counts.settle(shop, merchandiser, opened, now=now)["state"] == "waiting"
    )  # 60 units are over the threshold


def test_a_large_difference_waits_for_a_second_person(
    shop: Database, merchandiser: Actor, finance: Actor, now: datetime
) -> None:
    opened = counts.open_count(
        shop, merchandiser, counts.NewCount("盘亏", ["001", "002"], blind=False), now=now
    )
    rows = [{"count_id": opened, "sku_code": code, "counted": 10} for code in ("001", "002")]
    bring(shop, merchandiser, COUNT, written(rows), now)
    waiting = counts.settle(shop, merchandiser, opened, now=now)
    assert waiting["state"] == "waiting"
    assert on_hand(shop, merchandiser) == [100, 100, 100]
    with pytest.raises(ShopError):
        approvals.decide(shop, merchandiser, waiting["approval_id"], Decision("approved", ""), now)
    approvals.decide(shop, finance, waiting["approval_id"], Decision("approved", "看过了"), now)
    bring(
        shop, merchandiser, COUNT, written([rows[0] | {"counted": 11}]), now
    )  # an input moves: the approval no longer fits
    assert counts.settle(shop, merchandiser, opened, now=now)["state"] == "waiting"
    bring(shop, merchandiser, COUNT, written([rows[0]]), now)
    again = counts.settle(shop, merchandiser, opened, now=now)
    assert again["state"] == "waiting", "the newest request was for other figures"
    approvals.decide(shop, finance, again["approval_id"], Decision("approved", "看过了"), now)
    assert counts.settle(shop, merchandiser, opened, now=now)["state"] == "adjusted"
    assert on_hand(shop, merchandiser) == [10, 10, 100]


def test_a_loose_count_adjusts_at_once_and_is_taken_back(
    shop: Database, merchandiser: Actor, now: datetime
) -> None:
    report = bring(shop, merchandiser, COUNT, written([{"sku_code": "003", "counted": 97}]), now)
    assert on_hand(shop, merchandiser) == [100, 100, 97]
    imports.undo(shop, merchandiser, COUNT, report.import_id, reason="数错", now=now)
    assert on_hand(shop, merchandiser) == [100, 100, 100]


def test_what_is_sold_after_the_counting_is_no_difference(
    shop: Database, merchandiser: Actor, finance: Actor, now: datetime
) -> None:
    opened = counts.open_count(
        shop, merchandiser, counts.NewCount("盘亏", ["001", "002"], blind=False), now=now
    )
    bring(
        shop, merchandiser, STOCK, written([{"sku_code": "001", "on_hand": 90}]), now + timedelta(minutes=10)
    )
    counted = written([{"count_id": opened, "sku_code": code, "counted": 30} for code in ("001", "002")])
    bring(shop, merchandiser, COUNT, counted, now + timedelta(minutes=20))
    waiting = counts.settle(shop, merchandiser, opened, now=now + timedelta(minutes=21))
    bring(
        shop, merchandiser, STOCK, written([{"sku_code": "001", "on_hand": 70}]), now + timedelta(minutes=30)
    )
    judged = counts.result(shop, merchandiser, opened).set_index("sku_code")
    assert judged[["moved", "expected", "difference"]].to_numpy().tolist() == [[-10, 90, -60], [0, 100, -70]]
    approvals.decide(
        shop, finance, waiting["approval_id"], Decision("approved", ""), now + timedelta(minutes=40)
    )
    assert counts.settle(shop, merchandiser, opened, now=now + timedelta(minutes=41))["state"] == "adjusted"
    assert on_hand(shop, merchandiser) == [10, 30, 100], (
        "of the 30 counted, 20 were sold before the difference was posted"
    )


def test_taking_a_second_sheet_back_brings_the_first_counting_back(
    shop: Database, merchandiser: Actor, now: datetime
) -> None:
    opened = counts.open_count(shop, merchandiser, counts.NewCount("十月", ["001"], blind=False), now=now)
    row = {"count_id": opened, "sku_code": "001", "location": "A1", "counter": "李"}
    first = bring(shop, merchandiser, COUNT, written([row | {"counted": 98}]), now)
    second = bring(shop, merchandiser, COUNT, written([row | {"counted": 95}]), now + timedelta(minutes=5))
    with pytest.raises(ShopError) as refused:
        imports.undo(shop, merchandiser, COUNT, first.import_id, reason="x", now=now)
    assert (refused.value.code, refused.value.facts["by"]) == ("import.later_change", second.import_id)
    imports.undo(shop, merchandiser, COUNT, second.import_id, reason="看错了", now=now)
    assert counts.result(shop, merchandiser, opened)["counted"].tolist() == [98]
    imports.undo(shop, merchandiser, COUNT, first.import_id, reason="x", now=now)
    assert counts.result(shop, merchandiser, opened)["state"].tolist() == ["missing"]


def test_rows_outside_the_count_are_refused_by_their_row(
    shop: Database, merchandiser: Actor, now: datetime
) -> None:
    opened = counts.open_count(shop, merchandiser, counts.NewCount("部分", ["001"], blind=False), now=now)
    rows = [
        {"count_id": opened, "sku_code": "001", "counted": 100},
        {"count_id": opened, "sku_code": "002", "counted": 5},
        {"count_id": "", "sku_code": "zzz", "counted": 5},
    ]
    report = bring(shop, merchandiser, COUNT, written(rows), now)
    assert report.rejected["code"].tolist() == ["stock.outside_count", "stock.unknown_sku"]
    assert report.figures["rows"] == report.figures["added"] + report.figures["rejected"] == 3


def test_a_blind_counter_does_not_see_the_book(shop: Database, merchandiser: Actor, now: datetime) -> None:
    opened = counts.open_count(shop, merchandiser, counts.NewCount("盲盘", CODES, blind=True), now=now)
    keeper = Actor("keeper", "warehouse", "cli")
    assert "book_quantity" not in counts.count_rows(shop, keeper, opened)
    assert not {"book", "expected", "difference"} & set(counts.result(shop, keeper, opened))
    assert "difference" in counts.result(shop, merchandiser, opened)


def test_who_may_not_count(shop: Database, viewer: Actor, now: datetime) -> None:
    with pytest.raises(ShopError, match=r"access\.denied"):
        counts.open_count(shop, viewer, counts.NewCount("x", CODES, blind=False), now=now)
    with pytest.raises(ShopError, match="unknown"):
        counts.settle(shop, Actor("m", "merchandiser", "cli"), "nothing", now=now)
