"""Master data: the SKUs and suppliers of the shop as versioned rows, and what the sheets of other parts bring
into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, select, update

from core.frames import among
from core.goods.tables import sku, supplier
from core.imports import rules
from core.imports.kinds import Context
from core.imports.versioned import AddedRow, VersionedTable
from core.sheets.values.look_alikes import alike_in_words, indistinct

LOOK_ALIKE = "cell.look_alike"
_NAMED = 20  # so many pairs are named


@dataclass(frozen=True, slots=True)
class Master(VersionedTable):
    """A master table. Its rows say which import added them, and are retired instead of deleted."""

    def introduce(self, connection: Connection, rows: pd.DataFrame, context: Context) -> None:
        """Adds keys that another part's sheet brought and that are not live (indexed by key, any of the
        fields); a retired one comes back as it was known."""
        c = self.table.c
        retired = connection.scalars(select(c[self.key]).where(c.retired_at.is_not(None))).all()
        back = self.rows(connection, keys=retired)
        back = back[among(back.index, rows.index)]
        if len(back):
            known = back[[*self.fields, "added_by"]]
            self.put(connection, back, known.assign(version=back["version"] + 1, retired_at=None), context)
        fresh = rows.loc[~among(rows.index, back.index), [name for name in self.fields if name in rows]]
        self.put(
            connection, fresh, fresh.assign(version=1, added_by=context.import_id, retired_at=None), context
        )

    def withdraw(self, connection: Connection, import_id: str, context: Context) -> None:
        """Retires the keys that an import of another part introduced and nobody has touched since."""
        c = self.table.c
        mine = (c.added_by == import_id) & (c.changed_by == import_id) & c.retired_at.is_(None)
        gone = {"retired_at": context.now, "changed_by": context.import_id, "version": c.version + 1}
        connection.execute(update(self.table).where(mine).values(gone))


def without_twins(
    connection: Connection, rows: pd.DataFrame, context: Context, also: Sequence[str] = ()
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Mapping[str, object], ...]]:
    """(rows of a sheet whose codes can be told from each other, from every SKU of the shop and from codes that stand
    elsewhere (`also`), the others as refused rows, what to tell of them): a code that differs from another only by case or by look is no second SKU until
    somebody says so (`Context.distinct`). Then the shop has both, and knows it from there on."""
    if context.distinct or rows.empty:
        return (
            rows,
            rules.refuse(rows.head(0), context.sheet, "sku_code", LOOK_ALIKE, pd.Series(dtype="str")),
            (),
        )
    known = pd.Series([*connection.scalars(select(sku.c.sku_code)), *also], dtype="str")
    codes = rows["sku_code"].astype("str")
    twin = indistinct(codes, known)
    refused = rules.refuse(rows[twin], context.sheet, "sku_code", LOOK_ALIKE, codes[twin])
    if not twin.any():
        return rows, refused, ()
    names = alike_in_words(codes[twin], known)
    facts = {
        "code": "import.look_alikes",
        "names": list(names[:_NAMED]),
        "count": len(names),
        "rows": int(twin.sum()),
    }
    return rows[~twin], refused, (facts,)


def introduce_alike(connection: Connection, codes: pd.Series, context: Context) -> None:
    """Makes codes that differ from others only by case or by look SKUs of the shop, as somebody said that they are."""
    known = pd.Series(connection.scalars(select(sku.c.sku_code)).all(), dtype="str")
    texts = codes.astype("str")
    fresh = texts[indistinct(texts, known) & ~among(texts, known)].unique()
    if len(fresh):
        SKUS.introduce(connection, pd.DataFrame(index=pd.Index(fresh)), context)


SKUS = Master(
    sku,
    "sku_code",
    (
        "product_id",
        "name",
        "spec",
        "barcode",
        "category",
        "function",
        "brand",
        "supplier",
        "unit_cost",
        "list_price",
        "lead_time_days",
        "moq",
        "pack_size",
        "safety_stock",
        "remarks",
    ),
    AddedRow.RETIRED,
)
SUPPLIERS = Master(
    supplier,
    "name",
    ("contact", "phone", "lead_time_days", "capacity_units", "minimum_amount", "payment_terms", "remarks"),
    AddedRow.RETIRED,
)
