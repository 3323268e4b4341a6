"""The workbooks of stock: the stock sheet and the count sheet."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from sqlalchemy import Connection

from core.goods.master import without_twins
from core.goods.sheet import MASTER_FIELDS
from core.imports.kinds import Comparison, Context, Kind
from core.imports.rules import refuse
from core.sheets import writer
from core.sheets.columns import Field, SheetSpec
from core.stock import count_entries, imports, locations
from core.stock.location_rules import PARTS, counting

# A stock report may state levels below zero (sold beyond what the warehouse has), so only what cannot be
# negative is checked.
STOCK = Kind(
    "stock",
    "stock.import",
    SheetSpec(
        "stock",
        (
            Field("sku_code", "code", required=True),
            Field("on_hand", "integer"),
            Field("reserved", "integer", minimum=0),
            Field("presale_committed", "integer", minimum=0),
            Field("activity_locked", "integer", minimum=0),
            Field("in_transit", "integer", minimum=0),
            Field("expected_on", "day"),
            Field("available_to_promise", "integer"),
            *MASTER_FIELDS,
            Field("location", "text", title_zh="仓库", title_en="Warehouse"),
            Field("lot", "text", title_zh="批号", title_en="Lot"),
            Field("expiry", "text", title_zh="效期", title_en="Expiry"),
            Field("row_version", "integer", minimum=0),
        ),
        key=("sku_code",),
        parts=PARTS,
        arrival="expected_on",
        located={"location": "location", "lot": "lot", "expiry": "expiry", "produced_on": "lot"},
    ),
    imports.compare_stock,
    imports.write_stock,
    imports.revert_stock,
    any_of=("on_hand", "available_to_promise", "reserved", "presale_committed", "in_transit"),
)


def _compare_count(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The counted rows whose codes can be told from each other and from the shop's (the rest of a SKU would pass for
    all of it), of places whose units count: what lies among the returns is no part of what is for sale."""
    rows, refused, alike = without_twins(connection, sheet, context)
    rows, elsewhere = _for_sale(connection, rows, context)
    compared = count_entries.compare_count(connection, rows, context)
    rejected = pd.concat([compared.rejected, refused, elsewhere], ignore_index=True)
    return replace(compared, rejected=rejected, warnings=(*compared.warnings, *alike))


def _for_sale(
    connection: Connection, rows: pd.DataFrame, context: Context
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(the rows of places whose units count, the others as refused rows)."""
    places = (
        rows["location"].fillna("").astype("str")
        if "location" in rows
        else pd.Series("", index=rows.index, dtype="str")
    )
    counts_there = counting(places.unique().tolist(), locations.rules(connection), context.locations)
    out = ~places.map(counts_there).astype(bool)
    refused = refuse(rows[out], context.sheet, "location", "stock.not_for_sale", places[out])
    return rows[~out], refused


COUNT = Kind(
    "count",
    "stock.count",
    SheetSpec(
        "count",
        (
            Field("sku_code", "code", required=True),
            Field("counted", "integer", required=True, minimum=0),
            Field("count_id", "code", title_zh="盘点单号", title_en="Count id"),
            Field("location", "text", title_zh="库位", title_en="Location"),
            Field("counter", "text"),
            Field("book_quantity", "integer"),
            Field("count_reason", "text"),
        ),
        key=("sku_code", "location", "counter"),
        parts=("location", "counter"),
        located=dict.fromkeys(("location", "lot", "expiry", "produced_on"), "location"),
    ),
    _compare_count,
    count_entries.write_count,
    count_entries.revert_count,
)


def stock_sheet(positions: pd.DataFrame, language: str) -> bytes:
    """The stock sheet as we hand it out: levels to change and bring back, each row with the version that it
    was exported at."""
    rows = positions.rename(columns={"version": "row_version"})
    names = (
        "sku_code",
        "name",
        "spec",
        "on_hand",
        "reserved",
        "presale_committed",
        "in_transit",
        "row_version",
    )
    return _written(rows, STOCK, names, language)


def count_sheet(rows: pd.DataFrame, language: str) -> bytes:
    """The count sheet to print or fill in (`counts.count_rows`): the snapshot's id in every row, `counted`
    left blank."""
    return _written(rows, COUNT, tuple(rows.columns), language)


def _written(rows: pd.DataFrame, kind: Kind, names: tuple[str, ...], language: str) -> bytes:
    spec = replace(kind.spec, fields=(*kind.spec.fields, *MASTER_FIELDS))  # a count sheet names its goods too
    return writer.export(rows[list(names)], writer.as_columns(spec, names, language), kind.name, language)
