"""The workbook of people: best first inside each segment."""

from __future__ import annotations

import pandas as pd

from core.sheets.writer import export
from core.translations import sentences

LISTED = (
    ("buyer_key", "code"),
    ("segment", "code"),
    ("name", "text"),
    ("recency", "integer"),
    ("frequency", "integer"),
    ("amount", "money"),
    ("alive", "rate"),
    ("value", "money"),
)


def workbook(people: pd.DataFrame, language: str) -> bytes:
    """The rows of `service.ranked` as a workbook in the language ("zh", "en")."""
    words = sentences(language)
    named = people.assign(name=people["name"].map(lambda code: words[f"segment.{code}"]))
    columns = [(name, words[f"audience.{name}"], kind) for name, kind in LISTED]
    return export(named, columns, "segments", language)
