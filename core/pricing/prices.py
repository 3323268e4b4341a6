"""Sale prices and bundles written: from an edited price sheet, from the screen, in bulk."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, delete, select

from core.access import Actor, allow, audit
from core.database import Database, insert, read, upsert
from core.errors import ShopError
from core.goods.tables import campaign_sku
from core.imports import rules as sheets
from core.imports.kinds import REJECTED, Comparison, Context
from core.imports.tables import import_change
from core.pricing import standing
from core.pricing.by_sku import BySku, put
from core.pricing.campaigns import with_campaign
from core.pricing.tables import bundle_part


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
    if (changed["sale_price"].dropna() < 0).any():
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
    """Writes the parts; each named bundle's parts before are kept for taking the import back."""
    place = with_campaign(connection, context)
    rows = comparison.rows[comparison.rows["state"].isin(["added", "changed"])]
    if rows.empty:
        return
    before = standing.bundles(connection, place.campaign_id)
    parts = {code: part[["part_code", "quantity"]].to_dict("records") for code, part in before.groupby("sku_code")}
    bundles = rows["sku_code"].unique()
    images = [{"parts": parts.get(code, [])} for code in bundles]
    insert(
        connection,
        import_change,
        pd.DataFrame(
            {"import_id": place.import_id, "key": [f"{place.campaign_id}/{code}" for code in bundles], "before": images}
        ),
    )
    upsert(connection, bundle_part, rows[["sku_code", "part_code", "quantity"]].assign(campaign_id=place.campaign_id))


def revert_bundles(connection: Connection, import_id: str, context: Context) -> None:  # noqa: ARG001 - the shape of every revert
    """The parts of every bundle that the import named, as they were before it."""
    saved = read(connection, select(import_change.c.key, import_change.c.before).where(import_change.c.import_id == import_id))
    for key, image in zip(saved["key"], saved["before"], strict=True):
        campaign_id, code = key.split("/", 1)
        connection.execute(delete(bundle_part).where(bundle_part.c.campaign_id == campaign_id, bundle_part.c.sku_code == code))
        insert(
            connection,
            bundle_part,
            pd.DataFrame(image["parts"], columns=["part_code", "quantity"]).assign(campaign_id=campaign_id, sku_code=code),
        )
