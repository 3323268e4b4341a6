"""Shop systems that call: signed bodies, each once, and of an order that comes again only what changed."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.connect import turning
from core.connect.feeds import hooks, open_rows, service
from core.connect.feeds.mapping import Layout
from core.database import Database
from core.errors import ShopError
from core.live.tables import sale_line
from core.settings import settings
from core.web.routes import hooks as doors
from tests.connect.shops import OPENS, events, ours

NOON = OPENS + timedelta(hours=12)
BODIES = Path(__file__).parent / "bodies"
SECRET = "shpss_0123456789abcdef"
HEADERS = {
    "shopify": ("X-Shopify-Hmac-SHA256", "X-Shopify-Webhook-Id", "X-Shopify-Topic"),
    "woocommerce": ("X-WC-Webhook-Signature", "X-WC-Webhook-Delivery-ID", "X-WC-Webhook-Topic"),
    "generic": ("X-Signature-SHA256", "X-Delivery-Id", "X-Topic"),
}
CLIENT = "b8fca94e508ac942de"


def body(name: str) -> dict[str, Any]:
    """A recorded body of our own making, after the system's public documents."""
    read: dict[str, Any] = json.loads((BODIES / f"{name}.json").read_text(encoding="utf-8"))
    return read


def signed(system: str, secret: str, content: bytes, number: str, topic: str = "") -> dict[str, str]:
    """The headers with which a system signs and numbers a body."""
    seal = base64.b64encode(hmac.digest(secret.encode(), content, hashlib.sha256)).decode()
    names = (name.lower() for name in HEADERS[system])
    return dict(zip(names, (seal, number, topic), strict=True))


class Sender:
    """The other side: signs a body as its system does, and numbers its deliveries."""

    def __init__(self, system: str, secret: str = SECRET) -> None:
        self.system, self.secret, self.number = system, secret, 0
        self.client = TestClient(Starlette(routes=doors.ROUTES))

    def send(
        self, document: object, topic: str = "", *, number: str = "", secret: str = ""
    ) -> httpx.Response:
        content = json.dumps(document).encode()
        self.number += 1
        headers = signed(self.system, secret or self.secret, content, number or f"d{self.number}", topic)
        return self.client.post(f"/api/v1/hooks/{self.system}", content=content, headers=headers)


def pushed(kind: str, message: object, number: str, secret: str = SECRET, **more: object) -> bytes:
    """A message as 有赞 pushes it: URL-encoded within its envelope, and signed there."""
    said = quote_plus(json.dumps(message, ensure_ascii=False))
    sign = hashlib.md5(f"{CLIENT}{said}{secret}".encode(), usedforsecurity=False).hexdigest()
    whole = {"client_id": CLIENT, "kdt_id": 567323, "kdt_name": "店", "mode": 1, "msg": said, "sign": sign}
    return json.dumps(whole | {"type": kind, "msg_id": number, "sendCount": 0, "test": False} | more).encode()


