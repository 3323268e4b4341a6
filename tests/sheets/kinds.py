"""Kinds of sheets as the rooms declare them, for the tests of the mechanism."""

from core.sheets.columns import Field, SheetSpec

STOCK = SheetSpec(
    "stock",
    (
        Field("sku_code", "code", required=True),
        Field("name", "text"),
        Field("spec", "text"),
        Field("barcode", "code"),
        Field("category", "text"),
        Field("brand", "text"),
        Field("on_hand", "integer", required=True),
        Field("reserved", "integer", minimum=0),
        Field("presale_committed", "integer", minimum=0),
        Field("in_transit", "integer", minimum=0),
        Field("safety_stock", "integer", minimum=0, maximum=1_000_000),
        Field("unit_cost", "money", minimum=0),
        Field("list_price", "money", minimum=0),
        Field("supplier", "text"),
        Field("remarks", "text"),
        Field("location", "text"),
    ),
    ("sku_code",),
    parts=("location",),
)
COUNT = SheetSpec(
    "count",
    (
        Field("sku_code", "code"),
        Field("book_quantity", "integer"),
        Field("counted", "integer", required=True),
        Field("count_reason", "text"),
    ),
    ("sku_code",),
)
TRAFFIC = SheetSpec(
    "traffic",
    (
        Field("stat_date", "day"),
        Field("sku_code", "code"),
        Field("name", "text"),
        Field("visitors", "integer", minimum=0),
        Field("page_views", "integer", minimum=0),
        Field("add_to_cart", "integer", minimum=0),
        Field("units_paid", "integer", minimum=0),
        Field("paid_amount", "money"),
        Field("conversion_rate", "rate"),
    ),
    ("stat_date", "sku_code"),
    sum_parts=True,
)
ORDERS = SheetSpec(
    "orders",
    (
        Field("order_id", "code"),
        Field("sku_code", "code"),
        Field("quantity", "integer", required=True, minimum=1),
        Field("paid_amount", "money"),
        Field("pay_time", "moment"),
        Field("order_status", "choice", choices={"交易成功": "done", "交易关闭": "closed"}),
    ),
    ("order_id", "sku_code"),
)
