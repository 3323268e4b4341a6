"""Pure: the design of a test, and what it asks of its people, its time and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import ShopError
from core.experiments.assignment import Arm, require_arms
from core.experiments.factors import METRICS
from core.experiments.statistics.design import size_of_conversion, size_of_mean
from core.experiments.statistics.effects import ALPHA
from core.experiments.statistics.verdict import GUARDS

UNIT_OF = {"events": "visitor", "orders": "buyer", "counts": "visitor"}
SOURCES = tuple(UNIT_OF)
STATES = ("draft", "running", "stopped")
PERSONS_ALONE = ("visitor_value", "aov")  # metrics whose spread only figures of persons can give


@dataclass(frozen=True, slots=True)
class Design:
    """A test as it is planned. `base`: the metric's level now (share, or fen); `deviation`: fen of one person, for
    metrics of money; `minimum`: the smallest effect worth having, in the metric's unit; `guards`: the change that
    is borne, as a number above 0 (refunds: share of paid money; margin: fen a visitor; stock: share of the units
    needed that nobody covers); `traffic`: the share of people who take part; `ends_at` None: no end is planned.
    """

    name: str
    source: str
    arms: tuple[Arm, ...]
    metric: str
    base: float
    minimum: float
    starts_at: datetime
    ends_at: datetime | None
    deviation: float = 0.0
    traffic: float = 1.0
    own_split: bool = False
    guards: Mapping[str, float] = field(default_factory=dict)
    hypothesis_id: str = ""
    idea_id: str = ""

    @property
    def unit(self) -> str:
        """What is split: visitors, or buyers known by name."""
        return UNIT_OF[self.source]

    @property
    def alpha(self) -> float:
        """The error that one comparison may spend: shared by the arms that are compared with control."""
        return ALPHA / (len(self.arms) - 1)

    @property
    def needed(self) -> int:
        """People of all arms together so that the smallest arm shows the minimum effect (power 80%)."""
        control, whole = self.arms[0].share, sum(arm.share for arm in self.arms)
        rarest = min(arm.share for arm in self.arms[1:])
        if self.metric == "conversion_rate":
            people = size_of_conversion(self.base, self.minimum, self.alpha, ratio=rarest / control)
        else:
            people = size_of_mean(self.deviation, self.minimum, self.alpha, ratio=rarest / control)
        return -(-people * whole // control)


def require(design: Design) -> Design:
    """The design with its arms checked. ShopError("experiments.arms" | "experiments.design", field=...)."""
    faults = {
        "name": not design.name.strip(),
        "source": design.source not in SOURCES,
        "metric": design.metric not in METRICS
        or (design.source == "counts" and design.metric in PERSONS_ALONE),
        "base": not design.base > 0 or (design.metric == "conversion_rate" and design.base >= 1),
        "minimum": not design.minimum > 0
        or (design.metric == "conversion_rate" and design.base + design.minimum >= 1),
        "deviation": design.metric in PERSONS_ALONE and not design.deviation > 0,
        "traffic": not 0 < design.traffic <= 1,
        "guards": bool(set(design.guards) - set(GUARDS))
        or any(worst < 0 for worst in design.guards.values()),
        "ends_at": design.ends_at is not None and design.ends_at <= design.starts_at,
    }
    for name, broken in faults.items():
        if broken:
            raise ShopError("experiments.design", field=name)
    require_arms(design.arms)
    return design
