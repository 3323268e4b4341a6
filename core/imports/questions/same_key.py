"""Several rows of one code: parts of it, or goods of their own? What tells them apart, and the question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import ShopError
from core.frames import SPACES, matching
from core.imports.inspection import PLUS
from core.imports.kinds import Kind
from core.sheets.clean import Cleaned
from core.sheets.columns import SheetSpec, fold
from core.sheets.detect import Header
from core.sheets.formats.container import column_letters
from core.sheets.layout.flat import is_size
from core.sheets.matching import fields_named
from core.sheets.reader import Grid
from core.sheets.values import cells

FEW = 10  # one row in so many may share its code without the key being in question
_SPEC_WORDS = (
    "颜色 颜色名称 颜色代码 颜色编码 色号 色号代码 色号名称 色码 色系 花色 花型 尺码 尺码名称 尺码代码 尺码编码 尺寸 码数 规格 规格名称 规格编码 规格代码 "
    "规格型号 款式 型号 内长 杯型 口味 Color Colour Size Variant Option1Value Option2Value Option3Value"
)
_SPECS = frozenset(map(fold, _SPEC_WORDS.split()))
_LISTED = 3  # two may be the name of one size: S/M
_BETWEEN = r"[\s/、,，;；|:：]+"
_GAP, _WORD = rf"[{SPACES}/、,，;；|:：]+", rf"[^{SPACES}/、,，;；|:：]"
_THREE = f"{_WORD}{_GAP}{_WORD}+{_GAP}{_WORD}"
_NUMBER = r"^\s*[-+]?[\d,]*\.?\d+%?\s*$"


class Telling(NamedTuple):
    """What tells the rows of one code apart: how many rows share their code, the columns of the code and those that
    differ (in the grid), and such a code."""

    rows: int
    code: tuple[int, ...]
    columns: tuple[int, ...]
    example: str

    def asked(self, header: Header) -> ShopError:
        """The question: one product or several?"""
        return ShopError(
            "import.key_question",
            rows=self.rows,
            header=PLUS.join(header.headers[at] for at in self.code),
            key=PLUS.join(header.headers[at] for at in (*self.code, *self.columns)),
            differs=PLUS.join(header.headers[at] for at in self.columns),
            example=self.example,
        )


def telling(grid: Grid, header: Header, cleaned: Cleaned, kind: Kind) -> Telling | None:
    """What tells the rows that share a code apart, colour, size and spec before all else; None where the rows have
    places or lots that do, where nothing does, and for kinds without parts."""
    code = [at for at, name in header.mapping.items() if name == "sku_code"]
    if not kind.spec.parts:
        return None
    again = cleaned.frame.loc[cleaned.frame["sku_code"].duplicated(keep=False), "row"]
    refused = cleaned.rejected.loc[cleaned.rejected["code"] == "cell.duplicate", "row"]
    specs = [at for at in spec_columns(header) if at not in code]
    rows = np.unique(np.concatenate([again.to_numpy(np.int64), refused.to_numpy(np.int64)]))
    columns = _differing(grid, rows, code, specs)
    if not columns:
        rows = np.unique(refused.to_numpy(np.int64))
        columns = _differing(grid, rows, code, _words(grid, rows, header, kind.spec))
    if not columns:
        return None
    texts = _texts(grid, rows[:1], code)
    return Telling(len(rows), tuple(code), columns, PLUS.join(str(texts[at].iloc[0] or "") for at in code))


def sizes_listed(grid: Grid, header: Header, cleaned: Cleaned, kind: Kind) -> ShopError | None:
    """The question about cells that list several sizes (S/M/L) beside one count: nobody can say how many there are of
    each."""
    if not kind.spec.parts:
        return None
    rows = np.sort(cleaned.frame["row"].to_numpy(np.int64))
    for at in spec_columns(header):
        texts = _texts(grid, rows, [at])[at]
        several = texts[matching(texts, _THREE)]
        listed = several.map({text: _lists_sizes(text) for text in several.unique()})
        places = listed.index[listed.astype(bool)]
        if len(places):
            code = [column for column, name in header.mapping.items() if name == "sku_code"]
            first = int(places[0])
            return ShopError(
                "import.sizes_question",
                header=PLUS.join(header.headers[column] for column in code),
                column=header.headers[at],
                cell=f"{column_letters(at + grid.first_column)}{rows[first]}",
                sizes=str(texts[first]),
                rows=len(places),
            )
    return None


def _lists_sizes(text: str) -> bool:
    """Whether a cell lists three sizes or more.

    >>> [_lists_sizes(text) for text in ("S/M/L", "红；S、M、L", "36,37,38码", "S/M", "36-40", "红/黄/蓝")]
    [True, True, True, False, False, False]
    """
    sizes = {part for part in re.split(_BETWEEN, text) if part and is_size(part)}
    return len(sizes) >= _LISTED


def _differing(grid: Grid, rows: np.ndarray, code: Sequence[int], others: Sequence[int]) -> tuple[int, ...]:
    """The columns that differ among the rows of one code; the first alone that does so for all of them."""
    if not len(rows) or not others:
        return ()
    texts = _texts(grid, rows, [*code, *others])
    texts[list(code)] = texts[list(code)].ffill()  # a code merged over its rows
    differing = texts.groupby(list(code), dropna=False)[list(others)].nunique().max()
    return tuple(at for at in others if differing[at] > 1)


def _words(grid: Grid, rows: np.ndarray, header: Header, spec: SheetSpec) -> list[int]:
    """The columns that hold words in those rows, not figures, and are no part of the key: a supplier, a name, one
    without a meaning of its own."""
    words = {entry.name for entry in spec.fields if entry.kind in {"text", "code"}} - {*spec.key, *spec.parts}
    free = [
        at
        for at, text in enumerate(header.headers)
        if text and (at not in header.mapping or header.mapping[at] in words)
    ]
    tied = []
    for at in free if len(rows) else ():
        texts = cells.as_text(grid.cells.column(at).take(pa.array(rows - grid.first_row)))
        numbers = pc.sum(pc.match_substring_regex(texts, _NUMBER)).as_py() or 0
        if texts.null_count < len(texts) and numbers * 2 < len(texts) - texts.null_count:
            tied.append(at)
    return tied


def as_parts(header: Header, columns: Sequence[int], spec: SheetSpec) -> Header:
    """The header with columns that tell the parts of one code apart, where the operator said that it is one."""
    name = "lot" if "lot" in spec.parts else spec.parts[0]
    return replace(header, mapping={**header.mapping, **dict.fromkeys(columns, name)})


def _texts(grid: Grid, rows: np.ndarray, columns: Sequence[int]) -> pd.DataFrame:
    """The texts of some rows (of the sheet) in some columns (of the grid)."""
    places = pa.array(rows - grid.first_row)
    return pd.DataFrame({at: cells.as_text(grid.cells.column(at).take(places)).to_pandas() for at in columns})


def key_choices(header: Header) -> tuple[str, ...]:
    """The headers that may make up the key with the code: colour, size, spec."""
    return tuple(header.headers[at] for at in spec_columns(header))


def spec_columns(header: Header) -> list[int]:
    """The columns of colour, size and spec."""
    return [
        at
        for at, text in enumerate(header.headers)
        if text and (fold(text) in _SPECS or header.mapping.get(at) == "spec" or "spec" in fields_named(text))
    ]
