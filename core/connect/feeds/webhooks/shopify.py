"""Shopify's order and refund bodies. Pure.

A line's amount is what its buyer pays for it: price times units less its discount allocations, and its tax where
prices do not include it; shipping belongs to no line. Each refund line item is a row of its own, whether it comes
inside an order or by itself, so that it counts once. https://shopify.dev/docs/api/webhooks
"""

from __future__ import annotations

from datetime import datetime

from core.connect.feeds.derive import Pair, Sums, Unsayable
from core.connect.feeds.mapping import Bad, Row
from core.connect.feeds.webhooks.body import (
    Json,
    Level,
    Said,
    fen,
    moment,
    objects,
    require_home,
    stamp,
    text,
    units,
)

TOPICS = ("orders/create", "orders/updated", "orders/paid", "orders/cancelled", "refunds/create")
LEVELS = frozenset({"inventory_levels/update", "inventory_levels/connect"})
GOODS = frozenset({"products/create", "products/update"})
WITHIN = 999_999  # microseconds: a level tells its moment to the second
PAID = frozenset({"paid", "partially_refunded", "refunded"})


def read(topic: str, document: Json, called_at: datetime | None = None) -> Said:
    """What a delivery that was called at that moment says. `ignored`: a code where it is about nothing that we count (a test order, another topic).
    Unsayable where the whole body says nothing that can be counted: another currency, no time of change."""
    said = Said()
    if topic in LEVELS:
        said.levels.append(_level(document, called_at))
    elif topic in GOODS:
        said.items = _items(document)
    elif topic not in TOPICS:
        said.ignored = "connect.other_topic"
    elif document.get("test") is True:
        said.ignored = "connect.test_order"
    elif topic == "refunds/create":
        _refund(said, document, _goods(document), text(document, "order_id"), None)
    else:
        _order(said, document)
    return said


def _level(level: Json, called_at: datetime | None) -> Level:
    """What a location may still sell. Unsayable("connect.cell.quantity") of goods whose stock nobody counts."""
    at, item, location = (
        moment(level, "updated_at"),
        text(level, "inventory_item_id"),
        text(level, "location_id"),
    )
    if at is None or not item or not location:
        raise Unsayable("connect.cell.at" if at is None else "connect.cell.key")
    changed = stamp(at)
    if called_at is not None:
        changed = min(max(changed, stamp(called_at)), changed + WITHIN)
    return Level(item, location, units(level, "available"), changed)


def _items(product: Json) -> dict[str, str]:
    """Inventory item -> merchant code of the variants that have one."""
    variants = objects(product.get("variants"))
    return {text(one, "inventory_item_id"): text(one, "sku") for one in variants if text(one, "sku")}


def _order(said: Said, order: Json) -> None:
    require_home(text(order, "currency"))
    changed = moment(order, "updated_at") or moment(order, "created_at")
    at = moment(order, "created_at")
    if changed is None or at is None:
        raise Unsayable("connect.cell.at")
    included = order.get("taxes_included") is not False
    goods = {text(line, "id"): text(line, "sku") for line in objects(order.get("line_items"))}
    for line in objects(order.get("line_items")):
        said.rows["orders"].append(_line(order, line, at, changed, included=included))
    for refund in objects(order.get("refunds")):
        _refund(said, refund, goods | _goods(refund), text(order, "id"), included)


def _line(order: Json, line: Json, at: datetime, changed: datetime, *, included: bool) -> Row | Bad:
    key = text(line, "id")
    try:
        quantity, amount = units(line, "quantity"), _amount(line, included=included)
        if not text(line, "sku"):
            raise Unsayable("connect.no_sku")
        cancelled_at = moment(order, "cancelled_at")
    except Unsayable as fault:
        return Bad(key, stamp(changed), fault.code, text(line, "name") or text(line, "title"))
    ordered, moments = Pair(quantity, amount), {"order": at, "pay": changed}
    if cancelled_at is not None:
        ordered, moments = Pair(quantity, amount, quantity, amount), moments | {"cancel": cancelled_at}
    paid = Pair(quantity, amount) if text(order, "financial_status") in PAID else Pair()
    customer = order.get("customer")
    buyer = text(customer, "id") if isinstance(customer, dict) else ""
    channel = text(order, "source_name")
    return Row(
        key,
        text(order, "id"),
        text(line, "sku"),
        buyer,
        channel,
        stamp(changed),
        changed,
        Sums(ordered, paid),
        moments,
    )


def _amount(line: Json, *, included: bool) -> int:
    off = sum(fen(one, "amount") for one in objects(line.get("discount_allocations")))
    tax = 0 if included else sum(fen(one, "price") for one in objects(line.get("tax_lines")))
    return fen(line, "price") * units(line, "quantity") - off + tax


def _goods(refund: Json) -> dict[str, str]:
    """Merchant code by line item, as the refund's own lines carry them."""
    lines = [one.get("line_item") for one in objects(refund.get("refund_line_items"))]
    return {text(one, "id"): text(one, "sku") for one in lines if isinstance(one, dict)}


def _refund(said: Said, refund: Json, goods: dict[str, str], order_id: str, included: bool | None) -> None:
    """The rows of a refund; one without lines is refused, as nobody knows what it was for."""
    at = moment(refund, "processed_at") or moment(refund, "created_at")
    if at is None:
        raise Unsayable("connect.cell.at")
    lines = objects(refund.get("refund_line_items"))
    back = sum(
        fen(one, "amount")
        for one in objects(refund.get("transactions"))
        if text(one, "kind") == "refund" and text(one, "status") == "success"
    )
    for one in objects(refund.get("transactions")):
        require_home(text(one, "currency"))
    if not lines:
        if back:
            said.rows["refunds"].append(
                Bad(text(refund, "id"), stamp(at), "connect.refund_without_line", order_id)
            )
        return
    with_tax = _with_tax(lines, back) if included is None else not included
    for line in lines:
        said.rows["refunds"].append(_refunded(line, goods, order_id, at, with_tax))


def _with_tax(lines: list[Json], back: int) -> bool | None:
    """Whether a refund's tax comes on top of its subtotals: what really went back says so; None where it does not."""
    subtotal, tax = sum(fen(one, "subtotal") for one in lines), sum(fen(one, "total_tax") for one in lines)
    if not tax or back == subtotal:
        return False
    return True if back == subtotal + tax else None


def _refunded(
    line: Json, goods: dict[str, str], order_id: str, at: datetime, with_tax: bool | None
) -> Row | Bad:
    key, sku_code = text(line, "id"), goods.get(text(line, "line_item_id"), "")
    try:
        if with_tax is None:
            raise Unsayable("connect.refund_unclear")
        if not sku_code:
            raise Unsayable("connect.no_sku")
        amount = fen(line, "subtotal") + (fen(line, "total_tax") if with_tax else 0)
        back = Sums(pay=Pair(0, 0, units(line, "quantity"), amount))
    except Unsayable as fault:
        return Bad(key, stamp(at), fault.code, order_id)
    return Row(key, order_id, sku_code, "", "", stamp(at), at, back, {"refund": at})
