"""One delivery of a shop system: its signature, its number, its rows, in one transaction before the answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, select

from core.connect import journal, ringing
from core.connect.feeds import address, book, posting
from core.connect.feeds.book import Feed
from core.connect.feeds.derive import Pair, Sums, Unsayable
from core.connect.feeds.mapping import Bad, Layout, Row
from core.connect.feeds.webhooks import generic, levels, shopify, woocommerce, youzan
from core.connect.feeds.webhooks.body import Said, stamp
from core.connect.tables import feed_delivery
from core.database import Database
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.plain_text import printable

KEPT = timedelta(days=30)
LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class Headers:
    """How a system signs and numbers its deliveries."""

    signature: str
    delivery: str
    topic: str
    called_at: str = ""


SYSTEMS: Mapping[str, Headers] = {
    "shopify": Headers(
        "x-shopify-hmac-sha256", "x-shopify-webhook-id", "x-shopify-topic", "x-shopify-triggered-at"
    ),
    "woocommerce": Headers("x-wc-webhook-signature", "x-wc-webhook-delivery-id", "x-wc-webhook-topic"),
    "youzan": Headers("", "", ""),  # all of it stands in the body
    "generic": Headers("x-signature-sha256", "x-delivery-id", "x-topic"),
}
PING = b"webhook_id="  # of WooCommerce


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a delivery: "taken" | "repeated" | "ignored" | "refused" | "paused"; rows that count now and rows
    refused; the reason's code."""

    state: str
    rows: int = 0
    refused: int = 0
    code: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    system: str = ""  # whose call it is


