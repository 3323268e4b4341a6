"""An order export against the order lines that stand: a later export of an order moves its state, and never
adds it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from sqlalchemy import Connection, delete, select

from core.access.keys import derived
from core.access.persons import MEMBER
from core.access.persons import ORDERS as OF_ORDERS
from core.database import keyed, read, upsert
from core.errors import ShopError
from core.frames import among
from core.goods.master import SKUS, introduce_alike, without_twins
from core.goods.tables import sku
from core.imports import rules as compared
from core.imports.kinds import REJECTED, Account, Comparison, Context
from core.imports.versioned import images, keep_images, refuse_later, row_states
from core.orders import buyers, rules, settled
from core.orders.states import OrderState, states
from core.orders.tables import order_line
from core.settings import settings

FIELDS = (
    "state",
    "ordered_at",
    "paid_at",
    "refunded_at",
    "quantity",
    "amount",
    "refund_amount",
    "name",
    "buyer_key",
    "channel",
)
KEY = ("sku_code", "order_id", "line")
TIMES = ("ordered_at", "paid_at", "refunded_at")
_OF_ORDERS = ("order_id", "buyer", "order_time", "pay_time")  # one of them makes a sheet one of orders
_MOVES = ("unchanged", "changed", "added")  # a row of the sheet is as its most moved line


def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """Order lines of the export: added, changed or unchanged. The counts are rows of the sheet: a row is as
    its most changed line.

    ShopError("orders.no_goods") for a sheet that names neither a SKU nor a title, "orders.no_order" for one
    without numbers, buyers and times of orders (an advertising report), and what `settled.settle`
    asks.
    """
    if not {"sku_code", "name"} & set(sheet.columns):
        raise ShopError("orders.no_goods")
    if not set(_OF_ORDERS) & set(sheet.columns):
        raise ShopError("orders.no_order", fields=list(_OF_ORDERS))
    sheet, alike, remarks = _distinct(connection, sheet, context)
    sheet, said = _of_persons(sheet)
    export = settled.settle(sheet, _prices(connection, sheet), context.order_level)
    lines = told_lines(connection, export.lines)
    before, moves = _compared(connection, lines)
    known = moves != "added"
    changed = compared.changes(before[known], lines[known], FIELDS)
    rank = moves.map({state: n for n, state in enumerate(_MOVES)}).groupby(lines["row"].to_numpy()).max()
    rows = export.lines.assign(
        key=export.lines["row"].astype("str"),
        state=export.lines["row"].map(rank).fillna(0).astype("int64").map(dict(enumerate(_MOVES))),
    )
    some = connection.execute(select(order_line.c.order_id).limit(1)).first() is not None
    strange = some and not known.any() and not _shares_goods(connection, lines["sku_code"].unique().tolist())
    return Comparison(
        rows,
        changed,
        pd.concat([alike, export.refused.assign(sheet=context.sheet, cell="")[list(REJECTED)]]),
        strange=strange,
        merged=export.merged,
        warnings=(*remarks, *said, *export.warnings),
        account=Account(settled.written(lines, sheet), export.skipped),
    )


def _distinct(
    connection: Connection, sheet: pd.DataFrame, context: Context
) -> tuple[pd.DataFrame, pd.DataFrame, list[Mapping[str, object]]]:
    """The sheet without orders that hold a code which nobody can tell from another (`master.without_twins`), those
    rows as refused ones, and what to tell of them."""
    if "sku_code" not in sheet:
        return sheet, pd.DataFrame(columns=list(REJECTED)), []
    coded = sheet[sheet["sku_code"].notna()]
    _, refused, alike = without_twins(connection, coded, context, _sold(connection, coded["sku_code"]))
    if refused.empty:
        return sheet, refused, []
    bad = sheet["row"].isin(refused["row"])
    orders = sheet["order_id"] if "order_id" in sheet else pd.Series(pd.NA, index=sheet.index)
    group = (
        orders.astype(object).where(orders.notna()).ffill().fillna(sheet["row"])
    )  # a blank continues the row above
    torn = group.isin(set(group[bad])) & ~bad
    beside = compared.refuse(
        sheet[torn], context.sheet, "order_id", "cell.group_refused", orders[torn].fillna("")
    )
    return sheet[~(bad | torn)], pd.concat([refused, beside], ignore_index=True), list(alike)


def _sold(connection: Connection, codes: pd.Series) -> Sequence[str]:
    """The codes of the order lines that stand, where one of these is not among them: an order may name goods that no
    other sheet has brought."""
    code, named = order_line.c.sku_code, codes.astype("str").unique().tolist()
    stored = set(connection.scalars(select(code).where(keyed(code, named, connection)).distinct()))
    if stored.issuperset(named):
        return ()
    return connection.scalars(select(code).distinct()).all()


def _of_persons(sheet: pd.DataFrame) -> tuple[pd.DataFrame, list[Mapping[str, object]]]:
    """The sheet with the person in `buyer`, by the setting, and what to tell where the export does not say it."""
    if settings().person_fields.get(OF_ORDERS, "") != MEMBER:
        return sheet, []
    if MEMBER in sheet:
        return sheet.assign(buyer=sheet[MEMBER]), []
    named = sheet.drop(columns="buyer", errors="ignore")
    return named, [{"code": "orders.no_member", "rows": len(sheet)}]


def _prices(connection: Connection, sheet: pd.DataFrame) -> pd.Series:
    """List price (fen) of the SKUs that the sheet names, by code; without those that have none."""
    codes = sheet["sku_code"].dropna().astype("str").unique().tolist() if "sku_code" in sheet else []
    query = select(sku.c.sku_code, sku.c.list_price).where(
        keyed(sku.c.sku_code, codes, connection), sku.c.list_price.is_not(None)
    )
    return read(connection, query).set_index("sku_code")["list_price"] if codes else pd.Series(dtype="Int64")


def write(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Stores new and moved lines with the before-images that an undo needs."""
    lines = told_lines(connection, comparison.rows)
    before, moves = _compared(connection, lines)
    moving = moves != "unchanged"
    if not moving.any():
        return
    rows, stored = lines[moving], before[moving]
    kept = stored.assign(
        **{name: stored[name].astype("str").where(stored[name].notna(), None) for name in TIMES}
    )
    keep_images(connection, context.import_id, rows.index, kept)
    upsert(connection, order_line, rows[[*KEY, *FIELDS]].assign(import_id=context.import_id), key=list(KEY))
    buyers.refresh(connection, [*rows["buyer_key"], *stored["buyer_key"].dropna()])
    if context.distinct:
        introduce_alike(connection, rows["sku_code"], context)


