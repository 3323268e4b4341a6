"""Which units of a stock sheet count: its locations, and the parts of a SKU brought together. Pure frames."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.frames import among
from core.stock.rules import LEVELS

PARTS = ("location", "lot", "expiry")
_UNITS = ("on_hand", "available_to_promise")  # what lies at a place: the first, where a sheet has it
ARRIVING = ("sku_code", "expected_on", "quantity")
_UNSELLABLE = re.compile(
    r"残|次品|次货|正次|不良|瑕疵|坏|破损|损坏|退货|退换|退仓|售后|报废|废品|样品|样衣|展示|虚拟|在途|待检|质检|冻结|锁定|封存|隔离|"
    r"维修|返修|返厂|待处理|过期|临期|盘亏|丢失|赠品|借出|damaged|defect|return|scrap|sample|virtual|transit|quarantine|expired|broken|"
    r"unsellable|unfulfillable|reserved|inspection|repair",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """A sheet with one row a SKU. `rows`: the summed rows; `parts`: the rows before they were summed,
    with location, lot, expiry (str), units (int64), sellable (bool), `placed` (bool: the sheet says where) and `into`
    (the row that they went into); `locations`: location, units, counts, asked; `disagreeing`: how many SKUs have rows
    whose other values differ; `arriving`: sku_code, expected_on (ISO day, "" where nobody knows), quantity of SKUs
    that arrive on several days."""

    rows: pd.DataFrame
    parts: pd.DataFrame
    locations: pd.DataFrame
    disagreeing: int
    arriving: pd.DataFrame


def unsellable(location: str) -> bool:
    """Whether a location's name says that its units are not for sale.

    >>> unsellable("残次仓"), unsellable("退货区"), unsellable("上海总仓"), unsellable("A-01-03")
    (True, True, False, False)
    """
    return _UNSELLABLE.search(location) is not None


@dataclass(frozen=True, slots=True)
class Spread:
    """A sheet with a row a place. `rows`: its rows and, behind them, one for each place that a column of theirs is
    named after; `bare` (bool by row): what is left of a row whose units lie at such places."""

    rows: pd.DataFrame
    bare: pd.Series


def spread(sheet: pd.DataFrame, divided: pd.DataFrame) -> Spread:
    """Puts what columns say of places (row, field, location, units) into rows of their own, within the row's own place
    and lot. Only the level that says what lies there is of places: all others stay with their row."""
    level = _UNITS[0] if _UNITS[0] in sheet else _UNITS[1]
    cells = divided[divided["field"] == level].drop(columns="field") if len(divided) else divided
    cells = cells[cells["row"].isin(sheet["row"])] if len(cells) else cells
    if not len(cells):
        return Spread(sheet, pd.Series(False, index=sheet.index))
    own = sheet[[name for name in ("sku_code", "row", *PARTS) if name in sheet]]
    at_places = cells.rename(columns={"location": "place"}).merge(own, on="row")
    named = _text(at_places, "location").str.cat(at_places["place"].astype("str"), sep=" ").str.strip()
    at_places = at_places.assign(location=named, **{level: at_places["units"]}).drop(
        columns=["place", "units"]
    )
    whole = [name for name in sheet if name != "row" and sheet[name].dtype == "int64"]
    left = sheet.astype(dict.fromkeys(whole, "Int64"))
    left = left.assign(**{level: left[level].mask(left["row"].isin(cells["row"]))})
    rows = pd.concat([left, at_places], ignore_index=True)
    return Spread(rows, pd.Series(rows.index < len(left), index=rows.index) & rows[level].isna())


def gather(by_place: Spread, remembered: Mapping[str, bool], answers: Mapping[str, bool]) -> Gathered:
    """One row a SKU out of one row a location and lot.

    Levels are summed over the locations that count: those answered now, else those remembered, else all whose
    names do not say that they hold damaged, returned, sample or virtual goods. A SKU that only lies in
    locations that do not count has nothing there; a sheet in which no location counts says nothing of what is for
    sale, and the levels stay.
    """
    sheet, bare = by_place.rows, by_place.bare
    placed = any(name in sheet for name in PARTS)
    if not placed and not sheet["sku_code"].duplicated().any():
        return Gathered(sheet, pd.DataFrame(), pd.DataFrame(), 0, pd.DataFrame(columns=list(ARRIVING)))
    names = {name: _text(sheet, name) for name in PARTS}
    levels = [name for name in (*LEVELS, "available_to_promise") if name in sheet]
    units = _units(sheet)
    decided = counting(names["location"].unique().tolist(), remembered, answers)
    counts = names["location"].map(decided).astype(bool)
    left = pd.Series(0 if counts[~bare].any() else pd.NA, index=sheet.index, dtype="Int64")
    kept = sheet.assign(
        **{name: sheet[name].astype("Int64").where(counts | sheet[name].isna(), left) for name in levels}
    )
    kept, arriving = _by_day(kept)
    rows, disagreeing = _summed(kept.drop(columns=[name for name in PARTS if name in kept]), levels)
    first = sheet.groupby("sku_code", sort=False)["row"].transform("first")
    parts = pd.DataFrame(
        {
            "sku_code": sheet["sku_code"],
            **names,
            "units": units,
            "sellable": counts,
            "placed": placed & ~bare,
            "row": sheet["row"],
            "into": first,
        }
    )
    places = _locations(parts, decided, {**remembered, **answers})
    return Gathered(rows, parts, places, disagreeing, arriving)


def _by_day(sheet: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(the sheet without the days of SKUs that arrive on several, those arrivals). A day of nothing is no day."""
    if "in_transit" not in sheet or "expected_on" not in sheet:
        return sheet, pd.DataFrame(columns=list(ARRIVING))
    units = sheet["in_transit"].astype("Int64").fillna(0)
    some = (units != 0).groupby(sheet["sku_code"], sort=False).transform("any")
    days = sheet["expected_on"].mask(some & (units == 0))
    text = days.map(lambda day: "" if pd.isna(day) else str(day)[:10]).astype("str")
    lots = pd.DataFrame({"sku_code": sheet["sku_code"], "expected_on": text, "quantity": units})[units != 0]
    lots = (
        lots.groupby(["sku_code", "expected_on"], sort=False)["quantity"].sum().astype("int64").reset_index()
    )
    several = lots[lots["sku_code"].duplicated(keep=False)].reset_index(drop=True)
    return sheet.assign(expected_on=days.mask(among(sheet["sku_code"], several["sku_code"]))), several


