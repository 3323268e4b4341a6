"""Alert rules: the state machine by properties, the statistics by simulated nights, printed and held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.campaign.pace import BIN, bin_shares, default_curve
from core.live import alerts, pace
from core.live.alerts import RULES, Finding, Standing, step


def finding(broken: bool, cleared: bool) -> Finding:
    return Finding("pace", "", broken, cleared, {})


looks = st.lists(st.sampled_from([(True, False), (False, False), (False, True)]), max_size=60)


@given(looks, st.sampled_from(sorted(RULES)))
def test_an_alert_fires_only_after_a_streak_and_resolves_only_after_a_clear_streak(
    seen: list[tuple[bool, bool]], kind: str
) -> None:
    rule, standing, streak, clear = RULES[kind], None, 0, 0
    for broken, cleared in seen:
        was_open = standing is not None and standing.state in ("firing", "acknowledged")
        streak = 0 if was_open or not broken else streak + 1
        clear = clear + 1 if was_open and cleared else 0
        standing, event = step(standing, finding(broken, cleared), rule)
        if not was_open:
            assert (event == "fired") == (streak >= rule.fire_after)
            streak = 0 if event == "fired" else streak
        else:
            assert (event == "resolved") == (clear >= rule.clear_after)
            standing = None if event == "resolved" else standing


def test_an_alert_is_armed_again_after_it_was_resolved() -> None:
    rule = RULES["silence"]
    standing: Standing | None = None
    fired = 0
    for broken in [True] * 5 + [False] + [True] * 5:
        standing, event = step(standing, finding(broken, not broken), rule)
        fired += event == "fired"
    assert fired == 2


def test_an_acknowledged_alert_resolves_like_a_firing_one() -> None:
    assert step(Standing("acknowledged", 0), finding(False, True), RULES["silence"])[1] == "resolved"
    assert step(Standing("acknowledged", 0), finding(True, False), RULES["silence"]) == (Standing("acknowledged", 0), "")


def test_a_figure_on_the_edge_does_not_ring_all_night() -> None:
    standing: Standing | None = None
    events = []
    for n in range(60):
        standing, event = step(standing, finding(n % 2 == 0, False), RULES["refund"])
        events.append(event)
    assert events.count("fired") == 0
    standing = Standing("firing", 0)
    for n in range(60):
        standing, event = step(standing, finding(n % 2 == 0, n % 2 == 1), RULES["refund"])
        assert event == ""


def test_a_conversion_falls_only_beyond_chance() -> None:
    assert alerts.fallen(30, 1_000, 0.1, 0.7)
    assert not alerts.fallen(6, 100, 0.1, 0.7)
    assert not alerts.fallen(80, 1_000, 0.1, 0.7)
    assert not alerts.fallen(0, 0, 0.1, 0.7)


# --- simulated nights: level and hourly news as shops have them, the same numbers for every rule -------------------------------------
LEVEL, NEWS, MEMORY = 0.08, 0.2, 0.5


def nights(count: int, level: float, drop: float, seed: int) -> np.ndarray:
    """Amounts per 5-minute bin, shape (nights, bins), target 1; `drop` multiplies everything from 10:00 on."""
    dice = np.random.default_rng(seed)
    shares = bin_shares(default_curve())
    news = dice.normal(0, NEWS * np.sqrt(1 - MEMORY**2), (count, 24))
    for hour in range(1, 24):
        news[:, hour] += MEMORY * news[:, hour - 1]
    wobble = news - np.log(np.exp(news).mean())
    noise = np.repeat(wobble, 60 // BIN, axis=1) + dice.normal(0, LEVEL, (count, 1))
    amounts = level * shares * np.exp(noise)
    amounts[:, 10 * 60 // BIN :] *= drop
    return amounts


def missed(amounts: np.ndarray, past: np.ndarray) -> bool:
    """Does the projection rule fire in that night?"""
    rule, standing = RULES["pace"], None
    shares = np.cumsum(bin_shares(default_curve()))
    sold = np.cumsum(amounts)
    for minutes in range(alerts.QUIET_HOUR, 1_440, rule.every):
        bins = minutes // BIN
        high = pace.forecast(round(sold[bins - 1] * 1e6), float(shares[bins - 1]), pace.residuals(past, bins), minutes).high
        assert high is not None
        look = finding(high < rule.limits["below"] * 1e6, high >= rule.limits["clear"] * 1e6)
        standing, event = step(standing, look, rule)
        if event == "fired":
            return True
    return False


def changed(amounts: np.ndarray) -> bool:
    """Does the running sum fire in that night?"""
    hours = amounts.reshape(24, -1).sum(axis=1)
    planned = bin_shares(default_curve()).reshape(24, -1).sum(axis=1)
    low, high = alerts.cusum(hours[1:], planned[1:])
    return bool(max(low.max(), high.max()) > RULES["change"].limits["h"])


def naive(amounts: np.ndarray) -> bool:
    """The rule that everybody begins with: 5% behind plan, some time after the first hour."""
    sold, due = np.cumsum(amounts), np.cumsum(bin_shares(default_curve()))
    return bool((sold[12:] < 0.95 * due[12:]).any())


def rates(count: int) -> dict[str, float]:
    """Rates over `count` nights, with twelve past nights of the same shop behind the interval."""
    past = nights(12, 1.0, 1.0, 1)
    good, bad, broken = nights(count, 1.0, 1.0, 2), nights(count, 0.7, 1.0, 3), nights(count, 1.0, 0.7, 4)
    fine = good[good.sum(axis=1) >= 0.95]
    return {
        "pace_false": float(np.mean([missed(night, past) for night in fine])),
        "pace_found": float(np.mean([missed(night, past) for night in bad])),
        "change_false": float(np.mean([changed(night) for night in good])),
        "change_found": float(np.mean([changed(night) for night in broken])),
        "naive_false": float(np.mean([naive(night) for night in fine])),
    }


# --- the rules of a window, over nights of counted people and parcels -------------------------------------------------------------
VISITORS, RATE, WOBBLE = 100_000, 0.10, 0.10
REFUNDED, DELAY_H = 0.03, 3.0
SKUS, UNITS = 20, 60
WINDOW = 30 // BIN


def rings(kind: str, looks: list[tuple[bool, bool]]) -> int:
    """The number of the look at which the rule fires for the first time, -1 if it never does."""
    standing: Standing | None = None
    for number, (broken, cleared) in enumerate(looks):
        standing, event = step(standing, finding(broken, cleared), RULES[kind])
        if event == "fired":
            return number
    return -1


def lately(sums: np.ndarray) -> np.ndarray:
    """Sums of the last half hour at each bin."""
    whole = np.concatenate([[0], np.cumsum(sums)])
    at = np.arange(1, len(whole))
    return np.asarray(whole[at] - whole[np.maximum(at - WINDOW, 0)])


def conversion_rings(dice: np.random.Generator, factor: float) -> bool:
    """A night of visitors who buy at RATE, an hour's rate straying by WOBBLE; `factor` on it from 10:00."""
    limits = RULES["conversion"].limits
    visitors = dice.poisson(VISITORS * bin_shares(default_curve()))
    rates = RATE * np.exp(np.repeat(dice.normal(0, WOBBLE, 24), 60 // BIN))
    rates[10 * 60 // BIN :] *= factor
    buyers = dice.binomial(visitors, np.minimum(rates, 1))
    seen, bought, usual = lately(visitors), lately(buyers), np.cumsum(buyers) / np.maximum(np.cumsum(visitors), 1)
    first = alerts.QUIET_HOUR // BIN
    looks = [
        (alerts.fallen(int(b), int(v), float(u), limits["below"]), bool(b >= limits["clear"] * u * v))
        for v, b, u in zip(seen[first:], bought[first:], usual[first:], strict=True)
        if v >= limits["visitors"]
    ]
    return rings("conversion", looks) >= 0


def refund_rings(dice: np.random.Generator, surge: float) -> bool:
    """A night of equal orders of which REFUNDED come back, hours later; `surge` of an hour's orders come back at 20:00."""
    limits = RULES["refund"].limits
    paid = dice.poisson(10_000 * bin_shares(default_curve()))
    back = dice.binomial(paid, REFUNDED)
    delays = np.repeat(np.arange(len(paid)), back) + dice.exponential(DELAY_H * 60 / BIN, back.sum()).astype(int)
    refunds = np.bincount(delays[delays < len(paid)], minlength=len(paid)).astype(float)
    evening = slice(20 * 60 // BIN, 21 * 60 // BIN)
    refunds[evening] += surge * paid[evening]
    money, returned = lately(paid), lately(refunds)
    average = np.cumsum(paid) * 30 / np.maximum(np.arange(1, len(paid) + 1) * BIN, 30)
    rate = [alerts.refund_rate(r, m, a) for r, m, a in zip(returned, money, average, strict=True)]
    looks = [
        (bool(r > limits["above"]), bool(r < limits["clear"])) for r, m in zip(rate, money, strict=True) if m >= limits["orders"]
    ]
    return rings("refund", looks) >= 0


def stock_rings(dice: np.random.Generator, cover: float) -> list[tuple[bool, bool]]:
    """(rang, was sold out) of SKUS goods that want UNITS each over the night and have `cover` times as many."""
    limits, curve = RULES["stock_out"].limits, default_curve()
    shares = np.cumsum(bin_shares(curve))
    found = []
    for _ in range(SKUS):
        want, stock = dice.gamma(4, UNITS / 4), round(UNITS * cover)
        sold = np.minimum(np.cumsum(dice.poisson(want * bin_shares(curve))), stock)
        minutes = np.arange(1, len(sold) + 1) * float(BIN)
        looks = []
        for units, share, minute in zip(sold, shares, minutes, strict=True):
            when = pace.stock_out_share([units], [stock - units], float(share))
            ahead = float(pace.share_to_minute(curve.minutes, curve.shares, when)[0]) - minute
            looks.append((ahead < limits["minutes"], not ahead < limits["clear"]))
        found.append((rings("stock_out", looks) >= 0, bool(sold[-1] >= stock)))
    return found


def window_rates(count: int) -> dict[str, float]:
    """Rates over `count` nights of each kind; for stock, the part of the bells that rang for goods that lasted."""
    dice = np.random.default_rng(9)
    goods = [each for _ in range(max(count // 10, 10)) for each in stock_rings(dice, 1.2)]
    lasted, gone = [rang for rang, out in goods if not out], [rang for rang, out in goods if out]
    return {
        "conversion_false": float(np.mean([conversion_rings(dice, 1.0) for _ in range(count)])),
        "conversion_found": float(np.mean([conversion_rings(dice, 0.5) for _ in range(count)])),
        "refund_false": float(np.mean([refund_rings(dice, 0.0) for _ in range(count)])),
        "refund_found": float(np.mean([refund_rings(dice, 0.3) for _ in range(count)])),
        "stock_false": float(np.mean(lasted)),
        "stock_found": float(np.mean(gone)),
    }


def said(found: dict[str, float]) -> str:
    return " · ".join(f"{name} {value:.1%}" for name, value in found.items())


def test_false_alarms_are_rare_and_bad_nights_are_found() -> None:
    found = rates(120)
    print("\nalerts, 120 nights:", said(found))
    assert found["pace_false"] < 0.10
    assert found["pace_found"] > 0.80
    assert found["change_false"] < 0.10
    assert found["change_found"] > 0.30
    assert found["naive_false"] > 3 * max(found["pace_false"], 0.05)


def test_the_rules_of_a_window_ring_when_they_should() -> None:
    found = window_rates(60)
    print("\nalerts of a window, 60 nights:", said(found))
    assert found["conversion_false"] < 0.05
    assert found["conversion_found"] > 0.95
    assert found["refund_false"] < 0.10
    assert found["refund_found"] > 0.95
    assert found["stock_found"] > 0.95


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_rates_over_two_thousand_nights() -> None:
    print("\nalerts, 2000 nights:", said(rates(2_000)), "· 400 nights:", said(window_rates(400)))
