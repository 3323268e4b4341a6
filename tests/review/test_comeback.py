"""The encore: prices between base, floor and list; one transaction for phase, prices, labels and tasks; who has the goods in
the cart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.access import Actor, approvals
from core.access.tables import audit
from core.campaign import service as campaigns
from core.database import Database, insert
from core.errors import ShopError
from core.orders.tables import order_line
from core.pricing import approvals as pricing_approvals
from core.pricing import queries
from core.pricing import service as pricing
from core.pricing.changes import costs
from core.readiness import service as readiness
from core.review.encores import comeback, encore
from core.review.encores.comeback import Wanted
from core.signals.tables import daily_signal
from core.warmup.storefront import marks
from core.warmup.storefront import service as storefront
from tests.live.conftest import OPENS, Shop, event, hour, opened

CLOSED = OPENS + timedelta(days=2)
LEAD = Actor("lead", "campaign_lead")
TITLES = {key: key for key, _ in comeback.TASKS}


@pytest.fixture
def ended(database: Database, admin: Actor) -> Shop:
    """A sale that has closed, with a month of reports; S38 was bought empty; seven people left S20 in their carts, one of
    them bought it."""
    shop = opened(database, admin)
    shop.send(hour(orders=60))
    line = {
        "order_id": "big",
        "user_key": "u-big",
        "sku_code": "S38",
        "quantity": 41,
        "amount_fen": 41 * 9_900,
    }
    shop.send([event(9_001, kind, 50, **line) for kind in ("order", "pay")])
    carts = [event(n, "add_to_cart", 20, sku_code="S20", user_key=f"c{n}") for n in range(7)]
    one = {"order_id": "c", "user_key": "c0", "sku_code": "S20", "amount_fen": 9_900}
    shop.send([*carts, *(event(9_100, kind, 30, **one) for kind in ("order", "pay"))])
    days = [OPENS.date() - timedelta(days=n) for n in range(1, 29)]
    codes = [f"S{n:02d}" for n in range(10, 40)]
    grid = pd.MultiIndex.from_product([codes, days], names=["sku_code", "day"]).to_frame(index=False)
    figures = grid.assign(units_paid=3, visitors=50, paid_amount=30_000, refund_amount=3_000)
    card = {"express": 300, "commission": 500, "return_rate": 500}
    costs.edit_default(
        database, Actor("f", "finance"), shop.campaign_id, costs.CategoryCard("", card), now=OPENS
    )
    with database.writing() as connection:
        insert(connection, daily_signal, figures.assign(channel="", import_id="t", updated_at=CLOSED))
    return shop


def _wanted(shop: Shop, **changes: object) -> Wanted:
    version = campaigns.load(shop.db, LEAD, shop.campaign_id).version
    start = CLOSED + timedelta(hours=2)
    base = Wanted(start, start + timedelta(days=2), TITLES, version, "返场价")
    return replace(base, **changes)  # type: ignore[arg-type]


def _verdict(shop: Shop, code: str) -> str:
    prices = pricing.margins(shop.db, Actor("f", "finance"), shop.campaign_id, phase="encore")
    return str(prices.set_index("sku_code").loc[code, "verdict"])


def test_one_click_makes_phase_prices_labels_and_tasks(ended: Shop) -> None:
    before = campaigns.load(ended.db, LEAD, ended.campaign_id)
    offer = comeback.offer(ended.db, LEAD, ended.campaign_id, CLOSED)
    chosen = offer.goods.index[offer.goods["why"] == ""].tolist()
    assert chosen
    assert "S38" not in chosen
    made = comeback.arrange(ended.db, LEAD, ended.campaign_id, _wanted(ended, limit=2), now=CLOSED)
    after = campaigns.load(ended.db, LEAD, ended.campaign_id)
    assert [p.phase_id for p in after.phases if p.kind == "encore"] == [made.phase_id]
    assert (after.opens_at, after.closes_at) == (before.opens_at, before.closes_at), "the sale itself stays"
    assert sorted(made.priced) == sorted(chosen)
    finance = Actor("f", "finance")
    judged = pricing.margins(ended.db, finance, ended.campaign_id, phase="encore").set_index("sku_code")
    landed = judged.loc[list(made.priced), "landed_price"].astype(int)
    assert landed.tolist() == offer.goods.loc[list(made.priced), "price"].astype(int).tolist()
    assert (landed >= judged.loc[list(made.priced), "floor_price"]).all()
    with ended.db.reading() as connection:
        limits = marks.standing(connection, ended.campaign_id)
        acts = connection.scalar(
            select(func.count()).select_from(audit).where(audit.c.action == "review.encore")
        )
    assert {code: mark["limit"] for code, mark in limits.items()} == dict.fromkeys(made.priced, 2)
    assert acts == 1
    board = readiness.board(ended.db, LEAD, ended.campaign_id, CLOSED).tasks
    assert set(TITLES) <= set(board["title"])
    running = CLOSED + timedelta(hours=3)
    labels = storefront.labels(ended.db, LEAD, ended.campaign_id, running).set_index("sku_code")
    assert (labels["countdown"] == "countdown_encore_end").all()
    with pytest.raises(ShopError, match=r"review\.encore_stands"):
        comeback.arrange(ended.db, LEAD, ended.campaign_id, _wanted(ended), now=CLOSED)


def test_an_encore_that_cannot_be_made_leaves_nothing(ended: Shop) -> None:
    overlap = _wanted(ended, opens_at=OPENS + timedelta(hours=2))
    with pytest.raises(ShopError, match=r"campaign\.phase_overlap"):
        comeback.arrange(ended.db, LEAD, ended.campaign_id, overlap, now=CLOSED)
    with pytest.raises(ShopError, match=r"review\.not_encore_goods"):
        comeback.arrange(ended.db, LEAD, ended.campaign_id, _wanted(ended, codes=("S38",)), now=CLOSED)
    late = _wanted(ended, titles={**TITLES, comeback.TASKS[-1][0]: " "})
    with pytest.raises(ShopError, match=r"readiness\.task"):
        comeback.arrange(ended.db, LEAD, ended.campaign_id, late, now=CLOSED)
    mine = campaigns.load(ended.db, LEAD, ended.campaign_id)
    assert not [p for p in mine.phases if p.kind == "encore"]
    with ended.db.reading() as connection:
        assert queries.rule_set(connection, ended.campaign_id, "encore")["version"] == 0
    assert readiness.board(ended.db, LEAD, ended.campaign_id, CLOSED).tasks.empty
    with pytest.raises(ShopError, match=r"access\.denied"):
        comeback.arrange(ended.db, Actor("v", "viewer"), ended.campaign_id, _wanted(ended), now=CLOSED)


def test_a_price_above_the_lowest_deal_of_the_days_before_is_lowered_or_waits(ended: Shop) -> None:
    """S20 sold at 80 yuan, S21 at 45 (below its floor): the first follows, the second stays at its floor and waits."""
    rows = [("S20", 8_000), ("S21", 4_500)]
    lines = pd.DataFrame(rows, columns=["sku_code", "amount"]).assign(
        order_id=["a", "b"],
        line="1",
        state="paid",
        quantity=1,
        paid_at=CLOSED - timedelta(hours=1),
        import_id="t",
    )
    with ended.db.writing() as connection:
        insert(connection, order_line, lines)
    finance = Actor("f", "finance")
    goods = comeback.candidates(ended.db, finance, ended.campaign_id, CLOSED)
    assert int(goods.loc["S20", "price"]) == 8_000
    assert not goods.loc["S20", "above_base"]
    assert int(goods.loc["S21", "price"]) == int(goods.loc["S21", "floor"]) > 4_500
    assert goods.loc["S21", "above_base"]
    made = comeback.arrange(
        ended.db, LEAD, ended.campaign_id, _wanted(ended, codes=("S20", "S21", "S22")), now=CLOSED
    )
    assert made.waiting == ("S21",)
    assert made.asked == 1
    own, finances = (approvals.listed(ended.db, one).iloc[0] for one in (LEAD, finance))
    assert own["subject"] == finances["subject"] == f"{ended.campaign_id}/encore/S21"
    assert own["inputs"] is None, "a lead asks for a price without seeing what it costs"
    assert finances["inputs"]["card"]
    assert (own["may_decide"], finances["may_decide"]) == (False, True)
    assert _verdict(ended, "S21") == "needs_approval"
    pricing_approvals.decide(
        ended.db, finance, [str(finances["id"])], pricing_approvals.Decision("approved", ""), now=CLOSED
    )
    assert _verdict(ended, "S21") == "approved"


def test_people_who_left_goods_in_the_cart_are_counted(ended: Shop) -> None:
    goods = comeback.candidates(ended.db, LEAD, ended.campaign_id, CLOSED)
    assert goods.loc["S20", "carted"] == 6, "one of the seven has bought"
    assert int(goods["carted"].sum()) == 6
    assert not set(comeback.HIDDEN) & set(goods.columns), "a lead does not see margins"


def test_an_encore_adds_orders_hours_and_returns(ended: Shop) -> None:
    offer = comeback.offer(ended.db, LEAD, ended.campaign_id, CLOSED)
    chosen = offer.goods[offer.goods["why"] == ""]
    units = float(chosen["expected_units"].sum())
    assert 0 < offer.load.orders <= units / comeback.DAYS
    assert offer.load.returned == pytest.approx(
        float((chosen["expected_units"] * chosen["return_rate"]).sum())
    )
    assert offer.load.hours["pick"] > offer.load.hours["load"] > 0
    assert offer.load.contacts == pytest.approx(offer.load.orders * 0.35)


fen = st.one_of(st.none(), st.integers(1, 10**7))


@given(landed=fen, floor=fen, base=fen, listed=fen)
def test_the_price_keeps_its_bounds(
    landed: int | None, floor: int | None, base: int | None, listed: int | None
) -> None:
    columns = [pd.Series([value], dtype="Int64") for value in (landed, floor, base, listed)]
    price = encore.price(*columns).iloc[0]
    if landed is None:
        assert price is pd.NA
        return
    assert listed is None or price <= listed
    assert floor is None or price >= min(floor, listed or floor)
    assert base is None or price <= max(base, floor or 0)
    assert price in {landed, floor, base, listed}


def test_spots_go_to_goods_of_their_own_category_first() -> None:
    goods = pd.DataFrame(
        {
            "name": list("abcd"),
            "category": ["lip", "eye", "lip", "lip"],
            "why": ["none_left", "", "", "none_left"],
            "sold": [90.0, 5, 5, 0],
        },
        index=pd.Index(["A", "B", "C", "D"], name="sku_code"),
    )
    swaps = encore.swaps(goods)
    assert swaps[["sku_code", "in_code", "same_category"]].to_numpy().tolist() == [["A", "C", True]]
