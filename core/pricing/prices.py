"""Sale prices and bundles written: from an edited price sheet, from the screen, in bulk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, delete, select

from core.access import Actor, allow, audit
from core.database import Database, insert, keyed, read, upsert
from core.errors import ShopError
from core.goods.tables import campaign_sku
from core.imports import rules as sheets
from core.imports.kinds import REJECTED, Comparison, Context
from core.imports.tables import import_change
from core.money import LARGEST_PRICE
from core.pricing import standing
from core.pricing.by_sku import BySku, put
from core.pricing.campaigns import with_campaign
from core.pricing.tables import bundle_part

_JOINT = "\x1f"


def _store(connection: Connection, before: pd.DataFrame, after: pd.DataFrame, context: Context) -> None:  # noqa: ARG001 - the shape of every store
    put(connection, campaign_sku, after, context, context.import_id or context.actor.name)


PRICES = BySku(campaign_sku, ("sale_price",), grows=False, store=_store)


def compare_prices(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The price sheet against the campaign's prices; a SKU that is not in the campaign refuses its row."""
    return PRICES.compare(connection, sheet, with_campaign(connection, context))


def write_prices(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Writes the changed sale prices. What they mean is judged afresh whenever anybody looks."""
    PRICES.write(connection, comparison, with_campaign(connection, context))


def revert_prices(connection: Connection, import_id: str, context: Context) -> None:
    """Takes a price import back."""
    PRICES.revert(connection, import_id, context)


def set_prices(db: Database, actor: Actor, campaign_id: str, changed: pd.DataFrame, *, now: datetime) -> int:
    """Saves sale prices: index sku_code, sale_price (fen, Int64; missing takes it away) and the `version` seen. Returns how many moved.

    ShopError("price.edit_conflict" | "price.bad_number").
    """
    allow(actor, "price.edit")
    with db.writing() as connection:
        return change(connection, actor, campaign_id, changed, now)


def change(connection: Connection, actor: Actor, campaign_id: str, changed: pd.DataFrame, now: datetime) -> int:
    """As `set_prices`, inside the caller's transaction."""
    if not changed["sale_price"].dropna().between(0, LARGEST_PRICE).all():
        raise ShopError("price.bad_number", fields=["sale_price"])
    moves = PRICES.edit(connection, changed, Context("", actor, now, campaign_id=campaign_id)).drop(columns="field")
    if len(moves):
        facts = moves.astype(object).where(moves.notna(), None).head(500).to_dict("records")
        audit.record(connection, actor, now, "price.edit", campaign_id, None, {"count": len(moves), "changes": facts})
    return len(moves)


def compare_bundles(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The parts of bundles against those that stand; a bundle that is its own part refuses its row. Blank cells cannot occur: all columns are required."""
    place = with_campaign(connection, context)
    own = sheet["sku_code"] == sheet["part_code"]
    rejected = sheets.refuse(sheet[own], context.sheet, "part_code", "price.own_part", sheet["part_code"][own])
    told = sheet[~own].set_index(sheet["sku_code"][~own] + "/" + sheet["part_code"][~own])
    stood = standing.bundles(connection, place.campaign_id)
    before = stood.set_index(stood["sku_code"] + "/" + stood["part_code"])["quantity"].reindex(told.index).astype("Int64")
    moved = (before != told["quantity"]).fillna(True).to_numpy(bool)
    state = pd.Series("unchanged", index=told.index).mask(moved, "changed").mask(before.isna(), "added")
    changes = sheets.changes(before[before.notna()].to_frame("quantity"), told[before.notna()], ["quantity"])
    return Comparison(
        told.assign(key=told.index, state=state), changes, rejected if len(rejected) else pd.DataFrame(columns=list(REJECTED))
    )


def write_bundles(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Writes added and changed parts; each leaves how it stood for taking the import back, None where it did not."""
    place = with_campaign(connection, context)
    rows = comparison.rows[comparison.rows["state"].isin(["added", "changed"])]
    if rows.empty:
        return
    parts = rows[["sku_code", "part_code", "quantity"]].assign(campaign_id=place.campaign_id, changed_by=place.import_id)
    parts = parts.set_axis(_part_keys(parts))
    stood = _parts(connection, place.campaign_id, parts["sku_code"].unique()).to_dict("index")
    images = [stood.get(key) for key in parts.index]
    insert(connection, import_change, pd.DataFrame({"import_id": place.import_id, "key": parts.index, "before": images}))
    upsert(connection, bundle_part, parts)


def revert_bundles(connection: Connection, import_id: str, context: Context) -> None:  # noqa: ARG001 - the shape of every revert
    """Every part as it was; parts that the import added leave. ShopError("import.later_change") when a later file has restated one."""
    saved = read(connection, select(import_change.c.key, import_change.c.before).where(import_change.c.import_id == import_id))
    names = saved["key"].str.split(_JOINT, expand=True)
    now = _parts(connection, str(names[0].iloc[0]), names[1].unique()).reindex(saved["key"])
    later = now[now["changed_by"] != import_id]
    if len(later):
        bundle, part = str(later.index[0]).split(_JOINT)[1:]
        by = str(later["changed_by"].iloc[0])
        raise ShopError("import.later_change", import_id=import_id, key=f"{bundle}/{part}", count=len(later), by=by)
    connection.execute(delete(bundle_part).where(bundle_part.c.changed_by == import_id))
    insert(
        connection, bundle_part, pd.DataFrame(saved["before"].dropna().tolist(), columns=[c.name for c in bundle_part.columns])
    )


def _parts(connection: Connection, campaign_id: str, codes: Iterable[str]) -> pd.DataFrame:
    """The stored parts of these bundles, every column, indexed by key."""
    mine = (bundle_part.c.campaign_id == campaign_id) & keyed(bundle_part.c.sku_code, codes, connection)
    parts = read(connection, select(bundle_part).where(mine))
    return parts.set_axis(_part_keys(parts))


def _part_keys(parts: pd.DataFrame) -> pd.Index:
    return pd.Index(parts["campaign_id"] + _JOINT + parts["sku_code"] + _JOINT + parts["part_code"])
