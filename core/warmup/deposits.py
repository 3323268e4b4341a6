"""What may be asked of the pre-sale: terms by SKU, deposits and balances, units that cannot ship on their
date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd
from sqlalchemy import ColumnElement, Connection, delete, select

from core.access import Actor, allow, audit
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.database import Database, one, read, upsert
from core.errors import ShopError
from core.goods.tables import sku
from core.pricing import offers
from core.stock import service as stock
from core.warmup import presale as rules
from core.warmup.tables import presale_order, presale_term


@dataclass(frozen=True, slots=True)
class Terms:
    """The pre-sale of a SKU: price before the deposit is counted, deposit, what it counts for (fen), the
    balance window and the day of shipping.
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
    return read(
        connection,
        select(*columns).where(presale_term.c.campaign_id == campaign_id).order_by(presale_term.c.sku_code),
    )


def offered(connection: Connection, mine: Campaign, minute: datetime) -> pd.DataFrame:
    """Every SKU in the pre-sale that runs at the minute or comes next, index sku_code: price (paid in all),
    deposit, counted (fen), deposit_from, deposit_to, balance_from, balance_to (moments), ships_on (ISO day,
    "" where no terms name one).

    A SKU's own terms go before the rules of the deposit phase. Deposits close when the SKU's balances open at
    the latest.
    """
    own = terms(connection, mine.campaign_id).set_index("sku_code")
    own = own.assign(price=rules.final_price(own["price"], own["deposit"], own["counted"]))
    ruled = _ruled(connection, mine, minute)
    parts = [_dated(own, mine), ruled[~ruled.index.isin(own.index)]]
    rows = pd.concat([part[[*_OFFER]] for part in parts if len(part)] or parts)
    return rows.assign(
        **{name: pd.to_datetime(rows[name], utc=True) for name in _OFFER if name.endswith(("_from", "_to"))}
    )


_OFFER = (
    "price",
    "deposit",
    "counted",
    "deposit_from",
    "deposit_to",
    "balance_from",
    "balance_to",
    "ships_on",
)
_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)


def _dated(own: pd.DataFrame, mine: Campaign) -> pd.DataFrame:
    """Terms with the window of their deposits: the last deposit phase before their balances; without one,
    from ever on."""
    taking = [(p.starts_at, p.ends_at) for p in mine.phases if p.kind == offers.DEPOSIT]
    opens = pd.to_datetime(own["balance_from"], utc=True)
    spans = [next((span for span in reversed(taking) if span[0] < at), (_EVER, at)) for at in opens]
    ends = [min(end, at) for (_, end), at in zip(spans, opens, strict=True)]
    return own.assign(deposit_from=[start for start, _ in spans], deposit_to=ends)


def _ruled(connection: Connection, mine: Campaign, minute: datetime) -> pd.DataFrame:
    """What the rules of the deposit phase make, in the first one whose balances are not over yet, or else the
    last one (the n-th balance window belongs to the n-th).
    """
    taking, paying = (
        [p for p in mine.phases if p.kind == kind] for kind in (offers.DEPOSIT, "presale_balance")
    )
    for at, phase in enumerate(taking):
        start, end = (
            (paying[at].starts_at, paying[at].ends_at) if at < len(paying) else (phase.ends_at, phase.ends_at)
        )
        if minute < end or phase is taking[-1]:
            asked = min(max(minute, phase.starts_at), phase.ends_at - _INSTANT)
            span = {
                "deposit_from": phase.starts_at,
                "deposit_to": phase.ends_at,
                "balance_from": start,
                "balance_to": end,
            }
            return offers.deposits_at(connection, mine.campaign_id, asked).assign(**span, ships_on="")
    return pd.DataFrame(columns=[*_OFFER])


def overview(db: Database, actor: Actor, campaign_id: str, now: datetime) -> pd.DataFrame:
    """One row a SKU in the pre-sale, by its own terms or by the rules of the deposit phase: as `offered`,
    with sku_name, own (bool: it has terms), price (before the deposit is counted), final_price and balance
    (fen), then the columns of `rules.tails` (0 without deposits), then presale_committed (units in the stock
    ledger), promised, there and short of `rules.cover` (int64 units). ShopError("campaign.unknown").
    """
    allow(actor, "warmup.view")
    with db.reading() as connection:
        sale = (
            offered(connection, campaigns.standing(connection, campaign_id), now)
            .rename_axis("sku_code")
            .reset_index()
        )
        own = sale["sku_code"].isin(terms(connection, campaign_id)["sku_code"])
        mine = sale.assign(own=own, price=sale["price"] + sale["counted"] - sale["deposit"])
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
    """Sets the pre-sale of a SKU. ShopError("warmup.presale_terms" | "warmup.presale_window" |
    "warmup.unknown_sku" | "campaign.unknown").
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
        if not connection.scalar(
            select(sku.c.sku_code).where(sku.c.sku_code == wanted.sku_code, sku.c.retired_at.is_(None))
        ):
            raise ShopError("warmup.unknown_sku", sku=wanted.sku_code)
        before = one(connection, select(presale_term).where(_mine(campaign_id, wanted.sku_code)))
        version = before["version"] + 1 if before else 1
        upsert(
            connection,
            presale_term,
            pd.DataFrame([row | {"version": version, "account": actor.name, "at": now}]),
        )
        audit.record(connection, actor, now, "warmup.presale_terms", wanted.sku_code, before, row)


def drop_terms(db: Database, actor: Actor, campaign_id: str, sku_code: str, now: datetime) -> None:
    """Takes a SKU out of the pre-sale. ShopError("warmup.presale_deposits") while deposits of it are open."""
    allow(actor, "warmup.edit")
    with db.writing() as connection:
        before = one(connection, select(presale_term).where(_mine(campaign_id, sku_code)))
        if before is None:
            raise ShopError("warmup.unknown_sku", sku=sku_code)
        orders = _orders(connection, campaign_id)
        unpaid = orders[(orders["sku_code"] == sku_code) & ~orders["balance_paid"] & ~orders["closed"]]
        if len(unpaid):
            raise ShopError("warmup.presale_deposits", sku=sku_code, units=int(unpaid["quantity"].sum()))
        connection.execute(delete(presale_term).where(_mine(campaign_id, sku_code)))
        audit.record(connection, actor, now, "warmup.presale_drop", sku_code, before, None)


def _mine(campaign_id: str, sku_code: str) -> ColumnElement[bool]:
    return (presale_term.c.campaign_id == campaign_id) & (presale_term.c.sku_code == sku_code)


def _orders(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """Deposit orders as `rules.tails` takes them: a row each for the paid, the given back and the open units
    of an order.

    Units given back were unpaid ones as long as there are any: a refund of a paid unit does not undo that its
    balance came.
    """
    o = presale_order.c
    frame = read(
        connection,
        select(o.sku_code, o.quantity, o.deposit_amount, o.paid, o.given_back).where(
            o.campaign_id == campaign_id
        ),
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
    """Units that must ship by SKU and date against stock on hand that nobody else has, and what arrives by
    then."""
    free = levels["available_with_presale"] if len(levels) else pd.Series(dtype="int64")
    must_ship = frame[["sku_code", "ships_on"]].assign(units=frame["open_units"])
    return rules.cover(must_ship, free, arriving)


def _level(levels: pd.DataFrame, name: str, codes: pd.Series) -> pd.Series:
    return (
        codes.map(levels[name]).fillna(0).astype("int64")
        if len(levels)
        else pd.Series(0, index=codes.index, dtype="int64")
    )
