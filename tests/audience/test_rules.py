"""Segments, expected value, life cycle and cohorts against vectors computed apart."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audience import expected, life, rules
from core.audience.rules import Cuts
from core.errors import ShopError

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))


def _buyers(rows: list[tuple[int | None, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["recency", "frequency", "amount"])
    return frame.astype({"recency": "Int64"}).set_axis([f"b{n}" for n in range(len(rows))])


people = st.lists(
    st.tuples(st.integers(0, 900), st.integers(0, 9), st.integers(0, 10**7)), min_size=1, max_size=60
).map(lambda rows: _buyers([(r if f else None, f, m if f else 0) for r, f, m in rows]))


@given(people, st.sampled_from(["median", "mean", "60,2,30000"]), st.integers(0, 9), st.integers(0, 10**6))
def test_shares_are_of_a_whole(buyers: pd.DataFrame, cut: str, orders: int, fen: int) -> None:
    at = rules.cuts(buyers, cut)
    rows = rules.table(buyers, rules.segments(buyers, at), (orders, fen))
    assert rows["segment"].tolist() == [*rules.SEGMENTS, rules.NO_NET, rules.UNKNOWN]
    assert int(rows["buyers"].sum()) == len(buyers)
    assert int(rows["amount"].sum()) == int(buyers["amount"].sum()) + fen
    assert rows["buyer_share"].sum() == pytest.approx(1)
    if rows["amount"].sum():
        assert rows["amount_share"].sum() == pytest.approx(1)


@given(people, st.data())
def test_movement_is_antisymmetric(before: pd.DataFrame, data: st.DataObject) -> None:
    after = before.assign(amount=data.draw(st.permutations(before["amount"].tolist()))).iloc[1:]
    at = Cuts(60, 2, 30_000)
    there, back = rules.segments(before, at), rules.segments(after, at)
    assert (rules.net_moves(rules.moves(there, back)) == -rules.net_moves(rules.moves(back, there))).all()
    assert rules.moves(there, there).empty


def test_one_order_is_no_frequency_and_ties_are_counted() -> None:
    buyers = _buyers([(1, 1, 100), (5, 1, 300), (9, 2, 200), (None, 0, 0)])
    at = rules.cuts(buyers, "median")
    assert (at.recency, at.frequency, at.amount) == (5, 1, 200)
    assert rules.segments(buyers, at).tolist() == ["100", "101", "011", rules.NO_NET]
    assert rules.ties(buyers, at) == {"recency": 1, "frequency": 1, "amount": 1}


@pytest.mark.parametrize("cut", ["mode", "1,2", "1,2,x", "-1,2,3", "nan,2,3", ""])
def test_an_unreadable_cut_is_refused(cut: str) -> None:
    with pytest.raises(ShopError, match=r"audience\.cut"):
        rules.cuts(_buyers([(1, 1, 1)]), cut)


def test_expected_purchases_of_the_published_fit() -> None:
    told = VECTORS["bgnbd_cdnow"]
    own = told["own_scipy"]
    model = expected.Model(own["r"], own["alpha"], own["a"], own["b"])
    one = np.array([2.0]), np.array([30.43]), np.array([38.86])
    assert expected.purchases(model, *one, 39)[0] == pytest.approx(
        told["conditional_expected_x2_tx30.43_T38.86_t39"], abs=1e-6
    )
    assert expected.alive(model, *one)[0] == pytest.approx(told["p_alive"]["x2,tx30.43,T38.86"], abs=1e-9)
    other = np.array([1.0]), np.array([10.0]), np.array([20.0])
    assert expected.alive(model, *other)[0] == pytest.approx(told["p_alive"]["x1,tx10,T20"], abs=1e-9)
    assert expected.purchases(model, *other, 20)[0] == pytest.approx(
        told["expected"]["x1,tx10,T20,t20"], abs=1e-9
    )
    assert expected.alive(model, np.array([0.0]), np.array([0.0]), np.array([9.0])).tolist() == [1.0]


def _lives(model: expected.Model, people: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Histories drawn as the model says: gamma rates, a beta chance to leave after each purchase."""
    random = np.random.default_rng(seed)
    rate = random.gamma(model.r, 1 / model.alpha, people)
    leave = random.beta(model.a, model.b, people)
    whole = random.uniform(27, 39, people)
    x, t_x, clock = np.zeros(people), np.zeros(people), np.zeros(people)
    here = np.ones(people, dtype=bool)
    while here.any():
        clock = clock + random.exponential(1 / np.maximum(rate, 1e-12))
        here &= clock < whole
        x[here] += 1
        t_x[here] = clock[here]
        here &= random.random(people) >= leave
    return x, t_x, whole


