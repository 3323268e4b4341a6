"""Simulated shops with sale days of three kinds of noise: what the forecast of the close and the alerts are
measured on.

A shop's days share its own shape (a persistent difference from the shipped curve), each day has a shape of its
own, an hourly noise with memory, and a level. Every figure is computed by the product's own rules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.campaign.pace import BIN, Curve, bin_shares, default_curve, mean_curve, share_at
from core.live.alerts import change, rules
from core.live.alerts.rules import RULES, Finding, Standing
from core.live.snapshot import forecast

PER_HOUR = 60 // BIN
HARMONICS = 2
LEVEL = 0.08  # log spread of a day's level
TARGET = 100_000_000  # fen


@dataclass(frozen=True)
class Noise:
    """Log spreads: of an hour, of a day's shape, of a shop's shape; what an hour inherits from the one before."""

    hour: float
    day: float
    shop: float
    memory: float = 0.4


NOISES = {
    "mild": Noise(0.08, 0.03, 0.10),
    "middling": Noise(0.20, 0.10, 0.20),
    "heavy": Noise(0.30, 0.18, 0.30),
}
USUAL = Noise(0.25, 0.13, 0.25)  # of the shops that the forecast is promised for
OPENINGS = {"00:00": (0, 1_440), "20:00": (1_200, 1_680)}  # minute of the day, minutes until the close


def shops(noise: Noise, opening: str, count: int, days: int, seed: int) -> tuple[np.ndarray, Curve]:
    """(amounts per bin of `days` sale days of `count` shops, shape (count, days, bins), about 1 a day; the
    shipped curve)."""
    clock, length = OPENINGS[opening]
    plain, dice, hours = default_curve(clock, length), np.random.default_rng(seed), length // 60
    shop = shapes(dice, count, hours, noise.shop)[:, None, :]
    day = shapes(dice, count * days, hours, noise.day).reshape(count, days, hours)
    wobble = dice.normal(0, noise.hour * np.sqrt(1 - noise.memory**2), (count, days, hours))
    wobble[..., 0] /= np.sqrt(1 - noise.memory**2)
    for hour in range(1, hours):
        wobble[..., hour] += noise.memory * wobble[..., hour - 1]
    usual = bin_shares(plain) * np.exp(np.repeat(shop, PER_HOUR, axis=2))
    usual /= usual.sum(axis=2, keepdims=True)
    level = dice.normal(0, LEVEL, (count, days, 1))
    return usual * np.exp(np.repeat(day + wobble, PER_HOUR, axis=2) + level), plain


def shapes(dice: np.random.Generator, count: int, hours: int, spread: float) -> np.ndarray:
    """Smooth log shapes over a day, and how hard the opening's first two hours draw; shape (count, hours)."""
    turns = 2 * np.pi * np.arange(hours) / hours
    waves = [f(n * turns) for n in range(1, HARMONICS + 1) for f in (np.cos, np.sin)]
    basis = np.array([*waves, 2.0 * (np.arange(hours) < 2)])
    return np.asarray(dice.normal(0, spread / np.sqrt(HARMONICS), (count, len(basis))) @ basis)


@dataclass(frozen=True)
class Shop:
    """What the product knows of a shop: its past days, the curve and the errors made of them."""

    days: np.ndarray
    shipped: np.ndarray
    curve: Curve
    errors: np.ndarray

    @classmethod
    def of(cls, amounts: np.ndarray, plain: Curve) -> Shop:
        """The shop after these past days, shape (days, bins)."""
        days = amounts / amounts.sum(axis=1, keepdims=True)
        shipped = bin_shares(plain)
        curve = mean_curve(days, plain, forecast.PRIOR_DAYS)
        return cls(days, shipped, curve, forecast.residuals(days, shipped))

    def outlook(self, today: np.ndarray, minute: int) -> forecast.Forecast:
        """The forecast of a day that takes TARGET times `today` (per bin), at a minute."""
        bins = minute // BIN
        sold = round(today[:bins].sum() * TARGET)
        return forecast.forecast(sold, float(share_at(self.curve, minute)), self.errors[bins], minute)

    def pace_rings(self, today: np.ndarray, until: int) -> bool:
        """Does the pace alert fire until so many minutes after the opening?"""
        rule, standing = RULES["pace"], None
        for minute in range(rule.every, until + 1, rule.every):
            outlook = self.outlook(today, minute)
            best, grave = outlook.best or 0, (outlook.close or 0) < rule.limits["hopeless"] * TARGET
            if minute < rules.QUIET_HOUR and not grave:
                continue
            broken = grave or best < rule.limits["below"] * TARGET
            cleared = not broken and best >= rule.limits["clear"] * TARGET
            standing, event = _step(standing, Finding("pace", "", broken, cleared, {}, grave))
            if event == "fired":
                return True
        return False

    def change_rings(self, today: np.ndarray) -> np.ndarray:
        """Whether the running sum is beyond its limit after each hour, shape (hours - 1,)."""
        limits, hours = RULES["change"].limits, len(today) // PER_HOUR
        actual = today[: hours * PER_HOUR].reshape(hours, -1).sum(axis=1)
        planned = np.diff(share_at(self.curve, np.arange(hours + 1) * 60.0))
        noise = change.noise_of(self.days, self.shipped, limits)
        low, high = change.cusum(actual[1:], planned[1:], noise, limits)
        return np.maximum(low, high) > limits["h"]


def _step(standing: Standing | None, finding: Finding) -> tuple[Standing | None, str]:
    return rules.step(standing, finding, RULES["pace"])


def close_rates(
    noise: Noise, opening: str, minute: int, days: int, count: int, seed: int = 1
) -> dict[str, float]:
    """Coverage of the 80% interval, median error, and the interval's median width as a part of the close."""
    amounts, plain = shops(noise, opening, count, days + 1, seed)
    inside, errors, widths = [], [], []
    for each in amounts:
        seen = Shop.of(each[:days], plain).outlook(each[days], minute)
        final = each[days].sum() * TARGET
        if seen.close is None or seen.low is None or seen.high is None:
            continue
        inside.append(seen.low <= final <= seen.high)
        errors.append(abs(seen.close / final - 1))
        widths.append((seen.high - seen.low) / final)
    return {
        "covered": float(np.mean(inside)),
        "error": float(np.median(errors)),
        "width": float(np.median(widths)),
    }


def alert_rates(noise: Noise, days: int, count: int, seed: int = 2) -> dict[str, float]:
    """False days (a bell of the change rule on ordinary days, one of the pace rule on days that reach the
    target), a 30% fall at noon found within 3 hours, a day that misses its target by 20% found by +6 h."""
    amounts, plain = shops(noise, "00:00", count, days + 1, seed)
    noon, found = 12 * PER_HOUR, []
    for each in amounts:
        shop, today = Shop.of(each[:days], plain), each[days]
        fallen = today.copy()
        fallen[noon:] *= 0.7
        short = today / today.sum() * 0.8
        reached = today / today.sum()
        found.append(
            (
                shop.change_rings(today).any(),
                shop.pace_rings(reached, 1_440),
                shop.change_rings(fallen)[11:14].any(),
                shop.pace_rings(short, 360) or shop.change_rings(short)[:5].any(),
            )
        )
    names = ("change_false", "pace_false", "fall_found", "miss_found")
    return dict(zip(names, np.mean(np.array(found, dtype=float), axis=0).tolist(), strict=True))
