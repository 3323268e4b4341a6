"""Everything that the shop knows of one SKU, on one card; and finding a SKU, an order or a purchase order by a few letters
of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import ColumnElement, Connection, String, and_, cast, func, or_, select

from core.access import Actor, allow, allowed
from core.database import Database, one, read
from core.database.types import Record
from core.errors import ShopError
from core.goods.tables import sku
from core.orders.tables import order_line
from core.pricing import service as pricing
from core.replenishment import demand
from core.replenishment.tables import purchase_order, purchase_order_line
from core.signals.tables import daily_signal
from core.stock import service as stock

MASTER = (
    "sku_code",
    "product_id",
    "name",
    "spec",
    "barcode",
    "category",
    "function",
    "brand",
    "supplier",
    "list_price",
    "lead_time_days",
    "moq",
    "pack_size",
)
RUNGS = (
    "target_units",
    "forecast",
    "low",
    "high",
    "have",
    "arriving",
    "target_short",
    "short",
    "order",
    "left",
    "lost",
)
PRICES = ("sale_price", "landed_price", "worst_landed_price", "verdict")
DAYS = 60
MOST = 30  # results of a search, of each kind


@dataclass(frozen=True, slots=True)
class SkuCard:
    """`master`: MASTER; with "cost.view" unit_cost too. `tier`: in the campaign ("" when it is not in it). `stock`: the
    levels, available_to_promise. `rungs`: its line of the ladder (RUNGS; empty outside the campaign). `prices`:
    PRICES, with "margin.view" margin and worst_margin; empty for those who may not see prices. `days`: its reported
    days, oldest first. `arrivals`: expected_on, quantity. `located`: where its units lie (`stock.located`). `purchases`: number, supplier, state, quantity, received,
    expected_on, newest first."""

    master: Record
    tier: str
    stock: dict[str, int]
    rungs: dict[str, object]
    prices: Record
    days: pd.DataFrame
    arrivals: pd.DataFrame
    located: pd.DataFrame
    purchases: pd.DataFrame


def card(db: Database, actor: Actor, campaign_id: str, sku_code: str, now: datetime) -> SkuCard:
    """The card of a SKU. `campaign_id` "" where there is none yet. ShopError("goods.unknown_sku")."""
    allow(actor, "goods.view")
    with db.reading() as connection:
        row = one(connection, select(sku).where(sku.c.sku_code == sku_code))
        if row is None:
            raise ShopError("goods.unknown_sku", codes=[sku_code])
        lines = demand.of_campaign(connection, campaign_id, now).lines if campaign_id else pd.DataFrame()
        inside = sku_code in lines.index
        levels = stock.levels(connection, [sku_code])
        arrivals = stock.arrivals(connection, [sku_code])[["expected_on", "quantity"]]
        return SkuCard(
            {name: row[name] for name in (*MASTER, *(("unit_cost",) if allowed(actor, "cost.view") else ()))},
            str(lines.at[sku_code, "tier"]) if inside else "",
            {str(name): int(value) for name, value in levels.iloc[0].items()} if len(levels) else {},
            {name: lines.at[sku_code, name] for name in RUNGS} if inside else {},
            _prices(connection, actor, campaign_id, sku_code) if inside else {},
            _days(connection, sku_code),
            arrivals.reset_index(drop=True),
            stock.lying(connection, sku_code),
            _purchases(connection, sku_code) if allowed(actor, "replenishment.view") else pd.DataFrame(),
        )


def _prices(connection: Connection, actor: Actor, campaign_id: str, sku_code: str) -> dict[str, object]:
    if not allowed(actor, "price.view"):
        return {}
    rows = pricing.economics(connection, campaign_id).set_index("sku_code")
    names = (*PRICES, *(("margin", "worst_margin") if allowed(actor, "margin.view") else ()))
    return {name: rows.at[sku_code, name] for name in names} if sku_code in rows.index else {}


def _days(connection: Connection, sku_code: str) -> pd.DataFrame:
    d = daily_signal.c
    sums = [func.sum(d[name]).label(name) for name in ("units_paid", "visitors", "add_to_cart")]
    query = (
        select(d.day, *sums).where(d.sku_code == sku_code).group_by(d.day).order_by(d.day.desc()).limit(DAYS)
    )
    return read(connection, query).iloc[::-1].reset_index(drop=True)


def _purchases(connection: Connection, sku_code: str) -> pd.DataFrame:
    o, line = purchase_order.c, purchase_order_line.c
    query = select(o.number, o.supplier, o.state, line.quantity, line.received, line.expected_on)
    joined = query.join(purchase_order_line, line.order_id == o.order_id).where(line.sku_code == sku_code)
    return read(connection, joined.order_by(o.at.desc()).limit(MOST))


def find(db: Database, actor: Actor, text: str) -> pd.DataFrame:
    """What the letters occur in, at most MOST of each kind: kind ("sku" | "purchase" | "order"), code, name, spec; a code
    that is just so comes first. Several words must all occur. Nothing for less than two letters.

    SKUs by code, name, spec, barcode and product; purchase orders by number, order lines by order id, for those who
    may see them (their code is the SKU, their name the order)."""
    allow(actor, "goods.view")
    words = text.split()
    if sum(map(len, words)) < 2:
        return pd.DataFrame(columns=["kind", "code", "name", "spec"])
    with db.reading() as connection:
        parts = [_skus(connection, words)]
        if allowed(actor, "replenishment.view"):
            parts.append(_numbers(connection, words))
        if allowed(actor, "orders.view"):
            parts.append(_orders(connection, words))
    matches = pd.concat(parts, ignore_index=True)
    exact = ~(matches["code"].str.casefold() == text.strip().casefold())
    return (
        matches.assign(exact=exact)
        .sort_values("exact", kind="stable")
        .drop(columns="exact")
        .reset_index(drop=True)
    )


def _skus(connection: Connection, words: list[str]) -> pd.DataFrame:
    s = sku.c
    looked_in = (s.sku_code, s.name, s.spec, s.barcode, s.product_id)
    every = and_(*(or_(*(_holds(column, word) for column in looked_in)) for word in words))
    query = select(s.sku_code.label("code"), s.name, s.spec).where(every, s.retired_at.is_(None))
    return read(connection, query.order_by(s.sku_code).limit(MOST)).assign(kind="sku")


def _numbers(connection: Connection, words: list[str]) -> pd.DataFrame:
    o = purchase_order.c
    every = and_(*(_holds(o.number, word) for word in words))
    query = select(o.number.label("code"), o.supplier.label("name"), o.state.label("spec")).where(every)
    return read(connection, query.order_by(o.at.desc()).limit(MOST)).assign(kind="purchase")


def _orders(connection: Connection, words: list[str]) -> pd.DataFrame:
    line = order_line.c
    if len(words) > 1:  # an order id has no blanks
        return pd.DataFrame(columns=["kind", "code", "name", "spec"])
    query = select(line.sku_code.label("code"), line.order_id.label("name"), line.state.label("spec"))
    return read(connection, query.where(line.order_id == words[0]).limit(MOST)).assign(kind="order")


def _holds(column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    return func.lower(cast(column, String)).contains(word.lower(), autoescape=True)
