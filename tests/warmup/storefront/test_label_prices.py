"""What a page says a unit costs: by the rules of the phase that is on or next at that minute, with deposit
and balance in a pre-sale."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import orjson
import pandas as pd
import pytest

from core.access import Actor
from core.goods.tables import campaign_sku
from core.pricing import offers
from core.pricing.changes import promotions
from core.stock import service as stock
from core.warmup import deposits
from core.warmup.storefront import service
from pages.parts.components.exports import SheetColumn, workbook
from pages.parts.warmup.storefront import LABELS
from tests import shops
from tests.warmup.conftest import Shop
from tests.warmup.test_signals import Event, told

# Double-11 2026 with the opening at 20:00: notice, warm-up with deposits from 10-20 20:00, sale and balances
# from 10-31 20:00 to 11-04, warm-up again, sale from 11-10 20:00 to 11-12, encore to 11-15 (all Beijing
# time).
PRICES = {"001": 19_900, "002": 9_900, "003": 29_900}
LIVE = {"rule_id": "cut", "kind": "percent_off", "level": "item", "value": 1000}
FLASH = {
    "rule_id": "flash",
    "kind": "fixed_price",
    "level": "item",
    "scope": "items",
    "items": {"001": 15_000},
    "value": 15_000,
    "starts": "2026-10-31T20:00:00+08:00",
    "ends": "2026-10-31T22:00:00+08:00",
}
DEPOSIT = {
    "rule_id": "deposit",
    "kind": "deposit_inflation",
    "level": "item",
    "scope": "items",
    "items": {"002": 4_000},
    "value": 4_000,
    "deposit": 2_000,
}
COUPON = {"rule_id": "coupon", "kind": "amount_off", "value": 500, "threshold": 7_000, "reach": "claimed"}
MEMBERS = {"rule_id": "members", "kind": "amount_off", "value": 5_000, "reach": "members"}
ENCORE = {"rule_id": "encore", "kind": "amount_off", "value": 100}


def local(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment on Beijing's clock."""
    return pd.Timestamp(2026, month, day, hour, minute, tz="Asia/Shanghai").tz_convert("UTC").to_pydatetime()


@pytest.fixture
def priced(shop: Shop, now: datetime) -> Shop:
    """The shop with prices and a rule set for the sale, the deposits and the encore."""
    rows = pd.DataFrame(
        {"campaign_id": shop.campaign, "sku_code": list(PRICES), "sale_price": list(PRICES.values())}
    )
    with shop.db.writing() as connection:
        shops.lines(connection, rows, now)
    sets = {"live": [LIVE, FLASH, MEMBERS], "presale_deposit": [DEPOSIT, COUPON], "encore": [ENCORE]}
    for phase, rules in sets.items():
        promotions.save_rules(shop.db, shop.lead, shop.campaign, promotions.RuleSet(phase, rules, 0), now=now)
    return shop


def said(shop: Shop, at: datetime, code: str) -> str:
    frame = service.labels(shop.db, shop.lead, shop.campaign, at).set_index("sku_code")
    return str(frame.loc[code, "price_text"])


def test_the_price_is_that_of_the_phase_that_is_on_or_next(priced: Shop) -> None:
    shown = {
        at: said(priced, at, "001")
        for at in (
            local(10, 12),
            local(10, 25),
            local(10, 31, 20),
            local(10, 31, 22),
            local(11, 5),
            local(11, 11),
            local(11, 13),
            local(11, 20),
        )
    }
    assert list(shown.values()) == [
        "到手价 ¥150",  # notice: the sale's opening, when the flash price is open
        "到手价 ¥150",  # warm-up: the same
        "到手价 ¥150",  # the first two hours
        "到手价 ¥179.10",  # afterwards
        "到手价 ¥179.10",  # the second warm-up speaks of the second sale
        "到手价 ¥179.10",
        "到手价 ¥198",  # encore, by its own rules
        "到手价 ¥199",  # all is over: the price on the page
    ], shown


def test_a_warm_up_with_rules_of_its_own_sells_by_them(priced: Shop, now: datetime) -> None:
    promotions.save_rules(
        priced.db,
        priced.lead,
        priced.campaign,
        promotions.RuleSet("warm_up", [ENCORE | {"value": 900}], 0),
        now=now,
    )
    assert said(priced, local(10, 25), "001") == "到手价 ¥190"
    assert said(priced, local(10, 15), "001") == "到手价 ¥190"  # the next phase that sells
    assert said(priced, local(10, 31, 23), "001") == "到手价 ¥179.10"


def test_a_presale_by_rules_says_deposit_then_balance_then_the_sale(priced: Shop) -> None:
    assert (
        said(priced, local(10, 15), "002") == "定金 ¥20 抵 ¥40，尾款 ¥54，到手价 ¥74"
    )  # 99 - 20 of inflation - 5 by coupon
    assert said(priced, local(10, 31, 19, 59), "002") == "定金 ¥20 抵 ¥40，尾款 ¥54，到手价 ¥74"
    assert (
        said(priced, local(10, 31, 20), "002") == "到手价 ¥89.10，已付定金补尾款 ¥54"
    )  # who has paid no deposit pays the sale's price
    assert said(priced, local(11, 4), "002") == "到手价 ¥89.10"
    assert said(priced, local(10, 25), "003") == "到手价 ¥269.10"  # not in the pre-sale


