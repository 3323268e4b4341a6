"""The target along time and channels: exact sums over random trees, and hours that follow the curve."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.campaign import decompose as rules
from core.campaign.phases import KINDS, Phase, template
from core.errors import ShopError

ZONES = st.sampled_from(["Asia/Shanghai", "UTC", "Asia/Kolkata", "America/New_York", "Europe/Berlin"])
START = datetime(
    2026, 10, 20, tzinfo=UTC
)  # clocks change in Europe and America within the reach of these phases


@st.composite
def schedules(draw: st.DrawFn) -> list[Phase]:
    """Up to six phases of any kind and length, in minutes."""
    found, at = [], START
    for n in range(draw(st.integers(1, 6))):
        at += timedelta(minutes=draw(st.integers(0, 3000)))
        end = at + timedelta(minutes=draw(st.integers(1, 20_000)))
        found.append(Phase(f"p{n}", draw(st.sampled_from(KINDS)), at, end))
        at = end
    return found


def laid(
    gmv: int,
    visitors: int,
    phases: list[Phase],
    zone: str,
    weights: dict[str, int],
    days: dict[str, int] | None = None,
) -> pd.DataFrame:
    """A target laid along the phases, as a first plan does it."""
    return rules.tree(rules.replanned(gmv, visitors, weights, {}), phases, zone, days)


@given(schedules(), ZONES, st.integers(1, 10**13), st.integers(1, 10**9), st.data())
@settings(max_examples=60, deadline=None)
def test_every_level_of_a_random_tree_sums_to_the_one_above(
    phases: list[Phase], zone: str, gmv: int, visitors: int, data: st.DataObject
) -> None:
    weights = {p.phase_id: data.draw(st.integers(0, 1000)) for p in phases}
    leaves = laid(gmv, visitors, phases, zone, weights)
    parts = rules.parts(leaves, {"a": 3, "b": 0, "c": 7}, rules.TIER_WEIGHTS)
    sums = parts.groupby("dimension")[["gmv", "visitors"]].sum()
    assert set(sums.index) == set(rules.DIMENSIONS)
    assert (sums["gmv"] == gmv).all()
    assert (sums["visitors"] == visitors).all()
    assert (parts[["gmv", "visitors"]] >= 0).all().all()
    days, by_phase = parts[parts["dimension"] == "day"], leaves.groupby("phase_id")["gmv"].sum()
    assert leaves.groupby("day")["gmv"].sum().to_dict() == dict(zip(days["part"], days["gmv"], strict=True))
    if any(weights.values()):
        assert all(
            abs(by_phase.get(p, 0) - gmv * w / sum(weights.values())) < 1 for p, w in weights.items() if w
        )


def _template() -> list[Phase]:
    """Double-11 at 20:00 in Shanghai, aware."""
    offset = timedelta(hours=8)
    local = template("double_11", 2026, "20:00")
    return [
        Phase(
            p.phase_id,
            p.kind,
            (p.starts_at - offset).replace(tzinfo=UTC),
            (p.ends_at - offset).replace(tzinfo=UTC),
        )
        for p in local
    ]


def test_double_eleven_by_default_weights() -> None:
    phases = _template()
    leaves = laid(5_000_000_000, 2_000_000, phases, "Asia/Shanghai", rules.phase_weights(phases))
    by_phase = leaves.groupby("phase_id")["gmv"].sum()
    assert by_phase[[p.phase_id for p in phases if p.kind == "live"]].tolist() == [
        1_800_000_000,
        1_800_000_000,
    ]
    night = leaves[leaves["phase_id"] == "p08"]
    assert night.iloc[0]["hour"] == "2026-11-10T12:00Z"  # 20:00 in Shanghai
    assert night.iloc[0]["day"] == "2026-11-10"
    assert night["gmv"].idxmax() == night.index[0]
    assert set(night["day"]) == {"2026-11-10", "2026-11-11"}


def test_midnight_peak_is_on_the_campaigns_day() -> None:
    live = Phase("x", "live", datetime(2026, 11, 10, 16, tzinfo=UTC), datetime(2026, 11, 11, 16, tzinfo=UTC))
    leaves = laid(100_000, 100, [live], "Asia/Shanghai", {"x": 1})
    assert set(leaves["day"]) == {"2026-11-11"}
    assert leaves.iloc[0]["gmv"] == pytest.approx(36_400, abs=600)  # the public curve's first hour


def test_a_clock_change_makes_a_day_of_25_hours_and_loses_nothing() -> None:
    live = Phase("x", "live", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))
    found = rules.slots(live, "Europe/Berlin")
    assert len(found) == 25
    assert set(found["day"]) == {"2026-10-25"}


def test_a_phase_that_ends_in_the_hour_that_comes_twice() -> None:
    encore = Phase(
        "x", "encore", datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    )  # 02:30 for the first time
    assert laid(1000, 10, [encore], "Europe/Berlin", {"x": 1})["gmv"].sum() == 1000


def test_a_heavier_day_takes_from_the_others_of_its_phase() -> None:
    encore = Phase(
        "x", "encore", datetime(2026, 11, 11, 16, tzinfo=UTC), datetime(2026, 11, 14, 16, tzinfo=UTC)
    )
    plain = laid(900, 90, [encore], "Asia/Shanghai", {"x": 1}).groupby("day")["gmv"].sum()
    heavy = (
        laid(900, 90, [encore], "Asia/Shanghai", {"x": 1}, {"2026-11-12": 200}).groupby("day")["gmv"].sum()
    )
    assert plain.tolist() == [300, 300, 300]
    assert heavy.tolist() == [450, 225, 225]


@given(
    st.integers(0, 10**12),
    st.integers(0, 10**8),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 100), min_size=1),
    st.dictionaries(
        st.sampled_from("abcdef"), st.tuples(st.integers(0, 10**12), st.integers(0, 10**8)), max_size=4
    ),
)
def test_a_replan_keeps_what_was_done_and_the_rest_carries_the_rest(
    gmv: int, visitors: int, weights: dict[str, int], done: dict[str, tuple[int, int]]
) -> None:
    closed = {phase: actual for phase, actual in done.items() if phase in weights}
    found = rules.replanned(gmv, visitors, weights, closed)
    assert list(found) == list(weights)
    assert all(found[phase] == actual for phase, actual in closed.items())
    for n, total in enumerate((gmv, visitors)):
        spent = sum(actual[n] for actual in closed.values())
        open_sum = sum(found[p][n] for p in weights if p not in closed)
        assert open_sum == (max(0, total - spent) if len(closed) < len(weights) else 0)


def test_nothing_to_carry_the_target_is_refused() -> None:
    with pytest.raises(ShopError) as refused:
        rules.tree({}, [], "UTC")
    assert refused.value.code == "plan.no_phase"


def test_the_slots_of_a_half_hour_zone_cut_at_its_midnight() -> None:
    live = Phase(
        "x", "live", datetime(2026, 11, 10, 17, 15, tzinfo=UTC), datetime(2026, 11, 10, 20, tzinfo=UTC)
    )
    found = rules.slots(live, "Asia/Kolkata")
    assert pd.Timestamp("2026-11-10T18:30Z") in set(found["start"])
    assert (found["end"].iloc[:-1].to_numpy() == found["start"].iloc[1:].to_numpy()).all()
