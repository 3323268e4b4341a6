"""From a file's bytes to cleaned rows in one step, as an import goes; in this process where the child's
limits are not the matter."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from core.sheets.clean import Cleaned, clean
from core.sheets.columns import SheetSpec
from core.sheets.detect import guess_header, guess_sheet
from core.sheets.formats import child
from core.sheets.reader import Grid, ReadLimits, SheetInfo, Workbook, ranges, read_workbook


def opened(content: bytes) -> Workbook:
    """What `read_workbook` gives, without its process around it."""
    sheets = child.read(content, None, asdict(ReadLimits()))
    infos = tuple(SheetInfo(s["name"], s["hidden"], s["rows"], s["columns"], s["problem"]) for s in sheets)
    return Workbook(
        infos,
        {
            s["name"]: Grid(
                s["cells"],
                1,
                s["first_column"],
                s["flaws"].to_pandas(),
                np.array(s["hidden_rows"], np.int64),
                ranges(s["merges"]),
            )
            for s in sheets
        },
    )


def taken(content: bytes, spec: SheetSpec, filename: str = "") -> Cleaned:
    """The sheet that fits best, read against its kind (through the guarded child if a file name is given);
    the figures always add up."""
    workbook = read_workbook(content, filename) if filename else opened(content)
    sheet = guess_sheet(workbook, spec)
    grid = workbook.grid(sheet)
    header = guess_header(grid, spec)
    found = clean(grid, header.row, header.mapping, spec, sheet)
    assert (
        found.rows == len(found.frame) + found.merged + found.skipped_totals + found.rejected["row"].nunique()
    )
    return found


def faults(found: Cleaned) -> dict[str, str]:
    """Refused cell -> code."""
    return dict(zip(found.rejected["cell"], found.rejected["code"], strict=True))
