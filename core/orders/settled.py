"""An order export as lines with amounts of their own: cells carried down, order amounts shared, returns netted,
other currencies refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.errors import ShopError
from core.orders import amounts, returns, states, structure
from core.orders.amounts import Level
from core.orders.remarks import line_remarks, sharing_remark

TEXTS = (
    "order_id",
    "order_line_id",
    "sku_code",
    "name",
    "buyer",
    "order_status",
    "after_sale",
    "channel",
    "currency",
)
COUNTS = (
    "quantity",
    "kinds",
    "paid_amount",
    "order_amount",
    "line_paid",
    "line_amount",
    "unit_price",
    "freight",
    "order_discount",
    "refund_amount",
    "order_refund",
    "line_refund",
)
TIMES = ("order_time", "pay_time", "refund_time")
_YUAN = frozenset(("", "cny", "rmb", "cnh", "人民币", "人民币元", "元", "¥", "￥", "cn¥", "156", "cny人民币"))
REFUSED = ("row", "field", "code", "value")


@dataclass(frozen=True, slots=True)
class Settled:
    """`lines`: one row a kept row of the sheet: row, order_id, sku_code, name, buyer, order_status (all its words),
    channel, quantity, kinds, amount, refund_amount (Int64; fen), ordered_at, paid_at, refunded_at. `refused`: one
    row a refused row, columns REFUSED. `merged`: rows that went into others. `skipped`: what the cells of the taken rows hold beyond that (repeats of an order's
    amount, returns, figures that only weigh). `warnings`: what to tell of it."""

    lines: pd.DataFrame
    refused: pd.DataFrame
    merged: int
    skipped: Mapping[str, int]
    warnings: tuple[Mapping[str, object], ...]


def settle(sheet: pd.DataFrame, prices: pd.Series, order_level: Sequence[str] = ()) -> Settled:
    """The export settled. `sheet`: the cleaned rows of the kind; `prices`: list price (fen) by SKU code, for
    orders whose lines the export gives no worth; `order_level`: the amounts that this export is known to write
    for the whole order, which decides where the figures leave it open.

    ShopError("orders.amount_level" , orders, order, by_line, by_order) where nothing tells whether the amount is
    each line's or the order's.
    """
    full = typed(sheet)
    ordered = structure.carried(full)
    rows, refused = _taken(ordered.rows, ordered.orphans)
    back = returns.is_return(rows.assign(amount=_column(rows, _paid_name(sheet))))
    paid_level, amount = _paid(rows[~back], sheet, order_level)
    worth = _worth(rows, sheet)
    rows = rows.assign(worth=worth, own=_column(rows, _paid_name(sheet)))
    rows["amount"] = amount.reindex(rows.index).where(~back, rows["own"])
    remarks: list[Mapping[str, object]] = []
    if paid_level == "order":
        refused = _more(refused, _differing(rows, _paid_name(sheet)))
        rows, refused = _whole_orders(rows, refused)
        rows, said = _shared(rows, prices)
        remarks += said
    blank = rows["amount"].isna() & ~returns.is_return(rows)
    refused = _more(refused, _refuse(rows[blank], _paid_name(sheet), "cell.blank", ""))
    rows, refused = _whole_orders(rows, refused)
    refund_level, refund = _refunds(rows, sheet, paid_level)
    named = rows.assign(refund_amount=refund.fillna(0).astype("Int64")).rename(
        columns={"order_time": "ordered_at", "pay_time": "paid_at", "refund_time": "refunded_at"}
    )
    netted = returns.netted(named)
    torn = named.loc[netted.faults.index]
    gone = _refuse(torn, "order_id", "", "order_id").assign(code=netted.faults.to_numpy())
    refused = pd.concat([refused, gone], ignore_index=True)
    taken = full[~full["row"].isin(refused["row"])].assign(order_id=ordered.rows["order_id"])
    remarks += line_remarks(netted, ordered.carried)
    lines = netted.lines.assign(
        quantity=netted.lines["quantity"].fillna(1),
        order_status=(
            netted.lines["order_status"] + " | " + states.after_sale(netted.lines["after_sale"])
        ).str.strip(" |"),
    )
    levels = {_paid_name(sheet): paid_level, _refund_name(sheet): refund_level}
    skipped = _skipped(taken, sheet, levels, netted)
    return Settled(lines, refused, netted.rows, skipped, tuple(remarks))


def typed(sheet: pd.DataFrame) -> pd.DataFrame:
    """Every column of the kind: texts "" where blank, counts and amounts Int64, times UTC, and row."""
    full = sheet.reindex(columns=[*TEXTS, *COUNTS, *TIMES, "row"])
    return full.assign(
        **{name: full[name].astype(object).fillna("").astype("str") for name in TEXTS},
        **{name: full[name].astype("Int64") for name in COUNTS},
        **{name: pd.to_datetime(full[name], utc=True).astype("datetime64[us, UTC]") for name in TIMES},
    ).reset_index(drop=True)


def _taken(rows: pd.DataFrame, orphans: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that name goods in yuan and belong to an order, and the others with their reason."""
    nameless = (rows["sku_code"] == "") & (rows["name"] == "")
    strange = ~rows["currency"].str.strip().str.lower().isin(_YUAN)
    parts = [
        _refuse(rows[nameless], "name", "cell.blank", ""),
        _refuse(rows[orphans & ~nameless], "order_id", "orders.without_first_line", ""),
        _refuse(rows[strange & ~nameless & ~orphans], "currency", "orders.foreign_currency", "currency"),
    ]
    return rows[~nameless & ~orphans & ~strange], pd.concat(parts, ignore_index=True)


