"""What may be asked of goods: the SKU master and the suppliers."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow, allowed
from core.database import Database, keyed, read
from core.goods.master import SKUS, SUPPLIERS
from core.goods.tables import sku, supplier

COSTS = ("unit_cost",)  # columns that only "cost.view" shows


def goods(db: Database, actor: Actor) -> pd.DataFrame:
    """The SKU master: one row a SKU that is not retired, sorted by code; sku_code, the master's fields,
    version. Costs only for those who may see them."""
    allow(actor, "goods.view")
    columns = [
        sku.c[name]
        for name in ("sku_code", *SKUS.fields, "version")
        if name not in COSTS or allowed(actor, "cost.view")
    ]
    with db.reading() as connection:
        return read(connection, select(*columns).where(sku.c.retired_at.is_(None)).order_by(sku.c.sku_code))


def suppliers(db: Database, actor: Actor) -> pd.DataFrame:
    """Suppliers with their terms and how many SKUs name them: name, fields, version, skus (int)."""
    allow(actor, "goods.view")
    counts = (
        select(sku.c.supplier, func.count().label("skus"))
        .where(sku.c.retired_at.is_(None))
        .group_by(sku.c.supplier)
        .subquery()
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
