"""The bridge as rows of a waterfall, for the screen and for paper."""

from __future__ import annotations

import pandas as pd

from core.review.service import Landing
from pages.parts.components.charts import yuan
from pages.parts.components.text import money_short, plain


def rungs(seen: Landing) -> pd.DataFrame:
    """The bridge as rows of a waterfall."""
    steps = [
        ("plan", seen.plan, "total"),
        *((str(k), int(v), "rise" if v >= 0 else "fall") for k, v in seen.bridge.items()),
    ]
    rows, level = [], 0
    for name, fen, kind in [*steps, ("actual", seen.actual, "total")]:
        start, end = (0, fen) if kind == "total" else (level, level + fen)
        level = end
        rows.append((plain(f"review.{name}"), start, end, kind, money_short(fen, sign=kind != "total")))
    frame = pd.DataFrame(rows, columns=["label", "start", "end", "kind", "figure"])
    return frame.assign(start=yuan(frame["start"]), end=yuan(frame["end"]))