def test_a_fit_finds_what_the_histories_were_drawn_from() -> None:
    truth = expected.Model(0.6, 5.0, 0.8, 2.5)
    x, t_x, whole = _lives(truth, 6_000, 7)
    own = expected.fit(x, t_x, whole)
    assert own.r == pytest.approx(truth.r, rel=0.15)
    assert own.alpha == pytest.approx(truth.alpha, rel=0.15)
    assert own.a / (own.a + own.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.15)
    ahead = expected.purchases(own, x, t_x, whole, 13).sum()
    assert ahead == pytest.approx(expected.purchases(truth, x, t_x, whole, 13).sum(), rel=0.05)


def test_the_fit_stands_where_no_step_aside_is_likelier() -> None:
    """Against the likelihood as the paper writes it, a person at a time: the fit's own is the same, and the highest."""
    x, t_x, whole = (np.round(values) for values in _lives(expected.Model(0.6, 5.0, 0.8, 2.5), 800, 11))
    own = expected.fit(x, t_x, whole)
    at = np.array([own.r, own.alpha, own.a, own.b])

    def likelihood(parameters: np.ndarray) -> float:
        return sum(_written_out(*parameters, *person) for person in zip(x, t_x, whole, strict=True))

    assert own.log_likelihood == pytest.approx(likelihood(at), rel=1e-9)
    for step in np.vstack([np.eye(4), -np.eye(4)]):
        assert likelihood(at * np.exp(0.02 * step)) < own.log_likelihood


def _written_out(r: float, alpha: float, a: float, b: float, x: float, t_x: float, whole: float) -> float:
    """Fader, Hardie, Lee 2005, equation 6: the chance of one history, as it stands there."""
    alive = math.gamma(b + x) * math.gamma(a + b) / math.gamma(b) / math.gamma(a + b + x)
    alive *= (alpha / (alpha + whole)) ** r / (alpha + whole) ** x
    gone = 0.0
    if x:
        gone = math.gamma(a + 1) / math.gamma(a) * math.gamma(b + x - 1) * math.gamma(a + b)
        gone *= (alpha / (alpha + t_x)) ** r / (alpha + t_x) ** x / math.gamma(b) / math.gamma(a + b + x)
    return math.log((alive + gone) * math.gamma(r + x) / math.gamma(r))


def test_too_few_for_a_fit_are_refused() -> None:
    with pytest.raises(ShopError, match="few_buyers"):
        expected.fit(np.zeros(30), np.zeros(30), np.full(30, 9.0))


def test_gaps_count_those_still_open() -> None:
    told = VECTORS["purchase_gap_right_censored"]["small"]
    closed = np.array(told["closed"], dtype=bool)
    median, most = life.gap_quantiles(np.array(told["gaps"]), closed, (0.5, 0.8))
    assert median == told["km_median"] != told["naive_median"]
    assert np.isnan(most), "two of five are still open after the last return"


def test_cohorts_and_their_curve() -> None:
    told = VECTORS["cohorts"]
    days = pd.DataFrame(told["events"], columns=["buyer_key", "day"]).assign(
        day=lambda f: pd.to_datetime(f["day"])
    )
    cells = life.cohorts(days, date.fromisoformat(told["as_of"]))
    grid = cells.pivot_table(index="cohort", columns="age", values="buyers")
    for cohort, row in told["triangle"].items():
        assert [None if np.isnan(n) else int(n) for n in grid.loc[cohort]] == row
    curve = life.retention(cells).set_index("age")
    for age, pair in told["curve_complete_months_num_den"].items():
        assert (
            pair is None
            if int(age) not in curve.index
            else curve.loc[int(age), ["buyers", "size"]].tolist() == pair
        )


def test_stickiness_is_the_mean_of_the_window() -> None:
    told = VECTORS["stickiness"]["active_days"]
    start = pd.Timestamp("2026-10-12")
    rows = [(who, start + pd.Timedelta(days=n)) for who, days in told.items() for n in days]
    active = pd.DataFrame(rows, columns=["user_key", "day"])
    rate, people = life.stickiness(active, start + pd.Timedelta(days=30))
    assert (rate, people) == (pytest.approx(19 / 60), 4)


def test_stages_by_silence() -> None:
    def day(text: str) -> pd.Timestamp:
        return pd.Timestamp(text)

    rows = [
        ("new", "2026-11-01"),
        ("active", "2026-09-01"),
        ("active", "2026-11-01"),
        ("lapsing", "2026-09-20"),
        ("lapsed", "2026-01-01"),
        ("recalled", "2026-01-01"),
        ("recalled", "2026-11-01"),
    ]
    days = pd.DataFrame([(who, day(text)) for who, text in rows], columns=["buyer_key", "day"])
    orders = days.groupby("buyer_key").size()
    stage = life.stages(days, orders, day("2026-11-12"), (40, 131))
    assert (stage == stage.index).all()
