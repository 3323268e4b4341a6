"""Rows among the data that are none: the header once more, a second table, remarks below; and cells that hold several
codes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import ShopError
from core.sheets.columns import JOINT, fold
from core.sheets.layout.rows import Body, matches
from core.sheets.matching import aliases, spellings
from core.sheets.values import cells
from core.sheets.values.spellings import FAULT

_REMARK = (
    r"(?i)^[*★※（(\s]*(?:制表|制单|审核|复核|审批|经办|负责人|仓管|保管|签字|签名|打印|导出|数据来源|数据截|截至|截止|更新时间|统计时间|"
    r"备注|说明|注意|注|温馨提示|printed|exported|note)[^:：]{0,12}[:：]|^第\s*\d+\s*页|^page\s*\d+\s*(?:of|/)|^以上(?:数据|为|合计)"
)
_NAME, _TIMES = r"[\w./#-]{1,40}", r"\s*[*xX×]\s*\d{1,4}"
_LISTED = rf"^\s*{_NAME}(?:{_TIMES})?(?:\s*[;；\n]\s*{_NAME}(?:{_TIMES})?)+\s*[;；]?\s*$"
_COUNTED = rf"^\s*{_NAME}{_TIMES}(?:\s*[,，、+;；\n]\s*{_NAME}{_TIMES})+\s*$"


def strays(body: Body, headers: Sequence[str]) -> tuple[int, np.ndarray]:
    """(the column of the key, a fault a row): the header once more, remarks under the table, cells with several codes.
    Column -1 where the sheet has no code of goods.

    ShopError("sheet.second_table", row) where a header with other columns begins a table of its own.
    """
    faults = np.zeros(len(body.numbers), np.int8)
    if "sku_code" not in body.columns:
        return -1, faults
    at, *others = body.columns["sku_code"]
    text = cells.as_text(body.cells.column(at))
    if not others:
        faults[matches(text, _LISTED) | matches(text, _COUNTED)] = FAULT["cell.several_codes"]
    remarks = matches(text, _REMARK)
    if remarks.any():
        figures = [entry.name for entry in body.spec.fields if entry.adds and entry.name in body.columns]
        filled = np.logical_or.reduce(
            [body.filled(name) for name in figures] or [np.zeros(len(faults), bool)]
        )
        faults[remarks & ~filled] = FAULT["cell.remark"]
    faults[_headers_again(body, headers, text)] = FAULT["cell.header_again"]
    return at, faults


def _headers_again(body: Body, headers: Sequence[str], text: pa.Array) -> np.ndarray:
    """The rows that say their header once more; refused whole where one says another."""
    known = pa.array([*_key_words(), headers[body.columns["sku_code"][0]].split(JOINT)[-1]])
    rows = np.flatnonzero(np.asarray(pc.fill_null(pc.is_in(text, known), False)))
    again = []
    for row in rows:
        same, other = _compared(body, headers, int(row))
        if other:
            raise ShopError("sheet.second_table", row=int(body.numbers[row]))
        if same > 1:
            again.append(row)
    return np.array(again, np.int64)


def _compared(body: Body, headers: Sequence[str], row: int) -> tuple[int, int]:
    """(how many cells of a row name the field of their column, how many name another field of the sheet)."""
    same = other = 0
    for name, columns in body.columns.items():
        for at in columns:
            word = fold(body.cells.column(at)[row].as_py())
            fields = set(aliases().get(word, {})) & set(body.columns)
            if word and (word == fold(headers[at].split(JOINT)[-1]) or name in fields):
                same += 1
            elif fields:
                other += 1
    return same, other


@lru_cache(maxsize=1)
def _key_words() -> tuple[str, ...]:
    """How headers spell the code of goods, as written."""
    return tuple(text for text, name in spellings() if name == "sku_code")
