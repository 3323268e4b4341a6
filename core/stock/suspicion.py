"""What of a stock sheet should be looked at before it is written: figures that leapt, a file of long ago. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

import pandas as pd

LEAP, AT_LEAST = (
    10,
    100,
)  # times the units that stand, and units more: a digit too many, or cartons for pieces
OLD = 7  # days after which a dated sheet says little about today's stock
_DAY = re.compile(r"(?<!\d)(20\d\d)([-_.年]?)(0?[1-9]|1[0-2])(?:\2|月)(0?[1-9]|[12]\d|3[01])日?(?!\d)")


def leapt(before: pd.Series, after: pd.Series) -> pd.Series:
    """Which SKUs would hold LEAP times their units or more (both whole units, same index)."""
    return (before > 0) & (after >= LEAP * before) & (after - before >= AT_LEAST)


def day_of(file_name: str) -> date | None:
    """The day that a file's name says (库存_20261101.xlsx, stock 2026-11-01.csv); None where it says none."""
    for year, _, month, day in _DAY.findall(file_name):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:  # 2026-02-31
            continue
    return None


def warnings(
    before: pd.Series, after: pd.Series, file_name: str, today: date
) -> Iterator[Mapping[str, object]]:
    """The doubts of a sheet, each {"code", facts...}."""
    odd = leapt(before, after)
    if odd.any():
        worst = (after - before)[odd].nlargest(5).index
        examples = [f"{code} {before[code]} → {after[code]}" for code in worst]
        yield {"code": "stock.leap", "count": int(odd.sum()), "times": LEAP, "examples": examples}
    day = day_of(file_name)
    if day is not None and (today - day).days > OLD:
        yield {"code": "stock.old_sheet", "day": day, "days": (today - day).days}
