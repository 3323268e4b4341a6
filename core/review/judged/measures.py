"""What a judgement of a sale is made of: its basis and its lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from core.campaign.service import Campaign

UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class Sums:
    """What the sale was to bring and brought, in fen."""

    target: int
    paid: int
    refunded: int


@dataclass(frozen=True, slots=True)
class Basis:
    """What is judged: the campaign, its goods (`service._goods`), its sums; `costs`: whether costs may be shown."""

    mine: Campaign
    now: datetime
    goods: pd.DataFrame
    sums: Sums
    costs: bool

    @property
    def plan_id(self) -> str:
        """The campaign whose plan and prices count."""
        return self.mine.rehearsal_of or self.mine.campaign_id


@dataclass(frozen=True, slots=True)
class Measure:
    """One line. `value` and `target`: fen, rate 0..1, count, minutes or correlation by `unit`; NaN where there is none,
    and then `missing` says why."""

    area: str
    measure: str
    value: float = UNKNOWN
    target: float = UNKNOWN
    unit: str = "count"
    missing: str = ""
