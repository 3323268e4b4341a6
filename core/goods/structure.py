"""The goods structure of a campaign: which SKUs take part, with tier, function, price and planned
quantity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, func, select

from core.access import Actor, allow, audit
from core.database import Database, insert, keyed, read
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.frames import among
from core.goods.service import known
from core.goods.tables import campaign_sku, sku
from core.imports import rules
from core.imports.kinds import Comparison, Context
from core.imports.tables import LOCK
from core.imports.versioned import VersionedTable
from core.money import LARGEST_PRICE, format_fen
from core.versions import Cells as Cells

TIERS = ("pre_hot", "main_push", "regular", "clearance")
FIELDS = ("tier", "function", "sale_price", "planned_units", "planned_gmv")
_TEXT = ("tier", "function")
AUDITED_ROWS = 50  # more at once is a mass change
ROWS = VersionedTable(campaign_sku, "sku_code", FIELDS, conflict="goods.edit_conflict")


def lines(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The structure with the master beside it, one row a SKU that is not retired, sorted by code.

    sku_code, product_id, name, spec, category, brand, function (the campaign's word, else the SKU's own),
    tier, list_price, unit_cost, sale_price, planned_units, planned_gmv (fen; <NA> where not set), version.
    Costs are included: a service that hands them on asks first.
    """
    master = [
        sku.c[name] for name in ("product_id", "name", "spec", "category", "brand", "list_price", "unit_cost")
    ]
    own = func.coalesce(func.nullif(campaign_sku.c.function, ""), sku.c.function).label("function")
    mine = [
        campaign_sku.c[name] for name in ("tier", "sale_price", "planned_units", "planned_gmv", "version")
    ]
    query = select(campaign_sku.c.sku_code, *master, own, *mine).join(
        sku, sku.c.sku_code == campaign_sku.c.sku_code
    )
    return read(
        connection,
        query.where(campaign_sku.c.campaign_id == campaign_id, sku.c.retired_at.is_(None)).order_by(
            sku.c.sku_code
        ),
    )


def promises(connection: Connection, campaign_ids: Sequence[str]) -> pd.DataFrame:
    """What campaigns promise of each SKU: campaign_id, sku_code, planned_units (<NA> unknown), sale_price."""
    columns = [campaign_sku.c[name] for name in ("campaign_id", "sku_code", "planned_units", "sale_price")]
    return read(
        connection, select(*columns).where(keyed(campaign_sku.c.campaign_id, campaign_ids, connection))
    )


