"""The goods structure of a campaign: which SKUs take part, with tier, function, price and planned quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, func, select

from core.access import Actor, allow, audit
from core.database import Database, insert, keyed, read, upsert
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.goods.service import known
from core.goods.tables import campaign_sku, sku
from core.imports import rules
from core.imports.kinds import Comparison, Context
from core.imports.tables import LOCK, import_change
from core.money import LARGEST_PRICE, format_fen

TIERS = ("pre_hot", "main_push", "regular", "clearance")
FIELDS = ("tier", "function", "sale_price", "planned_units", "planned_gmv")
_TEXT = ("tier", "function")
AUDITED_ROWS = 50  # more at once is a mass change


def lines(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The structure with the master beside it, one row a SKU that is not retired, sorted by code.

    sku_code, product_id, name, spec, category, brand, function (the campaign's word, else the SKU's own), tier, list_price, unit_cost,
    sale_price, planned_units, planned_gmv (fen; <NA> where not set), version. Costs are included: a service that hands them on asks first.
    """
    master = [sku.c[name] for name in ("product_id", "name", "spec", "category", "brand", "list_price", "unit_cost")]
    own = func.coalesce(func.nullif(campaign_sku.c.function, ""), sku.c.function).label("function")
    mine = [campaign_sku.c[name] for name in ("tier", "sale_price", "planned_units", "planned_gmv", "version")]
    query = select(campaign_sku.c.sku_code, *master, own, *mine).join(sku, sku.c.sku_code == campaign_sku.c.sku_code)
    return read(
        connection, query.where(campaign_sku.c.campaign_id == campaign_id, sku.c.retired_at.is_(None)).order_by(sku.c.sku_code)
    )


def promises(connection: Connection, campaign_ids: Sequence[str]) -> pd.DataFrame:
    """What campaigns promise of each SKU: campaign_id, sku_code, planned_units (<NA> unknown), sale_price."""
    columns = [campaign_sku.c[name] for name in ("campaign_id", "sku_code", "planned_units", "sale_price")]
    return read(connection, select(*columns).where(keyed(campaign_sku.c.campaign_id, campaign_ids, connection)))


