"""A checked file: the rows that hold, over all of its sheets, with nothing compared or written yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import pandas as pd

from core.errors import ShopError
from core.imports.control import added
from core.imports.inspection import Inspection
from core.imports.kinds import Kind
from core.imports.questions import across, below, matrix, whole_on_parts
from core.imports.questions.same_key import FEW, as_parts, sizes_listed, telling
from core.sheets import parts, returns
from core.sheets.clean import Cleaned, clean
from core.sheets.columns import JOINT
from core.sheets.detect import Header
from core.sheets.layout import titles
from core.sheets.layout.aside import Notice, currency_code
from core.sheets.layout.flat import COUNTS
from core.sheets.layout.titles import NOT_FOR_SALE
from core.sheets.profiles import elsewhere
from core.sheets.reader import Grid
from core.sheets.readings import CleanOptions
from core.sheets.values.places import is_place

_DAY = re.compile(r"(?:\d{4}[-/.年])?\d{1,2}[-/.月]\d{1,2}[日号]?(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?")
SHEET_ROWS = 10_000_000  # a row of the n-th sheet has the number n x this + its row in the sheet


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked file: clean rows and rejected cells, nothing compared or written yet. Rows of the second and
    later sheets are numbered from `SHEET_ROWS`. `laid`: place of a sheet -> how its sizes were laid out as rows.
    `divided`: the units at each place whose column a count adds up (`across.units_at`)."""

    inspection: Inspection
    cleaned: Cleaned
    laid: Mapping[int, matrix.Layout] = field(default_factory=dict)
    divided: pd.DataFrame = field(default_factory=pd.DataFrame)

    def sheet_of(self, rows: pd.Series) -> pd.Series:
        """The sheets of numbered rows."""
        return (rows // SHEET_ROWS).map(dict(enumerate(self.inspection.sheets)))


def check(inspection: Inspection) -> Draft:
    """Casts and checks every cell of the chosen columns, in every sheet.

    ShopError("import.missing_columns" | "import.missing_any") when a sheet lacks what the kind needs,
    ("import.other_kind") when it is a known export of another kind;
    ("import.below_question") where a place stands on the first of several rows;
    ("import.matrix_question") where sizes stand in columns of their own;
    ("import.sizes_question") where one cell lists several sizes of one count;
    ("import.total_question") where the rows of each SKU say its whole count;
    ("import.key_question") where a code repeats and other columns would tell its rows apart;
    ("import.sheets_share") where two sheets that nobody chose hold the same keys.
    """
    kind = inspection.kind
    for header in inspection.headers:
        _require_columns(header, kind)
    read = [
        _checked(inspection, _Sheet(sheet, _grid(inspection, sheet, header), header))
        for sheet, header in zip(inspection.sheets, inspection.headers, strict=True)
    ]
    asked = [
        question
        for one, (cleaned, _) in read
        if one.layout is None
        for question in whole_on_parts.questions(one.grid, one.header, cleaned, inspection)
    ]
    headers = tuple(header for _, (_, header) in read)
    settled = replace(_settled(inspection, read), headers=headers)
    settled = replace(settled, questions=(*settled.questions, *asked[:1]))
    named = [_placed(cleaned, one, settled) for one, (cleaned, _) in read]
    laid = {at: one.layout for at, (one, _) in enumerate(read) if one.layout is not None}
    whole = named[0] if len(named) == 1 else _together(settled, named)
    at_places = [
        _numbered(across.units_at(one.header, cleaned), at) for at, (one, (cleaned, _)) in enumerate(read)
    ]
    return Draft(settled, whole, laid, pd.concat(at_places, ignore_index=True))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet as it is read: its cells and header, and the way back where its sizes were laid out."""

    name: str
    grid: Grid
    header: Header
    layout: matrix.Layout | None = None
    notices: tuple[Notice, ...] = ()


def _settled(inspection: Inspection, read: Sequence[tuple[_Sheet, tuple[Cleaned, Header]]]) -> Inspection:
    """The file without what was open or to be said about sizes that were laid out."""
    if all(one.layout is None for one, _ in read):
        return inspection
    open_ones = tuple(question for question in inspection.questions if question.field not in COUNTS)
    notices = tuple(notice for notice in inspection.notices if notice.code != "import.sizes_summed")
    return replace(inspection, questions=open_ones, notices=notices)


def _placed(cleaned: Cleaned, sheet: _Sheet, inspection: Inspection) -> Cleaned:
    """The rows with the place that the title, the sheet's name or the file's names for all of them, where the sheet has
    no column of places; what is not for sale stands before the places of such a column."""
    frame, title = cleaned.frame, _title(sheet, inspection)
    if not title or below.PLACE not in inspection.kind.spec.parts:
        return cleaned
    if below.PLACE not in frame:
        location = pd.Series(title, index=frame.index, dtype="str")
    elif NOT_FOR_SALE.search(title):
        location = (title + " " + frame[below.PLACE].astype("str").fillna("")).str.strip()
    else:
        return cleaned
    said = Notice("import.place_named", {"names": [title], "sheet": sheet.name})
    return replace(cleaned, frame=frame.assign(location=location), notices=(*cleaned.notices, said))


def _title(sheet: _Sheet, inspection: Inspection) -> str:
    """The place that is named for a whole sheet: by the lines above its header, by its name (one of several that are
    named by their places, all are), by the file; "" for none."""
    names, own = inspection.sheets, sheet.name
    by_places = len(names) > 1 and any(is_place(name) or NOT_FOR_SALE.search(name) for name in names)
    by_name = own if by_places or is_place(own) or NOT_FOR_SALE.search(own) else titles.place_in(own)
    both = (titles.place_above(sheet.grid, sheet.header.row), by_name)
    return " ".join(dict.fromkeys(filter(None, both))) or titles.place_in(PurePath(inspection.file_name).stem)


def _checked(inspection: Inspection, sheet: _Sheet) -> tuple[_Sheet, tuple[Cleaned, Header]]:
    """A sheet as it is read, its rows, and its header with the columns that tell the parts of one code apart where
    the operator said that the code is one product."""
    kind, own = inspection.kind, sheet.header
    sizes = matrix.asked(inspection, sheet.grid, own)
    if sizes:
        grid, header, layout, notice = matrix.laid_out(sheet.grid, own, sizes, kind)
        sheet = _Sheet(sheet.name, grid, header, layout, (notice,))
        own = matrix.in_force(own, sizes, kind)
    cleaned = _cleaned(inspection, sheet)
    asked = None if inspection.below else below.question(sheet.grid, sheet.header, cleaned, kind)
    if asked is not None:
        raise asked
    listed = None if inspection.key else sizes_listed(sheet.grid, sheet.header, cleaned, kind)
    if listed is not None:
        raise listed
    apart = telling(sheet.grid, sheet.header, cleaned, kind)
    if apart is None:
        return sheet, (cleaned, own)
    if inspection.key and not sizes:
        header = as_parts(own, apart.columns, kind.spec)
        sheet = replace(sheet, header=header)
        return sheet, (_cleaned(inspection, sheet), header)
    if apart.rows * FEW >= cleaned.rows:  # fewer are a slip of the pen: those rows alone are refused
        raise apart.asked(sheet.header)
    return sheet, (cleaned, own)


def _grid(inspection: Inspection, sheet: str, header: Header) -> Grid:
    """The cells of a sheet, with the blanks filled that the operator said mean the cell above."""
    grid = inspection.workbook.grid(sheet)
    return below.filled(grid, header, inspection.below) if any(inspection.below.values()) else grid


def _cleaned(inspection: Inspection, sheet: _Sheet) -> Cleaned:
    header, options = sheet.header, inspection.options
    mapping = header.mapping if sheet.layout else across.in_force(sheet.grid, header, inspection)
    read = clean(sheet.grid, header.row, mapping, inspection.kind.spec, sheet.name, options)
    return _in_yuan(replace(read, notices=(*read.notices, *sheet.notices)), options)


def _in_yuan(cleaned: Cleaned, options: CleanOptions) -> Cleaned:
    """A sheet whose amounts were turned into yuan at the operator's rates is one in yuan."""
    if not options.rates or "currency" not in cleaned.frame:
        return cleaned
    turned = cleaned.frame["currency"].map(currency_code).isin({code.upper() for code in options.rates})
    return replace(
        cleaned, frame=cleaned.frame.assign(currency=cleaned.frame["currency"].mask(turned, "CNY"))
    )


def _require_columns(header: Header, kind: Kind) -> None:
    mapped = set(header.mapping.values())
    left = [text for at, text in enumerate(header.headers) if text and at not in header.mapping]
    missing = [entry.name for entry in kind.spec.fields if entry.required and entry.name not in mapped]
    lacks_all = bool(kind.any_of) and not set(kind.any_of) & mapped
    other = elsewhere(header.headers, kind.name) if missing or lacks_all else None
    if other is not None:
        raise ShopError(
            "import.other_kind", name=other.name, name_en=other.name_en, other=other.kind, kind=kind.name
        )
    days = [text for text in header.headers if _is_day(text)]
    if "stat_date" in missing and len(days) > 1:
        raise ShopError("import.days_across", names=days)
    if missing:
        raise ShopError(
            "import.missing_columns",
            fields=missing,
            kind=kind.name,
            headers=[text for text in header.headers if text],
            left=left or ["-"],
        )
    if lacks_all:
        raise ShopError("import.missing_any", fields=list(kind.any_of), kind=kind.name, left=left or ["-"])


def _is_day(header: str) -> bool:
    """Whether a header is a day, alone or as the upper level: 2026-11-01, 11月1日, 11/1.

    >>> [_is_day(text) for text in ("2026-11-01", "11月1日 > 访客数", "11/1", "访客数", "35")]
    [True, True, True, False, False]
    """
    return _DAY.fullmatch(header.split(JOINT)[0].strip()) is not None


def _together(inspection: Inspection, taken: Sequence[Cleaned]) -> Cleaned:
    """Several sheets as one: rows numbered by sheet; a key that two sheets hold is summed where the operator
    chose the sheets, else it is a question."""
    numbered = [_numbered(cleaned.frame, at) for at, cleaned in enumerate(taken)]
    frame = pd.concat(numbered, ignore_index=True)
    whole = _shared_keys(inspection, frame)
    return replace(
        taken[0],
        frame=whole,
        rejected=pd.concat([_numbered(one.rejected, at) for at, one in enumerate(taken)], ignore_index=True),
        rows=sum(one.rows for one in taken),
        skipped_totals=sum(one.skipped_totals for one in taken),
        merged=sum(one.merged for one in taken) + len(frame) - len(whole),
        hidden=sum(one.hidden for one in taken),
        tallies=added([one.tallies for one in taken]),
        repeated=sum(one.repeated for one in taken),
        totals=pd.concat([_numbered(one.totals, at) for at, one in enumerate(taken)], ignore_index=True),
        notices=tuple(notice for one in taken for notice in one.notices),
        returns=returns.together([one.returns for one in taken]),
    )


def _numbered(frame: pd.DataFrame, place: int) -> pd.DataFrame:
    """Rows of the n-th sheet under their numbers in the whole file."""
    names = [name for name in ("row", "first_row") if name in frame]
    return frame.assign(**{name: frame[name] + place * SHEET_ROWS for name in names})


def _shared_keys(inspection: Inspection, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with keys that two sheets hold brought together. ShopError("import.sheets_share") where nobody
    chose the sheets (months of one stock?), or where such rows do not add up."""
    spec = inspection.kind.spec
    key = [name for name in spec.key if name in frame]
    pairs = (
        frame[key].assign(sheet_number=frame["row"] // SHEET_ROWS).drop_duplicates() if key else frame.head(0)
    )
    if not key or not pairs.duplicated(key).any():
        return frame
    if not inspection.chosen or not (spec.sum_parts or spec.parts):
        raise ShopError("import.sheets_share", sheets=list(inspection.sheets))
    if spec.sum_parts:
        return parts.sum_parts(frame, spec)
    names = (frame["row"] // SHEET_ROWS).map(dict(enumerate(inspection.sheets)))
    inner = frame["location"].fillna("") if "location" in frame else pd.Series("", index=frame.index)
    inner = inner.mask(inner == names, "")
    return frame.assign(location=names.str.cat(inner.astype("str"), sep=" ").str.strip())
