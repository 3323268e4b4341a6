"""What an import did or would do: its counts, its control sums, its refused cells, and what must be said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from core.imports import rules
from core.imports.control import Control, controls
from core.imports.draft import SHEET_ROWS, Draft
from core.imports.kinds import Comparison
from core.sheets.clean import Cleaned
from core.sheets.formats.container import column_letters
from core.sheets.parts import Tally

RETURNED = ("rows", "units", "amount", "beyond")
VERSION_CONFLICT = "import.version_conflict"
MOSTLY_REFUSED = "import.mostly_refused"
ASKING = frozenset(
    {"import.strange", "import.columns_fit_twice", MOSTLY_REFUSED, "stock.leap", "stock.old_sheet"}
)
"""Warnings that somebody has to answer before a sheet may be written."""
_SOME = 10  # so many refused rows are no slips of the pen


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did (or would do). `figures` are counts, `control` the control sums of each count and
    amount (units, fen), `rejected` a frame with the cells refused and why. `mapping`: field -> its headers,
    joined by "+"."""

    import_id: str
    kind: str
    sheet: str
    header_row: int
    mapping: Mapping[str, str]
    figures: Mapping[str, int]
    rejected: pd.DataFrame
    committed: bool
    control: Mapping[str, Control]
    warnings: tuple[Mapping[str, object], ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the warnings."""
        return tuple(str(warning["code"]) for warning in self.warnings)

    @property
    def questions(self) -> tuple[str, ...]:
        """What a person has to decide first: the codes of doubts, and of conflicts that nobody has decided."""
        conflicts = (self.rejected["code"] == VERSION_CONFLICT).any()
        asked = tuple(code for code in self.codes if code in ASKING)
        return (*asked, VERSION_CONFLICT) if conflicts else asked


def report_of(
    draft: Draft,
    comparison: Comparison,
    decisions: Mapping[str, str],
    import_id: str,
    *,
    partial: bool = False,
) -> Report:
    """The report of a compared draft; `committed` says whether it may be written: it holds a good row, and no
    question is open. `partial`: somebody said that the rows that hold are wanted although most are refused."""
    cleaned, inspection = draft.cleaned, draft.inspection
    undecided = comparison.rows[comparison.rows["state"] == "conflict"]
    conflicts = rules.refuse(undecided, inspection.sheet, "row_version", VERSION_CONFLICT, undecided["key"])
    refused = [part for part in (cleaned.rejected, comparison.rejected, conflicts) if len(part)]
    rejected = pd.concat(refused or [cleaned.rejected], ignore_index=True)
    counts = rules.figures(
        cleaned.rows,
        cleaned.merged + comparison.merged,
        cleaned.skipped_totals,
        comparison.rows["state"],
        rejected,
        len(comparison.absent),
        cleaned.hidden,
    )
    good = counts["added"] + counts["changed"] + counts["unchanged"]
    whole = addressed(draft, rejected)
    doubt = None if partial else mostly_refused(counts, whole)
    return Report(
        import_id,
        inspection.kind.name,
        ", ".join(inspection.sheets),
        inspection.header.row,
        inspection.mapping,
        counts,
        whole,
        good > 0 and not inspection.questions and doubt is None,
        control_of(draft, comparison, decisions),
        (*warnings(draft, comparison), *([doubt] if doubt else [])),
    )


def mostly_refused(counts: Mapping[str, int], rejected: pd.DataFrame) -> Mapping[str, object] | None:
    """The doubt about a sheet of which more rows are refused than taken: it was probably not understood, and what
    holds of it is a fraction. None for a few slips, and where nothing holds (that says enough)."""
    refused, good = counts["rejected"], counts["added"] + counts["changed"] + counts["unchanged"]
    if refused < _SOME or not good or refused * 2 <= counts["rows"]:
        return None
    first = rejected.iloc[0]
    return {
        "code": MOSTLY_REFUSED,
        "rows": counts["rows"],
        "refused": refused,
        "cell": str(first["cell"] or first["row"]),
        "sheet": str(first["sheet"]),
        "reason": str(first["code"]),
    }


def control_of(draft: Draft, comparison: Comparison, decisions: Mapping[str, str]) -> dict[str, Control]:
    """The control sums of a compared draft."""
    kept = [key for key, decision in decisions.items() if decision == "keep"]
    cleaned = draft.cleaned
    return controls(draft.inspection.kind.spec, _tallies(cleaned), cleaned.frame, comparison, kept)


def _tallies(cleaned: Cleaned) -> dict[str, Tally]:
    """The tallies with what went from sales to refunds (returns) counted in `skipped`."""
    moved = cleaned.returns.moved
    return {
        name: tally._replace(skipped=tally.skipped - moved.get(name, 0))
        for name, tally in cleaned.tallies.items()
    }


def addressed(draft: Draft, rejected: pd.DataFrame) -> pd.DataFrame:
    """Refused cells with the sheet, the row and the cell that the reader sees."""
    several = len(draft.inspection.sheets) > 1
    rejected = _celled(draft, rejected)
    if not len(rejected) or not (several or draft.laid):
        return rejected
    place, row = rejected["row"] // SHEET_ROWS, rejected["row"] % SHEET_ROWS
    named = rejected.assign(row=row, sheet=draft.sheet_of(rejected["row"]) if several else rejected["sheet"])
    laid = [draft.laid[at].addressed(named[place == at]) for at in draft.laid if (place == at).any()]
    kept = named[~place.isin(list(draft.laid))]
    return (
        pd.concat([kept, *laid]).sort_values(["sheet", "row"], kind="stable", ignore_index=True)
        if laid
        else kept
    )


def _celled(draft: Draft, rejected: pd.DataFrame) -> pd.DataFrame:
    """Rows that only the shop could refuse, with the cell of the field that it refused them for."""
    bare = rejected["cell"] == "" if len(rejected) else pd.Series(dtype=bool)
    if not bare.any():
        return rejected
    places = rejected["row"] // SHEET_ROWS
    letters = {at: _letters(draft, at) for at in places[bare].unique() if at not in draft.laid}
    cells = [
        letters.get(at, {}).get(field, "") and f"{letters[at][field]}{row % SHEET_ROWS}"
        for at, field, row in zip(
            places[bare], rejected.loc[bare, "field"], rejected.loc[bare, "row"], strict=True
        )
    ]
    return rejected.assign(
        cell=rejected["cell"].mask(bare, pd.Series(cells, index=rejected.index[bare], dtype="str"))
    )


def _letters(draft: Draft, place: int) -> dict[str, str]:
    """Field -> the letters of its last column in the n-th sheet."""
    looked = draft.inspection
    first = looked.workbook.grid(looked.sheets[place]).first_column
    return {name: column_letters(at + first) for at, name in sorted(looked.headers[place].mapping.items())}


def warnings(draft: Draft, comparison: Comparison) -> Iterator[Mapping[str, object]]:
    """What must be said of a file although nothing is wrong with its cells, each {"code", facts...}."""
    cleaned, inspection = draft.cleaned, draft.inspection
    if comparison.strange:
        yield {"code": "import.strange"}
    if inspection.repeated is not None:
        yield {"code": "import.repeated"}
    if cleaned.hidden:
        yield {"code": "import.hidden_rows", "rows": cleaned.hidden}
    if cleaned.returns.rows:
        yield {"code": "import.returns"} | {name: getattr(cleaned.returns, name) for name in RETURNED}
    if cleaned.repeated:
        yield {"code": "import.repeated_rows", "rows": cleaned.repeated}
    stand_in = inspection.header.stand_in
    if stand_in and inspection.mapping.get("sku_code") == stand_in and "sku_code" not in inspection.named:
        yield {"code": "import.stand_in", "header": stand_in}
    for question in inspection.questions:
        columns = [option._asdict() for option in question.options]
        yield {"code": "import.columns_fit_twice", "field": question.field, "columns": columns}
    for notice in (*inspection.notices, *cleaned.notices):
        yield {**notice.facts, "code": notice.code}
    yield from comparison.warnings
