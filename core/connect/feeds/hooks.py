"""What the administration page asks of shop systems that call: a new one, what a body of any sender means, what came."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pandas as pd
from sqlalchemy import select

from core.access import Actor, allow, audit
from core.connect import journal
from core.connect.feeds import address, book
from core.connect.feeds.derive import Unsayable
from core.connect.feeds.mapping import OPTIONAL as OPTIONAL
from core.connect.feeds.mapping import REQUIRED as REQUIRED
from core.connect.feeds.mapping import Bad, Layout, guessed
from core.connect.feeds.setup import NAME
from core.connect.feeds.webhooks import generic, levels
from core.connect.feeds.webhooks.deliveries import SYSTEMS as SYSTEMS
from core.connect.tables import connect_feed, feed_delivery
from core.database import Database, read
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.plain_text import printable
from core.settings import settings

KIND = "orders"
BOTH_COUNT = timedelta(days=7)  # how long the secret before the newest one counts
BODIES = Path(__file__).parent / "webhooks" / "samples"
WEIDIAN = {
    "key": "id",
    "order_id": "/message.order_id",
    "sku_code": "sku_merchant_code",
    "quantity": "quantity",
    "amount": "total_price",
    "at": "/message.add_time",
    "changed": "/message.pay_time",  # it tells no time of change: what is paid counts, what is not is refused
    "paid_at": "/message.pay_time",
    "buyer": "/message.buyer_info.buyer_id",
}
SAMPLES: Mapping[str, tuple[str, Mapping[str, str]]] = {"weidian": ("message.items", WEIDIAN)}
"""Systems whose form is known from public code but whose signature is not: the list of lines and what says what, in
a body of ours beside. They are mapped like any sender's."""
PAIR = re.compile(r"(\d+)\s*[\s,，;=]\s*(\S.*)")
SECRET_BYTES, LONGEST_SECRET = 32, 256


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample body has: lists that may be an order's lines, paths to single values, and which of them most
    likely says what."""

    lists: list[str] = field(default_factory=list)
    lines: str = ""
    paths: list[str] = field(default_factory=list)
    usual: dict[str, str] = field(default_factory=dict)


def door(source: str) -> str:
    """The address that the shop system calls."""
    return f"{settings().public_url.rstrip('/')}/api/v1/hooks/{source}"


def add(db: Database, actor: Actor, source: str, system: str, secret: str, now: datetime) -> str:
    """A new system that calls. Its signing secret is kept sealed: the one that the system gave, or for any other
    sender a new one, which is returned this once. ShopError("connect.bad_name" | "connect.source_exists" |
    "connect.no_secret")."""
    allow(actor, "settings.manage")
    if not NAME.fullmatch(source) or source in journal.OWN or system not in SYSTEMS:
        raise ShopError("connect.bad_name", source=source)
    ours = secrets.token_hex(SECRET_BYTES) if system == "generic" else ""
    if not ours and not 8 <= len(secret.strip()) <= LONGEST_SECRET:
        raise ShopError("connect.no_secret")
    with db.writing() as connection:
        book.require_free(connection, source)
        row = {
            "source": source,
            "system": system,
            "sealed": address.sealed(ours or secret.strip()),
            "timezone": settings().timezone,
            "settings": {},
            "created_at": now,
            "account": actor.name,
        }
        connection.execute(connect_feed.insert().values(**row))
        journal.keep(connection, source, looked_at=now)
        audit.record(connection, actor, now, "source.add", source, None, {"system": system})
    return ours


def rotate(db: Database, actor: Actor, source: str, secret: str, now: datetime) -> str:
    """A new signing secret; the one before it counts for a week more, so that nothing is lost while the other side
    changes over. For a generic sender the new secret is made here and returned this once.
    ShopError("connect.unknown_source" | "connect.no_secret")."""
    allow(actor, "settings.manage")
    with db.writing() as connection:
        feed = book.feed(connection, source)
        ours = secrets.token_hex(SECRET_BYTES) if feed.system == "generic" else ""
        if feed.system not in SYSTEMS or (not ours and not 8 <= len(secret.strip()) <= LONGEST_SECRET):
            raise ShopError("connect.no_secret")
        until = now + BOTH_COUNT
        sealed = address.sealed(ours or secret.strip())
        book.change(connection, source, sealed=sealed, sealed_before=feed.sealed, before_until=until)
        facts = {"before_until": until.isoformat()}
        audit.record(connection, actor, now, "source.rotate", source, None, facts)
    return ours


def retire(db: Database, actor: Actor, source: str, now: datetime) -> None:
    """Only the newest secret counts from now on. ShopError("connect.unknown_source")."""
    allow(actor, "settings.manage")
    with db.writing() as connection:
        feed = book.feed(connection, source)
        book.change(connection, source, sealed_before="", before_until=None)
        before = {"before_until": feed.before_until.isoformat() if feed.before_until else ""}
        audit.record(connection, actor, now, "source.retire", source, before, None)


def both_until(db: Database, actor: Actor, source: str, now: datetime) -> datetime | None:
    """Until when the secret before the newest one counts; None where one alone does."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        until = book.feed(connection, source).before_until
    return until if until is not None and until > now else None


