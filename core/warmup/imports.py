"""A warm-up report against what stands. A later file of a day replaces it; the shop's daily figures of a SKU follow as the sum
of its channels.
"""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, Table, delete, func, select

from core.database import insert, keyed, read, upsert
from core.errors import ShopError
from core.goods.service import SKUS
from core.goods.tables import sku
from core.imports import rules
from core.imports.kinds import Comparison, Context
from core.imports.tables import import_change
from core.signals.tables import FIGURES as DAILY
from core.signals.tables import daily_signal
from core.warmup.tables import FIGURES, warmup_figure

KEY = ("sku_code", "day", "channel")
SHARED = tuple(name for name in FIGURES if name in DAILY and name != "visitors")
"""What a warm-up report tells the rest of the house. Visitors stay with the traffic report: those of two channels may be one person."""
_JOINT = "\x1f"


def compare(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:  # noqa: ARG001 - the import's signature
    """Figures by SKU, day and channel: added, changed or unchanged; a blank cell states nothing.
    ShopError("signals.no_figure").
    """
    figures = [name for name in FIGURES if name in sheet]
    if not figures:
        raise ShopError("signals.no_figure")
    told = _told(sheet)
    before = _standing(connection, warmup_figure, told).reindex(told.index)
    known = before["import_id"].notna()
    after = pd.DataFrame(
        {name: rules.stated(told[name].astype("Int64"), before[name]) if name in told else before[name] for name in FIGURES}
    )
    changed = rules.changes(before[known], after[known], figures)
    moves = pd.Series(told.index.isin(changed["key"]), index=told.index)
    state = pd.Series("unchanged", index=told.index, dtype="str").mask(moves, "changed").mask(~known, "added")
    codes = told["sku_code"].unique().tolist()
    live = connection.scalars(
        select(sku.c.sku_code).where(keyed(sku.c.sku_code, codes, connection), sku.c.retired_at.is_(None))
    ).all()
    unknown = ~told["sku_code"].isin({*live, ""})
    rows = after.assign(key=told.index, state=state, row=told["row"], unknown=unknown, **{name: told[name] for name in KEY})
    return Comparison(rows, changed, strange=bool(unknown.any()) and not live and _any_goods(connection))


def write(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Stores added and changed rows with their before-images, then the daily figures of the SKUs and days that they touch."""
    rows = comparison.rows[comparison.rows["state"].isin(["added", "changed"])]
    if rows.empty:
        return
    strangers = rows.loc[rows["unknown"], ["sku_code"]].drop_duplicates().set_index("sku_code")
    if len(strangers):
        SKUS.introduce(connection, strangers, context)
    _remember(connection, warmup_figure, rows, context)
    upsert(connection, warmup_figure, rows[[*KEY, *FIGURES]].assign(import_id=context.import_id, updated_at=context.now))
    daily = rows[["sku_code", "day"]].drop_duplicates().assign(channel="")
    daily = daily.set_axis(_keys(daily))
    _remember(connection, daily_signal, daily, context)
    _roll_up(connection, daily, context)


def revert(connection: Connection, import_id: str, context: Context) -> None:
    """Both books as they were. ShopError("import.later_change") when a later file has replaced one of the rows."""
    for table in (warmup_figure, daily_signal):
        _restore(connection, table, import_id, context)
    SKUS.withdraw(connection, import_id, context)


def _told(sheet: pd.DataFrame) -> pd.DataFrame:
    """The sheet with sku_code ("" for the whole shop), day (date) and channel, indexed by key."""
    blank = pd.Series("", index=sheet.index, dtype="str")
    code, channel = (sheet[name].astype("str").fillna("") if name in sheet else blank for name in ("sku_code", "channel"))
    told = sheet.assign(sku_code=code, channel=channel, day=pd.to_datetime(sheet["stat_date"]).dt.date)
    return told.set_axis(_keys(told))


def _keys(rows: pd.DataFrame) -> pd.Index:
    return pd.Index(rows["sku_code"] + _JOINT + rows["day"].astype("str") + _JOINT + rows["channel"])


def _figures(table: Table) -> list[str]:
    return list(FIGURES if table is warmup_figure else DAILY)


def _standing(connection: Connection, table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Stored rows of those keys, indexed by key: the table's figures (Int64) and import_id."""
    figures = _figures(table)
    columns = [table.c[name] for name in (*KEY, *figures, "import_id")]
    wanted = keyed(table.c.sku_code, rows["sku_code"].unique(), connection)
    frame = read(connection, select(*columns).where(wanted, table.c.day.between(rows["day"].min(), rows["day"].max())))
    frame = frame.set_axis(_keys(frame)).astype(dict.fromkeys(figures, "Int64"))
    return frame.loc[frame.index.isin(rows.index), [*figures, "import_id"]]


def _remember(connection: Connection, table: Table, rows: pd.DataFrame, context: Context) -> None:
    """The rows as they stand now, NULL for those that do not."""
    before = _standing(connection, table, rows).reindex(rows.index)
    images = before.astype(object).where(before.notna(), None).to_dict("records")
    kept = [image if image["import_id"] is not None else None for image in images]
    keys = table.name + _JOINT + rows.index
    insert(connection, import_change, pd.DataFrame({"import_id": context.import_id, "key": keys, "before": kept}))


def _roll_up(connection: Connection, daily: pd.DataFrame, context: Context) -> None:
    """The SHARED figures of each SKU and day as the sum of its channels; a figure that no channel states stays as it is."""
    f = warmup_figure.c
    sums = [func.sum(f[name]).label(name) for name in SHARED]
    touched = keyed(f.sku_code, daily["sku_code"].unique(), connection) & f.day.between(daily["day"].min(), daily["day"].max())
    totals = read(connection, select(f.sku_code, f.day, *sums).where(touched).group_by(f.sku_code, f.day)).assign(channel="")
    totals = totals.set_axis(_keys(totals)).reindex(daily.index).astype(dict.fromkeys(SHARED, "Int64"))
    standing = _standing(connection, daily_signal, daily).reindex(daily.index)
    figures = standing[list(DAILY)].assign(**{name: totals[name].fillna(standing[name]) for name in SHARED})
    rows = figures.assign(**{name: daily[name] for name in KEY}, import_id=context.import_id, updated_at=context.now)
    upsert(connection, daily_signal, rows)


def _restore(connection: Connection, table: Table, import_id: str, context: Context) -> None:
    mine = import_change.c.key.startswith(table.name + _JOINT, autoescape=True)
    images = read(
        connection, select(import_change.c.key, import_change.c.before).where(import_change.c.import_id == import_id, mine)
    )
    if images.empty:
        return
    names = images["key"].str.split(_JOINT, expand=True).set_axis(["table", *KEY], axis="columns")
    rows = names[list(KEY)].assign(day=pd.to_datetime(names["day"]).dt.date)
    rows = rows.set_axis(_keys(rows))
    now = _standing(connection, table, rows)
    later = now[now["import_id"] != import_id]
    if len(later):
        key = str(later.index[0]).replace(_JOINT, " ").strip()
        raise ShopError("import.later_change", import_id=import_id, key=key, count=len(later), by=str(later["import_id"].iloc[0]))
    connection.execute(delete(table).where(table.c.import_id == import_id))
    had = images["before"].notna().to_numpy()
    if had.any():
        old = pd.DataFrame(images.loc[had, "before"].tolist(), index=rows.index[had]).astype(
            dict.fromkeys(_figures(table), "Int64")
        )
        insert(connection, table, old.join(rows).assign(updated_at=context.now))


def _any_goods(connection: Connection) -> bool:
    return connection.execute(select(sku.c.sku_code).where(sku.c.retired_at.is_(None)).limit(1)).first() is not None
