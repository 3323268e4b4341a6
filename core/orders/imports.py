"""An order export against the order lines that stand: a later export of an order moves its state, and never adds it again."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, delete, select

from core.access.keys import derived
from core.database import insert, keyed, read, upsert
from core.errors import ShopError
from core.goods.tables import sku
from core.imports import rules as compared
from core.imports.kinds import Comparison, Context
from core.imports.tables import import_change
from core.orders import rules
from core.orders.tables import order_line

FIELDS = ("state", "ordered_at", "paid_at", "quantity", "amount", "refund_amount", "name", "buyer_key", "channel")
KEY = ("sku_code", "order_id", "line")
_TEXT = ("order_id", "sku_code", "name", "buyer", "order_status", "channel")
_COUNTS = ("quantity", "kinds", "paid_amount", "refund_amount")
_TIMES = ("order_time", "pay_time")
_STATES = ("unchanged", "changed", "added")  # a row of the sheet is as its most moved line


def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """Order lines of the export: added, changed or unchanged. The counts are rows of the sheet: a row is as its most changed line.

    ShopError("orders.no_goods") for a sheet that names neither a SKU nor a title.
    """
    if not {"sku_code", "name"} & set(sheet.columns):
        raise ShopError("orders.no_goods")
    nameless = _blank(sheet, "sku_code") & _blank(sheet, "name")
    refused = compared.refuse(sheet[nameless], context.sheet, "name", "cell.blank", pd.Series("", index=sheet.index[nameless]))
    sheet = sheet[~nameless].reset_index(drop=True)
    told = told_lines(connection, sheet)
    before, states = _compared(connection, told)
    known = states != "added"
    changed = compared.changes(before[known], told[known], FIELDS)
    rank = states.map({state: n for n, state in enumerate(_STATES)}).groupby(told["row"].to_numpy()).max()
    rows = sheet.assign(
        key=sheet["row"].astype("str"), state=sheet["row"].map(rank).fillna(0).astype("int64").map(dict(enumerate(_STATES)))
    )
    some = connection.execute(select(order_line.c.order_id).limit(1)).first() is not None
    strange = some and not known.any() and not _shares_goods(connection, told["sku_code"].unique().tolist())
    return Comparison(rows, changed, refused, strange=strange)


def write(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Stores new and moved lines with the before-images that an undo needs."""
    told = told_lines(connection, comparison.rows)
    before, states = _compared(connection, told)
    moving = states != "unchanged"
    if not moving.any():
        return
    rows, images = told[moving], before[moving]
    kept = images.assign(
        **{name: images[name].astype("str").where(images[name].notna(), None) for name in ("ordered_at", "paid_at")}
    )
    records = kept.astype(object).where(kept.notna(), None).to_dict("records")
    saved = [record if record["state"] is not None else None for record in records]
    insert(connection, import_change, pd.DataFrame({"import_id": context.import_id, "key": rows.index, "before": saved}))
    upsert(connection, order_line, rows[[*KEY, *FIELDS]].assign(import_id=context.import_id), key=list(KEY))


