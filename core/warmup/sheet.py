"""The workbook of the warm-up: its figures by day, channel and SKU."""

from __future__ import annotations

from core.imports.kinds import Kind
from core.sheets.columns import Field, SheetSpec
from core.warmup import imports

_TITLES = {
    "visitors": ("访客数", "Visitors"),
    "favourites": ("收藏人数", "Favourites"),
    "add_to_cart": ("加购人数", "Add to cart"),
    "coupon_claims": ("领券人数", "Coupon claims"),
    "reservations": ("商品预约人数", "Reservations"),
    "venue_reservations": ("会场预约人数", "Venue reservations"),
    "reservation_returns": ("预约回流人数", "Reservation returns"),
    "deposits": ("付定金件数", "Deposits"),
    "invites_sent": ("发出邀请数", "Invites sent"),
    "invites_joined": ("邀请成功数", "Invites joined"),
    "coin_game": ("金币游戏任务", "Coin tasks game"),
    "coin_browse": ("金币浏览任务", "Coin tasks browse"),
    "coin_share": ("金币分享任务", "Coin tasks share"),
    "coin_purchase": ("金币购买任务", "Coin tasks purchase"),
    "group_votes": ("战备群投票", "Group votes"),
}

WARMUP = Kind(
    "warmup",
    "warmup.import",
    SheetSpec(
        "warmup",
        (
            Field("stat_date", "day", required=True),
            Field("sku_code", "code"),
            Field("channel", "text", title_zh="渠道", title_en="Channel"),
            *(
                Field(name, "integer", minimum=0, title_zh=zh, title_en=en)
                for name, (zh, en) in _TITLES.items()
            ),
        ),
        key=("sku_code", "stat_date", "channel"),
    ),
    imports.compare,
    imports.write,
    imports.revert,
)
