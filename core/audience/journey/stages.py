"""The seven stages of a purchase as rates, and which of them has fallen most against the last sale. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

STAGES = ("discovery", "purchase", "product", "after_sale", "rating", "membership", "care")
LEAST = 20  # a rate of fewer says nothing
Part = tuple[int, int]
ROWS = ("stage", "numerator", "denominator", "rate", "before", "change", "relative", "weakest")


def compared(now: Mapping[str, Part], before: Mapping[str, Part]) -> pd.DataFrame:
    """ROWS, a stage a row: rate and the last sale's (NaN without a denominator), change (points as a rate), relative (rate
    over the last sale's less 1), weakest (one at most).

    `now`, `before`: stage -> (numerator, denominator), without stages that nothing is known of. The weakest is the one that
    has fallen most in relation to its own last sale, not the one of the lowest rate; none where none has fallen, and none of
    fewer than LEAST.
    """
    parts = [now.get(stage, (0, 0)) for stage in STAGES]
    rates = [_rate(now.get(stage)) for stage in STAGES]
    earlier = [_rate(before.get(stage)) for stage in STAGES]
    rows = pd.DataFrame(
        {
            "stage": STAGES,
            "numerator": [part[0] for part in parts],
            "denominator": [part[1] for part in parts],
            "rate": rates,
            "before": earlier,
        }
    )
    base = rows["before"].where(rows["before"] > 0)
    rows = rows.assign(change=rows["rate"] - rows["before"], relative=rows["rate"] / base - 1)
    enough = [
        part[1] >= LEAST and before.get(stage, (0, 0))[1] >= LEAST
        for stage, part in zip(STAGES, parts, strict=True)
    ]
    fallen = rows["relative"].where(np.array(enough) & (rows["relative"] < 0))
    rows["weakest"] = False
    if fallen.notna().any():
        rows.loc[fallen.idxmin(), "weakest"] = True
    return rows[list(ROWS)]


def _rate(part: Part | None) -> float:
    return part[0] / part[1] if part is not None and part[1] else float("nan")
