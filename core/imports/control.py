"""Control sums: every unit and fen of a sheet's own cells is written, refused, skipped or excluded. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from core.errors import ShopError
from core.imports.kinds import Comparison
from core.sheets.columns import SheetSpec
from core.sheets.parts import Tally


class Control(NamedTuple):
    """The sums of one count (units) or amount (fen) column. `file`: of the file's own cells; `written`: what
    the shop has after the import because of the sheet; `rejected`: in refused rows; `skipped`: total rows,
    repeats, values that a rule leaves out; `excluded`: in locations that do not count. Each is a sum of its own,
    none is what the others leave."""

    file: int
    written: int
    rejected: int
    skipped: int
    excluded: int

    @property
    def unexplained(self) -> int:
        """What is neither written nor named; anything but 0 is a fault of ours."""
        return self.file - self.written - self.rejected - self.skipped - self.excluded


def controls(
    spec: SheetSpec,
    tallies: Mapping[str, Tally],
    frame: pd.DataFrame,
    comparison: Comparison,
    kept: Sequence[str] = (),
) -> dict[str, Control]:
    """The control sums of an import, field by field, in the order of the sheet.

    `frame`: the checked rows (with `row`); `kept`: keys for which the shop's own figures were chosen. What is
    written is taken from the comparison, not from the file, so that the two are held against each other.
    """
    rows = comparison.rows
    conflict = rows.loc[rows["state"] == "conflict", "row"] if len(rows) else pd.Series(dtype="int64")
    ours = rows.loc[rows["key"].astype("str").isin(list(kept)), "row"] if kept else pd.Series(dtype="int64")
    return {
        entry.name: _control(
            entry.name,
            tallies[entry.name],
            frame,
            comparison,
            _Rows(pd.concat([comparison.rejected["row"], conflict]), ours),
        )
        for entry in spec.fields
        if entry.name in tallies and entry.name != "row_version"
    }


class _Rows(NamedTuple):
    """Rows of the sheet that are not taken: refused by the shop, or left by the operator's decision."""

    refused: pd.Series
    left: pd.Series


def _control(name: str, tally: Tally, frame: pd.DataFrame, comparison: Comparison, rows: _Rows) -> Control:
    values, account = frame[name], comparison.account
    refused, left = (
        int(values[_members(frame, comparison, numbers)].sum()) for numbers in (rows.refused, rows.left)
    )
    rejected, excluded = tally.rejected + refused, account.excluded.get(name, 0)
    if name in account.written:
        written = account.written[name]
    elif name in comparison.rows:
        written = _stated(name, frame, comparison.rows, rows)
    else:
        written = int(values.sum()) - refused - left - excluded
    skipped = tally.skipped + left + account.skipped.get(name, 0)
    return Control(tally.file, written, rejected, skipped, excluded)


def _stated(name: str, frame: pd.DataFrame, compared: pd.DataFrame, rows: _Rows) -> int:
    """The sum of what the compared rows hold, as far as the sheet states it and the shop takes it. A kind may
    keep a refused row among the compared ones, with what the shop has instead."""
    stated = compared["row"].isin(frame.loc[frame[name].notna(), "row"])
    taken = stated & ~compared["row"].isin(rows.refused) & ~compared["row"].isin(rows.left)
    return int(compared.loc[taken, name].sum())


def _members(frame: pd.DataFrame, comparison: Comparison, numbers: pd.Series) -> pd.Series:
    """The rows of the sheet behind those numbers: themselves, and the rows that were summed into them."""
    named = frame["row"].isin(numbers)
    if comparison.parts.empty or not named.any():
        return named
    into = comparison.parts.drop_duplicates("row").set_index("row")["into"]
    return frame["row"].map(into).fillna(frame["row"]).isin(numbers)


def require_whole(controls: Mapping[str, Control], kind: str) -> None:
    """ShopError("import.sums_differ") where a column does not come out to the last unit and fen."""
    for name, control in controls.items():
        if control.unexplained:
            raise ShopError(
                "import.sums_differ", kind=kind, field=name, file=control.file, apart=control.unexplained
            )


def added(parts: Sequence[Mapping[str, Tally]]) -> dict[str, Tally]:
    """The tallies of several sheets together."""
    total: dict[str, Tally] = {}
    for tallies in parts:
        for name, tally in tallies.items():
            before = total.get(name, Tally(0, 0, 0))
            total[name] = Tally(*(one + other for one, other in zip(before, tally, strict=True)))
    return total
