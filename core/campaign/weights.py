"""What a plan is split with, and how it is stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from core.campaign.pace import Curve


@dataclass(frozen=True, slots=True)
class Weights:
    """What a plan is split with: whole weights by phase id, channel and tier; per cent by ISO day; and where
    new visitors come from.

    `base` and `retention`: old visitors of the shop and the part of them that comes back; `costs`: fen per
    new visitor by channel. `closed`: actual (gmv, visitors) of phases that had closed when the plan was made.
    `curves`: the shop's own pace curves by phase id that laid the phases out; none where it has no past sale
    yet. `people`: the visitors' own weights by dimension ("phase", "channel", "tier") and part, where a
    planner has given them; else they follow the money's.
    """

    phases: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)
    tiers: Mapping[str, int] = field(default_factory=dict)
    costs: Mapping[str, int] = field(default_factory=dict)
    base: int = 0
    retention: float = 0.0
    closed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    people: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def to_json(weights: Weights) -> dict[str, object]:
    """As JSON: mappings as lists of pairs, since their order is the operator's."""
    parts = {f.name: getattr(weights, f.name) for f in fields(weights) if f.name != "curves"}
    pairs = {
        name: list(value.items()) if isinstance(value, Mapping) else value for name, value in parts.items()
    }
    return pairs | {"curves": [(phase, _numbers(curve)) for phase, curve in weights.curves.items()]}


def _numbers(curve: Curve) -> list[object]:
    return [curve.clock, curve.minutes.tolist(), curve.shares.tolist(), curve.days]


def from_json(stored: Mapping[str, object]) -> Weights:
    """As stored by `to_json`."""
    known: dict[str, Any] = {
        name: dict(value) if isinstance(value, list) else value for name, value in stored.items()
    }
    curves = {
        phase: Curve(clock, np.array(minutes), np.array(shares), days)
        for phase, (clock, minutes, shares, days) in known.get(
            "curves", {}
        ).items()  # plans of before had none
    }
    closed = {phase: (done[0], done[1]) for phase, done in known["closed"].items()}
    return Weights(**(known | {"closed": closed, "curves": curves}))
