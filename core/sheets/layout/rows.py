"""Which rows of a sheet are data: no blank ones, no explanations, no totals; and which continue the row above."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.sheets.columns import SheetSpec
from core.sheets.readings import read_column
from core.sheets.values import cells

_SPAN = (
    r"(?:\d{1,4}[年月日季号]?|[一二三四五六七八九十]{1,3}月?|第.{1,3}[季周月]|本[年月周日页店季]|当[年月日页]|[年月日周季总]|年度|季度|全部"
    r"|全店|整店|店铺|门店|本店|仓库|分类|类目|品类|全年|半年|sub-?|grand |overall )"
)
_SUM = r"(?:合\s*计|总\s*计|小\s*计|共\s*计|总\s*和|汇\s*总|累\s*计|统计|平均值?)"
_WHOLE = r"(?:全部|所有|全|各)(?:商品|门店|仓库?|店铺?|终端|渠道|平台|来源|类目|分类|库位|批次|货品)"
_OPENING, _CLOSING = r"[\[【(（<《*★☆=\-\s]*", r"[\]】)）>》*★☆=\-\s]*"
_TOTAL = (
    rf"(?i)^{_OPENING}(?:(?:{_SPAN}){{0,3}}\s*{_SUM}(?:{_CLOSING}$|[\s:：（(\d行].*$|(?:金额|数量|库存|件数)$)"
    rf"|(?:{_WHOLE}{_SUM}?|店铺整体|店铺总体|全部|总体|总数|总量|总|总合计|合计数|[Σ∑]|共\s*\d+\s*[条行个项种款件单笔]"
    rf"|整体|全网|全渠道)"
    rf"{_CLOSING}$"
    rf"|[^\s]{{1,8}}[\s_-]?(?:合\s*计|小\s*计|总\s*计){_CLOSING}$"
    rf"|.{{1,60}}\s(?:汇总|合计|小计|总计|计数|平均值|total|subtotal|count|average){_CLOSING}$"  # as Excel groups rows
    rf"|(?:grand[ -]?|sub-? ?|overall )?(?:totals?|sum)\s*(?:{_CLOSING}$|[:：(（].*$)|(?:all products|all items|average)$)"
)
PART_TOTAL = rf"{_TOTAL}|^(?:整体|不限|全网|all|全渠道|overall)$"  # where a column divides the rows of a key
_SUMMING = r"[计总汇合全共均Σ∑]|(?i:total|sum|all)"
_NOTE = re.compile(
    r"必填|选填|请填|填写|格式|例如|示例|例[：:]|说明|不超过|不能|必须|可为空|单位|required|optional|e\.g\.|example|format|must|text|number",
    re.IGNORECASE,
)
_PRODUCT, _CODE = "product_id", "sku_code"
_MOST_UNNAMED = 2_000  # rows without a key that are looked at as sums of the rows above


@dataclass(frozen=True, slots=True)
class Body:
    """The rows under a header: their cells, their numbers in the sheet (int64), and field -> columns.

    `first`: the row in which the group of each row begins (int64); its own number where it continues nothing.
    """

    cells: pa.Table
    numbers: np.ndarray
    columns: Mapping[str, tuple[int, ...]]
    spec: SheetSpec
    first: np.ndarray

    def take(self, places: np.ndarray) -> Body:
        """Some of the rows."""
        if np.array_equal(places, np.arange(len(self.numbers))):
            return self
        return replace(
            self,
            cells=self.cells.take(pa.array(places)),
            numbers=self.numbers[places],
            first=self.first[places],
        )

    def text(self, name: str) -> pa.Array:
        """The text of a field's first column."""
        return cells.as_text(self.cells.column(self.columns[name][0]))

    def filled(self, name: str) -> np.ndarray:
        """Where any column of a field holds something."""
        columns = [valid(cells.as_text(self.cells.column(at))) for at in self.columns[name]]
        anywhere: np.ndarray = np.logical_or.reduce(columns)
        return anywhere

    @property
    def identity(self) -> tuple[str, ...]:
        """The fields that name a row: its key, or the codes of a kind without a key."""
        names = self.spec.key or tuple(field.name for field in self.spec.fields if field.kind == "code")
        return tuple(
            name for name in names if name in self.columns and self.spec.field(name).kind in {"code", "text"}
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """Which places of the body are data and which are totals, how many rows are not blank, the rows that only
    explain, and how many say no more than which product above they belong to (its further pictures)."""

    data: np.ndarray
    totals: np.ndarray
    rows: int
    notes: tuple[int, ...]
    hollow: int = 0


def valid(array: pa.Array) -> np.ndarray:
    """Where an array holds something (bool)."""
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), bool)


