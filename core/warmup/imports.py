"""A warm-up report against what stands. A later file of a day replaces it; the shop's daily figures of a SKU
follow as the sum of its channels.
"""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, Table, delete, func, select

from core.database import insert, keyed, read, upsert
from core.errors import ShopError
from core.goods.master import SKUS, without_twins
from core.goods.tables import sku
from core.imports import rules
from core.imports.kinds import Comparison, Context
from core.imports.versioned import images, keep_images, refuse_later, row_states, unsettled
from core.signals.rules import span
from core.signals.tables import FIGURES as DAILY
from core.signals.tables import daily_signal
from core.warmup.tables import FIGURES, warmup_figure

KEY = ("sku_code", "day", "channel")
SHARED = tuple(name for name in FIGURES if name in DAILY and name != "visitors")
"""What a warm-up report tells the rest of the application. Visitors stay with the traffic report: those of two
channels may be one person."""
_JOINT = "\x1f"


def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """Figures by SKU, day and channel: added, changed or unchanged; a blank cell states nothing.
    ShopError("signals.no_figure").
    """
    figures = [name for name in FIGURES if name in sheet]
    if not figures:
        raise ShopError("signals.no_figure")
    lines, refused, alike = without_twins(connection, _told(sheet), context)
    before = _standing(connection, warmup_figure, lines).reindex(lines.index)
    known = before["import_id"].notna()
    after = pd.DataFrame(
        {
            name: rules.stated(lines[name].astype("Int64"), before[name]) if name in lines else before[name]
            for name in FIGURES
        }
    )
    changed = rules.changes(before[known], after[known], figures)
    state = row_states(lines.index, known, lines.index.isin(changed["key"]))
    codes = lines["sku_code"].unique().tolist()
    live = connection.scalars(
        select(sku.c.sku_code).where(keyed(sku.c.sku_code, codes, connection), sku.c.retired_at.is_(None))
    ).all()
    unknown = ~lines["sku_code"].isin({*live, ""})
    rows = after.assign(
        key=lines.index, state=state, row=lines["row"], unknown=unknown, **{name: lines[name] for name in KEY}
    )
    strange = bool(unknown.any()) and not live and not len(refused) and _any_goods(connection)
    return Comparison(rows, changed, refused, strange=strange, warnings=alike)


def write(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Stores added and changed rows with their before-images, then the daily figures of the SKUs and days
    that they touch."""
    rows = unsettled(comparison)
    if rows.empty:
        return
    strangers = rows.loc[rows["unknown"], ["sku_code"]].drop_duplicates().set_index("sku_code")
    if len(strangers):
        SKUS.introduce(connection, strangers, context)
    _remember(connection, warmup_figure, rows, context)
    upsert(
        connection,
        warmup_figure,
        rows[[*KEY, *FIGURES]].assign(import_id=context.import_id, updated_at=context.now),
    )
    daily = rows[["sku_code", "day"]].drop_duplicates().assign(channel="")
    daily = daily.set_axis(_keys(daily))
    _remember(connection, daily_signal, daily, context)
    _roll_up(connection, daily, context)


def revert(connection: Connection, import_id: str, context: Context) -> None:
    """Both books as they were. ShopError("import.later_change") when a later file has replaced one of the
    rows."""
    for table in (warmup_figure, daily_signal):
        _restore(connection, table, import_id, context)
    SKUS.withdraw(connection, import_id, context)


def _told(sheet: pd.DataFrame) -> pd.DataFrame:
    """The sheet with sku_code ("" for the whole shop), day (date) and channel, indexed by key."""
    blank = pd.Series("", index=sheet.index, dtype="str")
    code, channel = (
        sheet[name].astype("str").fillna("") if name in sheet else blank for name in ("sku_code", "channel")
    )
    keyed_rows = sheet.assign(sku_code=code, channel=channel, day=pd.to_datetime(sheet["stat_date"]).dt.date)
    return keyed_rows.set_axis(_keys(keyed_rows))


def _keys(rows: pd.DataFrame) -> pd.Index:
    return pd.Index(rows["sku_code"] + _JOINT + rows["day"].astype("str") + _JOINT + rows["channel"])


def _figures(table: Table) -> list[str]:
    return list(FIGURES if table is warmup_figure else DAILY)


def _standing(connection: Connection, table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Stored rows of those keys, indexed by key: the table's figures (Int64) and import_id."""
    figures = _figures(table)
    columns = [table.c[name] for name in (*KEY, *figures, "import_id")]
    wanted = keyed(table.c.sku_code, rows["sku_code"].unique(), connection)
    frame = read(connection, select(*columns).where(wanted, table.c.day.between(*span(rows["day"]))))
    frame = frame.set_axis(_keys(frame)).astype(dict.fromkeys(figures, "Int64"))
    return frame.loc[frame.index.isin(rows.index), [*figures, "import_id"]]


def _remember(connection: Connection, table: Table, rows: pd.DataFrame, context: Context) -> None:
    """The rows as they stand now, NULL for those that do not."""
    before = _standing(connection, table, rows).reindex(rows.index)
    keep_images(connection, context.import_id, table.name + _JOINT + rows.index, before)


def _roll_up(connection: Connection, daily: pd.DataFrame, context: Context) -> None:
    """The SHARED figures of each SKU and day as the sum of its channels; a figure that no channel states
    stays as it is."""
    f = warmup_figure.c
    sums = [func.sum(f[name]).label(name) for name in SHARED]
    touched = keyed(f.sku_code, daily["sku_code"].unique(), connection) & f.day.between(
        daily["day"].min(), daily["day"].max()
    )
    totals = read(
        connection, select(f.sku_code, f.day, *sums).where(touched).group_by(f.sku_code, f.day)
    ).assign(channel="")
    totals = totals.set_axis(_keys(totals)).reindex(daily.index).astype(dict.fromkeys(SHARED, "Int64"))
    current = _standing(connection, daily_signal, daily).reindex(daily.index)
    figures = current[list(DAILY)].assign(**{name: totals[name].fillna(current[name]) for name in SHARED})
    rows = figures.assign(
        **{name: daily[name] for name in KEY}, import_id=context.import_id, updated_at=context.now
    )
    upsert(connection, daily_signal, rows)


def _restore(connection: Connection, table: Table, import_id: str, context: Context) -> None:
    kept = images(connection, import_id, table.name + _JOINT)
    if kept.empty:
        return
    names = kept.index.to_series().str.split(_JOINT, expand=True).set_axis(["table", *KEY], axis="columns")
    rows = names[list(KEY)].assign(day=pd.to_datetime(names["day"]).dt.date)
    rows = rows.set_axis(_keys(rows))
    now = _standing(connection, table, rows)["import_id"]
    refuse_later(import_id, now.set_axis(now.index.str.replace(_JOINT, " ").str.strip()))
    connection.execute(delete(table).where(table.c.import_id == import_id))
    had = kept.notna().to_numpy()
    if had.any():
        old = pd.DataFrame(kept[had].tolist(), index=rows.index[had]).astype(
            dict.fromkeys(_figures(table), "Int64")
        )
        insert(connection, table, old.join(rows).assign(updated_at=context.now))


def _any_goods(connection: Connection) -> bool:
    return (
        connection.execute(select(sku.c.sku_code).where(sku.c.retired_at.is_(None)).limit(1)).first()
        is not None
    )
