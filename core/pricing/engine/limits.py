"""What a campaign's prices are held to: the shipped limits, and those that finance has changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import ShopError
from core.pricing.engine.methods import Policy
from core.pricing.engine.verdicts import TIER_LIMITS, Alarms, Limits


@dataclass(frozen=True, slots=True)
class PriceLimits:
    """All limits of a campaign. Days: `base_days` is 7 (the lowest deal price before a promotion in China) or
    30 (EU-style), `protection_days` the window in which a buyer may ask the difference back. `target` is the
    margin aimed at, by default 500 basis points above each tier's floor.
    """

    tiers: Mapping[str, Limits] = field(default_factory=lambda: dict(TIER_LIMITS))
    alarms: Alarms = field(default_factory=Alarms)
    brand: Policy = field(default_factory=Policy)
    base_days: int = 7
    protection_days: int = 27
    above_floor: int = 500

    def of(self, tier: str) -> Limits:
        """The limits of a tier; an unknown one is held to the regular tier's."""
        return self.tiers.get(tier, self.tiers["regular"])


def from_stored(stored: Mapping[str, Any]) -> PriceLimits:
    """The shipped limits with the stored differences on top. ShopError("price.limits_unsound") for a floor
    below the least margin or a wild figure."""
    shipped = PriceLimits()
    try:
        tiers = dict(shipped.tiers) | {
            tier: Limits(**values) for tier, values in stored.get("tiers", {}).items()
        }
        own = {
            name: int(stored[name])
            for name in ("base_days", "protection_days", "above_floor")
            if name in stored
        }
        limits = PriceLimits(
            tiers,
            replace(shipped.alarms, **stored.get("alarms", {})),
            replace(shipped.brand, **stored.get("brand", {})),
            **own,
        )
    except TypeError as error:
        raise ShopError("price.limits_unsound", tier="") from error
    for tier, limit in limits.tiers.items():
        if not -10_000 <= limit.least <= limit.floor < 10_000:
            raise ShopError("price.limits_unsound", tier=tier)
    if (
        limits.base_days not in {7, 30}
        or not 0 <= limits.protection_days <= 365
        or min(asdict(limits.alarms).values()) <= 0
    ):
        raise ShopError("price.limits_unsound", tier="")
    return limits


def loosened(before: PriceLimits, after: PriceLimits) -> dict[str, tuple[int, int]]:
    """What `after` lets pass that `before` held back: {limit: (before, after)} for the limits that are
    looser, named "tier.floor", "tier.least", by the alarm, or "base_days"; empty where nothing is."""
    lower = {
        f"{tier}.{name}": (getattr(before.of(tier), name), getattr(after.of(tier), name))
        for tier in sorted({*before.tiers, *after.tiers})
        for name in ("floor", "least")
    } | {"base_days": (before.base_days, after.base_days)}
    higher = {
        name: (value, int(getattr(after.alarms, name))) for name, value in asdict(before.alarms).items()
    }
    return {name: pair for name, pair in lower.items() if pair[1] < pair[0]} | {
        name: pair for name, pair in higher.items() if pair[1] > pair[0]
    }
