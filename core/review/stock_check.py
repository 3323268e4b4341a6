"""Where each unit went since the opening, and what a count after the sale found: book against shelf by SKU and location,
differences explained, settled through the count's own approval."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.database import Database, read
from core.goods.tables import campaign_sku, sku
from core.live.tables import sale_line
from core.review import reconcile
from core.stock import counts
from core.stock import service as stock
from core.stock.rules import PROMISED
from core.stock.tables import stock_count, stock_count_entry, stock_location, stock_movement

CAUSES = ("event", "receipt", "count", "import", "other")
EXPLAINED = reconcile.CAUSES
WHY = ("oversold", "differs", "in_return", "unshipped", "counted", "moved")


def reconciliation(db: Database, actor: Actor, campaign_id: str, now: datetime) -> pd.DataFrame:
    """Every good of the sale or moved since its opening, from the ledger itself, indexed by sku_code: name, opening, CAUSES,
    on_hand, reserved, available_to_promise, in_return (sent back and not yet booked in), unsellable (lying where nothing is
    sold from), counted and difference (Int64, of the last count after the close), reconcile.CAUSES, why ("" | WHY).

    opening + causes = on_hand for every row; the explained causes sum to the difference. ShopError("campaign.unknown")."""
    allow(actor, "stock.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        table = _moved(connection, mine, now)
        lines = campaign_sku.c
        own = set(connection.scalars(select(lines.sku_code).where(lines.campaign_id == campaign_id)))
        table = table.join(_lines(connection, campaign_id)).join(_unsellable(connection))
        table = table.join(_counted(connection, mine))
        names = read(connection, select(sku.c.sku_code, sku.c.name)).set_index("sku_code")["name"]
    for name in ("in_return", "unsellable", "unshipped", "sold"):
        table[name] = table[name].fillna(0).astype("int64")
    table["difference"] = table["counted"].astype("Int64") - table["book"].astype("Int64")
    short = (-table["available_to_promise"]).clip(lower=0)
    table = table.join(reconcile.explained(table.assign(short=short)))
    table["why"] = _why(table)
    touched = table[[*CAUSES, "reserved"]].ne(0).any(axis=1) | (table["sold"] > 0)
    table.insert(0, "name", names.reindex(table.index).fillna(""))
    return table[touched | table.index.isin(own)].drop(columns=["book", "sold", "unshipped"])


def _moved(connection: Connection, mine: Campaign, now: datetime) -> pd.DataFrame:
    """opening, CAUSES, on_hand, reserved, available_to_promise by sku_code."""
    m = stock_movement.c
    moved = read(
        connection,
        select(m.sku_code, m.cause, func.sum(m.on_hand).label("units"))
        .where(m.at >= min(mine.opens_at, now))
        .group_by(m.sku_code, m.cause),
    )
    levels = stock.levels(connection)
    causes = moved.assign(cause=moved["cause"].where(moved["cause"].isin(CAUSES[:-1]), "other"))
    table = (
        causes.pivot_table(index="sku_code", columns="cause", values="units", aggfunc="sum", fill_value=0)
        .reindex(columns=list(CAUSES), fill_value=0)
        .reindex(levels.index, fill_value=0)
        .astype("int64")
    )
    on_hand = levels["on_hand"].astype("int64")
    table.insert(0, "opening", on_hand - table.sum(axis=1))
    return table.assign(
        on_hand=on_hand,
        reserved=levels[list(PROMISED)].sum(axis=1),
        available_to_promise=levels["available_to_promise"],
    )


def _lines(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """By sku_code, of the sale's order lines: sold, in_return (shipped and sent back), unshipped (paid, kept, not
    shipped)."""
    s = sale_line.c
    query = select(s.sku_code, s.paid, s.refunded, s.cancelled, s.shipped).where(s.campaign_id == campaign_id)
    rows = read(connection, query)
    kept = (rows["paid"] - rows["refunded"] - rows["cancelled"]).clip(lower=0)
    figures = pd.DataFrame(
        {
            "sku_code": rows["sku_code"],
            "sold": rows["paid"],
            "in_return": (rows["shipped"] - kept).clip(lower=0),
            "unshipped": (kept - rows["shipped"]).clip(lower=0),
        }
    )
    return figures.groupby("sku_code").sum()


def _unsellable(connection: Connection) -> pd.Series:
    p = stock_location.c
    query = select(p.sku_code, func.sum(p.units).label("unsellable")).where(p.sellable.is_(False))
    return read(connection, query.group_by(p.sku_code)).set_index("sku_code")["unsellable"]


def _counted(connection: Connection, mine: Campaign) -> pd.DataFrame:
    """Counted units and the book they were held against (both Int64) of the last count after the close of each SKU."""
    c = stock_count.c
    heads = read(
        connection,
        select(stock_count)
        .where(c.snapshot_at >= mine.closes_at, c.state != "cancelled")
        .order_by(c.snapshot_at),
    )
    frames = [
        counts.judged(connection, {str(name): value for name, value in head.items()})
        for head in heads.to_dict("records")
    ]
    if not frames:
        nothing = pd.DataFrame({"counted": [], "book": []}, dtype="Int64")
        return nothing.set_index(pd.Index([], name="sku_code", dtype="str"))
    rows = pd.concat([frame[["counted", "expected"]] for frame in frames]).rename(
        columns={"expected": "book"}
    )
    rows = rows[rows["counted"].notna()]
    return rows[~rows.index.duplicated(keep="last")].astype("Int64")


def _why(table: pd.DataFrame) -> np.ndarray:
    """The first thing that each row has to say."""
    differs = table["unexplained"].fillna(0).ne(0)
    conditions = [
        table["available_to_promise"] < 0,
        differs,
        table["in_return"] > 0,
        table["reserved"] > 0,
        table["count"] != 0,
        (table["import"] != 0) | (table["other"] != 0),
    ]
    return np.select([one.to_numpy(bool) for one in conditions], WHY, "")


def locations(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """Shelf by shelf what the counts after the close found: sku_code, location, book (Int64, where the stock sheet says),
    counted (Int64), difference, reason, sellable (bool). Only counted SKUs. ShopError("campaign.unknown")."""
    allow(actor, "stock.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        e, c, p = stock_count_entry.c, stock_count.c, stock_location.c
        query = (
            select(e.sku_code, e.location, e.counted, e.reason, e.counted_at)
            .join(stock_count, c.count_id == e.count_id)
            .where(c.snapshot_at >= mine.closes_at, c.state != "cancelled")
        )
        entries = read(connection, query.order_by(e.counted_at))
        shelves = read(
            connection,
            select(p.sku_code, p.location, p.units, p.sellable).where(p.sku_code.in_(select(e.sku_code))),
        )
    last = entries.drop_duplicates(["sku_code", "location"], keep="last").set_index(["sku_code", "location"])
    book = shelves.groupby(["sku_code", "location"]).agg(book=("units", "sum"), sellable=("sellable", "all"))
    both = book.join(last[["counted", "reason"]], how="outer")
    both = both[both.index.get_level_values(0).isin(last.index.get_level_values(0))]
    both["difference"] = both["counted"].astype("Int64") - both["book"].astype("Int64")
    return both.assign(
        reason=both["reason"].fillna(""), sellable=both["sellable"].fillna(True).astype(bool)
    ).reset_index()


def open_count(db: Database, actor: Actor, campaign_id: str, name: str, now: datetime) -> str:
    """Opens a count of every good that the sale moved; returns its id. Its differences are settled on the stock page, by the
    same approval as every other. ShopError("stock.count_empty" | "campaign.unknown")."""
    allow(actor, "stock.count")
    table = reconciliation(db, actor, campaign_id, now)
    moved = table[(table["event"] != 0) | (table["reserved"] != 0) | (table["in_return"] != 0)]
    return counts.open_count(db, actor, counts.NewCount(name, moved.index.tolist(), blind=False), now=now)
