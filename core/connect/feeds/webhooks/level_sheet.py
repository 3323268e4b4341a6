"""What the locations of a shop system may still sell, as one sheet of stock through the same import as an upload.

A location tells what is left when it tells it: orders that its system had by then are off already. Our books take
orders off themselves, in the moment in which they come in. So on hand is what is left and what our books keep for
somebody, less what was ordered after the last telling: whatever comes first, an order or its level, counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from core.connect.feeds import book
from core.connect.feeds.book import PENDING, Feed, Line, Stream
from core.connect.feeds.database.reader import Cursor
from core.connect.feeds.mapping import Layout
from core.connect.feeds.sheets import imported, kept_waiting, rests, written
from core.connect.feeds.webhooks.levels import LEVELS, PARTIAL, locations
from core.database import Database
from core.live.ledger import backorders
from core.live.ledger.asked_after import asked_after
from core.stock import ledger
from core.stock import locations as places
from core.stock.location_rules import counting
from core.stock.rules import PROMISED

EVERY = timedelta(seconds=30)
KIND = "stock"
FIELDS = ("sku_code", "on_hand", "location")


@dataclass(frozen=True, slots=True)
class Compared:
    """The levels that were looked at: `lines` as they were read, `partial` those whose SKU has a place without a
    level, and the rows of the sheet (SKU, units on hand, place) of the SKUs that differ from our books."""

    lines: Mapping[str, Line]
    partial: frozenset[str]
    rows: list[tuple[str, int, str]]


def take(db: Database, feed: Feed, streams: Iterable[Stream], now: datetime) -> int:
    """Levels that are stock now; 0 where none has come, or half a minute has not gone by.
    ShopError("connect.sheet_waits") where a person is needed: said again until it is answered."""
    stream = next(iter(streams), Stream(feed.source, Layout(KIND, {}), {}, Cursor(), Cursor(), None, ""))
    if rests(stream, KIND, EVERY, now):
        return 0
    with db.reading() as connection:
        comparison = compared(connection, feed, now)
    if not comparison.lines and not stream.digest:
        return 0
    with kept_waiting(db, stream, now):
        if comparison.rows:
            imported(db, feed.source, KIND, sheet(comparison), now)
            backorders.fill(db, now)  # what was ordered before its level came is free to nobody
    with db.writing() as connection:
        book.keep_stream(connection, replace(stream, swept_at=now, digest=""))
        return _settle(connection, feed, comparison)


def sheet(comparison: Compared) -> bytes:
    """The rows as the csv that a person would have uploaded."""
    return written(KIND, FIELDS, comparison.rows)


def compared(connection: Connection, feed: Feed, now: datetime) -> Compared:
    """The levels that wait, beside our books."""
    waiting = book.coded(connection, feed.source, LEVELS, PENDING, PARTIAL)
    if not waiting:
        return Compared({}, frozenset(), [])
    items = {key.partition("/")[0]: line.sku_code for key, line in waiting.items()}
    named = locations(feed)
    every = book.lines(
        connection, feed.source, LEVELS, [f"{item}/{place}" for item in items for place in named]
    )
    lying = _lying(connection, set(items.values()))
    whole: dict[str, dict[str, Line]] = {}
    partial: set[str] = set()
    for item, code in items.items():
        levels_at = {
            name: every[f"{item}/{place}"] for place, name in named.items() if f"{item}/{place}" in every
        }
        if _is_whole(levels_at, named.values(), lying.get(code)):
            whole[code] = levels_at
        else:
            partial |= {key for key in waiting if key.partition("/")[0] == item}
    return Compared(waiting, frozenset(partial), _rows(connection, feed, whole, lying, now))


def _lying(connection: Connection, codes: set[str]) -> dict[str, dict[str, int]]:
    """SKU -> place -> units, as the last sheet said that named places."""
    frame = places.breakdowns(connection, sorted(codes))[["sku_code", "location", "units"]]
    out: dict[str, dict[str, int]] = {}
    for code, place, units in frame[frame["location"] != ""].itertuples(index=False):
        of_code = out.setdefault(code, {})
        of_code[place] = of_code.get(place, 0) + int(units)
    return out


def _is_whole(told: Mapping[str, Line], named: Iterable[str], lying: Mapping[str, int] | None) -> bool:
    """Whether every place that can hold units of a SKU has told its level: a place that is silent holds none where a
    sheet has said where the SKU lies and did not name it."""
    silent = [name for name in named if name not in told]
    return not silent or (lying is not None and not any(lying.get(name) for name in silent))


def _rows(
    connection: Connection,
    feed: Feed,
    whole: Mapping[str, Mapping[str, Line]],
    lying: Mapping[str, Mapping[str, int]],
    now: datetime,
) -> list[tuple[str, int, str]]:
    """SKU, units on hand and place of the SKUs whose stock is not what their levels say."""
    if not whole:
        return []
    last = {code: max(one.changed for one in told.values()) for code, told in whole.items()}
    orders = book.orders_since(connection, feed.source, last, min(last.values()))
    later = asked_after(connection, feed.source, orders, {code: at // 1000 for code, at in last.items()})
    short = backorders.short(connection, sorted(whole), now)
    positions = ledger.positions(connection, sorted(whole))
    kept = positions[list(PROMISED)].sum(axis=1).to_dict()
    counts = counting(list(locations(feed).values()), places.rules(connection), {})
    rows: list[tuple[str, int, str]] = []
    for code, told in sorted(whole.items()):
        more = kept.get(code, 0) + short.get(code, 0) - later.get(code, 0)
        units = _spread(told, int(more), counts)
        stands = int(positions["on_hand"].get(code, 0)) if code in positions.index else None
        if stands != sum(n for name, n in units.items() if counts[name]) or lying.get(code) != units:
            rows += [(code, n, name) for name, n in units.items()]
    return rows


def _spread(told: Mapping[str, Line], more: int, counts: Mapping[str, bool]) -> dict[str, int]:
    """Place -> units on hand: what is left there, and at the place that told last what is kept for somebody."""
    units = {name: line.sums.order.up for name, line in told.items()}
    selling = [name for name in told if counts[name]]
    if selling:
        units[max(selling, key=lambda name: told[name].changed)] += more
    return units


def _settle(connection: Connection, feed: Feed, comparison: Compared) -> int:
    """Says of the levels that were looked at what became of them, where nothing has come since; how many are stock."""
    now = book.lines(connection, feed.source, LEVELS, comparison.lines)
    same = {key: line for key, line in comparison.lines.items() if now.get(key) == line}
    kept = {
        key: line._replace(code=PARTIAL if key in comparison.partial else "") for key, line in same.items()
    }
    book.keep_lines(
        connection, feed.source, LEVELS, {key: line for key, line in kept.items() if line != same[key]}
    )
    return sum(not line.code for line in kept.values())
