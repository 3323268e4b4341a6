"""Comparing a sheet with what stands: pure frames."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd

REJECTED = ("sheet", "row", "cell", "field", "code", "value")


def stated(sheet: pd.Series, standing: pd.Series) -> pd.Series:
    """The value after the import: a blank cell states nothing, so what stands stays."""
    return sheet.where(sheet.notna() & (sheet.astype(object) != ""), standing)


def differs(after: pd.Series, before: pd.Series) -> pd.Series:
    """Where two aligned columns differ; missing equals missing."""
    missing = after.isna() & before.isna()
    return ~missing & (after.isna() | before.isna() | (after != before).fillna(True)).astype(bool)


def changes(before: pd.DataFrame, after: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """One line a differing value: columns key, field, before, after. Both frames are indexed by key, in the
    same order."""
    parts = []
    for name in fields:
        moved = differs(after[name], before[name])
        if moved.any():
            parts.append(
                pd.DataFrame(
                    {
                        "key": after.index[moved],
                        "field": name,
                        "before": before[name][moved].astype(object).to_numpy(),
                        "after": after[name][moved].astype(object).to_numpy(),
                    }
                )
            )
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=["key", "field", "before", "after"])
    )


def fingerprint(changed: pd.DataFrame) -> str:
    """SHA-256 of a list of changes: equal when the same keys would move from the same values to the same
    values."""
    ordered = (
        changed.sort_values(["key", "field"])[["key", "field", "before", "after"]].astype("str").fillna("")
    )
    text = ordered["key"].str.cat(ordered[["field", "before", "after"]], sep="\x1f")
    return hashlib.sha256("\x1e".join(text).encode()).hexdigest()


def figures(
    rows: int,
    merged: int,
    skipped_totals: int,
    states: pd.Series,
    rejected: pd.DataFrame,
    absent: int,
    hidden: int = 0,
) -> dict[str, int]:
    """The counts of an import. Always rows = added + changed + unchanged + merged + rejected + skipped_totals
    (rejected counts rows, not cells).

    `absent` (what the shop has and the sheet lacks) and `hidden` (rows that are hidden or filtered away in
    the sheet, and read all the same) stand beside that sum.
    """
    by_state = states.value_counts()
    return {
        "rows": rows,
        "added": int(by_state.get("added", 0)),
        "changed": int(by_state.get("changed", 0)),
        "unchanged": int(by_state.get("unchanged", 0)),
        "merged": merged,
        "skipped_totals": skipped_totals,
        "rejected": int(rejected["row"].nunique()),
        "absent": absent,
        "hidden": hidden,
    }


def refuse(rows: pd.DataFrame, sheet: str, field: str, code: str, values: pd.Series) -> pd.DataFrame:
    """Rejections for whole rows that the database refuses (columns REJECTED; no cell: the row as a whole)."""
    return pd.DataFrame(
        {
            "sheet": sheet,
            "row": rows["row"],
            "cell": "",
            "field": field,
            "code": code,
            "value": values.astype(str),
        },
        columns=list(REJECTED),
    )