def standing(connection: Connection, campaign_id: str, codes: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows of the structure as they are stored, indexed by sku_code: FIELDS, version, changed_by."""
    columns = [campaign_sku.c[name] for name in ("sku_code", *FIELDS, "version", "changed_by")]
    query = select(*columns).where(campaign_sku.c.campaign_id == campaign_id)
    if codes is not None:
        query = query.where(keyed(campaign_sku.c.sku_code, codes, connection))
    return read(connection, query).set_index("sku_code")


def enter(db: Database, actor: Actor, campaign_id: str, codes: Sequence[str] | None = None, *, now: datetime) -> int:
    """Puts SKUs into the campaign (None: every live SKU) as regular goods at their list price; returns how many are new.

    ShopError("goods.unknown_sku", codes=[...]) for codes that the shop does not have.
    """
    allow(actor, "goods.structure")
    with db.writing() as connection:
        return add(connection, actor, campaign_id, codes, now)


def add(connection: Connection, actor: Actor, campaign_id: str, codes: Sequence[str] | None, now: datetime) -> int:
    """As `enter`, inside the caller's transaction."""
    one_at_a_time(connection, LOCK)
    query = select(sku.c.sku_code, sku.c.list_price.label("sale_price")).where(sku.c.retired_at.is_(None))
    found = read(connection, query if codes is None else query.where(keyed(sku.c.sku_code, codes, connection)))
    strangers = sorted(set(codes or ()) - set(found["sku_code"]))
    if strangers:
        raise ShopError("goods.unknown_sku", codes=strangers)
    fresh = found[~found["sku_code"].isin(standing(connection, campaign_id).index)]
    if len(fresh):
        insert(connection, campaign_sku, fresh.assign(campaign_id=campaign_id, updated_at=now))
        audit.record(connection, actor, now, "goods.enter", campaign_id, None, {"skus": len(fresh)})
    return len(fresh)


def leave(db: Database, actor: Actor, campaign_id: str, codes: Sequence[str], *, now: datetime) -> int:
    """Takes SKUs out of the campaign; returns how many were in it."""
    allow(actor, "goods.structure")
    with db.writing() as connection:
        return remove(connection, actor, campaign_id, codes, now)


def remove(connection: Connection, actor: Actor, campaign_id: str, codes: Sequence[str], now: datetime) -> int:
    """As `leave`, inside the caller's transaction."""
    one_at_a_time(connection, LOCK)
    before = standing(connection, campaign_id, codes)
    if len(before):
        gone = (campaign_sku.c.campaign_id == campaign_id) & keyed(campaign_sku.c.sku_code, codes, connection)
        connection.execute(delete(campaign_sku).where(gone))
        facts = {"codes": before.index.tolist()[:200], "skus": len(before)}
        audit.record(connection, actor, now, "goods.leave", campaign_id, facts, None)
    return len(before)


def edit(db: Database, actor: Actor, campaign_id: str, changes: pd.DataFrame, seen: Mapping[str, int], *, now: datetime) -> int:
    """Saves edited cells: `changes` has key (SKU), field (one of FIELDS) and after; `seen` the row version that the editor looked at.

    Returns the number of rows. ShopError("goods.edit_conflict", keys=[...]) when one has moved since (nothing is saved),
    "goods.not_in_campaign", "goods.unknown_tier", "goods.negative", "money.too_large".
    """
    allow(actor, "goods.structure")
    with db.writing() as connection:
        return change(connection, actor, campaign_id, changes, seen, now)


def change(
    connection: Connection, actor: Actor, campaign_id: str, changes: pd.DataFrame, seen: Mapping[str, int], now: datetime
) -> int:
    """As `edit`, inside the caller's transaction."""
    _checked(changes)
    one_at_a_time(connection, LOCK)
    codes = list(dict.fromkeys(changes["key"].astype(str)))
    before = standing(connection, campaign_id, codes)
    strangers = [code for code in codes if code not in before.index]
    if strangers:
        raise ShopError("goods.not_in_campaign", codes=strangers)
    moved = [code for code in codes if int(before["version"][code]) != int(seen[code])]
    if moved:
        raise ShopError("goods.edit_conflict", keys=moved)
    after = before[list(FIELDS)].astype(object)
    for name, cells in changes.groupby("field"):
        after.loc[cells["key"], str(name)] = cells["after"].to_numpy(object)
    _store(connection, campaign_id, after, before["version"] + 1, f"edit:{actor.name}", now)
    _told(connection, actor, campaign_id, before, changes, now)
    return len(codes)


def _told(
    connection: Connection, actor: Actor, campaign_id: str, before: pd.DataFrame, changes: pd.DataFrame, now: datetime
) -> None:
    """Each edited row in the audit trail with its values; a mass change (accepted suggestions) as one row with its counts."""
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


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value.item() if hasattr(value, "item") else value


def _store(
    connection: Connection, campaign_id: str, rows: pd.DataFrame, version: pd.Series, by: pd.Series | str, now: datetime
) -> None:
    """Rows indexed by SKU, FIELDS in them, written whole."""
    full = rows[list(FIELDS)].assign(campaign_id=campaign_id, version=version, changed_by=by, updated_at=now)
    full["tier"], full["function"] = full["tier"].fillna("regular").replace("", "regular"), full["function"].fillna("")
    upsert(connection, campaign_sku, full.rename_axis("sku_code").reset_index())


def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The structure sheet against the campaign: a blank cell states nothing, an old row version that would change is a conflict."""
    told = sheet.set_index("sku_code")
    before = standing(connection, context.campaign_id)
    here = pd.Series(told.index.isin(list(known(connection, told.index.tolist()))), index=told.index)
    strangers = told[~here]
    rejected = rules.refuse(
        strangers, context.sheet, "sku_code", "goods.unknown_sku", pd.Series(strangers.index, index=strangers.index)
    )
    told = told[here]
    told = _overrides(connection, told)
    aligned, entered = before.reindex(told.index), pd.Series(told.index.isin(before.index), index=told.index)
    after = pd.DataFrame({n: rules.stated(told[n], aligned[n]) if n in told else aligned[n] for n in FIELDS}, index=told.index)
    changed = rules.changes(aligned[entered], after[entered], FIELDS)
    moves = pd.Series(told.index.isin(changed["key"]), index=told.index)
    state = pd.Series("unchanged", index=told.index, dtype="str").mask(moves, "changed").mask(~entered, "added")
    if "row_version" in told:
        stale = moves & told["row_version"].notna() & (told["row_version"].fillna(0) != aligned["version"].fillna(0)).astype(bool)
        decided = pd.Series(told.index.map(dict(context.decisions)), index=told.index)
        state = state.mask(stale & decided.isna(), "conflict").mask(stale & (decided == "keep"), "unchanged")
    rows = after.assign(key=told.index, state=state, row=told["row"])
    absent = tuple(before.index[~before.index.isin(told.index)])
    return Comparison(rows, changed, rejected, absent, strange=bool(len(before)) and not entered.any())


def _overrides(connection: Connection, told: pd.DataFrame) -> pd.DataFrame:
    """A function that only repeats the SKU's own states nothing: it stays the SKU's."""
    if "function" not in told:
        return told
    query = select(sku.c.sku_code, sku.c.function).where(keyed(sku.c.sku_code, told.index.tolist(), connection))
    own = read(connection, query).set_index("sku_code")["function"].reindex(told.index)
    return told.assign(function=told["function"].astype(object).mask(told["function"] == own, ""))


def write(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Adds and changes rows; each changed row leaves its before-image for undo, each added one the mark that it was not there."""
    if not context.campaign_id:
        raise ShopError("import.no_campaign")
    rows = comparison.rows[comparison.rows["state"].isin(["added", "changed"])]
    if rows.empty:
        return
    before = standing(connection, context.campaign_id, rows["key"].tolist())
    images = before.astype(object).where(before.notna(), None).reindex(rows["key"])
    told = [image if key in before.index else None for key, image in zip(rows["key"], images.to_dict("records"), strict=True)]
    insert(
        connection, import_change, pd.DataFrame({"import_id": context.import_id, "key": rows["key"].to_numpy(), "before": told})
    )
    version = rows["key"].map(before["version"]).fillna(0).astype("int64") + 1
    _store(connection, context.campaign_id, rows, version, context.import_id, context.now)


def revert(connection: Connection, import_id: str, context: Context) -> None:
    """Every row as it was; rows that the import added leave. ShopError("import.later_change") when one was touched since."""
    images = read(connection, select(import_change.c.key, import_change.c.before).where(import_change.c.import_id == import_id))
    now = standing(connection, context.campaign_id, images["key"].tolist())
    later = now[now["changed_by"] != import_id]
    if len(later) or len(now) < len(images):
        gone = later.index[0] if len(later) else next(key for key in images["key"] if key not in now.index)
        by = str(later["changed_by"].iloc[0]) if len(later) else ""
        raise ShopError("import.later_change", import_id=import_id, key=str(gone), count=max(len(later), 1), by=by)
    added = images["before"].isna()
    mine = (campaign_sku.c.campaign_id == context.campaign_id) & keyed(
        campaign_sku.c.sku_code, images.loc[added, "key"], connection
    )
    connection.execute(delete(campaign_sku).where(mine))
    back = images[~added]
    if len(back):
        rows = pd.DataFrame(back["before"].tolist(), index=back["key"].to_numpy())
        _store(connection, context.campaign_id, rows, now["version"].reindex(rows.index) + 1, rows["changed_by"], context.now)
