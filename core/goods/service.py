"""What may be asked of goods: the SKU master and the suppliers."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow, allowed
from core.database import Database, keyed, read
from core.goods.master import Master
from core.goods.tables import sku, supplier
from core.imports.kinds import Comparison, Context

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
)
SUPPLIERS = Master(
    supplier, "name", ("contact", "phone", "lead_time_days", "capacity_units", "minimum_amount", "payment_terms", "remarks")
)
COSTS = ("unit_cost",)  # columns that only "cost.view" shows


def goods(db: Database, actor: Actor) -> pd.DataFrame:
    """The SKU master: one row a SKU that is not retired, sorted by code; sku_code, the master's fields, version. Costs only for those who may see them."""
    allow(actor, "goods.view")
    columns = [sku.c[name] for name in ("sku_code", *SKUS.fields, "version") if name not in COSTS or allowed(actor, "cost.view")]
    with db.reading() as connection:
        return read(connection, select(*columns).where(sku.c.retired_at.is_(None)).order_by(sku.c.sku_code))


def suppliers(db: Database, actor: Actor) -> pd.DataFrame:
    """Suppliers with their terms and how many SKUs name them: name, fields, version, skus (int)."""
    allow(actor, "goods.view")
    counts = (
        select(sku.c.supplier, func.count().label("skus")).where(sku.c.retired_at.is_(None)).group_by(sku.c.supplier).subquery()
    )
    columns = [supplier.c[name] for name in ("name", *SUPPLIERS.fields, "version")]
    query = select(*columns, func.coalesce(counts.c.skus, 0).label("skus")).outerjoin(
        counts, counts.c.supplier == supplier.c.name
    )
    with db.reading() as connection:
        return read(connection, query.where(supplier.c.retired_at.is_(None)).order_by(supplier.c.name))


def known(connection: Connection, codes: list[str]) -> set[str]:
    """Which of the codes are live SKUs."""
    query = select(sku.c.sku_code).where(keyed(sku.c.sku_code, codes, connection), sku.c.retired_at.is_(None))
    return set(connection.scalars(query))


def compare_goods(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The SKU sheet against the master."""
    return SKUS.compare(connection, sheet, context)


def write_goods(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Adds and changes SKUs."""
    SKUS.write(connection, comparison, context)


def revert_goods(connection: Connection, import_id: str, context: Context) -> None:
    """Takes a SKU import back."""
    SKUS.revert(connection, import_id, context)


def compare_suppliers(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The supplier sheet against what stands."""
    return SUPPLIERS.compare(connection, sheet.rename(columns={"supplier": "name"}), context)


def write_suppliers(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Adds and changes suppliers."""
    SUPPLIERS.write(connection, comparison, context)


def revert_suppliers(connection: Connection, import_id: str, context: Context) -> None:
    """Takes a supplier import back."""
    SUPPLIERS.revert(connection, import_id, context)
