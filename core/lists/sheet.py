"""The workbook of a list: the people to call."""

from __future__ import annotations

import pandas as pd

from core.sheets.writer import export
from core.translations import sentences

LISTED = (
    ("own_id", "code"),
    ("buyer_key", "code"),
    ("sku_code", "code"),
    ("goods", "text"),
    ("coming", "money"),
    ("worth", "money"),
    ("coupon", "money"),
    ("threshold", "money"),
)


def workbook(people: pd.DataFrame, language: str) -> bytes:
    """The rows of `sending.export` as a workbook in the language ("zh", "en")."""
    words = sentences(language)
    return export(people, [(name, words[f"lists.{name}"], kind) for name, kind in LISTED], "lists", language)