def torn_levels(sheet: pd.DataFrame) -> pd.Series:
    """Rows (bool) of SKUs whose rows differ in nothing but their day of arrival, and more than one of which states
    another level: nobody can say whether it is each row's own or the same one again."""
    names = [name for name in (*PARTS, "sku_code") if name in sheet]
    torn = pd.Series(False, index=sheet.index)
    if "expected_on" not in sheet or not sheet.duplicated(names).any():
        return torn
    keys = [sheet[name] for name in names]
    for level in (
        name for name in (*LEVELS, "available_to_promise") if name in sheet and name != "in_transit"
    ):
        stated = sheet[level].astype("Int64").fillna(0) != 0
        torn |= stated.groupby(keys, sort=False, dropna=False).transform("sum") > 1
    return torn.groupby(sheet["sku_code"], sort=False).transform("any").astype(bool)


def _text(sheet: pd.DataFrame, name: str) -> pd.Series:
    if name not in sheet:
        return pd.Series("", index=sheet.index, dtype="str")
    return sheet[name].astype("str").where(sheet[name].notna(), "")


def _units(sheet: pd.DataFrame) -> pd.Series:
    """What lies at a place: on hand, where the sheet is silent what is available."""
    stated = [sheet[name].astype("Int64") for name in _UNITS if name in sheet]
    units = pd.Series(pd.NA, index=sheet.index, dtype="Int64")
    for level in stated:
        units = units.fillna(level)
    return units.fillna(0).astype("int64")


def counting(
    locations: Sequence[str], remembered: Mapping[str, bool], answers: Mapping[str, bool]
) -> dict[str, bool]:
    """Location -> whether its units count. An answer for a warehouse holds for the bins within it (texts
    joined by a blank), except where the bin itself is answered."""
    known = {**remembered, **answers}
    return {location: _counts(location, known) for location in locations}


def _counts(location: str, known: Mapping[str, bool]) -> bool:
    if location in known:
        return known[location]
    inner = [known[part] for part in location.split(" ") if part in known]
    return all(inner) if inner else not unsellable(location)


def _summed(sheet: pd.DataFrame, levels: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """(one row a SKU, SKUs with rows whose other figures or days differ: those values are left blank)."""
    if not sheet["sku_code"].duplicated().any():
        return sheet, 0
    group = sheet.groupby("sku_code", sort=False)
    texts = [
        name for name in sheet if name not in (*levels, "sku_code", "row") and sheet[name].dtype == "str"
    ]
    others = [name for name in sheet if name not in (*levels, *texts, "sku_code", "row")]
    whole = group[["row", *texts, *others]].first().join(group[list(levels)].sum(min_count=1))
    apart = group[others].nunique() > 1
    for name in others:
        if apart[name].any():
            whole[name] = whole[name].mask(apart[name])
    return whole.reset_index()[list(sheet.columns)], int(apart.any(axis=1).sum())


def _locations(parts: pd.DataFrame, decided: Mapping[str, bool], known: Mapping[str, bool]) -> pd.DataFrame:
    """The locations of a sheet, those that do not count first, then by units."""
    parts = parts[parts["placed"]] if parts["placed"].any() else parts
    sums = parts.groupby("location", sort=False)["units"].sum().reset_index()
    sums = sums.assign(
        counts=sums["location"].map(decided).astype(bool), asked=sums["location"].isin(list(known))
    )
    return sums.sort_values(["counts", "units"], ascending=[True, False], ignore_index=True)


def lying(parts: pd.DataFrame) -> pd.DataFrame:
    """What lies where, one row a SKU, location, lot and expiry: sku_code, PARTS, units, sellable; of a sheet that says
    where."""
    if parts.empty or ("placed" in parts and not parts["placed"].any()):
        return parts.head(0)
    keys = ["sku_code", *PARTS]
    parts = parts[parts["placed"]] if "placed" in parts else parts
    if not parts.duplicated(keys).any():
        return parts[[*keys, "units", "sellable"]]
    group = parts.groupby(keys, sort=False)
    return group.agg(units=("units", "sum"), sellable=("sellable", "first")).reset_index()


def breakdown(parts: pd.DataFrame) -> pd.Series:
    """Where the units of each SKU lie, in words (str, by sku_code): "上海仓 6 · 北京仓 4"."""
    parts = lying(parts)
    if parts.empty:
        return pd.Series(dtype="str")
    label = parts["location"].str.cat(parts[["lot", "expiry"]], sep=" ").str.split().str.join(" ")
    text = label.str.cat(parts["units"].astype("str"), sep=" ").str.strip()
    ordered = text.to_frame("text").assign(sku_code=parts["sku_code"]).sort_values(["sku_code", "text"])
    return ordered.groupby("sku_code")["text"].agg(" · ".join).astype("str")
