"""What a sheet's columns mean: the fields of a kind of sheet, and the spellings of headers seen in
exports."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache
from pathlib import Path
from typing import Literal

Kind = Literal["code", "text", "integer", "money", "rate", "day", "moment", "end", "choice"]

ALIASES_FILE = Path(__file__).with_name("headers.csv")
JOINT = " > "  # between the levels of a header of two or three rows
_INVISIBLE = re.compile(r"[\s_*>\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff-]+")
_UNIT = re.compile(
    r"\((?:单位[::]?)?(?:[千万亿]?元(?:/(?:件|个|支|瓶|盒|包|只|双|条|张|片|台|袋|箱|套|打|托|提|组|板|扎|捆|排|筐|公斤|千克|kg))?|[千万亿]|人民币|rmb|cny|yuan|usd|eur|gbp|hkd|jpy|twd|us\$|hk\$|[€£]|美元|美金|欧元|英镑|港币|港元|日元|[¥$%‰]|[千万]?件|个|支|瓶|盒|套|箱|打|托|卡板|栈板|垛|提|组|板|扎|捆|排|筐|篓|串|联|令|摞|沓|罗|包|只|双|条|张|片|台|袋|次|人|位|单|笔|天|日|units?|pcs|pieces|days?"
    r"|必填项?|选填项?|必须|可选|required|optional|文本|数字|整数)\)"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a kind of sheet.

    `minimum` and `maximum` bound integers as they are and money in fen; `choices` maps each accepted spelling
    to its code (kind "choice"). The titles are what our own templates and exports write, and are accepted as
    headers too. `stated`: a word for nothing (Nill, 无) is a fault, where a wrong blank would cost money; an
    empty cell or a dash is still blank. Kind "end" is a moment at which something ends: a day without a clock
    means the end of that day. `shared`: in a sheet of lines (`SheetSpec.group`) the value belongs to the whole
    group and may stand on its first line only; texts and times are then carried down, figures never are.
    `each`: an amount of one unit; where the sheet counts in packs it is the pack's.
    """

    name: str
    kind: Kind
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None
    choices: Mapping[str, str] | None = None
    title_zh: str = ""
    title_en: str = ""
    stated: bool = False
    shared: bool = False
    each: bool = False

    @property
    def adds(self) -> bool:
        """Whether values of this field can be added up: counts and amounts."""
        return self.kind in {"integer", "money"}

    def title(self, language: str) -> str:
        """The header in that language: the field's own, else the first spelling known in that language, else
        the other one's."""
        zh, en = _first_spellings().get(self.name, ("", ""))
        titles = (self.title_zh or zh, self.title_en or en)
        return (titles[language == "en"] or titles[language != "en"]) or self.name


@dataclass(frozen=True, slots=True)
class SheetSpec:
    """A kind of sheet: its fields and the field names that make a row unique.

    `sum_parts`: several rows of one key are parts of the same figures and are summed (daily reports); rows
    that are equal in every cell of the file count once. Otherwise rows that share a key are refused together.
    `parts`: fields that tell rows of one key apart (locations, lots): such rows stay apart, and refused are
    those that share these too. `located`: known names of location-like columns (location, lot, expiry) -> the
    field that takes all of them. `arrival`: the day of arrival, which tells lots of one key apart where they are
    called the same. `group`: the field that heads a group of lines (`order_id`); a row that leaves
    it and every other shared field blank continues the group above.
    `whole`: the field that names a group of rows which are taken together or not at all (`order_id`), then the
    fields that have one value in such a group: a row whose group cannot be read may be its neighbour's where
    these do not say otherwise.
    `returns`: the names of the amount, refund and units of a sheet in which a negative sale is a return (three
    names, or none).
    """

    kind: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    sum_parts: bool = False
    group: str = ""
    whole: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    located: Mapping[str, str] = dataclass_field(default_factory=dict)
    arrival: str = ""

    def field(self, name: str) -> Field:
        """The field of that name; KeyError if the sheet has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def required(self) -> tuple[str, ...]:
        """The names without which no row can be read. A key field that is not required may be blank or
        missing (a count without bins)."""
        return tuple(field.name for field in self.fields if field.required)


def fold(header: object) -> str:
    """A header as it is compared: width, case, blanks, line breaks, `*`, `_`, `-`, the `>` between its levels
    and brackets with units folded away.

    >>> fold(" *成本价（元）\\n"), fold("Product_SKU"), fold("商家编码－规格维度")
    ('成本价', 'productsku', '商家编码规格维度')
    """
    text = unicodedata.normalize("NFKC", str(header or "")).casefold()
    return _UNIT.sub("", _INVISIBLE.sub("", text))


def without_unit(header: str) -> str:
    """A header without the unit in its brackets.

    >>> without_unit("上海仓（件）"), without_unit("库存(北京)")
    ('上海仓', '库存(北京)')
    """
    return _UNIT.sub("", unicodedata.normalize("NFKC", header)).strip()


def has_unit(header: str) -> bool:
    """Whether a header names a unit in brackets.

    >>> has_unit("库存（件）"), has_unit("库存")
    (True, False)
    """
    return _UNIT.search(_INVISIBLE.sub("", unicodedata.normalize("NFKC", header).casefold())) is not None


def by_field(mapping: Mapping[int, str]) -> dict[str, tuple[int, ...]]:
    """Field -> its columns, in the order of the mapping: several columns of one field add up (counts, amounts)
    or are joined (codes, texts).

    >>> by_field({3: "reserved", 0: "sku_code", 5: "reserved"})
    {'reserved': (3, 5), 'sku_code': (0,)}
    """
    columns: dict[str, tuple[int, ...]] = {}
    for column, name in mapping.items():
        columns[name] = (*columns.get(name, ()), column)
    return columns


def columns_named(headers: Iterable[str], text: str) -> tuple[int, ...]:
    """The columns whose header is that text: the whole of it, else its last level alone.

    >>> columns_named(["商品编码", "库存 > 上海仓", "库存 > 合计"], "合计")
    (2,)
    """
    titles, wanted = list(headers), fold(text)
    whole = tuple(at for at, title in enumerate(titles) if title and fold(title) == wanted)
    last = tuple(at for at, title in enumerate(titles) if title and fold(title.split(JOINT)[-1]) == wanted)
    return whole or last


@lru_cache(maxsize=1)
def _first_spellings() -> Mapping[str, tuple[str, str]]:
    """Field name -> its first Chinese and its first English spelling in the file."""
    first: dict[str, list[str]] = {}
    with ALIASES_FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            pair = first.setdefault(row["field"], ["", ""])
            language = int(row["alias"].isascii())
            pair[language] = pair[language] or row["alias"]
    return {field: (zh, en) for field, (zh, en) in first.items()}
