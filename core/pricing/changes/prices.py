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
from core.imports.versioned import VersionedTable, images, keep_images, refuse_later, row_states, unsettled
from core.money import LARGEST_PRICE
from core.pricing import queries
from core.pricing.changes.campaigns import with_campaign
from core.pricing.tables import bundle_part

_JOINT = "\x1f"


PRICES = VersionedTable(
    campaign_sku, "sku_code", ("sale_price",), unknown="price.not_in_campaign", conflict="price.edit_conflict"
)


def compare_prices(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The price sheet against the campaign's prices; a SKU that is not in the campaign refuses its row."""
    return PRICES.compare(connection, sheet, with_campaign(connection, context))


def write_prices(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Writes the changed sale prices. What they mean is judged afresh whenever anybody looks."""
    PRICES.write(connection, comparison, with_campaign(connection, context))


def set_prices(db: Database, actor: Actor, campaign_id: str, changed: pd.DataFrame, *, now: datetime) -> int:
    """Saves sale prices: index sku_code, sale_price (fen, Int64; missing takes it away) and the `version`
    seen. Returns how many moved. ShopError("price.edit_conflict" | "price.bad_number")."""
    allow(actor, "price.edit")
    with db.writing() as connection:
        return change(connection, actor, campaign_id, changed, now)


def change(
    connection: Connection, actor: Actor, campaign_id: str, changed: pd.DataFrame, now: datetime
) -> int:
    """As `set_prices`, inside the caller's transaction."""
    if not changed["sale_price"].dropna().between(0, LARGEST_PRICE).all():
        raise ShopError("price.bad_number", fields=["sale_price"])
    context = Context("", actor, now, campaign_id=campaign_id)
    before = PRICES.editable(connection, changed["version"], context)
    moves = PRICES.save(connection, before, changed[["sale_price"]].astype("Int64"), context)
    moves = moves.drop(columns="field")
    if len(moves):
        facts = moves.astype(object).where(moves.notna(), None).head(500).to_dict("records")
        audit.record(
            connection, actor, now, "price.edit", campaign_id, None, {"count": len(moves), "changes": facts}
        )
    return len(moves)


def compare_bundles(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The parts of bundles against those that stand; a bundle that is its own part refuses its row. Blank
    cells cannot occur: all columns are required."""
    target = with_campaign(connection, context)
    own = sheet["sku_code"] == sheet["part_code"]
    rejected = sheets.refuse(
        sheet[own], context.sheet, "part_code", "price.own_part", sheet["part_code"][own]
    )
    parts = sheet[~own].set_index(sheet["sku_code"][~own] + "/" + sheet["part_code"][~own])
    current = queries.bundles(connection, target.campaign_id)
    before = (
        current.set_index(current["sku_code"] + "/" + current["part_code"])["quantity"]
        .reindex(parts.index)
        .astype("Int64")
    )
    moved = (before != parts["quantity"]).fillna(True).to_numpy(bool)
    state = row_states(parts.index, before.notna(), moved)
    changes = sheets.changes(before[before.notna()].to_frame("quantity"), parts[before.notna()], ["quantity"])
    return Comparison(
        parts.assign(key=parts.index, state=state),
        changes,
        rejected if len(rejected) else pd.DataFrame(columns=list(REJECTED)),
    )


def write_bundles(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Writes added and changed parts; each leaves how it stood for taking the import back, None where it did
    not."""
    target = with_campaign(connection, context)
    rows = unsettled(comparison)
    if rows.empty:
        return
    parts = rows[["sku_code", "part_code", "quantity"]].assign(
        campaign_id=target.campaign_id, changed_by=target.import_id
    )
    parts = parts.set_axis(_part_keys(parts))
    before = _parts(connection, target.campaign_id, parts["sku_code"].unique()).reindex(parts.index)
    keep_images(connection, target.import_id, parts.index, before)
    upsert(connection, bundle_part, parts)


def revert_bundles(connection: Connection, import_id: str, context: Context) -> None:  # noqa: ARG001 - the shape of every revert
    """Every part as it was; parts that the import added leave. ShopError("import.later_change") when a later
    file has restated one."""
    before = images(connection, import_id)
    names = before.index.str.split(_JOINT, expand=True)
    codes = names.get_level_values(1)
    now = _parts(connection, str(names[0][0]), codes.unique()).reindex(before.index)
    refuse_later(import_id, now["changed_by"].set_axis(codes + "/" + names.get_level_values(2)))
    connection.execute(delete(bundle_part).where(bundle_part.c.changed_by == import_id))
    insert(
        connection,
        bundle_part,
        pd.DataFrame(before.dropna().tolist(), columns=[c.name for c in bundle_part.columns]),
    )


def _parts(connection: Connection, campaign_id: str, codes: Iterable[str]) -> pd.DataFrame:
    """The stored parts of these bundles, every column, indexed by key."""
    mine = (bundle_part.c.campaign_id == campaign_id) & keyed(bundle_part.c.sku_code, codes, connection)
    parts = read(connection, select(bundle_part).where(mine))
    return parts.set_axis(_part_keys(parts))


def _part_keys(parts: pd.DataFrame) -> pd.Index:
    return pd.Index(parts["campaign_id"] + _JOINT + parts["sku_code"] + _JOINT + parts["part_code"])
