"""A row as somebody saw it. Who changes it names the version that was looked at, and is refused where another is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd


class Version(NamedTuple):
    """The key of a row and the number of the version that was seen; 0: there was none yet."""

    key: str
    number: int


class Cells(NamedTuple):
    """Changed cells of a table (columns key, field, after), and by key the version of the row that was seen."""

    changes: pd.DataFrame
    versions: Mapping[str, int] | pd.Series