def test_deposits_by_rules_stand_in_the_presale_too(priced: Shop) -> None:
    told(priced, *(Event("deposit", local(10, 25), "002", f"u{n}", f"o{n}", 2, 4_000) for n in range(3)))
    told(priced, Event("pay", local(11, 1), "002", "u0", "o0", 2, 11_800))
    for at, rate, overdue in ((local(10, 26), None, 0), (local(11, 2), 1 / 3, 0), (local(11, 20), 1 / 3, 4)):
        rows = deposits.overview(priced.db, priced.lead, priced.campaign, at).set_index("sku_code")
        row = rows.loc["002"]
        assert rows.index.tolist() == ["002"]
        assert row[["own", "units", "deposit_amount", "overdue_units"]].tolist() == [
            False,
            6,
            12_000,
            overdue,
        ]
        assert row[["final_price", "balance", "counted"]].tolist() == [7_400, 5_400, 4_000]
        assert (None if pd.isna(row["tail_rate"]) else row["tail_rate"]) == (rate and pytest.approx(rate))


def test_terms_of_a_sku_go_before_the_rules(priced: Shop, now: datetime, viewer: Actor) -> None:
    window = (local(10, 31, 20), local(11, 4))
    deposits.set_terms(
        priced.db,
        priced.lead,
        priced.campaign,
        deposits.Terms("002", 9_800, 1_000, 3_000, *window, date(2026, 11, 15)),
        now,
    )
    with priced.db.writing() as connection:
        moves = pd.DataFrame(
            {
                "sku_code": "002",
                "state": ["on_hand", "in_transit", "in_transit"],
                "quantity": [-60, 25, 40],
                "expected_on": ["", "2026-11-15", "2026-11-16"],
            }
        )
        stock.post(connection, moves, priced.lead, source_id="test2", cause="edit", now=now)
    row = service.labels(priced.db, viewer, priced.campaign, local(10, 25)).set_index("sku_code").loc["002"]
    assert row["price_text"] == "定金 ¥10 抵 ¥30，尾款 ¥68，到手价 ¥78"
    assert (row["deposit"], row["counted"], row["balance"], row["price"]) == (1_000, 3_000, 6_800, 7_800)
    assert (row["units"], row["shipping_text"], row["countdown"]) == (
        25,
        "预售 11/15 前发货",
        "countdown_deposit_end",
    )  # the 40 come too late
    paying = service.labels(priced.db, viewer, priced.campaign, local(11, 1)).set_index("sku_code").loc["002"]
    assert (paying["price_text"], paying["countdown"], paying["stock"]) == (
        "到手价 ¥89.10，已付定金补尾款 ¥68",
        "countdown_balance_end",
        "sold_out",
    )
    over = service.labels(priced.db, viewer, priced.campaign, local(11, 4)).set_index("sku_code").loc["002"]
    assert (over["price_text"], over["shipping_text"], over["presale"]) == (
        "到手价 ¥89.10",
        "付款后 48 小时内发货",
        "",
    )


def test_feed_and_page_agree_at_every_turn_of_the_campaign(priced: Shop, viewer: Actor) -> None:
    for at in (
        local(10, 12),
        local(10, 20, 20),
        local(10, 31, 20),
        local(10, 31, 22),
        local(11, 4),
        local(11, 10, 20),
        local(11, 13),
    ):
        page = service.labels(priced.db, viewer, priced.campaign, at.replace(second=59))
        fed = pd.DataFrame(orjson.loads(service.feed(priced.db, viewer, priced.campaign, at).body)["labels"])
        for column in (
            "sku_code",
            "price",
            "deposit",
            "balance",
            "price_text",
            "stock_text",
            "shipping_text",
            "countdown_text",
            "mood_text",
        ):
            assert [None if pd.isna(x) else x for x in page[column]] == [
                None if pd.isna(x) else x for x in fed[column]
            ], (at, column)


def test_what_is_exported_is_what_the_feed_says(priced: Shop, viewer: Actor) -> None:
    at = local(10, 25)
    page = service.labels(priced.db, viewer, priced.campaign, at)
    columns = [
        SheetColumn(column.name, column.name, column.kind, {}) for column in LABELS if column.kind != "state"
    ]
    sheet = pd.read_excel(
        io.BytesIO(workbook(page, columns, "labels", "zh")), dtype={"sku_code": str}
    ).fillna("")
    fed = pd.DataFrame(orjson.loads(service.feed(priced.db, viewer, priced.campaign, at).body)["labels"])
    texts = [name for name in sheet.columns if name.endswith("_text")]
    assert set(texts) == {"stock_text", "price_text", "shipping_text", "countdown_text", "mood_text"}
    for column in ("sku_code", "units", *texts):
        assert sheet[column].tolist() == fed[column].tolist(), column


def test_the_clock_of_the_encore(priced: Shop, viewer: Actor) -> None:
    def clock(at: datetime) -> list[str]:
        return service.labels(priced.db, viewer, priced.campaign, at)["countdown_text"].unique().tolist()

    assert clock(local(11, 11)) == ["距结束"]
    assert clock(local(11, 13)) == ["返场剩余"]
    assert clock(local(11, 20)) == [""]


def test_the_opening_price_is_the_one_that_pricing_judges(priced: Shop) -> None:
    from core.pricing import service as pricing

    with priced.db.reading() as connection:
        judged = pricing.economics(connection, priced.campaign).set_index("sku_code")["landed_price"]
        shown = offers.landed_at(connection, priced.campaign, datetime(2026, 10, 1, tzinfo=UTC))
    assert shown.to_dict() == judged.to_dict()


def test_goods_that_cost_no_more_than_the_deposit_are_not_in_the_presale(priced: Shop) -> None:
    def presale() -> list[str]:
        return deposits.overview(priced.db, priced.lead, priced.campaign, local(10, 25))["sku_code"].tolist()

    assert presale() == ["002"]
    with priced.db.writing() as connection:
        connection.execute(
            campaign_sku.update().where(campaign_sku.c.sku_code == "002").values(sale_price=3_000)
        )
    assert presale() == []
