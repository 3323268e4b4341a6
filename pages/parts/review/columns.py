"""The columns of the review's tables: parts of the bridge, goods, units."""

from __future__ import annotations

from pages.parts.components.columns import Column

PARTS = (
    Column("part", "review.part", pinned=True),
    Column("plan", "review.plan", "money", help="review.plan_help"),
    Column("actual", "review.actual", "money", help="review.actual_help"),
    Column("gap", "review.gap", "money"),
    Column("visitors", "review.visitors", "money"),
    Column("conversion_rate", "review.conversion_rate", "money"),
    Column("in_stock", "review.in_stock", "money", help="review.in_stock_help"),
    Column("aov", "review.aov", "money"),
    Column("kept", "review.kept", "money", help="review.kept_help"),
)
GOODS = (
    Column("sku_code", "review.sku_code", "code"),
    Column("name", "review.name"),
    Column("tier", "review.tier", "state", words="tier"),
    Column("planned", "review.planned_amount", "money"),
    Column("amount", "review.paid", "money"),
    Column("gap", "review.gap", "money"),
    Column("price", "review.price_effect", "money", help="review.price_effect_help"),
    Column("units_effect", "review.units_effect", "money", help="review.units_effect_help"),
    Column("planned_units", "review.planned_units", "integer"),
    Column("units", "review.units", "integer"),
    Column("available", "review.available", "percent", help="review.available_help"),
    Column("lost_units", "review.lost_units", "integer", help="review.lost_units_help"),
    Column("left", "review.left", "integer"),
    Column("left_at_cost", "review.left_at_cost", "money"),
)
UNITS = (
    Column("sku_code", "review.sku_code", "code"),
    Column("name", "review.name"),
    Column("opening", "review.opening", "integer", help="review.opening_help"),
    Column("event", "review.sold_units", "integer"),
    Column("receipt", "review.received", "integer"),
    Column("count", "review.counted", "integer"),
    Column("import", "review.imported", "integer"),
    Column("other", "review.other", "integer"),
    Column("on_hand", "review.on_hand", "integer"),
    Column("reserved", "review.reserved", "integer", help="review.reserved_help"),
    Column("available_to_promise", "review.available_to_promise", "integer"),
    Column("in_return", "review.in_return", "integer", help="review.in_return_help"),
    Column("unsellable", "review.unsellable", "integer", help="review.unsellable_help"),
    Column("counted", "review.shelf", "integer", help="review.shelf_help"),
    Column("difference", "review.difference", "integer", help="review.difference_help"),
    Column("damaged", "review.cause_damaged", "integer"),
    Column("unbooked_shipment", "review.cause_shipment", "integer"),
    Column("oversold", "review.cause_oversold", "integer"),
    Column("returned", "review.cause_returned", "integer"),
    Column("unexplained", "review.cause_unexplained", "integer"),
    Column("why", "review.why", "state", words="review_why"),
)
SHELVES = (
    Column("sku_code", "review.sku_code", "code"),
    Column("location", "review.location"),
    Column("book", "review.location_book", "integer"),
    Column("counted", "review.shelf", "integer"),
    Column("difference", "review.difference", "integer"),
    Column("reason", "review.count_reason"),
)
