"""The order exports of the platforms."""

from __future__ import annotations

from core.imports.kinds import Kind
from core.orders import imports
from core.sheets.columns import Field, SheetSpec

ORDERS = Kind(
    "orders",
    "orders.import",
    SheetSpec(
        "orders",
        (
            Field("order_id", "code"),
            Field("sku_code", "code"),
            Field("name", "text", title_zh="宝贝标题"),
            Field("buyer", "text", title_zh="买家会员名", title_en="Buyer"),
            Field("order_status", "text", title_zh="订单状态", title_en="Order status"),
            Field("order_time", "moment"),
            Field("pay_time", "moment"),
            Field("quantity", "integer", minimum=0, title_zh="宝贝总数量", title_en="Quantity"),
            Field("kinds", "integer", minimum=0, title_zh="宝贝种类", title_en="Kinds"),
            Field("paid_amount", "money", required=True, minimum=0),
            Field("refund_amount", "money", minimum=0),
            Field("channel", "text", title_zh="渠道", title_en="Channel"),
        ),
        key=(),
    ),
    imports.compare,
    imports.write,
    imports.revert,
)