def _compared(connection: Connection, told: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The stored lines beside the told ones (missing where new), and how each line moves."""
    before = _standing(connection, told["order_id"].unique().tolist()).reindex(told.index)
    known = before["state"].notna()
    moved = compared.changes(before[known], told[known], FIELDS)["key"]
    return before, row_states(told.index, known, among(told.index, moved))


def revert(connection: Connection, import_id: str, context: Context) -> None:
    """Every line as it was. ShopError("import.later_change") when a later export has moved one of them."""
    kept = images(connection, import_id)
    parts = kept.index.to_series().str.split("\x1f", expand=True)
    now = _standing(connection, parts[1].unique().tolist())["import_id"]
    now = now[now.index.isin(kept.index)]
    refuse_later(import_id, now.set_axis(now.index.str.replace("\x1f", " ")))
    mine = order_line.c.import_id == import_id
    moved = list(connection.execute(select(order_line.c.buyer_key).where(mine).distinct()).scalars())
    connection.execute(delete(order_line).where(mine))
    back = kept.notna()
    if back.any():
        old = pd.DataFrame(kept[back].tolist())
        old[list(KEY)] = parts[back].to_numpy()
        times = {name: pd.to_datetime(old[name], utc=True) for name in TIMES}
        upsert(connection, order_line, old.assign(**times), key=list(KEY))
        moved += list(old["buyer_key"])
    buyers.refresh(connection, moved)
    SKUS.withdraw(connection, import_id, context)


def told_lines(connection: Connection, settled_lines: pd.DataFrame) -> pd.DataFrame:
    """Settled rows as order lines with keyed buyers and SKU codes, indexed by their key; `row` is the sheet's
    row."""
    full = settled_lines.copy()
    full["buyer_key"] = rules.buyer_keys(full["buyer"], derived("buyer"))
    full["state"] = states(full["order_status"], full["paid_at"], full["refund_amount"], full["amount"])
    back = full["refund_amount"].gt(0) | (full["state"] == OrderState.REFUNDED)
    full["refunded_at"] = full["refunded_at"].where(back.fillna(False).astype(bool))
    full["order_id"] = rules.order_ids(full)
    lines = rules.lines(full)
    lines["sku_code"] = _coded(connection, lines)
    lines["line"] = (lines.groupby(["order_id", "sku_code"], sort=False).cumcount() + 1).astype("str")
    for name in TIMES:
        lines[name] = lines[name].astype("datetime64[us, UTC]")
    return lines.set_axis(_keys(lines))[[*KEY, *FIELDS, "row"]]


def _keys(frame: pd.DataFrame) -> pd.Index:
    return pd.Index(frame["sku_code"] + "\x1f" + frame["order_id"] + "\x1f" + frame["line"], dtype="str")


def _coded(connection: Connection, lines: pd.DataFrame) -> pd.Series:
    """The merchant code; without one the only live SKU of exactly that name, else the name itself."""
    blank = lines["sku_code"] == ""
    if not blank.any():
        return lines["sku_code"]
    names = lines.loc[blank, "name"].unique().tolist()
    goods = read(
        connection,
        select(sku.c.name, sku.c.sku_code).where(
            keyed(sku.c.name, names, connection), sku.c.retired_at.is_(None)
        ),
    )
    only = goods.drop_duplicates("name", keep=False).set_index("name")["sku_code"]
    named = lines["name"].map(only).astype(object).where(lines["name"].isin(only.index), lines["name"])
    return lines["sku_code"].mask(blank, named.replace("", "?")).astype("str")


def _standing(connection: Connection, orders: list[str]) -> pd.DataFrame:
    columns = [order_line.c[name] for name in (*KEY, *FIELDS, "import_id")]
    frame = read(connection, select(*columns).where(keyed(order_line.c.order_id, orders, connection)))
    return frame.set_axis(_keys(frame)).drop(columns=list(KEY))


def _shares_goods(connection: Connection, codes: list[str]) -> bool:
    return (
        connection.execute(
            select(sku.c.sku_code).where(keyed(sku.c.sku_code, codes, connection)).limit(1)
        ).first()
        is not None
    )
