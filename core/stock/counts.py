"""Stock counts: a snapshot, counted sheets coming back, the difference, its approval, the adjustment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, func, or_, select, update

from core.access import Actor, allow, approvals, audit
from core.database import Database, insert, keyed, new_id, one, read, upsert
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.goods.tables import sku
from core.imports import rules as compared
from core.imports.kinds import REJECTED, Comparison, Context
from core.imports.tables import LOCK, import_change
from core.settings import settings
from core.stock import ledger, rules
from core.stock.tables import stock_count, stock_count_entry, stock_count_line, stock_movement

APPROVAL = "stock_count"


def open_count(db: Database, actor: Actor, name: str, codes: list[str], *, blind: bool, now: datetime) -> str:
    """Takes a snapshot of the SKUs' on-hand levels and returns its id, which the count sheets carry. ShopError("stock.count_empty")."""
    allow(actor, "stock.count")
    if not codes:
        raise ShopError("stock.count_empty")
    with db.writing() as connection:
        count_id = _snapshot(connection, actor, name, codes, blind, now)
        audit.record(
            connection, actor, now, "stock.count_open", count_id, None, {"name": name, "skus": len(codes), "blind": blind}
        )
    return count_id


def _snapshot(connection: Connection, actor: Actor, name: str, codes: list[str], blind: bool, now: datetime) -> str:
    count_id = new_id()
    head = {"count_id": count_id, "name": name, "blind": blind, "snapshot_at": now, "state": "open", "account": actor.name}
    insert(connection, stock_count, pd.DataFrame([head]))
    book = ledger.positions(connection, codes)["on_hand"].reindex(codes).fillna(0).astype("int64")
    insert(connection, stock_count_line, pd.DataFrame({"count_id": count_id, "sku_code": codes, "book": book.to_numpy()}))
    return count_id


def counts(db: Database, actor: Actor, limit: int = 50) -> pd.DataFrame:
    """Counts, newest first: count_id, name, blind, snapshot_at, state, account, adjusted_at."""
    allow(actor, "stock.view")
    with db.reading() as connection:
        return read(connection, select(stock_count).order_by(stock_count.c.snapshot_at.desc()).limit(limit))


def count_rows(db: Database, actor: Actor, count_id: str) -> pd.DataFrame:
    """The rows of a count sheet to print: count_id, sku_code, name, spec, barcode, location, book_quantity (absent when blind), counted, counter, count_reason."""
    allow(actor, "stock.count")
    with db.reading() as connection:
        head = _head(connection, count_id)
        line = stock_count_line.c
        query = select(line.sku_code, sku.c.name, sku.c.spec, sku.c.barcode, line.book.label("book_quantity"))
        frame = read(
            connection,
            query.outerjoin(sku, sku.c.sku_code == line.sku_code).where(line.count_id == count_id).order_by(line.sku_code),
        )
    blank = frame.assign(
        count_id=count_id, location="", counted=pd.array([pd.NA] * len(frame), dtype="Int64"), counter="", count_reason=""
    )
    order = ["count_id", "sku_code", "name", "spec", "barcode", "location", "book_quantity", "counted", "counter", "count_reason"]
    return blank[[name for name in order if not (head["blind"] and name == "book_quantity")]]


def result(db: Database, actor: Actor, count_id: str) -> pd.DataFrame:
    """The count judged so far, with sku_code, name and the columns of `rules.count_differences`; blind counters do not see the book."""
    allow(actor, "stock.count")
    with db.reading() as connection:
        head = _head(connection, count_id)
        frame = _judged(connection, head)
        names = read(
            connection, select(sku.c.sku_code, sku.c.name).where(keyed(sku.c.sku_code, frame.index, connection))
        ).set_index("sku_code")
    frame = frame.join(names).rename_axis("sku_code").reset_index()
    return (
        frame.drop(columns=["book", "moved", "expected", "difference"]) if head["blind"] and actor.role == "warehouse" else frame
    )


