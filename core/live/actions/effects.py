"""What an act changes in this application: one field of one SKU or two, so that taking it back is setting the field
to what it was.

Everything here happens inside the caller's transaction and goes through the package that owns the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor
from core.database import keyed, read
from core.database.types import Record
from core.errors import ShopError
from core.goods import structure
from core.live.actions import advice
from core.live.ledger.series import SKU_KIND
from core.pricing.changes import prices
from core.warmup.flash_sale import service
from core.warmup.storefront import marks

FIELDS = {
    "cap": "limit",
    "take_down": "off_sale",
    "swap": "tier",
    "raise_price": "sale_price",
    "cut_price": "sale_price",
    "add_goods": "entered",
}
Values = dict[str, object]  # by sku_code; plain, as JSON keeps them


@dataclass(frozen=True, slots=True)
class Act:
    """One act on one SKU as it was advised: its units, the proposed price (fen, prices only), and why."""

    act: str
    sku_code: str
    units: int = 0
    price: int | None = None
    partner: str = ""
    note: str = ""


def seen(connection: Connection, campaign_id: str, field: str, codes: Sequence[str]) -> Values:
    """A field as it stands. limit, off_sale: the page's marks; tier, sale_price: of the goods structure (None
    outside it); entered: [row version, events of the sale] of SKUs in the structure, so that a row that was
    edited or has sold is another one."""
    if field in marks.UNMARKED:
        marked = marks.standing(connection, campaign_id)
        return {code: marked.get(code, marks.UNMARKED)[field] for code in codes}
    rows = structure.standing(connection, campaign_id, codes)
    if field == "entered":
        ordered = _ordered(connection, campaign_id, codes)
        rows["entered"] = [
            [int(version), ordered.get(str(code), 0)] for code, version in rows["version"].items()
        ]
    values = rows[field].astype(object).to_dict()
    return {code: _plain(values.get(code)) for code in codes}


class Change(NamedTuple):
    """A field and its new values; "entered" by any value, and None takes the SKU out."""

    field: str
    values: Values


def put(connection: Connection, actor: Actor, campaign_id: str, change: Change, now: datetime) -> None:
    """Sets a field."""
    field, values = change
    if field in marks.UNMARKED:
        for code, value in values.items():
            marks.mark(connection, actor, campaign_id, code, now, **{field: value})
    elif field == "entered":
        for code, value in values.items():
            (structure.remove if value is None else structure.add)(
                connection, actor, campaign_id, [code], now
            )
    elif values:
        rows = structure.standing(connection, campaign_id, list(values))
        strangers = sorted(set(values) - set(rows.index))
        if strangers:
            raise ShopError("goods.not_in_campaign", codes=strangers)
        versions = rows["version"].reindex(list(values))
        if field == "sale_price":
            wanted = pd.DataFrame({"sale_price": pd.Series(values, dtype="Int64"), "version": versions})
            prices.change(connection, actor, campaign_id, wanted, now)
        else:
            changes = pd.DataFrame({"key": list(values), "field": field, "after": list(values.values())})
            numbers = {code: int(versions[code]) for code in values}
            structure.change(connection, actor, campaign_id, structure.Cells(changes, numbers), now)


def do(
    connection: Connection, actor: Actor, campaign_id: str, chosen: Act, now: datetime
) -> dict[str, Values]:
    """Does an act; returns what it `set` and what `was` before, by SKU ({} for acts that set no field).

    ShopError("live.nothing_locked" | "live.no_partner" | "live.no_price" | "live.stands_already"), or what
    the owning package refuses.
    """
    if chosen.act == "release" and not service.release(
        connection, actor, campaign_id, chosen.sku_code, chosen.units, now
    ):
        raise ShopError("live.nothing_locked", sku_code=chosen.sku_code)
    if chosen.act not in FIELDS:
        return {"was": {}, "set": {}}
    field, wanted = FIELDS[chosen.act], _wanted(connection, campaign_id, chosen)
    before = seen(connection, campaign_id, field, list(wanted))
    put(connection, actor, campaign_id, Change(field, wanted), now)
    after = seen(connection, campaign_id, field, list(wanted))
    if after == before:
        raise ShopError("live.stands_already", sku_code=chosen.sku_code)
    return {"was": before, "set": after}


def undo(
    connection: Connection, actor: Actor, campaign_id: str, made: Mapping[str, Any], now: datetime
) -> dict[str, Values]:
    """Sets the field of a decision back to what it was; returns as `do`. The caller has seen that it still
    `stands`."""
    was, put_then = made["figures"]["was"], made["figures"]["set"]
    put(connection, actor, campaign_id, Change(FIELDS[made["act"]], was), now)
    return {"was": put_then, "set": was}


def standing(connection: Connection, campaign_id: str, made: Sequence[Record]) -> list[dict[str, object]]:
    """Of decisions that were not taken back, newest first, those whose fields are all as they set them; where
    two set the same field of a SKU, only the later one can be, so that the way back is the way there."""
    touched = [[(FIELDS[row["act"]], code) for code in row["figures"]["set"]] for row in made]
    codes: dict[str, dict[str, None]] = {}
    for field, code in chain.from_iterable(touched):
        codes.setdefault(field, {})[code] = None
    now = {field: seen(connection, campaign_id, field, list(named)) for field, named in codes.items()}
    left, later = [], set[tuple[str, str]]()
    for row, places in zip(made, touched, strict=True):
        if later.isdisjoint(places) and all(
            now[field][code] == row["figures"]["set"][code] for field, code in places
        ):
            left.append(row)
        later.update(places)
    return left


def _wanted(connection: Connection, campaign_id: str, chosen: Act) -> Values:
    field, code = FIELDS[chosen.act], chosen.sku_code
    if field == "tier":
        return _swapped(connection, campaign_id, code, chosen.partner)
    if field == "sale_price" and chosen.price is None:
        raise ShopError("live.no_price", sku_code=code)
    return {code: {"limit": advice.CAP, "off_sale": True, "sale_price": chosen.price, "entered": True}[field]}


def _swapped(connection: Connection, campaign_id: str, code: str, partner: str) -> Values:
    """The partner takes the SKU's tier, the SKU becomes regular."""
    tiers = seen(connection, campaign_id, "tier", [code, partner])
    if not partner or None in tiers.values():
        raise ShopError("live.no_partner", sku_code=code)
    return {code: "regular", partner: "main_push" if tiers[code] == "regular" else tiers[code]}


def _ordered(connection: Connection, campaign_id: str, codes: Sequence[str]) -> dict[str, int]:
    """Events of the sale by SKU: deposits, orders and payments."""
    t = SKU_KIND.c
    of_sale = (t.campaign_id == campaign_id, t.kind.in_(("order", "deposit", "pay")))
    query = select(t.sku_code, t.events).where(*of_sale, keyed(t.sku_code, codes, connection))
    sums = read(connection, query).groupby("sku_code")["events"].sum()
    return {str(code): int(events) for code, events in sums.items()}


def _plain(value: Any) -> object:
    """As JSON keeps it: missing as None, numbers as Python's own."""
    if isinstance(value, list):
        return value
    return None if pd.isna(value) else value.item() if hasattr(value, "item") else value
