"""有赞's pushed messages. Pure.

A push is a JSON object whose `msg` is URL-encoded JSON; `sign` is the MD5 of client_id, msg and client_secret. Creations and
payments carry the whole order (`full_order_info`), a closing its number alone, a refund its number, its lines and its
money. Amounts are in yuan, moments in the shop's time. A line's amount is what its buyer pays for it. A refund says no
units: its money comes off its one line; one that is for several lines is refused, as it does not say how much of each.
https://doc.youzanyun.com/detail/MSG/199
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import unquote_plus

import orjson

from core import clock
from core.connect.feeds.derive import Pair, Sums, Unsayable
from core.connect.feeds.mapping import Bad, Row
from core.connect.feeds.webhooks.body import Json, Said, fen, objects, stamp, text, units

CLOSED, REFUNDED = "trade_tradeclose", "trade_refund_refundsuccess"


def envelope(body: bytes) -> Json:
    """The push as it came; {} where it is none."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def is_signed(push: Json, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets signed this message."""
    said, theirs = f"{text(push, 'client_id')}{text(push, 'msg')}", text(push, "sign").lower().encode()
    right = [hashlib.md5((said + one).encode(), usedforsecurity=False).hexdigest() for one in secrets]
    return any(hmac.compare_digest(one.encode(), theirs) for one in right)


def is_test(push: Json) -> bool:
    """Whether 有赞 tries the address: such a message says nothing of the shop."""
    return text(push, "test").lower() == "true"


def number_of(push: Json) -> str:
    """What numbers a message: the same however often it is sent; "" where nothing does."""
    own = text(push, "msg_id")
    return own or "/".join(text(push, name) for name in ("type", "id", "status", "version")).strip("/")


def read(push: Json, zone_name: str) -> Said:
    """What a message says, as `shopify.read`."""
    said, topic = Said(), text(push, "type").lower()
    message = envelope(unquote_plus(text(push, "msg")).encode())
    order = message.get("full_order_info")
    if isinstance(order, dict):
        _order(said, order, zone_name)
    elif topic == CLOSED and text(message, "tid"):
        said.closed_order = text(message, "tid"), _moment(message, "update_time", zone_name)
    elif topic == REFUNDED:
        _refund(said, message, zone_name)
    else:
        said.ignored = "connect.other_topic"
    return said


def _order(said: Said, order: Json, zone_name: str) -> None:
    facts = order.get("order_info")
    if not isinstance(facts, dict):
        raise Unsayable("connect.bad_body")
    at = _moment(facts, "created", zone_name)
    paid_at = _moment(facts, "pay_time", zone_name) if text(facts, "pay_time") else None
    changed = _moment(facts, "update_time", zone_name) if text(facts, "update_time") else paid_at or at
    buyer = order.get("buyer_info")
    person = text(buyer, "yz_open_id") or text(buyer, "fans_id") if isinstance(buyer, dict) else ""
    for line in objects(order.get("orders")):
        said.rows["orders"].append(_line(facts, line, person, (at, paid_at, changed)))


def _line(
    facts: Json, line: Json, person: str, moments: tuple[datetime, datetime | None, datetime]
) -> Row | Bad:
    at, paid_at, changed = moments
    key = text(line, "oid")
    try:
        sku_code = text(line, "outer_sku_id") or text(line, "outer_item_id")
        if not sku_code:
            raise Unsayable("connect.no_sku")
        quantity, amount = units(line, "num"), fen(line, "payment")
    except Unsayable as fault:
        return Bad(key, stamp(changed), fault.code, text(line, "title"))
    paid = Pair(quantity, amount) if paid_at is not None else Pair()
    when = {"order": at} | ({"pay": paid_at} if paid_at is not None else {})
    sums = Sums(Pair(quantity, amount), paid)
    return Row(key, text(facts, "tid"), sku_code, person, "youzan", stamp(changed), changed, sums, when)


def _refund(said: Said, message: Json, zone_name: str) -> None:
    """The refund as one row that waits for its goods: the caller knows them by the line's number."""
    at = _moment(message, "update_time", zone_name)
    key, order_id = text(message, "refund_id"), text(message, "tid")
    every = message.get("oids")
    named = (
        [str(one).strip() for one in every] if isinstance(every, list) else text(message, "oids").split(",")
    )
    lines = [one.strip(' []"') for one in named if one.strip(' []"')]
    if len(lines) != 1:
        said.rows["refunds"].append(Bad(key, stamp(at), "connect.refund_without_line", order_id))
        return
    back = Sums(pay=Pair(0, 0, 0, fen(message, "refunded_fee")))
    said.refund_lines[key] = lines[0]
    said.rows["refunds"].append(Row(key, order_id, "", "", "", stamp(at), at, back, {"refund": at}))


def _moment(document: Json, name: str, zone_name: str) -> datetime:
    """A moment of the shop's clock. Unsayable("connect.cell.at")."""
    try:
        read_at = datetime.fromisoformat(text(document, name))
    except ValueError:
        raise Unsayable("connect.cell.at") from None
    return read_at if read_at.tzinfo is not None else read_at.replace(tzinfo=clock.zone(zone_name))
