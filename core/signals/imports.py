"""A daily report against what stands: a later file of a day replaces that day's figures, and never adds to
them."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, delete, select

from core.database import keyed, read, upsert
from core.errors import ShopError
from core.frames import among
from core.goods.master import SKUS, without_twins
from core.goods.tables import sku
from core.imports import rules
from core.imports.kinds import Comparison, Context
from core.imports.versioned import images, keep_images, refuse_later, row_states, unsettled
from core.signals.rules import span
from core.signals.tables import FIGURES, daily_signal

MASTER = ("name", "brand", "category")


def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """Figures by SKU and day: added, changed or unchanged; the columns of the sheet count, others stay as
    they are.

    ShopError("signals.no_figure") for a sheet in which no column is a figure.
    """
    figures = [name for name in FIGURES if name in sheet]
    if not figures:
        raise ShopError("signals.no_figure")
    figures_stated, refused, alike = without_twins(connection, _told(sheet), context)
    before = _standing(connection, figures_stated)
    after = figures_stated[figures].astype("Int64")
    aligned = before.reindex(figures_stated.index)
    known = among(figures_stated.index, before.index)
    changed = rules.changes(aligned.loc[known, figures].astype("Int64"), after[known], figures)
    state = row_states(figures_stated.index, known, among(figures_stated.index, changed["key"]))
    kept = [name for name in FIGURES if name not in figures]
    rows = after.join(aligned[kept].astype("Int64")).assign(
        key=figures_stated.index,
        state=state,
        row=figures_stated["row"],
        sku_code=figures_stated["sku_code"],
        day=figures_stated["day"],
        **{n: figures_stated[n] for n in MASTER if n in figures_stated},
    )
    codes = figures_stated["sku_code"].unique().tolist()
    live = set(
        connection.scalars(
            select(sku.c.sku_code).where(keyed(sku.c.sku_code, codes, connection), sku.c.retired_at.is_(None))
        )
    )
    rows["in_master"] = among(rows["sku_code"], live) | (rows["sku_code"] == "")
    some = (
        connection.execute(select(sku.c.sku_code).where(sku.c.retired_at.is_(None)).limit(1)).first()
        is not None
    )
    strange = some and not rows["in_master"].any() and not len(refused)
    return Comparison(rows, changed, refused, strange=strange, warnings=alike)


def write(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Stores added and changed days; SKUs that the shop did not know come into the master with what the
    report says of them."""
    rows = unsettled(comparison)
    if rows.empty:
        return
    strangers = rows[~rows["in_master"]].drop_duplicates("sku_code")
    if len(strangers):
        SKUS.introduce(
            connection, strangers.set_index("sku_code")[[n for n in MASTER if n in strangers]], context
        )
    before = _standing(connection, rows).reindex(rows.index)
    keep_images(connection, context.import_id, rows.index, before)
    stored = rows[["sku_code", "day", *FIGURES]].assign(
        channel="", import_id=context.import_id, updated_at=context.now
    )
    upsert(connection, daily_signal, stored)


def revert(connection: Connection, import_id: str, context: Context) -> None:
    """Every day as it was before the import. ShopError("import.later_change") when a later file has replaced
    one of them."""
    kept = images(connection, import_id)
    names = kept.index.to_series().str.rsplit(" ", n=1, expand=True)
    rows = pd.DataFrame({"sku_code": names[0], "day": pd.to_datetime(names[1]).dt.date})
    refuse_later(import_id, _standing(connection, rows)["import_id"])
    mine = daily_signal.c.import_id == import_id
    connection.execute(delete(daily_signal).where(mine))
    back = kept[kept.notna()]
    if len(back):
        old = pd.DataFrame(back.tolist(), index=back.index).astype(dict.fromkeys(FIGURES, "Int64"))
        old = old.join(rows[["sku_code", "day"]])
        upsert(connection, daily_signal, old.assign(channel="", updated_at=context.now))
    SKUS.withdraw(connection, import_id, context)


def _told(sheet: pd.DataFrame) -> pd.DataFrame:
    """The sheet with day (date), sku_code ("" for the whole shop) and the key that the import speaks of."""
    day = pd.to_datetime(sheet["stat_date"]).dt.date
    code = (
        sheet["sku_code"].astype("str")
        if "sku_code" in sheet
        else pd.Series("", index=sheet.index, dtype="str")
    )
    keyed_rows = sheet.assign(sku_code=code, day=day)
    return keyed_rows.set_axis((code + " " + day.astype("str")).to_numpy())


def _standing(connection: Connection, rows: pd.DataFrame) -> pd.DataFrame:
    """Stored rows of those SKUs and days, indexed by key: FIGURES and import_id."""
    columns = [daily_signal.c[name] for name in ("sku_code", "day", *FIGURES, "import_id")]
    wanted = keyed(daily_signal.c.sku_code, rows["sku_code"].unique(), connection)
    within = daily_signal.c.day.between(*span(rows["day"]))
    frame = read(connection, select(*columns).where(wanted, within, daily_signal.c.channel == ""))
    keys = frame["sku_code"] + " " + frame["day"].astype("str")
    frame = frame.set_axis(keys.to_numpy()).drop(columns=["sku_code", "day"])
    return frame[frame.index.isin(rows.index)]