@pytest.fixture
def sale(database: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A sale that runs, in the database that the door writes to."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    settings.cache_clear()
    campaigns.add_sale(
        database, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS - timedelta(days=20)
    )
    yield database
    settings.cache_clear()


def lines(db: Database) -> dict[str, tuple[int, ...]]:
    """sku -> (ordered, cancelled, paid, refunded, paid_fen, refunded_fen)."""
    names = ("sku_code", "ordered", "cancelled", "paid", "refunded", "paid_fen", "refunded_fen")
    with db.reading() as connection:
        return {
            row[0]: tuple(row[1:])
            for row in connection.execute(select(*(sale_line.c[name] for name in names)))
        }


def paid(order: dict[str, Any], at: str = "2026-11-11T10:05:00+08:00") -> dict[str, Any]:
    return copy.deepcopy(order) | {"financial_status": "paid", "updated_at": at}


def life(number: int) -> list[tuple[dict[str, Any], str]]:
    """The order of that number made, paid and refunded in part: documents with their topics."""
    order, refund = body("shopify-order"), body("shopify-refund")
    order["id"] = refund["order_id"] = number
    for line in order["line_items"]:
        line["id"] += number * 10
    part = refund["refund_line_items"][0]
    part |= {"id": part["id"] + number, "line_item_id": part["line_item_id"] + number * 10}
    part["line_item"]["id"] = part["line_item_id"]
    return [(order, "orders/create"), (paid(order), "orders/paid"), (refund, "refunds/create")]


def test_a_shopify_order_through_its_life(sale: Database, admin: Actor) -> None:
    hooks.add(sale, admin, "shopify", "shopify", SECRET, NOON)
    sender, order, refund = Sender("shopify"), body("shopify-order"), body("shopify-refund")
    answer = sender.send(order, "orders/create", number="w1")
    assert (answer.status_code, answer.json()["rows"]) == (200, 2)
    assert sender.send(order, "orders/create", number="w1").json()["state"] == "repeated"
    assert lines(sale) == {"S01": (2, 0, 0, 0, 0, 0), "S02": (1, 0, 0, 0, 0, 0)}
    assert sender.send(paid(order), "orders/paid").json()["rows"] == 2
    assert lines(sale) == {"S01": (2, 0, 2, 0, 7860, 0), "S02": (1, 0, 1, 0, 4000, 0)}
    first = events(sale)
    assert sender.send(order, "orders/create").json()["rows"] == 0, "an older state that comes late"
    assert sender.send(paid(order), "orders/updated").json()["rows"] == 0
    assert events(sale) == first
    assert sender.send(refund, "refunds/create").json()["rows"] == 1
    later = paid(order, "2026-11-11T12:00:01+08:00")
    later |= {"refunds": [refund], "financial_status": "partially_refunded"}
    assert sender.send(later, "orders/updated").json()["rows"] == 0, "the same refund inside its order"
    assert lines(sale)["S01"] == (2, 0, 2, 1, 7860, 3930)
    cancelled = later | {
        "cancelled_at": "2026-11-11T13:00:00+08:00",
        "updated_at": "2026-11-11T13:00:00+08:00",
    }
    assert sender.send(cancelled, "orders/cancelled").json()["rows"] == 2
    assert lines(sale)["S02"] == (1, 1, 1, 0, 4000, 0)
    (card,) = service.cards(sale, admin, NOON)
    assert (card.state, card.rows, card.open.refused) == ("good", 3, 0)


def test_whatever_the_order_of_arrival_the_sums_are_the_senders(
    sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    settings.cache_clear()
    campaigns.add_sale(sqlite, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS)
    hooks.add(sqlite, admin, "shopify", "shopify", SECRET, NOON)
    sender, dice, sent = Sender("shopify"), random.Random(3), list[tuple[dict[str, Any], str]]()
    for n in range(12):
        sent += life(n)
    sent += sent
    dice.shuffle(sent)
    for document, topic in sent:
        assert sender.send(document, topic).status_code == 200
    with sqlite.reading() as connection:
        c = sale_line.c
        sums = connection.execute(
            select(func.sum(c.paid_fen), func.sum(c.refunded_fen), func.sum(c.waiting))
        ).one()
    assert tuple(map(int, sums)) == (12 * 11860, 12 * 3930, 0)
    settings.cache_clear()


def test_what_shopify_sends_and_cannot_count(sale: Database, admin: Actor) -> None:
    hooks.add(sale, admin, "shopify", "shopify", SECRET, NOON)
    sender, order, refund = Sender("shopify"), body("shopify-order"), body("shopify-refund")
    assert sender.send(order, "orders/create", secret="wrong-secret").status_code == 401
    assert Sender("woocommerce").send(order, "order.created").status_code == 401, "no such source"
    for changes, state, code in (
        ({"currency": "USD"}, "refused", "connect.currency"),
        ({"test": True}, "ignored", "connect.test_order"),
        ({"updated_at": "yesterday"}, "refused", "connect.cell.at"),
    ):
        answer = sender.send(order | changes, "orders/create")
        assert (answer.status_code, answer.json()["state"], answer.json()["code"]) == (200, state, code)
    assert sender.send([1], "orders/create").json()["code"] == "connect.bad_body"
    assert sender.send({}, "carts/update").json()["state"] == "ignored"
    level = {
        "inventory_item_id": 1,
        "location_id": 2,
        "available": 6,
        "updated_at": "2026-11-11T10:00:00+08:00",
    }
    answer = sender.send(level, "inventory_levels/update").json()
    assert (answer["state"], answer["code"]) == ("taken", "connect.unknown_item"), (
        "never stock without a word"
    )
    bare = copy.deepcopy(order)
    bare["line_items"][1]["sku"] = ""
    assert sender.send(bare, "orders/create").json() == {
        "state": "taken",
        "rows": 1,
        "refused": 1,
        "code": "connect.no_sku",
    }
    sender.send(paid(order), "orders/paid")
    unclear = copy.deepcopy(refund)
    unclear["transactions"][0]["amount"] = "30.00"
    assert sender.send(unclear, "refunds/create").json()["code"] == "connect.refund_unclear"
    lump = refund | {"id": 5, "refund_line_items": []}
    assert sender.send(lump, "refunds/create").json()["code"] == "connect.refund_without_line"
    frame = hooks.deliveries(sale, admin, "shopify")
    assert set(frame["state"]) == {"taken", "ignored", "refused"}
    turning.change(sale, admin, "shopify", NOON, paused=True)
    assert sender.send(order, "orders/create").status_code == 503, "its sender tries again"


def test_a_woocommerce_order_through_its_life(sale: Database, admin: Actor) -> None:
    hooks.add(sale, admin, "woocommerce", "woocommerce", SECRET, NOON)
    sender, order = Sender("woocommerce"), body("woocommerce-order")
    ping = sender.client.post("/api/v1/hooks/woocommerce", content=b"webhook_id=7")
    assert ping.json()["state"] == "ignored"
    assert sender.send(order, "order.created").json()["rows"] == 2
    order |= {
        "status": "processing",
        "date_paid_gmt": "2026-11-11T02:05:00",
        "date_modified_gmt": "2026-11-11T02:05:01",
    }
    assert sender.send(order, "order.updated").json()["rows"] == 2
    assert sender.send(order, "order.updated").json()["rows"] == 0
    assert lines(sale) == {"S01": (2, 0, 2, 0, 6000, 0), "S02": (1, 0, 1, 0, 3960, 0)}
    part = order | {
        "refunds": [{"id": 9, "reason": "", "total": "-5.00"}],
        "date_modified_gmt": "2026-11-11T03:00:00",
    }
    assert sender.send(part, "order.updated").json()["code"] == "connect.refund_without_line"
    single = copy.deepcopy(part) | {"id": 728}
    single["line_items"] = [single["line_items"][0] | {"id": 400, "sku": "S03"}]
    sender.send(single, "order.created")
    assert lines(sale)["S03"] == (2, 0, 2, 0, 6000, 500)
    whole = part | {"status": "refunded", "date_modified_gmt": "2026-11-11T04:00:00"}
    sender.send(whole, "order.updated")
    assert lines(sale)["S01"] == (2, 0, 2, 2, 6000, 6000)
    sender.send({"id": 728}, "order.deleted")
    (card,) = service.cards(sale, admin, NOON)
    assert (card.state, card.open.gone) == ("waiting", 1)
    assert open_rows.settle_gone(sale, admin, "woocommerce", NOON, withdraw=True) == 1
    assert ours(sale)[:3] == (3, 0, 0)


def test_a_youzan_order_through_its_life(sale: Database, admin: Actor) -> None:
    hooks.add(sale, admin, "youzan", "youzan", SECRET, NOON)
    client, order = TestClient(Starlette(routes=doors.ROUTES)), body("youzan-order")

    def push(kind: str, message: object, number: str, **more: Any) -> dict[str, Any]:
        answer = client.post("/api/v1/hooks/youzan", content=pushed(kind, message, number, **more))
        assert (answer.status_code, answer.json()["code"]) == (200, 0), answer.text
        return dict(answer.json())

    def paid_order(tid: str, first: str, second: str) -> dict[str, Any]:
        whole = copy.deepcopy(order)
        whole["full_order_info"]["order_info"] |= {"tid": tid}
        for line, oid in zip(whole["full_order_info"]["orders"], (first, second), strict=True):
            line |= {"oid": oid}
        return whole

    assert push("trade_TradeCreate", order, "m1")["rows"] == 2
    assert push("trade_TradeCreate", order, "m1", sendCount=1)["state"] == "repeated"
    assert lines(sale) == {"S01": (2, 0, 0, 0, 0, 0), "S02": (1, 0, 0, 0, 0, 0)}
    facts = order["full_order_info"]["order_info"]
    at = "2026-11-11 10:01:00"
    facts |= {"status": "TRADE_PAID", "pay_time": at, "update_time": at}
    assert push("trade_TradePaid", order, "m2")["rows"] == 2
    assert lines(sale) == {"S01": (2, 0, 2, 0, 7860, 0), "S02": (1, 0, 1, 0, 4000, 0)}
    refund = {
        "tid": facts["tid"],
        "oids": "1462000000000000001",
        "refund_id": "R1",
        "refunded_fee": "30.00",
        "update_time": "2026-11-11 11:00:00",
    }
    assert push("trade_refund_RefundSuccess", refund, "m3")["rows"] == 1
    assert push("trade_refund_RefundSuccess", refund, "m4")["rows"] == 0, (
        "the same refund under another number"
    )
    assert lines(sale)["S01"] == (2, 0, 2, 0, 7860, 3000)
    both = refund | {"refund_id": "R2", "oids": "1462000000000000001,1462000000000000002"}
    assert push("trade_refund_RefundSuccess", both, "m5")["refused"] == 1
    strange = refund | {"refund_id": "R3", "oids": "77"}
    assert push("trade_refund_RefundSuccess", strange, "m6")["refused"] == 1, "a line that we do not know"
    unpaid = paid_order("E2", "21", "22")
    unpaid["full_order_info"]["order_info"] |= {"status": "WAIT_BUYER_PAY", "pay_time": "", "update_time": at}
    assert push("trade_TradeCreate", unpaid, "m7")["rows"] == 2
    closing = {"tid": "E2", "close_type": 1, "update_time": "2026-11-11 12:00:00"}
    assert push("trade_TradeClose", closing, "m8")["rows"] == 2
    assert push("trade_TradeClose", closing | {"tid": facts["tid"]}, "m9")["rows"] == 0, "what was paid stays"
    assert push("trade_TradeSellerShip", {"tid": "E2"}, "m10")["state"] == "ignored"
    assert push("", {}, "", test=True)["state"] == "ignored", "the address is tried"
    assert ours(sale)[:3] == (3, 3, 8860)
    bad = client.post("/api/v1/hooks/youzan", content=pushed("trade_TradePaid", order, "m11", "other"))
    assert bad.status_code == 401
    moved = json.loads(pushed("trade_TradePaid", order, "m12")) | {"msg": quote_plus("{}")}
    assert client.post("/api/v1/hooks/youzan", content=json.dumps(moved)).status_code == 401


def test_two_secrets_count_for_a_week(sale: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    now = NOON
    monkeypatch.setattr(clock, "now", lambda: now)
    hooks.add(sale, admin, "shopify", "shopify", SECRET, now)
    sender, order = Sender("shopify"), body("shopify-order")
    with pytest.raises(ShopError, match=r"connect\.no_secret"):
        hooks.rotate(sale, admin, "shopify", "short", now)
    assert hooks.rotate(sale, admin, "shopify", "another-secret-48", now) == ""
    until = hooks.both_until(sale, admin, "shopify", now)
    assert until == now + hooks.BOTH_COUNT
    for secret in (SECRET, "another-secret-48"):
        assert sender.send(order, "orders/create", secret=secret).status_code == 200
    now = until
    assert hooks.both_until(sale, admin, "shopify", now) is None
    assert sender.send(order, "orders/create").status_code == 401, "the old one has run out"
    assert sender.send(order, "orders/create", secret="another-secret-48").status_code == 200
    hooks.rotate(sale, admin, "shopify", "third-secret-49", now)
    hooks.retire(sale, admin, "shopify", now)
    assert sender.send(order, "orders/create", secret="another-secret-48").status_code == 401
    assert sender.send(order, "orders/create", secret="third-secret-49").status_code == 200


def test_a_shipped_sample_is_mapped_without_a_word(sale: Database, admin: Actor) -> None:
    secret = hooks.add(sale, admin, "generic", "generic", "", NOON)
    text, sample = hooks.shipped_sample(admin, "weidian")
    assert sample.lines in sample.lists
    assert set(sample.usual.values()) <= set(sample.paths)
    layout = Layout("orders", sample.usual)
    assert hooks.map_body(sale, admin, "generic", layout, sample.lines, text, NOON) == 2
    sender, order = Sender("generic", secret), json.loads(text)
    unpaid = copy.deepcopy(order)
    unpaid["message"] |= {"pay_time": "", "status": "unpay"}
    assert sender.send(unpaid).json()["refused"] == 2, "it tells no time of change: said, not guessed"
    assert sender.send(order).json()["rows"] == 2
    assert sender.send(unpaid).json()["rows"] == 0, "an older state that comes late"
    assert lines(sale) == {"S01": (2, 0, 2, 0, 7960, 0), "S02": (1, 0, 1, 0, 4000, 0)}


def test_any_sender_mapped_from_one_body(sale: Database, admin: Actor) -> None:
    secret = hooks.add(sale, admin, "generic", "generic", "", NOON)
    sender, order = Sender("generic", secret), body("generic-order")
    assert sender.send(order).json()["code"] == "connect.not_mapped"
    text = json.dumps(order)
    sample = hooks.sample_of(admin, text)
    assert sample.lines == "data.items"
    assert sample.usual["order_id"] == "/data.trade_no"
    assert sample.usual["changed"] == "/data.modified"
    layout = Layout("orders", sample.usual, unit="fen")
    wrong = Layout("orders", sample.usual | {"at": "outer_sku_id"})
    with pytest.raises(ShopError, match=r"connect\.sample"):
        hooks.map_body(sale, admin, "generic", wrong, "data.items", text, NOON)
    assert hooks.map_body(sale, admin, "generic", layout, "data.items", text, NOON) == 2
    assert sender.send(order).json()["rows"] == 2
    order["data"] |= {"pay_time": "2026-11-11 10:01:00", "modified": "2026-11-11 10:01:00"}
    assert sender.send(order).json()["rows"] == 2
    assert sender.send(order).json()["rows"] == 0
    assert lines(sale) == {"S01": (2, 0, 2, 0, 7960, 0), "S02": (1, 0, 1, 0, 4000, 0)}
    foreign = copy.deepcopy(order)
    foreign["data"] |= {"currency": "USD", "trade_no": "T2"}
    assert sender.send(foreign).json()["refused"] == 2
    assert sender.send(order, secret="other").status_code == 401
