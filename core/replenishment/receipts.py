"""Receipts of purchase orders, in full or in part, and orders closed short; the stock moves with both."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, func, select, update

from core.access import Actor, allow, audit
from core.database import Database, insert, new_id, one, read, upsert
from core.database.types import Record
from core.errors import ShopError
from core.replenishment.orders import order_frame
from core.replenishment.tables import purchase_order, purchase_order_line, purchase_receipt
from core.settings import MOST_OVER_RECEIPT, settings
from core.stock import service as stock

OPEN = ("open", "part")


def receive(
    db: Database, actor: Actor, order_id: str, received: pd.DataFrame | None = None, *, now: datetime
) -> str:
    """Units that arrived: out of transit, on hand; returns the order's new state ("part" | "received").

    `received`: sku_code and quantity (units now arriving); None: everything still open. A line may get a few units
    more than were ordered, within the tolerance of the settings; the surplus was never in transit.
    ShopError("replenishment.unknown_order" | "replenishment.order_closed" | "replenishment.not_on_order" |
    "replenishment.over_receipt" | "replenishment.nothing_received").
    """
    allow(actor, "replenishment.receive")
    with db.writing() as connection:
        head = _locked(connection, order_id)
        lines = order_frame(connection, [order_id])
        arrived = _arrived(lines, received)
        receipt_id = new_id()
        rows = arrived[["sku_code", "quantity"]].assign(
            order_id=order_id, receipt_id=receipt_id, account=actor.name, at=now
        )
        insert(connection, purchase_receipt, rows)
        counted = arrived.assign(order_id=order_id, received=arrived["quantity"], quantity=arrived["ordered"])
        upsert(
            connection,
            purchase_order_line,
            counted[["order_id", "sku_code", "quantity", "received", "expected_on"]],
            update=[],
            add=["received"],
        )
        expected = arrived.assign(
            quantity=arrived[["quantity", "open"]].min(axis=1),
            expected_on=arrived["expected_on"].astype("str"),
        )
        out = stock.arrived(connection, expected[expected["quantity"] > 0])
        put = arrived.assign(state="on_hand", expected_on="")
        moves = pd.concat([out, put], ignore_index=True)[["sku_code", "state", "quantity", "expected_on"]]
        stock.post(connection, moves, actor, source_id=receipt_id, cause="receipt", now=now)
        state = _settle(connection, order_id)
        facts = {
            "receipt_id": receipt_id,
            "units": int(arrived["quantity"].sum()),
            "lines": len(arrived),
            "state": state,
        }
        audit.record(
            connection, actor, now, "replenishment.receive", head["number"], {"state": head["state"]}, facts
        )
        return state


def _locked(connection: Connection, order_id: str) -> Record:
    """The order's head, its row locked for this transaction so that two receipts cannot both take the last
    units."""
    o = purchase_order
    connection.execute(update(o).where(o.c.order_id == order_id).values(account=o.c.account))
    head = one(connection, select(o.c.number, o.c.state, o.c.campaign_id).where(o.c.order_id == order_id))
    if head is None:
        raise ShopError("replenishment.unknown_order", order_id=order_id)
    if head["state"] not in OPEN:
        raise ShopError("replenishment.order_closed", number=head["number"], state=head["state"])
    return head


def _arrived(lines: pd.DataFrame, received: pd.DataFrame | None) -> pd.DataFrame:
    """What now arrives, checked against what is open: sku_code, quantity, ordered, open, expected_on."""
    arrived = (
        lines[["sku_code"]].assign(quantity=lines["open"])
        if received is None
        else received[["sku_code", "quantity"]]
    )
    arrived = arrived.groupby("sku_code").sum().reset_index()
    both = arrived.merge(lines.rename(columns={"quantity": "ordered"}), on="sku_code", how="left")
    strange, negative = both["ordered"].isna(), both["quantity"] < 0
    tolerance = settings().over_receipt_percent
    over = both["received"] + both["cancelled"] + both["quantity"] > _most(both["ordered"], tolerance)
    if strange.any():
        raise ShopError("replenishment.not_on_order", sku_code=str(both.loc[strange, "sku_code"].iloc[0]))
    if negative.any() or over.any():
        first = both[negative | over].iloc[0]
        raise ShopError(
            "replenishment.over_receipt",
            sku_code=str(first["sku_code"]),
            quantity=int(first["quantity"]),
            open=int(first["open"]),
            tolerance=f"{tolerance:g}",
        )
    both = both[both["quantity"] > 0]
    if both.empty:
        raise ShopError("replenishment.nothing_received")
    return both.astype({"ordered": "int64", "quantity": "int64", "open": "int64"})


def _most(ordered: pd.Series, percent: float) -> pd.Series:
    """What a line may come to in whole units: what was ordered and the tolerance (missing where nothing was)."""
    return ordered + (ordered * percent / 100 + 1e-9) // 1


def _settle(connection: Connection, order_id: str) -> str:
    """The order's state after its lines have moved."""
    lines = order_frame(connection, [order_id])
    came, waits = bool(lines["received"].sum()), bool(lines["open"].sum())
    state = {
        (True, True): "part",
        (False, True): "open",
        (True, False): "received",
        (False, False): "cancelled",
    }[came, waits]
    connection.execute(
        update(purchase_order).where(purchase_order.c.order_id == order_id).values(state=state)
    )
    return state


