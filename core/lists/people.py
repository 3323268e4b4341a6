"""The people of a list as they would be today: who, worth what, reached how, and who was left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.audience.service import ahead
from core.campaign.service import Campaign
from core.database import keyed, read
from core.goods.tables import campaign_sku, sku
from core.lists import behaviour, rules
from core.lists.purchases import purchases
from core.lists.rules import Plan
from core.lists.tables import audience_list, list_member
from core.orders.tables import buyer
from core.pricing.judging import judged

MEMBER = ("buyer_key", "coming", "worth", "sku_code", "in_app")


@dataclass(frozen=True, slots=True)
class Chosen:
    """`people`: MEMBER, those of whom most is expected first. `dropped`: people left out by reason: floor (the coupon would break the
    floor of all that they want, or nobody knows it), held_back (they are the control of a list that runs)."""

    people: pd.DataFrame
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Known:
    """What all kinds of lists ask: the people `held` back from running lists, those `here` in the app lately, and the
    buyers with their segment (`buyers`: worth in fen, segment by buyer_key); `coming`: fen expected of a buyer, empty where
    nobody is ranked."""

    held: frozenset[str]
    here: frozenset[str]
    buyers: pd.DataFrame
    coming: pd.Series


def known(connection: Connection, now: datetime, *, ranked: bool) -> Known:
    """Read once for all kinds of lists; `ranked`: with what is expected of each buyer, for whom a limit lets in and who
    stands first."""
    here = frozenset(behaviour.in_app(connection, now))
    coming = ahead(connection, now) if ranked else pd.Series(dtype="Int64")
    return Known(frozenset(_held_back(connection, now)), here, behaviour.segmented(connection, now), coming)


def chosen(
    connection: Connection, sale: Campaign, kind: str, plan: Plan, now: datetime, told: Known
) -> Chosen:
    """The people of a kind of list by a plan."""
    dropped: dict[str, int] = {}
    find = behaviour.FINDERS.get(kind)
    picked = find(connection, sale, now, plan.waited) if find else _of_segment(told.buyers, kind)
    if kind in rules.WANTING:
        picked, dropped = _wanted(connection, sale, picked, plan.coupon)
    members = picked.assign(
        worth=picked["worth"].astype("int64"), coming=picked["buyer_key"].map(told.coming).astype("Int64")
    ).reindex(columns=["buyer_key", "coming", "worth", "sku_code"])
    apart = members["buyer_key"].isin(told.held)
    if apart.any():
        dropped["held_back"] = int(apart.sum())
    limited = rules.limited(members[~apart], plan.most)
    return Chosen(
        limited.assign(
            sku_code=limited["sku_code"].astype(object).fillna("").astype("str"),
            in_app=limited["buyer_key"].isin(told.here),
        )[list(MEMBER)],
        dropped,
    )


def _of_segment(buyers: pd.DataFrame, code: str) -> pd.DataFrame:
    return buyers.loc[buyers["segment"] == code, "worth"].rename_axis("buyer_key").reset_index()


def _wanted(
    connection: Connection, sale: Campaign, pairs: pd.DataFrame, coupon: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row a person: the dearest of the goods wanted (at the sale's price, else the list price), of those that
    stay above their floor with the coupon."""
    codes = pairs["sku_code"].unique().tolist()
    c = campaign_sku.c
    own = (c.sku_code == sku.c.sku_code) & (c.campaign_id == sale.campaign_id)
    price = func.coalesce(c.sale_price, sku.c.list_price).label("price")
    query = select(sku.c.sku_code, price).select_from(sku.outerjoin(campaign_sku, own))
    prices = read(connection, query.where(keyed(sku.c.sku_code, codes, connection))).set_index("sku_code")[
        "price"
    ]
    rows = pairs.assign(worth=pairs["sku_code"].map(prices).astype("Float64").fillna(0))
    people = rows["buyer_key"].nunique()
    if coupon:
        figures = judged(connection, sale.campaign_id).prices
        room = (figures["landed_price"] - figures["floor_price"]).astype("Float64")
        enough = (rows["sku_code"].map(room).astype("Float64") >= coupon).fillna(False).astype(bool)
        rows = rows[enough]
    best = rows.sort_values(["worth", "sku_code"], ascending=[False, True]).drop_duplicates("buyer_key")
    lost = people - len(best)
    return best, ({"floor": lost} if lost else {})


def _held_back(connection: Connection, now: datetime) -> set[str]:
    """The controls of lists whose purchases still count: who is held back from one is held back from all."""
    a, m = audience_list.c, list_member.c
    query = select(a.list_id, a.plan, a.sent_at).where(a.state != "judged")
    running = [
        row.list_id
        for row in connection.execute(query)
        if row.sent_at is None or now < row.sent_at + pd.Timedelta(days=row.plan["days"])
    ]
    mine = select(m.buyer_key).where(m.list_id.in_(running), m.held_back.is_(True))
    return set(connection.scalars(mine)) if running else set()


def usual(connection: Connection, days: int, now: datetime) -> tuple[float, float]:
    """What known buyers do in so many days without a list: the share of them that bought in the last `days`, and the
    standard deviation of net fen a person over all of them; (0, 0) without any."""
    known = connection.scalar(select(func.count()).select_from(buyer).where(buyer.c.buyer_key != "")) or 0
    recent = purchases(connection, now - pd.Timedelta(days=days).to_pytimedelta(), now)
    if not known or recent.empty:
        return 0.0, 0.0
    net = (recent["paid"] - recent["refunded"]).groupby(recent["unit"]).sum().to_numpy(dtype=np.float64)
    people = max(known, len(net))
    mean = net.sum() / people
    return len(net) / people, float(np.sqrt(max(0.0, (net**2).sum() / people - mean**2)))
