"""Which sheet, and which rows are the header: guessed, then the operator's to correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import ShopError
from core.sheets.columns import SheetSpec, columns_named, fold
from core.sheets.goods_number import with_key
from core.sheets.layout.flat import with_parts
from core.sheets.layout.header_rows import header_rows, joined
from core.sheets.matching import Candidates, Match, match
from core.sheets.profiles import Profile, mapped, recognised
from core.sheets.reader import Grid, Workbook

LOOK_ROWS = 40


@dataclass(frozen=True, slots=True)
class Header:
    """A header: the Excel row (1-based) under which the data begin, column index in the grid -> field, and the
    headers' own texts.

    A field may have several columns: counts and amounts are their sum, codes and texts are joined in the
    mapping's order. `rows`: how many rows the header has; the levels of two and three are joined by " > ".
    `candidates`: fields that several columns fit equally well, for the operator to decide. `profile`: the known
    export that the headers are of. `stand_in`: the header of a goods number that stands in for the merchant code.
    """

    row: int
    mapping: dict[int, str]
    headers: list[str]
    rows: int = 1
    candidates: tuple[Candidates, ...] = ()
    profile: Profile | None = None
    stand_in: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before the header is looked for: corrections of earlier imports (header -> field, "" = not
    a field), and the headers that the operator names now; the row that holds these is the header."""

    remembered: Mapping[str, str] | None = None
    named: Sequence[str] = ()


def _known(known: Known | Mapping[str, str] | None) -> Known:
    return known if isinstance(known, Known) else Known(known)


def guess_header(grid: Grid, spec: SheetSpec, known: Known | Mapping[str, str] | None = None) -> Header:
    """The row of the first forty that names the most fields (the key above all), with the group titles above
    it; the first of equals.

    A row of a single text above a wider one is a title, even where it is a header word. Where no row names any
    field: the first row with two texts, nothing mapped, for the operator to map by hand.
    ShopError("sheet.no_rows") for a sheet without cells.
    """
    facts, rows = _known(known), grid.head(LOOK_ROWS)
    if not any(any(row) for row in rows):
        raise ShopError("sheet.no_rows")
    titles = _titles(rows)
    best, best_score = -1, 0.0
    for place, row in enumerate(rows):
        if place in titles:
            continue
        score = _score(row, spec, facts)
        if score > best_score + 0.05:
            best, best_score = place, score
    if best < 0:
        wide = [place for place, row in enumerate(rows) if sum(bool(text) for text in row) >= 2]
        best = wide[0] if wide else next(place for place, row in enumerate(rows) if any(row))
    return _header(grid, grid.first_row + best, spec, facts)


def header_at(
    grid: Grid, row: int, spec: SheetSpec, known: Known | Mapping[str, str] | None = None
) -> Header:
    """The header in the row that the operator chose, with the rows that belong to it above and below;
    ShopError("sheet.no_rows") where the sheet has none."""
    if not grid.row_texts(row):
        raise ShopError("sheet.no_rows")
    return _header(grid, row, spec, _known(known))


def _header(grid: Grid, row: int, spec: SheetSpec, known: Known) -> Header:
    first, last = header_rows(grid, row)
    headers = joined(grid, first, last)
    matched = match(headers, spec, known.remembered)
    profile = recognised(headers, spec.kind)
    mapping, candidates = _with_cells(grid, last, matched)
    if profile:
        mapping = _by_profile(mapping, mapped(profile, headers, spec), headers, known)
        candidates = tuple(
            rivals for rivals in candidates if rivals.equal or rivals.field not in profile.mapping
        )
    mapping, parts = with_parts(grid, last, headers, mapping, spec) if profile is None else (mapping, ())
    if parts:
        candidates = (*(rivals for rivals in candidates if rivals.field != parts[0].field), *parts)
    mapping, stand_in = with_key(grid, last, headers, mapping, spec)
    return Header(last, mapping, headers, last - first + 1, candidates, profile, stand_in)


