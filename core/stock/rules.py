"""Stock arithmetic: pure frames. A position is a row of units by state; a movement changes one state of one
SKU."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.frames import among

LEVELS = ("on_hand", "reserved", "presale_committed", "activity_locked", "in_transit")

PROMISED = ("reserved", "presale_committed", "activity_locked")
"""The states in which units on hand are promised to somebody already. Every answer to "how many are free"
takes these off: `available_to_promise` in frames, `tables.free_units` in SQL."""


def available_to_promise(position: pd.DataFrame) -> pd.Series:
    """Units that may still be promised: on hand - reserved - pre-sale committed - activity locked (int64; may
    be negative)."""
    return position["on_hand"] - position[list(PROMISED)].sum(axis=1)


def available_with_presale(position: pd.DataFrame) -> pd.Series:
    """Available to promise, the units of paid deposits still in it: what the pre-sale itself can be served
    from."""
    return available_to_promise(position) + position["presale_committed"]


def inventory_position(position: pd.DataFrame) -> pd.Series:
    """Available to promise + in transit (int64)."""
    return available_to_promise(position) + position["in_transit"]


def target_levels(sheet: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """Levels after a stock sheet, indexed like both frames (int64, columns LEVELS).

    A level that the sheet does not state stays. A sheet that states available to promise but not on hand
    gives on hand = available + reserved + pre-sale committed + activity locked.
    """
    after = pd.DataFrame(index=sheet.index)
    for level in LEVELS:
        stated = sheet[level] if level in sheet else pd.Series(pd.NA, index=sheet.index, dtype="Int64")
        after[level] = stated.astype("Int64").fillna(current[level]).astype("int64")
    if "available_to_promise" in sheet:
        promised = after[list(PROMISED)].sum(axis=1)
        derived = sheet["available_to_promise"].astype("Int64") + promised
        silent = sheet["on_hand"].isna() if "on_hand" in sheet else pd.Series(True, index=sheet.index)
        after["on_hand"] = after["on_hand"].where(~silent | derived.isna(), derived).astype("int64")
    return after


def lots_moved(lots: pd.DataFrame, arrivals: pd.DataFrame) -> pd.DataFrame:
    """What turns the standing arrivals of SKUs that arrive on several days into the sheet's: as `arrival_movements`.
    Both frames: sku_code, expected_on, quantity."""
    mine = arrivals[among(arrivals["sku_code"], lots["sku_code"])]
    both = pd.concat([lots, mine.assign(quantity=-mine["quantity"])], ignore_index=True)
    moved = both.groupby(["sku_code", "expected_on"], sort=False)["quantity"].sum().reset_index()
    return moved[moved["quantity"] != 0].reset_index(drop=True)


def lots_in_words(lots: pd.DataFrame) -> pd.Series:
    """The arrivals of each SKU in words (str, by sku_code): "2026-11-01 10 · 2026-11-05 20"."""
    ordered = lots.sort_values(["sku_code", "expected_on"])
    text = (ordered["expected_on"] + " " + ordered["quantity"].astype("str")).str.strip()
    return text.groupby(ordered["sku_code"]).agg(" · ".join).astype("str")


def arrival_movements(stated: pd.DataFrame, arrivals: pd.DataFrame) -> pd.DataFrame:
    """What turns the standing arrivals into those of a sheet: sku_code, expected_on (ISO day or ""), quantity
    (int64, signed, never 0), a row a pair.

    `stated`: indexed by sku_code, in_transit (int64), expected_on (str, "" where the sheet has no date).
    `arrivals`: sku_code, expected_on, quantity as they stand. With a date, the SKU's arrivals become that one
    date. Without one, a surplus is added undated; a shortfall is taken from the undated, then from the latest
    date.
    """
    days = arrivals.groupby("sku_code", sort=False).agg(
        quantity=("quantity", "sum"), day=("expected_on", "first"), days=("quantity", "size")
    )
    days = days.reindex(stated.index)
    awaited = days["quantity"].fillna(0).astype("int64")
    dated = stated["expected_on"] != ""
    same_day = (days["days"] == 1) & (days["day"] == stated["expected_on"])
    settled = dated & (awaited == stated["in_transit"]) & (same_day | (stated["in_transit"] == 0))
    replaced = dated & ~settled
    out = (
        arrivals[among(arrivals["sku_code"], stated.index[replaced])].assign(
            quantity=lambda rows: -rows["quantity"]
        )
        if len(arrivals)
        else arrivals
    )
    into = stated[replaced].rename_axis("sku_code").reset_index().rename(columns={"in_transit": "quantity"})
    delta = (stated["in_transit"] - awaited)[~dated]
    surplus = pd.DataFrame(
        {"sku_code": delta.index[delta > 0], "expected_on": "", "quantity": delta[delta > 0].to_numpy()}
    )
    parts = [out, into, surplus, *([_taken(-delta[delta < 0], arrivals)] if (delta < 0).any() else [])]
    moved = pd.concat([part[["sku_code", "expected_on", "quantity"]] for part in parts], ignore_index=True)
    if len(arrivals) and moved.duplicated(["sku_code", "expected_on"]).any():
        moved = moved.groupby(["sku_code", "expected_on"], sort=False)["quantity"].sum().reset_index()
    return moved[moved["quantity"] != 0].reset_index(drop=True)


def departures(gone: pd.DataFrame, arrivals: pd.DataFrame) -> pd.DataFrame:
    """What takes units off the standing arrivals that are no longer on their way: sku_code, expected_on,
    quantity (int64, below 0), a row a pair.

    `gone`: sku_code (unique), quantity (units), expected_on (the day on which they were expected). From that
    day as far as they still stand there: a sheet may have moved them since. The rest as a sheet without a
    date takes it.
    """
    by_sku = gone.set_index("sku_code")
    taken = _taken(by_sku["quantity"].astype("int64"), arrivals, by_sku["expected_on"])
    return taken[taken["quantity"] != 0].reset_index(drop=True)


def _taken(shortfall: pd.Series, arrivals: pd.DataFrame, own: pd.Series | None = None) -> pd.DataFrame:
    """Takes each SKU's shortfall from its arrivals: its `own` day first, then undated, then the latest day;
    what is left over goes undated below zero."""
    rows = arrivals[among(arrivals["sku_code"], shortfall.index)]
    expected = pd.Series("", index=rows.index) if own is None else rows["sku_code"].map(own)
    rows = rows.assign(own=rows["expected_on"] == expected, undated=rows["expected_on"] == "").sort_values(
        ["sku_code", "own", "undated", "expected_on"], ascending=[True, False, False, False]
    )
    wanted = rows["sku_code"].map(shortfall).to_numpy(dtype="int64")
    reached = rows.groupby("sku_code")["quantity"].cumsum().to_numpy(dtype="int64")
    taken = np.clip(wanted - (reached - rows["quantity"].to_numpy()), 0, rows["quantity"].to_numpy())
    part = rows.assign(quantity=-taken)[["sku_code", "expected_on", "quantity"]]
    rest = shortfall - part.groupby("sku_code")["quantity"].sum().mul(-1).reindex(shortfall.index).fillna(0)
    owed = pd.DataFrame(
        {
            "sku_code": rest.index[rest > 0],
            "expected_on": "",
            "quantity": -rest[rest > 0].to_numpy(dtype="int64"),
        }
    )
    return pd.concat([part, owed], ignore_index=True)


def days_of_cover(available: pd.Series, units_per_day: pd.Series) -> pd.Series:
    """Available to promise ÷ units a day (Float64); missing where sales are unknown or zero, 0 where nothing
    is available."""
    known = units_per_day.notna() & (units_per_day > 0)
    return (available.clip(lower=0).astype("Float64") / units_per_day.where(known).astype("Float64")).where(
        known
    )


def mark(position: pd.DataFrame, low_days: float = 7.0, over_days: float = 60.0) -> pd.Series:
    """The word for a position: "sold_out" (nothing to promise), "tight" (below safety stock or `low_days` of
    cover), "excess" (above `over_days`), else "enough".

    Needs available_to_promise, safety_stock (Int64), days_of_cover (Float64).
    """
    available = position["available_to_promise"]
    low = (available < position["safety_stock"].fillna(0)) | (
        position["days_of_cover"].fillna(np.inf) < low_days
    )
    over = position["days_of_cover"].fillna(0) > over_days
    return pd.Series(
        np.select([available <= 0, low, over], ["sold_out", "tight", "excess"], "enough"),
        index=position.index,
        dtype="str",
    )


def count_differences(lines: pd.DataFrame, entries: pd.DataFrame, moved: pd.Series) -> pd.DataFrame:
    """A count judged: one row a SKU of the count, indexed by sku_code.

    `lines`: sku_code, book (units at the snapshot). `entries`: sku_code, location, counter, counted, reason.
    `moved`: units of on-hand movements between the snapshot and the counting, indexed by sku_code. Locations
    of a SKU add up; two counters of one location must agree, else `state` is "disputed" and no difference is
    given. Columns: book, moved, expected (= book + moved), counted (Int64), difference (Int64 = counted -
    expected), counters, reason, state ("missing" | "disputed" | "equal" | "differs"). Source: difference =
    counted - (book at the snapshot + movements since).
    """
    result = lines.set_index("sku_code")[["book"]].astype("int64")
    result["moved"] = moved.reindex(result.index).fillna(0).astype("int64")
    result["expected"] = result["book"] + result["moved"]
    places = entries.groupby(["sku_code", "location"])["counted"].agg(["min", "max"]).reset_index()
    places["agreed"] = places["min"] == places["max"]
    by_sku = places.groupby("sku_code").agg(counted=("max", "sum"), agreed=("agreed", "all"))
    agreed = by_sku["agreed"].reindex(result.index)
    result["counted"] = by_sku["counted"].reindex(result.index).astype("Int64").where(agreed.eq(True))
    result["difference"] = result["counted"] - result["expected"]
    people = entries.groupby("sku_code").agg(
        counters=("counter", lambda names: "、".join(sorted({name for name in names if name}))),
        reason=("reason", lambda words: "；".join(dict.fromkeys(word for word in words if word))),
    )
    result = result.join(people.reindex(result.index).fillna(""))
    states = [agreed.isna(), agreed.eq(False), result["difference"].fillna(0).eq(0)]
    result["state"] = np.select(
        [np.asarray(condition, dtype=bool) for condition in states],
        ["missing", "disputed", "equal"],
        "differs",
    )
    return result
