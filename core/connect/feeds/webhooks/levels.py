"""The books of stock levels that a shop system tells one location at a time: the newest of each item and location,
which goods an item is, and what keeps a level from being stock. Inside the caller's transaction.

A level is a line of kind "levels" (`item/location`, its units in `ordered`, the location in `order_id`); an item is a
line of kind "items", and which item a merchant code belongs to one of kind "goods_item" (the item in `order_id`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from core.connect.feeds import book
from core.connect.feeds.book import PENDING, Feed, Line
from core.connect.feeds.derive import Pair, Sums
from core.connect.feeds.webhooks.body import Level

LEVELS, ITEMS, GOODS = "levels", "items", "goods_item"
UNKNOWN_ITEM, UNKNOWN_LOCATION = "connect.unknown_item", "connect.unknown_location"
PARTIAL, TWICE = "connect.level_partial", "connect.item_twice"
_NOTHING = Line("", "", "", Sums(), 0, "", "", 0)


def locations(feed: Feed) -> dict[str, str]:
    """The places of a shop system as somebody has named them: its number -> the name on our sheets."""
    return dict(feed.settings.get("locations", {}))


def keep(connection: Connection, feed: Feed, told: Sequence[Level]) -> tuple[int, str]:
    """(levels that are news, the reason why the first of them waits, "" of none). One that is older than what is known
    says nothing."""
    known = book.lines(connection, feed.source, LEVELS, (one.key for one in told))
    goods = book.lines(connection, feed.source, ITEMS, (one.item for one in told))
    news = {one.key: one for one in told if one.changed > known.get(one.key, _NOTHING).changed}
    kept = {
        key: _line(known.get(key, _NOTHING), one, goods.get(one.item, _NOTHING), locations(feed))
        for key, one in news.items()
    }
    book.keep_lines(connection, feed.source, LEVELS, kept)
    again = {key: line.code for key, line in known.items()}  # what waited before is not told again
    return len(kept), next(
        (one.code for key, one in kept.items() if one.code not in (PENDING, again.get(key))), ""
    )


def _line(before: Line, level: Level, goods: Line, places: Mapping[str, str]) -> Line:
    units = Sums(Pair(level.available))
    line = before._replace(order_id=level.location, sums=units, changed=level.changed, step=before.step + 1)
    return _judged(line, goods, places)


def _judged(line: Line, goods: Line, places: Mapping[str, str]) -> Line:
    """A level with what is known of its goods and its place now."""
    code = goods.code or (PENDING if goods.sku_code else UNKNOWN_ITEM)
    if code == PENDING and line.order_id not in places:
        code = UNKNOWN_LOCATION
    return line._replace(sku_code=goods.sku_code, code=code, step=line.step + 1)


def learn(connection: Connection, feed: Feed, items: Mapping[str, str], *, by_hand: bool = False) -> int:
    """Keeps which merchant code an item has; how many are news. A code that another item has too is a doubt on all of
    them, unless somebody says so `by_hand`: then it is the named one's, and the others are no goods any more."""
    known = book.lines(connection, feed.source, ITEMS, items)
    news = {item: code for item, code in items.items() if _is_news(known.get(item), code, by_hand=by_hand)}
    if not news:
        return 0
    codes = {*news.values(), *(known[item].sku_code for item in news if item in known)} - {""}
    every = book.of_goods(connection, feed.source, ITEMS, codes)
    before = dict(every)
    every |= {item: _NOTHING._replace(sku_code=code) for item, code in news.items()}
    owners = dict[str, Line]()
    for code in sorted(codes):
        every |= _settled(
            code, every, [item for item, own in news.items() if own == code and by_hand], owners
        )
    changed = {item: line for item, line in every.items() if line != before.get(item)}
    book.keep_lines(connection, feed.source, ITEMS, changed)
    book.keep_lines(connection, feed.source, GOODS, owners)
    for item, line in changed.items():
        _rejudge(connection, feed, item, line)
    return len(news)


def _is_news(known: Line | None, code: str, *, by_hand: bool) -> bool:
    return known is None or known.sku_code != code or (by_hand and known.code != "")


def _settled(
    code: str, every: Mapping[str, Line], named: Sequence[str], owners: dict[str, Line]
) -> dict[str, Line]:
    """The items of a merchant code, each with its doubt or without; the one that has it goes to `owners`."""
    mine = [item for item, line in every.items() if line.sku_code == code]
    if named:
        owners[code] = _NOTHING._replace(sku_code=code, order_id=named[-1])
        return {
            item: _NOTHING._replace(sku_code=code if item == named[-1] else "", gone=2 * (item != named[-1]))
            for item in mine
        }
    if len(mine) == 1:
        owners[code] = _NOTHING._replace(sku_code=code, order_id=mine[0])
    return {item: _NOTHING._replace(sku_code=code, code=TWICE if len(mine) > 1 else "") for item in mine}


def _rejudge(connection: Connection, feed: Feed, item: str, goods: Line) -> None:
    """The levels of an item with what is known now; of one that is no goods any more they say nothing."""
    places, out = locations(feed), goods.gone == 2
    kept = {
        key: line._replace(code="", sku_code="") if out else _judged(line, goods, places)
        for key, line in book.beginning(connection, feed.source, LEVELS, f"{item}/").items()
    }
    book.keep_lines(connection, feed.source, LEVELS, kept)


def rejudge_waiting(connection: Connection, feed: Feed) -> None:
    """Every level that waits, after somebody has named places."""
    waiting = book.coded(connection, feed.source, LEVELS)
    goods = book.lines(connection, feed.source, ITEMS, {key.partition("/")[0] for key in waiting})
    places = locations(feed)
    kept = {
        key: _judged(line, goods.get(key.partition("/")[0], _NOTHING), places)
        for key, line in waiting.items()
    }
    book.keep_lines(connection, feed.source, LEVELS, kept)


def touch(connection: Connection, feed: Feed, codes: Iterable[str]) -> None:
    """Levels of these goods are compared again: an order has come that they may hold already."""
    if not locations(feed):
        return
    owners = book.lines(connection, feed.source, GOODS, codes)
    keys = [f"{one.order_id}/{place}" for one in owners.values() for place in locations(feed)]
    known = book.lines(connection, feed.source, LEVELS, keys) if keys else {}
    again = {
        key: line._replace(code=PENDING, step=line.step + 1) for key, line in known.items() if not line.code
    }
    book.keep_lines(connection, feed.source, LEVELS, again)
