"""The card of a source on the administration page: from an address to rows, what is gone, what to do when it is red."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.connect.feeds import address, book, hooks, service
from core.connect.feeds.webhooks import deliveries
from core.database import Database
from tests.connect import shops
from tests.connect.shops import OPENS, ours
from tests.connect.test_hooks import body, signed
from tests.pages import visiting

NOON = OPENS + timedelta(hours=12)


def _sources() -> None:
    from core.access import Actor
    from pages.parts.admin.sources import sources
    from pages.parts.entry import visitor
    from pages.parts.entry.context import PageContext
    from tests.connect.test_feed_page import NOON

    sources(PageContext(visitor.database(), Actor("root", "admin"), NOON))


def test_the_page_leads_from_an_address_to_rows(
    sqlite: Database, admin: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaigns.add_sale(sqlite, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS)
    shop = shops.on_sqlite(tmp_path)
    for n in range(3):
        shop.place(n, NOON)
    visiting.sign_in_as(monkeypatch, sqlite, admin)
    page = AppTest.from_function(_sources, default_timeout=60).run()
    assert not page.exception
    page.text_input[1].set_value("sqlite:////no/such.db")
    page.button[0].click().run()
    assert page.error
    page.text_input[1].set_value(shop.address)
    page.button[0].click().run()
    assert not page.exception
    page.button(key="start_erp_orders").click().run()
    assert not page.exception
    assert ours(sqlite) == shop.sums()
    page.button(key="test_erp").click().run()
    assert page.success
    shop.write("DELETE FROM orders WHERE line_id = 1")
    service.collect(sqlite, admin, "erp", NOON + timedelta(seconds=40))
    page.run()
    assert page.dataframe[0].value["row_key"].tolist() == ["1"]
    page.button(key="withdraw_erp").click().run()
    assert not page.exception
    assert ours(sqlite)[:3] == shop.sums()[:3]
    shop.write("ALTER TABLE orders RENAME COLUMN qty TO n")
    page.button(key="look_erp").click().run()
    assert "qty" in page.error[0].value
    page.run()
    assert not page.exception
    shown = [
        one.value for kind in ("markdown", "caption", "error", "text_input", "code") for one in page.get(kind)
    ]
    assert shop.address not in str(shown)


def test_the_page_adds_a_system_that_calls_and_maps_its_body(
    sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaigns.add_sale(sqlite, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS)
    visiting.sign_in_as(monkeypatch, sqlite, admin)
    page = AppTest.from_function(_sources, default_timeout=60).run()
    name = next(one for one in page.text_input if one.value == "shopify")
    name.set_value("push")
    page.selectbox[0].set_value("generic")
    page.button[1].click().run()
    assert not page.exception
    assert "/api/v1/hooks/push" in page.code[0].value
    with sqlite.reading() as connection:
        secret = address.opened(book.feed(connection, "push").sealed)
    order = json.dumps(body("generic-order")).encode()
    deliveries.take(sqlite, "push", signed("generic", secret, order, "1"), order, NOON)
    page.toggle(key="what_push").set_value(True).run()
    page.text_area(key="sample_push").set_value(order.decode()).run()
    page.button_group(key="unit_push").set_value(["fen"]).run()
    page.button(key="map_push").click().run()
    assert not page.exception
    deliveries.take(sqlite, "push", signed("generic", secret, order, "2"), order, NOON)
    assert ours(sqlite)[0] == 3
    page.run()
    assert sorted(one[0] for one in page.dataframe[0].value["state"]) == ["已收下", "已退回"]
    page.button(key="remove_push").click().run()
    assert service.cards(sqlite, admin, NOON) == []
    assert hooks.deliveries(sqlite, admin, "push").shape[0] == 2


def test_the_page_ships_a_sample_and_changes_a_secret(
    sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks.add(sqlite, admin, "push", "generic", "", NOON)
    visiting.sign_in_as(monkeypatch, sqlite, admin)
    page = AppTest.from_function(_sources, default_timeout=60).run()
    page.toggle(key="what_push").set_value(True).run()
    page.button_group(key="shipped_push").set_value("weidian").run()
    assert not page.exception
    assert "没有证实" in str([one.value for one in page.caption])
    assert page.selectbox(key="path_push_weidian_message.items_amount").value == "total_price"
    page.button(key="map_push").click().run()
    assert not page.exception
    with sqlite.reading() as connection:
        assert book.feed(connection, "push").settings["lines"] == "message.items"
    change = next(one for one in page.button if one.label == "换签名密钥")
    change.click().run()
    assert not page.exception
    assert hooks.both_until(sqlite, admin, "push", NOON) == NOON + hooks.BOTH_COUNT
    page.run()
    page.button(key="retire_push").click().run()
    assert hooks.both_until(sqlite, admin, "push", NOON) is None