def _with_cells(grid: Grid, row: int, matched: Match) -> tuple[dict[int, str], tuple[Candidates, ...]]:
    """The match without candidates that hold no cell below the header: between them there is nothing to decide."""
    mapping, candidates = dict(matched.mapping), list[Candidates]()
    for rivals in matched.candidates:
        cells = {at: grid.cells.column(at).slice(max(row - grid.first_row + 1, 0)) for at in rivals.columns}
        filled = tuple(at for at in rivals.columns if cells[at].null_count < len(cells[at]))
        taken = next((at for at in rivals.columns if mapping.get(at) == rivals.field), None)
        if filled and taken is not None and taken not in filled:
            mapping = {at: name for at, name in mapping.items() if at != taken} | {filled[0]: rivals.field}
        if len(filled) > 1:
            left = tuple(at for at in rivals.totals if at in filled)
            candidates.append(replace(rivals, columns=filled, totals=left))
    return dict(sorted(mapping.items())), tuple(candidates)


def _by_profile(
    mapping: Mapping[int, str], layout: Mapping[int, str], headers: Sequence[str], known: Known
) -> dict[int, str]:
    """The layout's columns, what was corrected before, and for its other fields what the spellings say."""
    taught = {fold(title): name for title, name in (known.remembered or {}).items()}
    corrected = {at: name for at, name in mapping.items() if fold(headers[at]) in taught}
    fields = set(corrected.values())
    laid = {at: name for at, name in layout.items() if name not in fields and fold(headers[at]) not in taught}
    rest = {
        at: name
        for at, name in mapping.items()
        if at not in laid and at not in corrected and name not in set(laid.values())
    }
    return dict(sorted((corrected | laid | rest).items()))


def _titles(rows: Sequence[Sequence[str]]) -> frozenset[int]:
    """Rows that hold a single text, above a row with several."""
    filled = [sum(bool(text.strip()) for text in row) for row in rows]
    return frozenset(at for at, count in enumerate(filled) if count == 1 and max(filled[at:]) > 1)


def _score(headers: Sequence[str], spec: SheetSpec, known: Known) -> float:
    """How much a row looks like the header: fields found, required ones more, headers that the operator names
    above all; what is a value elsewhere counts against it."""
    mapping = match(headers, spec, known.remembered).mapping
    named = sum(bool(columns_named(headers, text)) for text in known.named)
    if not mapping and not named:
        return 0.0
    required = sum(1 for field in mapping.values() if field in spec.required or field in spec.key)
    filled = [text for text in headers if text.strip()]
    numeric = sum(text.strip().replace(".", "", 1).replace(",", "").lstrip("-").isdigit() for text in filled)
    return len(mapping) + 2.0 * required + 100.0 * named - 0.5 * numeric + min(len(filled), 50) * 0.001


def guess_sheet(workbook: Workbook, spec: SheetSpec, known: Known | Mapping[str, str] | None = None) -> str:
    """The sheet whose header fits the kind best; hidden ones only where no other names a field; of equals the
    first.

    ShopError("sheet.no_rows") for a workbook without cells.
    """
    facts = _known(known)
    best, best_rank = "", (-1, -1.0)
    for info in workbook.sheets:
        if info.rows == 0:
            continue
        header = guess_header(workbook.grid(info.name), spec, facts)
        score = _score(header.headers, spec, facts) if header.mapping else 0.0
        rank = (int(not info.hidden) if header.mapping else 0, score)
        if rank > best_rank:
            best, best_rank = info.name, rank
    if not best:
        raise ShopError("sheet.no_rows")
    return best


def same_sheets(workbook: Workbook, sheet: str, header: Header, spec: SheetSpec) -> tuple[str, ...]:
    """Every sheet with the same header as the chosen one, in the workbook's order, itself included: they are
    offered together (one sheet a category). Hidden ones are left out."""
    wanted = {name: header.headers[at] for at, name in header.mapping.items()}
    alike = []
    for info in workbook.sheets:
        if info.rows == 0 or info.problem or (info.hidden and info.name != sheet):
            continue
        other = header if info.name == sheet else guess_header(workbook.grid(info.name), spec)
        if {name: other.headers[at] for at, name in other.mapping.items()} == wanted:
            alike.append(info.name)
    return tuple(alike)
