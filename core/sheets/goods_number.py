"""The key of a sheet that has no merchant code: the goods number that names every row once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.sheets.columns import SheetSpec, fold
from core.sheets.matching import STAND_IN, fields_named
from core.sheets.reader import Grid
from core.sheets.values import cells

KEY = "sku_code"
_NUMBERS = tuple(
    map(
        fold,
        (
            "货品编号",
            "商品编号",
            "货号",
            "商品货号",
            "商品代码",
            "条码",
            "单品条码",
            "商品条码",
            "国际条码",
            "Barcode",
            "商品ID",
            "Product ID",
        ),
    )
)


def with_key(
    grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str], spec: SheetSpec
) -> tuple[dict[int, str], str]:
    """(the mapping with a key, the header that stands in for the merchant code, "" where nothing stands in).

    Only for kinds that need a merchant code, where no header names one exactly: the best known goods number
    whose values name every row once, else the stand-in that was matched. A kind with a further key (a day)
    needs no number that is unique.
    """
    matched = next((at for at, name in mapping.items() if name == KEY), None)
    if KEY not in spec.required:
        named = "" if matched is None else headers[matched]
        return dict(mapping), named if _stands_in(named) else ""
    if matched is not None and not _stands_in(headers[matched]):
        return dict(mapping), ""
    several = spec.key != (KEY,)
    for column in () if several and matched is not None else _by_rank(headers):
        if several or _unique(grid, row, [column, *_telling_parts(headers, spec)]):
            return {at: name for at, name in mapping.items() if name != KEY and at != column} | {
                column: KEY
            }, headers[column]
    return dict(mapping), headers[matched] if matched is not None else ""


def _stands_in(header: str) -> bool:
    spelling = fields_named(header).get(KEY)
    return spelling is not None and spelling.fit >= STAND_IN


def coarser(
    grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str]
) -> tuple[str, str, int] | None:
    """Where the code that is read has several numbers of goods beside it (a style above its colours and sizes): its
    header, the header of the number that tells most apart, and how many codes have several; None where none has."""
    code = [at for at, name in mapping.items() if name == KEY]
    others = [at for at in _by_rank(headers) if at not in mapping]
    if len(code) != 1 or not others:
        return None
    texts = {
        at: cells.as_text(grid.cells.column(at).slice(row - grid.first_row + 1)) for at in (*code, *others)
    }
    finer = {at: _several(texts[code[0]], texts[at]) for at in others}
    most = max(others, key=lambda at: finer[at])
    return (headers[code[0]], headers[most], finer[most]) if finer[most] else None


def _several(codes: pa.Array, numbers: pa.Array) -> int:
    """How many codes have several numbers beside them."""
    pairs = pc.binary_join_element_wise(codes, numbers, "\x1f")
    if pc.count_distinct(pairs).as_py() <= pc.count_distinct(codes).as_py():
        return 0
    frame = pd.DataFrame({"code": codes.to_pandas(), "number": numbers.to_pandas()})
    return int((frame.groupby("code")["number"].nunique() > 1).sum())


def _by_rank(headers: Sequence[str]) -> list[int]:
    """The columns of goods numbers: those that may stand in for a merchant code, then the others, as listed."""
    columns = [at for at, header in enumerate(headers) if fold(header) in _NUMBERS or _stands_in(header)]
    rank = {name: place for place, name in enumerate(_NUMBERS)}
    return sorted(columns, key=lambda at: (not _stands_in(headers[at]), rank.get(fold(headers[at]), 99), at))


def _telling_parts(headers: Sequence[str], spec: SheetSpec) -> list[int]:
    """The columns that tell parts of one number apart: warehouses, bins, lots."""
    return [
        at for at, header in enumerate(headers) if header and set(spec.located) & set(fields_named(header))
    ]


def _unique(grid: Grid, row: int, columns: Sequence[int]) -> bool:
    """Whether the first column names its rows, within what the others say: no value twice, and most rows have
    one."""
    values, *others = (cells.as_text(grid.cells.column(at).slice(row - grid.first_row + 1)) for at in columns)
    filled = len(values) - values.null_count
    whole = pc.binary_join_element_wise(values, *(pc.fill_null(other, "") for other in others), "\x1f")
    names_rows: bool = filled * 2 > len(values) and filled > 0 and pc.count_distinct(whole).as_py() == filled
    return names_rows
