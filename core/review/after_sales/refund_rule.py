"""The rule of fast refunds that is in force, and what it says of an order that asks for its money back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, func, select

from core import clock
from core.access import Actor, allow, audit
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.database import Database, insert, keyed, one, read
from core.errors import ShopError
from core.goods.tables import sku
from core.orders.tables import order_line
from core.review.after_sales import fast_refund, returns
from core.review.after_sales.fast_refund import FastRefund
from core.review.tables import refund_rule, service_case

MOST = 200  # orders judged at once
ASKED = ("order_id", "sku_code", "name", "amount", "why")


@dataclass(frozen=True, slots=True)
class InForce:
    """The rule, the shipped one at version 0, and who set it."""

    rule: FastRefund
    version: int
    account: str = ""


def in_force(db: Database, actor: Actor) -> InForce:
    """The rule by which refunds are judged."""
    allow(actor, "review.view")
    with db.reading() as connection:
        return _in_force(connection)


def set_rule(db: Database, actor: Actor, rule: FastRefund, version: int, *, now: datetime) -> int:
    """Puts a rule in the place of that version; returns the new one. ShopError("review.refund_rule") for what cannot be,
    "review.refund_rule_moved" where somebody was faster."""
    allow(actor, "review.edit")
    if (
        rule.most < 0
        or rule.orders < 0
        or rule.times < 1
        or not (0 <= rule.share <= 1 and 0 <= rule.loss <= 1)
    ):
        raise ShopError("review.refund_rule")
    with db.writing() as connection:
        before = _in_force(connection)
        if before.version != version:
            raise ShopError("review.refund_rule_moved", account=before.account)
        row = {"version": version + 1, "rule": _plain(rule), "account": actor.name, "at": now}
        insert(connection, refund_rule, pd.DataFrame([row]))
        audit.record(connection, actor, now, "review.refund_rule", "", _plain(before.rule), _plain(rule))
    return version + 1


def judge(
    db: Database, actor: Actor, campaign_id: str, orders: Sequence[str], *, now: datetime
) -> pd.DataFrame:
    """What the rule in force says of these orders, were they refunded whole today: ASKED, a line a row, amount in fen not yet
    refunded, why "" where the money may go at once, else as `fast_refund.judged`. Orders that no export has paid are left
    out. ShopError("campaign.unknown")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        return _judged(connection, mine, orders, now)


def judge_open(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> pd.DataFrame:
    """The same of the orders that open tickets name, the newest MOST. ShopError("campaign.unknown")."""
    allow(actor, "review.view")
    c = service_case.c
    query = select(c.order_id).where(
        c.case_kind == "ticket",
        c.order_id != "",
        c.closed_minute.is_(None),
        c.opened_minute <= clock.epoch_minute(now),
    )
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        named = list(connection.scalars(query.order_by(c.opened_minute.desc()).limit(MOST)))
        return _judged(connection, mine, named, now)


def _in_force(connection: Connection) -> InForce:
    row = one(connection, select(refund_rule).order_by(refund_rule.c.version.desc()))
    if row is None:
        return InForce(FastRefund(), 0)
    values = row["rule"] | {"kept_back": frozenset(row["rule"]["kept_back"])}
    return InForce(FastRefund(**values), row["version"], row["account"])


def _plain(rule: FastRefund) -> dict[str, object]:
    return asdict(rule) | {"kept_back": sorted(rule.kept_back)}


def _judged(connection: Connection, mine: Campaign, orders: Sequence[str], now: datetime) -> pd.DataFrame:
    wanted = list(dict.fromkeys(name.strip() for name in orders if name.strip()))[:MOST]
    asked = _asked(connection, wanted, now)
    if asked.empty:
        return pd.DataFrame(columns=list(ASKED))
    past = returns.refunds(connection, mine, now)
    past = past[past["buyer_key"].isin(asked["buyer_key"]) & (past["buyer_key"] != "")]
    today = clock.business_day(now, mine.timezone) - pd.Timestamp(0).date()
    both = pd.concat([past, asked.assign(day=today.days)], ignore_index=True)
    why = fast_refund.judged(both, _in_force(connection).rule).tail(len(asked))
    return asked.assign(why=why.to_numpy())[list(ASKED)]


def _asked(connection: Connection, wanted: Sequence[str], now: datetime) -> pd.DataFrame:
    """Lines of these orders with something left to refund: ASKED without why, buyer_key, category, and what the buyer's other
    orders were (earlier_orders, earlier_refunds)."""
    o = order_line.c
    paid = (o.paid_at.is_not(None), o.paid_at <= now)
    query = (
        select(o.order_id, o.sku_code, o.buyer_key, sku.c.name, sku.c.category)
        .add_columns((o.amount - o.refund_amount).label("amount"))
        .outerjoin(sku, sku.c.sku_code == o.sku_code)
        .where(keyed(o.order_id, wanted, connection), o.amount > o.refund_amount, *paid)
        .order_by(o.order_id, o.sku_code, o.line)
    )
    lines = read(connection, query)
    buyers = lines["buyer_key"].unique().tolist()
    refunded = func.max(o.refund_amount).label("refunded")
    own = (
        select(o.buyer_key, o.order_id, refunded)
        .where(keyed(o.buyer_key, buyers, connection), o.buyer_key != "", *paid)
        .group_by(o.buyer_key, o.order_id)
    )
    others = (
        lines[["buyer_key", "order_id"]]
        .drop_duplicates()
        .merge(read(connection, own), on="buyer_key", suffixes=("", "_other"))
    )
    others = others[others["order_id"] != others["order_id_other"]]
    grouped = others.assign(gone=others["refunded"] > 0).groupby("order_id")
    counts = pd.DataFrame({"earlier_orders": grouped.size(), "earlier_refunds": grouped["gone"].sum()})
    joined = lines.join(counts, on="order_id").fillna({"earlier_orders": 0, "earlier_refunds": 0})
    return joined.assign(name=joined["name"].fillna(""), category=joined["category"].fillna(""))
