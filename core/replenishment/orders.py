"""Purchase orders: what an approved run became, with the units in transit from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Connection, func, select, update

from core.access import Actor, allow, allowed, audit
from core.database import Database, insert, keyed, new_id, one, read
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.goods.tables import sku, supplier
from core.replenishment import inputs, queries
from core.replenishment.overrides import refuse_undecided
from core.replenishment.tables import purchase_order, purchase_order_line, replenishment_run
from core.sheets import writer
from core.stock import service as stock


@dataclass(frozen=True, slots=True)
class Ordered:
    """The orders made of a run, and the suppliers left out because their minimum is not reached:
    [{"supplier", "amount", "minimum"}] (fen)."""

    orders: pd.DataFrame
    held: list[dict[str, object]]


def order(db: Database, actor: Actor, run_id: str, *, now: datetime, below_minimum: bool = False) -> Ordered:
    """One purchase order a supplier from an approved run; the units are in transit from now on, so that no
    later run asks for them again.

    Suppliers whose minimum amount is not reached are held back unless `below_minimum`. Overrides that were
    ordered are done with. ShopError("replenishment.not_approved" | "replenishment.nothing_to_order" |
    "replenishment.unknown_run" | "replenishment.not_latest" | "replenishment.override_not_in_run").
    """
    allow(actor, "replenishment.edit")
    with db.writing() as connection:
        run = queries.run(connection, run_id, actor)
        if queries.latest(connection, run.campaign_id) != run_id:
            raise ShopError("replenishment.not_latest")
        r = replenishment_run
        taken = connection.execute(
            update(r)
            .where(r.c.run_id == run_id, r.c.state == "approved")
            .values(state="ordered")
            .returning(r.c.run_id)
        ).all()
        if not taken:
            raise ShopError("replenishment.not_approved", state=run.state)
        lines = queries.lines(connection, run_id)
        refuse_undecided(connection, run.campaign_id, lines)
        lines = lines[lines["quantity"] > 0]
        held = [] if below_minimum else _below_minimum(connection, lines)
        lines = lines[~lines["supplier"].isin([entry["supplier"] for entry in held])]
        if lines.empty:
            raise ShopError("replenishment.nothing_to_order", suppliers=[entry["supplier"] for entry in held])
        placed = _place(connection, actor, run, lines, now)
        queries.forget_overrides(
            connection, run.campaign_id, lines.loc[lines["override"].notna(), "sku_code"].tolist()
        )
        facts = {"run_id": run_id, "orders": placed["number"].tolist(), "units": int(lines["quantity"].sum())}
        audit.record(connection, actor, now, "replenishment.order", run.campaign_id, None, facts)
        return Ordered(_listed(connection, actor, run.campaign_id, placed["order_id"].tolist()), held)


def _below_minimum(connection: Connection, lines: pd.DataFrame) -> list[dict[str, object]]:
    terms = read(
        connection,
        select(supplier.c.name, supplier.c.minimum_amount).where(supplier.c.minimum_amount.is_not(None)),
    )
    minimum = terms.set_index("name")["minimum_amount"]
    amount = lines.groupby("supplier")["amount"].sum()
    least = minimum.reindex(amount.index).fillna(0)
    short = amount.index[(amount.fillna(0) < least).to_numpy(bool)]
    return [{"supplier": name, "amount": int(amount[name]), "minimum": int(least[name])} for name in short]


def _place(
    connection: Connection, actor: Actor, run: queries.Run, lines: pd.DataFrame, now: datetime
) -> pd.DataFrame:
    """Orders, their lines and the units in transit; columns order_id, number, supplier."""
    window = inputs.window(connection, run.campaign_id, now)
    suppliers = sorted(lines["supplier"].unique())
    head = pd.DataFrame({"supplier": suppliers, "number": _numbers(connection, window.today, len(suppliers))})
    head = head.assign(
        order_id=[new_id() for _ in suppliers],
        campaign_id=run.campaign_id,
        run_id=run.run_id,
        state="open",
        ordered_on=window.today,
        account=actor.name,
        at=now,
    )
    insert(connection, purchase_order, head)
    arrives = pd.Timestamp(window.today) + pd.to_timedelta(
        lines["lead_time_days"].fillna(0).astype("int64"), unit="D"
    )
    rows = lines[["sku_code", "quantity", "unit_cost", "supplier"]].assign(expected_on=arrives.dt.date)
    rows = rows.merge(head[["order_id", "supplier"]], on="supplier")
    insert(connection, purchase_order_line, rows.drop(columns="supplier"))
    for order_id, part in rows.groupby(
        "order_id"
    ):  # a handful of suppliers, each its own source in the ledger
        coming = part.assign(state="in_transit", expected_on=part["expected_on"].astype("str"))
        stock.post(
            connection,
            coming[["sku_code", "state", "quantity", "expected_on"]],
            actor,
            source_id=str(order_id),
            cause="purchase_order",
            now=now,
        )
    return head


def _numbers(connection: Connection, today: date, count: int) -> list[str]:
    one_at_a_time(connection, "purchase order numbers")
    stem = f"PO{today:%Y%m%d}-"
    taken = (
        connection.scalar(
            select(func.count()).select_from(purchase_order).where(purchase_order.c.number.startswith(stem))
        )
        or 0
    )
    return [f"{stem}{taken + place:03d}" for place in range(1, count + 1)]


def orders(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The campaign's purchase orders, newest first: order_id, number, supplier, state, ordered_on,
    expected_on (last day), lines, quantity, received, open (int64), account; with "cost.view" amount (Int64,
    fen; missing where a cost is unknown)."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        return _listed(connection, actor, campaign_id)


def _listed(
    connection: Connection, actor: Actor, campaign_id: str, only: list[str] | None = None
) -> pd.DataFrame:
    o = purchase_order.c
    query = select(o.order_id, o.number, o.supplier, o.state, o.ordered_on, o.account, o.run_id).where(
        o.campaign_id == campaign_id
    )
    head = read(connection, query.order_by(o.at.desc(), o.number))
    if only is not None:
        head = head[head["order_id"].isin(only)]
    lines = order_frame(connection, head["order_id"].tolist())
    lines["amount"] = lines["quantity"].astype("Int64") * lines["unit_cost"]
    sums = lines.groupby("order_id").agg(
        expected_on=("expected_on", "max"),
        lines=("sku_code", "size"),
        quantity=("quantity", "sum"),
        received=("received", "sum"),
        open=("open", "sum"),
    )
    amount = lines.groupby("order_id")["amount"].sum(min_count=1) if allowed(actor, "cost.view") else None
    listed = head.join(sums, on="order_id").reset_index(drop=True)
    return listed if amount is None else listed.assign(amount=listed["order_id"].map(amount).astype("Int64"))


def order_frame(connection: Connection, order_ids: list[str]) -> pd.DataFrame:
    """Lines of orders: order_id, sku_code, name, quantity, received, cancelled, open (int64), unit_cost
    (Int64), expected_on."""
    line = purchase_order_line.c
    query = select(*purchase_order_line.columns, sku.c.name, sku.c.pack_size).join(
        sku, sku.c.sku_code == line.sku_code
    )
    frame = read(connection, query.where(keyed(line.order_id, order_ids, connection)).order_by(line.sku_code))
    return frame.astype({"unit_cost": "Int64", "pack_size": "Int64"}).assign(
        open=(frame["quantity"] - frame["received"] - frame["cancelled"]).clip(lower=0)
    )


def order_lines(db: Database, actor: Actor, order_id: str) -> pd.DataFrame:
    """One order's lines by code: sku_code, name, quantity, received, cancelled, open, pack_size, expected_on;
    with "cost.view" unit_cost (fen)."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        frame = order_frame(connection, [order_id]).drop(columns="order_id")
    return frame if allowed(actor, "cost.view") else frame.drop(columns="unit_cost")