def _refuse(rows: pd.DataFrame, field: str, code: str, value: str) -> pd.DataFrame:
    values = rows[value] if value else ""
    return rows[["row"]].assign(field=field, code=code, value=values, order_id=rows["order_id"])


def _paid_name(sheet: pd.DataFrame) -> str:
    """The column that says what was paid: the one whose level the operator has said, else the one to be judged."""
    return next(
        (name for name in ("order_amount", "paid_amount", "line_paid") if name in sheet), "paid_amount"
    )


def _refund_name(sheet: pd.DataFrame) -> str:
    names = ("order_refund", "refund_amount", "line_refund")
    return next((name for name in names if name in sheet), "refund_amount")


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows[name].astype("Int64")


def _orders(rows: pd.DataFrame) -> pd.Series:
    """The order that a row belongs to; a row without a number is an order of its own."""
    return rows["order_id"].where(rows["order_id"] != "", "\x1frow " + rows["row"].astype("str"))


def _worth(rows: pd.DataFrame, sheet: pd.DataFrame) -> pd.Series:
    """What a line's goods cost by the sheet (Int64 fen): its own payment beside the order's, its amount, or its
    price times its units; <NA> unknown."""
    own = rows["line_paid"] if _paid_name(sheet) != "line_paid" else pd.Series(pd.NA, index=rows.index)
    worth = own.astype("Int64").fillna(rows["line_amount"])
    return worth.fillna(rows["unit_price"] * rows["quantity"].fillna(1)).astype("Int64")


def _paid(rows: pd.DataFrame, sheet: pd.DataFrame, order_level: Sequence[str]) -> tuple[Level, pd.Series]:
    """Whose the paid amount is, and its cells."""
    name = _paid_name(sheet)
    amount = _column(rows, name)
    if name == "order_amount":
        return "order", amount
    if name == "line_paid":
        return "line", amount
    order = _orders(rows)
    lines = pd.DataFrame(
        {"order": order, "amount": amount, "worth": _worth(rows, sheet), "freight": rows["freight"]}
    )
    level = amounts.level(lines)
    if level == "unclear" and name in order_level:
        return "order", amount
    if level == "unclear" and _numbered_lines(rows, order):
        return "line", amount
    if level == "unclear":
        several = order.duplicated(keep=False)
        raise ShopError(
            "orders.amount_level",
            orders=int(order[several].nunique()),
            order=str(order[several].iloc[0]),
            by_line=int(amount.sum()),
            by_order=int(amount.groupby(order).first().sum()),
        )
    return level, amount


def _numbered_lines(rows: pd.DataFrame, order: pd.Series) -> bool:
    """Whether every line of the orders of several lines has a number of its own: a sub-order with its own amount."""
    several = order.duplicated(keep=False)
    numbers = rows.loc[several, "order_line_id"]
    return bool((numbers != "").all() and not numbers.duplicated().any())


