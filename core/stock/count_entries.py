"""Counted sheets: compared with what was entered before, entered, and taken out again."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, delete, select, update

from core.database import keyed, read, upsert
from core.goods.tables import sku
from core.imports import rules as compared
from core.imports.kinds import REJECTED, Comparison, Context
from core.imports.versioned import images, keep_images, later_change, refuse_later, row_states, unsettled
from core.stock import ledger
from core.stock.counts import NewCount, head_of, judged, post_differences, snapshot
from core.stock.tables import stock_count, stock_count_entry, stock_count_line


def compare_count(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """A counted sheet against what was entered before. Rows of a closed or unknown count, or of SKUs outside
    it, are refused."""
    entered = _keyed(sheet)
    open_ids = _open_counts(connection, entered["count_id"])
    line = stock_count_line.c
    lines = read(
        connection, select(line.count_id, line.sku_code).where(keyed(line.count_id, open_ids, connection))
    )
    shop = set(
        connection.scalars(
            select(sku.c.sku_code).where(
                keyed(sku.c.sku_code, entered["sku_code"], connection), sku.c.retired_at.is_(None)
            )
        )
    )
    closed = (entered["count_id"] != "") & ~entered["count_id"].isin(open_ids)
    pairs = pd.MultiIndex.from_frame(entered[["count_id", "sku_code"]])
    outside = ~closed & (entered["count_id"] != "") & ~pairs.isin(pd.MultiIndex.from_frame(lines))
    unknown = (entered["count_id"] == "") & ~entered["sku_code"].isin(shop)
    refused = [
        (closed, "count_id", "stock.count_closed", "count_id"),
        (outside, "sku_code", "stock.outside_count", "sku_code"),
        (unknown, "sku_code", "stock.unknown_sku", "sku_code"),
    ]
    rejected = [
        compared.refuse(entered[where], context.sheet, name, code, entered.loc[where, value])
        for where, name, code, value in refused
        if where.any()
    ]
    good = entered[~(closed | outside | unknown)]
    entries = read(
        connection, select(stock_count_entry).where(keyed(stock_count_entry.c.count_id, open_ids, connection))
    )
    before = entries.assign(key=_key(entries)).set_index("key")[["counted", "reason"]].reindex(good.index)
    known = before["counted"].notna()
    changed = compared.changes(before[known], good[known], ["counted", "reason"])
    state = row_states(good.index, known, good.index.isin(changed["key"]))
    nothing = pd.DataFrame(columns=list(REJECTED))
    return Comparison(
        good.assign(key=good.index, state=state),
        changed,
        pd.concat(rejected, ignore_index=True) if rejected else nothing,
    )


def _open_counts(connection: Connection, count_ids: pd.Series) -> set[str]:
    """Those of the counts that are still open."""
    ids = [text for text in count_ids.unique() if text]
    c = stock_count.c
    return set(
        connection.scalars(select(c.count_id).where(keyed(c.count_id, ids, connection), c.state == "open"))
    )


def _keyed(sheet: pd.DataFrame) -> pd.DataFrame:
    optional = {
        name: sheet[name].fillna("") if name in sheet else ""
        for name in ("count_id", "location", "counter", "count_reason")
    }
    lines = sheet.assign(**optional).rename(columns={"count_reason": "reason"})
    return lines.set_index(_key(lines))


def _key(rows: pd.DataFrame) -> pd.Series:
    parts = rows[["count_id", "sku_code", "location", "counter"]].astype("str")
    return parts["count_id"].str.cat(parts[["sku_code", "location", "counter"]], sep="|").rename("key")


def write_count(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Enters what was counted. Rows without a snapshot id become a count of this moment that is settled at
    once (or waits for its approval)."""
    rows = unsettled(comparison)
    loose = rows["count_id"] == ""
    if loose.any():
        codes = sorted(rows.loc[loose, "sku_code"].unique())
        fresh = snapshot(connection, context.actor, NewCount(context.sheet, codes, False), context.now)
        rows = rows.assign(count_id=rows["count_id"].mask(loose, fresh))
    columns = ["count_id", "sku_code", "location", "counter", "counted", "reason"]
    if rows.empty:
        return
    _keep_images(connection, rows.set_index(_key(rows)), context)
    upsert(
        connection,
        stock_count_entry,
        rows[columns].assign(counted_at=context.now, import_id=context.import_id).reset_index(drop=True),
    )
    if loose.any():
        head = head_of(connection, fresh)
        if (judged(connection, head)["state"] != "disputed").all():
            post_differences(connection, context.actor, head, context.now)


def _keep_images(connection: Connection, rows: pd.DataFrame, context: Context) -> None:
    """A sheet's rows (indexed by key) as they stood before it, for its undo; None for a row that it adds."""
    entry = stock_count_entry
    entries = read(
        connection, select(entry).where(keyed(entry.c.count_id, set(rows["count_id"]), connection))
    )
    before = entries.assign(counted_at=entries["counted_at"].astype("str")).set_axis(_key(entries))
    keep_images(connection, context.import_id, rows.index, before.reindex(rows.index))


def _restore_images(connection: Connection, import_id: str) -> None:
    """An import's rows as they stood before it. ShopError("import.later_change") where another sheet has
    changed one since."""
    entry = stock_count_entry
    kept = images(connection, import_id)
    ids = {key.split("|", 1)[0] for key in kept.index}
    entries = read(connection, select(entry).where(keyed(entry.c.count_id, ids, connection)))
    entries = entries[_key(entries).isin(kept.index)]
    refuse_later(import_id, entries.set_index("sku_code")["import_id"])
    connection.execute(delete(entry).where(entry.c.import_id == import_id))
    before = pd.DataFrame(kept.dropna().tolist())
    if len(before):
        upsert(connection, entry, before.assign(counted_at=pd.to_datetime(before["counted_at"], utc=True)))


def revert_count(connection: Connection, import_id: str, context: Context) -> None:
    """Takes counted rows out again, changed ones back to what they were; an adjustment that they led to is
    taken back too, unless its SKUs have moved since.
    """
    entry = stock_count_entry.c
    ids = set(connection.scalars(select(entry.count_id).where(entry.import_id == import_id)))
    heads = read(
        connection,
        select(stock_count).where(
            keyed(stock_count.c.count_id, ids, connection), stock_count.c.state == "adjusted"
        ),
    )
    for count_id, name in zip(heads["count_id"], heads["name"], strict=True):
        others = connection.scalars(
            select(entry.import_id).where(entry.count_id == count_id, entry.import_id != import_id)
        ).first()
        if others is not None:
            raise later_change(import_id, str(name), by=str(others))
        ledger.refuse_later(connection, ledger.of_source(connection, count_id)["sku_code"].tolist(), count_id)
        ledger.take_back(
            connection, count_id, undo_id=context.import_id, account=context.actor.name, now=context.now
        )
        connection.execute(
            update(stock_count).where(stock_count.c.count_id == count_id).values(state="cancelled")
        )
    _restore_images(connection, import_id)
