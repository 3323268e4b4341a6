"""What a plan is split with, and how it is stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Weights:
    """What a plan is split with: whole weights by phase id, channel and tier; per cent by ISO day; and where new visitors come from.

    `base` and `retention`: old visitors of the shop and the part of them that comes back; `costs`: fen per new visitor by channel.
    `closed`: actual (gmv, visitors) of phases that had closed when the plan was made.
    """

    phases: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)
    tiers: Mapping[str, int] = field(default_factory=dict)
    costs: Mapping[str, int] = field(default_factory=dict)
    base: int = 0
    retention: float = 0.0
    closed: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def to_json(weights: Weights) -> dict[str, Any]:
    """As JSON: mappings as lists of pairs, since their order is the operator's."""
    return {name: list(value.items()) if isinstance(value, Mapping) else value for name, value in asdict(weights).items()}


def from_json(stored: Mapping[str, Any]) -> Weights:
    """As stored by `to_json`."""
    known = {name: dict(value) if isinstance(value, list) else value for name, value in stored.items()}
    return Weights(**known | {"closed": {phase: (done[0], done[1]) for phase, done in known["closed"].items()}})
