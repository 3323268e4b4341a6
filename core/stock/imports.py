"""A stock sheet against the ledger: compared, written as movements, taken back by the opposite movements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from core.clock import business_day
from core.database import read
from core.frames import among
from core.goods.master import SKUS, without_twins
from core.goods.sheet import MASTER_FIELDS
from core.goods.tables import sku
from core.imports import rules as compared
from core.imports.kinds import Account, Comparison, Context
from core.imports.versioned import outdated, row_states, unsettled
from core.settings import settings
from core.stock import ledger, locations, rules, suspicion
from core.stock.location_rules import Gathered, gather, spread, torn_levels
from core.stock.rules import LEVELS


def compare_stock(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """Levels now against levels in the sheet, its locations summed; unknown codes are added to the master with
    what the sheet says of them."""
    sheet, refused, alike = without_twins(connection, sheet, context)
    sheet, refused = _without_torn(sheet, refused, context)
    by_place = spread(sheet, context.divided)
    gathered = gather(by_place, locations.rules(connection), context.locations)
    stated = gathered.rows.set_index(pd.Index(gathered.rows["sku_code"], dtype=object))
    goods = read(connection, select(sku.c.sku_code, sku.c.retired_at))
    live = pd.Index(goods.loc[goods["retired_at"].isna(), "sku_code"], dtype=object)
    positions = ledger.positions(connection)
    before = positions.reindex(stated.index).fillna(0).astype("int64")
    after = rules.target_levels(stated, before)
    days = _days(stated)
    in_shop = among(stated.index, live)
    known = in_shop & among(stated.index, positions.index)
    changed = [compared.changes(before[known], after[known], LEVELS)]
    if "expected_on" in stated:
        changed.append(_redated(_arriving(connection, after, days)[0], changed[0], days[known]))
        changed.append(_rescheduled(connection, gathered.arriving, stated.index[known]))
    changed.append(locations.moved(connection, gathered))
    changes = pd.concat([part for part in changed if len(part)] or changed[:1], ignore_index=True)
    states = row_states(stated.index, known, among(stated.index, changes["key"]))
    state = outdated(states, stated, before["version"], context)
    master = stated[[name for name in SKUS.fields if name in stated]]
    rows = after.join(master).assign(
        sku_code=stated.index,
        key=stated.index,
        state=state,
        row=stated["row"],
        expected_on=days,
        arrivals=_lots_of(gathered.arriving, stated.index),
        in_shop=in_shop,
        described=among(stated.index, goods["sku_code"]),
    )
    return Comparison(
        rows,
        changes,
        refused,
        absent=tuple(live[~among(live, stated.index)]),
        strange=len(live) > 0 and not in_shop.any() and not len(refused),
        merged=len(sheet) - len(rows),
        account=_account(by_place.rows, stated, rows, gathered, context),
        locations=gathered.locations,
        parts=gathered.parts,
        warnings=(*alike, *locations.warnings(connection, gathered), *_doubts(before, after, known, context)),
    )


def _doubts(
    before: pd.DataFrame, after: pd.DataFrame, known: np.ndarray, context: Context
) -> Iterator[Mapping[str, object]]:
    today = business_day(context.now, settings().timezone)
    return suspicion.warnings(
        before.loc[known, "on_hand"], after.loc[known, "on_hand"], context.file_name, today
    )


def _account(
    sheet: pd.DataFrame, stated: pd.DataFrame, rows: pd.DataFrame, gathered: Gathered, context: Context
) -> Account:
    """What becomes of the sums of a stock sheet: levels as they will stand. What is available is not written where
    on hand is given; master data only for new SKUs (a retired one comes back as it was known)."""
    keep = [key for key, decision in context.decisions.items() if decision == "keep"]
    taken = (rows["state"] != "conflict") & ~rows.index.isin(keep)
    written: dict[str, int] = {}
    skipped: dict[str, int] = {}
    for level in (name for name in LEVELS if name in stated):
        skipped[level] = 0
        written[level] = int(rows.loc[taken & stated[level].notna(), level].sum())
    if "available_to_promise" in stated:
        used = taken & (stated["on_hand"].isna() if "on_hand" in stated else True)
        used &= stated["available_to_promise"].notna()
        written["available_to_promise"] = int(rules.available_to_promise(rows[used]).sum())
        beside = taken & ~used
        skipped["available_to_promise"] = int(stated.loc[beside, "available_to_promise"].sum())
    new = taken & ~rows["described"]
    of_known = sheet[among(sheet["sku_code"], rows.index[taken & rows["described"]])]
    parts = sheet[sheet["sku_code"].duplicated(keep=False)]  # of a single row all is taken
    of_new = parts[among(parts["sku_code"], rows.index[new])]
    for entry in MASTER_FIELDS:
        if entry.adds and entry.name in stated:
            written[entry.name] = int(rows.loc[new, entry.name].sum())
            skipped[entry.name] = _left_master(of_known, entry.name)
            skipped[entry.name] += _left_master(of_new, entry.name, first=True)
    return Account(written, skipped, _excluded(sheet, gathered, rows.index[taken]))


def _excluded(sheet: pd.DataFrame, gathered: Gathered, codes: pd.Index) -> dict[str, int]:
    """The sums by level of the rows of taken SKUs that lie where units do not count."""
    parts = gathered.parts
    if parts.empty:
        return {}
    out = parts.index[~parts["sellable"] & among(parts["sku_code"], codes)]
    levels = (name for name in (*LEVELS, "available_to_promise") if name in sheet)
    return {name: int(sheet.loc[out, name].sum()) for name in levels}


def _left_master(sheet: pd.DataFrame, name: str, *, first: bool = False) -> int:
    """The sum of what rows say of goods and the shop does not take from them: all of it where the shop knows
    the SKU; of a new one (`first`) what stands beyond its first cell, all where its rows disagree."""
    cells = sheet.loc[sheet[name].notna(), ["sku_code", name]]
    whole = int(cells[name].sum())
    if not first:
        return whole
    group = cells.groupby("sku_code", sort=False)[name]
    return whole - int(group.first()[group.nunique() == 1].sum())


def write_stock(connection: Connection, comparison: Comparison, context: Context) -> None:
    """New codes into the master, differences into the ledger."""
    rows = unsettled(comparison)
    if rows.empty:
        return
    strangers = rows[~rows["in_shop"]]
    if len(strangers):
        SKUS.introduce(connection, strangers, context)
    before = ledger.positions(connection).reindex(rows.index).fillna(0).astype("int64")
    moved = rows[list(LEVELS)] - before[list(LEVELS)]
    first, more = _arriving(
        connection, rows, rows["expected_on"], where=(moved["in_transit"] != 0) | (rows["expected_on"] != "")
    )
    first = first.set_index("sku_code").reindex(rows.index)
    moved = moved.assign(
        sku_code=rows.index,
        in_transit=first["quantity"].fillna(0).astype("int64"),
        expected_on=first["expected_on"].fillna(""),
    )
    posted = (
        pd.concat([moved, ledger.wide(more.assign(state="in_transit"))], ignore_index=True)
        if len(more)
        else moved
    )
    ledger.post_wide(
        connection,
        posted,
        ledger.Posting(
            source_id=context.import_id, cause="import", account=context.actor.name, now=context.now
        ),
        also=rows.index,
    )
    locations.keep(connection, comparison, context)


def _arriving(
    connection: Connection, after: pd.DataFrame, days: pd.Series, where: pd.Series | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The arrivals that move, each SKU's first and the others (`rules.arrival_movements`)."""
    awaited = ledger.arrivals(connection)
    stated = after[["in_transit"]].assign(expected_on=days)
    stated = stated if where is None else stated[where]
    lots = _lots(after)
    moved = rules.arrival_movements(stated[~among(stated.index, lots["sku_code"])], awaited)
    if len(lots):
        moved = pd.concat([moved, rules.lots_moved(lots, awaited)], ignore_index=True)
    again = moved.duplicated("sku_code")
    return moved[~again], moved[again]


