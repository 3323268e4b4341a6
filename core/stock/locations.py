"""Where units lie: kept beside the ledger by each stock sheet that says so, and taken back with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from sqlalchemy import Connection, delete, select

from core.database import insert, keyed, read, upsert
from core.frames import among
from core.imports.kinds import Comparison, Context
from core.imports.versioned import images, keep_images, refuse_later
from core.sheets.values.places import is_place
from core.stock.location_rules import PARTS, Gathered, breakdown, lying
from core.stock.tables import stock_location, stock_location_rule

_IMAGE = "locations:"  # before-images of breakdowns stand beside those of other rows


def rules(connection: Connection) -> dict[str, bool]:
    """Location -> whether its units count, as answered."""
    rule = stock_location_rule.c
    return {
        str(name): bool(counts) for name, counts in connection.execute(select(rule.location, rule.sellable))
    }


def breakdowns(connection: Connection, codes: Sequence[str] | None = None) -> pd.DataFrame:
    """Where the units of SKUs lie: sku_code, location, lot, expiry (str), units (int64), sellable (bool),
    import_id."""
    query = select(*stock_location.columns)
    if codes is not None:
        query = query.where(keyed(stock_location.c.sku_code, codes, connection))
    return read(connection, query.order_by(*(stock_location.c[name] for name in ("sku_code", *PARTS))))


def moved(connection: Connection, gathered: Gathered) -> pd.DataFrame:
    """SKUs of a sheet whose units lie elsewhere than before, as changes: key, field "location", before, after.
    A sheet without locations says nothing of where units lie: what was known of its SKUs is forgotten."""
    codes = gathered.rows["sku_code"].tolist()
    stored = breakdowns(connection)
    stored = stored[among(stored["sku_code"], codes)]
    before = breakdown(stored)
    parts = lying(gathered.parts)
    after = breakdown(pd.concat([parts, _untouched(stored, parts)], ignore_index=True))
    index = before.index.union(after.index)
    before, after = before.reindex(index).fillna(""), after.reindex(index).fillna("")
    differs = before != after
    return pd.DataFrame(
        {
            "key": index[differs].astype(object),
            "field": "location",
            "before": before[differs].to_numpy(object),
            "after": after[differs].to_numpy(object),
        }
    )


def _untouched(stored: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """The stored places that stay beside those of a sheet: all others, where the sheet is only of places that do not
    count, and so says nothing of what is for sale."""
    if parts.empty or parts["sellable"].any():
        return stored.head(0)
    return stored[~stored["location"].isin(parts["location"])]


def _not_mentioned(connection: Connection, parts: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Warehouses and shops in which units of the sheet's SKUs lay, and that the sheet does not mention at all."""
    if parts.empty or not parts["sellable"].any():
        return
    stored = breakdowns(connection, parts["sku_code"].unique().tolist())
    stored = stored[stored["sellable"] & (stored["units"] > 0)]
    outer = stored["location"].str.split(" ").str[0]
    mentioned = set(" ".join(parts["location"].unique()).split())
    gone = outer.map(is_place).astype(bool) & ~outer.isin(mentioned)
    if gone.any():
        units = stored[gone].groupby(outer[gone])["units"].sum()
        names = [f"{name} {count}" for name, count in units.items()]
        yield {"code": "stock.locations_missing", "units": int(units.sum()), "names": names}


def warnings(connection: Connection, gathered: Gathered) -> Iterator[dict[str, object]]:
    """The locations that do not count, with their units, places that the sheet does not mention, and SKUs whose rows
    contradict each other."""
    out = gathered.locations[~gathered.locations["counts"]] if len(gathered.locations) else gathered.locations
    if len(out):
        named = out[["location", "units"]].to_dict("records")
        yield {
            "code": "import.locations_excluded",
            "units": int(out["units"].sum()),
            "names": [row["location"] for row in named],
            "locations": named,
            "asked": bool(out["asked"].all()),
        }
    yield from _not_mentioned(connection, lying(gathered.parts))
    if gathered.disagreeing:
        yield {"code": "import.parts_disagree", "skus": gathered.disagreeing}


def keep(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Stores where the units of the moved SKUs lie now, with the before-images of an undo, and the answers
    about locations."""
    if context.locations:
        answers = {"location": list(context.locations), "sellable": list(context.locations.values())}
        rows = pd.DataFrame(answers).assign(account=context.actor.name, at=context.now)
        upsert(connection, stock_location_rule, rows)
    moved = comparison.changes.loc[comparison.changes["field"] == "location", "key"].drop_duplicates()
    held = comparison.rows.loc[comparison.rows["state"].isin(["added", "changed"]), "sku_code"]
    codes = moved[among(moved, held)].tolist()
    if not codes:
        return
    _keep_images(connection, codes, context)
    parts = lying(comparison.parts)
    beside = _untouched(breakdowns(connection, codes), parts)
    _forget(connection, codes)
    if len(parts):
        own = parts[among(parts["sku_code"], codes)]
        kept = pd.concat([own, beside], ignore_index=True).assign(import_id=context.import_id)
        insert(connection, stock_location, kept[[column.name for column in stock_location.columns]])


def _keep_images(connection: Connection, codes: Sequence[str], context: Context) -> None:
    stored = breakdowns(connection, codes)
    records = stored.drop(columns="sku_code").to_dict("records")
    by_code: dict[str, list[dict[str, object]]] = {code: [] for code in codes}
    for code, record in zip(stored["sku_code"], records, strict=True):
        by_code[code].append({str(name): value for name, value in record.items()})
    before = pd.DataFrame({"parts": [by_code[code] for code in codes]})
    keep_images(connection, context.import_id, pd.Index([f"{_IMAGE}{code}" for code in codes]), before)


def _forget(connection: Connection, codes: Sequence[str]) -> None:
    connection.execute(delete(stock_location).where(keyed(stock_location.c.sku_code, codes, connection)))


def restore(connection: Connection, import_id: str) -> None:
    """Where the units lay before an import. ShopError("import.later_change") where a later sheet has said
    otherwise since."""
    kept = images(connection, import_id, _IMAGE)
    if kept.empty:
        return
    codes = [str(key).removeprefix(_IMAGE) for key in kept.index]
    stored = breakdowns(connection, codes)
    later = stored[stored["import_id"] != import_id].drop_duplicates("sku_code")
    refuse_later(import_id, later.set_index("sku_code")["import_id"])
    _forget(connection, codes)
    back = [
        {"sku_code": code, **part}
        for code, before in zip(codes, kept, strict=True)
        for part in before["parts"]
    ]
    if back:
        insert(
            connection, stock_location, pd.DataFrame(back)[[column.name for column in stock_location.columns]]
        )
