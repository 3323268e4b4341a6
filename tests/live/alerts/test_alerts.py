"""Alert rules: the state machine by properties, the statistics by simulated nights, printed and held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.campaign.pace import BIN, bin_shares, default_curve, share_at
from core.live.alerts import change, rules
from core.live.alerts.rules import RULES, Finding, Standing, step
from core.live.snapshot import forecast
from tests.bench.live_nights import NOISES, Shop, alert_rates


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
    assert step(Standing("acknowledged", 0), finding(True, False), RULES["silence"]) == (
        Standing("acknowledged", 0),
        "",
    )


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
    assert rules.fallen(30, 1_000, 0.1, 0.7)
    assert not rules.fallen(6, 100, 0.1, 0.7)
    assert not rules.fallen(80, 1_000, 0.1, 0.7)
    assert not rules.fallen(0, 0, 0.1, 0.7)


# --- the rules of a window, over nights of counted people and parcels
# -------------------------------------------------------------
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
    seen, bought, usual = (
        lately(visitors),
        lately(buyers),
        np.cumsum(buyers) / np.maximum(np.cumsum(visitors), 1),
    )
    first = rules.QUIET_HOUR // BIN
    looks = [
        (rules.fallen(int(b), int(v), float(u), limits["below"]), bool(b >= limits["clear"] * u * v))
        for v, b, u in zip(seen[first:], bought[first:], usual[first:], strict=True)
        if v >= limits["visitors"]
    ]
    return rings("conversion", looks) >= 0


def refund_rings(dice: np.random.Generator, surge: float) -> bool:
    """A night of equal orders of which REFUNDED come back, hours later; `surge` of an hour's orders come back
    at 20:00."""
    limits = RULES["refund"].limits
    paid = dice.poisson(10_000 * bin_shares(default_curve()))
    back = dice.binomial(paid, REFUNDED)
    delays = np.repeat(np.arange(len(paid)), back) + dice.exponential(DELAY_H * 60 / BIN, back.sum()).astype(
        int
    )
    refunds = np.bincount(delays[delays < len(paid)], minlength=len(paid)).astype(float)
    evening = slice(20 * 60 // BIN, 21 * 60 // BIN)
    refunds[evening] += surge * paid[evening]
    money, returned = lately(paid), lately(refunds)
    average = np.cumsum(paid) * 30 / np.maximum(np.arange(1, len(paid) + 1) * BIN, 30)
    rate = [rules.refund_rate(r, m, a) for r, m, a in zip(returned, money, average, strict=True)]
    looks = [
        (bool(r > limits["above"]), bool(r < limits["clear"]))
        for r, m in zip(rate, money, strict=True)
        if m >= limits["orders"]
    ]
    return rings("refund", looks) >= 0


def stock_rings(dice: np.random.Generator, cover: float) -> list[tuple[bool, bool]]:
    """(rang, was sold out) of SKUS goods that want UNITS each over the night and have `cover` times as
    many."""
    limits, curve = RULES["stock_out"].limits, default_curve()
    shares = np.cumsum(bin_shares(curve))
    found = []
    for _ in range(SKUS):
        want, stock = dice.gamma(4, UNITS / 4), round(UNITS * cover)
        sold = np.minimum(np.cumsum(dice.poisson(want * bin_shares(curve))), stock)
        minutes = np.arange(1, len(sold) + 1) * float(BIN)
        looks = []
        for units, share, minute in zip(sold, shares, minutes, strict=True):
            when = forecast.stock_out_share([units], [stock - units], float(share))
            ahead = float(forecast.share_to_minute(curve.minutes, curve.shares, when)[0]) - minute
            looks.append((ahead < limits["minutes"], not ahead < limits["clear"]))
        found.append((rings("stock_out", looks) >= 0, bool(sold[-1] >= stock)))
    return found


def window_rates(count: int) -> dict[str, float]:
    """Rates over `count` nights of each kind; for stock, the part of the bells that rang for goods that
    lasted."""
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


def test_false_alarms_are_rare_and_changes_and_misses_are_found() -> None:
    for name, noise in NOISES.items():
        for days in (0, 3, 12):
            found = alert_rates(noise, days, 100)
            print(f"\n{name}, {days} past days:", said(found))
            assert found["change_false"] <= 0.12
            assert found["pace_false"] <= 0.12
            if (name, days) == ("mild", 12):
                assert found["fall_found"] >= 0.80
                assert found["miss_found"] >= 0.60


def test_the_spread_of_the_hours_is_that_of_past_days_and_wide_without_any() -> None:
    limits, curve = RULES["change"].limits, bin_shares(default_curve())
    bare = change.noise_of(np.zeros((0, len(curve))), curve, limits)
    assert bare.memory == limits["memory"]
    assert set(bare.spread.tolist()) == {limits["spread"]}
    spreads = {}
    for sd in (0.05, 0.3):
        dice = np.random.default_rng(3)
        days = curve * np.exp(np.repeat(dice.normal(0, sd, (8, 24)), 60 // BIN, axis=1))
        noise = change.noise_of(days / days.sum(axis=1, keepdims=True), curve, limits)
        assert noise.spread.shape == (23,)
        spreads[sd] = float(np.median(noise.spread))
    assert spreads[0.05] < 0.12 < 0.2 < spreads[0.3] < 0.5


def test_a_day_that_is_low_as_a_whole_has_not_changed() -> None:
    limits, curve = RULES["change"].limits, default_curve()
    planned = np.diff(share_at(curve, np.arange(1, 25) * 60.0)) * 1e6
    noise = change.Noise(0.35, np.full(23, 0.1))
    for level in (0.8, 1.2):
        low, high = change.cusum(planned * level, planned, noise, limits)
        assert max(low.max(), high.max()) < limits["h"]
    fallen = planned.copy()
    fallen[11:] *= 0.7
    low, _ = change.cusum(fallen, planned, noise, limits)
    assert low[:11].max() < limits["h"] < low[11:14].max()


def test_a_forecast_of_a_third_of_the_target_rings_at_the_first_look() -> None:
    curve = default_curve()
    shop = Shop.of(np.zeros((0, 288)), curve)
    assert shop.pace_rings(bin_shares(curve) * 0.36, RULES["pace"].every)
    assert not shop.pace_rings(bin_shares(curve) * 0.8, rules.QUIET_HOUR)


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
def test_rates_over_four_hundred_nights() -> None:
    windows = window_rates(400)
    print("\nalerts of a window, 400 nights:", said(windows))
    assert windows["refund_false"] < 0.10
