"""The judged prices on both databases: figures, verdicts, who sees what, proposals, suggestions, the
limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, insert
from core.errors import ShopError
from core.goods.tables import campaign_sku
from core.orders.tables import order_line
from core.pricing import approvals, service, what_if
from core.pricing.changes import costs, prices, promotions
from core.pricing.limits import NewLimits, set_limits
from core.pricing.tables import bundle_part
from core.signals.tables import daily_signal
from tests.conftest import together
from tests.pricing.conftest import CLOSES, COUPON, CROSS, CUT, OPENS, Shop


def verdict(shop: Shop, finance: Actor, code: str) -> tuple[str, tuple[str, ...]]:
    """The verdict of one SKU and its reasons."""
    row = service.load(shop.db, finance, shop.campaign_id).prices.loc[code]
    return row["verdict"], row["reasons"]


def put_price(shop: Shop, actor: Actor, code: str, fen: int, now: datetime) -> None:
    """Edits one sale price as the page does."""
    version = service.load(shop.db, actor, shop.campaign_id).prices.loc[code, "version"]
    prices.set_prices(
        shop.db,
        actor,
        shop.campaign_id,
        pd.DataFrame({"sale_price": [fen], "version": [version]}, index=[code]),
        now=now,
    )


def bought(shop: Shop, code: str, each: int, at: datetime, units: int = 1, state: str = "paid") -> None:
    """One paid order line."""
    row = {
        "sku_code": code,
        "order_id": f"{code}{at:%m%d%H%M}{each}",
        "line": "1",
        "state": state,
        "paid_at": at,
        "quantity": units,
        "amount": each * units,
        "import_id": "t",
    }
    with shop.db.writing() as connection:
        insert(connection, order_line, pd.DataFrame([row]))


def test_landed_and_worst_landed(either: Shop, finance: Actor) -> None:
    shop = either
    frame = service.load(shop.db, finance, shop.campaign_id).prices
    assert frame.loc["A001", "landed_price"] == 17910  # 10% off, below every threshold alone
    # 119.90 of our own goods pass the coupon's 299, one yuan of another shop's the cross-shop 300 without
    # thinning the coupon out
    assert frame.loc["A001", ["worst_filler", "worst_outside"]].tolist() == [11990, 100]
    assert frame.loc["A001", "worst_landed_price"] == 17910 - 5000 * 17910 // 30000 - 1198
    assert set(frame.loc["A001", "worst_rules"]) == {"cut", "cross", "coupon"}
    assert frame.loc["A002", "landed_price"] == 32900 - 3290 - 0  # 296.10: just below the thresholds
    assert frame["verdict"].to_dict() == {
        "A001": "publishable",
        "A002": "publishable",
        "B001": "publishable",
        "B002": "refused",
        "C001": "publishable",
    }
    assert "loss" in frame.loc["B002", "reasons"]


def test_economics_is_what_other_rooms_get(shop: Shop) -> None:
    with shop.db.reading() as connection:
        frame = service.economics(connection, shop.campaign_id).set_index("sku_code")
    assert list(frame.columns) == list(service.ECONOMICS[1:])
    assert frame.loc["A001", "unit_cost"] == 5000
    assert (frame["full_cost"] + frame["contribution"] == frame["receipts"]).all()
    assert str(frame["contribution"].dtype) == "Int64"


def test_costs_and_margins_only_for_those_who_may_see_them(
    shop: Shop, finance: Actor, merchandiser: Actor, lead: Actor, viewer: Actor
) -> None:
    whole = set(service.load(shop.db, finance, shop.campaign_id).prices)
    assert {"unit_cost", "contribution", "floor"} <= whole
    some = set(service.load(shop.db, merchandiser, shop.campaign_id).prices)
    assert "unit_cost" in some
    assert not some & set(service.MARGINS)
    few = set(service.load(shop.db, lead, shop.campaign_id).prices)
    assert not few & {*service.MARGINS, *service.COSTS}
    assert "landed_price" in few
    for ask in (service.load, service.margins):
        with pytest.raises(ShopError, match=r"access\.denied"):
            ask(shop.db, viewer, shop.campaign_id)
    with pytest.raises(ShopError, match=r"access\.denied"):
        service.explain(shop.db, merchandiser, shop.campaign_id, "A001")


def test_waterfall_adds_up(shop: Shop, finance: Actor) -> None:
    found = service.explain(shop.db, finance, shop.campaign_id, "A001")
    row = service.load(shop.db, finance, shop.campaign_id).prices.loc["A001"]
    for name, contribution in (("usual", row["contribution"]), ("worst", row["worst_contribution"])):
        steps = found[name]
        assert steps["amount"].iloc[:-1].sum() == steps["amount"].iloc[-1] == contribution
    card = found["card"].set_index("field")
    assert card.loc["product", ["value", "source"]].tolist() == [5000, "sku"]
    assert card.loc["express", "source"] == "campaign"
    assert card.loc["production", ["value", "source"]].tolist() == [300, "shipped"]


def test_price_above_list_and_missing_cost_are_refused(
    shop: Shop, finance: Actor, merchandiser: Actor, now: datetime
) -> None:
    put_price(shop, merchandiser, "A001", 30000, now)
    assert verdict(shop, finance, "A001") == ("refused", ("above_list",))
    card = pd.DataFrame({"product": pd.array([pd.NA], dtype="Int64"), "version": [1]}, index=["B001"])
    costs.edit_cards(shop.db, finance, shop.campaign_id, card, now=now)
    assert verdict(shop, finance, "B001")[1] == ("no_cost",)
    with shop.db.reading() as connection:
        assert (
            service.economics(connection, shop.campaign_id)
            .set_index("sku_code")["contribution"]
            .isna()["B001"]
        )


def test_floor_zero_and_loss(shop: Shop, finance: Actor, merchandiser: Actor, now: datetime) -> None:
    put_price(shop, merchandiser, "B001", 3500, now)
    assert verdict(shop, finance, "B001") == ("needs_approval", ("below_floor",))
    put_price(shop, merchandiser, "B001", 0, now)
    word, reasons = verdict(shop, finance, "B001")
    assert word == "refused"
    assert {"free", "loss"} <= set(reasons)


def test_price_base_is_the_lowest_deal_of_the_days_before(
    either: Shop, finance: Actor, now: datetime
) -> None:
    shop = either
    bought(shop, "A001", 17000, OPENS - timedelta(days=6))
    bought(shop, "A002", 100, OPENS - timedelta(days=8))  # out of the window
    bought(shop, "C001", 100, OPENS - timedelta(days=2), state="closed")  # never a deal
    assert verdict(shop, finance, "A001") == ("needs_approval", ("above_price_base",))
    assert verdict(shop, finance, "A002")[0] == "publishable"
    assert verdict(shop, finance, "C001")[0] == "publishable"
    set_limits(shop.db, finance, shop.campaign_id, NewLimits({"base_days": 30}), now=now)
    assert "above_price_base" in verdict(shop, finance, "A002")[1]


def test_a_discount_three_times_the_usual_needs_approval(shop: Shop, finance: Actor, now: datetime) -> None:
    bought(shop, "A001", 26900, OPENS - timedelta(days=40))  # usually 10% off
    assert "deep_discount" in verdict(shop, finance, "A001")[1]  # now 40%
    bought(shop, "A001", 19900, OPENS - timedelta(days=41), units=20)
    assert "deep_discount" not in verdict(shop, finance, "A001")[1]


def test_bundle_below_its_parts(shop: Shop, finance: Actor) -> None:
    parts = pd.DataFrame({"sku_code": "A001", "part_code": ["A002", "C001"], "quantity": [1, 1]})
    parts = parts.assign(campaign_id=shop.campaign_id, changed_by="")
    with shop.db.writing() as connection:
        insert(connection, bundle_part, parts)
    assert verdict(shop, finance, "A001") == ("needs_approval", ("bundle_below_parts",))
    with shop.db.writing() as connection:
        insert(connection, bundle_part, parts.iloc[:1].assign(part_code="UNKNOWN"))
    assert verdict(shop, finance, "A001") == ("refused", ("unknown_part",))


def test_rules_have_windows(shop: Shop, finance: Actor, lead: Actor, now: datetime) -> None:
    late = COUPON | {
        "rule_id": "late",
        "value": 9000,
        "starts": (OPENS + timedelta(hours=2)).isoformat(),
        "ends": (OPENS + timedelta(hours=3)).isoformat(),
    }
    promotions.save_rules(
        shop.db, lead, shop.campaign_id, promotions.RuleSet("live", [CUT, CROSS, COUPON, late], 1), now=now
    )
    row = service.load(shop.db, finance, shop.campaign_id).prices.loc["A002"]
    assert row["landed_price"] == 29610  # at the opening
    assert "late" in row["worst_rules"]  # two hours later
    gone = late | {
        "starts": (CLOSES + timedelta(days=1)).isoformat(),
        "ends": (CLOSES + timedelta(days=2)).isoformat(),
    }
    promotions.save_rules(
        shop.db, lead, shop.campaign_id, promotions.RuleSet("live", [CUT, CROSS, COUPON, gone], 2), now=now
    )
    assert "late" not in service.load(shop.db, finance, shop.campaign_id).prices.loc["A002", "worst_rules"]


def test_platform_money_counts_for_the_merchant(
    shop: Shop, finance: Actor, lead: Actor, now: datetime
) -> None:
    before = service.load(shop.db, finance, shop.campaign_id).prices.loc["A001"]
    promotions.save_rules(
        shop.db,
        lead,
        shop.campaign_id,
        promotions.RuleSet("live", [CUT | {"merchant_share": 0}, CROSS, COUPON], 1),
        now=now,
    )
    after = service.load(shop.db, finance, shop.campaign_id).prices.loc["A001"]
    assert after["landed_price"] == before["landed_price"]
    assert after["receipts"] == 19900
    assert after["contribution"] > before["contribution"]


def test_refunded_filler_costs_more_than_it_brings(shop: Shop, finance: Actor) -> None:
    row = service.load(shop.db, finance, shop.campaign_id).prices.loc["A001"]
    assert row["worst_filler"] > 0
    assert row["filler_refunded"] == row["worst_contribution"] - 350


def test_proposal_shows_before_after_and_liability(either: Shop, finance: Actor, now: datetime) -> None:
    shop = either
    bought(shop, "A001", 18000, now - timedelta(days=3), units=10)
    bought(
        shop, "A001", 18100, now - timedelta(days=3), units=5, state="refunded"
    )  # has its money back already
    found = what_if.propose(
        shop.db, finance, shop.campaign_id, what_if.Proposed(pd.Series({"A001": 15000, "nobody": 1})), now=now
    )
    row = found.loc["A001"]
    assert (row["sale_price"], row["sale_price_then"], row["landed_price_then"]) == (19900, 15000, 13500)
    assert (row["protection_units"], row["protection"]) == (10, (18000 - 13500) * 10)
    assert service.load(shop.db, finance, shop.campaign_id).prices.loc["A001", "sale_price"] == 19900


def test_suggestions_are_charming_and_never_below_the_floor(
    shop: Shop, finance: Actor, merchandiser: Actor, now: datetime
) -> None:
    found = what_if.suggest(shop.db, finance, shop.campaign_id)
    assert (found["suggested"] % 1000 == 900).all()
    assert found["suggested"].notna().all()
    for code, fen in found["suggested"].items():
        put_price(shop, merchandiser, code, int(fen), now)
    after = service.load(shop.db, finance, shop.campaign_id).prices
    assert (after["worst_margin"] * 10_000 >= after["floor"]).all()


def test_simulation_of_ads_and_returns(shop: Shop, finance: Actor) -> None:
    worse = what_if.simulate(
        shop.db, finance, shop.campaign_id, what_if.OtherCosts({"commission": 12_000}, {"return_rate": 3_000})
    ).set_index("tier")
    assert worse.loc["", "skus"] == 5
    assert worse.loc["", "contribution_then"] < worse.loc["", "contribution"]
    same = what_if.simulate(shop.db, finance, shop.campaign_id, what_if.OtherCosts({}, {})).set_index("tier")
    assert (same["contribution"] == same["contribution_then"]).all()
    with pytest.raises(ShopError, match=r"price\.bad_number"):
        what_if.simulate(shop.db, finance, shop.campaign_id, what_if.OtherCosts({"nonsense": 1}, {}))


def test_live_alarm_feed(shop: Shop, merchandiser: Actor) -> None:
    paid = pd.DataFrame(
        {"sku_code": ["A001", "B001", "C001"], "units": [10, 10, 0], "paid_amount": [100_00, 71_100, 0]}
    )
    feed = service.alarm_feed(shop.db, merchandiser, shop.campaign_id, paid).set_index("sku_code")
    assert feed.loc["A001", "alarm"] == "below_worst"
    assert feed.loc["B001", "alarm"] == ""
    assert feed.loc["B001", "ratio"] == pytest.approx(1.0)
    assert "C001" not in feed.index


def test_large_move_against_the_published_price(
    either: Shop, finance: Actor, merchandiser: Actor, now: datetime
) -> None:
    shop = either
    sheet = approvals.publish(shop.db, merchandiser, shop.campaign_id, now=now)
    assert sheet.held_back == {"refused": 1}
    assert set(sheet.prices.index) == {"A001", "A002", "B001", "C001"}
    put_price(shop, merchandiser, "C001", 2700, now)
    assert "large_move" in verdict(shop, finance, "C001")[1]


def test_limits_are_checked_and_versioned(
    shop: Shop, finance: Actor, merchandiser: Actor, now: datetime
) -> None:
    with pytest.raises(ShopError, match=r"access\.denied"):
        set_limits(shop.db, merchandiser, shop.campaign_id, NewLimits({}), now=now)
    for wrong in (
        {"tiers": {"regular": {"floor": 0, "least": 100}}},
        {"base_days": 8},
        {"alarms": {"price_move": 0}},
        {"tiers": {"x": {"bottom": 1}}},
    ):
        with pytest.raises(ShopError, match=r"price\.limits_unsound"):
            set_limits(shop.db, finance, shop.campaign_id, NewLimits(wrong), now=now)
    change = set_limits(
        shop.db,
        finance,
        shop.campaign_id,
        NewLimits({"tiers": {"main_push": {"floor": 8000, "least": 0}}}),
        now=now,
    )
    assert (change.version, change.waits) == (1, False)
    assert verdict(shop, finance, "A001") == ("needs_approval", ("below_floor",))


def test_of_two_who_edit_a_card_at_once_one_is_told(
    either: Shop, finance: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(costs, "CARDS", replace(costs.CARDS, store=together(costs.CARDS.store)))

    def save(product: int) -> str:
        card = pd.DataFrame({"product": [product], "version": [1]}, index=["A001"])
        try:
            costs.edit_cards(either.db, finance, either.campaign_id, card, now=now)
        except ShopError as refusal:
            return refusal.code
        return "saved"

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(save, (5100, 5200))) == ["price.edit_conflict", "saved"]


def test_cards_are_versioned_with_their_origin(either: Shop, finance: Actor, now: datetime) -> None:
    shop = either
    card = pd.DataFrame({"product": [5100], "express": [500], "version": [1]}, index=["A001"])
    assert costs.edit_cards(shop.db, finance, shop.campaign_id, card, now=now) == 2
    with pytest.raises(ShopError, match=r"price\.edit_conflict"):
        costs.edit_cards(shop.db, finance, shop.campaign_id, card, now=now)
    versions = costs.card_history(shop.db, finance, shop.campaign_id, "A001")
    assert versions["card"].tolist() == [{"product": 5100, "express": 500}, {"product": 5000}]
    for wrong in ({"product": -1}, {"commission": 10_001}):
        with pytest.raises(ShopError, match=r"price\.bad_number"):
            costs.edit_default(shop.db, finance, shop.campaign_id, costs.CategoryCard("护肤", wrong), now=now)


def test_category_default_stands_between_card_and_campaign(shop: Shop, finance: Actor, now: datetime) -> None:
    costs.edit_default(
        shop.db, finance, shop.campaign_id, costs.CategoryCard("护肤", {"express": 900}), now=now
    )
    card = service.explain(shop.db, finance, shop.campaign_id, "A001")["card"].set_index("field")
    assert card.loc["express", ["value", "source"]].tolist() == [900, "category"]
    assert service.explain(shop.db, finance, shop.campaign_id, "B001")["card"].set_index("field").loc[
        "express", ["value", "source"]
    ].tolist() == [350, "campaign"]


def test_the_rooms_invariants(shop: Shop) -> None:
    with shop.db.reading() as connection:
        assert service.check(connection) == {"cost_cards": [], "promotion_sets": []}
    with shop.db.writing() as connection:
        connection.exec_driver_sql("UPDATE cost_card SET version = 7 WHERE sku_code = 'A001'")
    with shop.db.reading() as connection:
        assert service.check(connection)["cost_cards"] == [f"{shop.campaign_id}/A001"]


def test_an_empty_campaign_is_an_empty_table(
    sqlite: Database, lead: Actor, finance: Actor, now: datetime
) -> None:
    campaign_id = campaigns.add_sale(sqlite, lead, NewSale("空", OPENS, CLOSES), now=now)
    assert service.load(sqlite, finance, campaign_id).prices.empty
    assert what_if.suggest(sqlite, finance, campaign_id).empty


def test_a_sku_without_a_price_waits(shop: Shop, finance: Actor, now: datetime) -> None:
    with shop.db.writing() as connection:
        connection.execute(
            campaign_sku.update().where(campaign_sku.c.sku_code == "A001").values(sale_price=None)
        )
    row = service.load(shop.db, finance, shop.campaign_id).prices.loc["A001"]
    assert row["verdict"] == "unpriced"
    assert row["reasons"] == ("no_price",)
    assert pd.isna(row["landed_price"])


def test_the_drawer_says_where_numbers_come_from_and_what_returns_cost(shop: Shop, finance: Actor) -> None:
    found = service.explain(shop.db, finance, shop.campaign_id, "A001")
    card = found["card"].set_index("field")
    assert card.loc["product", ["source", "origin"]].tolist() == ["sku", finance.name]
    assert card.loc["express", "origin"] == ""
    solved = found["solved"].set_index("returns")
    assert solved.loc["without", "break_even"] < solved.loc["with", "break_even"]
    assert solved.loc["with", "break_even_acos"] == pytest.approx(1 / solved.loc["with", "break_even_roi"])
    with pytest.raises(ShopError, match=r"price\.not_in_campaign"):
        service.explain(shop.db, finance, shop.campaign_id, "ZZZ")


def test_cells_of_cards_are_edited_in_shares_and_fen(shop: Shop, finance: Actor, now: datetime) -> None:
    frame = service.cards(shop.db, finance, shop.campaign_id)
    cells = pd.DataFrame(
        {
            "key": ["A001", "A001", "B001"],
            "field": ["commission", "product", "product"],
            "before": None,
            "after": [0.055, 5200, None],
        },
        dtype=object,
    )
    assert (
        costs.edit_cells(shop.db, finance, shop.campaign_id, costs.Cells(cells, frame["version"]), now=now)
        == 3
    )
    after = service.cards(shop.db, finance, shop.campaign_id)
    assert after.loc["A001", ["commission", "product", "version"]].tolist() == [0.055, 5200, 2]
    assert pd.isna(after.loc["B001", "product"])
    with pytest.raises(ShopError, match=r"price\.edit_conflict"):
        costs.edit_cells(
            shop.db, finance, shop.campaign_id, costs.Cells(cells.assign(after=1), frame["version"]), now=now
        )


def test_a_bulk_change_only_shows_what_moves(shop: Shop, finance: Actor, now: datetime) -> None:
    found = what_if.reprice(
        shop.db, finance, shop.campaign_id, what_if.Bulk(["A001", "A002"], "discount", 8_500), now=now
    )
    assert found["sale_price_then"].to_dict() == {"A001": 25415, "A002": 33915}
    assert what_if.reprice(
        shop.db, finance, shop.campaign_id, what_if.Bulk(["A001"], "charm", 0), now=now
    ).empty  # 199 ends in 9 already
    assert what_if.reprice(
        shop.db, finance, shop.campaign_id, what_if.Bulk(["A002"], "change", -1_000), now=now
    )["sale_price_then"].tolist() == [29610]
    assert (
        what_if.reprice(shop.db, finance, shop.campaign_id, what_if.Bulk(["B002"], "suggested", 0), now=now)[
            "verdict_then"
        ]
        != "refused"
    ).all()


def test_a_suggestion_is_for_those_who_may_see_margins(
    shop: Shop, merchandiser: Actor, now: datetime
) -> None:
    with pytest.raises(ShopError, match=r"access\.denied"):
        what_if.reprice(
            shop.db, merchandiser, shop.campaign_id, what_if.Bulk(["A001"], "suggested", 0), now=now
        )
    with pytest.raises(ShopError, match=r"access\.denied"):
        what_if.suggest(shop.db, merchandiser, shop.campaign_id)
    assert "contribution" not in what_if.reprice(
        shop.db, merchandiser, shop.campaign_id, what_if.Bulk(["A001"], "change", -100), now=now
    )


def test_what_was_paid_so_far_comes_from_orders_without_reports(shop: Shop, finance: Actor) -> None:
    bought(shop, "A001", 17900, OPENS + timedelta(hours=1), units=3)
    paid = service.paid_so_far(shop.db, finance, shop.campaign_id)
    assert paid.to_dict("records") == [{"sku_code": "A001", "units": 3, "paid_amount": 53700}]


def test_the_day_after_the_close_is_no_part_of_what_the_sale_paid(
    shop: Shop, finance: Actor, now: datetime
) -> None:
    days = [
        date(2026, 11, 9),
        date(2026, 11, 10),
        date(2026, 11, 11),
        date(2026, 11, 12),
    ]  # the sale closes as the 12th begins
    reports = {
        "sku_code": "A001",
        "day": days,
        "channel": "",
        "units_paid": [1, 2, 4, 8],
        "paid_amount": [1, 2, 4, 8],
    }
    with shop.db.writing() as connection:
        insert(connection, daily_signal, pd.DataFrame(reports | {"import_id": "t", "updated_at": now}))
    paid = service.paid_so_far(shop.db, finance, shop.campaign_id)
    assert paid.to_dict("records") == [{"sku_code": "A001", "units": 6, "paid_amount": 6}]


def test_no_margin_and_no_suggestion_without_a_cost(shop: Shop, finance: Actor, now: datetime) -> None:
    """A product that costs nothing has a fine margin: one whose cost nobody told has none."""
    blank = pd.DataFrame({"product": pd.array([pd.NA], "Int64"), "version": [1]}, index=["B001"])
    costs.edit_cards(shop.db, finance, shop.campaign_id, blank, now=now)
    row = service.load(shop.db, finance, shop.campaign_id).prices.loc["B001"]
    costly = [
        "unit_cost",
        "full_cost",
        "contribution",
        "margin",
        "worst_contribution",
        "worst_margin",
        "floor_price",
        "break_even",
    ]
    assert row[costly].isna().all()
    assert (row["verdict"], row["reasons"]) == ("no_cost", ("no_cost",))
    found = what_if.suggest(shop.db, finance, shop.campaign_id)
    assert found.loc["B001", ["cost", "suggested"]].isna().all()
    assert found["suggested"].notna().any()


@pytest.mark.parametrize("silent", ["express", "commission", "return_rate"])
def test_a_price_without_a_full_cost_card_is_never_publishable(
    shop: Shop, finance: Actor, merchandiser: Actor, now: datetime, silent: str
) -> None:
    """A parcel that nobody has priced costs nothing on paper: such a margin decides nothing. Stated as 0 it
    does."""
    card = {"express": 350, "commission": 500, "payment_fee": 60, "return_rate": 800}
    partly = {name: value for name, value in card.items() if name != silent}
    costs.edit_default(shop.db, finance, shop.campaign_id, costs.CategoryCard("", partly), now=now)
    assert verdict(shop, finance, "A001") == ("no_cost", ("part_cost",))
    with pytest.raises(ShopError, match=r"price\.refused"):
        approvals.ask_for_prices(
            shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["A001"], "先批"), now=now
        )
    assert approvals.publish(shop.db, merchandiser, shop.campaign_id, now=now).prices.empty
    costs.edit_default(
        shop.db, finance, shop.campaign_id, costs.CategoryCard("", partly | {silent: 0}), now=now
    )
    assert verdict(shop, finance, "A001") == ("publishable", ())
