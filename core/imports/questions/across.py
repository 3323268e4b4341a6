"""Places as columns (上海仓 | 广州仓 | 残次仓): a count that adds them up, and what of it lies at each."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from core.imports.inspection import Inspection
from core.sheets.clean import Cleaned
from core.sheets.columns import by_field
from core.sheets.detect import Header
from core.sheets.layout.across import parts_of, place_names
from core.sheets.reader import Grid

_LEVELS = (
    "on_hand",
    "available_to_promise",
)  # what lies at a place; anything else is held or awaited, not lying


def in_force(grid: Grid, header: Header, inspection: Inspection) -> dict[int, str]:
    """The mapping to read by: where a total is the sum of columns of places in every row, it is read from these, so
    that it is known where its units lie. A column that the operator named stays what it is."""
    mapping = dict(header.mapping)
    level = _LEVELS[0]
    columns = by_field(mapping).get(level, ())
    if not inspection.kind.spec.parts or len(columns) != 1 or level in inspection.named:
        return mapping
    if any(rivals.field == level for rivals in header.candidates):
        return mapping
    parts = parts_of(grid, header.row, header.headers, mapping, columns[0])
    if not place_names(header.headers, parts):
        return mapping
    del mapping[columns[0]]
    return {**mapping, **dict.fromkeys(parts, level)}


def units_at(header: Header, cleaned: Cleaned) -> pd.DataFrame:
    """What lies at the places that columns are named after: row, field, location, units (Int64), a line a cell."""
    divided = cleaned.divided
    parts = [
        cells.assign(location=cells["column"].map(dict(places)))
        for name, places in _places(header, divided).items()
        for cells in (divided[(divided["field"] == name) & divided["column"].isin(list(places))],)
    ]
    empty = pd.DataFrame({name: [] for name in ("row", "field", "location", "units")})
    return pd.concat(parts, ignore_index=True).drop(columns="column") if parts else empty


def _places(header: Header, divided: pd.DataFrame) -> Mapping[str, Mapping[int, str]]:
    """Field -> its columns and the places that they are named after."""
    if divided.empty:
        return {}
    laid = header.profile.places[1:] if header.profile else ()
    return {
        name: named
        for name in _LEVELS
        for columns in (divided.loc[divided["field"] == name, "column"].unique().tolist(),)
        for named in (place_names(header.headers, columns, certain=name in laid),)
        if named
    }
