"""The pure rules beside the statistics: scores and ranks, arms by hash, worth of a change, verdicts, activities,
words found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.campaign.target import Target
from core.errors import ShopError
from core.experiments import factors, finding, scores
from core.experiments.assignment import Arm, Splitter, require_arms
from core.experiments.statistics.activity import activity_effect
from core.experiments.statistics.design import days_to, horizon
from core.experiments.statistics.proportions import conversion
from core.experiments.statistics.sample_ratio import sample_ratio
from core.experiments.statistics.verdict import Doubts, Guard, Look, judge

near = pytest.approx


def _medians(**ideas: tuple[int, int, int, int, int]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(ideas, orient="index", columns=list(scores.MEASURES)).astype("float64")


def test_running_cost_counts_in_reverse() -> None:
    medians = _medians(cheap=(3, 3, 3, 1, 3), dear=(3, 3, 3, 5, 3))
    assert scores.score(medians, scores.EQUAL).to_dict() == {"cheap": near(3.4), "dear": near(2.6)}


def test_own_weights_are_shares() -> None:
    medians = _medians(a=(5, 1, 1, 5, 1))
    weights = {"growth": 3, "speed": 1, "reuse": 1, "running_cost": 0, "fit": 0}
    assert scores.score(medians, weights)["a"] == near((15 + 1 + 1) / 5)


def test_medians_and_spread_of_votes() -> None:
    rows = [["i", 5, 1, 3, 2, 4], ["i", 3, 1, 3, 2, 4], ["i", 1, 5, 3, 2, 4]]
    tally = scores.tally(pd.DataFrame(rows, columns=["idea_id", *scores.MEASURES])).loc["i"]
    assert (tally["growth"], tally["growth_spread"], tally["speed"], tally["speed_spread"]) == (3, 4, 1, 4)
    assert tally["votes"] == 3


def test_a_rank_that_holds_and_one_that_does_not() -> None:
    clear = scores.ranked(_medians(best=(5, 5, 5, 1, 5), worst=(1, 1, 1, 5, 1)), scores.EQUAL)
    assert clear["rank"].to_dict() == {"best": 1, "worst": 2}
    assert (clear["rank_best"] == clear["rank_worst"]).all()
    assert (clear["holds"] == 1.0).all()
    close = scores.ranked(_medians(grows=(5, 2, 3, 3, 3), fast=(2, 5, 3, 3, 3)), scores.EQUAL)
    assert close["rank"].tolist() == [1, 1]  # equal scores share the rank
    assert close["rank_worst"].tolist() == [2, 2]
    assert (close["holds"] < 1).all()


@pytest.mark.parametrize("weights", [{}, dict.fromkeys(scores.MEASURES, 0), {**scores.EQUAL, "x": 1}])
def test_weights_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(ShopError) as refused:
        scores.require_weights(weights)
    assert refused.value.code == "experiments.weights"


def test_a_vote_of_six_is_refused() -> None:
    with pytest.raises(ShopError) as refused:
        scores.require_vote({**dict.fromkeys(scores.MEASURES, 3), "speed": 6})
    assert (refused.value.code, refused.value.facts["measure"]) == ("experiments.vote", "speed")


ARMS = (Arm("control", 50), Arm("video", 30), Arm("short", 20))


def test_arms_by_hash_have_their_shares_and_stay() -> None:
    split = Splitter(b"key", "e1", ARMS)
    people = [f"buyer{n}" for n in range(40_000)]
    arms = [split.arm(person) for person in people]
    counted = [arms.count(arm.code) for arm in ARMS]
    assert sample_ratio(counted, [50, 30, 20]).p > 0.001
    assert arms == [Splitter(b"key", "e1", ARMS).arm(person) for person in people]


def test_two_tests_split_independently() -> None:
    one, two = (Splitter(b"key", name, (Arm("control", 1), Arm("b", 1))) for name in ("e1", "e2"))
    pairs = [(one.arm(str(n)), two.arm(str(n))) for n in range(20_000)]
    table = [pairs.count((a, b)) for a in ("control", "b") for b in ("control", "b")]
    assert sample_ratio(table, [1, 1, 1, 1]).p > 0.001
    assert pairs[0][0] in {"control", "b"}
    assert [Splitter(b"other", "e1", ARMS).arm(str(n)) for n in range(50)] != [
        Splitter(b"key", "e1", ARMS).arm(str(n)) for n in range(50)
    ]


def test_traffic_leaves_people_out_without_touching_arms() -> None:
    whole, fifth = Splitter(b"k", "e", ARMS), Splitter(b"k", "e", ARMS, traffic=0.2)
    arms = [(whole.arm(str(n)), fifth.arm(str(n))) for n in range(20_000)]
    inside = [pair for pair in arms if pair[1]]
    assert 3_700 < len(inside) < 4_300
    assert all(a == b for a, b in inside)


@pytest.mark.parametrize(
    "arms", [[], [Arm("control", 1)], [Arm("a", 1), Arm("b", 1)], [Arm("control", 1), Arm("b", 0)]]
)
def test_arms_are_refused(arms: list[Arm]) -> None:
    with pytest.raises(ShopError) as refused:
        require_arms(arms)
    assert refused.value.code == "experiments.arms"


TARGET = Target(5_000_000_000, 2_000_000, 0.10, 25_000)


def test_a_third_of_a_point_of_conversion_is_worth_a_million_and_a_half() -> None:
    assert factors.worth(TARGET, "conversion_rate", 0.003) == 150_000_000
    assert factors.worth(TARGET, "visitors", 0.10) == 500_000_000
    assert factors.worth(TARGET, "aov", -1_000) == -200_000_000
    assert factors.worth_of_metric(TARGET, "visitor_value", 2.0) == 4_000_000


@pytest.mark.parametrize(
    ("factor", "change", "code"),
    [
        ("gmv", 0.1, "experiments.factor"),
        ("aov", 0, "experiments.change"),
        ("conversion_rate", 1.5, "experiments.change"),
    ],
)
def test_a_change_is_refused(factor: str, change: float, code: str) -> None:
    with pytest.raises(ShopError) as refused:
        factors.require_change(factor, change)
    assert refused.value.code == code


SOUND = sample_ratio([10_000, 10_000], [1, 1])
BETTER = conversion((1_000, 1_200), (10_000, 10_000))
SAME = conversion((1_000, 1_003), (10_000, 10_000))
WORSE = conversion((1_200, 1_000), (10_000, 10_000))


def _look(effect: object, crossed: bool, final: bool = True) -> Look:
    return Look(effect.low, effect.high, crossed, final)  # type: ignore[attr-defined]


def test_the_five_verdicts() -> None:
    broken = sample_ratio([10_000, 9_000], [1, 1])
    words = [
        judge(BETTER, _look(BETTER, True), 0.01, Doubts([SOUND], [], False)).word,
        judge(SAME, _look(SAME, False), 0.012, Doubts([SOUND], [], False)).word,
        judge(WORSE, _look(WORSE, True), 0.01, Doubts([SOUND], [], False)).word,
        judge(BETTER, _look(BETTER, True), 0.01, Doubts([SOUND, broken], [], False)).word,
        judge(SAME, _look(SAME, False, final=False), 0.012, Doubts([SOUND], [], False)).word,
    ]
    assert words == ["win", "no_difference", "worse", "untrusted", "undecided"]


def test_guards_and_reversal_hold_a_winner_back() -> None:
    look = _look(BETTER, True)
    fine, unknown = Guard("margin", -100, 20, -50, 90), Guard("stock", 0, None)
    breached = Guard("margin", -100, -300, -400, -200)
    assert judge(BETTER, look, 0.01, Doubts([SOUND], [fine], False)).word == "win"
    assert judge(BETTER, look, 0.01, Doubts([SOUND], [fine, unknown], False)).reasons == (
        "guard_unknown.stock",
    )
    worse = judge(BETTER, look, 0.01, Doubts([SOUND], [breached], False))
    assert (worse.word, worse.reasons) == ("worse", ("guard.margin",))
    assert judge(BETTER, look, 0.01, Doubts([SOUND], [], True)).reasons == ("simpson",)


def test_a_wide_interval_at_the_end_is_no_equality() -> None:
    few = conversion((100, 103), (1_000, 1_000))
    verdict = judge(few, _look(few, False), 0.01, Doubts([SOUND], [], False))
    assert (verdict.word, verdict.reasons) == ("undecided", ("too_few",))


def test_what_can_still_be_decided() -> None:
    assert days_to(31, [10, 10, 10, 10]) == 4
    assert days_to(41, [10, 10, 10, 10]) is None
    left = horizon([5_000.0] * 6, (1, 1), 29_502, base=0.10)
    assert (left.people, left.days_needed) == (30_000, 6)
    assert left.smallest_effect == near(0.00991, abs=1e-4)
    assert horizon([], (1, 1), 10, base=0.1).smallest_effect is None


def _days(effect: float, *, drift: float = 0.0, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    season = 100 + 15 * np.sin(np.arange(42) * 2 * np.pi / 7)
    treated = 2 * season + random.normal(0, 6, 42) + drift * np.arange(42)
    treated[28:] += effect
    return treated, season + random.normal(0, 3, 42)


def test_an_activity_against_control_goods() -> None:
    measured = activity_effect(*_days(40.0), 28)
    assert measured.identified
    assert measured.low < 40.0 < measured.high
    assert measured.total == near(measured.daily * 14)
    nothing = activity_effect(*_days(0.0), 28)
    assert nothing.low < 0 < nothing.high


def test_an_activity_that_cannot_be_identified() -> None:
    treated, control = _days(40.0)
    assert activity_effect(treated, None, 28).reason == "no_control"
    assert activity_effect(treated, control, 10).reason == "short_before"
    assert activity_effect(treated, control, 41).reason == "short_during"
    assert activity_effect(treated, control * 0, 28).reason == "flat_control"
    drifting = activity_effect(*_days(40.0, drift=2.0), 28)
    assert (drifting.reason, drifting.identified) == ("placebo", False)
    assert np.isnan(drifting.daily)


def test_an_activity_that_never_was_is_seldom_seen() -> None:
    called = [activity_effect(*_days(0.0, seed=n), 28) for n in range(300)]
    shown = [one for one in called if one.identified]
    assert len(shown) > 250
    assert sum(one.p < 0.05 for one in shown) / len(shown) < 0.08


def test_learnings_are_found_by_chinese_words() -> None:
    frame = pd.DataFrame(
        {
            "title": ["详情页首屏放视频", "满减门槛改成 199", "直播间价格牌"],
            "tags": ["详情页 视频", "价格 满减", "直播"],
        }
    )
    columns = ("title", "tags")
    assert finding.ordered(frame, columns, "首屏视频").index.tolist() == [0]
    assert finding.ordered(frame, columns, "价格").index.tolist() == [1, 2]
    assert finding.ordered(frame, columns, "满减 199").index.tolist() == [1]
    assert finding.ordered(frame, columns, "").index.tolist() == [0, 1, 2]
    assert finding.ordered(frame, columns, "物流").empty
    assert finding.ordered(frame.head(0), columns, "价格").empty