def standing(connection: Connection, campaign_id: str, codes: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows of the structure as they are stored, indexed by sku_code: FIELDS, version, changed_by."""
    return ROWS.rows(connection, campaign_id, codes)


def enter(
    db: Database, actor: Actor, campaign_id: str, codes: Sequence[str] | None = None, *, now: datetime
) -> int:
    """Puts SKUs into the campaign (None: every live SKU) as regular goods at their list price; returns how
    many are new.

    ShopError("goods.unknown_sku", codes=[...]) for codes that the shop does not have.
    """
    allow(actor, "goods.structure")
    with db.writing() as connection:
        return add(connection, actor, campaign_id, codes, now)


def add(
    connection: Connection, actor: Actor, campaign_id: str, codes: Sequence[str] | None, now: datetime
) -> int:
    """As `enter`, inside the caller's transaction."""
    one_at_a_time(connection, LOCK)
    query = select(sku.c.sku_code, sku.c.list_price.label("sale_price")).where(sku.c.retired_at.is_(None))
    known = read(
        connection, query if codes is None else query.where(keyed(sku.c.sku_code, codes, connection))
    )
    strangers = sorted(set(codes or ()) - set(known["sku_code"]))
    if strangers:
        raise ShopError("goods.unknown_sku", codes=strangers)
    fresh = known[~known["sku_code"].isin(standing(connection, campaign_id).index)]
    if len(fresh):
        insert(connection, campaign_sku, fresh.assign(campaign_id=campaign_id, updated_at=now))
        audit.record(connection, actor, now, "goods.enter", campaign_id, None, {"skus": len(fresh)})
    return len(fresh)


def copy(db: Database, actor: Actor, source_id: str, campaign_id: str, *, now: datetime) -> int:
    """Puts the SKUs of another campaign into this one, with tier, function and sale price; what was planned there is not
    taken over. Returns how many are new."""
    allow(actor, "goods.structure")
    with db.writing() as connection:
        return copied(connection, actor, source_id, campaign_id, now)


def copied(connection: Connection, actor: Actor, source_id: str, campaign_id: str, now: datetime) -> int:
    """As `copy`, inside the caller's transaction."""
    one_at_a_time(connection, LOCK)
    kept = ("sku_code", "tier", "function", "sale_price")
    query = select(*(campaign_sku.c[name] for name in kept)).join(
        sku, sku.c.sku_code == campaign_sku.c.sku_code
    )
    rows = read(connection, query.where(campaign_sku.c.campaign_id == source_id, sku.c.retired_at.is_(None)))
    fresh = rows[~rows["sku_code"].isin(standing(connection, campaign_id).index)]
    if len(fresh):
        insert(connection, campaign_sku, fresh.assign(campaign_id=campaign_id, updated_at=now))
        facts = {"skus": len(fresh), "from": source_id}
        audit.record(connection, actor, now, "goods.enter", campaign_id, None, facts)
    return len(fresh)


def leave(db: Database, actor: Actor, campaign_id: str, codes: Sequence[str], *, now: datetime) -> int:
    """Takes SKUs out of the campaign; returns how many were in it."""
    allow(actor, "goods.structure")
    with db.writing() as connection:
        return remove(connection, actor, campaign_id, codes, now)


def remove(
    connection: Connection, actor: Actor, campaign_id: str, codes: Sequence[str], now: datetime
) -> int:
    """As `leave`, inside the caller's transaction."""
    one_at_a_time(connection, LOCK)
    before = standing(connection, campaign_id, codes)
    if len(before):
        gone = (campaign_sku.c.campaign_id == campaign_id) & keyed(campaign_sku.c.sku_code, codes, connection)
        connection.execute(delete(campaign_sku).where(gone))
        facts = {"codes": before.index.tolist()[:200], "skus": len(before)}
        audit.record(connection, actor, now, "goods.leave", campaign_id, facts, None)
    return len(before)


def edit(db: Database, actor: Actor, campaign_id: str, edits: Cells, *, now: datetime) -> int:
    """Saves edited cells: key is the SKU, field one of FIELDS. Returns the number of rows.
    ShopError("goods.edit_conflict", keys=[...]) when one has moved since (nothing is saved),
    "goods.not_in_campaign", "goods.unknown_tier", "goods.negative", "money.too_large"."""
    allow(actor, "goods.structure")
    with db.writing() as connection:
        return change(connection, actor, campaign_id, edits, now)


def change(connection: Connection, actor: Actor, campaign_id: str, edits: Cells, now: datetime) -> int:
    """As `edit`, inside the caller's transaction."""
    changes = edits.changes
    _checked(changes)
    one_at_a_time(connection, LOCK)
    codes = list(dict.fromkeys(changes["key"].astype(str)))
    present = standing(connection, campaign_id, codes).index
    strangers = [code for code in codes if code not in present]
    if strangers:
        raise ShopError("goods.not_in_campaign", codes=strangers)
    context = Context("", actor, now, campaign_id=campaign_id)
    before = ROWS.editable(connection, pd.Series({code: edits.versions[code] for code in codes}), context)
    after = before[list(FIELDS)].astype(object)
    for name, cells in changes.groupby("field"):
        after.loc[cells["key"], str(name)] = cells["after"].to_numpy(object)
    ROWS.stored(connection, before, after.assign(version=before["version"].astype("int64") + 1), context)
    _record(connection, context, before, changes)
    return len(codes)


def _record(connection: Connection, context: Context, before: pd.DataFrame, changes: pd.DataFrame) -> None:
    """Each edited row in the audit trail with its values; a mass change (accepted suggestions) as one row
    with its counts."""
    actor, now, campaign_id = context.actor, context.now, context.campaign_id
    if len(before) > AUDITED_ROWS:
        counts = changes.groupby(["field", changes["after"].astype(str)]).size().head(20)
        facts = {
            "skus": len(before),
            "set": {"=".join(map(str, key)): n for key, n in zip(counts.index, counts.tolist(), strict=True)},
        }
        audit.record(connection, actor, now, "goods.structure", campaign_id, None, facts)
        return
    for code, cells in changes.groupby("key"):
        old = {name: _plain(before[name][code]) for name in cells["field"]}
        new = {name: _plain(value) for name, value in zip(cells["field"], cells["after"], strict=True)}
        audit.record(connection, actor, now, "goods.structure", f"{campaign_id}/{code}", old, new)


def _checked(changes: pd.DataFrame) -> None:
    wrong = set(changes["field"]) - set(FIELDS)
    if wrong:
        raise ShopError("goods.no_such_field", fields=sorted(wrong))
    tiers = changes.loc[changes["field"] == "tier", "after"]
    if not tiers.isin(TIERS).all():
        raise ShopError("goods.unknown_tier", tiers=sorted({str(tier) for tier in tiers[~tiers.isin(TIERS)]}))
    figures = pd.to_numeric(changes.loc[~changes["field"].isin(_TEXT), "after"])
    if (figures < 0).any():
        raise ShopError("goods.negative", keys=changes.loc[figures.index[figures < 0], "key"].tolist())
    dearest = figures[changes["field"] == "sale_price"].max()
    if dearest > LARGEST_PRICE:
        raise ShopError("money.too_large", value=format_fen(int(dearest)))


def _plain(value: Any) -> object:
    return None if pd.isna(value) else value.item() if hasattr(value, "item") else value


def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The structure sheet against the campaign: a blank cell states nothing, an old row version that would
    change is a conflict. A code that the shop does not have refuses its row."""
    live = known(connection, sheet["sku_code"].tolist())
    strangers = sheet[~among(sheet["sku_code"], live)]
    comparison = ROWS.compare(
        connection, _overrides(connection, sheet[among(sheet["sku_code"], live)]), context
    )
    return replace(
        comparison,
        rejected=rules.refuse(
            strangers, context.sheet, "sku_code", "goods.unknown_sku", strangers["sku_code"]
        ),
    )


def _overrides(connection: Connection, sheet: pd.DataFrame) -> pd.DataFrame:
    """A function that only repeats the SKU's own states nothing: it stays the SKU's."""
    if "function" not in sheet:
        return sheet
    query = select(sku.c.sku_code, sku.c.function).where(keyed(sku.c.sku_code, sheet["sku_code"], connection))
    own = read(connection, query).set_index("sku_code")["function"]
    repeats = sheet["function"] == sheet["sku_code"].map(own)
    return sheet.assign(function=sheet["function"].astype(object).mask(repeats, ""))


def write(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Adds and changes rows. ShopError("import.no_campaign")."""
    if not context.campaign_id:
        raise ShopError("import.no_campaign")
    ROWS.write(connection, comparison, context)
