"""The names that shops' tables usually give to what we read: field -> column names, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ALIASES: Mapping[str, tuple[str, ...]] = {
    "key": ("line_id", "item_id", "detail_id", "oid", "rec_id", "id", "uuid"),
    "order_id": (
        "order_id",
        "order_no",
        "order_sn",
        "order_number",
        "trade_no",
        "tid",
        "order",
        "订单编号",
        "订单号",
    ),
    "sku_code": ("sku_code", "sku", "outer_sku_id", "sku_id", "spec_no", "goods_no", "item_code", "商家编码"),
    "quantity": ("quantity", "qty", "num", "units", "count", "goods_num", "数量"),
    "amount": (
        "amount",
        "amount_fen",
        "total",
        "line_total",
        "share_amount",
        "total_amount",
        "pay_amount",
        "payment",
        "price",
        "金额",
    ),
    "at": (
        "ordered_at",
        "created_at",
        "order_time",
        "create_time",
        "created",
        "trade_time",
        "paid_at",
        "refunded_at",
        "下单时间",
    ),
    "changed": (
        "updated_at",
        "modified_at",
        "update_time",
        "modified",
        "gmt_modified",
        "last_modified",
        "mtime",
        "更新时间",
    ),
    "paid_at": ("paid_at", "pay_time", "payment_time", "paid_time", "支付时间"),
    "paid_amount": ("paid_amount", "paid", "payment", "实付金额"),
    "cancelled_at": ("cancelled_at", "canceled_at", "closed_at", "cancel_time", "close_time"),
    "refunded_quantity": ("refunded_quantity", "refund_num", "refunded_qty", "refund_quantity"),
    "refunded_amount": ("refunded_amount", "refund_amount", "refund_fee"),
    "buyer": ("buyer", "buyer_id", "user_id", "customer_id", "buyer_nick", "member_id", "openid"),
    "channel": ("channel", "source", "platform", "渠道"),
    "person": ("user_id", "customer_id", "member_id", "buyer_id", "buyer", "openid", "用户标识", "id"),
    "first_seen": ("first_seen", "registered_at", "register_time", "created_at", "create_time", "注册时间"),
    "sex": ("sex", "gender", "性别"),
    "age_band": ("age_band", "age_group", "age_range", "年龄段"),
    "province": ("province", "state", "省份"),
    "city_tier": ("city_tier", "city_level", "城市级别"),
    "device": ("device", "terminal", "os", "终端"),
    "interest": ("interest", "interests", "tag", "兴趣"),
    "currency": ("currency", "currency_code", "币种"),
    "on_hand": ("on_hand", "stock_num", "stock", "quantity", "qty", "实物库存"),
    "reserved": ("reserved", "locked", "lock_num", "order_num", "占用库存"),
    "presale_committed": ("presale_committed", "presale"),
    "in_transit": ("in_transit", "purchase_num", "在途库存"),
    "name": ("name", "goods_name", "title", "商品名称"),
    "spec": ("spec", "spec_name", "sku_name", "规格"),
    "barcode": ("barcode", "条码"),
    "category": ("category", "class_name", "类目"),
    "brand": ("brand", "brand_name", "品牌"),
    "supplier": ("supplier", "provider_name", "供应商"),
    "list_price": ("list_price", "retail_price", "吊牌价"),
}
TIMES: Mapping[str, tuple[str, ...]] = {
    "payments": ("paid_at", "pay_time", "payment_time"),
    "refunds": ("refunded_at", "refund_time"),
}

TABLES: Mapping[str, tuple[str, ...]] = {
    "orders": ("order_item", "order_line", "order_detail", "trade_item", "orders", "order", "trade", "订单"),
    "payments": ("payment", "pay", "支付"),
    "refunds": ("refund", "after_sale", "aftersale", "退款"),
    "stock": ("stock", "inventory", "库存"),
    "goods": ("sku", "goods", "product", "item", "商品"),
    "people": ("customer", "member", "user", "buyer", "用户", "会员", "客户"),
}
"""What tables of a kind are usually called, the likeliest first."""


def likely_table(kind: str, tables: Sequence[str]) -> str:
    """The table that most likely holds a kind; the first one where no name says anything, "" of none.

    >>> likely_table("orders", ["goods", "t_order", "t_order_item"]), likely_table("stock", [])
    ('t_order_item', '')
    """
    for word in TABLES[kind]:
        for name in tables:
            if word in name.casefold():
                return name
    return tables[0] if tables else ""
