"""Names of places where stock lies: warehouses, shops, towns."""

from __future__ import annotations

import re

from core.sheets.columns import fold

_CITIES = (
    "上海 北京 广州 深圳 杭州 成都 武汉 天津 重庆 南京 苏州 西安 郑州 长沙 沈阳 青岛 宁波 东莞 佛山 合肥 义乌 济南 厦门 福州 昆明 "
    "嘉兴 金华 华东 华南 华北 华中 西南 西北 东北 香港 海外 国内 总部 直营 加盟 线上 线下 电商"
)
PLACE = re.compile(rf"^(?:{_CITIES.replace(' ', '|')})$|.(?:仓|仓库|店|门店|专柜|库房|中心|大区|分公司)\d*$")
BARE = frozenset(map(fold, ("总仓", "主仓", "分仓", "副仓", "云仓", "门店", "实体仓", "库房", "店仓")))


def is_place(text: str) -> bool:
    """Whether a text is the name of a place.

    >>> is_place("上海仓"), is_place("门店"), is_place("手机壳")
    (True, True, False)
    """
    return fold(text) in BARE or PLACE.search(fold(text)) is not None
