"""What the shop front shows, the pre-sale, banners, old customers, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import orjson
import pandas as pd
import pytest

from core.access import Actor
from core.campaign.service import NewSale
from core.database import insert
from core.errors import ShopError
from core.live.ledger import recount
from core.orders.tables import order_line
from core.stock import service as stock
from core.warmup import customers, deposits, service, settings, signals
from core.warmup.flash_sale import service as selling
from core.warmup.recall import RecallPlan
from core.warmup.storefront import service as storefront
from core.warmup.storefront.labels import LabelSettings
from core.warmup.tables import presale_order
from tests import shops
from tests.warmup.conftest import Shop
from tests.warmup.test_signals import Event, day, told

WARM = datetime(2026, 10, 24, 4, tzinfo=UTC)


def assert_refused(code: str):
    return pytest.raises(ShopError, match=rf"^{code.replace('.', r'[.]')}")


@pytest.fixture
def listed(shop: Shop, now: datetime) -> Shop:
    """The shop with its SKUs in the campaign."""
    rows = pd.DataFrame(
        {
            "campaign_id": shop.campaign,
            "sku_code": ["001", "002", "003"],
            "sale_price": [19_900, 9_900, 29_900],
            "planned_units": [1000, 100, 10],
        }
    )
    with shop.db.writing() as connection:
        shops.lines(connection, rows, now)
    return shop


def terms(shop: Shop, now: datetime, code: str = "002") -> None:
    window = (datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 3, 16, tzinfo=UTC))
    deposits.set_terms(
        shop.db,
        shop.lead,
        shop.campaign,
        deposits.Terms(code, 100_000, 10_000, 15_000, *window, date(2026, 11, 15)),
        now,
    )


def test_a_session_for_those_who_reserved_says_so_on_the_shop_front(
    listed: Shop, now: datetime, viewer: Actor
) -> None:
    begins = WARM + timedelta(hours=2)
    session = selling.plan(
        listed.db,
        listed.lead,
        listed.campaign,
        selling.NewSession("001", "秒杀", begins, [5], 60, needs_reservation=True),
        now=now,
    )
    selling.lock(listed.db, listed.lead, session, now)
    for moment, words in (
        (WARM, "预约专享，距本场开抢"),
        (begins + timedelta(minutes=10), "预约专享，本场剩余"),
    ):
        rows = storefront.labels(listed.db, viewer, listed.campaign, moment).set_index("sku_code")
        assert rows["countdown_text"]["001"].startswith(words)
        assert "预约专享" not in rows["countdown_text"]["003"]


def test_labels_come_from_stock_price_and_schedule(listed: Shop, now: datetime, viewer: Actor) -> None:
    terms(listed, now)
    session = selling.plan(
        listed.db,
        listed.lead,
        listed.campaign,
        selling.NewSession("001", "秒杀", WARM + timedelta(hours=2), [95], length_minutes=60),
        now=now,
    )
    selling.lock(listed.db, listed.lead, session, now)
    rows = storefront.labels(listed.db, viewer, listed.campaign, WARM).set_index("sku_code")
    assert rows["stock"].to_dict() == {
        "001": "low_stock",
        "002": "enough",
        "003": "sold_out",
    }  # what a session holds is still for buyers
    assert rows["units"].to_dict() == {"001": 100, "002": 60, "003": 0}
    assert rows["price"].to_dict() == {"001": 19_900, "002": 95_000, "003": 29_900}
    assert rows["shipping_text"].to_dict() == {
        "001": "付款后 48 小时内发货",
        "002": "预售 11/15 前发货",
        "003": "付款后 48 小时内发货",
    }
    assert rows["countdown"].to_dict() == {
        "001": "countdown_session",
        "002": "countdown_deposit_end",
        "003": "countdown_opening",
    }
    assert rows["countdown_text"]["001"].startswith("距本场开抢")
    assert rows["mood_text"].unique().tolist() == [
        "付定金 · 立享膨胀"
    ]  # the deposit window runs beside the warm-up


def test_the_feed_is_the_page_at_the_same_minute(listed: Shop, viewer: Actor) -> None:
    page = storefront.labels(listed.db, viewer, listed.campaign, WARM + timedelta(seconds=50))
    feed = storefront.feed(listed.db, viewer, listed.campaign, WARM + timedelta(seconds=7))
    body = orjson.loads(feed.body)
    assert body["at"] == "2026-10-24T04:00:00Z"
    fed = pd.DataFrame(body["labels"])
    plain = page.assign(target=page["target"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for column in page.columns:
        assert (
            fed[column].tolist() == plain[column].astype(object).where(plain[column].notna(), None).tolist()
        )


def test_own_words_and_thresholds(listed: Shop, now: datetime) -> None:
    settings.set_copy(
        listed.db, listed.lead, listed.campaign, {"sold_out": "抢光啦", "few_left": "剩 {units} 件"}, now
    )
    settings.set_labels(
        listed.db, listed.lead, listed.campaign, LabelSettings(few_units=60, low_share=0, ship_hours=24), now
    )
    rows = storefront.labels(listed.db, listed.lead, listed.campaign, WARM).set_index("sku_code")
    assert rows["stock_text"].to_dict() == {"001": "", "002": "剩 60 件", "003": "抢光啦"}
    assert rows.loc["001", "shipping_text"] == "付款后 24 小时内发货"
    for own in ({"unknown": "x"}, {"few_left": "{boxes}"}, {"few_left": "{"}):
        with assert_refused("warmup.copy"):
            settings.set_copy(listed.db, listed.lead, listed.campaign, own, now)
    with assert_refused("warmup.label_setting"):
        settings.set_labels(listed.db, listed.lead, listed.campaign, LabelSettings(low_share=2), now)


def test_the_shop_front_is_in_the_campaign_that_is_next_or_on(shop: Shop, viewer: Actor) -> None:
    assert storefront.current(shop.db, viewer, WARM) == shop.campaign
    encore = datetime(2026, 11, 14, 15, tzinfo=UTC)  # the sale is over, its encore is not
    assert storefront.current(shop.db, viewer, encore) == shop.campaign
    for later in (timedelta(days=1, hours=1), timedelta(days=400)):
        with assert_refused("warmup.no_campaign"):
            storefront.current(shop.db, viewer, encore + later)


def test_deposits_become_sales_or_stay_open(shop: Shop, now: datetime) -> None:
    terms(shop, now)
    told(shop, *[Event("deposit", day(24), "002", f"u{n}", f"o{n}", 2, 20_000) for n in range(5)])
    told(
        shop,
        Event("pay", day(25), "002", "u9", "other", 1, 100),
        Event("pay", datetime(2026, 10, 31, 13, tzinfo=UTC), "002", "u0", "o0", 2, 170_000),
    )
    told(shop, Event("cancel", day(26), "002", "u1", "o1", 2, 0))
    row = deposits.overview(shop.db, shop.lead, shop.campaign, datetime(2026, 11, 2, tzinfo=UTC)).iloc[0]
    assert row[
        ["orders", "units", "deposit_amount", "paid_units", "open_units", "overdue_units"]
    ].tolist() == [5, 10, 100_000, 2, 6, 0]
    assert row["tail_rate"] == 0.2
    assert row[["final_price", "balance", "sku_name"]].tolist() == [95_000, 85_000, "口红 *限量*"]
    assert row[["promised", "there", "short"]].tolist() == [
        6,
        57,
        0,
    ]  # three paid units are kept for their buyers
    later = deposits.overview(shop.db, shop.lead, shop.campaign, datetime(2026, 11, 5, tzinfo=UTC)).iloc[0]
    assert later["overdue_units"] == 6
    with assert_refused("warmup.presale_deposits"):
        deposits.drop_terms(shop.db, shop.lead, shop.campaign, "002", now)


def test_presale_beyond_stock_and_arrivals(shop: Shop, now: datetime) -> None:
    terms(shop, now, "003")
    told(shop, Event("deposit", day(24), "003", "u", "o", 30, 300_000))
    arriving = pd.DataFrame(
        {
            "sku_code": ["003", "003"],
            "state": "in_transit",
            "quantity": [20, 99],
            "expected_on": ["2026-11-15", "2026-11-16"],
        }
    )
    with shop.db.writing() as connection:
        stock.post(connection, arriving, shop.lead, source_id="po", cause="purchase_order", now=now)
    row = deposits.overview(shop.db, shop.lead, shop.campaign, now).iloc[0]
    assert row[["promised", "there", "short"]].tolist() == [30, 20, 10]


def test_terms_that_cannot_be(shop: Shop, now: datetime) -> None:
    window = (WARM, WARM + timedelta(days=1))
    for code, fault in (
        (deposits.Terms("999", 100, 10, 20, *window, date(2026, 11, 1)), "warmup.unknown_sku"),
        (deposits.Terms("001", 100, 20, 10, *window, date(2026, 11, 1)), "warmup.presale_terms"),
        (deposits.Terms("001", 100, 10, 20, *window[::-1], date(2026, 11, 1)), "warmup.presale_window"),
    ):
        with assert_refused(fault):
            deposits.set_terms(shop.db, shop.lead, shop.campaign, code, now)
    terms(shop, now)
    deposits.drop_terms(shop.db, shop.lead, shop.campaign, "002", now)
    assert deposits.overview(shop.db, shop.lead, shop.campaign, now).empty


def test_banners_show_their_clashes(shop: Shop, now: datetime) -> None:
    one = storefront.put_banner(
        shop.db,
        shop.lead,
        shop.campaign,
        storefront.Banner("首焦 1", "预热", WARM, WARM + timedelta(days=2)),
        now,
    )
    storefront.put_banner(
        shop.db,
        shop.lead,
        shop.campaign,
        storefront.Banner("首焦 1", "会场", WARM + timedelta(days=1), WARM + timedelta(days=3)),
        now,
    )
    frame, clashes = storefront.banners(shop.db, shop.lead, shop.campaign)
    assert len(frame) == 2
    assert clashes[["first_title", "second_title"]].to_numpy().tolist() == [["预热", "会场"]]
    storefront.put_banner(
        shop.db,
        shop.lead,
        shop.campaign,
        storefront.Banner("首焦 1", "预热", WARM, WARM + timedelta(days=1)),
        now,
        banner_id=one,
    )
    assert storefront.banners(shop.db, shop.lead, shop.campaign)[1].empty
    with assert_refused("warmup.banner"):
        storefront.put_banner(
            shop.db,
            shop.lead,
            shop.campaign,
            storefront.Banner(" ", "预热", WARM, WARM + timedelta(days=1)),
            now,
        )
    with assert_refused("warmup.banner_unknown"):
        storefront.put_banner(
            shop.db,
            shop.lead,
            shop.campaign,
            storefront.Banner("x", "预热", WARM, WARM + timedelta(days=1)),
            now,
            banner_id="nobody",
        )
    storefront.drop_banner(shop.db, shop.lead, shop.campaign, one, now)
    with assert_refused("warmup.banner_unknown"):
        storefront.drop_banner(shop.db, shop.lead, shop.campaign, one, now)


def test_the_schedule_has_everything_with_a_clock(shop: Shop, now: datetime) -> None:
    terms(shop, now)
    selling.plan(
        shop.db,
        shop.lead,
        shop.campaign,
        selling.NewSession("001", "秒杀", WARM, [5], length_minutes=60),
        now=now,
    )
    storefront.put_banner(
        shop.db,
        shop.lead,
        shop.campaign,
        storefront.Banner("首焦 1", "预热", WARM, WARM + timedelta(days=2)),
        now,
    )
    expiry = WARM + timedelta(days=9)
    settings.set_coupons(shop.db, shop.lead, shop.campaign, [("满 300 减 40", WARM, expiry)], now)
    with assert_refused("warmup.coupon"):
        settings.set_coupons(shop.db, shop.lead, shop.campaign, [("x", expiry, WARM)], now)
    assert settings.coupons(shop.db, shop.lead, shop.campaign) == [("满 300 减 40", WARM, expiry)]
    frame = service.schedule(shop.db, shop.lead, shop.campaign)
    assert {"live", "warm_up", "session", "balance", "coupon", "banner"} <= set(frame["kind"])
    assert frame["starts_at"].is_monotonic_increasing
    assert frame.loc[frame["kind"] == "session", "subject"].tolist() == ["001"]
    terms(shop, now, "003")  # a second SKU on the same clock is no second row
    again = service.schedule(shop.db, shop.lead, shop.campaign)
    assert again.loc[again["kind"] == "balance", ["subject", "goods"]].to_numpy().tolist() == [["", 2]]


def test_whom_to_call_back(shop: Shop, now: datetime, merchandiser: Actor, viewer: Actor) -> None:
    days = {"new": 10, "fading": 70, "gone": 200, "lost": 900}
    rows = pd.DataFrame(
        [
            ("001", f"o-{who}", "1", who, "paid", now - timedelta(days=ago), 1, 20_000)
            for who, ago in days.items()
        ],
        columns=["sku_code", "order_id", "line", "buyer_key", "state", "paid_at", "quantity", "amount"],
    )
    with shop.db.writing() as connection:
        insert(connection, order_line, rows.assign(import_id="test"))
    settings.set_recall(
        shop.db, shop.lead, shop.campaign, RecallPlan(about_redeemed=1.0, lapsed_redeemed=1.0), now
    )
    found = customers.recall(shop.db, merchandiser, shop.campaign, now)
    assert dict(zip(found.called["buyer_key"], found.called["group"], strict=True)) == {
        "fading": "about_to_lapse",
        "gone": "lapsed",
    }
    assert found.coupons["cost"].sum() == 1000 + 3000 + 2 * 4
    assert found.parcels == round(1 / 28 * 11.4, 0)
    assert found.cards == 100
    with assert_refused("access.denied"):
        customers.recall(shop.db, viewer, shop.campaign, now)


def test_a_bare_campaign_answers_every_question_with_nothing(
    database, lead: Actor, merchandiser: Actor, now: datetime
) -> None:
    """No goods, no orders, no reports, no plan: every screen of the room still has something to draw."""
    from core.campaign import service as campaigns

    bare = campaigns.add_sale(
        database, lead, NewSale("空", WARM + timedelta(days=9), WARM + timedelta(days=10)), now=now
    )
    assert storefront.labels(database, lead, bare, WARM).empty
    assert orjson.loads(storefront.feed(database, lead, bare, WARM).body)["labels"] == []
    assert selling.sessions(database, lead, bare, now).empty
    assert deposits.overview(database, lead, bare, now).empty
    assert customers.recall(database, merchandiser, bare, now).called.empty
    assert service.heat(database, lead, bare, WARM).index is None
    assert not service.heat(database, lead, bare, WARM).rows["reported"].any()
    found = service.funnel(database, lead, bare)
    assert (len(found.people), len(found.counts), found.users) == (0, 0, 0)
    assert all(signals.table(database, lead, bare, by).empty for by in ("day", "channel", "sku_code"))
    assert service.opening_demand(database, lead, bare).rows.empty
    assert service.schedule(database, lead, bare)["kind"].tolist() == ["live"]
    assert all(frame.empty for frame in storefront.banners(database, lead, bare))


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_a_balance_that_comes_before_its_deposit_counts_all_the_same(
    shop: Shop, now: datetime, order: tuple[int, ...]
) -> None:
    terms(shop, now)
    paid = datetime(2026, 10, 31, 13, tzinfo=UTC)
    events = [
        Event("deposit", day(24), "002", "u0", "o0", 2, 20_000),
        Event("pay", paid, "002", "u0", "o0", 1, 85_000),
        Event("cancel", paid, "002", "u0", "o0", 1),
    ]
    for n in order:
        told(shop, events[n], waits=True)
    row = deposits.overview(shop.db, shop.lead, shop.campaign, datetime(2026, 11, 2, tzinfo=UTC)).iloc[0]
    assert row[["units", "deposit_amount", "paid_units", "open_units"]].tolist() == [2, 20_000, 1, 0]
    with shop.db.reading() as connection:
        assert recount.faults(connection, shop.campaign)["deposits"] == []
    with shop.db.writing() as connection:
        connection.execute(presale_order.update().values(paid=2, deposit_amount=1))
        assert recount.faults(connection)["deposits"] == [
            {
                "campaign_id": shop.campaign,
                "sku_code": "002",
                "order_id": "o0",
                "quantity": 0,
                "deposit_amount": -19_999,
                "paid": 1,
                "given_back": 0,
            }
        ]