def matches(text: pa.Array, pattern: str) -> np.ndarray:
    """Where a text array matches a pattern (bool)."""
    matched = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    return np.asarray(matched.to_numpy(zero_copy_only=False), bool)


def data_rows(body: Body, flaws: pd.DataFrame) -> Kept:
    """Which rows of the body are data: not blank (an error cell is not blank), no explanation under the
    header, no total."""
    size = body.cells.num_rows
    filled = np.isin(body.numbers, flaws["row"].to_numpy()) if len(flaws) else np.zeros(size, bool)
    for column in body.cells.columns:
        if not filled.all() and column.type != pa.null():
            filled |= column.is_valid().to_numpy()
    notes = _note_rows(body, np.flatnonzero(filled)[:2])
    filled[notes] = False
    totals = _total_rows(body) & filled
    hollow = _hollow(body) & filled & ~totals
    return Kept(
        np.flatnonzero(filled & ~totals & ~hollow),
        np.flatnonzero(totals),
        int(filled.sum()),
        tuple(int(body.numbers[at]) for at in notes),
        int(hollow.sum()),
    )


def _hollow(body: Body) -> np.ndarray:
    """Rows in which every column that is read is blank but the product's number, and that stands on a row above
    with a code: a product's further pictures."""
    none = np.zeros(body.cells.num_rows, bool)
    if not {_PRODUCT, _CODE} <= set(body.columns) or len(body.columns) < 3:
        return none
    said = {name: body.filled(name) for name in body.columns}
    bare = said[_PRODUCT] & ~np.logical_or.reduce([said[name] for name in said if name != _PRODUCT])
    if not bare.any():
        return none
    products = pd.Series(body.text(_PRODUCT).to_pandas(), dtype=object)
    coded = pd.Series(said[_CODE]).groupby(products, sort=False).cumsum() > 0
    return np.asarray(bare & coded.fillna(False).to_numpy(bool), bool)


def _note_rows(body: Body, places: np.ndarray) -> list[int]:
    """Explanations directly under the header ("必填，整数"): words of instruction, and nothing readable where
    numbers, days or choices belong."""
    return list(takewhile(partial(_explains, body), map(int, places)))


def _explains(body: Body, place: int) -> bool:
    texts = {
        name: str(body.cells.column(columns[0])[place].as_py() or "")
        for name, columns in body.columns.items()
    }
    if not any(_NOTE.search(text) for text in texts.values()):
        return False
    filled = [(texts[f.name], f) for f in body.spec.fields if texts.get(f.name)]
    typed = [(text, field) for text, field in filled if field.kind not in {"text", "code"}]
    codes = [text for text, field in filled if field.kind == "code"]
    readable = any(not read_column(pa.array([text]), field).faults.any() for text, field in typed)
    codelike = any(
        re.fullmatch(r"[\w./#:+-]{1,40}", text, re.ASCII) and not _NOTE.search(text) for text in codes
    )
    return not (readable or codelike) and bool(typed or any(_NOTE.search(text) for text in codes))


def _total_rows(body: Body) -> np.ndarray:
    """Rows that sum others: the key says so, or the row has no code and its name or its first filled cell says
    so."""
    totals = np.zeros(body.cells.num_rows, bool)
    keyless = np.ones(body.cells.num_rows, bool)
    for name in body.spec.key:
        if name in body.columns:
            totals |= matches(body.text(name), _TOTAL)
    for name in body.identity:
        text = body.text(name)
        totals |= matches(text, _TOTAL)
        keyless &= ~matches(text, r"[^-—\s]")
    unnamed = np.flatnonzero(keyless & ~totals)
    if len(unnamed):
        rows = body.take(unnamed)
        first = pc.coalesce(*(cells.as_text(column) for column in rows.cells.columns))
        totals[unnamed] = matches(first, _TOTAL)
        if "name" in body.columns and body.identity:
            totals[unnamed] |= matches(rows.text("name"), _TOTAL)
    return totals