def _compared(connection: Connection, told: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The stored lines beside the told ones (missing where new), and each line's state."""
    before = _standing(connection, told["order_id"].unique().tolist()).reindex(told.index)
    known = before["state"].notna()
    moved = compared.changes(before[known], told[known], FIELDS)["key"]
    states = pd.Series("unchanged", index=told.index, dtype="str").mask(told.index.isin(moved), "changed").mask(~known, "added")
    return before, states


def _blank(sheet: pd.DataFrame, name: str) -> pd.Series:
    return sheet[name].fillna("").astype("str") == "" if name in sheet else pd.Series(True, index=sheet.index)


def revert(connection: Connection, import_id: str, context: Context) -> None:  # noqa: ARG001 - the import's signature
    """Every line as it was. ShopError("import.later_change") when a later export has moved one of them."""
    images = read(connection, select(import_change.c.key, import_change.c.before).where(import_change.c.import_id == import_id))
    parts = images["key"].str.split("\x1f", expand=True)
    now = _standing(connection, parts[1].unique().tolist())
    later = now[now.index.isin(images["key"]) & (now["import_id"] != import_id)]
    if len(later):
        key, by = str(later.index[0]).replace("\x1f", " "), str(later["import_id"].iloc[0])
        raise ShopError("import.later_change", import_id=import_id, key=key, count=len(later), by=by)
    connection.execute(delete(order_line).where(order_line.c.import_id == import_id))
    back = images["before"].notna()
    if back.any():
        old = pd.DataFrame(images.loc[back, "before"].tolist())
        old[list(KEY)] = parts[back].to_numpy()
        times = {name: pd.to_datetime(old[name], utc=True) for name in ("ordered_at", "paid_at")}
        upsert(connection, order_line, old.assign(**times), key=list(KEY))


def told_lines(connection: Connection, sheet: pd.DataFrame) -> pd.DataFrame:
    """The sheet as order lines with keyed buyers and SKU codes, indexed by their key; `row` is the sheet's row."""
    full = sheet.reindex(columns=[*_TEXT, *_COUNTS, *_TIMES, "row"])
    full = full.assign(**{name: full[name].astype(object).fillna("").astype("str") for name in _TEXT})
    full = full.assign(
        **{name: full[name].astype("Int64") for name in _COUNTS},
        **{name: pd.to_datetime(full[name], utc=True) for name in _TIMES},
    )
    full = full.rename(columns={"paid_amount": "amount", "order_time": "ordered_at", "pay_time": "paid_at"})
    full["buyer_key"] = rules.buyer_keys(full["buyer"], derived("buyer"))
    full["state"] = rules.states(full["order_status"], full["paid_at"], full["refund_amount"], full["amount"])
    full["order_id"] = rules.order_ids(full)
    lines = rules.lines(full)
    lines["sku_code"] = _coded(connection, lines)
    lines["line"] = (lines.groupby(["order_id", "sku_code"], sort=False).cumcount() + 1).astype("str")
    lines["ordered_at"], lines["paid_at"] = (lines[name].astype("datetime64[us, UTC]") for name in ("ordered_at", "paid_at"))
    return lines.set_axis(_keys(lines))[[*KEY, *FIELDS, "row"]]


def _keys(frame: pd.DataFrame) -> pd.Index:
    return pd.Index(frame["sku_code"] + "\x1f" + frame["order_id"] + "\x1f" + frame["line"], dtype="str")


def _coded(connection: Connection, lines: pd.DataFrame) -> pd.Series:
    """The merchant code; without one the only live SKU of exactly that name, else the name itself."""
    blank = lines["sku_code"] == ""
    if not blank.any():
        return lines["sku_code"]
    names = lines.loc[blank, "name"].unique().tolist()
    found = read(
        connection, select(sku.c.name, sku.c.sku_code).where(keyed(sku.c.name, names, connection), sku.c.retired_at.is_(None))
    )
    only = found.drop_duplicates("name", keep=False).set_index("name")["sku_code"]
    named = lines["name"].map(only).astype(object).where(lines["name"].isin(only.index), lines["name"])
    return lines["sku_code"].mask(blank, named.replace("", "?")).astype("str")


def _standing(connection: Connection, orders: list[str]) -> pd.DataFrame:
    columns = [order_line.c[name] for name in (*KEY, *FIELDS, "import_id")]
    frame = read(connection, select(*columns).where(keyed(order_line.c.order_id, orders, connection)))
    return frame.set_axis(_keys(frame)).drop(columns=list(KEY))


def _shares_goods(connection: Connection, codes: list[str]) -> bool:
    return connection.execute(select(sku.c.sku_code).where(keyed(sku.c.sku_code, codes, connection)).limit(1)).first() is not None