def shipped_sample(actor: Actor, name: str) -> tuple[str, Sample]:
    """A body of a system that has no door of its own, and what it means. ShopError("connect.bad_body")."""
    allow(actor, "settings.manage")
    if name not in SAMPLES:
        raise ShopError("connect.bad_body")
    text, (lines, usual) = (BODIES / f"{name}.json").read_text("utf-8"), SAMPLES[name]
    return text, replace(sample_of(actor, text, lines), usual=dict(usual))


def sample_of(actor: Actor, text: str, lines: str | None = None) -> Sample:
    """What can be mapped of a sample body; `lines`: the list that was chosen, None for the likeliest.
    ShopError("connect.bad_body")."""
    allow(actor, "settings.manage")
    document = _document(text)
    lists = generic.lists(document)
    chosen = lines if lines is not None else next(iter(lists), "")
    paths = generic.paths(document, chosen)
    by_name: dict[str, str] = {}
    for path in reversed(paths):
        by_name[path.strip(generic.ROOT).rpartition(".")[2]] = path
    usual = {name: by_name[column] for name, column in guessed(KIND, list(by_name)).items()}
    return Sample(lists, chosen, paths, usual)


def map_body(
    db: Database, actor: Actor, source: str, layout: Layout, lines: str, text: str, now: datetime
) -> int:
    """Keeps what a sender's bodies mean, after reading the sample by it; the lines that it holds.
    ShopError("connect.unmapped" | "connect.sample" | "connect.no_lines" | "connect.bad_body")."""
    allow(actor, "settings.manage")
    missing = [name for name in REQUIRED[KIND] if not layout.columns.get(name)]
    if missing:
        raise ShopError("connect.unmapped", fields=missing)
    with db.reading() as connection:
        feed = book.feed(connection, source)
    try:
        rows = generic.read(layout, lines, _document(text), feed.timezone).rows[KIND]
    except Unsayable as fault:
        raise ShopError(fault.code) from fault
    bad = next((row for row in rows if isinstance(row, Bad)), None)
    if bad is not None:
        column = layout.columns.get(bad.code.rpartition(".")[2], "")
        raise ShopError("connect.sample", rows=len(rows), column=column, value=bad.value)
    with db.writing() as connection:
        chosen = {"layout": asdict(layout), "lines": lines}
        book.change(connection, source, settings=chosen)
        book.forget_open(connection, source, KIND)
        audit.record(connection, actor, now, "source.put", source, None, {"fields": sorted(layout.columns)})
    return len(rows)


def places(db: Database, actor: Actor, source: str) -> str:
    """The places of a shop system as somebody has named them, one a line."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        named = levels.locations(book.feed(connection, source))
    return "\n".join(f"{number} {name}" for number, name in named.items())


def teach(db: Database, actor: Actor, source: str, places_text: str, items_text: str, now: datetime) -> int:
    """Names the places that a shop system's levels are of, and the merchant codes of its items; levels that waited for
    either are stock within a minute. `places_text`, `items_text`: a number and its name a line; all the places, and
    the items that the system has not told by itself. The items that are news. ShopError("connect.bad_pair")."""
    allow(actor, "settings.manage")
    named, items = _pairs(places_text), _pairs(items_text)
    if len(set(named.values())) < len(named):
        raise ShopError("connect.place_twice")
    with db.writing() as connection:
        one_at_a_time(connection, f"connect:{source}")
        before = book.feed(connection, source)
        feed = replace(before, settings={**before.settings, "locations": named})
        book.change(connection, source, settings=feed.settings)
        learnt = levels.learn(connection, feed, items, by_hand=True)
        levels.rejudge_waiting(connection, feed)
        facts = {"locations": named, "items": len(items)}
        audit.record(
            connection, actor, now, "source.teach", source, {"locations": levels.locations(before)}, facts
        )
    return learnt


def _pairs(text: str) -> dict[str, str]:
    """Number -> name of lines such as "655441491 上海仓"; the line of headers that an export begins with is left out."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and not lines[0][0].isdigit():
        lines = lines[1:]
    matches = [PAIR.fullmatch(line) for line in lines]
    bad = next((line for line, one in zip(lines, matches, strict=True) if one is None), None)
    if bad is not None:
        raise ShopError("connect.bad_pair", line=printable(bad))
    return {one[1]: one[2] for one in matches if one is not None}


def _document(text: str) -> dict[str, object]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ShopError("connect.bad_body") from None
    if not isinstance(document, dict):
        raise ShopError("connect.bad_body")
    return document


def deliveries(db: Database, actor: Actor, source: str, limit: int = 100) -> pd.DataFrame:
    """What came, newest first: delivery_id, topic, state, code, at, rows, refused."""
    allow(actor, "settings.manage")
    c = feed_delivery.c
    query = select(c.delivery_id, c.topic, c.state, c.code, c.facts, c.at).where(c.source == source)
    with db.reading() as connection:
        frame = read(connection, query.order_by(c.at.desc(), c.delivery_id).limit(limit))
    counts = pd.DataFrame(frame.pop("facts").tolist(), index=frame.index)
    return frame.join(counts.reindex(columns=["rows", "refused"]).astype("Int64"))
