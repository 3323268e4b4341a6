"""The workbooks of goods: SKU master and suppliers."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from sqlalchemy import Connection

from core.goods import master
from core.imports.kinds import Comparison, Context, Kind
from core.money import LARGEST_PRICE
from core.sheets.columns import Field, SheetSpec

MASTER_FIELDS = (
    Field("product_id", "code"),
    Field("name", "text"),
    Field("spec", "text"),
    Field("barcode", "code"),
    Field("category", "text"),
    Field("function", "text"),
    Field("brand", "text"),
    Field("supplier", "text"),
    Field("unit_cost", "money", minimum=0, maximum=LARGEST_PRICE, each=True),
    Field("list_price", "money", minimum=0, maximum=LARGEST_PRICE, each=True),
    Field("lead_time_days", "integer", minimum=0, maximum=730),
    Field("moq", "integer", minimum=0),
    Field("pack_size", "integer", minimum=1),
    Field("safety_stock", "integer", minimum=0),
    Field("remarks", "text"),
)


def _compare_goods(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The goods sheet against what stands, without codes that only look like a known one."""
    rows, refused, alike = master.without_twins(connection, sheet, context)
    compared = master.SKUS.compare(connection, rows, context)
    rejected = pd.concat([compared.rejected, refused], ignore_index=True)
    strange = compared.strange and not len(refused)
    return replace(compared, rejected=rejected, strange=strange, warnings=(*compared.warnings, *alike))


GOODS = Kind(
    "goods",
    "goods.edit",
    SheetSpec(
        "goods",
        (
            Field("sku_code", "code", required=True),
            *MASTER_FIELDS,
            Field("row_version", "integer", minimum=0),
        ),
        key=("sku_code",),
    ),
    _compare_goods,
    master.SKUS.write,
    master.SKUS.revert,
)


def _compare_suppliers(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The supplier sheet against what stands; the sheet's key is the table's `name`."""
    return master.SUPPLIERS.compare(connection, sheet.rename(columns={"supplier": "name"}), context)


SUPPLIERS = Kind(
    "suppliers",
    "supplier.edit",
    SheetSpec(
        "suppliers",
        (
            Field("supplier", "text", required=True),
            Field("contact", "text"),
            Field("phone", "code"),
            Field("lead_time_days", "integer", minimum=0, maximum=730),
            Field("capacity_units", "integer", minimum=0, title_zh="单次产能", title_en="Capacity per order"),
            Field(
                "minimum_amount", "money", minimum=0, title_zh="最低采购金额", title_en="Minimum order amount"
            ),
            Field("payment_terms", "text"),
            Field("remarks", "text"),
        ),
        key=("supplier",),
    ),
    _compare_suppliers,
    master.SUPPLIERS.write,
    master.SUPPLIERS.revert,
)
