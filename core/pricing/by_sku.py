"""A campaign's table with one row a SKU, and the three answers that an import asks of it: compare, write, take back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Table, select

from core.database import insert, keyed, read, upsert
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.imports import rules
from core.imports.kinds import REJECTED, Comparison, Context
from core.imports.tables import LOCK, import_change

Store = Callable[
    [Connection, pd.DataFrame, pd.DataFrame, Context], None
]  # (connection, rows before, rows after, context), both indexed by code; an undo's rows after carry their earlier `changed_by`


@dataclass(frozen=True, slots=True)
class BySku:
    """The table and the fields that sheets may state; `grows` says whether a sheet may add SKUs. `store` writes rows (fields and the new version)."""

    table: Table
    fields: tuple[str, ...]
    grows: bool
    store: Store

    def standing(self, connection: Connection, campaign_id: str, codes: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows of the campaign, index sku_code: the fields as Int64, version, changed_by."""
        table = self.table
        columns = [table.c[name] for name in ("sku_code", *self.fields, "version", "changed_by")]
        query = select(*columns).where(table.c.campaign_id == campaign_id)
        if codes is not None:
            query = query.where(keyed(table.c.sku_code, codes, connection))
        return read(connection, query).set_index("sku_code").astype(dict.fromkeys(self.fields, "Int64"))

    def compare(self, connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
        """The sheet against what stands: a blank cell states nothing; a row with an old `row_version` that would change something is a conflict."""
        live = self.standing(connection, context.campaign_id)
        told = sheet.set_index("sku_code")
        before = live.reindex(told.index)
        known = np.asarray(told.index.isin(live.index))
        after = pd.DataFrame(
            {
                name: rules.stated(told[name], before[name]).astype("Int64") if name in told else before[name]
                for name in self.fields
            }
        )
        changed = rules.changes(before, after, self.fields)
        moves = np.asarray(told.index.isin(changed["key"]))
        state = pd.Series("unchanged", index=told.index).mask(moves, "changed").mask(~known, "added")
        if "row_version" in told:
            stale = (
                moves
                & known
                & told["row_version"].notna()
                & (told["row_version"].fillna(0) != before["version"].fillna(0)).astype(bool)
            )
            decided = pd.Series(told.index.map(dict(context.decisions)), index=told.index)
            state = state.mask(stale & decided.isna(), "conflict").mask(stale & (decided == "keep"), "unchanged")
        rows = after.assign(key=told.index, state=state, row=told["row"], version=before["version"].fillna(0).astype("int64"))
        rejected = pd.DataFrame(columns=list(REJECTED))
        if not self.grows:
            rejected = rules.refuse(rows[~known], context.sheet, "sku_code", "price.not_in_campaign", rows["key"][~known])
            rows, changed = rows[known], changed[changed["key"].isin(live.index)]
        return Comparison(
            rows, changed, rejected, tuple(live.index[~live.index.isin(told.index)]), strange=bool(len(live)) and not known.any()
        )

    def write(self, connection: Connection, comparison: Comparison, context: Context) -> None:
        """Writes added and changed rows; keeps how they were for taking the import back."""
        rows = comparison.rows[comparison.rows["state"].isin(["added", "changed"])]
        if rows.empty:
            return
        before = self.standing(connection, context.campaign_id, rows.index.tolist())
        images = (
            before.drop(columns="version").astype(object).where(before.drop(columns="version").notna(), None).to_dict("index")
        )
        blank: dict[str, None] = dict.fromkeys((*self.fields, "changed_by"))
        saved = {
            "import_id": context.import_id,
            "key": context.campaign_id + "/" + rows.index,
            "before": [images.get(code, blank) for code in rows.index],
        }
        insert(connection, import_change, pd.DataFrame(saved))
        after = rows[list(self.fields)].assign(version=rows["version"] + 1)
        self.store(connection, before.reindex(rows.index), after, context)

    def revert(self, connection: Connection, import_id: str, context: Context) -> None:
        """Every row as it was before the import. ShopError("import.later_change") names the first row that was changed since."""
        saved = read(
            connection, select(import_change.c.key, import_change.c.before).where(import_change.c.import_id == import_id)
        )
        keys = saved["key"].str.split("/", n=1, expand=True)
        place = replace(context, campaign_id=str(keys[0].iloc[0]))
        now = self.standing(connection, place.campaign_id, keys[1].tolist()).reindex(keys[1])
        later = now[now["changed_by"] != import_id]
        if len(later):
            raise ShopError(
                "import.later_change",
                import_id=import_id,
                key=str(later.index[0]),
                count=len(later),
                by=str(later["changed_by"].iloc[0]),
            )
        images = pd.DataFrame(saved["before"].tolist(), index=now.index, columns=[*self.fields, "changed_by"])
        images = images.astype(dict.fromkeys(self.fields, "Int64"))
        self.store(connection, now, images.assign(version=now["version"].astype("int64") + 1), place)

    def edit(self, connection: Connection, changed: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Cells changed on a screen: index sku_code, some of the fields, and the `version` seen. Returns the changes (key, field, before, after).

        ShopError("price.edit_conflict", keys=[...]) when a row has moved since, or is not there where the table does not grow.
        """
        one_at_a_time(connection, LOCK)
        before = self.standing(connection, context.campaign_id, changed.index.tolist()).reindex(changed.index)
        moved = changed.index[(before["version"].fillna(0) != changed["version"].fillna(0)).to_numpy(bool)]
        if len(moved) or (not self.grows and before["version"].isna().any()):
            raise ShopError("price.edit_conflict", keys=moved.tolist())
        after = before[list(self.fields)].assign(
            **{name: changed[name].astype("Int64") for name in self.fields if name in changed}
        )
        moves = rules.changes(before, after, self.fields)
        rows = after[after.index.isin(moves["key"])]
        if len(rows):
            self.store(
                connection,
                before.loc[rows.index],
                rows.assign(version=before["version"].reindex(rows.index).fillna(0).astype("int64") + 1),
                context,
            )
        return moves


def put(connection: Connection, table: Table, rows: pd.DataFrame, context: Context, by: str) -> None:
    """Upserts rows (index sku_code) with campaign, when, and who: `by`, unless the rows say so themselves.

    An undo puts the earlier `changed_by` back, so that the import before can be taken back next.
    """
    full = rows.rename_axis("sku_code").reset_index()
    who = full["changed_by"].fillna(by) if "changed_by" in full else by
    upsert(connection, table, full.assign(campaign_id=context.campaign_id, changed_by=who, updated_at=context.now))