def find(db: Database, actor: Actor, name: str) -> str:
    """The order's id from its id or its number. ShopError("replenishment.unknown_order")."""
    allow(actor, "replenishment.view")
    o = purchase_order.c
    with db.reading() as connection:
        order_id = connection.scalar(select(o.order_id).where((o.order_id == name) | (o.number == name)))
    if order_id is None:
        raise ShopError("replenishment.unknown_order", order_id=name)
    return str(order_id)


def workbook(
    db: Database, actor: Actor, order_id: str, titles: Mapping[str, str], *, language: str = "zh"
) -> tuple[bytes, str]:
    """The order as a workbook for the supplier, and its file name. `titles`: column -> header.
    ShopError("replenishment.unknown_order")."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        head = one(
            connection,
            select(purchase_order.c.number, purchase_order.c.supplier).where(
                purchase_order.c.order_id == order_id
            ),
        )
        frame = order_frame(connection, [order_id])
    if head is None:
        raise ShopError("replenishment.unknown_order", order_id=order_id)
    frame["amount"] = frame["quantity"].astype("Int64") * frame["unit_cost"]
    formats = [
        ("sku_code", "code"),
        ("name", "text"),
        ("pack_size", "integer"),
        ("quantity", "integer"),
        ("expected_on", "day"),
    ]
    formats += [("unit_cost", "money"), ("amount", "money")] if allowed(actor, "cost.view") else []
    content = writer.export(
        frame, [(name, titles[name], kind) for name, kind in formats], head["number"], language
    )
    return content, file_name(head["number"], head["supplier"])


def file_name(number: str, supplier: str) -> str:
    """The name of an order's workbook."""
    return f"{number}_{supplier}.xlsx".replace("/", "_")
