"""A stock sheet against the ledger: compared, written as movements, taken back by the opposite movements."""

from __future__ import annotations

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
    told = sheet.set_index("sku_code")
    live = pd.Index(connection.scalars(select(sku.c.sku_code).where(sku.c.retired_at.is_(None))).all(), dtype="str")
    standing = ledger.positions(connection)
    before = standing.reindex(told.index).fillna(0).astype("int64")
    after = rules.target_levels(told, before)
    days = _days(told)
    arriving = (
        rules.arrival_movements(after[["in_transit"]].assign(expected_on=days), ledger.arrivals(connection))
        if _tells_arrivals(told)
        else None
    )
    known = pd.Series(told.index.isin(standing.index) & told.index.isin(live), index=told.index)
    changed = compared.changes(before[known], after[known], LEVELS)
    if arriving is not None:
        changed = pd.concat([changed, _redated(arriving, changed, days[known])], ignore_index=True)
    moves = pd.Series(told.index.isin(changed["key"]), index=told.index)
    state = pd.Series("unchanged", index=told.index).mask(moves, "changed").mask(~known, "added")
    if "row_version" in told:
        stale = moves & told["row_version"].notna() & (told["row_version"].fillna(0) != before["version"]).astype(bool)
        decided = pd.Series(told.index.map(dict(context.decisions)), index=told.index)
        state = state.mask(stale & decided.isna(), "conflict").mask(stale & (decided == "keep"), "unchanged")
    master = told[[name for name in SKUS.fields if name in told]]
    rows = (
        after[list(LEVELS)]
        .join(master)
        .assign(key=told.index, state=state, row=told["row"], expected_on=days, in_master=told.index.isin(live))
    )
    absent = tuple(live[~live.isin(told.index)])
    return Comparison(rows, changed, absent=absent, strange=len(live) > 0 and not told.index.isin(live).any())


def write_stock(connection: Connection, comparison: Comparison, context: Context) -> None:
    """New codes into the master, differences into the ledger."""
    rows = comparison.rows[comparison.rows["state"].isin(["added", "changed"])]
    strangers = rows[~rows["in_master"]]
    if len(strangers):
        SKUS.introduce(connection, strangers, context)
    after = rows[list(LEVELS)]
    before = ledger.positions(connection).reindex(rows.index).fillna(0).astype("int64")
    parts = [rules.movements(before, after)]
    moving = after["in_transit"].ne(before["in_transit"]) | rows["expected_on"].ne("")
    if moving.any():
        parts.append(rules.arrival_movements(rows.loc[moving, ["in_transit", "expected_on"]], ledger.arrivals(connection)))
    posted = pd.concat(parts, ignore_index=True)
    ledger.post(
        connection,
        posted,
        source_id=context.import_id,
        cause="import",
        account=context.actor.name,
        now=context.now,
        also=rows.index,
    )


def revert_stock(connection: Connection, import_id: str, context: Context) -> None:
    """Posts the opposite of everything the import moved; refuses when one of its SKUs has moved since."""
    moved = ledger.of_source(connection, import_id)
    added = connection.scalars(select(sku.c.sku_code).where(sku.c.added_by == import_id)).all()
    ledger.refuse_later(connection, [*moved["sku_code"].unique(), *added], import_id)
    ledger.take_back(connection, import_id, undo_id=context.import_id, account=context.actor.name, now=context.now)
    SKUS.withdraw(connection, import_id, context)


def _tells_arrivals(told: pd.DataFrame) -> bool:
    return "in_transit" in told or "expected_on" in told


def _days(told: pd.DataFrame) -> pd.Series:
    """Expected days as ISO text, "" where the sheet is silent."""
    if "expected_on" not in told:
        return pd.Series("", index=told.index, dtype="str")
    return told["expected_on"].map(lambda day: "" if pd.isna(day) else str(day)[:10]).astype("str")


def _redated(arriving: pd.DataFrame, changed: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    """Arrivals whose date moves while their sum stays: a change of its own, for the eye."""
    summed = set(changed.loc[changed["field"] == "in_transit", "key"])
    moved = arriving[~arriving["sku_code"].isin(summed) & arriving["sku_code"].isin(days.index)]
    before = moved[moved["quantity"] < 0].groupby("sku_code")["expected_on"].agg("、".join)
    return pd.DataFrame(
        {"key": before.index, "field": "expected_on", "before": before.to_numpy(), "after": days.reindex(before.index).to_numpy()}
    )
