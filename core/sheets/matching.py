"""Which column holds which field: known spellings ranked by how exactly they name it, and the columns between
which only the operator can decide."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from core.sheets.columns import ALIASES_FILE, JOINT, SheetSpec, fold

REMEMBERED, OWN, EXACT, USUAL, STAND_IN = range(5)  # how exactly a header names a field, best first
_FITS = {"exact": EXACT, "": USUAL, "stand-in": STAND_IN}
_WHOLE = frozenset(
    map(fold, ("合计", "总计", "小计", "合计数", "总数", "总量", "全部", "汇总", "Total", "All", "Sum"))
)
_PARTS = frozenset({"reserved", "presale_committed", "in_transit"})  # whose columns are often parts of it
_LEVELS = frozenset({"on_hand", "available_to_promise", "reserved", "in_transit"})
_PLACES = frozenset({"location", "lot"})
_LAST_WINS = frozenset(map(fold, ("商家编码", "商家SKU")))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Columns that name one field equally well, so that only their sums or the operator can decide.

    `columns`: indices in the grid, in the sheet's order; the mapping holds the first by rank for the time
    being. `equal`: their headers are the same text. `totals`: those among them that claim to be the sum of the
    others.
    """

    field: str
    columns: tuple[int, ...]
    equal: bool = False
    totals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """The columns of a header row: index in the grid -> field, and what stays undecided."""

    mapping: dict[int, str]
    candidates: tuple[Candidates, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class _Offer:
    """One column for one field; the smallest is the strongest."""

    fit: int
    rank: int
    place: int
    column: int
    field: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """A known spelling of a field: how exactly it names it, and its place in the list."""

    fit: int
    rank: int


@lru_cache(maxsize=1)
def aliases() -> Mapping[str, Mapping[str, Spelling]]:
    """Every known spelling, folded -> field name -> how well it fits; a field's better spellings come first
    in the file."""
    known: dict[str, dict[str, Spelling]] = {}
    with ALIASES_FILE.open(encoding="utf-8", newline="") as lines:
        for rank, row in enumerate(csv.DictReader(lines)):
            known.setdefault(fold(row["alias"]), {}).setdefault(
                row["field"], Spelling(_FITS[row["fit"]], rank)
            )
    return MappingProxyType(known)


@lru_cache(maxsize=1)
def spellings() -> tuple[tuple[str, str], ...]:
    """(spelling as written, field) of every known spelling."""
    with ALIASES_FILE.open(encoding="utf-8", newline="") as lines:
        return tuple((row["alias"], row["field"]) for row in csv.DictReader(lines))


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """What is known for one kind of sheet: folded header -> field, by correction and by its own titles, and
    each field's place in the kind's order."""

    remembered: Mapping[str, str]
    own: Mapping[str, str]
    order: Mapping[str, int]


def _vocabulary(spec: SheetSpec, remembered: Mapping[str, str]) -> _Vocabulary:
    own: dict[str, str] = {}
    for field in spec.fields:
        for text in (field.title_zh, field.title_en, field.name):
            if text:
                own.setdefault(fold(text), field.name)
    return _Vocabulary(
        {fold(title): name for title, name in remembered.items()},
        own,
        {field.name: at for at, field in enumerate(spec.fields)},
    )


def match(
    headers: Sequence[str | None], spec: SheetSpec, remembered: Mapping[str, str] | None = None
) -> Match:
    """Which column holds which field; a field is given to one column, a column to one field.

    A remembered correction (header -> field name, or "" for "not a field") wins; then the sheet's own titles;
    then the known spellings by how exactly they name the field, where one that serves two fields goes to the
    field that this kind of sheet has (the first in its order if it has both). Of two 商家编码 the last is the
    SKU's (platform templates put the product's first). Columns that fit a field equally well are reported as
    `candidates`.
    """
    vocabulary = _vocabulary(spec, remembered or {})
    offers = [
        offer
        for column, header in enumerate(headers)
        if fold(header)
        for offer in _offers(column, str(header), vocabulary)
    ]
    mapping = _settled(offers)
    return Match(dict(sorted(mapping.items())), tuple(_candidates(offers, mapping, headers, spec)))


def match_headers(
    headers: Sequence[str | None], spec: SheetSpec, remembered: Mapping[str, str] | None = None
) -> dict[int, str]:
    """The mapping of `match` alone."""
    return match(headers, spec, remembered).mapping


def passed_over(
    headers: Sequence[str], mapping: Mapping[int, str], spec: SheetSpec
) -> dict[str, tuple[int, ...]]:
    """Field -> columns that may be its figure too, and lost to the one that is taken: a better spelling, a known
    export."""
    left: dict[str, list[int]] = {}
    for column, header in enumerate(headers):
        if column in mapping or not header:
            continue
        for name in fields_named(header):
            if name in mapping.values() and spec.field(name).adds:
                left.setdefault(name, []).append(column)
    return {name: tuple(columns) for name, columns in left.items()}


def _offers(column: int, header: str, vocabulary: _Vocabulary) -> Iterator[_Offer]:
    folded = fold(header)
    preference = -column if folded in _LAST_WINS else column
    if folded in vocabulary.remembered:
        if vocabulary.remembered[folded] in vocabulary.order:
            yield _Offer(REMEMBERED, 0, preference, column, vocabulary.remembered[folded])
        return
    if folded in vocabulary.own:
        yield _Offer(OWN, 0, preference, column, vocabulary.own[folded])
    for name, spelling in fields_named(header).items():
        if name in vocabulary.order:
            rank = vocabulary.order[name] * 10_000 + spelling.rank
            yield _Offer(spelling.fit, rank, preference, column, name)


def fields_named(header: str) -> Mapping[str, Spelling]:
    """The fields that a header may name. One of several levels by its whole text, else by its last level, else
    (warehouses and their total under 库存) by its first."""
    whole = aliases().get(fold(header))
    first, *others = header.split(JOINT)
    if whole or not others:
        return whole or {}
    below, above = aliases().get(fold(others[-1]), {}), aliases().get(fold(first), {})
    if fold(others[-1]) in _WHOLE:
        return above
    if _LEVELS & set(above) and _PLACES & set(below):  # 库存 > 门店: what lies in the shop, not which shop
        below = {}
    return below or {name: Spelling(STAND_IN, spelling.rank) for name, spelling in above.items()}


def _settled(offers: Sequence[_Offer]) -> dict[int, str]:
    """Gives each field one column and each column one field, the strongest offer first."""
    chosen: dict[int, str] = {}
    for offer in sorted(offers):
        if offer.column not in chosen and offer.field not in chosen.values():
            chosen[offer.column] = offer.field
    return chosen


def _candidates(
    offers: Sequence[_Offer], mapping: Mapping[int, str], headers: Sequence[str | None], spec: SheetSpec
) -> Iterator[Candidates]:
    """Figures that several columns name equally well, and any field under two equal headers."""
    for column, name in mapping.items():
        mine = {offer.column: offer.fit for offer in offers if offer.field == name}
        free = {at: fit for at, fit in mine.items() if at == column or at not in mapping}
        title = fold(headers[column])
        equal = [at for at in free if fold(headers[at]) == title and title not in _LAST_WINS]
        alike = range(USUAL + 1) if name in _PARTS and free[column] <= USUAL else (free[column],)
        rivals = [at for at, fit in free.items() if fit in alike] if spec.field(name).adds else []
        if len(equal) > 1 or len(rivals) > 1:
            together = sorted({*equal, *rivals} if len(equal) > 1 else rivals)
            yield Candidates(name, tuple(together), len(equal) == len(together))
