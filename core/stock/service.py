"""What may be asked of stock: positions, the ledger behind a number, counts, the invariants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, func, or_, select

from core.access import Actor, allow, allowed
from core.database import Database, keyed, read
from core.database.types import Faults
from core.goods.tables import sku
from core.imports.tables import import_run
from core.signals.tables import daily_signal
from core.stock import ledger, locations, rules
from core.stock.location_rules import breakdown
from core.stock.rules import LEVELS
from core.stock.tables import free_units, stock_count, stock_movement, stock_position

SALES_DAYS = 28  # days of cover are measured on the mean of this many days
FRESH = timedelta(days=2)  # without a stock sheet or a count in this time the figures are called old


def positions(
    db: Database, actor: Actor, *, today: date | None = None, sku_code: str | None = None
) -> pd.DataFrame:
    """The stock of every live SKU (and of retired ones that still hold units), sorted by code.

    Columns: sku_code, name, spec, category, brand, supplier (str), the LEVELS, available_to_promise,
    inventory_position (int64, units), next_arrival (ISO day or ""), safety_stock (Int64), units_per_day,
    days_of_cover (Float64, missing where no sales are known by `today`), mark ("sold_out" | "tight" |
    "excess" | "enough"), version, located (where the units lie, in words, "" where no sheet said so); with
    "cost.view" also unit_cost (Int64, fen) and stock_value (Int64, fen of
    on hand).
    """
    allow(actor, "stock.view")
    with db.reading() as connection:
        frame = _with_master(connection, sku_code)
        arriving = ledger.arrivals(connection, None if sku_code is None else [sku_code])
        lying = locations.breakdowns(connection, None if sku_code is None else [sku_code])
        sold = units_per_day(connection, today) if today else pd.Series(dtype="Float64")
    days = arriving[arriving["expected_on"] != ""].groupby("sku_code")["expected_on"].min()
    frame["next_arrival"] = days.reindex(frame["sku_code"]).astype("str").fillna("").to_numpy()
    lies = breakdown(lying).to_dict()
    frame["located"] = [lies.get(code, "") for code in frame["sku_code"]]
    frame["available_to_promise"] = rules.available_to_promise(frame)
    frame["inventory_position"] = rules.inventory_position(frame)
    frame["units_per_day"] = frame["sku_code"].map(sold).astype("Float64")
    frame["days_of_cover"] = rules.days_of_cover(frame["available_to_promise"], frame["units_per_day"])
    frame["mark"] = rules.mark(frame)
    if not allowed(actor, "cost.view"):
        return frame.drop(columns=["unit_cost"])
    return frame.assign(stock_value=frame["on_hand"] * frame["unit_cost"].astype("Int64"))


class Age(NamedTuple):
    """When the last stock sheet came in and the last count was settled (None: never), and whether the newer
    of the two is old."""

    sheet: datetime | None
    counted: datetime | None
    old: bool


def age(db: Database, actor: Actor, now: datetime) -> Age:
    """How old the figures of stock are; sheets and counts that were taken back do not count."""
    allow(actor, "stock.view")
    run, counted = import_run.c, stock_count.c
    with db.reading() as connection:
        sheet = connection.scalar(
            select(func.max(run.at)).where(run.kind == "stock", run.state == "committed")
        )
        count = connection.scalar(select(func.max(counted.adjusted_at)).where(counted.state == "adjusted"))
    return Age(sheet, count, all(now - moment > FRESH for moment in (sheet, count) if moment is not None))


class Total(NamedTuple):
    """Units, and what they cost (fen; None where no cost is known or may be seen; a SKU without a cost counts
    as nothing)."""

    units: int
    value: int | None


def totals(positions: pd.DataFrame) -> dict[str, Total]:
    """The sums of a frame of `positions`: on_hand, available, committed (reserved + pre-sale + activity
    locked) and in_transit."""
    available = positions["available_to_promise"]
    columns = {
        "on_hand": positions["on_hand"],
        "available": available,
        "committed": positions["on_hand"] - available,
        "in_transit": positions["in_transit"],
    }
    costs = positions["unit_cost"].astype("Int64") if "unit_cost" in positions else pd.Series(dtype="Int64")
    known = costs.notna().any()
    return {
        name: Total(int(units.sum()), int((units * costs).sum()) if known else None)
        for name, units in columns.items()
    }


def _with_master(connection: Connection, sku_code: str | None) -> pd.DataFrame:
    p = stock_position.c
    levels = [func.coalesce(p[name], 0).label(name) for name in (*LEVELS, "version")]
    master = [
        sku.c[name]
        for name in ("sku_code", "name", "spec", "category", "brand", "supplier", "safety_stock", "unit_cost")
    ]
    held = or_(*(p[level] != 0 for level in LEVELS))
    query = (
        select(*master, *levels)
        .outerjoin(stock_position, p.sku_code == sku.c.sku_code)
        .where(or_(sku.c.retired_at.is_(None), held))
    )
    frame = read(
        connection,
        query.order_by(sku.c.sku_code) if sku_code is None else query.where(sku.c.sku_code == sku_code),
    )
    return frame.astype(dict.fromkeys((*LEVELS, "version"), "int64") | {"safety_stock": "Int64"})


def units_per_day(connection: Connection, today: date) -> pd.Series:
    """Mean units paid a day over the SALES_DAYS business days before `today`, by sku_code (Float64); SKUs
    without a daily report are not in it."""
    s = daily_signal.c
    query = select(s.sku_code, func.sum(s.units_paid).label("units")).where(
        s.day >= today - timedelta(days=SALES_DAYS), s.day < today
    )
    known = (
        connection.scalar(
            select(func.count(func.distinct(s.day))).where(
                s.day >= today - timedelta(days=SALES_DAYS), s.day < today
            )
        )
        or 0
    )
    frame = read(connection, query.where(s.units_paid.is_not(None)).group_by(s.sku_code)).set_index(
        "sku_code"
    )
    return frame["units"].astype("Float64") / max(known, 1)


def movements(db: Database, actor: Actor, sku_code: str, limit: int = 500) -> pd.DataFrame:
    """The ledger behind a SKU's numbers, newest first: at, state, quantity, balance (of that state after the
    movement), expected_on, cause, source_id, account."""
    allow(actor, "stock.view")
    m = stock_movement.c
    with db.reading() as connection:
        query = select(
            m.movement_id,
            m.at,
            m.cause,
            m.source_id,
            m.account,
            m.expected_on,
            *(m[level] for level in LEVELS),
        )
        rows = read(connection, query.where(m.sku_code == sku_code).order_by(m.movement_id))
    moved = rows.melt(
        [name for name in rows.columns if name not in LEVELS], var_name="state", value_name="quantity"
    )
    frame = moved[moved["quantity"] != 0].sort_values("movement_id", kind="stable")
    frame["balance"] = frame.groupby("state")["quantity"].cumsum()
    return frame.iloc[::-1].head(limit).drop(columns="movement_id").reset_index(drop=True)


def located(db: Database, actor: Actor, sku_code: str) -> pd.DataFrame:
    """Where the units of a SKU lie by the last stock sheet that said so: location, lot, expiry (str), units (int64),
    sellable (bool: counted in the position)."""
    allow(actor, "stock.view")
    with db.reading() as connection:
        return lying(connection, sku_code)


def all_located(
    db: Database, actor: Actor, sku_code: str | None = None
) -> dict[str, list[dict[str, object]]]:
    """SKU -> where its units lie: location, lot, expiry, units, sellable; of all SKUs or of one."""
    allow(actor, "stock.view")
    with db.reading() as connection:
        frame = locations.breakdowns(connection, None if sku_code is None else [sku_code])
    rows: dict[str, list[dict[str, object]]] = {}
    for row in frame.drop(columns=["import_id"]).to_dict("records"):
        rows.setdefault(str(row.pop("sku_code")), []).append(
            {str(name): value for name, value in row.items()}
        )
    return rows


def lying(connection: Connection, sku_code: str) -> pd.DataFrame:
    """For other packages, inside their transaction: `located`."""
    return locations.breakdowns(connection, [sku_code]).drop(columns=["sku_code", "import_id"])


def levels(connection: Connection, codes: list[str] | None = None) -> pd.DataFrame:
    """For other packages, inside their transaction: LEVELS, version, available_to_promise and
    available_with_presale, indexed by sku_code; SKUs that never moved are not in it."""
    frame = ledger.positions(connection, codes)
    return frame.assign(
        available_to_promise=rules.available_to_promise(frame),
        available_with_presale=rules.available_with_presale(frame),
    )


def free(connection: Connection, codes: Sequence[str]) -> dict[str, int]:
    """For other packages, cheaply enough for every refresh of a screen: available to promise by SKU; SKUs that
    never moved are not in it."""
    p = stock_position.c
    query = select(p.sku_code, free_units()).where(keyed(p.sku_code, codes, connection))
    return {str(code): int(left) for code, left in connection.execute(query)}


def arrivals(connection: Connection, codes: list[str] | None = None) -> pd.DataFrame:
    """For other packages: sku_code, expected_on (ISO day or ""), quantity."""
    return ledger.arrivals(connection, codes)


def taken(connection: Connection, since: datetime) -> pd.Series:
    """Units that the events of sales have taken from what is free since a moment: kept for orders, promised to
    deposits, or shipped without having been kept; int64 by sku_code, cancelled ones put back."""
    m = stock_movement.c
    gone = func.sum(m.reserved + m.presale_committed - m.on_hand).label("units")
    query = select(m.sku_code, gone).where(m.cause == "event", m.at >= since).group_by(m.sku_code)
    return read(connection, query).set_index("sku_code")["units"].astype("int64")


def post(
    connection: Connection,
    movements: pd.DataFrame,
    actor: Actor,
    *,
    source_id: str,
    cause: str,
    now: datetime,
) -> int:
    """For other packages: appends movements to the ledger in the caller's transaction; see `ledger.post`."""
    return ledger.post(
        connection, movements, ledger.Posting(source_id=source_id, cause=cause, account=actor.name, now=now)
    )


def arrived(connection: Connection, gone: pd.DataFrame) -> pd.DataFrame:
    """For other packages: the movements that take units off what is on its way (`rules.departures`): sku_code,
    state, quantity, expected_on."""
    return rules.departures(gone, ledger.arrivals(connection, gone["sku_code"].tolist())).assign(
        state="in_transit"
    )


def check(connection: Connection) -> Faults:
    """Invariants of this package: ledger = positions, in-transit movements = arrivals, every position has its
    SKU."""
    p = stock_position.c
    orphans = connection.scalars(
        select(p.sku_code).outerjoin(sku, sku.c.sku_code == p.sku_code).where(sku.c.sku_code.is_(None))
    ).all()
    return {**ledger.faults(connection), "stock.position_has_sku": list(orphans)}
