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
            Field("order_line_id", "code", title_zh="子订单编号", title_en="Order line"),
            Field("sku_code", "code"),
            Field("name", "text", title_zh="宝贝标题"),
            Field("buyer", "text", title_zh="买家会员名", title_en="Buyer"),
            Field("member", "text", title_zh="会员编号", title_en="Member number"),
            Field("order_status", "text", title_zh="订单状态", title_en="Order status"),
            Field("after_sale", "text", title_zh="售后状态", title_en="After-sale status"),
            Field("order_time", "moment"),
            Field("pay_time", "moment"),
            Field("refund_time", "moment", title_zh="退款时间", title_en="Refunded at"),
            Field("quantity", "integer", title_zh="宝贝总数量", title_en="Quantity"),
            Field("kinds", "integer", minimum=0, title_zh="宝贝种类", title_en="Kinds"),
            Field("paid_amount", "money"),
            Field("order_amount", "money", title_zh="整单实付金额", title_en="Paid for the order"),
            Field("line_paid", "money", title_zh="行实付金额", title_en="Paid for the line"),
            Field("line_amount", "money", minimum=0, title_zh="商品金额", title_en="Line amount"),
            Field("unit_price", "money", minimum=0, title_zh="商品单价", title_en="Unit price", each=True),
            Field("freight", "money", minimum=0, title_zh="运费", title_en="Freight"),
            Field("order_discount", "money", title_zh="订单优惠", title_en="Order discount"),
            Field("refund_amount", "money", minimum=0),
            Field(
                "order_refund", "money", minimum=0, title_zh="整单退款金额", title_en="Refund of the order"
            ),
            Field("line_refund", "money", minimum=0, title_zh="行退款金额", title_en="Refund of the line"),
            Field("channel", "text", title_zh="渠道", title_en="Channel"),
            Field("currency", "text", title_zh="币种", title_en="Currency"),
        ),
        key=(),
        whole=("order_id", "buyer", "order_time", "pay_time"),
    ),
    imports.compare,
    imports.write,
    imports.revert,
    any_of=("paid_amount", "order_amount", "line_paid"),
)
