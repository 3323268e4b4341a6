"""The workbooks of goods: SKU master and suppliers."""

from __future__ import annotations

from core.goods import service
from core.imports.kinds import Kind
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
    Field("unit_cost", "money", minimum=0, maximum=LARGEST_PRICE),
    Field("list_price", "money", minimum=0, maximum=LARGEST_PRICE),
    Field("lead_time_days", "integer", minimum=0, maximum=730),
    Field("moq", "integer", minimum=0),
    Field("pack_size", "integer", minimum=1),
    Field("safety_stock", "integer", minimum=0),
    Field("remarks", "text"),
)

GOODS = Kind(
    "goods",
    "goods.edit",
    SheetSpec(
        "goods",
        (Field("sku_code", "code", required=True), *MASTER_FIELDS, Field("row_version", "integer", minimum=0)),
        key=("sku_code",),
    ),
    service.compare_goods,
    service.write_goods,
    service.revert_goods,
)

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
            Field("minimum_amount", "money", minimum=0, title_zh="最低采购金额", title_en="Minimum order amount"),
            Field("payment_terms", "text"),
            Field("remarks", "text"),
        ),
        key=("supplier",),
    ),
    service.compare_suppliers,
    service.write_suppliers,
    service.revert_suppliers,
)
