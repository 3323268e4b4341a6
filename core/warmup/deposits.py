"""What may be asked of the pre-sale: terms by SKU, deposits and balances, units that cannot ship on their date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import ColumnElement, Connection, delete, select

from core.access import Actor, allow, audit
from core.campaign import service as campaigns
from core.database import Database, one, read, upsert
from core.errors import ShopError
from core.goods.tables import sku
from core.stock import service as stock
from core.warmup import presale as rules
from core.warmup.tables import presale_order, presale_term


@dataclass(frozen=True, slots=True)
class Terms:
    """The pre-sale of a SKU: price before the deposit is counted, deposit, what it counts for (fen), the balance window and the
    day of shipping.
    """

    sku_code: str
    price: int
    deposit: int
    counted: int
    balance_from: datetime
    balance_to: datetime
    ships_on: date


def terms(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The campaign's terms by SKU: columns of the table without account and at."""
    columns = [column for column in presale_term.columns if column.name not in {"account", "at"}]
    return read(connection, select(*columns).where(presale_term.c.campaign_id == campaign_id).order_by(presale_term.c.sku_code))


def overview(db: Database, actor: Actor, campaign_id: str, now: datetime) -> pd.DataFrame:
    """One row a pre-sale SKU: its terms with sku_name, final_price and balance (fen), then the columns of `rules.tails` (0
    without deposits), then presale_committed (units in the stock ledger), promised, there and short of `rules.cover` (int64
    units).
    """
    allow(actor, "warmup.view")
    with db.reading() as connection:
        mine = terms(connection, campaign_id)
        tails = rules.tails(_orders(connection, campaign_id), mine, now)
        codes = mine["sku_code"].tolist()
        levels = stock.levels(connection, codes)
        arriving = stock.arrivals(connection, codes)
        names = read(connection, select(sku.c.sku_code, sku.c.name)).set_index("sku_code")["name"]
    frame = mine.merge(tails, on="sku_code", how="left")
    counts = ["orders", "units", "deposit_amount", "paid_units", "open_units", "overdue_units"]
    frame[counts] = frame[counts].fillna(0).astype("int64")
    covered = _covered(frame, levels, arriving).set_index("sku_code")[["promised", "there", "short"]]
    price, deposit, counted = frame["price"], frame["deposit"], frame["counted"]
    return frame.assign(
        sku_name=frame["sku_code"].map(names).astype("str"),
        final_price=rules.final_price(price, deposit, counted),
        balance=rules.balance_due(price, deposit, counted),
        presale_committed=_level(levels, "presale_committed", frame["sku_code"]),
    ).join(covered, on="sku_code")


def set_terms(db: Database, actor: Actor, campaign_id: str, wanted: Terms, now: datetime) -> None:
    """Sets the pre-sale of a SKU. ShopError("warmup.presale_terms" | "warmup.presale_window" | "warmup.unknown_sku" |
    "campaign.unknown").
    """
    allow(actor, "warmup.edit")
    rules.require_terms(wanted.price, wanted.deposit, wanted.counted)
    if wanted.balance_to <= wanted.balance_from:
        raise ShopError("warmup.presale_window", starts_at=wanted.balance_from, ends_at=wanted.balance_to)
    row = {
        "campaign_id": campaign_id,
        "sku_code": wanted.sku_code,
        "price": wanted.price,
        "deposit": wanted.deposit,
        "counted": wanted.counted,
        "balance_from": wanted.balance_from,
        "balance_to": wanted.balance_to,
        "ships_on": wanted.ships_on.isoformat(),
    }
    with db.writing() as connection:
        campaigns.standing(connection, campaign_id)
        if not connection.scalar(select(sku.c.sku_code).where(sku.c.sku_code == wanted.sku_code, sku.c.retired_at.is_(None))):
            raise ShopError("warmup.unknown_sku", sku=wanted.sku_code)
        before = one(connection, select(presale_term).where(_mine(campaign_id, wanted.sku_code)))
        version = before["version"] + 1 if before else 1
        upsert(connection, presale_term, pd.DataFrame([row | {"version": version, "account": actor.name, "at": now}]))
        audit.record(connection, actor, now, "warmup.presale_terms", wanted.sku_code, before, row)


def drop_terms(db: Database, actor: Actor, campaign_id: str, sku_code: str, now: datetime) -> None:
    """Takes a SKU out of the pre-sale. ShopError("warmup.presale_deposits") while deposits of it are open."""
    allow(actor, "warmup.edit")
    with db.writing() as connection:
        before = one(connection, select(presale_term).where(_mine(campaign_id, sku_code)))
        if before is None:
            raise ShopError("warmup.unknown_sku", sku=sku_code)
        orders = _orders(connection, campaign_id)
        standing = orders[(orders["sku_code"] == sku_code) & ~orders["balance_paid"] & ~orders["closed"]]
        if len(standing):
            raise ShopError("warmup.presale_deposits", sku=sku_code, units=int(standing["quantity"].sum()))
        connection.execute(delete(presale_term).where(_mine(campaign_id, sku_code)))
        audit.record(connection, actor, now, "warmup.presale_drop", sku_code, before, None)


def _mine(campaign_id: str, sku_code: str) -> ColumnElement[bool]:
    return (presale_term.c.campaign_id == campaign_id) & (presale_term.c.sku_code == sku_code)


def _orders(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """Deposit orders as `rules.tails` takes them: a row each for the paid, the given back and the open units of an order.

    Units given back were unpaid ones as long as there are any: a refund of a paid unit does not undo that its balance came.
    """
    o = presale_order.c
    frame = read(
        connection, select(o.sku_code, o.quantity, o.deposit_amount, o.paid, o.given_back).where(o.campaign_id == campaign_id)
    )
    paid = frame[["paid", "quantity"]].min(axis=1)
    gone = pd.concat([frame["given_back"], frame["quantity"] - paid], axis=1).min(axis=1)
    parts = [
        frame.assign(quantity=paid, balance_paid=True, closed=False),
        frame.assign(quantity=gone, balance_paid=False, closed=True),
        frame.assign(quantity=frame["quantity"] - paid - gone, balance_paid=False, closed=False),
    ]
    rows = pd.concat(parts, keys=range(3), names=["part", "order"]).reset_index()
    rows = rows[rows["quantity"] > 0]
    first = ~rows["order"].duplicated()  # the deposit's amount is counted once an order
    return rows.assign(deposit_amount=rows["deposit_amount"].where(first, 0), orders=first.astype("int64"))[
        ["sku_code", "quantity", "deposit_amount", "balance_paid", "closed", "orders"]
    ]


def _covered(frame: pd.DataFrame, levels: pd.DataFrame, arriving: pd.DataFrame) -> pd.DataFrame:
    """Units that must ship by SKU and date against stock on hand that nobody else has, and what arrives by then."""
    free = levels["on_hand"] - levels["reserved"] - levels["activity_locked"] if len(levels) else pd.Series(dtype="int64")
    must_ship = frame[["sku_code", "ships_on"]].assign(units=frame["open_units"])
    return rules.cover(must_ship, free, arriving)


def _level(levels: pd.DataFrame, name: str, codes: pd.Series) -> pd.Series:
    return codes.map(levels[name]).fillna(0).astype("int64") if len(levels) else pd.Series(0, index=codes.index, dtype="int64")
