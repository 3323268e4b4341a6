"""Cost cards, promotions, prices and bundles by sheet: as people write them, taken back, and real price lists
with their flaws."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from core.access import Actor
from core.errors import ShopError
from core.imports import service as imports
from core.imports.kinds import Kind
from core.imports.service import Choice
from core.money import LARGEST_PRICE
from core.pricing import queries, service
from core.pricing.changes import costs, promotions
from core.pricing.changes.sheet import BUNDLES, COSTS, PRICES, PROMOTIONS
from core.sheets.writer import template
from tests.conftest import NOW
from tests.pricing.conftest import Shop


def bring(
    shop: Shop, who: Actor, kind: Kind, text: str, mapping: Mapping[str, str] | None = None
) -> imports.Report:
    """A csv sheet through the whole import."""
    draft = imports.check(
        imports.inspect(shop.db, who, kind, text.encode("utf-8-sig"), "表.csv", Choice(mapping=mapping or {}))
    )
    return imports.commit(shop.db, who, draft, imports.Answers(shop.campaign_id), now=NOW)


def test_costs_as_people_write_them(either: Shop, finance: Actor, merchandiser: Actor) -> None:
    text = "商家编码,商品成本（元）,快递费,平台佣金率,推广费率,退货率\nA001,￥52.50,3.5元,5%,0.1,12\nA002,Nill,4,5,,\nB001,15,,6%,,\n合计,67.5,,,,\n"
    report = bring(either, finance, COSTS, text)
    assert report.figures == {
        "rows": 4,
        "added": 0,
        "changed": 2,
        "unchanged": 0,
        "merged": 0,
        "skipped_totals": 1,
        "rejected": 1,
        "absent": 3,
        "hidden": 0,
    }
    assert report.rejected[["cell", "value"]].to_numpy().tolist() == [["B3", "Nill"]]
    with either.db.reading() as connection:
        card = queries.own_cards(connection, either.campaign_id).loc["A001"]
    assert card[["product", "express", "commission", "advertising", "return_rate"]].tolist() == [
        5250,
        350,
        500,
        1000,
        1200,
    ]
    assert card["origins"]["express"] == report.import_id
    with pytest.raises(ShopError, match=r"access\.denied"):
        bring(either, merchandiser, COSTS, text)
    imports.undo(either.db, finance, COSTS, report.import_id, reason="试错", now=NOW)
    with either.db.reading() as connection:
        card = queries.own_cards(connection, either.campaign_id).loc["A001"]
    assert card[["product", "version"]].tolist() == [5000, 3]
    assert pd.isna(card["express"])
    with either.db.reading() as connection:
        assert service.check(connection)["cost_cards"] == []


def test_a_later_change_keeps_an_import(shop: Shop, finance: Actor) -> None:
    report = bring(shop, finance, COSTS, "商家编码,商品成本\nA001,60\n")
    costs.edit_cards(
        shop.db,
        finance,
        shop.campaign_id,
        pd.DataFrame({"product": [6100], "version": [2]}, index=["A001"]),
        now=NOW,
    )
    with pytest.raises(ShopError, match=r"import\.later_change"):
        imports.undo(shop.db, finance, COSTS, report.import_id, reason="试错", now=NOW)


def test_rates_beyond_a_whole_are_refused_by_cell(shop: Shop, finance: Actor) -> None:
    report = bring(shop, finance, COSTS, "商家编码,商品成本,退货率\nA001,60,130%\nA002,91,10%\n")
    assert report.rejected[["cell", "field"]].to_numpy().tolist() == [["C2", "return_rate"]]


PROMOTION_SHEET = """规则编号,规则名称,阶段,优惠类型,适用范围,门槛金额,优惠金额或价格,折扣,商家承担比例,互斥组,领取方式,SKU编码,开始时间,结束时间
kx,跨店每满300减50,爆发,跨店满减,跨店,300,50,,100%,,自动,,,
q1,店铺券满299减20,爆发,店铺券,全店,299,20,,100%,券,需领取,,,
q2,会员券满199减15,爆发,优惠券,全店,199,15,,100%,券,会员,,,
ms,整点秒杀,爆发,秒杀价,指定商品,,99,,,,自动,A001,2026-11-10 20:00,2026-11-10 22:00
ms,整点秒杀,爆发,秒杀价,指定商品,,199,,,,自动,A002,2026-11-10 20:00,2026-11-10 22:00
zk,家清85折,爆发,打折,指定商品,,,8.5折,50%,,自动,C001,,
dj,定金膨胀,预售,定金膨胀,指定商品,,50,,,,自动,A001,,
bad,没有门槛,爆发,每满减,全店,,50,,,,自动,,,
"""


def test_a_unit_that_no_shop_sells_is_refused(shop: Shop, finance: Actor) -> None:
    """Nine hundred million yuan for one unit is a slip of the hand, and would not fit the exact
    arithmetic."""
    report = bring(shop, finance, COSTS, "商家编码,商品成本\nA001,921000000\nA002,10000000\n")
    assert report.rejected[["cell", "code"]].to_numpy().tolist() == [["B2", "cell.too_large"]]
    with shop.db.reading() as connection:
        assert queries.own_cards(connection, shop.campaign_id).loc["A002", "product"] == LARGEST_PRICE
    with pytest.raises(ShopError, match=r"price\.bad_number"):
        costs.edit_default(
            shop.db,
            finance,
            shop.campaign_id,
            costs.CategoryCard("", {"express": LARGEST_PRICE + 1}),
            now=NOW,
        )
    with pytest.raises(ShopError, match=r"price\.bad_number"):
        costs.edit_default(
            shop.db, finance, shop.campaign_id, costs.CategoryCard("", {"commission": 10_001}), now=NOW
        )


def test_promotions_as_people_write_them(either: Shop, lead: Actor, finance: Actor) -> None:
    report = bring(either, lead, PROMOTIONS, PROMOTION_SHEET)
    assert (report.figures["added"], report.figures["rejected"]) == (7, 1)
    assert report.rejected["code"].tolist() == ["price.rule_unsound"]
    with either.db.reading() as connection:
        rules = {rule.rule_id: rule for rule in queries.rulebook(connection, either.campaign_id, "live")}
        presale = queries.rulebook(connection, either.campaign_id, "presale_deposit")
    assert list(rules) == ["cut", "cross", "coupon", "kx", "q1", "q2", "ms", "zk"]
    assert rules["ms"].items == {"A001": 9900, "A002": 19900}
    assert rules["ms"].starts == datetime(2026, 11, 10, 12, tzinfo=UTC)
    assert (rules["zk"].value, rules["zk"].merchant_share, rules["zk"].scope) == (1500, 5000, "items")
    assert (rules["q2"].reach, rules["q2"].group, rules["kx"].scope, rules["kx"].kind) == (
        "members",
        "券",
        "cross_shop",
        "every_full",
    )
    assert presale[0].kind == "deposit_inflation"
    again = bring(either, lead, PROMOTIONS, PROMOTION_SHEET)
    assert again.figures["unchanged"] == 7
    imports.undo(either.db, lead, PROMOTIONS, report.import_id, reason="试错", now=NOW)
    assert list(promotions.set_history(either.db, finance, either.campaign_id, "live")["version"]) == [
        3,
        2,
        1,
    ]
    assert [rule["rule_id"] for rule in service.load(either.db, finance, either.campaign_id).rules.rules] == [
        "cut",
        "cross",
        "coupon",
    ]


def test_a_coupon_for_a_category(shop: Shop, lead: Actor, finance: Actor) -> None:
    sheet = "规则编号,规则名称,阶段,优惠类型,门槛金额,优惠金额或价格,领取方式,类目\nhf,护肤券,爆发,优惠券,150,10,需领取,护肤\n"
    before = service.load(shop.db, finance, shop.campaign_id).prices["landed_price"]
    assert bring(shop, lead, PROMOTIONS, sheet).figures["added"] == 1
    after = service.load(shop.db, finance, shop.campaign_id).prices["landed_price"]
    assert (before - after).to_dict() == {"A001": 1000, "A002": 1000, "B001": 0, "B002": 0, "C001": 0}


def test_a_set_that_moved_since_keeps_its_import(shop: Shop, lead: Actor) -> None:
    report = bring(shop, lead, PROMOTIONS, PROMOTION_SHEET)
    promotions.save_rules(shop.db, lead, shop.campaign_id, promotions.RuleSet("live", [], 2), now=NOW)
    with pytest.raises(ShopError, match=r"import\.later_change"):
        imports.undo(shop.db, lead, PROMOTIONS, report.import_id, reason="试错", now=NOW)
    with pytest.raises(ShopError, match=r"price\.set_conflict"):
        promotions.save_rules(shop.db, lead, shop.campaign_id, promotions.RuleSet("live", [], 2), now=NOW)


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([{"rule_id": "a", "kind": "every_full", "value": 1}], "price.rule_unsound"),
        ([{"rule_id": "a", "kind": "amount_off", "value": -1}], "price.rule_unsound"),
        ([{"rule_id": "a", "kind": "percent_off", "value": 10_001}], "price.rule_unsound"),
        ([{"rule_id": "a", "kind": "magic", "value": 1}], "price.rule_unsound"),
        ([{"rule_id": "a", "kind": "amount_off", "value": "ten"}], "price.rule_unsound"),
        ([{"rule_id": "a", "kind": "amount_off", "value": 1.5}], "price.rule_unsound"),
        ([{"rule_id": "a", "kind": "amount_off", "value": 1, "starts": "soon"}], "price.rule_unreadable"),
        ([{"rule_id": "a", "kind": "amount_off", "value": 1, "spell": 1}], "price.rule_unreadable"),
        ([{"rule_id": "a", "kind": "amount_off", "value": 1}] * 2, "price.same_rule"),
        (
            [{"rule_id": str(n), "kind": "amount_off", "value": 1, "reach": "claimed"} for n in range(13)],
            "price.too_many_stacks",
        ),
    ],
)
def test_rule_sets_that_mean_nothing_are_refused(
    shop: Shop, lead: Actor, rules: list[dict[str, object]], code: str
) -> None:
    with pytest.raises(ShopError) as refusal:
        promotions.save_rules(shop.db, lead, shop.campaign_id, promotions.RuleSet("live", rules, 1), now=NOW)
    assert refusal.value.code == code


def test_an_edited_price_sheet(either: Shop, merchandiser: Actor) -> None:
    text = "SKU编码,活动价,row_version\nA001,189.00,1\nA002,299,9\nB001,79,1\nZZZ,1,1\n"
    report = bring(either, merchandiser, PRICES, text)
    assert (report.figures["changed"], report.figures["unchanged"], report.figures["rejected"]) == (1, 1, 2)
    assert set(report.rejected["code"]) == {"price.not_in_campaign", "import.version_conflict"}
    imports.undo(either.db, merchandiser, PRICES, report.import_id, reason="试错", now=NOW)
    with either.db.reading() as connection:
        assert queries.goods(connection, either.campaign_id).loc[
            "A001", ["sale_price", "version"]
        ].tolist() == [19900, 3]


def test_bundles(either: Shop, merchandiser: Actor) -> None:
    report = bring(
        either, merchandiser, BUNDLES, "套装编码,组件编码,组件数量\nA001,B001,2\nA001,A001,1\nA001,C001,1\n"
    )
    assert (report.figures["added"], report.rejected["code"].tolist()) == (2, ["price.own_part"])
    changed = bring(either, merchandiser, BUNDLES, "套装编码,组件编码,组件数量\nA001,B001,3\n")
    with either.db.reading() as connection:
        assert queries.bundles(connection, either.campaign_id)["quantity"].tolist() == [3, 1]
    imports.undo(either.db, merchandiser, BUNDLES, changed.import_id, reason="试错", now=NOW)
    with either.db.reading() as connection:
        assert queries.bundles(connection, either.campaign_id)["quantity"].tolist() == [2, 1]


def parts(shop: Shop) -> list[list[object]]:
    """The parts of A001, and how many of each."""
    with shop.db.reading() as connection:
        stood = queries.bundles(connection, shop.campaign_id)
    return stood.loc[stood["sku_code"] == "A001", ["part_code", "quantity"]].to_numpy().tolist()


def test_a_bundle_import_is_taken_back_without_what_came_later(either: Shop, merchandiser: Actor) -> None:
    first = bring(either, merchandiser, BUNDLES, "套装编码,组件编码,组件数量\nA001,B001,2\nA001,B002,1\n")
    bring(either, merchandiser, BUNDLES, "套装编码,组件编码,组件数量\nA001,C001,4\n")
    imports.undo(either.db, merchandiser, BUNDLES, first.import_id, reason="试错", now=NOW)
    assert parts(either) == [["C001", 4]]


def test_a_bundle_part_restated_since_keeps_its_import(either: Shop, merchandiser: Actor) -> None:
    first = bring(either, merchandiser, BUNDLES, "套装编码,组件编码,组件数量\nA001,B001,2\nA001,B002,1\n")
    later = bring(either, merchandiser, BUNDLES, "套装编码,组件编码,组件数量\nA001,B001,3\n")
    with pytest.raises(ShopError, match=r"import\.later_change") as refusal:
        imports.undo(either.db, merchandiser, BUNDLES, first.import_id, reason="试错", now=NOW)
    assert (refusal.value.facts["key"], refusal.value.facts["by"]) == ("A001/B001", later.import_id)
    assert parts(either) == [["B001", 3], ["B002", 1]]


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (PRICES, "SKU编码,活动价\nA001,189\n", "SKU编码,活动价\nA001,179\n"),
        (COSTS, "商家编码,商品成本\nA001,60\nZ999,7\n", "商家编码,商品成本\nA001,61\nZ999,8\n"),
        (
            BUNDLES,
            "套装编码,组件编码,组件数量\nA001,B001,2\n",
            "套装编码,组件编码,组件数量\nA001,B001,3\nA001,C001,1\n",
        ),
        (
            PROMOTIONS,
            "规则编号,优惠类型,门槛金额,优惠金额或价格\nq1,优惠券,299,20\n",
            "规则编号,优惠类型,门槛金额,优惠金额或价格\nq1,优惠券,299,30\n",
        ),
    ],
    ids=lambda kind: getattr(kind, "name", ""),
)
def test_imports_are_taken_back_one_after_the_other(
    either: Shop, admin: Actor, kind: Kind, first: str, second: str
) -> None:
    def stands() -> list[object]:
        with either.db.reading() as connection:
            return [
                queries.goods(connection, either.campaign_id)["sale_price"].to_dict(),
                queries.own_cards(connection, either.campaign_id)["product"].dropna().to_dict(),
                queries.rule_set(connection, either.campaign_id, "live")["rules"],
                parts(either),
            ]

    before = stands()
    earlier = bring(either, admin, kind, first)
    between = stands()
    later = bring(either, admin, kind, second)
    imports.undo(either.db, admin, kind, later.import_id, reason="试错", now=NOW)
    assert stands() == between
    imports.undo(either.db, admin, kind, earlier.import_id, reason="试错", now=NOW)
    assert stands() == before


@pytest.mark.parametrize("kind", [COSTS, PROMOTIONS, PRICES, BUNDLES], ids=lambda kind: kind.name)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_our_own_templates_are_read_back(shop: Shop, admin: Actor, kind: Kind, language: str) -> None:
    inspection = imports.inspect(shop.db, admin, kind, template(kind.spec, language), "模板.xlsx")
    assert set(inspection.header.mapping.values()) == {field.name for field in kind.spec.fields}


@pytest.mark.parametrize(
    ("name", "cost", "cells"),
    [
        ("amazon_in_May-2022_mrp.xlsx", "Transfer_Price", 74),
        ("amazon_in_P  L March 2021.xlsx", "Transfer_Price_Level_1", 74),
    ],
)
def test_real_price_lists_with_nill(
    shop: Shop, finance: Actor, shared: Path, name: str, cost: str, cells: int
) -> None:
    """Two cost columns, a header with a line break, `Nill` for prices that nobody knows: each refused by its
    cell, the rest taken."""
    mapping = {
        "sku_code": "Product_SKU",
        "product": cost,
        "competitor_low": "Final_Old_MRP",
        "competitor_high": "Paytm_MRP",
    }
    content = (shared / "data/inventory" / name).read_bytes()
    draft = imports.check(imports.inspect(shop.db, finance, COSTS, content, name, Choice(mapping=mapping)))
    report = imports.commit(shop.db, finance, draft, imports.Answers(shop.campaign_id), now=NOW)
    refused = report.rejected
    nill = refused[refused["value"] == "Nill"]
    assert len(nill) == cells
    assert nill["cell"].str.match(r"^[A-Z]+\d+$").all()
    assert set(nill["field"]) == {"competitor_low", "competitor_high"}
    figures = report.figures
    assert (
        figures["rows"]
        == figures["added"]
        + figures["changed"]
        + figures["unchanged"]
        + figures["merged"]
        + figures["rejected"]
        + figures["skipped_totals"]
    )
    assert report.committed
    assert figures["added"] > 1200