def settle(db: Database, actor: Actor, count_id: str, *, now: datetime) -> dict[str, Any]:
    """Posts the differences of a count as adjustment movements.

    Over the threshold of the settings (units or yuan) a second person must have approved exactly these differences; until then an approval is requested and
    nothing moves: {"state": "waiting" | "adjusted", "skus", "units", "approval_id"}. ShopError("stock.count_disputed", skus=[...]) while counters disagree,
    ("stock.count_closed") when it is done, ("stock.count_nothing") without a counted row.
    """
    allow(actor, "stock.count")
    with db.writing() as connection:
        one_at_a_time(connection, LOCK)
        head = _head(connection, count_id)
        if head["state"] != "open":
            raise ShopError("stock.count_closed", count_id=count_id)
        return _settle(connection, actor, head, now)


def _settle(connection: Connection, actor: Actor, head: dict[str, Any], now: datetime) -> dict[str, Any]:
    judged = _judged(connection, head)
    disputed = judged.index[judged["state"] == "disputed"]
    if len(disputed):
        raise ShopError("stock.count_disputed", skus=disputed.tolist())
    if (judged["state"] == "missing").all():
        raise ShopError("stock.count_nothing", count_id=head["count_id"])
    moves = judged[judged["state"] == "differs"]
    facts = {"skus": len(moves), "units": int(moves["difference"].abs().sum())}
    if _needs_approval(connection, moves):
        inputs = {str(code): int(units) for code, units in moves["difference"].items()}
        if approvals.standing(connection, APPROVAL, head["count_id"], inputs) != "approved":
            asked = approvals.request(connection, actor, now, APPROVAL, head["count_id"], inputs, head["name"])
            return {"state": "waiting", "approval_id": asked, **facts}
    quantities = moves["difference"].astype("int64")
    posted = pd.DataFrame({"sku_code": moves.index, "state": "on_hand", "quantity": quantities.to_numpy(), "expected_on": ""})
    ledger.post(connection, posted, source_id=head["count_id"], cause="count", account=actor.name, now=now)
    connection.execute(
        update(stock_count).where(stock_count.c.count_id == head["count_id"]).values(state="adjusted", adjusted_at=now)
    )
    audit.record(connection, actor, now, "stock.count_adjust", head["count_id"], None, facts)
    return {"state": "adjusted", "approval_id": "", **facts}


def _needs_approval(connection: Connection, moves: pd.DataFrame) -> bool:
    """Whether the differences pass the threshold in units, or in money at unit cost."""
    limits = settings()
    cost = read(
        connection, select(sku.c.sku_code, sku.c.unit_cost).where(keyed(sku.c.sku_code, moves.index, connection))
    ).set_index("sku_code")
    units = moves["difference"].abs()
    value = int((units * cost["unit_cost"].reindex(moves.index).fillna(0)).sum())
    return int(units.sum()) > limits.count_approval_units or value > limits.count_approval_yuan * 100


def _head(connection: Connection, count_id: str) -> dict[str, Any]:
    head = one(connection, select(stock_count).where(stock_count.c.count_id == count_id))
    if head is None:
        raise ShopError("stock.count_unknown", count_id=count_id)
    return head


def _judged(connection: Connection, head: dict[str, Any]) -> pd.DataFrame:
    lines = read(
        connection,
        select(stock_count_line.c.sku_code, stock_count_line.c.book).where(stock_count_line.c.count_id == head["count_id"]),
    )
    entry = stock_count_entry.c
    entries = read(
        connection,
        select(entry.sku_code, entry.location, entry.counter, entry.counted, entry.reason).where(
            entry.count_id == head["count_id"]
        ),
    )
    return rules.count_differences(lines, entries, _moved(connection, head))


