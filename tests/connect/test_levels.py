"""Stock levels that a shop system tells one place at a time: what nobody can tell waits, what comes in any order counts
once."""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.connect.feeds import hooks, open_rows, service
from core.connect.kinds import kind
from core.database import Database, read
from core.errors import ShopError
from core.imports import service as imports
from core.imports.tables import import_run
from core.settings import settings
from core.stock import ledger
from core.stock.rules import available_to_promise
from core.stock.tables import stock_location
from tests.connect.shops import OPENS
from tests.connect.test_hooks import NOON, SECRET, Sender, body, signed

ITEMS = {"501": "S01", "502": "S02"}
AT = datetime(2026, 11, 11, 2, tzinfo=UTC)


@pytest.fixture
def shop(database: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A sale that runs, and a Shopify that tells us its goods; its one place has a name."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    settings.cache_clear()
    monkeypatch.setattr(clock, "now", lambda: NOON)
    campaigns.add_sale(
        database, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS - timedelta(days=20)
    )
    hooks.add(database, admin, "shopify", "shopify", SECRET, NOON)
    yield database
    settings.cache_clear()


def product(items: Mapping[str, str]) -> dict[str, Any]:
    """products/update, after its public document."""
    variants = [
        {"id": n, "inventory_item_id": int(item), "sku": sku} for n, (item, sku) in enumerate(items.items())
    ]
    return {"id": 1, "title": "面霜", "updated_at": "2026-11-11T09:00:00+08:00", "variants": variants}


def level(item: str, available: int | None, second: int = 0, place: int = 7) -> dict[str, Any]:
    """inventory_levels/update, after its public document."""
    at = AT + timedelta(seconds=second)
    facts = {"inventory_item_id": int(item), "location_id": place, "available": available}
    return facts | {"updated_at": at.isoformat(), "admin_graphql_api_id": "gid://shopify/InventoryLevel/1"}


def tell(sender: Sender, document: dict[str, Any], number: str = "") -> dict[str, Any]:
    answer: httpx.Response = sender.send(document, "inventory_levels/update", number=number)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def stock(db: Database) -> dict[str, tuple[int, int]]:
    """SKU -> (on hand, available to promise)."""
    with db.reading() as connection:
        frame = ledger.positions(connection)
    free = available_to_promise(frame)
    return {str(code): (int(frame.loc[code, "on_hand"]), int(free[code])) for code in frame.index}


def lying(db: Database) -> dict[tuple[str, str], int]:
    with db.reading() as connection:
        c = stock_location.c
        return {
            (row[0], row[1]): row[2] for row in connection.execute(select(c.sku_code, c.location, c.units))
        }


def waits(db: Database, admin: Actor) -> dict[str, str]:
    """Key -> the reason why it does not count."""
    frame = open_rows.open_lines(db, admin, "shopify")
    return dict(frame[["row_key", "code"]].itertuples(index=False))


def runs(db: Database) -> int:
    with db.reading() as connection:
        return len(read(connection, select(import_run.c.import_id)))


def test_levels_are_stock(shop: Database, admin: Actor) -> None:
    sender = Sender("shopify")
    assert tell(sender, level("501", 40))["code"] == "connect.unknown_item"
    assert waits(shop, admin) == {"501/7": "connect.unknown_item"}
    sender.send(product(ITEMS), "products/update")
    assert waits(shop, admin) == {"501/7": "connect.unknown_location"}
    with pytest.raises(ShopError, match=r"connect\.bad_pair"):
        hooks.teach(shop, admin, "shopify", "7", "", NOON)
    hooks.teach(shop, admin, "shopify", "location_id,name\n7, 上海仓", "", NOON)
    assert hooks.places(shop, admin, "shopify") == "7 上海仓"
    assert waits(shop, admin) == {}
    assert stock(shop) == {}, "the scheduler writes it"
    assert service.gather(shop, NOON) == 1
    assert stock(shop) == {"S01": (40, 40)}
    assert lying(shop) == {("S01", "上海仓"): 40}
    assert tell(sender, level("501", 38, 60), "w7")["rows"] == 1
    assert tell(sender, level("501", 38, 60), "w7")["state"] == "repeated"
    assert tell(sender, level("501", 99, 30))["rows"] == 0, "older than what is known"
    assert tell(sender, level("502", -2))["rows"] == 1
    service.gather(shop, NOON + timedelta(minutes=1))
    assert stock(shop) == {"S01": (38, 38), "S02": (-2, -2)}
    service.gather(shop, NOON + timedelta(minutes=2))
    assert runs(shop) == 2
    assert imports.history(shop, admin, ("stock",))["account"].unique().tolist() == ["source:shopify"]
    assert tell(sender, level("501", None, 90))["code"] == "connect.cell.quantity", "stock that nobody counts"
    (card,) = service.cards(shop, admin, NOON + timedelta(minutes=2))
    assert (card.state, card.open.refused) == ("good", 0)


def test_two_levels_of_one_second_are_told_apart_by_their_calls(shop: Database, admin: Actor) -> None:
    hooks.teach(shop, admin, "shopify", "7 上海仓", "501 S01", NOON)
    sender = Sender("shopify")
    for number, available, fraction in (("a", 8, "400000000Z"), ("b", 9, "100000000Z")):
        content = json.dumps(level("501", available)).encode()
        headers = signed("shopify", SECRET, content, number, "inventory_levels/update")
        headers["x-shopify-triggered-at"] = f"2026-11-11T02:00:00.{fraction}"
        assert (
            sender.client.post("/api/v1/hooks/shopify", content=content, headers=headers).status_code == 200
        )
    service.gather(shop, NOON)
    assert stock(shop) == {"S01": (8, 8)}


def test_a_sku_of_several_places_waits_for_all_of_them(shop: Database, admin: Actor) -> None:
    hooks.teach(shop, admin, "shopify", "7 上海仓\n8 北京仓", "501 S01", NOON)
    sender = Sender("shopify")
    tell(sender, level("501", 40))
    service.gather(shop, NOON)
    assert (stock(shop), waits(shop, admin)) == ({}, {"501/7": "connect.level_partial"})
    tell(sender, level("501", 5, 1, place=8))
    service.gather(shop, NOON + timedelta(minutes=1))
    assert (stock(shop), waits(shop, admin)) == ({"S01": (45, 45)}, {})
    assert lying(shop) == {("S01", "上海仓"): 40, ("S01", "北京仓"): 5}
    assert tell(sender, level("501", 3, 2, place=9))["code"] == "connect.unknown_location"


def test_a_sheet_that_says_where_goods_lie_stands_in_for_a_silent_place(shop: Database, admin: Actor) -> None:
    sheet = "商家编码,商品名称,实物库存,仓库\nS01,面霜,30,上海仓\nS02,乳液,9,北京仓\n".encode()
    draft = imports.check(imports.inspect(shop, admin, kind("stock"), sheet, "a.csv"))
    imports.commit(shop, admin, draft, now=NOON)
    hooks.teach(shop, admin, "shopify", "7 上海仓\n8 北京仓", "501 S01\n502 S02", NOON)
    sender = Sender("shopify")
    tell(sender, level("501", 28))
    tell(sender, level("502", 4))
    service.gather(shop, NOON)
    assert stock(shop) == {"S01": (28, 28), "S02": (9, 9)}
    assert waits(shop, admin) == {"502/7": "connect.level_partial"}, "units lie at the place that is silent"


def test_two_items_of_one_code_are_a_doubt(shop: Database, admin: Actor) -> None:
    sender = Sender("shopify")
    hooks.teach(shop, admin, "shopify", "7 上海仓", "", NOON)
    sender.send(product({"501": "S01", "601": "S01"}), "products/create")
    assert tell(sender, level("501", 8))["code"] == "connect.item_twice"
    service.gather(shop, NOON)
    assert stock(shop) == {}
    hooks.teach(shop, admin, "shopify", "7 上海仓", "601 S01", NOON)
    assert waits(shop, admin) == {}, "the other one is no goods any more"
    tell(sender, level("601", 6))
    sender.send(product({"502": "S02", "602": "S02"}), "products/create")
    tell(sender, level("502", 3))
    sender.send(product({"502": "S02", "602": "S03"}), "products/update")
    service.gather(shop, NOON + timedelta(minutes=1))
    assert stock(shop) == {"S01": (6, 6), "S02": (3, 3)}


def test_a_leap_waits_for_a_person(shop: Database, admin: Actor) -> None:
    hooks.teach(shop, admin, "shopify", "7 上海仓", "501 S01", NOON)
    sender = Sender("shopify")
    tell(sender, level("501", 40))
    service.gather(shop, NOON)
    tell(sender, level("501", 40_000, 1))
    for n in (60, 61):
        at = NOON + timedelta(seconds=n)
        assert service.gather(shop, at) == 0
        assert service.cards(shop, admin, at)[0].state == "waiting"
    assert stock(shop) == {"S01": (40, 40)}
    name, sheet = open_rows.waiting_sheet(shop, admin, "shopify", NOON)
    draft = imports.check(imports.inspect(shop, admin, kind(name), sheet, "a.csv"))
    assert imports.commit(shop, admin, draft, now=NOON + timedelta(minutes=2)).committed
    service.gather(shop, NOON + timedelta(minutes=3))
    assert stock(shop) == {"S01": (40_000, 40_000)}
    assert service.cards(shop, admin, NOON + timedelta(minutes=3))[0].state == "good"


def story() -> list[tuple[dict[str, Any], str]]:
    """Orders of S01 and S02 and what is left after each; one is cancelled and its goods are put back."""
    out: list[tuple[dict[str, Any], str]] = [(level("501", 40), "inventory_levels/update")]
    out.append((level("502", 20), "inventory_levels/update"))
    left = {"501": 40, "502": 20}
    for n in range(1, 6):
        order, at = copy.deepcopy(body("shopify-order")), AT + timedelta(seconds=10 * n)
        order |= {"id": n, "created_at": at.isoformat(), "updated_at": at.isoformat()}
        for line in order["line_items"]:
            line["id"] += n * 10
        left = {"501": left["501"] - 2, "502": left["502"] - 1}
        out.append((order, "orders/create"))
        out += [(level(item, units, 10 * n), "inventory_levels/update") for item, units in left.items()]
    gone, at = copy.deepcopy(out[2][0]), (AT + timedelta(seconds=100)).isoformat()
    out.append((gone | {"cancelled_at": at, "updated_at": at}, "orders/cancelled"))
    for item, back in (("501", 2), ("502", 1)):
        out.append((level(item, left[item] + back, 100), "inventory_levels/update"))
    return out


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_first_what_is_free_is_the_senders(shop: Database, admin: Actor, seed: int) -> None:
    """The last look finds what Shopify says, in any order of arrival, with looks at any moment."""
    hooks.teach(shop, admin, "shopify", "7 上海仓", "501 S01\n502 S02", NOON)
    sender, dice, told = Sender("shopify"), random.Random(seed), story()
    if seed:
        dice.shuffle(told)
    minutes = itertools.count(1)
    for document, topic in told:
        assert sender.send(document, topic).status_code == 200
        if dice.random() < 0.4:
            service.gather(shop, NOON + timedelta(minutes=next(minutes)))
    service.gather(shop, NOON + timedelta(minutes=next(minutes)))
    assert {code: free for code, (_, free) in stock(shop).items()} == {"S01": 32, "S02": 16}
    before = runs(shop)
    service.gather(shop, NOON + timedelta(minutes=next(minutes)))
    assert runs(shop) == before, "nothing is left to say"
    assert waits(shop, admin) == {}


def test_what_was_ordered_after_a_level_is_taken_off_it(shop: Database, admin: Actor) -> None:
    hooks.teach(shop, admin, "shopify", "7 上海仓", "501 S01\n502 S02", NOON)
    sender, told = Sender("shopify"), story()
    orders = [document for document, topic in told if topic == "orders/create"]
    for order in orders[:3]:
        sender.send(order, "orders/create")
    tell(sender, level("501", 38, 10))
    tell(sender, level("502", 1, 10))
    service.gather(shop, NOON)
    assert stock(shop)["S01"] == (40, 34), "two of the three orders came after it"
    assert stock(shop)["S02"] == (2, 0), "and one of S02 was sold beyond what there is"
    with shop.reading() as connection:
        assert ledger.faults(connection) == {
            "stock.ledger_is_position": [],
            "stock.arrivals_are_in_transit": [],
        }