def _whole_orders(rows: pd.DataFrame, refused: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(the rows without refused ones and without the orders of which a row was refused, the refusals with them):
    an order is taken whole or not at all."""
    left = rows[~rows["row"].isin(refused["row"])]
    orders = set(refused["order_id"]) - {""}
    broken = left["order_id"].isin(orders)
    return left[~broken], _more(refused, _refuse(left[broken], "order_id", "orders.line_refused", "order_id"))


def _more(refused: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([refused, others], ignore_index=True)


def _differing(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of orders whose amount, said to be the order's, differs between their lines. Nothing (0) below an
    amount on the first line says no more than a blank does."""
    lines = rows[~returns.is_return(rows)]
    order, own = _orders(lines), lines["own"]
    said = own.mask((own == 0) & (own.groupby(order).transform("first") > 0))
    differ = said.groupby(order).transform("nunique") > 1
    return _refuse(lines[differ], name, "orders.order_amounts_differ", "own")


def _shared(rows: pd.DataFrame, prices: pd.Series) -> tuple[pd.DataFrame, list[Mapping[str, object]]]:
    """Order amounts over the lines, and what to tell of those orders that have several."""
    back = returns.is_return(rows)
    lines = rows[~back]
    order = _orders(lines)
    listed = lines["sku_code"].map(prices).astype("Int64") * lines["quantity"].fillna(1)
    worth = lines["worth"].where(_all_known(lines["worth"], order), listed)
    parts = amounts.shared(
        pd.DataFrame(
            {"order": order, "amount": lines["amount"], "worth": worth, "quantity": lines["quantity"]}
        )
    )
    several = order.duplicated(keep=False)
    said: list[Mapping[str, object]] = []
    if several.any():
        by_order = pd.DataFrame(
            {
                "amount": parts.groupby(order).sum(),
                "worth": worth.groupby(order).sum(min_count=1),
                "freight": lines["freight"].groupby(order).first(),
                "known": _all_known(worth, order).groupby(order).first(),
            }
        ).loc[order[several].unique()]
        said = [sharing_remark(by_order, int(several.sum()))]
        guessed = int((~by_order["known"]).sum())
        if guessed:
            said.append({"code": "orders.split_by_units", "orders": guessed})
    return rows.assign(amount=parts.reindex(rows.index).where(~back, rows["amount"])), said


def _all_known(worth: pd.Series, order: pd.Series) -> pd.Series:
    return worth.notna().groupby(order).transform("all")


def _refunds(rows: pd.DataFrame, sheet: pd.DataFrame, paid_level: Level) -> tuple[Level, pd.Series]:
    """Whose the refunds are, and the refunds by line (Int64 fen): an order's is shared by what was paid for its
    lines."""
    name = _refund_name(sheet)
    back = returns.is_return(rows)
    refund = _column(rows, name).mask(back, pd.NA)
    lines = rows[~back]
    order = _orders(lines)
    stated = refund[~back]
    if name == "line_refund" or not stated.notna().any():
        return "line", refund
    if name != "order_refund" and not _refund_of_order(lines, stated.fillna(0), order, paid_level):
        return "line", refund
    frame = pd.DataFrame(
        {"order": order, "amount": stated, "worth": lines["amount"], "quantity": lines["quantity"]}
    )
    return "order", amounts.shared(frame).reindex(rows.index)


def _refund_of_order(lines: pd.DataFrame, refund: pd.Series, order: pd.Series, paid_level: Level) -> bool:
    """Whether the refund is the order's. Beside payments of lines: only where it must be. Beside an order's
    payment: where it is written as the payment is, on each line or on the first one alone."""
    if paid_level == "line":
        frame = {"order": order, "amount": refund, "worth": lines["amount"], "freight": 0}
        return amounts.level(pd.DataFrame(frame)) == "order"
    below = order.duplicated()
    repeated = bool((below & lines["own"].notna()).any())
    if repeated:
        return bool((refund.groupby(order).nunique() <= 1).all())
    return not bool((below & refund.gt(0)).any())


def written(lines: pd.DataFrame, sheet: pd.DataFrame) -> dict[str, int]:
    """Sums of stored lines (quantity, amount, refund_amount) by sheet columns; 0 if read but not stored."""
    names = {"quantity": "quantity", _paid_name(sheet): "amount", _refund_name(sheet): "refund_amount"}
    return {
        field: int(lines[names[field]].fillna(0).sum()) if field in names else 0
        for field in COUNTS
        if field in sheet
    }


def _skipped(
    taken: pd.DataFrame, sheet: pd.DataFrame, levels: Mapping[str, Level], netted: returns.Netted
) -> dict[str, int]:
    """What the cells of the taken rows hold and no line does, counted from the cells: an order's amount beyond its
    first cell, return rows (their money comes back among the refunds), figures that only weigh; less the units
    that a blank quantity stands for."""
    back = returns.is_return(taken.assign(amount=taken[_paid_name(sheet)]))
    order = _orders(taken)
    skipped = {}
    for field in (name for name in COUNTS if name in sheet):
        cells = taken[field].where(~back)
        whole = int(cells.fillna(0).sum())
        if field in levels:
            once = cells.groupby(order).first() if levels[field] == "order" else cells
            whole -= int(once.fillna(0).sum())
            whole -= netted.amount if field == _refund_name(sheet) else 0
        elif field == "quantity":
            whole = -int(netted.lines["quantity"].isna().sum())
        skipped[field] = whole + int(taken.loc[back, field].fillna(0).sum())
    return skipped
