"""Columns that are parts of one count: a warehouse, a shop or a size each. Their sum is the count, and never one of
them; where a total stands beside them it must be their sum."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from core.sheets.columns import JOINT, SheetSpec, fold
from core.sheets.matching import Candidates, aliases
from core.sheets.reader import Grid
from core.sheets.values import cells, places

COUNTS = ("on_hand", "counted")  # what a stock sheet and a count hold by place or size
_THERE = frozenset({"on_hand", "available_to_promise"})  # the levels that say what is there
_LOOK_ROWS = 2_000
_SIZE = re.compile(
    r"^(?:\d{0,2}x{0,5}[sl]|m|f|均码|均|单码|free|(?:2[2-9]|3\d|4[0-9]|50)(?:\.5)?码?|(?:[5-9]\d|1[0-9][05])(?:cm)?)$"
)
_LEVEL = re.compile(r"库存|在库|现存|良品|正品|结存|结余|存量|stock|inventory|onhand", re.IGNORECASE)
_ANY_LEVEL = re.compile(
    r"库存|占用|占有|锁定|冻结|在途|可用|可售|可发|可配|待发|待审|未付款|预售|残次|次品|stock|committed|reserved|allocated|available|incoming|onorder|unavailable|unsellable|usable|picking|transfer|transit|damaged|quarantine|blocked|onhold|onhand|backorder"
)
_NO_LEVEL = re.compile(r"金额|成本|单价|价格|天数|周转|比|率|安全|预警|警戒|上限|下限|上月|昨|id$|编|code")
_SIZES = frozenset(map(fold, ("尺码", "尺寸", "码数", "鞋码", "Size")))
_WHOLE = frozenset(
    map(
        fold,
        ("合计", "总计", "小计", "总数", "总量", "合计数", "汇总", "Total", "库存合计", "总库存", "合计库存"),
    )
)
_OTHER_MEASURE = re.compile(
    r"安全|最低|最高|最小|最大|预警|警戒|上限|下限|在途|锁定|占用|冻结|预留|待|可用|可售|可销|可配|可发|预售|活动|虚拟|期初|期末|入库|出库|历史|起订|采购|"
    r"销|订购|盘点|账面|系统|箱|单位|退|建议|补货|已售|目标|上期|上月|昨|差异|盈|亏|残|次品|不良|样品|报废|调拨|共享|周转|天数|金额|成本|比|率|take$"
)


def with_parts(
    grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str], spec: SheetSpec
) -> tuple[dict[int, str], tuple[Candidates, ...]]:
    """(the mapping with the count that columns hold in parts, what is left to decide): a total that is the sum of
    its parts in every row is the count; else the parts and what claims to be their total are candidates."""
    name = next((count for count in COUNTS if any(field.name == count for field in spec.fields)), "")
    if not name or not any(headers):
        return dict(mapping), ()
    taken = next((at for at, field in mapping.items() if field == name), None)
    own = [] if taken is None or not _is_part(headers[taken]) else [taken]
    parts = [at for at in sorted({*own, *_parts(headers, mapping)}) if _counts(grid, row, at, slips=1)]
    totals = [at for at in _totals(headers, mapping, taken, own) if _counts(grid, row, at)]
    if len(parts) < 2:
        return _with_level(grid, row, headers, mapping, spec)
    figures = _figures(grid, row, [*parts, *totals])
    summed = figures[parts].sum(axis=1)
    whole = next((at for at in totals if bool((figures[at].fillna(0) == summed).all())), None)
    free = {at: field for at, field in mapping.items() if field != name and at not in parts}
    if whole is not None:
        return free | {whole: name}, ()
    rivals = tuple(sorted((*parts, *totals)))
    return free | {(totals or parts)[0]: name}, (Candidates(name, rivals, totals=tuple(totals)),)


def _with_level(
    grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str], spec: SheetSpec
) -> tuple[dict[int, str], tuple[Candidates, ...]]:
    """(the mapping, for the time being with a column that counts what is there by its name, those columns to decide
    between) of a stock sheet in which no header is known for that."""
    fields = {field.name for field in spec.fields}
    if not fields >= _THERE or _THERE & set(mapping.values()):
        return dict(mapping), ()
    columns = tuple(unread_levels(grid, row, headers, mapping))
    return {**mapping, **dict.fromkeys(columns[:1], COUNTS[0])}, (Candidates(COUNTS[0], columns),) * bool(
        columns
    )


def is_size(text: str) -> bool:
    """Whether a text is the name of a size.

    >>> is_size("XL"), is_size("38码"), is_size("红")
    (True, True, False)
    """
    return _SIZE.search(fold(text)) is not None


def unread_levels(grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str]) -> list[int]:
    """The columns that nobody reads and that count what lies there by their name: 在库 > 良品."""
    return [
        at
        for at, header in enumerate(headers)
        if at not in mapping
        and _LEVEL.search(fold(header))
        and not _OTHER_MEASURE.search(fold(header))
        and _counts(grid, row, at)
    ]


def levels_beside(grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str]) -> list[int]:
    """The columns that nobody reads and that hold units of stock by their names: held, on their way, not for sale."""
    return [
        at
        for at, header in enumerate(headers)
        if at not in mapping
        and _ANY_LEVEL.search(fold(header))
        and not _NO_LEVEL.search(fold(header))
        and _counts(grid, row, at)
    ]


def parts_among(grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str]) -> list[int]:
    """The columns that are a place or a size each by their names, and hold counts."""
    return [at for at in _parts(headers, mapping) if _counts(grid, row, at, slips=1)]


def names_level(text: str) -> bool:
    """Whether a text is the word for a count, or for a level of stock.

    >>> names_level("库存"), names_level("可用"), names_level("Annex")
    (True, True, False)
    """
    title = fold(text)
    return title.rstrip("0123456789") in bare_counts() or any(
        words.search(title) for words in (_LEVEL, _ANY_LEVEL, _NO_LEVEL)
    )


def size_columns(grid: Grid, row: int, headers: Sequence[str]) -> list[int]:
    """The columns that are a size each and hold counts; none where there is only one."""
    sizes = [
        at
        for at, header in enumerate(headers)
        if header and is_size(header.split(JOINT)[-1]) and _counts(grid, row, at, slips=1)
    ]
    return sizes if len(sizes) > 1 else []


def names_sizes(header: str) -> bool:
    """Whether a header is the word for sizes.

    >>> names_sizes("尺码"), names_sizes("Size"), names_sizes("颜色")
    (True, True, False)
    """
    return fold(header) in _SIZES


def sizes_beside(grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str]) -> list[int]:
    """The columns of sizes that stand beside the count that is read: at least two."""
    sizes = [
        at
        for at, header in enumerate(headers)
        if header and at not in mapping and is_size(header) and _counts(grid, row, at)
    ]
    return sizes if len(sizes) > 1 and set(mapping.values()) & set(COUNTS) else []


def _totals(
    headers: Sequence[str], mapping: Mapping[int, str], taken: int | None, own: Sequence[int]
) -> Iterator[int]:
    """What may be the total of the parts: the column that the header names, then those that say so."""
    if taken is not None and not own:
        yield taken
    yield from (at for at, header in enumerate(headers) if at not in mapping and fold(header) in _WHOLE)


def _parts(headers: Sequence[str], mapping: Mapping[int, str]) -> Iterator[int]:
    for at, header in enumerate(headers):
        known = mapping.get(at, "")
        if header and _is_part(header) and known in {"", "location", "spec"}:
            yield at


def _is_part(header: str) -> bool:
    """Whether a header is a place or a size, or the count of one.

    >>> [_is_part(text) for text in ("上海仓", "库存(北京)", "分仓实际库存数", "XL", "安全库存", "仓库", "库存")]
    [True, True, True, True, False, False, False]
    """
    title = fold(header)
    if title in places.BARE or _SIZE.search(title):
        return True
    if title in bare_counts() or aliases().get(title):
        return title.startswith(_MAIN)
    is_place = places.PLACE.search(title) is not None or _place_of(title) != ""
    return is_place and not _OTHER_MEASURE.search(title)


_MAIN = ("主仓", "总仓", "分仓", "副仓")


def _place_of(title: str) -> str:
    """What stands before the word for the count, or in brackets behind it; "" where there is none."""
    for word in bare_counts():
        if title.endswith(word) and len(title) > len(word):
            return title[: -len(word)].strip("-_ :(（")
        if title.startswith(word) and re.fullmatch(r"[(\[【].{1,12}[)\]】]", title[len(word) :]):
            return title[len(word) + 1 : -1]
    return ""


@lru_cache(maxsize=1)
def bare_counts() -> tuple[str, ...]:
    """The words for the count itself, the longest first."""
    words = (
        "实际库存数",
        "实际库存",
        "库存数量",
        "实物库存",
        "库存数",
        "库存量",
        "现存量",
        "库存",
        "数量",
        "实盘数量",
        "盘点数量",
        "实盘",
        "Stock",
        "Qty",
    )
    return tuple(sorted(map(fold, words), key=len, reverse=True))


def _counts(grid: Grid, row: int, column: int, slips: int = 5) -> bool:
    """Whether a column holds counts: at least one, and hardly a cell that is something else (one in so many; in a
    column that its header names a part already as many as there are counts)."""
    texts = cells.as_text(grid.cells.column(column).slice(max(row - grid.first_row + 1, 0), _LOOK_ROWS))
    reading = cells.read_integers(texts)
    values = pd.Series(reading.values)
    filled = int(values.notna().sum())
    return filled > 0 and int(np.count_nonzero(reading.faults)) * slips <= filled


def _figures(grid: Grid, row: int, columns: Sequence[int]) -> pd.DataFrame:
    """The counts of some columns (float64, blank as nothing for the parts)."""
    start = max(row - grid.first_row + 1, 0)
    counts = {
        at: pd.array(cells.read_integers(grid.cells.column(at).slice(start)).values, dtype="Int64")
        for at in columns
    }
    return pd.DataFrame(counts).fillna(0)
