"""The goods of a campaign with what is needed to order them: terms of their suppliers, costs, stock. Read in the
caller's transaction."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, func, select

from core.database import read
from core.goods.tables import campaign_sku, sku, supplier
from core.pricing import service as pricing
from core.stock import service as stock

_MASTER = ("sku_code", "name", "category", "brand", "supplier", "unit_cost", "list_price", "moq", "pack_size")
_AMOUNTS = (
    "unit_cost",
    "list_price",
    "sale_price",
    "planned_units",
    "moq",
    "pack_size",
    "lead_time_days",
    "minimum_amount",
)


def goods(connection: Connection, campaign_id: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row a SKU of the campaign's structure (every live SKU where there is none yet), sorted by code; and
    supplier -> capacity in units.

    Columns: sku_code, name, category, brand, supplier, tier (str), unit_cost, list_price, sale_price,
    planned_units, lead_time_days, moq, pack_size, contribution (Int64, fen and units), minimum_amount (Int64,
    the supplier's).
    """
    frame = _structure(connection, campaign_id)
    economics = pricing.economics(connection, campaign_id).set_index("sku_code")[
        ["unit_cost", "contribution"]
    ]
    known = economics.reindex(frame["sku_code"]).reset_index(drop=True)
    frame = frame.astype(dict.fromkeys(_AMOUNTS, "Int64"))
    frame["unit_cost"] = frame["unit_cost"].fillna(known["unit_cost"].astype("Int64"))
    return (
        frame.assign(
            tier=frame["tier"].fillna("regular"), contribution=known["contribution"].astype("Int64")
        ),
        capacities(connection),
    )


def costs_and_leads(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """unit_cost (fen) and lead_time_days, Int64 by sku_code, as `goods` says them, without judging a price."""
    frame = _structure(connection, campaign_id).set_index("sku_code")
    frame = frame[["unit_cost", "lead_time_days"]].astype("Int64")
    known = pricing.unit_costs(connection, campaign_id).reindex(frame.index)
    return frame.assign(unit_cost=frame["unit_cost"].fillna(known))


def _structure(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The SKUs of the campaign's structure, or every live one, with their supplier's terms, as stored."""
    s, c, v = sku.c, campaign_sku.c, supplier.c
    query = (
        select(
            *(s[name] for name in _MASTER),
            c.tier,
            c.sale_price,
            c.planned_units,
            func.coalesce(s.lead_time_days, v.lead_time_days).label("lead_time_days"),
            v.minimum_amount,
        )
        .outerjoin(supplier, (v.name == s.supplier) & v.retired_at.is_(None))
        .where(s.retired_at.is_(None))
        .order_by(s.sku_code)
    )
    joined = (c.sku_code == s.sku_code) & (c.campaign_id == campaign_id)
    frame = read(connection, query.join(campaign_sku, joined))
    return frame if len(frame) else read(connection, query.outerjoin(campaign_sku, joined))


def capacities(connection: Connection) -> dict[str, int]:
    """Units that a supplier can deliver, by supplier, where that is known."""
    v = supplier.c
    query = select(v.name, v.capacity_units).where(v.capacity_units.is_not(None), v.retired_at.is_(None))
    frame = read(connection, query)
    return dict(zip(frame["name"], frame["capacity_units"].astype(int), strict=True))


def stock_terms(connection: Connection, codes: pd.Series) -> pd.DataFrame:
    """committed, available (on hand less reserved, the pre-sale still in it), activity_locked: int64, in the
    order of `codes`."""
    columns = ["presale_committed", "activity_locked", "available_with_presale"]
    levels = stock.levels(connection).reindex(codes)[columns].fillna(0).astype("int64")
    levels = levels.reset_index(drop=True)
    return pd.DataFrame(
        {
            "committed": levels["presale_committed"],
            "available": levels["available_with_presale"] + levels["activity_locked"],
            "activity_locked": levels["activity_locked"],
        }
    )
