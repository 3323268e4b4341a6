"""Master data: the SKUs and suppliers of the shop as versioned rows, and what the sheets of other parts bring
into them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, select, update

from core.goods.tables import sku, supplier
from core.imports import rules
from core.imports.kinds import Context
from core.imports.versioned import AddedRow, VersionedTable
from core.sheets.values.look_alikes import twins_of


@dataclass(frozen=True, slots=True)
class Master(VersionedTable):
    """A master table. Its rows say which import added them, and are retired instead of deleted."""

    def introduce(self, connection: Connection, rows: pd.DataFrame, context: Context) -> None:
        """Adds keys that another part's sheet brought and that are not live (indexed by key, any of the
        fields); a retired one comes back as it was known."""
        c = self.table.c
        retired = connection.scalars(select(c[self.key]).where(c.retired_at.is_not(None))).all()
        back = self.rows(connection, keys=retired)
        back = back[back.index.isin(rows.index)]
        if len(back):
            known = back[[*self.fields, "added_by"]]
            self.put(connection, back, known.assign(version=back["version"] + 1, retired_at=None), context)
        fresh = rows.loc[~rows.index.isin(back.index), [name for name in self.fields if name in rows]]
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
    connection: Connection, rows: pd.DataFrame, context: Context
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(rows of a sheet whose codes can be told from every SKU of the shop, the others as refused rows): a code with
    letters of another script that looks like a known one is no second SKU."""
    known = pd.Series(connection.scalars(select(sku.c.sku_code)).all(), dtype="str")
    twin = twins_of(rows["sku_code"].astype("str"), known)
    codes = rows.loc[twin, "sku_code"]
    return rows[~twin], rules.refuse(rows[twin], context.sheet, "sku_code", "cell.look_alike", codes)


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
