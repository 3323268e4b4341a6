"""How often equal arms are called different: the short form; tests/bench/test_experiment_rates.py prints the long."""

from __future__ import annotations

from tests.experiments.simulate import best_of_segments, looks, lossy_verdicts, order_as_unit

PATHS = 20_000  # of equal arms: a rate of 5% is measured to within 0.3 points at two standard errors


def test_looking_every_day_keeps_the_promised_rate() -> None:
    equal = looks(PATHS, 0.0, seed=618)
    assert equal.naive > 0.20  # what looking every day at a plain z would do
    assert 0.040 < equal.bounds <= 0.055
    assert equal.sequence <= 0.02


def test_looking_every_day_still_sees_a_real_difference() -> None:
    better = looks(4_000, 0.10, seed=1111)
    assert better.bounds >= 0.75 * better.single
    assert better.stop < 12


def test_lost_logging_never_wins() -> None:
    words, called = lossy_verdicts(400, 0.10, seed=20)
    assert called > 0.8  # without the checks, the arm that lost nothing would be called better
    assert words == {"untrusted": 400}


def test_sound_logging_is_seldom_doubted() -> None:
    words, _ = lossy_verdicts(400, 0.0, seed=21)
    assert words.get("untrusted", 0) <= 3
    assert words.get("win", 0) + words.get("worse", 0) <= 36  # 5% and three standard errors


def test_people_not_orders_are_the_unit() -> None:
    delta, orders = order_as_unit(300, seed=22)
    assert delta <= 0.09
    assert orders >= 0.15


def test_the_best_of_eight_segments_is_no_winner() -> None:
    raw, holm = best_of_segments(4_000, 8, seed=23)
    assert raw > 0.30
    assert holm <= 0.06
