"""The files that the users of the journey bring: small enough that every figure can be counted again from them."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

CODES = [f"00{n:04d}" for n in range(1, 25)]
PREPARING = datetime(2026, 10, 20, 2, tzinfo=UTC)  # three weeks before, 10:00 in Shanghai
OPENS = datetime(2026, 11, 10, 12, tzinfo=UTC)  # 20:00 in Shanghai
CLOSES = OPENS + timedelta(hours=4)
SCARCE = CODES[0]  # few units and many buyers
LOW = CODES[1]  # a price below its floor: somebody has to approve it
PLENTY = 40_000
WAREHOUSES = ("杭州仓", "成都仓")
CHANNELS = ("search", "live_room", "paid")
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """What the events of a sale add up to, counted by hand from the file: fen, orders, people; units ordered and sent back by SKU."""

    paid: int
    refunded: int
    orders: int
    buyers: int
    wanted: Counter[str]
    returned: Counter[str]


FULL_CARD = (
    "商家编码",
    "商品成本",
    "内包装",
    "外包装",
    "售后卡",
    "耗材",
    "仓储费",
    "快递费",
    "人工",
    "库存占用",
    "运费险",
    "退货处理费",
    "拍摄制作费率",
    "平台佣金率",
    "支付手续费率",
    "推广费率",
    "退货率",
    "退货残值率",
)  # titles of a full cost card


def price(code: str) -> int:
    """The price in the sale, fen."""
    return 3_100 if code == LOW else 5_000 + int(code) * 100


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """A CSV as Excel writes it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([head, *rows])
    return ("\ufeff" + out.getvalue()).encode()


def goods() -> bytes:
    """Codes with their leading zeros, names, suppliers."""
    head = ("商家编码", "商品名称", "分类", "供应商", "成本价", "吊牌价", "采购周期", "起订量", "箱规")
    rows = [
        (c, f"面霜 {c}", "护肤", f"供应商{int(c) % 2}", 18 + int(c), 99 + int(c), 7, 10, 5) for c in CODES
    ]
    return table(head, rows)


def suppliers() -> bytes:
    """Two, with their lead time."""
    return table(("供应商", "联系人", "采购周期"), [("供应商0", "王", 7), ("供应商1", "李", 9)])


def stock_by_warehouse() -> bytes:
    """A row a SKU and warehouse; a SKU's stock is the sum of its rows."""
    rows = [
        (code, warehouse, (40 if code == SCARCE else PLENTY) * part // 8)
        for code in CODES
        for warehouse, part in zip(WAREHOUSES, (5, 3), strict=True)
    ]
    return table(("商家编码", "仓库", "实物库存"), rows)


def costs() -> bytes:
    """What one more unit costs, yuan and shares of the price: full cards."""
    parts = ("0.2", "0.8", "0.1", "0.1", "0.3", "3.5", "0.2", "0.1", "0", "0")
    shares = ("0%", "5%", "0.6%", "0%", "8%", "90%")
    return table(FULL_CARD, [(c, 18 + int(c), *parts, *shares) for c in CODES])


def traffic(today: date, days: int = 60) -> tuple[bytes, Counter[str]]:
    """Daily reports, and the units paid by SKU."""
    dice, rows, units = random.Random(2), [], Counter[str]()
    for ago in range(1, days + 1):
        for c in CODES:
            sold = dice.randrange(4, 30)
            units[c] += sold
            rows.append(
                (today - timedelta(days=ago), c, sold * 20, sold * 3, sold, sold, sold * price(c) / 100)
            )
    head = ("日期", "商家编码", "访客数", "加购件数", "支付买家数", "支付件数", "支付金额")
    return table(head, rows), units


def orders(today: date, count: int = 300) -> tuple[bytes, int]:
    """Order lines of the past months, and what they paid together, fen."""
    dice, rows, paid = random.Random(3), [], 0
    for n in range(count):
        c, at = dice.choice(CODES), f"{today - timedelta(days=dice.randrange(5, 90))} 12:{n % 60:02d}:00"
        paid += price(c)
        rows.append((f"D{n:06d}", c, f"buyer{n % 80}", "交易成功", at, at, 1, price(c) / 100))
    head = ("订单号", "商家编码", "买家会员名", "订单状态", "下单时间", "付款时间", "宝贝总数量", "支付金额")
    return table(head, rows), paid


def structure() -> bytes:
    """The line-up with its prices and planned units."""
    tiers = ("预爆款", "主推款", "常规款", "清仓款")
    rows = [(c, tiers[n % 4], "保湿", price(c) / 100, 100) for n, c in enumerate(CODES)]
    return table(("商家编码", "货品层级", "功能", "活动价", "计划件数"), rows)


def warm_up(first: date, days: int = 6) -> bytes:
    """Favourites, carts and reservations before the sale."""
    head = ("日期", "商家编码", "访客数", "收藏人数", "加购人数", "商品预约人数")
    rows = [(first + timedelta(days=d), c, 300, 30, 40, 12) for d in range(days) for c in CODES]
    return table(head, rows)


def promotions() -> bytes:
    """One rule over everything: ten yuan off from three hundred."""
    head = ("规则编号", "规则名称", "优惠类型", "门槛金额", "优惠金额或价格")
    return table(head, [("cross", "跨店满减", "每满减", 300, 10)])


def sale(opens: datetime, hours: float, events: int, seed: int) -> list[Event]:
    """A night of that many events: one in ten an order that is paid, a few sent back, the rest people who look and put
    into the cart. Few buyers want the scarce goods, but more than there are."""
    dice, out = random.Random(seed), []
    orders = events // 10
    for n in range(orders):
        code = SCARCE if n % 40 == 7 else dice.choice(CODES[1:])
        at = opens + timedelta(hours=hours * dice.random() ** 1.3)
        line = {"sku_code": code, "order_id": f"{seed}-o{n}", "user_key": f"u{n % (orders * 4 // 5)}"}
        line |= {"channel": dice.choice(CHANNELS), "amount_fen": price(code), "quantity": 1}
        kinds = [("order", 0), ("pay", 4)] + ([("refund", 900)] if n % 50 == 3 else [])
        out += [told(f"{seed}-{n}-{kind}", kind, at + timedelta(seconds=late), line) for kind, late in kinds]
    for n in range(events - len(out)):
        kind = "add_to_cart" if n % 8 == 0 else "view"
        at = opens + timedelta(hours=hours * dice.random())
        facts = {
            "sku_code": dice.choice(CODES),
            "user_key": f"v{n % 9_000}",
            "channel": dice.choice(CHANNELS),
        }
        out.append(told(f"{seed}-l{n}", kind, at, facts))
    return sorted(out, key=lambda event: str(event["at"]))


def told(event_id: str, kind: str, at: datetime, facts: dict[str, Any]) -> Event:
    """One event as a shop sends it."""
    return {"event_id": event_id, "kind": kind, "at": at.isoformat(timespec="milliseconds"), **facts}


def lines(events: Sequence[Event]) -> bytes:
    """NDJSON."""
    return "\n".join(json.dumps(event) for event in events).encode()


def counted(events: Sequence[Event]) -> Counted:
    """The sums by hand."""
    of = {kind: [e for e in events if e["kind"] == kind] for kind in ("order", "pay", "refund")}
    return Counted(
        sum(e["amount_fen"] for e in of["pay"]),
        sum(e["amount_fen"] for e in of["refund"]),
        len({e["order_id"] for e in of["order"]}),
        len({e["user_key"] for e in of["pay"]}),
        Counter(e["sku_code"] for e in of["order"]),
        Counter(e["sku_code"] for e in of["refund"]),
    )
