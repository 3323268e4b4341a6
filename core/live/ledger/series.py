"""The numbers of running sums: one whole number for (campaign, kind, day) in the keys of the books that every
batch writes widely.

A key that begins with three texts is compared text by text at each step down the tree, and repeats them in
each row. Readers see the books with those words back in place.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Subquery, Table, select

from core.database.rows import append, find
from core.live.tables import person_seen, sale_series, sale_sku_kind, sale_sku_minute

Series = tuple[str, int]  # a kind of event and 0, or the role of a person and the ordinal of the business day


def numbers(connection: Connection, campaign_id: str, wanted: Collection[Series]) -> dict[Series, int]:
    """The numbers of one campaign's series, the `wanted` ones among them; new ones are entered (the caller is
    the only writer)."""
    mine = find(connection, sale_series, ("kind", "day", "series_id"), {}, "campaign_id", [campaign_id])
    known = {(kind, day): number for kind, day, number in mine}
    new = sorted(set(wanted) - known.keys())
    if not new:
        return known
    append(connection, sale_series, new, ("kind", "day"), {"campaign_id": campaign_id})
    return numbers(connection, campaign_id, wanted)


def _named(book: Table) -> Subquery:
    words = (sale_series.c.campaign_id, sale_series.c.kind, sale_series.c.day)
    own = [column for column in book.columns if column.name != "series_id"]
    return select(*words, *own).join(book, book.c.series_id == sale_series.c.series_id).subquery(book.name)


SKU_KIND, SKU_MINUTE, PEOPLE = _named(sale_sku_kind), _named(sale_sku_minute), _named(person_seen)
"""The books to read from: campaign_id, kind (of `PEOPLE`: the role), day, and the book's own columns."""
