"""What lists and tests say beside a review: the promotions' increment where a control proves it, and nothing else."""

from __future__ import annotations

import pandas as pd
import pytest

from core.overview import tried
from core.overview.tried import LISTS, Tried


def _tried(*lists: tuple[int | None, bool]) -> Tried:
    """Lists by their increment and whether they count."""
    rows = pd.DataFrame([{"increment": fen, "proof": proof} for fen, proof in lists], columns=list(LISTS))
    return Tried(rows.astype({"increment": "Int64"}), pd.DataFrame())


@pytest.mark.parametrize(
    ("lists", "value"),
    [(((5_000, True), (-2_000, True), (90_000, False)), 3_000), (((None, False),), None), ((), None)],
)
def test_the_increment_of_promotions_is_what_their_lists_prove(
    lists: tuple[tuple[int | None, bool], ...], value: int | None
) -> None:
    judged = pd.DataFrame(
        {
            "measure": ["dip", "incremental"],
            "value": [0.9, float("nan")],
            "unit": ["rate", "count"],
            "missing": ["", "not_identified"],
        }
    )
    row = tried.with_increment(judged, _tried(*lists)).set_index("measure").loc["incremental"]
    if value is None:
        assert row["missing"] == "not_identified"
    else:
        assert (row["value"], row["unit"], row["missing"]) == (value, "fen", "")
