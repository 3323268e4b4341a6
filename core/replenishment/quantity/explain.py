"""Why a line says what it says: its ladder of terms, what moved since a person decided otherwise, and two
runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SEEN = (
    "wanted",
    "committed",
    "available",
    "in_transit",
    "unit_cost",
)  # the figures on which an override was decided
TERMS = (
    "wanted",
    "committed",
    "available",
    "in_transit",
    "unit_cost",
    "ratio",
    "moq",
    "pack_size",
    "limits",
    "override",
)


EXPECTED = ("forecast_mean", "forecast", "expected_leftover", "expected_lost")


def whole_units(sheet: pd.DataFrame) -> pd.DataFrame:
    """The sheet with its expected units (EXPECTED) to the nearest whole unit, as an operator acts on them:
    int64."""
    rounded = {name: np.floor(sheet[name] + 0.5).astype("int64") for name in EXPECTED if name in sheet}
    return sheet.assign(**rounded)


def stale(sheet: pd.DataFrame) -> pd.Series:
    """Which overridden lines stand on figures that have moved since: bool. The sheet has each of SEEN, and
    what was seen then as `seen_..`."""
    moved = np.zeros(len(sheet), bool)
    for name in SEEN:
        moved |= ~_same(sheet[name], sheet[f"seen_{name}"])
    return pd.Series(moved & sheet["override"].notna().to_numpy(), index=sheet.index)


def explain(line: Mapping[str, Any]) -> list[dict[str, object]]:
    """The ladder of terms behind one line's quantity: [{"term", "value", ..facts}], in the order in which
    they were applied.

    From `wanted` to `quantity` the values add up, to the unit: wanted + committed + available + in_transit
    (both told negative) + surplus = need, need + rounding + limits + override = quantity. `surplus` is what
    stock already holds beyond the target.
    """
    missing = int(line["wanted"]) + int(line["committed"]) - int(line["available"]) - int(line["in_transit"])
    steps: list[dict[str, object]] = [
        _step("baseline", line["baseline_rate"], line, "uplift", "sale_days", "history_mean", "source"),
        _step("signals", line["signal_median"], line),
        _step("forecast", line["forecast_mean"], line, "phi", "demand_low", "demand_high"),
        _step("ratio", line["ratio"], line, "critical_ratio", "cap", "costed"),
        _step("wanted", line["wanted"], line, "wanted_uncapped"),
        _step("committed", line["committed"], line),
        _step("available", -int(line["available"]), line),
        _step("in_transit", -int(line["in_transit"]), line, "late_in_transit"),
        _step("surplus", int(line["need"]) - missing, line),
        _step("need", line["need"], line),
        _step("rounding", int(line["unlimited"]) - int(line["need"]), line, "pack_size", "moq"),
        _step(
            "limits",
            int(line["suggested"]) - int(line["unlimited"]),
            line,
            "late",
            "over_capacity",
            "unfunded",
        ),
    ]
    if pd.notna(line["override"]):
        steps.append(
            _step(
                "override", int(line["quantity"]) - int(line["suggested"]), line, "override_reason", "stale"
            )
        )
    return [*steps, _step("quantity", line["quantity"], line)]


def _step(term: str, value: object, line: Mapping[str, object], *facts: str) -> dict[str, object]:
    return {"term": term, "value": _plain(value)} | {name: _plain(line[name]) for name in facts}


def _plain(value: Any) -> object:
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def differences(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Two runs where they differ, largest change first: sku_code, quantity_before, quantity_after, change
    (int64), moved (list of the TERMS that moved)."""
    before, after = (run.assign(limits=run["suggested"] - run["unlimited"]) for run in (before, after))
    both = before.merge(after, on="sku_code", how="outer", suffixes=("_before", "_after")).set_index(
        "sku_code"
    )
    amounts = both[["quantity_before", "quantity_after"]].fillna(0).astype("int64")
    moved = np.column_stack([~_same(both[f"{term}_before"], both[f"{term}_after"]) for term in TERMS])
    named = pd.Series(
        [[term for term, hit in zip(TERMS, row, strict=True) if hit] for row in moved],
        index=both.index,
        dtype=object,
    )
    frame = amounts.assign(change=amounts["quantity_after"] - amounts["quantity_before"], moved=named)
    changed = (frame["change"] != 0).to_numpy() | moved.any(axis=1)
    return frame[changed].sort_values("change", key=lambda change: -change.abs(), kind="stable").reset_index()


def _same(one: pd.Series, two: pd.Series) -> NDArray[np.bool_]:
    left, right = (column.astype("Float64").to_numpy(float, na_value=np.nan) for column in (one, two))
    return np.isclose(left, right, rtol=1e-9, atol=1e-9, equal_nan=True)
