"""A count of the whole SKU that stands on each row of its parts: summed over warehouses or lots it would be there
several times."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import ShopError
from core.imports.inspection import Inspection
from core.imports.kinds import Kind
from core.imports.questions.fields import Option, Question
from core.sheets.clean import Cleaned
from core.sheets.columns import by_field, fold
from core.sheets.detect import Header
from core.sheets.layout.flat import levels_beside, unread_levels
from core.sheets.reader import Grid
from core.sheets.values import cells

_OWN = frozenset({"on_hand", "counted", "available_to_promise"})  # what each part has of its own
_HELD = frozenset({"reserved", "presale_committed", "activity_locked", "in_transit"})
_WHOLE = ("总", "合计", "全部", "total")
_SEVERAL, _PAIR = 3, 2  # so many SKUs whose rows all say the same are no accident


def questions(grid: Grid, header: Header, cleaned: Cleaned, inspection: Inspection) -> Iterator[Question]:
    """The question which of two columns is each part's own, where the one that is read is in every SKU the sum of the
    other over its rows. ShopError("import.total_question") where one says the same on all rows of each SKU and no
    other column is there; nothing for fields whose columns the operator has named."""
    kind, frame = inspection.kind, cleaned.frame
    for name in _counts(kind, frame):
        column = by_field(header.mapping).get(name, ())
        if name in inspection.named or len(column) != 1:
            continue
        whole = _repeated(frame, name)
        if whole is None:
            continue
        other = _adding_up(grid, header, frame, whole)
        title = header.headers[column[0]]
        if other is not None:
            sums = [int(frame[name].sum()), int(_figures(grid, frame, other).sum())]
            options = tuple(map(Option, (title, header.headers[other]), sums))
            yield Question(name, options)
        elif _certain(frame, name, whole, title):
            raise ShopError(
                "import.total_question",
                field=name,
                header=title,
                example=str(whole.index[0]),
                units=int(whole.iloc[0]),
                skus=len(whole),
            )


def _counts(kind: Kind, frame: pd.DataFrame) -> list[str]:
    names = _OWN | _HELD if kind.spec.parts else frozenset()
    counts = [entry.name for entry in kind.spec.fields if entry.name in names and entry.name in frame]
    return counts if counts and frame["sku_code"].duplicated().any() else []


def _repeated(frame: pd.DataFrame, name: str) -> pd.Series | None:
    """SKU -> its figure, where every SKU of several rows has the same one on all of them; None elsewhere."""
    rows = frame[frame["sku_code"].duplicated(keep=False)]
    figures = rows[name].astype("Int64").groupby(rows["sku_code"], sort=False)
    if not len(rows) or (figures.nunique(dropna=False) > 1).any():
        return None
    first = figures.first()
    whole = first[first.notna() & (first != 0)]
    return whole if len(whole) else None


def _adding_up(grid: Grid, header: Header, frame: pd.DataFrame, whole: pd.Series) -> int | None:
    """A column that nobody reads, which adds up to the figure of each SKU over its rows."""
    args = (grid, header.row, header.headers, header.mapping)
    for at in dict.fromkeys((*unread_levels(*args), *levels_beside(*args))):
        sums = _figures(grid, frame, at).groupby(frame["sku_code"], sort=False).sum().reindex(whole.index)
        if bool((sums == whole).all()):
            return at
    return None


def _figures(grid: Grid, frame: pd.DataFrame, at: int) -> pd.Series:
    places = pa.array(frame["row"].to_numpy(np.int64) - grid.first_row)
    values = cells.read_integers(cells.as_text(grid.cells.column(at).take(places))).values
    return pd.Series(pd.array(values, dtype="Int64"), index=frame.index).fillna(0)


def _certain(frame: pd.DataFrame, name: str, whole: pd.Series, title: str) -> bool:
    """Whether equal figures are no accident: the header says a total, or several SKUs of different figures do so (of
    what is held or on its way two, where what lies at the parts differs)."""
    if any(word in fold(title) for word in _WHOLE):
        return True
    differing = whole.nunique() > 1
    if name in _OWN:
        return differing and len(whole) >= _SEVERAL
    lying = next((own for own in sorted(_OWN) if own in frame), "")
    return differing and len(whole) >= _PAIR and bool(lying) and _repeated(frame, lying) is None