def close(db: Database, actor: Actor, order_id: str, reason: str, *, now: datetime) -> str:
    """Gives up what has not come: out of transit, so that the next run may ask for it again. Returns
    "received" or "cancelled".

    ShopError("replenishment.no_reason" | "replenishment.unknown_order" | "replenishment.order_closed").
    """
    allow(actor, "replenishment.edit")
    if not reason.strip():
        raise ShopError("replenishment.no_reason")
    with db.writing() as connection:
        head = _locked(connection, order_id)
        lines = order_frame(connection, [order_id])
        rest = lines.loc[lines["open"] > 0]
        gone = rest.assign(cancelled=rest["open"])
        upsert(
            connection,
            purchase_order_line,
            gone[["order_id", "sku_code", "quantity", "cancelled", "expected_on"]],
            update=[],
            add=["cancelled"],
        )
        moves = stock.arrived(
            connection, rest.assign(quantity=rest["open"], expected_on=rest["expected_on"].astype("str"))
        )
        stock.post(connection, moves, actor, source_id=new_id(), cause="purchase_order", now=now)
        state = _settle(connection, order_id)
        facts = {"reason": reason.strip(), "units": int(rest["open"].sum()), "state": state}
        audit.record(
            connection, actor, now, "replenishment.close", head["number"], {"state": head["state"]}, facts
        )
        return state


def receipts(db: Database, actor: Actor, order_id: str) -> pd.DataFrame:
    """What has arrived for an order, newest first: at, sku_code, quantity, account."""
    allow(actor, "replenishment.view")
    r = purchase_receipt.c
    with db.reading() as connection:
        return read(
            connection,
            select(r.at, r.sku_code, r.quantity, r.account)
            .where(r.order_id == order_id)
            .order_by(r.at.desc(), r.sku_code),
        )


def check(connection: Connection) -> dict[str, list[object]]:
    """Invariants: a line's received units are its receipts, and no line has more received and cancelled than
    ordered and the widest tolerance."""
    line, r = purchase_order_line.c, purchase_receipt.c
    rows = read(
        connection, select(line.order_id, line.sku_code, line.quantity, line.received, line.cancelled)
    ).set_index(["order_id", "sku_code"])
    sums = read(
        connection,
        select(r.order_id, r.sku_code, func.sum(r.quantity).label("quantity")).group_by(
            r.order_id, r.sku_code
        ),
    )
    got = sums.set_index(["order_id", "sku_code"])["quantity"].astype("int64").reindex(rows.index).fillna(0)
    unequal = rows["received"] != got
    over = rows["received"] + rows["cancelled"] > _most(rows["quantity"], MOST_OVER_RECEIPT)
    return {
        "received_is_receipts": [list(key) for key in rows.index[unequal]],
        "not_over_received": [list(key) for key in rows.index[over]],
    }
