"""What a file holds that an import does not take: other sheets, other columns of the same figure, figures that are no
field. Each is said, with its sum."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set

import numpy as np
import pandas as pd

from core.imports.kinds import Kind
from core.imports.questions.fields import Option, below, sum_of
from core.money import format_fen
from core.sheets.columns import Field
from core.sheets.detect import Header, Known, guess_header
from core.sheets.goods_number import KEY, coarser
from core.sheets.layout.aside import Notice
from core.sheets.layout.flat import levels_beside, sizes_beside
from core.sheets.matching import passed_over
from core.sheets.reader import Grid, Workbook
from core.sheets.readings import read_column

_LOOK_ROWS = 2_000
_NO_FIGURE = re.compile(
    r"时间|日期|日$|编号|编码|编 码|代码|条码|货号|id$|号$|率|占比|比例|天数|周期|时长|排名|名次|状态|类型|方式|原因|说明|备注"
    r"|名称|姓名|电话|手机|地址|邮编|来源|链接|图|单位$|规格$|重量|体积|级|是否"
    r"|date|time|code|number|phone|zip|postal|rate|ratio|status|type|method|name|sku|barcode|weight|location|rank|note",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"价|金额|货款|退款|余额|总额|销售额|成本|费|佣金|优惠|折扣|补贴|红包|抵扣|税|[款额]$"
    r"|price|cost|amount|total|fee|refunded|discount|tax|shipping|commission|revenue|sales|balance",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"数量|件数|个数|箱数|瓶数|套数|库存|销量|存量|退货数|退款数|退换数|赠品数|[^单人]数$|量$|qty|quantity|units|stock|inventory|on ?hand|available"
    r"|usable|picking|transfer|transit|damaged|quarantine|blocked|on ?hold|reserved|allocated|committed|incoming|backorder",
    re.IGNORECASE,
)
_BACK = re.compile(r"退|refund|return", re.IGNORECASE)
_MONEY_FIELD = Field("amount", "money")
_COUNT_FIELD = Field("units", "integer")


def sheets_left_out(workbook: Workbook, sheets: Sequence[str], kind: Kind, known: Known) -> Iterator[Notice]:
    """The sheets with rows that are not taken."""
    for info in workbook.sheets:
        if info.name in sheets or info.rows == 0 or info.problem:
            continue
        header = guess_header(workbook.grid(info.name), kind.spec, known)
        rows = max(info.rows - (header.row if header.mapping else 0), 0)
        yield Notice("import.sheet_left_out", {"sheet": info.name, "rows": rows, "hidden": info.hidden})


def filled_below(fill: Mapping[str, bool]) -> Iterator[Notice]:
    """Columns whose blanks are read as the cell above, as somebody said now or earlier."""
    names = [header for header, same in fill.items() if same]
    if names:
        yield Notice("import.filled_below", {"names": names})


def columns_left(grid: Grid, header: Header, kind: Kind, named: Set[str]) -> Iterator[Notice]:
    """The columns of figures that are not read: sizes beside their total, levels of stock, other spellings of a
    figure that is read, and whatever else is named as money or units. A field that the operator has `named`, or is
    asked for, is no news."""
    over = passed_over(header.headers, header.mapping, kind.spec)
    sizes = sizes_beside(grid, header.row, header.headers, header.mapping)
    if sizes:
        yield Notice("import.sizes_summed", {"names": [header.headers[at] for at in sizes]})
    said = {at for rivals in header.candidates for at in rivals.columns}
    said |= {at for columns in over.values() for at in columns}
    levels = (
        [] if kind.spec.kind != "stock" else levels_beside(grid, header.row, header.headers, header.mapping)
    )
    yield from _levels(grid, header, kind, [at for at in levels if at not in said])
    yield from _passed_over(grid, header, kind, over, named)
    yield from _figures(grid, header, kind, {*said, *sizes, *levels})
    if KEY not in (*kind.spec.required, *named):
        yield from _finer(grid, header)


def _finer(grid: Grid, header: Header) -> Iterator[Notice]:
    """A number of goods that tells apart what one code is read for."""
    finer_number = coarser(grid, header.row, header.headers, header.mapping)
    if finer_number is not None:
        code, finer, count = finer_number
        yield Notice("import.code_coarser", {"header": code, "finer": finer, "codes": count})


def _levels(grid: Grid, header: Header, kind: Kind, columns: Sequence[int]) -> Iterator[Notice]:
    """Columns of units in a stock sheet that are no field's: what is held or for sale may depend on them."""
    sums = {header.headers[at]: sum_of(below(grid, header, at), kind.spec.field("on_hand")) for at in columns}
    left = [f"{name} {units}" for name, units in sums.items() if units]
    if left:
        yield Notice("import.levels_left", {"names": left})


def _passed_over(
    grid: Grid, header: Header, kind: Kind, over: Mapping[str, Sequence[int]], named: Set[str]
) -> Iterator[Notice]:
    """The figures of which another column was taken, where the two differ."""
    asked = {*named, *(rivals.field for rivals in header.candidates)}
    for name, columns in over.items():
        entry, used = kind.spec.field(name), [at for at, field in header.mapping.items() if field == name]
        sums = {at: sum_of(below(grid, header, at), entry) for at in (*used, *columns)}
        others = [at for at in columns if sums[at] and sums[at] != sums[used[0]]]
        if name in asked or len(used) > 1 or not others:
            continue
        facts = {
            "field": name,
            "header": header.headers[used[0]],
            "columns": [Option(header.headers[at], sums[at])._asdict() for at in (used[0], *others)],
        }
        yield Notice("import.column_passed_over", facts)


def _figures(grid: Grid, header: Header, kind: Kind, said: Set[int]) -> Iterator[Notice]:
    """Columns of money and units by their names that are no field of this kind; units that came back are said of
    their own, since a list of orders keeps what was paid back as money alone."""
    left, back = list[str](), list[str]()
    for at, title in enumerate(header.headers):
        entry = None if at in header.mapping or at in said else figure_named(title)
        if entry is None or not _holds(grid, header, at, entry):
            continue
        whole = sum_of(below(grid, header, at), entry) or 0
        text = f"{title} {_amount(whole) if entry.kind == 'money' else whole}"
        if whole:
            returned = kind.spec.kind == "orders" and entry.kind == "integer" and _BACK.search(title)
            (back if returned else left).append(text)
    if back:
        yield Notice("orders.units_back_left", {"names": back})
    if left:
        yield Notice("import.figures_left", {"names": left})


def figure_named(title: str) -> Field | None:
    """Whether a header names money or units: the field that its cells are read as, None for neither.

    >>> [entry and entry.kind for entry in map(figure_named, ("执行价", "退货数量", "Subtotal", "商品ID", "退款率", "款式"))]
    ['money', 'integer', 'money', None, None, None]
    """
    if not title or _NO_FIGURE.search(title):
        return None
    if _COUNTS.search(title) and not re.search("金额|价|成本", title):
        return _COUNT_FIELD
    return _MONEY_FIELD if _MONEY.search(title) else None


def _holds(grid: Grid, header: Header, column: int, entry: Field) -> bool:
    """Whether a column holds such figures: a first stretch of it has some, and hardly a cell that is something
    else."""
    reading = read_column(below(grid, header, column).slice(0, _LOOK_ROWS), entry)
    filled = int(pd.Series(reading.values).notna().sum())
    return filled > 0 and int(np.count_nonzero(reading.faults)) * 5 <= filled


def _amount(fen: int) -> str:
    """Fen as a bare number: the column may be of any currency."""
    return format_fen(fen).replace("¥", "")
