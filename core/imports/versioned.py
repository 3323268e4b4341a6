"""Rows that count their changes: what a sheet does to them, and how an import of them is taken back.

A table of versioned rows is declared once (`VersionedTable`) and answers an import's three questions from the
declaration. Imports with tables of another shape share the parts: the states of a sheet's rows, the rule of
the outdated row, the before-images, and the refusal because of a later change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import pandas as pd
from sqlalchemy import Column, ColumnDefault, Connection, Table, delete, select, update

from core.database import insert, keyed, read, upsert
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.frames import among
from core.imports import rules
from core.imports.kinds import REJECTED, Comparison, Context
from core.imports.tables import LOCK, import_change

_BESIDE = ("version", "added_by", "changed_by", "retired_at")  # what a versioned row keeps beside its fields

Store = Callable[[Connection, pd.DataFrame, pd.DataFrame, Context], None]
"""Writes rows: (connection, rows before, rows after, context), both frames indexed by key in the same order.
The rows after hold the fields, the new `version` and what else the table keeps of a row."""


class AddedRow(StrEnum):
    """What becomes of a row that an import added when the import is taken back."""

    RETIRED = "retired"  # it stays with a date of retirement: other tables know it
    DELETED = "deleted"
    EMPTIED = "emptied"  # it stays with no field stated: its versions are kept


def unsettled(comparison: Comparison) -> pd.DataFrame:
    """The rows of a comparison that an import writes: added or changed."""
    return comparison.rows[comparison.rows["state"].isin(["added", "changed"])]


def row_states(keys: pd.Index, known: object, moved: object) -> pd.Series:
    """The state of each row of a sheet, indexed by key: "added" where it is not `known`, "changed" where a
    value `moved`, else "unchanged" (two masks in the order of `keys`)."""
    return (
        pd.Series("unchanged", index=keys, dtype="str")
        .mask(pd.Series(moved, index=keys), "changed")
        .mask(~pd.Series(known, index=keys), "added")
    )


def outdated(states: pd.Series, sheet: pd.DataFrame, version: pd.Series, context: Context) -> pd.Series:
    """The states after the rule of the outdated row: a row that would change something and was exported at
    another version (`row_version`) than the one in force is a conflict, until somebody decides for the sheet
    or for keeping what stands. All are indexed by key in the same order."""
    if "row_version" not in sheet:
        return states
    other = sheet["row_version"].fillna(0) != version.fillna(0)
    old = (states == "changed") & sheet["row_version"].notna() & other.astype(bool)
    decision = pd.Series(states.index.map(dict(context.decisions)), index=states.index)
    return states.mask(old & decision.isna(), "conflict").mask(old & (decision == "keep"), "unchanged")


def keep_images(connection: Connection, import_id: str, keys: pd.Index, before: pd.DataFrame) -> None:
    """Keeps the rows as they were before an import, for its undo: `before` holds a row a key, in their order,
    all missing where the import adds the row."""
    plain = before.astype(object).where(before.notna(), None)
    images = [
        image if some else None
        for image, some in zip(
            plain.to_dict("records"), before.notna().any(axis=1).to_numpy(bool), strict=True
        )
    ]
    rows = {"import_id": import_id, "key": keys, "before": images}
    insert(connection, import_change, pd.DataFrame(rows))


def images(connection: Connection, import_id: str, prefix: str = "") -> pd.Series:
    """The before-images of an import indexed by key (those that begin with `prefix`): dicts, None where the
    import added the row."""
    query = select(import_change.c.key, import_change.c.before).where(import_change.c.import_id == import_id)
    if prefix:
        query = query.where(import_change.c.key.startswith(prefix, autoescape=True))
    return read(connection, query).set_index("key")["before"]


def later_change(import_id: str, key: str, *, by: str, count: int = 1, **facts: object) -> ShopError:
    """The refusal to take an import back because a row has changed since: its key, the import or account
    that changed it, and how many rows are so."""
    return ShopError("import.later_change", import_id=import_id, key=key, count=count, by=by, **facts)


def refuse_later(import_id: str, changed_by: pd.Series) -> None:
    """ShopError("import.later_change") naming the first row that anybody has changed since the import;
    `changed_by` is indexed by the key as people know it, missing where the row has gone."""
    later = changed_by[changed_by.fillna("") != import_id]
    if len(later):
        by = "" if pd.isna(later.iloc[0]) else str(later.iloc[0])
        raise later_change(import_id, str(later.index[0]), by=by, count=len(later))


@dataclass(frozen=True, slots=True)
class VersionedTable:
    """A table whose rows count their changes (`version`) and say who changed them (`changed_by`).

    `key` is its natural key, `fields` what sheets and screens may state of a row. With a column
    `campaign_id` the rows are a campaign's, else the shop's. `store` writes where `put` is not enough.
    `unknown` refuses rows whose key is not there (where sheets add no rows), `conflict` an edit of a row that
    has moved. `shows_added`: the values of an added row are shown as changes too.
    """

    table: Table
    key: str
    fields: tuple[str, ...]
    added_row: AddedRow = AddedRow.DELETED
    unknown: str = ""
    conflict: str = ""
    shows_added: bool = False
    store: Store | None = None

    def rows(
        self, connection: Connection, campaign_id: str = "", keys: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The stored rows indexed by key, retired ones included: the fields, version, changed_by, and
        added_by and retired_at where the table has them. All of them when `keys` is None."""
        c = self.table.c
        query = select(*(c[name] for name in (self.key, *self.fields, *_BESIDE) if name in c))
        if self._scoped:
            query = query.where(c.campaign_id == campaign_id)
        if keys is not None:
            query = query.where(keyed(c[self.key], keys, connection))
        frame = read(connection, query).set_index(self.key)
        return frame.astype({name: "Int64" for name in self.fields if frame[name].dtype == "int64"})

    def compare(self, connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
        """The sheet against the rows in force. A blank cell states nothing; a row whose `row_version` is old
        and that would change something is a conflict."""
        now = self.rows(connection, context.campaign_id)
        live = now[now["retired_at"].isna()] if "retired_at" in now else now
        stated = sheet.set_index(self.key)
        before = live.reindex(stated.index)
        known = pd.Series(among(stated.index, live.index), index=stated.index)
        after = pd.DataFrame(
            {
                name: rules.stated(stated[name], before[name]).astype(before[name].dtype)
                if name in stated
                else before[name]
                for name in self.fields
            },
            index=stated.index,
        )
        kept = known if self.unknown or not self.shows_added else pd.Series(True, index=stated.index)
        changed = rules.changes(before[kept], after[kept], self.fields)
        states = row_states(stated.index, known, among(stated.index, changed["key"]))
        result = after.assign(
            key=stated.index,
            state=outdated(states, stated, before["version"], context),
            row=stated["row"],
            version=before["version"].fillna(0).astype("int64"),
        )
        rejected = pd.DataFrame(columns=list(REJECTED))
        if self.unknown and not known.all():
            strangers = result[~known]
            rejected = rules.refuse(strangers, context.sheet, self.key, self.unknown, strangers["key"])
        return Comparison(
            result[known] if self.unknown else result,
            changed,
            rejected,
            tuple(live.index[~among(live.index, stated.index)]),
            strange=bool(len(live)) and not known.any(),
        )

    def write(self, connection: Connection, comparison: Comparison, context: Context) -> None:
        """Writes added and changed rows, and keeps how they were for taking the import back."""
        result = unsettled(comparison)
        if result.empty:
            return
        keys = result["key"].tolist()
        before = self.rows(connection, context.campaign_id, keys).reindex(keys)
        existed = before["version"].notna()
        image = before.drop(columns="version")
        if "retired_at" in image:
            image["retired_at"] = image["retired_at"].astype("str").where(image["retired_at"].notna(), None)
        if "added_by" in image:  # such rows say themselves which import added them
            image = image[existed]
        keep_images(connection, context.import_id, self._image_keys(context, image.index), image)
        after = result.set_index("key")[list(self.fields)]
        after = after.assign(version=before["version"].fillna(0).astype("int64") + 1)
        if "added_by" in before:
            after = after.assign(
                added_by=before["added_by"].where(existed, context.import_id), retired_at=None
            )
        self.stored(connection, before, after, context)

    def revert(self, connection: Connection, import_id: str, context: Context) -> None:
        """Every row as it was before the import. ShopError("import.later_change") names the first row that
        was changed since."""
        kept = images(connection, import_id)
        if self._scoped and len(kept):
            names = kept.index.str.split("/", n=1, expand=True)
            context = replace(context, campaign_id=str(names.get_level_values(0)[0]))
            kept = kept.set_axis(names.get_level_values(1))
        added = [*kept.index[kept.isna()], *self._added(connection, import_id)]
        keys = [*added, *kept.index[kept.notna()]]
        now = self.rows(connection, context.campaign_id, keys).reindex(keys)
        refuse_later(import_id, now["changed_by"])
        self._take_out(connection, import_id, now.loc[added], context)
        back = kept[kept.notna()]
        if len(back):
            before = pd.DataFrame(back.tolist(), index=back.index)
            if "retired_at" in before:
                before["retired_at"] = pd.to_datetime(before["retired_at"], utc=True)
            # the version moves on: a sheet exported meanwhile must see that the row is not the one it knew
            before["version"] = now["version"].reindex(back.index).astype("int64") + 1
            self.stored(connection, now.loc[back.index], self._typed(before), context)

    def editable(self, connection: Connection, versions: pd.Series, context: Context) -> pd.DataFrame:
        """The rows that somebody edits, in the order of `versions` (indexed by key: the version edited, 0 or
        missing for a new row), under the import lock. ShopError(`conflict`, keys=[...]) when one has moved since, or is not
        there where sheets add no rows."""
        one_at_a_time(connection, LOCK)
        keys = versions.index.tolist()
        before = self.rows(connection, context.campaign_id, keys).reindex(keys)
        moved = before["version"].fillna(0) != versions.astype("Int64").fillna(0)
        if moved.any() or (self.unknown and before["version"].isna().any()):
            raise ShopError(self.conflict, keys=before.index[moved.to_numpy(bool)].tolist())
        return before

    def save(
        self, connection: Connection, before: pd.DataFrame, after: pd.DataFrame, context: Context
    ) -> pd.DataFrame:
        """Writes the rows of an edit that moved (`after`: the fields, as `before` from `editable`). Returns
        the changes: key, field, before, after."""
        moves = rules.changes(before, after, self.fields)
        moved = after[among(after.index, moves["key"])]
        if len(moved):
            was = before.loc[moved.index]
            version = was["version"].fillna(0).astype("int64") + 1
            self.stored(connection, was, moved.assign(version=version), context)
        return moves

    def stored(
        self, connection: Connection, before: pd.DataFrame, after: pd.DataFrame, context: Context
    ) -> None:
        """Writes rows in the table's own way."""
        (self.store or self.put)(connection, before, after, context)

    def put(
        self,
        connection: Connection,
        before: pd.DataFrame,  # noqa: ARG002 - the shape of every store
        after: pd.DataFrame,
        context: Context,
    ) -> None:
        """Writes rows with their campaign, when, and who changed them: the import or account of the context,
        unless the rows say so themselves (an undo puts the earlier one back, so that the import before can be
        taken back next). A text that may not be missing gets its column's default."""
        by = context.import_id or context.actor.name
        needed = [name for name in self.fields if name in after and not self.table.c[name].nullable]
        full = after.assign(
            **{name: _filled(after[name], self.table.c[name]) for name in needed},
            changed_by=after["changed_by"].fillna(by) if "changed_by" in after else by,
            updated_at=context.now,
        )
        if self._scoped:
            full["campaign_id"] = context.campaign_id
        upsert(connection, self.table, full.rename_axis(self.key).reset_index())

    @property
    def _scoped(self) -> bool:
        return "campaign_id" in self.table.c

    def _image_keys(self, context: Context, keys: pd.Index) -> pd.Index:
        return context.campaign_id + "/" + keys if self._scoped else keys

    def _added(self, connection: Connection, import_id: str) -> list[str]:
        """The rows that say themselves that the import added them."""
        c = self.table.c
        if "added_by" not in c:
            return []
        return list(connection.scalars(select(c[self.key]).where(c.added_by == import_id)))

    def _take_out(
        self, connection: Connection, import_id: str, added: pd.DataFrame, context: Context
    ) -> None:
        """Rows that the import added, out again in the table's way."""
        c = self.table.c
        if added.empty:
            return
        if self.added_row is AddedRow.EMPTIED:
            empty = pd.DataFrame(index=added.index, columns=list(self.fields), dtype="Int64")
            version = added["version"].astype("int64") + 1
            self.stored(connection, added, empty.assign(version=version), context)
            return
        if self.added_row is AddedRow.RETIRED:
            gone = {"retired_at": context.now, "changed_by": context.import_id, "version": c.version + 1}
            connection.execute(update(self.table).where(c.added_by == import_id).values(gone))
            return
        mine = keyed(c[self.key], added.index, connection)
        if self._scoped:
            mine &= c.campaign_id == context.campaign_id
        connection.execute(delete(self.table).where(mine))

    def _typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows from their images, numbers as numbers."""
        whole = {name: "Int64" for name in self.fields if self.table.c[name].type.python_type is int}
        return rows.astype(whole)


def _filled(texts: pd.Series, column: Column[object]) -> pd.Series:
    """A text column that may not be missing, the column's default where nothing is stated."""
    default = str(column.default.arg) if isinstance(column.default, ColumnDefault) else ""
    full = (texts if texts.dtype == "str" else texts.astype(object)).fillna(default)
    return full.replace("", default) if default else full
