"""A table of master data (SKUs, suppliers) and the three answers that an import asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, Table, select, update

from core.database import insert, keyed, read, upsert
from core.errors import ShopError
from core.imports import rules
from core.imports.kinds import Comparison, Context
from core.imports.tables import import_change


@dataclass(frozen=True, slots=True)
class Master:
    """A master table: its natural key, and the fields that sheets may state. Fields are columns; `version` counts the changes of a row."""

    table: Table
    key: str
    fields: tuple[str, ...]

    def standing(self, connection: Connection, keys: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows indexed by key, retired ones included: the fields, version, added_by, changed_by, retired_at. All of them when `keys` is None."""
        table = self.table
        columns = [table.c[name] for name in (self.key, *self.fields, "version", "added_by", "changed_by", "retired_at")]
        query = select(*columns)
        if keys is not None:
            query = query.where(keyed(table.c[self.key], keys, connection))
        return read(connection, query).set_index(self.key)

    def compare(self, connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
        """The sheet against what stands. A blank cell states nothing; a row whose `row_version` is old and that would change is a conflict."""
        before = self.standing(connection)
        live = before[before["retired_at"].isna()]
        told = sheet.set_index(self.key)
        aligned = live.reindex(told.index)
        known = pd.Series(told.index.isin(live.index), index=told.index)
        after = pd.DataFrame(
            {name: rules.stated(told[name], aligned[name]) if name in told else aligned[name] for name in self.fields},
            index=told.index,
        )
        changed = rules.changes(aligned[known], after[known], self.fields)
        moves = pd.Series(told.index.isin(changed["key"]), index=told.index)
        state = pd.Series("unchanged", index=told.index).mask(moves, "changed").mask(~known, "added")
        if "row_version" in told:
            stale = (
                moves & told["row_version"].notna() & (told["row_version"].fillna(0) != aligned["version"].fillna(0)).astype(bool)
            )
            decided = pd.Series(told.index.map(dict(context.decisions)), index=told.index)
            state = state.mask(stale & decided.isna(), "conflict").mask(stale & (decided == "keep"), "unchanged")
        rows = after.assign(key=told.index, state=state, row=told["row"], version=aligned["version"].fillna(0).astype("int64"))
        absent = tuple(live.index[~live.index.isin(told.index)])
        return Comparison(rows, changed, absent=absent, strange=bool(len(live)) and not known.any())

    def write(self, connection: Connection, comparison: Comparison, context: Context) -> None:
        """Added and changed rows, with the before-image of the changed ones for undo."""
        rows = comparison.rows[comparison.rows["state"].isin(["added", "changed"])]
        if rows.empty:
            return
        standing = self.standing(connection, rows["key"].tolist())  # a retired row that comes back has a before-image too
        images = standing.assign(retired_at=standing["retired_at"].astype("str").where(standing["retired_at"].notna(), None))
        images = images.astype(object).where(images.notna(), None)
        if len(images):
            saved = pd.DataFrame({"import_id": context.import_id, "key": images.index, "before": images.to_dict("records")})
            insert(connection, import_change, saved)
        fresh = rows["key"].where(~rows["key"].isin(standing.index))
        version = rows["key"].map(standing["version"]).fillna(0).astype("int64") + 1
        added_by = rows["key"].map(standing["added_by"]).where(fresh.isna(), context.import_id)
        self._store(connection, rows[list(self.fields)].assign(version=version, added_by=added_by, retired_at=None), context)

    def revert(self, connection: Connection, import_id: str, context: Context) -> None:
        """Every row as it was; rows that the import added are retired. ShopError("import.later_change") names the first later one."""
        table = self.table
        touched = read(
            connection, select(table.c[self.key], table.c.added_by, table.c.changed_by).where(table.c.added_by == import_id)
        )
        images = read(
            connection, select(import_change.c.key, import_change.c.before).where(import_change.c.import_id == import_id)
        )
        keys = [*touched[self.key], *images["key"]]
        later = self.standing(connection, keys)
        later = later[later["changed_by"] != import_id]
        if len(later):
            raise ShopError(
                "import.later_change",
                import_id=import_id,
                key=str(later.index[0]),
                count=len(later),
                by=str(later["changed_by"].iloc[0]),
            )
        connection.execute(
            update(table)
            .where(table.c.added_by == import_id)
            .values(retired_at=context.now, changed_by=context.import_id, version=table.c.version + 1)
        )
        if len(images):
            frame = pd.DataFrame(images["before"].tolist(), index=pd.Index(images["key"], name=self.key))
            # the version moves on: a sheet exported meanwhile must see that the row is not the one it knew
            now = self.standing(connection, keys)["version"].reindex(frame.index)
            retired = pd.to_datetime(frame["retired_at"], utc=True)
            self._store(
                connection,
                frame[[*self.fields, "added_by"]].assign(version=now + 1, retired_at=retired, changed_by=frame["changed_by"]),
                context,
            )

    def _store(self, connection: Connection, rows: pd.DataFrame, context: Context) -> None:
        text = [name for name in self.fields if name in rows and not self.table.c[name].nullable]
        full = rows.assign(**{name: rows[name].astype(object).fillna("") for name in text}, updated_at=context.now)
        if "changed_by" not in full:  # an undo puts the earlier one back, so that the import before can be taken back next
            full["changed_by"] = context.import_id
        upsert(connection, self.table, full.rename_axis(self.key).reset_index(), key=[self.key])

    def introduce(self, connection: Connection, rows: pd.DataFrame, context: Context) -> None:
        """Adds keys that another room's sheet brought and that are not live (indexed by key, any of the fields); a retired one comes back as it was known."""
        table = self.table
        retired = self.standing(
            connection, connection.scalars(select(table.c[self.key]).where(table.c.retired_at.is_not(None))).all()
        )
        back = retired[retired.index.isin(rows.index)] if len(retired) else retired
        if len(back):
            self._store(
                connection, back[[*self.fields, "added_by"]].assign(version=back["version"] + 1, retired_at=None), context
            )
        fresh = (rows[~rows.index.isin(back.index)] if len(back) else rows)[[name for name in self.fields if name in rows]]
        self._store(connection, fresh.assign(version=1, added_by=context.import_id, retired_at=None), context)

    def withdraw(self, connection: Connection, import_id: str, context: Context) -> None:
        """Retires the keys that an import of another room introduced and nobody has touched since."""
        table = self.table
        mine = (table.c.added_by == import_id) & (table.c.changed_by == import_id) & table.c.retired_at.is_(None)
        connection.execute(
            update(table).where(mine).values(retired_at=context.now, changed_by=context.import_id, version=table.c.version + 1)
        )