def take(db: Database, source: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Answer:
    """Verifies and books one delivery; on disk when this returns. What its sender cannot mend by sending it again is
    no refusal of the request: it is kept and told here. ShopError("live.bad_signature")."""
    with db.reading() as connection:
        feed = next(iter(book.feeds(connection, source)), None)
        used = journal.kept(connection, source)
    if feed is not None and _is_ping(feed, body):
        return Answer("ignored", code="connect.ping", system=feed.system)
    names = _verified(feed, headers, body, now)
    assert feed is not None  # noqa: S101 - an unknown source has no signature that fits
    if used.paused:
        raise ShopError("connect.is_paused")
    topic, number = headers.get(names.topic, ""), headers.get(names.delivery, "")
    if feed.system == "youzan":
        push = youzan.envelope(body)
        topic, number = str(push.get("type", "")), youzan.number_of(push)
    topic, number = (
        printable(topic, LONGEST_ID),
        printable(number, LONGEST_ID) or hashlib.sha256(body).hexdigest(),
    )
    with db.writing() as connection:
        one_at_a_time(connection, f"connect:{source}")
        if _came_before(connection, source, number):
            return Answer("repeated", system=feed.system)
        answer = _booked(connection, feed, (topic, headers.get(names.called_at, "")), body, now)
        _keep(connection, feed, number, topic, answer, now)
    return replace(answer, system=feed.system)


def _is_ping(feed: Feed, body: bytes) -> bool:
    """Whether a system asks if anybody is here, before it signs anything."""
    if feed.system == "youzan":
        return youzan.is_test(youzan.envelope(body))
    return feed.system == "woocommerce" and body.startswith(PING)


def _verified(feed: Feed | None, headers: Mapping[str, str], body: bytes, now: datetime) -> Headers:
    """ShopError("live.bad_signature") unless one of the source's secrets signed these very bytes; an unknown source
    costs the same time."""
    names = SYSTEMS.get(feed.system if feed is not None else "", SYSTEMS["generic"])
    secrets = _secrets(feed, now) if feed is not None and feed.system in SYSTEMS else []
    tried = secrets or ["nobody"]
    if feed is not None and feed.system == "youzan":
        signed = youzan.is_signed(youzan.envelope(body), tried)
    else:
        theirs = headers.get(names.signature, "").encode()
        right = [base64.b64encode(hmac.digest(one.encode(), body, hashlib.sha256)) for one in tried]
        signed = any(hmac.compare_digest(one, theirs) for one in right)
    if not signed or not secrets:
        raise ShopError("live.bad_signature")
    return names


def _secrets(feed: Feed, now: datetime) -> list[str]:
    """The secrets that count now: the newest, and for a time the one before it."""
    before = feed.sealed_before if feed.before_until is not None and now < feed.before_until else ""
    return [address.opened(one) for one in (feed.sealed, before) if one]


def _came_before(connection: Connection, source: str, number: str) -> bool:
    c = feed_delivery.c
    query = select(c.delivery_id).where(c.source == source, c.delivery_id == number)
    return connection.scalar(query) is not None


def _booked(
    connection: Connection, feed: Feed, called: tuple[str, str], body: bytes, now: datetime
) -> Answer:
    """The rows of a body into every book. `called`: its topic and the moment of the call as its headers have them."""
    try:
        said = _said(feed, *called, body)
    except Unsayable as fault:
        return Answer("refused", code=fault.code, refused=1)
    if said.ignored:
        return Answer("ignored", code=said.ignored)
    if said.gone_order:
        gone = book.mark_order_gone(connection, feed.source, said.gone_order)
        return Answer("taken", code="connect.gone" if gone else "", facts={"rows": gone})
    if said.levels or said.items:
        return _stocked(connection, feed, said, now)
    rows, refused, codes = 0, 0, list[str]()
    for kind, lines in _completed(connection, feed, said).items():
        batch = posting.Batch(feed.source, kind, f"source:{feed.source}", now, newest_only=True)
        campaign_id = str(feed.settings.get("campaign_id", ""))
        tally = posting.post(connection, batch, lines, campaign_id=campaign_id)
        rows, refused, codes = (
            rows + tally.fresh + tally.changed,
            refused + tally.refused,
            codes + tally.codes,
        )
        lag = None
        if tally.newest is not None:
            lag = max(0, book.epoch_ms(now) - book.epoch_ms(tally.newest))
        book.arrived(connection, feed.source, tally.fresh, lag, now)
        levels.touch(connection, feed, {row.sku_code for row in lines if isinstance(row, Row)})
    return Answer("taken", rows, refused, next(iter(codes), ""))


def _stocked(connection: Connection, feed: Feed, said: Said, now: datetime) -> Answer:
    """What a body says of stock: levels, and which goods items are. The scheduler makes stock of it."""
    learnt = levels.learn(connection, feed, said.items)
    kept, why = levels.keep(connection, feed, said.levels)
    if kept:
        book.arrived(connection, feed.source, kept, None, now)
    return Answer("taken", learnt + kept, int(bool(why)), why)


def _completed(connection: Connection, feed: Feed, said: Said) -> Mapping[str, list[Row | Bad]]:
    """The rows of a body with what only our books know: the lines of an order that was closed, the goods of a refund
    that names a line alone."""
    rows = {kind: list(lines) for kind, lines in said.rows.items()}
    if said.closed_order is not None:
        order_id, at = said.closed_order
        known = book.lines_of_order(connection, feed.source, order_id)
        rows["orders"] += [_closed(key, line, at) for key, line in known.items() if not line.sums.pay.up]
    if said.refund_lines:
        known = book.lines(connection, feed.source, "orders", said.refund_lines.values())
        rows["refunds"] = [
            _with_goods(row, known.get(said.refund_lines.get(row.key, ""))) for row in rows["refunds"]
        ]
    return rows


def _closed(key: str, line: book.Line, at: datetime) -> Row:
    """A line of which nothing was paid, cancelled whole."""
    order = line.sums.order
    sums = Sums(Pair(order.up, order.up_fen, order.up, order.up_fen), line.sums.pay)
    return Row(key, line.order_id, line.sku_code, "", "", stamp(at), at, sums, {"cancel": at})


def _with_goods(row: Row | Bad, line: book.Line | None) -> Row | Bad:
    if isinstance(row, Bad):
        return row
    if line is None:
        return Bad(row.key, row.changed, "connect.refund_without_line", row.order_id)
    return row._replace(sku_code=line.sku_code)


def _said(feed: Feed, topic: str, called_at: str, body: bytes) -> Said:
    """What the body says. Unsayable("connect.bad_body") where it is no JSON object."""
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unsayable("connect.bad_body") from None
    if not isinstance(document, dict):
        raise Unsayable("connect.bad_body")
    if feed.system == "shopify":
        return shopify.read(topic, document, _moment(called_at))
    if feed.system == "woocommerce":
        return woocommerce.read(topic, document)
    if feed.system == "youzan":
        return youzan.read(document, feed.timezone)
    if "layout" not in feed.settings:
        raise Unsayable("connect.not_mapped")
    return generic.read(
        Layout(**feed.settings["layout"]), str(feed.settings.get("lines", "")), document, feed.timezone
    )


def _moment(text: str) -> datetime | None:
    """The moment that a header says; None where it says none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _keep(connection: Connection, feed: Feed, number: str, topic: str, answer: Answer, now: datetime) -> None:
    """Writes a delivery down, tells of what was refused, and forgets the oldest."""
    c = feed_delivery.c
    facts = dict(answer.facts) | {"rows": answer.rows, "refused": answer.refused}
    row = {
        "source": feed.source,
        "delivery_id": number,
        "topic": topic,
        "state": answer.state,
        "code": answer.code,
    }
    connection.execute(feed_delivery.insert().values(**row, facts=facts, at=now))
    connection.execute(feed_delivery.delete().where(c.source == feed.source, c.at < now - KEPT))
    if answer.refused:
        ringing.ring_feed(connection, feed.source, "feed_rows", ShopError(answer.code), now)
    if answer.code == "connect.gone":
        ringing.ring_feed(connection, feed.source, "feed_gone", ShopError(answer.code, **answer.facts), now)
