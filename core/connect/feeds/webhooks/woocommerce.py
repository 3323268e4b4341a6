"""WooCommerce's order bodies. Pure.

A line's `total` is after discounts and without tax, so its tax is added. An order's body names its refunds by amount
alone: of an order with one line they are that line's; of one that is refunded whole, every line's; any other is
refused, as the body does not say for which goods. https://woocommerce.github.io/woocommerce-rest-api-docs/
"""

from __future__ import annotations

from datetime import datetime

from core.connect.feeds.derive import Pair, Sums, Unsayable
from core.connect.feeds.mapping import Bad, Row
from core.connect.feeds.webhooks.body import (
    Json,
    Said,
    fen,
    moment,
    objects,
    require_home,
    stamp,
    text,
    units,
)

TOPICS = ("order.created", "order.updated", "order.restored", "order.deleted")
GONE = frozenset({"cancelled", "failed", "trash"})
DRAFTS = frozenset({"checkout-draft", "auto-draft"})


def read(topic: str, document: Json) -> Said:
    """What a delivery says, as `shopify.read`."""
    said = Said()
    if topic not in TOPICS or text(document, "status") in DRAFTS:
        said.ignored = "connect.other_topic"
    elif topic == "order.deleted":
        said.gone_order = text(document, "id")
    else:
        _order(said, document)
    return said


def _order(said: Said, order: Json) -> None:
    require_home(text(order, "currency"))
    at, changed = moment(order, "date_created_gmt", utc=True), moment(order, "date_modified_gmt", utc=True)
    if at is None or changed is None:
        raise Unsayable("connect.cell.at")
    lines = objects(order.get("line_items"))
    back = -sum(fen(one, "total") for one in objects(order.get("refunds")))
    whole = text(order, "status") == "refunded" or (back > 0 and back == fen(order, "total"))
    for line in lines:
        mine = back if len(lines) == 1 and not whole else 0
        said.rows["orders"].append(_line(order, line, (at, changed), whole=whole, back=mine))
    if back and not whole and len(lines) > 1:
        key = f"refunds of {text(order, 'id')}"
        said.rows["refunds"].append(Bad(key, stamp(changed), "connect.refund_without_line", str(back)))


def _line(
    order: Json, line: Json, moments: tuple[datetime, datetime], *, whole: bool, back: int
) -> Row | Bad:
    at, changed = moments
    key, order_id = text(line, "id"), text(order, "id")
    try:
        quantity, amount = units(line, "quantity"), fen(line, "total") + fen(line, "total_tax")
        if not text(line, "sku"):
            raise Unsayable("connect.no_sku")
        paid_at = moment(order, "date_paid_gmt", utc=True)
    except Unsayable as fault:
        return Bad(key, stamp(changed), fault.code, text(line, "name"))
    ordered, pay, when = Pair(quantity, amount), Pair(), {"order": at, "cancel": changed, "refund": changed}
    if text(order, "status") in GONE:
        ordered = Pair(quantity, amount, quantity, amount)
    if paid_at is not None:
        refunded = (quantity, amount) if whole else (0, min(back, amount))
        pay, when = Pair(quantity, amount, *refunded), when | {"pay": paid_at}
    customer = text(order, "customer_id")
    return Row(
        key,
        order_id,
        text(line, "sku"),
        "" if customer == "0" else customer,
        text(order, "created_via"),
        stamp(changed),
        changed,
        Sums(ordered, pay),
        when,
    )
