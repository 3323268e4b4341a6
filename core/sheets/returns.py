"""Negative sales of a daily report are returns: refunds of the day that they stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from core.sheets.columns import SheetSpec


@dataclass(frozen=True, slots=True)
class Returns:
    """What negative sales of a sheet took back: rows, units, amount (fen), and `beyond`, the units that were more
    than their day's sales. `moved`: by how much the sum of a column of the sheet grew by it."""

    rows: int = 0
    units: int = 0
    amount: int = 0
    beyond: int = 0
    moved: Mapping[str, int] = field(default_factory=dict)


NONE = Returns()


def together(several: Sequence[Returns]) -> Returns:
    """The returns of several sheets."""
    names = {name for one in several for name in one.moved}
    return Returns(
        sum(one.rows for one in several),
        sum(one.units for one in several),
        sum(one.amount for one in several),
        sum(one.beyond for one in several),
        {name: sum(one.moved.get(name, 0) for one in several) for name in sorted(names)},
    )


def returns_apart(frame: pd.DataFrame, spec: SheetSpec) -> tuple[pd.DataFrame, Returns]:
    """A sheet whose negative sales are refunds: a negative amount goes to the refunds of its row, negative units
    stay for the sum of their key. A row that states its refund beside the negative amount means the same money."""
    if not spec.returns:
        return frame, NONE
    paid_name, refund_name, units_name = spec.returns
    paid, units = (
        frame[name].astype("Int64").fillna(0)
        if name in frame
        else pd.Series(0, index=frame.index, dtype="Int64")
        for name in (paid_name, units_name)
    )
    back = (paid < 0) | (units < 0)
    if not back.any():
        return frame, NONE
    money = (-paid).clip(lower=0)
    stated = (
        frame[refund_name].astype("Int64") if refund_name in frame else pd.Series(pd.NA, index=frame.index)
    )
    refund = stated.astype("Int64").where(
        money == 0, pd.concat([stated.fillna(0), money], axis=1).max(axis=1)
    )
    apart = frame.assign(**{refund_name: refund.astype("Int64")})
    if paid_name in frame:
        apart[paid_name] = frame[paid_name].astype("Int64").mask(money > 0, 0)
    order = [entry.name for entry in spec.fields if entry.name in apart]
    known = 0 if refund_name not in frame else int(stated.fillna(0).sum())
    moved = {paid_name: int(money.sum()), refund_name: int(refund.fillna(0).sum()) - known}
    returns = Returns(int(back.sum()), int((-units).clip(lower=0).sum()), int(money.sum()), 0, moved)
    return apart[[*order, *(name for name in frame.columns if name not in order)]], returns


def no_less_than_nothing(
    frame: pd.DataFrame, spec: SheetSpec, returns: Returns
) -> tuple[pd.DataFrame, Returns]:
    """Summed rows without negative units: more units came back than the day sold, and a day cannot sell less than
    nothing."""
    if not returns.rows or spec.returns[2] not in frame:
        return frame, returns
    name = spec.returns[2]
    units = frame[name].astype("Int64")
    beyond = int((-units).clip(lower=0).sum())
    moved = {**returns.moved, name: beyond}
    return frame.assign(**{name: units.clip(lower=0)}), replace(returns, beyond=beyond, moved=moved)
