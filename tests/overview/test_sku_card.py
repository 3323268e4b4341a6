"""One card a SKU, and the search that leads to it: by code, name, spec, barcode, order and purchase order."""

from __future__ import annotations

import pandas as pd
import pytest

from core.access import Actor
from core.database import insert
from core.errors import ShopError
from core.goods.tables import sku
from core.orders.tables import order_line
from core.overview import sku_card
from core.replenishment import demand, orders, service
from tests.replenishment.conftest import Shop
from tests.replenishment.conftest import shop as shop

CODE = "00001"


def found(shop: Shop, actor: Actor, text: str) -> list[tuple[str, str]]:
    rows = sku_card.find(shop.db, actor, text)
    return list(zip(rows["kind"], rows["code"], strict=True))


def bought(shop: Shop, actor: Actor) -> str:
    run = service.replenish(shop.db, actor, shop.campaign_id, {}, now=shop.now)
    service.approve(shop.db, actor, run.run_id, now=shop.now)
    placed = orders.order(shop.db, actor, run.run_id, now=shop.now, below_minimum=True)
    return str(placed.orders["number"].iloc[0])


def test_a_sku_is_found_by_whatever_is_known_of_it(shop: Shop, admin: Actor, viewer: Actor) -> None:
    with shop.db.writing() as connection:
        connection.execute(
            sku.update().where(sku.c.sku_code == CODE).values(barcode="6901234", spec="50% 色")
        )
        line = {
            "order_id": "TB-88",
            "sku_code": CODE,
            "line": "1",
            "state": "paid",
            "quantity": 1,
            "amount": 1,
        }
        insert(connection, order_line, pd.DataFrame([line]).assign(import_id="t"))
    for text in (CODE, "6901234", "款0000 50%", "50% 色"):
        assert found(shop, viewer, text)[0] == ("sku", CODE), text
    assert found(shop, viewer, "50_") == [], "letters, no patterns"
    assert found(shop, viewer, "1") == [], "one letter is no question"
    assert found(shop, admin, "TB-88") == [("order", CODE)]
    assert found(shop, viewer, "TB-88") == [], "orders are not everybody's"
    number = bought(shop, admin)
    assert ("purchase", number) in found(shop, admin, number[:10])
    assert found(shop, viewer, number) == []


def test_the_card_shows_the_ladder_and_nothing_that_the_role_may_not_see(
    shop: Shop, admin: Actor, viewer: Actor
) -> None:
    bought(shop, admin)
    card = sku_card.card(shop.db, admin, shop.campaign_id, CODE, shop.now)
    ladder = demand.load(shop.db, admin, shop.campaign_id, shop.now).lines.loc[CODE]
    assert {name: card.rungs[name] for name in ("short", "have", "arriving")} == ladder[
        ["short", "have", "arriving"]
    ].to_dict()
    assert card.master["unit_cost"] == 2000
    assert card.prices["verdict"]
    assert len(card.days) > 50
    assert len(card.purchases) == 1
    plain = sku_card.card(shop.db, viewer, shop.campaign_id, CODE, shop.now)
    assert "unit_cost" not in plain.master
    assert (plain.prices, len(plain.purchases)) == ({}, 0)
    with pytest.raises(ShopError, match="unknown_sku"):
        sku_card.card(shop.db, admin, shop.campaign_id, "nobody", shop.now)
