"""What may be asked of partners: what each brings and costs, whose contract ends, and a new or changed one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, case, delete, func, select

from core import clock
from core.access import Actor, allow, allowed, audit
from core.audience.partners import scores
from core.audience.partners.scores import CRITERIA, KINDS, LEAST, MOST
from core.audience.partners.tables import partner
from core.database import Database, new_id, one, read, upsert
from core.errors import ShopError
from core.goods.tables import sku
from core.orders import buyers as bought
from core.orders.states import BOUGHT, OrderState
from core.orders.tables import order_line
from core.settings import settings

REMIND_DAYS = 30  # before a contract ends
LARGEST = 10**13


@dataclass(frozen=True, slots=True)
class Terms:
    """A partner as people write it. `channel` as orders name it; `fixed_fee` fen a month; `commission_rate` of what its
    orders keep; `reward` fen a new buyer; `contract_ends` ISO day or ""; the five points 1 to 5, None until given;
    `version`: of the entry that it replaces, 0 for a new one."""

    kind: str
    name: str
    channel: str = ""
    reach: int | None = None
    fixed_fee: int = 0
    commission_rate: float = 0.0
    reward: int = 0
    contract_ends: str = ""
    task: str = ""
    fit: int | None = None
    expertise: int | None = None
    values: int | None = None
    strength: int | None = None
    willingness: int | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Partners:
    """`rows`: scores.judged over the days from `first` to `last` (both in it), indexed by partner_id, with days_left (of the
    contract, missing without an end); margin only for those who may see margins. `ending`: names and days left of contracts
    that end within REMIND_DAYS or have ended."""

    rows: pd.DataFrame
    first: date
    last: date
    ending: pd.DataFrame


def partners(db: Database, actor: Actor, days: int = 90, *, now: datetime) -> Partners:
    """The partners with what they brought in the last `days` days, today included."""
    allow(actor, "audience.view")
    last = clock.business_day(now, settings().timezone)
    first = last - timedelta(days=days - 1)
    with db.reading() as connection:
        rows = read(connection, select(*partner.c)).set_index("partner_id", drop=False)
        if rows.empty:
            return Partners(rows, first, last, pd.DataFrame(columns=["name", "days_left"]))
        channels = [name for name in rows["channel"].unique() if name]
        brought = _brought(connection, channels, (first, last))
    judged = scores.judged(rows, brought, days).drop(columns="goods_cost")
    judged = judged.assign(days_left=_days_left(judged["contract_ends"], last))
    if not allowed(actor, "margin.view"):
        judged = judged.drop(columns="margin")
    return Partners(judged, first, last, _ending(judged))


def ending(connection: Connection, now: datetime) -> pd.DataFrame:
    """Contracts that end within REMIND_DAYS or have ended, the soonest first: name, days_left."""
    rows = read(connection, select(partner.c.name, partner.c.contract_ends))
    today = clock.business_day(now, settings().timezone)
    return _ending(rows.assign(days_left=_days_left(rows["contract_ends"], today)))


def _days_left(ends: pd.Series, today: date) -> pd.Series:
    return (pd.to_datetime(ends.replace("", None)) - pd.Timestamp(today)).dt.days.astype("Int64")


def _ending(rows: pd.DataFrame) -> pd.DataFrame:
    near = rows["days_left"].le(REMIND_DAYS).fillna(False).astype(bool)
    return rows.loc[near, ["name", "days_left"]].sort_values("days_left")


def put(db: Database, actor: Actor, terms: Terms, partner_id: str = "", *, now: datetime) -> str:
    """A new partner, or one in place of its version; returns its id. ShopError("partner.terms" | "partner.channel" |
    "partner.moved")."""
    allow(actor, "audience.edit")
    _check(terms)
    own = partner_id or new_id()
    with db.writing() as connection:
        p = partner.c
        before = one(connection, select(p.version).where(p.partner_id == own))
        if (before["version"] if before else 0) != terms.version:
            raise ShopError("partner.moved", name=terms.name)
        taken = select(p.name).where(p.channel == terms.channel.strip(), p.channel != "", p.partner_id != own)
        other = connection.scalar(taken)
        if other is not None:
            raise ShopError("partner.channel", channel=terms.channel, name=other)
        values = asdict(terms) | {name: getattr(terms, name).strip() for name in ("name", "channel", "task")}
        row = values | {"partner_id": own, "version": terms.version + 1, "account": actor.name, "at": now}
        whole = dict.fromkeys(("reach", *CRITERIA), "Int64")
        upsert(connection, partner, pd.DataFrame([row]).astype(whole))
        audit.record(connection, actor, now, "partner.put", own, None, values)
    return own


def take_out(db: Database, actor: Actor, partner_id: str, version: int, *, now: datetime) -> None:
    """Takes a partner out; its orders stay. ShopError("partner.moved")."""
    allow(actor, "audience.edit")
    with db.writing() as connection:
        p = partner.c
        row = one(connection, select(p.name, p.version).where(p.partner_id == partner_id))
        if row is None or row["version"] != version:
            raise ShopError("partner.moved", name=row["name"] if row else "")
        connection.execute(delete(partner).where(p.partner_id == partner_id))
        audit.record(connection, actor, now, "partner.take_out", partner_id, {"name": row["name"]}, None)


def _check(terms: Terms) -> None:
    sizes = (terms.fixed_fee, terms.reward, terms.reach or 0)
    points = [getattr(terms, name) for name in CRITERIA]
    right = (
        terms.kind in KINDS
        and bool(terms.name.strip())
        and all(0 <= size <= LARGEST for size in sizes)
        and 0 <= terms.commission_rate <= 1
        and all(point is None or LEAST <= point <= MOST for point in points)
    )
    try:
        ends = not terms.contract_ends or bool(date.fromisoformat(terms.contract_ends))
    except ValueError:
        ends = False
    if not (right and ends):
        raise ShopError("partner.terms")


def _brought(connection: Connection, channels: list[str], span: tuple[date, date]) -> pd.DataFrame:
    """What came by each channel between two days, as scores.judged wants it."""
    zone = settings().timezone
    since, until = clock.day_start(span[0], zone), clock.day_start(span[1] + timedelta(days=1), zone)
    line = order_line.c
    stands = line.state.in_(BOUGHT)  # what was refunded whole was paid all the same
    refund = case((stands, line.refund_amount), else_=line.amount)
    kept = case((stands & (line.amount > line.refund_amount), line.quantity), else_=0)
    unknown = case((sku.c.unit_cost.is_(None) & (kept > 0), 1), else_=0)
    query = (
        select(
            line.channel,
            line.buyer_key,
            line.order_id,
            func.max(line.paid_at).label("paid_at"),
            func.sum(line.amount).label("amount"),
            func.sum(refund).label("refund"),
            func.sum(kept * func.coalesce(sku.c.unit_cost, 0)).label("goods_cost"),
            func.sum(unknown).label("unknown"),
        )
        .select_from(order_line.outerjoin(sku, sku.c.sku_code == line.sku_code))
        .where(
            line.paid_at >= since,
            line.paid_at < until,
            line.channel.in_(channels),
            line.state.in_((*BOUGHT, OrderState.REFUNDED)),
        )
        .group_by(line.channel, line.buyer_key, line.order_id)
    )
    orders = read(connection, query)
    first = bought.rollup(connection, ("buyer_key", "first_paid_at")).set_index("buyer_key")["first_paid_at"]
    return _summed(orders, first)


def _summed(orders: pd.DataFrame, first: pd.Series) -> pd.DataFrame:
    """Orders by channel. New is a known buyer whose first counted order this is."""
    began = pd.to_datetime(orders["buyer_key"].map(first), utc=True)
    new = (orders["buyer_key"] != "") & began.notna() & (pd.to_datetime(orders["paid_at"], utc=True) == began)
    labelled = orders.assign(
        new=orders["buyer_key"].where(new), known=orders["buyer_key"].where(orders["buyer_key"] != "")
    )
    grouped = labelled.groupby("channel")
    sums = grouped[["amount", "refund", "goods_cost", "unknown"]].sum().astype("int64")
    return pd.DataFrame(
        {
            "orders": grouped["order_id"].nunique(),
            "buyers": grouped["known"].nunique(),
            "new_buyers": grouped["new"].nunique(),
            "amount": sums["amount"],
            "refund": sums["refund"],
            "goods_cost": sums["goods_cost"].astype("Int64").mask(sums["unknown"] > 0),
        }
    )
