"""In which units a sheet counts and prices: what its headers and the lines above them say, and how many pieces a pack
holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.sheets.columns import has_unit
from core.sheets.layout.header_rows import header_rows
from core.sheets.layout.rows import Body
from core.sheets.reader import Grid
from core.sheets.values import cells
from core.sheets.values.quantities import PACK, PIECE, STACK, pieces_a_pack

_LINES_ABOVE = 6
_IN_BRACKETS = re.compile(
    rf"\((?:单位[::]?)?(?:([千万亿])(?:元|件)?|(?:元/)?({PACK}|{STACK}|打)|([%‰])(?:元|件)?)\)"
)
_IN_WORDS = re.compile(rf"(?:每|整|按|/)({PACK}|打)(?!装)|每({STACK})(?![装别合织次])")
_EACH_PIECE = re.compile(rf"/(?:{PIECE})|每(?:{PIECE})|单件")
_SAID_ABOVE = re.compile(r"单位\s*[:(]?\s*[:(]?\s*([^\s:()]{1,20})")
_ALOUD = re.compile(rf"([千万亿])?(?:(元)|({PACK}|{STACK}|打)|(?:{PIECE}))?")
_NO_COUNTS = frozenset({"lead_time_days", "pack_size", "row_version"})
_SIZE_OF_STACK = re.compile(rf"每({STACK})|^({STACK})(?:规|装)", re.IGNORECASE)
_PRICE = re.compile("价|元|成本|金额|费|重")
_PACKINGS = ("包装", "规格", "换算", "入数", "装箱")


class Above(NamedTuple):
    """What the lines above a header say of the whole sheet: the scale of its amounts and of its counts ("万", "" for
    none), the pack that it counts in, and the words themselves."""

    money: str = ""
    counts: str = ""
    pack: str = ""
    words: str = ""


def unit_of(header: str) -> str:
    """The unit in a header that changes what its numbers mean: a scale, per cent, packs, single pieces of what is
    counted in packs ("件"); "" for none.

    >>> unit_of("支付金额(万元)"), unit_of("库存（箱）"), unit_of("转化率(%)"), unit_of("支付金额(元)")
    ('万', '箱', '%', '')
    >>> unit_of("成本价(元/箱)"), unit_of("每箱成本"), unit_of("成本价(元/件)"), unit_of("支付金额(万)")
    ('箱', '箱', '件', '万')
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    match = _IN_BRACKETS.search(text)
    if match:
        return match[1] or match[2] or match[3]
    packs = _IN_WORDS.search(text)
    if packs:
        return packs[1] or packs[2]
    return "件" if _EACH_PIECE.search(text) else ""


def above(grid: Grid, header_row: int) -> Above:
    """What the lines above the header say: 单位：万元."""
    first, _ = header_rows(grid, header_row)
    rows = range(max(grid.first_row, first - _LINES_ABOVE), first)
    texts = (unicodedata.normalize("NFKC", text) for row in rows for text in grid.row_texts(row))
    match = next(filter(None, map(_SAID_ABOVE.search, texts)), None)
    return _aloud(match[1]) if match else Above()


def _aloud(words: str) -> Above:
    """Units in words.

    >>> _aloud("万元"), _aloud("箱"), _aloud("万元、千件")
    (Above(money='万', counts='', pack='', words='万元'), Above(money='', counts='', pack='箱', words='箱'), Above(money='万', counts='千', pack='', words='万元、千件'))
    """
    money = count = pack = ""
    for word in re.split(r"[、,/;和]", words.casefold()):
        match = _ALOUD.fullmatch(word)
        if match is None:
            continue
        scale, yuan, packs = match.groups()
        money = money or (scale or "" if yuan or word == scale else "")
        count = count or (scale or "" if not yuan else "")
        pack = pack or packs or ""
    return Above(money, count, pack, words)


def units_of(headers: Sequence[str], body: Body, said: Above, *, by_row: bool) -> dict[int, str]:
    """Column -> its unit: what its header says, else what was said above. `by_row`: a column says the unit of each
    row, so that a pack that was named above says nothing more."""
    units = {at: unit for at, text in enumerate(headers) if (unit := unit_of(text))}
    for name, columns in body.columns.items():
        entry = body.spec.field(name)
        counts = entry.kind == "integer" and name not in _NO_COUNTS
        scale = said.money if entry.kind == "money" else said.counts if counts else ""
        packed = "" if by_row or not (counts or entry.each) else said.pack
        for at in columns:
            if at not in units and not has_unit(headers[at]) and (scale or packed):
                units[at] = scale or packed
    return units


def sizes_of(body: Body, headers: Sequence[str], column: int | None) -> np.ndarray | None:
    """Pieces a pack by row (float64, NaN unknown): of the column of pack sizes, else of wording such as 1箱=12瓶 in a
    column of packings; None where nothing says any."""
    columns = [column] if column is not None else []
    columns += [at for at in _packings(body, headers) if at != column]
    sizes = np.full(len(body.numbers), np.nan)
    for at in columns:
        texts = cells.as_text(body.cells.column(at)).dictionary_encode()
        held = [pieces_a_pack(text, bare=at == column) for text in texts.dictionary.to_pylist()]
        said = pa.array(held, pa.float64()).take(texts.indices).to_numpy(zero_copy_only=False)
        sizes = np.where(np.isnan(sizes), said, sizes)
    return sizes if columns and not np.isnan(sizes).all() else None


def beside(body: Body, headers: Sequence[str]) -> tuple[pa.Array, ...]:
    """What the sheet says of bundles, by row: the wording of its packings, and the columns that are named after a
    bundle (每提数量) as wording."""
    columns = [cells.as_text(body.cells.column(at)) for at in _packings(body, headers)]
    for at, text in enumerate(headers):
        named = _SIZE_OF_STACK.search(text) if at < body.cells.num_columns else None
        if named and not _PRICE.search(text):
            bundle = f"每{named[1] or named[2]}"
            columns.append(pc.binary_join_element_wise(bundle, cells.as_text(body.cells.column(at)), ""))
    return tuple(columns)


def is_any_pack(header: str) -> bool:
    """Whether a column of pack sizes does not say that they are cartons'.

    >>> is_any_pack("包装规格"), is_any_pack("箱规"), is_any_pack("Units per case")
    (True, False, False)
    """
    return re.search("箱|case|carton", header, re.IGNORECASE) is None


def _packings(body: Body, headers: Sequence[str]) -> list[int]:
    return [
        at
        for at, text in enumerate(headers)
        if any(word in text for word in _PACKINGS) and at < body.cells.num_columns
    ]
