"""What a sheet's columns mean: the fields of a kind of sheet, and the spellings of headers seen in exports."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Kind = Literal["code", "text", "integer", "money", "rate", "day", "moment", "choice"]

ALIASES_FILE = Path(__file__).with_name("headers.csv")
_INVISIBLE = re.compile(r"[\s_*\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff-]+")
_UNIT = re.compile(
    r"\((?:单位[::]?)?(?:万?元|人民币|rmb|cny|yuan|[¥$%‰]|件|个|支|瓶|盒|套|箱|包|只|双|条|张|片|台|袋|次|人|位|单|笔|天|日|units?|pcs|pieces|days?"
    r"|必填项?|选填项?|必须|可选|required|optional|文本|数字|整数)\)"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a kind of sheet.

    `minimum` and `maximum` bound integers as they are and money in fen; `choices` maps each accepted spelling to its code
    (kind "choice"). The titles are what our own templates and exports write, and are accepted as headers too. `stated`: a word for
    nothing (Nill, 无) is a fault, where a wrong blank would cost money; an empty cell or a dash is still blank.
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

    def title(self, language: str) -> str:
        """The header in that language: the field's own, else the first spelling known in that language, else the other one's."""
        zh, en = _first_spellings().get(self.name, ("", ""))
        titles = (self.title_zh or zh, self.title_en or en)
        return (titles[language == "en"] or titles[language != "en"]) or self.name


@dataclass(frozen=True, slots=True)
class SheetSpec:
    """A kind of sheet: its fields and the field names that make a row unique.

    `sum_parts`: several rows of one key are parts of the same figures and are summed (daily reports); otherwise a second row
    for a key is a duplicate and refused.
    """

    kind: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    sum_parts: bool = False

    def field(self, name: str) -> Field:
        """The field of that name; KeyError if the sheet has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def required(self) -> tuple[str, ...]:
        """The names without which no row can be read. A key field that is not required may be blank or missing (a count without bins)."""
        return tuple(field.name for field in self.fields if field.required)


def fold(header: object) -> str:
    """A header as it is compared: width, case, blanks, line breaks, `*`, `_`, `-` and brackets with units folded away.

    >>> fold(" *成本价（元）\\n"), fold("Product_SKU"), fold("商家编码－规格维度")
    ('成本价', 'productsku', '商家编码规格维度')
    """
    text = unicodedata.normalize("NFKC", str(header or "")).casefold()
    return _UNIT.sub("", _INVISIBLE.sub("", text))


@lru_cache(maxsize=1)
def aliases() -> Mapping[str, Mapping[str, int]]:
    """Every known spelling, folded -> field name -> rank; a field's better spellings come first in the file."""
    known: dict[str, dict[str, int]] = {}
    with ALIASES_FILE.open(encoding="utf-8", newline="") as lines:
        for rank, row in enumerate(csv.DictReader(lines)):
            known.setdefault(fold(row["alias"]), {}).setdefault(row["field"], rank)
    return MappingProxyType(known)


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


def _own(spec: SheetSpec) -> dict[str, str]:
    """The spellings that the kind of sheet brings along: its fields' names and titles."""
    own: dict[str, str] = {}
    for field in spec.fields:
        for text in (field.title_zh, field.title_en, field.name):
            if text:
                own.setdefault(fold(text), field.name)
    return own


def match_headers(headers: Sequence[str | None], spec: SheetSpec, remembered: Mapping[str, str] | None = None) -> dict[int, str]:
    """Which column holds which field: index into `headers` -> field name; a field is given to one column only.

    A remembered correction (header -> field name, or "" for "not a field") wins; then the sheet's own titles; then the known
    spellings, where one that serves two fields goes to the field that this kind of sheet has (the first in its order if it
    has both). Of several columns for one field the best-ranked spelling wins; of equal spellings the first, except that of two
    商家编码 the last one is the SKU's (platform templates put the product's first).
    """
    taught = {fold(header): field for header, field in (remembered or {}).items()}
    own, known, order = _own(spec), aliases(), {field.name: place for place, field in enumerate(spec.fields)}
    offers: list[tuple[int, int, int, str]] = []
    for index, header in enumerate(headers):
        folded = fold(header)
        if not folded:
            continue
        if folded in taught:
            if taught[folded] in order:
                offers.append((0, 0, index, taught[folded]))
            continue
        if folded in own:
            offers.append((1, 0, index, own[folded]))
        for field, rank in known.get(folded, {}).items():
            if field in order:
                offers.append((2, order[field] * 10_000 + rank, index, field))
    return _settle(offers, headers)


def _settle(offers: Sequence[tuple[int, int, int, str]], headers: Sequence[str | None]) -> dict[int, str]:
    """Gives each field one column and each column one field, the strongest offer first."""
    last_wins = {index for index, header in enumerate(headers) if fold(header) in {"商家编码", "商家sku"}}
    chosen: dict[int, str] = {}
    for _, _, index, field in sorted(offers, key=lambda o: (o[0], o[1], -o[2] if o[2] in last_wins else o[2])):
        if index not in chosen and field not in chosen.values():
            chosen[index] = field
    return dict(sorted(chosen.items()))
