"""No price and no rule gets past its approval: not by edit, by import, by copy, by moving a cost, a fee, a
rule or a limit."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as assert_machine_holds
from sqlalchemy import Connection

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, insert, read
from core.errors import ShopError
from core.goods.tables import campaign_sku
from core.imports import service as imports
from core.pricing import approvals, judging, queries, service
from core.pricing.changes import costs, prices, promotions
from core.pricing.changes.sheet import PRICES
from core.pricing.judging import Judged
from core.pricing.limits import NewLimits, set_limits
from core.sheets.writer import export
from tests.conftest import NOW, actor
from tests.pricing.conftest import CLOSES, COUPON, CROSS, CUT, OPENS, Shop, make_shop

SLIP = {
    "rule_id": "slip",
    "kind": "amount_off",
    "value": 20000,
    "threshold": 20000,
    "reach": "claimed",
    "scope": "items",
    "items": {"A001": 20000},
    "name": "满200减200",
}
LOW = 9000  # A001 below its floor and above its break-even, with CUT, CROSS and COUPON


def state(shop: Shop, finance: Actor, code: str = "A001") -> str:
    """The verdict of one SKU."""
    return str(service.load(shop.db, finance, shop.campaign_id).prices.loc[code, "verdict"])


def set_price(shop: Shop, who: Actor, fen: int, code: str = "A001") -> None:
    """An edit on the page."""
    with shop.db.reading() as connection:
        version = queries.goods(connection, shop.campaign_id).loc[code, "version"]
    prices.set_prices(
        shop.db,
        who,
        shop.campaign_id,
        pd.DataFrame({"sale_price": [fen], "version": [version]}, index=[code]),
        now=NOW,
    )


def import_price(shop: Shop, who: Actor, fen: int, code: str = "A001") -> imports.Report:
    """The same change by a sheet."""
    frame = pd.DataFrame({"sku_code": [code], "sale_price": [fen]})
    content = export(frame, [("sku_code", "SKU编码", "code"), ("sale_price", "活动价", "money")], "价格")
    draft = imports.check(imports.inspect(shop.db, who, PRICES, content, "价格.xlsx"))
    return imports.commit(shop.db, who, draft, imports.Answers(shop.campaign_id), now=NOW)


def approve(shop: Shop, finance: Actor) -> None:
    """Finance approves everything that is open."""
    open_ones = approvals.requests(shop.db, finance, shop.campaign_id)
    approvals.decide(shop.db, finance, open_ones["id"].tolist(), approvals.Decision("approved", ""), now=NOW)


@pytest.fixture
def approved(shop: Shop, merchandiser: Actor, finance: Actor) -> Shop:
    """A001 at a price below its floor, approved."""
    set_price(shop, merchandiser, LOW)
    assert state(shop, finance) == "needs_approval"
    assert (
        approvals.ask_for_prices(
            shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["A001"], "引流"), now=NOW
        )
        == 1
    )
    approve(shop, finance)
    assert state(shop, finance) == "approved"
    return shop


def test_the_whole_way(either: Shop, merchandiser: Actor, finance: Actor) -> None:
    shop = either
    set_price(shop, merchandiser, LOW)
    approvals.ask_for_prices(
        shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["A001"], "引流"), now=NOW
    )
    open_ones = approvals.requests(shop.db, finance, shop.campaign_id)
    assert open_ones["about"].tolist() == ["A001"]
    with pytest.raises(ShopError, match=r"access\.denied"):
        approvals.decide(
            shop.db, merchandiser, open_ones["id"].tolist(), approvals.Decision("approved", ""), now=NOW
        )
    with pytest.raises(ShopError, match=r"price\.no_note"):
        approvals.decide(
            shop.db, finance, open_ones["id"].tolist(), approvals.Decision("refused", " "), now=NOW
        )
    assert "A001" not in approvals.publish(shop.db, merchandiser, shop.campaign_id, now=NOW).prices.index
    approvals.decide(
        shop.db, finance, open_ones["id"].tolist(), approvals.Decision("approved", "可以"), now=NOW
    )
    assert "A001" in approvals.publish(shop.db, merchandiser, shop.campaign_id, now=NOW).prices.index


def test_what_moved_since_it_was_asked_for_is_asked_for_anew(
    either: Shop, merchandiser: Actor, finance: Actor
) -> None:
    shop = either
    set_price(shop, merchandiser, LOW)
    approvals.ask_for_prices(
        shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["A001"], "引流"), now=NOW
    )
    stands = approvals.requests(shop.db, merchandiser, shop.campaign_id)
    assert stands[["state", "may_renew"]].to_numpy().tolist() == [["requested", False]]
    set_price(shop, merchandiser, LOW - 1)
    moved = approvals.requests(shop.db, merchandiser, shop.campaign_id)
    assert moved[["phase", "about", "state", "may_renew"]].to_numpy().tolist() == [
        ["live", "A001", "expired", True]
    ]
    seen = approvals.requests(shop.db, finance, shop.campaign_id)
    assert seen[["state", "may_decide", "may_renew"]].to_numpy().tolist() == [["expired", True, False]]
    with pytest.raises(ShopError, match=r"price\.basis_moved"):
        approvals.decide(shop.db, finance, seen["id"].tolist(), approvals.Decision("approved", ""), now=NOW)
    assert approvals.renew(shop.db, merchandiser, moved["id"].tolist(), now=NOW) == (1, 0)
    anew = approvals.requests(shop.db, finance, shop.campaign_id)
    assert anew[["state", "reason"]].to_numpy().tolist() == [["requested", "引流"]]
    approvals.decide(shop.db, finance, anew["id"].tolist(), approvals.Decision("approved", ""), now=NOW)
    assert state(shop, finance) == "approved"


def test_a_request_that_nobody_needs_any_more_is_closed(
    shop: Shop, merchandiser: Actor, finance: Actor, lead: Actor
) -> None:
    set_price(shop, merchandiser, LOW)
    approvals.ask_for_prices(
        shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["A001"], "引流"), now=NOW
    )
    promotions.save_rules(
        shop.db, lead, shop.campaign_id, promotions.RuleSet("live", [CUT, CROSS, COUPON, SLIP], 1), now=NOW
    )
    approvals.ask_for_rule(
        shop.db, lead, shop.campaign_id, approvals.RuleAsked("live", "slip", "平台要求"), now=NOW
    )
    set_price(shop, merchandiser, 19900)
    promotions.save_rules(
        shop.db, lead, shop.campaign_id, promotions.RuleSet("live", [CUT, CROSS, COUPON], 2), now=NOW
    )
    for who, both in ((merchandiser, False), (lead, True)):
        found = approvals.requests(shop.db, who, shop.campaign_id).set_index("about")
        assert found["state"].tolist() == ["expired", "expired"]
        assert found["may_renew"].to_dict() == {"A001": True, "slip": both}, "a lead asks for both"
    with pytest.raises(ShopError, match=r"access\.denied"):
        approvals.renew(shop.db, merchandiser, [found.at["slip", "id"]], now=NOW)
    ids = approvals.requests(shop.db, finance, shop.campaign_id).set_index("about")["id"]
    assert approvals.renew(shop.db, merchandiser, [ids["A001"]], now=NOW) == (0, 1)
    assert approvals.renew(shop.db, lead, [ids["slip"]], now=NOW) == (0, 1)
    assert approvals.requests(shop.db, finance, shop.campaign_id).empty


def test_each_phase_has_its_own_approval(
    shop: Shop, merchandiser: Actor, finance: Actor, lead: Actor
) -> None:
    promotions.save_rules(
        shop.db, lead, shop.campaign_id, promotions.RuleSet("encore", [CUT, CROSS, COUPON], 0), now=NOW
    )
    set_price(shop, merchandiser, LOW)
    for phase in ("live", "encore"):
        asked = approvals.ask_for_prices(
            shop.db,
            merchandiser,
            shop.campaign_id,
            approvals.PricesAsked(["A001"], "引流", phase=phase),
            now=NOW,
        )
        assert asked == 1, phase
        approve(shop, finance)
    for phase in ("live", "encore"):
        assert (
            service.load(shop.db, finance, shop.campaign_id, phase).prices.loc["A001", "verdict"]
            == "approved"
        ), phase


def test_nobody_approves_their_own(shop: Shop, finance: Actor) -> None:
    set_price(shop, finance, LOW)
    approvals.ask_for_prices(
        shop.db, finance, shop.campaign_id, approvals.PricesAsked(["A001"], "引流"), now=NOW
    )
    ids = approvals.requests(shop.db, finance, shop.campaign_id)["id"].tolist()
    with pytest.raises(ShopError, match=r"approval\.own"):
        approvals.decide(shop.db, finance, ids, approvals.Decision("approved", ""), now=NOW)
    assert state(shop, finance) == "needs_approval"


def test_an_edit_expires_it(approved: Shop, merchandiser: Actor, finance: Actor) -> None:
    set_price(approved, merchandiser, LOW - 1)
    assert state(approved, finance) == "needs_approval"
    set_price(approved, merchandiser, LOW)
    assert state(approved, finance) == "approved"  # the very inputs that were approved


def test_an_import_expires_it(approved: Shop, merchandiser: Actor, finance: Actor) -> None:
    assert import_price(approved, merchandiser, LOW - 100).committed
    assert state(approved, finance) == "needs_approval"


def test_a_copy_has_no_approval(approved: Shop, lead: Actor, finance: Actor) -> None:
    copy = campaigns.add_sale(approved.db, lead, NewSale("双11 副本", OPENS, CLOSES), now=NOW)
    with approved.db.writing() as connection:
        rows = read(
            connection, campaign_sku.select().where(campaign_sku.c.campaign_id == approved.campaign_id)
        )
        insert(connection, campaign_sku, rows.assign(campaign_id=copy))
    promotions.save_rules(
        approved.db, lead, copy, promotions.RuleSet("live", [CUT, CROSS, COUPON], 0), now=NOW
    )
    costs.edit_cards(
        approved.db, finance, copy, pd.DataFrame({"product": [5000], "version": [0]}, index=["A001"]), now=NOW
    )
    costs.edit_default(
        approved.db,
        finance,
        copy,
        costs.CategoryCard("", {"express": 350, "commission": 500, "payment_fee": 60, "return_rate": 800}),
        now=NOW,
    )
    assert state(Shop(approved.db, copy), finance) == "needs_approval"


def test_cost_fee_rule_and_limit_expire_it(approved: Shop, finance: Actor, lead: Actor) -> None:
    db, campaign_id = approved.db, approved.campaign_id

    def cost() -> None:
        costs.edit_cards(
            db,
            finance,
            campaign_id,
            pd.DataFrame({"product": [4999], "version": [1]}, index=["A001"]),
            now=NOW,
        )

    def fee() -> None:
        costs.edit_default(db, finance, campaign_id, costs.CategoryCard("护肤", {"commission": 499}), now=NOW)

    def rules() -> None:
        promotions.save_rules(
            db,
            lead,
            campaign_id,
            promotions.RuleSet("live", [CUT, CROSS, COUPON | {"value": 1990}], 1),
            now=NOW,
        )

    def floor() -> None:
        set_limits(
            db,
            finance,
            campaign_id,
            NewLimits({"tiers": {"main_push": {"floor": 1600, "least": 0}}}),
            now=NOW,
        )

    for change in (cost, fee, rules, floor):
        change()
        assert state(approved, finance) == "needs_approval", change.__name__
        set_price(approved, finance, LOW)
        approvals.ask_for_prices(
            db, lead_as_merchandiser(), campaign_id, approvals.PricesAsked(["A001"], "再次"), now=NOW
        )
        approve(approved, finance)
        assert state(approved, finance) == "approved", change.__name__


def lead_as_merchandiser() -> Actor:
    """A second merchandiser."""
    return actor("merchandiser", "merchandiser-2")


def test_a_rule_for_other_goods_leaves_it_alone(approved: Shop, finance: Actor, lead: Actor) -> None:
    other = {
        "rule_id": "other",
        "kind": "fixed_price",
        "value": 7000,
        "level": "item",
        "scope": "items",
        "items": {"B001": 7000},
    }
    promotions.save_rules(
        approved.db,
        lead,
        approved.campaign_id,
        promotions.RuleSet("live", [CUT, CROSS, COUPON, other], 1),
        now=NOW,
    )
    assert state(approved, finance) == "approved"


def test_a_coupon_that_only_makes_fillers_cheaper_expires_it(
    approved: Shop, finance: Actor, lead: Actor
) -> None:
    """What an approval stands on is what comes of it: other goods' own coupon leaves more of 300-50 to
    A001."""
    before = service.load(approved.db, finance, approved.campaign_id).prices.loc["A001", "worst_landed_price"]
    own = {
        "rule_id": "own",
        "kind": "amount_off",
        "value": 1000,
        "threshold": 20000,
        "reach": "claimed",
        "scope": "items",
        "items": {"B001": 1000},
    }
    promotions.save_rules(
        approved.db,
        lead,
        approved.campaign_id,
        promotions.RuleSet("live", [CUT, own, CROSS, COUPON], 1),
        now=NOW,
    )
    assert (
        service.load(approved.db, finance, approved.campaign_id).prices.loc["A001", "worst_landed_price"]
        < before
    )
    assert state(approved, finance) == "needs_approval"


def ask_and_approve_rule(shop: Shop, lead: Actor, finance: Actor, rule_id: str) -> None:
    """A second person agrees to a doubtful rule."""
    approvals.ask_for_rule(
        shop.db, lead, shop.campaign_id, approvals.RuleAsked("live", rule_id, "新品类券"), now=NOW
    )
    approve(shop, finance)


def test_a_slip_on_other_goods_touches_nobody_while_it_waits(
    approved: Shop, finance: Actor, lead: Actor
) -> None:
    slip = SLIP | {"items": {"B001": 20000}}
    promotions.save_rules(
        approved.db,
        lead,
        approved.campaign_id,
        promotions.RuleSet("live", [CUT, slip, CROSS, COUPON], 1),
        now=NOW,
    )
    assert state(approved, finance) == "approved"
    ask_and_approve_rule(approved, lead, finance, "slip")
    assert state(approved, finance) == "refused"  # goods for nothing are the best filler that there is


def test_a_refused_price_cannot_be_asked_for(shop: Shop, merchandiser: Actor) -> None:
    with pytest.raises(ShopError, match=r"price\.refused"):
        approvals.ask_for_prices(
            shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["B002"], "求过"), now=NOW
        )


def test_two_hundred_off_two_hundred(shop: Shop, lead: Actor, finance: Actor, merchandiser: Actor) -> None:
    promotions.save_rules(
        shop.db, lead, shop.campaign_id, promotions.RuleSet("live", [CUT, CROSS, COUPON, SLIP], 1), now=NOW
    )
    picture = service.load(shop.db, finance, shop.campaign_id)
    assert picture.rules.alarms["slip"] == (("near_threshold", "part_above_usual"), "none")
    assert picture.prices.loc["A001", "verdict"] == "refused"  # at its worst it is given away
    assert "rule_alarm" in picture.prices.loc["A001", "reasons"]
    assert "rule_alarm" not in picture.prices.loc["B001", "reasons"]
    approvals.ask_for_rule(
        shop.db, lead, shop.campaign_id, approvals.RuleAsked("live", "slip", "平台要求"), now=NOW
    )
    ids = approvals.requests(shop.db, finance, shop.campaign_id)["id"].tolist()
    approvals.decide(shop.db, finance, ids, approvals.Decision("refused", "应为满200减20"), now=NOW)
    assert service.load(shop.db, finance, shop.campaign_id).rules.alarms["slip"][1] == "refused"
    with pytest.raises(ShopError, match=r"price\.no_alarm"):
        approvals.ask_for_rule(
            shop.db, lead, shop.campaign_id, approvals.RuleAsked("live", "coupon", ""), now=NOW
        )
    assert "A001" not in approvals.publish(shop.db, merchandiser, shop.campaign_id, now=NOW).prices.index


def test_a_prices_own_approval_does_not_cover_its_rule(
    shop: Shop, lead: Actor, finance: Actor, merchandiser: Actor
) -> None:
    half = SLIP | {"rule_id": "half", "value": 12000, "threshold": 19900, "items": {"A002": 12000}}
    promotions.save_rules(
        shop.db, lead, shop.campaign_id, promotions.RuleSet("live", [CUT, half], 1), now=NOW
    )
    assert state(shop, finance, "A002") == "needs_approval"
    approvals.ask_for_prices(
        shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["A002"], "冲量"), now=NOW
    )
    approve(shop, finance)
    assert state(shop, finance, "A002") == "needs_approval"
    approvals.ask_for_rule(
        shop.db, lead, shop.campaign_id, approvals.RuleAsked("live", "half", "冲量"), now=NOW
    )
    assert state(shop, finance, "A002") == "needs_approval"
    approve(shop, finance)
    assert "rule_alarm" not in service.load(shop.db, finance, shop.campaign_id).prices.loc["A002", "reasons"]
    promotions.save_rules(
        shop.db,
        lead,
        shop.campaign_id,
        promotions.RuleSet("live", [CUT, half | {"value": 12001, "items": {"A002": 12001}}], 2),
        now=NOW,
    )
    assert "rule_alarm" in service.load(shop.db, finance, shop.campaign_id).prices.loc["A002", "reasons"]


class Bypass(RuleBasedStateMachine):
    """Anybody may edit, import, change rules and costs in any order: what is published is always clean, or
    approved at exactly these inputs."""

    database: Database

    @initialize()
    def shop_opens(self) -> None:
        self.finance, self.lead, self.merchandiser = (
            actor("finance"),
            actor("campaign_lead"),
            actor("merchandiser"),
        )
        Bypass.count = getattr(Bypass, "count", 0) + 1
        self.campaign = campaigns.add_sale(
            self.database, self.lead, NewSale(f"campaign {Bypass.count}", OPENS, CLOSES), now=NOW
        )
        with self.database.writing() as connection:
            insert(
                connection,
                campaign_sku,
                pd.DataFrame(
                    [
                        {
                            "campaign_id": self.campaign,
                            "sku_code": "A001",
                            "tier": "main_push",
                            "sale_price": 19900,
                            "updated_at": NOW,
                        }
                    ]
                ),
            )
        costs.edit_cards(
            self.database,
            self.finance,
            self.campaign,
            pd.DataFrame({"product": [5000], "version": [0]}, index=["A001"]),
            now=NOW,
        )
        self.shop = Shop(self.database, self.campaign)
        self.approved: set[tuple[object, ...]] = set()

    def inputs(self) -> tuple[object, ...]:
        with self.database.reading() as connection:
            price = queries.goods(connection, self.campaign).loc["A001", "sale_price"]
            product = queries.own_cards(connection, self.campaign).loc["A001", "product"]
            rules = str(queries.rule_set(connection, self.campaign, "live")["rules"])
        return price, product, rules

    @rule(fen=some.sampled_from([5500, 6000, 7000, 19900]))
    def edit(self, fen: int) -> None:
        set_price(self.shop, self.merchandiser, fen)

    @rule(fen=some.sampled_from([5500, 6000, 7000, 19900]))
    def sheet(self, fen: int) -> None:
        import_price(self.shop, self.merchandiser, fen)

    @rule(product=some.sampled_from([3000, 5000, 6500]))
    def card(self, product: int) -> None:
        with self.database.reading() as connection:
            version = queries.own_cards(connection, self.campaign).loc["A001", "version"]
        costs.edit_cards(
            self.database,
            self.finance,
            self.campaign,
            pd.DataFrame({"product": [product], "version": [version]}, index=["A001"]),
            now=NOW,
        )

    @rule(points=some.sampled_from([0, 500, 1000]))
    def promotion(self, points: int) -> None:
        with self.database.reading() as connection:
            version = queries.rule_set(connection, self.campaign, "live")["version"]
        promotions.save_rules(
            self.database,
            self.lead,
            self.campaign,
            promotions.RuleSet("live", [CUT | {"value": points}], version),
            now=NOW,
        )

    @rule(agreed=some.booleans())
    def finance_decides(self, agreed: bool) -> None:
        try:
            if not approvals.ask_for_prices(
                self.database,
                self.merchandiser,
                self.campaign,
                approvals.PricesAsked(["A001"], "引流"),
                now=NOW,
            ):
                return
        except ShopError as error:
            assert error.code == "price.refused"
            return
        ids = approvals.requests(self.database, self.finance, self.campaign)["id"].tolist()
        approvals.decide(
            self.database,
            self.finance,
            ids,
            approvals.Decision("approved" if agreed else "refused", "看过"),
            now=NOW,
        )
        if agreed:
            self.approved.add(self.inputs())
        else:
            self.approved.discard(self.inputs())

    @invariant()
    def nothing_slips_through(self) -> None:
        if not hasattr(self, "shop"):
            return
        row = service.load(self.database, self.finance, self.campaign).prices.loc["A001"]
        if row["verdict"] == "approved":
            assert self.inputs() in self.approved
        if row["verdict"] == "publishable":
            assert row["reasons"] == ()
            assert row["worst_margin"] * 10_000 >= row["floor"]
        if row["worst_contribution"] < 0:
            assert row["verdict"] == "refused"


def test_no_order_of_steps_bypasses_approval(
    sqlite: Database, lead: Actor, finance: Actor, now: datetime
) -> None:
    make_shop(sqlite, lead, finance, now)
    Bypass.database = sqlite
    calm = settings(
        max_examples=4, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
    )
    assert_machine_holds(Bypass, settings=calm)


def test_who_approves_sees_price_floor_and_margin_of_every_request(
    shop: Shop, finance: Actor, merchandiser: Actor, now: datetime
) -> None:
    """Both prices of the change, the floor, what is left at worst and the class of risk; costs and margins
    only for those who may see them."""
    approvals.publish(shop.db, merchandiser, shop.campaign_id, now=now)
    with shop.db.writing() as connection:
        connection.execute(
            campaign_sku.update().where(campaign_sku.c.sku_code == "A001").values(planned_gmv=1_000_000)
        )
    set_price(shop, finance, LOW)
    approvals.ask_for_prices(
        shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["A001"], "冲销量"), now=now
    )
    row = approvals.requests(shop.db, finance, shop.campaign_id).iloc[0]
    price = service.load(shop.db, finance, shop.campaign_id).prices.loc["A001"]
    assert (row["previous_price"], row["sale_price"], row["risk"]) == (19_900, LOW, "below_floor")
    assert row[["floor_price", "worst_landed_price", "worst_margin"]].tolist() == (
        price[["floor_price", "worst_landed_price", "worst_margin"]].tolist()
    )
    assert row["at_stake"] == round((row["floor_price"] - row["worst_landed_price"]) * 1_000_000 / LOW)
    assert not {"worst_margin", "at_stake"} & set(approvals.requests(shop.db, merchandiser, shop.campaign_id))


def test_the_page_and_its_requests_are_judged_once(
    shop: Shop, finance: Actor, merchandiser: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_price(shop, finance, LOW)
    approvals.ask_for_prices(
        shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["A001"], "冲销量"), now=now
    )
    calls: list[str] = []
    judged = judging.judged

    def counted(connection: Connection, campaign_id: str, phase: str) -> Judged:
        """As it is, counted."""
        calls.append(phase)
        return judged(connection, campaign_id, phase)

    monkeypatch.setattr(judging, "judged", counted)
    desk = approvals.load(shop.db, finance, shop.campaign_id)
    assert (len(desk.requests), len(desk.picture.prices), calls) == (1, 5, ["live"])
    approvals.load(shop.db, merchandiser, shop.campaign_id)
    assert calls == ["live"], "nothing was recorded since: whoever looks shares the judgement"
    set_price(shop, finance, LOW + 100)
    approvals.load(shop.db, finance, shop.campaign_id)
    assert calls == ["live", "live"]