def revert_stock(connection: Connection, import_id: str, context: Context) -> None:
    """Posts the opposite of everything the import moved; refuses when one of its SKUs has moved since."""
    locations.restore(connection, import_id)
    moved = ledger.of_source(connection, import_id)
    added = connection.scalars(select(sku.c.sku_code).where(sku.c.added_by == import_id)).all()
    ledger.refuse_later(connection, [*moved["sku_code"].unique(), *added], import_id)
    ledger.take_back(
        connection, import_id, undo_id=context.import_id, account=context.actor.name, now=context.now
    )
    SKUS.withdraw(connection, import_id, context)


def _without_torn(
    sheet: pd.DataFrame, refused: pd.DataFrame, context: Context
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows without SKUs that arrive on several days and state another level more than once, and all refused."""
    torn = torn_levels(sheet)
    if not torn.any():
        return sheet, refused
    codes = sheet.loc[torn, "sku_code"]
    more = compared.refuse(sheet[torn], context.sheet, "expected_on", "stock.arrival_levels", codes)
    return sheet[~torn], pd.concat([refused, more], ignore_index=True)


def _lots_of(arriving: pd.DataFrame, codes: pd.Index) -> pd.Series:
    """The arrivals of SKUs that arrive on several days, as lists of (day, units) by SKU; missing for all others."""
    pairs: dict[str, list[tuple[str, int]]] = {}
    for code, day, units in arriving.itertuples(index=False):
        pairs.setdefault(str(code), []).append((str(day), int(units)))
    return pd.Series(pairs, dtype=object).reindex(codes)


def _lots(rows: pd.DataFrame) -> pd.DataFrame:
    """The arrivals of `_lots_of` as a frame: sku_code, expected_on, quantity."""
    some = rows["arrivals"].dropna() if "arrivals" in rows else pd.Series(dtype=object)
    lots = [(code, day, units) for code, pairs in some.items() for day, units in pairs]
    return pd.DataFrame(lots, columns=["sku_code", "expected_on", "quantity"]).astype({"quantity": "int64"})


def _rescheduled(connection: Connection, lots: pd.DataFrame, known: pd.Index) -> pd.DataFrame:
    """SKUs of several days whose arrivals move, as changes."""
    lots = lots[among(lots["sku_code"], known)]
    if lots.empty:
        return pd.DataFrame(columns=["key", "field", "before", "after"])
    awaited = ledger.arrivals(connection)
    codes = rules.lots_moved(lots, awaited)["sku_code"].unique()
    before = rules.lots_in_words(awaited[awaited["sku_code"].isin(codes)]).reindex(codes).fillna("")
    after = rules.lots_in_words(lots).reindex(codes)
    words = {"before": before.to_numpy(object), "after": after.to_numpy(object)}
    return pd.DataFrame({"key": codes.astype(object), "field": "expected_on", **words})


def _days(told: pd.DataFrame) -> pd.Series:
    """Expected days as ISO text, "" where the sheet is silent."""
    if "expected_on" not in told:
        return pd.Series("", index=told.index, dtype="str")
    return told["expected_on"].map(lambda day: "" if pd.isna(day) else str(day)[:10]).astype("str")


def _redated(arriving: pd.DataFrame, changed: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    """Arrivals whose date moves while their sum stays: a change of its own, for the eye."""
    summed = set(changed.loc[changed["field"] == "in_transit", "key"])
    moved = arriving[
        ~among(arriving["sku_code"], summed)
        & among(arriving["sku_code"], days.index)
        & (arriving["quantity"] < 0)
    ]
    before = moved.set_index("sku_code")["expected_on"]
    return pd.DataFrame(
        {
            "key": before.index,
            "field": "expected_on",
            "before": before.to_numpy(),
            "after": days.reindex(before.index).to_numpy(),
        }
    )
