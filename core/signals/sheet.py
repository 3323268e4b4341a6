"""The daily reports: by SKU (生意参谋, 京东商智, 拼多多) and of the whole shop (its traffic, its ad spend)."""

from __future__ import annotations

from core.imports.kinds import Kind
from core.sheets.columns import Field, SheetSpec
from core.signals import imports

_RETURNS = ("paid_amount", "refund_amount", "units_paid")  # negative sales are returns
_COUNTS = tuple(
    Field(name, "integer", minimum=None if name in _RETURNS else 0)
    for name in (
        "visitors",
        "page_views",
        "add_to_cart",
        "favourites",
        "coupon_claims",
        "reservations",
        "deposits",
        "orders_placed",
        "buyers",
        "units_paid",
    )
)
_AMOUNTS = (
    Field("paid_amount", "money"),
    Field("refund_amount", "money", minimum=0),
    Field("ad_spend", "money", minimum=0),
)

TRAFFIC = Kind(
    "traffic",
    "signals.import",
    SheetSpec(
        "traffic",
        (
            Field("stat_date", "day", required=True),
            Field("sku_code", "code", required=True),
            Field("name", "text"),
            Field("category", "text"),
            Field("brand", "text"),
            *_COUNTS,
            *_AMOUNTS,
        ),
        key=("sku_code", "stat_date"),
        sum_parts=True,
        returns=_RETURNS,
    ),
    imports.compare,
    imports.write,
    imports.revert,
)

SHOP = Kind(
    "shop",
    "signals.import",
    SheetSpec(
        "shop",
        (Field("stat_date", "day", required=True), *_COUNTS, *_AMOUNTS),
        key=("stat_date",),
        sum_parts=True,
        returns=_RETURNS,
    ),
    imports.compare,
    imports.write,
    imports.revert,
)