def _moved(connection: Connection, head: dict[str, Any]) -> pd.Series:
    """On-hand units that moved between the snapshot and each SKU's last counted row (int64, by sku_code).

    A count is a barrier: what is sold after it is in neither the counted units nor the book that they are held against, however
    late the difference is approved and posted.
    """
    m, line, entry = stock_movement.c, stock_count_line, stock_count_entry
    mine = select(entry.c.sku_code, func.max(entry.c.counted_at).label("counted_at")).where(entry.c.count_id == head["count_id"])
    last = mine.group_by(entry.c.sku_code).subquery()
    query = (
        select(m.sku_code, func.sum(m.on_hand).label("quantity"))
        .join(line, (line.c.sku_code == m.sku_code) & (line.c.count_id == head["count_id"]))
        .outerjoin(last, last.c.sku_code == m.sku_code)
        .where(m.at > head["snapshot_at"], or_(last.c.counted_at.is_(None), m.at <= last.c.counted_at))
    )
    return read(connection, query.group_by(m.sku_code)).set_index("sku_code")["quantity"].astype("int64")


def compare_count(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """A counted sheet against what was entered before. Rows of a closed or unknown count, or of SKUs outside it, are refused."""
    told = _keyed(sheet)
    ids = [text for text in told["count_id"].unique() if text]
    heads = read(
        connection, select(stock_count.c.count_id, stock_count.c.state).where(keyed(stock_count.c.count_id, ids, connection))
    )
    open_ids = set(heads.loc[heads["state"] == "open", "count_id"])
    line = stock_count_line.c
    lines = read(connection, select(line.count_id, line.sku_code).where(keyed(line.count_id, open_ids, connection)))
    shop = set(
        connection.scalars(
            select(sku.c.sku_code).where(keyed(sku.c.sku_code, told["sku_code"], connection), sku.c.retired_at.is_(None))
        )
    )
    closed = (told["count_id"] != "") & ~told["count_id"].isin(open_ids)
    pairs = pd.MultiIndex.from_frame(told[["count_id", "sku_code"]])
    outside = ~closed & (told["count_id"] != "") & ~pairs.isin(pd.MultiIndex.from_frame(lines))
    unknown = (told["count_id"] == "") & ~told["sku_code"].isin(shop)
    refused = [(closed, "count_id", "stock.count_closed", "count_id"), (outside, "sku_code", "stock.outside_count", "sku_code")]
    refused.append((unknown, "sku_code", "stock.unknown_sku", "sku_code"))
    rejected = [
        compared.refuse(told[where], context.sheet, name, code, told.loc[where, value])
        for where, name, code, value in refused
        if where.any()
    ]
    good = told[~(closed | outside | unknown)]
    standing = read(connection, select(stock_count_entry).where(keyed(stock_count_entry.c.count_id, open_ids, connection)))
    before = standing.assign(key=_key(standing)).set_index("key")[["counted", "reason"]].reindex(good.index)
    known = before["counted"].notna()
    changed = compared.changes(before[known], good[known], ["counted", "reason"])
    state = pd.Series("unchanged", index=good.index).mask(good.index.isin(changed["key"]), "changed").mask(~known, "added")
    nothing = pd.DataFrame(columns=list(REJECTED))
    return Comparison(
        good.assign(key=good.index, state=state), changed, pd.concat(rejected, ignore_index=True) if rejected else nothing
    )


def _keyed(sheet: pd.DataFrame) -> pd.DataFrame:
    optional = {
        name: sheet[name].fillna("") if name in sheet else "" for name in ("count_id", "location", "counter", "count_reason")
    }
    told = sheet.assign(**optional).rename(columns={"count_reason": "reason"})
    return told.set_index(_key(told))


def _key(rows: pd.DataFrame) -> pd.Series:
    parts = rows[["count_id", "sku_code", "location", "counter"]].astype("str")
    return parts["count_id"].str.cat(parts[["sku_code", "location", "counter"]], sep="|").rename("key")


def write_count(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Enters what was counted. Rows without a snapshot id become a count of this moment that is settled at once (or waits for its approval)."""
    rows = comparison.rows[comparison.rows["state"].isin(["added", "changed"])]
    loose = rows["count_id"] == ""
    if loose.any():
        codes = sorted(rows.loc[loose, "sku_code"].unique())
        fresh = _snapshot(connection, context.actor, context.sheet, codes, False, context.now)
        rows = rows.assign(count_id=rows["count_id"].mask(loose, fresh))
    columns = ["count_id", "sku_code", "location", "counter", "counted", "reason"]
    if rows.empty:
        return
    _keep_images(connection, rows.set_index(_key(rows)), context)
    upsert(
        connection,
        stock_count_entry,
        rows[columns].assign(counted_at=context.now, import_id=context.import_id).reset_index(drop=True),
    )
    if loose.any():
        head = _head(connection, fresh)
        if (_judged(connection, head)["state"] != "disputed").all():
            _settle(connection, context.actor, head, context.now)


def _keep_images(connection: Connection, rows: pd.DataFrame, context: Context) -> None:
    """The rows of a sheet (indexed by key) as they stood before it, for its undo; None for a row that it adds."""
    entry = stock_count_entry
    standing = read(connection, select(entry).where(keyed(entry.c.count_id, set(rows["count_id"]), connection)))
    images = standing.assign(counted_at=standing["counted_at"].astype("str")).astype(object)
    by_key = dict(zip(_key(standing), images.to_dict("records"), strict=True))
    before = [by_key.get(key) for key in rows.index]
    insert(connection, import_change, pd.DataFrame({"import_id": context.import_id, "key": rows.index, "before": before}))


def _restore_images(connection: Connection, import_id: str) -> None:
    """An import's rows as they stood before it. ShopError("import.later_change") where another sheet has changed one since."""
    change, entry = import_change.c, stock_count_entry
    images = read(connection, select(change.key, change.before).where(change.import_id == import_id)).set_index("key")["before"]
    ids = {key.split("|", 1)[0] for key in images.index}
    standing = read(connection, select(entry).where(keyed(entry.c.count_id, ids, connection)))
    later = standing[_key(standing).isin(images.index) & (standing["import_id"] != import_id)]
    if len(later):
        first = later.iloc[0]
        raise ShopError(
            "import.later_change", import_id=import_id, key=first["sku_code"], count=len(later), by=str(first["import_id"])
        )
    connection.execute(delete(entry).where(entry.c.import_id == import_id))
    before = pd.DataFrame(images.dropna().tolist())
    if len(before):
        upsert(connection, entry, before.assign(counted_at=pd.to_datetime(before["counted_at"], utc=True)))


def revert_count(connection: Connection, import_id: str, context: Context) -> None:
    """Takes counted rows out again, changed ones back to what they were; an adjustment that they led to is taken back too, unless its SKUs
    have moved since.
    """
    entry = stock_count_entry.c
    ids = set(connection.scalars(select(entry.count_id).where(entry.import_id == import_id)))
    heads = read(
        connection, select(stock_count).where(keyed(stock_count.c.count_id, ids, connection), stock_count.c.state == "adjusted")
    )
    for count_id, name in zip(heads["count_id"], heads["name"], strict=True):
        others = connection.scalars(
            select(entry.import_id).where(entry.count_id == count_id, entry.import_id != import_id)
        ).first()
        if others is not None:
            raise ShopError("import.later_change", import_id=import_id, key=name, count=1, by=others)
        ledger.refuse_later(connection, ledger.of_source(connection, count_id)["sku_code"].tolist(), count_id)
        ledger.take_back(connection, count_id, undo_id=context.import_id, account=context.actor.name, now=context.now)
        connection.execute(update(stock_count).where(stock_count.c.count_id == count_id).values(state="cancelled"))
    _restore_images(connection, import_id)