def sums_of_the_above(body: Body, figures: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rows without a code, or with a word of summing and no digit in its place, whose figures all equal the sums
    of at least two rows above them, each with a code, back to the total before or to the top (bool). `figures`:
    field -> float64, NaN where blank."""
    sums = np.zeros(len(body.numbers), bool)
    if not figures or not body.identity:
        return sums
    texts = [body.text(name) for name in body.identity]
    named = np.logical_or.reduce(
        [matches(text, r"[^-—\s]") & ~(matches(text, _SUMMING) & ~matches(text, r"\d")) for text in texts]
    )
    table = np.column_stack(list(figures.values()))
    running, start = np.vstack([np.zeros(table.shape[1]), np.nancumsum(table, axis=0)]), 0
    for place in np.flatnonzero(~named)[:_MOST_UNNAMED]:
        row, above = table[place], running[place] - running[start]
        filled = ~np.isnan(row)
        whole = place - start >= 2 and named[start:place].all() and filled.any() and row[filled].any()
        if whole and np.array_equal(row[filled], above[filled]):
            sums[place], start = True, place + 1
    return sums


def carried_down(body: Body, merges: np.ndarray, first_column: int) -> tuple[Body, tuple[str, ...]]:
    """(the body with merged codes, texts and times in every row of their merge and the group's in each of its
    lines, the figures that stand once a group): a figure is never repeated."""
    table, first, merged = body.cells, body.first.copy(), set[str]()
    for name, columns in body.columns.items():
        for at in columns:
            source = merged_from(merges, at + first_column, body.numbers)
            moved = source != np.arange(len(source))
            if not moved.any():
                continue
            if body.spec.field(name).adds:
                merged.add(name)
            else:
                table = table.set_column(at, table.column_names[at], table.column(at).take(pa.array(source)))
            if name == body.spec.group or body.spec.field(name).adds:
                first[moved] = np.minimum(first[moved], body.numbers[source[moved]])
    return _continued(replace(body, cells=table, first=first), merged)


def merged_from(merges: np.ndarray, column: int, numbers: np.ndarray) -> np.ndarray:
    """For each row the place of the row that holds its merged cell's value in this column; its own elsewhere."""
    source = np.arange(len(numbers))
    mine = merges[(merges[:, 1] == column) & (merges[:, 2] > merges[:, 0])]
    begins, ends = np.searchsorted(numbers, mine[:, 0]), np.searchsorted(numbers, mine[:, 2], side="right")
    held = begins < ends
    begins, ends, rows = begins[held], ends[held], mine[held, 0]
    held = numbers[begins] == rows  # a range that begins above the data gives them nothing
    begins, ends = begins[held], ends[held]
    lengths = ends - begins
    if lengths.sum() <= len(numbers):  # ranges that overlap are no merges
        places = np.repeat(begins, lengths)
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        source[places + within] = places
    return source


def _continued(body: Body, merged: set[str]) -> tuple[Body, tuple[str, ...]]:
    """The lines of a group below its first: rows that leave the group's field and all else that belongs to the
    group blank. What belongs to the group is then said in each of its lines."""
    spec, mapped = body.spec, [entry for entry in body.spec.fields if entry.name in body.columns]
    first, table = _headed(body), body.cells
    below = first != body.numbers
    if spec.group in body.columns and below.any():
        heads = np.searchsorted(body.numbers, first)
        for name in (e.name for e in mapped if not e.adds and (e.shared or e.name == spec.group)):
            for at in body.columns[name]:
                blank = below & ~valid(cells.as_text(table.column(at)))
                source = pa.array(np.where(blank, heads, np.arange(len(heads))))
                table = table.set_column(at, table.column_names[at], table.column(at).take(source))
    once = tuple(
        entry.name
        for entry in mapped
        if entry.adds
        and below.any()
        and (entry.name in merged or (entry.shared and not body.filled(entry.name)[below].any()))
    )
    return replace(body, cells=table, first=first), once


def _headed(body: Body) -> np.ndarray:
    """The first row of each row's group, with the lines that only leave the group's cells blank."""
    spec, first = body.spec, body.first.copy()
    if spec.group not in body.columns or not len(first):
        return first
    names = {entry.name for entry in spec.fields if entry.shared} | {spec.group}
    shared = np.logical_or.reduce([body.filled(name) for name in body.columns if name in names])
    alone = [body.filled(name) for name in body.columns if name not in names]
    own = first == body.numbers
    headless = own & ~shared & (np.logical_or.reduce(alone) if alone else False)
    places, group = np.arange(len(first)), body.filled(spec.group)
    heads = np.maximum.accumulate(np.where(own & group, places, -1))
    strangers = np.maximum.accumulate(np.where(own & ~group & ~headless, places, -1))
    headless &= heads > strangers  # what follows a line of an unknown group is of that group
    first[headless] = body.numbers[heads[headless]]
    return first
