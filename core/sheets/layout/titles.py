"""What a title says of all the rows below it: the warehouse that they lie in, or that they are not for sale."""

from __future__ import annotations

import re
import unicodedata

from core.sheets.layout.header_rows import header_rows
from core.sheets.reader import Grid

_LINES_ABOVE = 6
NOT_FOR_SALE = re.compile(
    r"残|次品|不良|瑕疵|破损|退货|报废|样品|样衣|待检|过期|damaged|defect|scrap", re.IGNORECASE
)
_WITHOUT = re.compile(r"不含|未含|剔除|扣除|除去|不包括|排除")
_LABELLED = re.compile(r"(?:仓库|库房|门店|店仓|库区|库位|货位|仓位)(?:名称|名)?\s*[::]\s*([^\s::,,;;|]+)")
_WAREHOUSE = re.compile(
    r"([^\s,,、;;:：/|()\[\]【】《》_]{1,12}?(?:仓(?=库存|$|[^\w]|[\d_]|存货|盘|商品|现|实)|仓库(?=$|[^\w]|[\d_]|库存|盘|商品)|库房(?=$|\W|库存)))"
)
_ALL = re.compile(r"全部|所有|各仓|各个|汇总|合计|总计|^(?:全|各|分)?仓(?:库)?$")
_DATED = re.compile(r"^[\d年月日.\-/]+")


def place_above(grid: Grid, header_row: int) -> str:
    """The place that the lines above a header name for all rows; "" where they name none, or several."""
    first, _ = header_rows(grid, header_row)
    rows = range(max(grid.first_row, first - _LINES_ABOVE), first)
    return place_in("  ".join("：".join(filter(None, grid.row_texts(row))) for row in rows))


def place_in(title: str) -> str:
    """The place that a title names: a warehouse, or what is said not to be for sale; "" for none, or for several.

    >>> place_in("上海仓 库存表 2026-10-01"), place_in("上海仓库存表"), place_in("仓库：主仓"), place_in("库存表")
    ('上海仓', '上海仓', '主仓', '')
    >>> place_in("残次品库存表"), place_in("库存表（不含残次品）"), place_in("上海仓、北京仓库存"), place_in("全部仓库")
    ('残次品库存表', '', '', '')
    """
    text = unicodedata.normalize("NFKC", title)
    named = [_DATED.sub("", name) for name in (*_LABELLED.findall(text), *_WAREHOUSE.findall(text))]
    places = list(dict.fromkeys(name for name in named if name and not _ALL.search(name)))
    if len(places) == 1:
        return places[0]
    for words in re.split(r"\s{2,}|[;；]", text):
        if NOT_FOR_SALE.search(words) and not _WITHOUT.search(words):
            return words.strip()
    return ""
