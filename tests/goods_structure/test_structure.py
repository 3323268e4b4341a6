"""The goods structure: entered, edited in place, by workbook, and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, insert, read
from core.errors import ShopError
from core.goods import structure
from core.goods.structure_sheet import STRUCTURE, structure_sheet
from core.goods.tables import campaign_sku, sku
from core.imports import service as imports
from core.imports.service import Report
from core.money import LARGEST_PRICE
from tests import shops
from tests.conftest import together


@pytest.fixture
def campaign_id(database: Database, lead: Actor, now: datetime) -> str:
    """A sale with three SKUs in the master, none of them entered."""
    rows = pd.DataFrame(
        {
            "sku_code": ["00123", "00124", "00125"],
            "name": ["口红", "面膜", "香水"],
            "function": ["唇部", "补水", ""],
            "list_price": [9900, 6900, None],
        }
    )
    with database.writing() as connection:
        shops.goods(connection, rows, now)
    return campaigns.add_sale(
        database, lead, NewSale("双十一", now + timedelta(days=21), now + timedelta(days=22)), now=now
    )


def _lines(database: Database, campaign_id: str) -> pd.DataFrame:
    with database.reading() as connection:
        return structure.lines(connection, campaign_id).set_index("sku_code")


def _changes(*rows: tuple[str, str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["key", "field", "after"], dtype=object)


def _take(
    db: Database,
    actor: Actor,
    content: bytes,
    campaign_id: str,
    now: datetime,
    decisions: dict[str, str] | None = None,
) -> Report:
    draft = imports.check(imports.inspect(db, actor, STRUCTURE, content, "structure.xlsx"))
    return imports.commit(db, actor, draft, imports.Answers(campaign_id, decisions or {}), now=now)


def test_skus_enter_at_their_list_price_and_leave(
    database: Database, merchandiser: Actor, campaign_id: str, now: datetime
) -> None:
    assert structure.enter(database, merchandiser, campaign_id, now=now) == 3
    assert structure.enter(database, merchandiser, campaign_id, now=now) == 0
    found = _lines(database, campaign_id)
    assert found["sale_price"].astype(object).where(found["sale_price"].notna(), None).tolist() == [
        9900,
        6900,
        None,
    ]
    assert found["function"].tolist() == ["唇部", "补水", ""]
    assert set(found["tier"]) == {"regular"}
    assert structure.leave(database, merchandiser, campaign_id, ["00124", "nobody"], now=now) == 1
    assert _lines(database, campaign_id).index.tolist() == ["00123", "00125"]
    with pytest.raises(ShopError, match=r"goods\.unknown_sku"):
        structure.enter(database, merchandiser, campaign_id, ["99999"], now=now)


def test_cells_are_edited_and_nobody_overwrites_another(
    database: Database, merchandiser: Actor, campaign_id: str, now: datetime
) -> None:
    structure.enter(database, merchandiser, campaign_id, now=now)
    changes = _changes(
        ("00123", "tier", "main_push"),
        ("00123", "sale_price", 7900),
        ("00124", "function", "急救"),
        ("00124", "sale_price", None),
    )
    assert (
        structure.edit(
            database, merchandiser, campaign_id, structure.Cells(changes, {"00123": 1, "00124": 1}), now=now
        )
        == 2
    )
    found = _lines(database, campaign_id)
    assert found.loc["00123", ["tier", "sale_price", "version"]].tolist() == ["main_push", 7900, 2]
    assert found.loc["00124", "function"] == "急救"
    assert pd.isna(found.loc["00124", "sale_price"])
    with pytest.raises(ShopError, match=r"goods\.edit_conflict") as refused:
        structure.edit(
            database,
            merchandiser,
            campaign_id,
            structure.Cells(
                _changes(("00123", "tier", "regular"), ("00125", "tier", "pre_hot")), {"00123": 1, "00125": 1}
            ),
            now=now,
        )
    assert refused.value.facts["keys"] == ["00123"]
    assert _lines(database, campaign_id)["tier"].tolist() == ["main_push", "regular", "regular"]


def test_of_two_who_edit_a_row_at_once_one_is_told(
    database: Database, merchandiser: Actor, campaign_id: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    structure.enter(database, merchandiser, campaign_id, now=now)
    monkeypatch.setattr(structure, "ROWS", replace(structure.ROWS, store=together(structure.ROWS.put)))

    def save(tier: str) -> str:
        try:
            structure.edit(
                database,
                merchandiser,
                campaign_id,
                structure.Cells(_changes(("00123", "tier", tier)), {"00123": 1}),
                now=now,
            )
        except ShopError as refusal:
            return refusal.code
        return "saved"

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(save, ("main_push", "regular"))) == ["goods.edit_conflict", "saved"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("00123", "tier", "hero"), "goods.unknown_tier"),
        (("00123", "sale_price", -1), "goods.negative"),
        (("00123", "sale_price", LARGEST_PRICE + 1), "money.too_large"),
        (("1", "tier", "regular"), "goods.not_in_campaign"),
        (("00123", "name", "x"), "goods.no_such_field"),
    ],
)
def test_what_no_cell_may_hold(
    sqlite: Database,
    merchandiser: Actor,
    lead: Actor,
    now: datetime,
    change: tuple[str, str, object],
    code: str,
) -> None:
    with sqlite.writing() as connection:
        insert(connection, sku, pd.DataFrame({"sku_code": ["00123"], "updated_at": [now]}))
    mine = campaigns.add_sale(sqlite, lead, NewSale("双十一", now, now + timedelta(days=1)), now=now)
    structure.enter(sqlite, merchandiser, mine, now=now)
    with pytest.raises(ShopError, match=rf"^{code}"):
        structure.edit(sqlite, merchandiser, mine, structure.Cells(_changes(change), {change[0]: 1}), now=now)


def test_the_sheet_goes_out_and_comes_back(
    database: Database, merchandiser: Actor, campaign_id: str, now: datetime
) -> None:
    structure.enter(database, merchandiser, campaign_id, ["00123", "00124"], now=now)
    rows = _lines(database, campaign_id).reset_index()
    same = _take(database, merchandiser, structure_sheet(rows, "zh"), campaign_id, now)
    assert (same.figures["unchanged"], same.figures["changed"], same.figures["added"]) == (2, 0, 0)
    more = pd.concat(
        [
            rows.assign(tier=["pre_hot", "regular"]),
            rows.head(1).assign(sku_code="00125", name="香水", version=None),
            rows.head(1).assign(sku_code="404"),
        ]
    )
    report = _take(database, merchandiser, structure_sheet(more, "zh"), campaign_id, now)
    assert (report.figures["changed"], report.figures["added"], report.figures["rejected"]) == (1, 1, 1)
    assert report.rejected["code"].tolist() == ["goods.unknown_sku"]
    assert _lines(database, campaign_id)["tier"].tolist() == ["pre_hot", "regular", "regular"]
    imports.undo(database, merchandiser, STRUCTURE, report.import_id, reason="试", now=now)
    assert _lines(database, campaign_id)["tier"].tolist() == ["regular", "regular"]
    with database.reading() as connection:
        assert len(read(connection, campaign_sku.select())) == 2


def test_a_row_that_moved_since_the_export_is_a_conflict_until_decided(
    database: Database, merchandiser: Actor, campaign_id: str, now: datetime
) -> None:
    structure.enter(database, merchandiser, campaign_id, now=now)
    old = _lines(database, campaign_id).reset_index()
    structure.edit(
        database,
        merchandiser,
        campaign_id,
        structure.Cells(_changes(("00123", "tier", "pre_hot")), {"00123": 1}),
        now=now,
    )
    stale = structure_sheet(old.assign(tier="clearance"), "zh")
    report = _take(database, merchandiser, stale, campaign_id, now)
    assert (report.figures["changed"], report.figures["rejected"]) == (2, 1)
    assert _lines(database, campaign_id).loc["00123", "tier"] == "pre_hot"
    decided = _take(database, merchandiser, stale, campaign_id, now, {"00123": "sheet"})
    assert decided.figures["changed"] == 1
    structure.edit(
        database,
        merchandiser,
        campaign_id,
        structure.Cells(_changes(("00123", "tier", "regular")), {"00123": 3}),
        now=now,
    )
    with pytest.raises(ShopError, match=r"import\.later_change"):
        imports.undo(database, merchandiser, STRUCTURE, decided.import_id, reason="迟了", now=now)


def test_a_viewer_may_not_touch_it(
    database: Database, viewer: Actor, campaign_id: str, now: datetime
) -> None:
    with pytest.raises(ShopError, match=r"access\.denied"):
        structure.enter(database, viewer, campaign_id, now=now)


def test_the_goods_of_an_earlier_campaign_are_taken_along_without_its_plan(
    database: Database, merchandiser: Actor, lead: Actor, campaign_id: str, now: datetime
) -> None:
    structure.enter(database, merchandiser, campaign_id, ["00123", "00124"], now=now)
    changes = _changes(("00123", "tier", "pre_hot"), ("00123", "planned_units", 50))
    structure.edit(database, merchandiser, campaign_id, structure.Cells(changes, {"00123": 1}), now=now)
    after = campaigns.add_sale(
        database, lead, NewSale("双十二", now + timedelta(days=50), now + timedelta(days=51)), now=now
    )
    assert structure.copy(database, merchandiser, campaign_id, after, now=now) == 2
    lines = _lines(database, after)
    assert lines["tier"].to_dict() == {"00123": "pre_hot", "00124": "regular"}
    assert lines["planned_units"].isna().all()
    assert structure.copy(database, merchandiser, campaign_id, after, now=now) == 0
