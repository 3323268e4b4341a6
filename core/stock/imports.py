"""A stock sheet against the ledger: compared, written as movements, taken back by the opposite movements."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from core.goods.service import SKUS
from core.goods.tables import sku
from core.imports import rules as compared
from core.imports.kinds import Comparison, Context
from core.stock import ledger, rules
from core.stock.rules import LEVELS


def compare_stock(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """Levels now against levels in the sheet; unknown codes are added to the master with what the sheet says of them."""
    told = sheet.set_index(pd.Index(sheet["sku_code"], dtype=object))
    live = pd.Index(connection.scalars(select(sku.c.sku_code).where(sku.c.retired_at.is_(None))).all(), dtype=object)
    standing = ledger.positions(connection)
    before = standing.reindex(told.index).fillna(0).astype("int64")
    after = rules.target_levels(told, before)
    days = _days(told)
    in_shop = told.index.isin(live)
    known = in_shop & told.index.isin(standing.index)
    changed = compared.changes(before[known], after[known], LEVELS)
    if "expected_on" in told:
        changed = pd.concat([changed, _redated(_arriving(connection, after, days)[0], changed, days[known])], ignore_index=True)
    moves = pd.Series(told.index.isin(changed["key"]), index=told.index)
    state = pd.Series(np.select([~known, moves], ["added", "changed"], "unchanged"), index=told.index, dtype="str")
    if "row_version" in told:
        stale = moves & told["row_version"].notna() & (told["row_version"].fillna(0) != before["version"]).astype(bool)
        decided = pd.Series(told.index.map(dict(context.decisions)), index=told.index)
        state = state.mask(stale & decided.isna(), "conflict").mask(stale & (decided == "keep"), "unchanged")
    master = told[[name for name in SKUS.fields if name in told]]
    rows = after.join(master).assign(key=told.index, state=state, row=told["row"], expected_on=days, in_shop=in_shop)
    return Comparison(rows, changed, absent=tuple(live[~live.isin(told.index)]), strange=len(live) > 0 and not in_shop.any())


def write_stock(connection: Connection, comparison: Comparison, context: Context) -> None:
    """New codes into the master, differences into the ledger."""
    rows = comparison.rows[comparison.rows["state"].isin(["added", "changed"])]
    if rows.empty:
        return
    strangers = rows[~rows["in_shop"]]
    if len(strangers):
        SKUS.introduce(connection, strangers, context)
    before = ledger.positions(connection).reindex(rows.index).fillna(0).astype("int64")
    moved = rows[list(LEVELS)] - before[list(LEVELS)]
    first, more = _arriving(connection, rows, rows["expected_on"], where=(moved["in_transit"] != 0) | (rows["expected_on"] != ""))
    first = first.set_index("sku_code").reindex(rows.index)
    moved = moved.assign(
        sku_code=rows.index, in_transit=first["quantity"].fillna(0).astype("int64"), expected_on=first["expected_on"].fillna("")
    )
    posted = pd.concat([moved, ledger.wide(more.assign(state="in_transit"))], ignore_index=True) if len(more) else moved
    ledger.post_wide(
        connection,
        posted,
        source_id=context.import_id,
        cause="import",
        account=context.actor.name,
        now=context.now,
        also=rows.index,
    )


def _arriving(
    connection: Connection, after: pd.DataFrame, days: pd.Series, where: pd.Series | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The arrivals that move, each SKU's first and the others (`rules.arrival_movements`)."""
    told = after[["in_transit"]].assign(expected_on=days)
    moved = rules.arrival_movements(told if where is None else told[where], ledger.arrivals(connection))
    again = moved.duplicated("sku_code")
    return moved[~again], moved[again]


def revert_stock(connection: Connection, import_id: str, context: Context) -> None:
    """Posts the opposite of everything the import moved; refuses when one of its SKUs has moved since."""
    moved = ledger.of_source(connection, import_id)
    added = connection.scalars(select(sku.c.sku_code).where(sku.c.added_by == import_id)).all()
    ledger.refuse_later(connection, [*moved["sku_code"].unique(), *added], import_id)
    ledger.take_back(connection, import_id, undo_id=context.import_id, account=context.actor.name, now=context.now)
    SKUS.withdraw(connection, import_id, context)


def _days(told: pd.DataFrame) -> pd.Series:
    """Expected days as ISO text, "" where the sheet is silent."""
    if "expected_on" not in told:
        return pd.Series("", index=told.index, dtype="str")
    return told["expected_on"].map(lambda day: "" if pd.isna(day) else str(day)[:10]).astype("str")


def _redated(arriving: pd.DataFrame, changed: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    """Arrivals whose date moves while their sum stays: a change of its own, for the eye."""
    summed = set(changed.loc[changed["field"] == "in_transit", "key"])
    moved = arriving[~arriving["sku_code"].isin(summed) & arriving["sku_code"].isin(days.index) & (arriving["quantity"] < 0)]
    before = moved.set_index("sku_code")["expected_on"]
    return pd.DataFrame(
        {"key": before.index, "field": "expected_on", "before": before.to_numpy(), "after": days.reindex(before.index).to_numpy()}
    )
