"""Schedules: templates that stand, overlaps refused, gaps shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.campaign import phases as rules
from core.campaign import service
from core.campaign.phases import Phase
from core.errors import ShopError


def _at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour)  # noqa: DTZ001 - local, as templates are


@pytest.mark.parametrize("name", rules.TEMPLATES)
@pytest.mark.parametrize("opening", rules.OPENINGS)
@pytest.mark.parametrize("year", [2024, 2026, 2027])
def test_templates_stand_without_gap_or_overlap(name: str, opening: str, year: int) -> None:
    phases = rules.template(name, year, opening)
    assert rules.faults(phases) == []
    told = {p.kind for p in rules.checked(phases)}
    assert told <= set(rules.KINDS)
    assert told >= {"preparation", "warm_up", "live", "encore", "review"}
    waves = sum(p.kind == "live" for p in phases)
    assert (told == set(rules.KINDS), waves) == (True, 2) if name in ("double_11", "618") else waves == 1
    hours = {p.starts_at.strftime("%H:%M") for p in phases if p.kind == "live"}
    assert hours == {opening}


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(ShopError) as refused:
        rules.template("618", 2026, "22:00")
    assert refused.value.code == "campaign.no_template"


def test_two_main_phases_at_once_are_refused_with_their_stretch() -> None:
    phases = [Phase("a", "warm_up", _at(1), _at(11)), Phase("b", "live", _at(10, 20), _at(12))]
    (fault,) = rules.faults(phases)
    assert (fault.code, fault.starts_at, fault.ends_at) == ("campaign.phase_overlap", _at(10, 20), _at(11))
    with pytest.raises(ShopError) as refused:
        rules.checked(phases)
    assert refused.value.code == "campaign.phase_overlap"


def test_a_gap_is_shown_and_not_refused() -> None:
    phases = [Phase("a", "warm_up", _at(1), _at(10)), Phase("b", "live", _at(11), _at(12))]
    assert [f.code for f in rules.faults(phases)] == ["campaign.phase_gap"]
    assert len(rules.checked(phases)) == 2


def test_a_balance_before_the_deposits_have_ended_is_refused() -> None:
    phases = [
        Phase("l", "live", _at(1), _at(12)),
        Phase("d", "presale_deposit", _at(1), _at(5)),
        Phase("b", "presale_balance", _at(4), _at(8)),
    ]
    with pytest.raises(ShopError) as refused:
        rules.checked(phases)
    assert refused.value.code == "campaign.balance_early"


@pytest.mark.parametrize(
    ("phase", "code"),
    [
        (Phase("x", "party", _at(1), _at(2)), "campaign.unknown_phase"),
        (Phase("x", "live", _at(2), _at(2)), "campaign.phase_order"),
        (Phase("x", "encore", _at(1), _at(2)), "campaign.no_live"),
    ],
)
def test_what_cannot_be_a_schedule(phase: Phase, code: str) -> None:
    with pytest.raises(ShopError) as refused:
        rules.checked([phase])
    assert refused.value.code == code


def test_a_new_campaign_is_offered_the_sale_that_comes_next() -> None:
    offered = [
        service.next_sale(datetime(2026, *day, tzinfo=UTC)) for day in ((1, 5), (6, 18), (11, 9), (11, 22))
    ]
    assert offered == [("new_year", 2026), ("99", 2026), ("double_11", 2026), ("new_year", 2027)]


def test_the_goods_of_the_new_year_are_prepared_in_the_december_before() -> None:
    first = rules.template("new_year", 2027, "00:00")[0]
    assert first.starts_at == datetime(2026, 12, 5)  # noqa: DTZ001 - local, as templates are


def test_own_dates_get_the_usual_phases_around_them() -> None:
    phases = rules.around(_at(10, 20), _at(13, 20))
    assert rules.faults(rules.checked(phases)) == []
    live = next(p for p in phases if p.kind == "live")
    assert (live.starts_at, live.ends_at) == (_at(10, 20), _at(13, 20))
    with pytest.raises(ShopError, match="phase_order"):
        rules.around(_at(10), _at(10))


def test_an_earlier_sale_is_moved_to_another_opening() -> None:
    before = rules.template("double_11", 2026, "20:00")
    opens = datetime(2027, 11, 10, 20)  # noqa: DTZ001 - local, as templates are
    moved = rules.shifted(before, opens)
    assert max(p.starts_at for p in moved if p.kind == "live") == opens
    assert [p.kind for p in moved] == [p.kind for p in before]
    assert {b.starts_at - a.starts_at for a, b in zip(before, moved, strict=True)} == {timedelta(days=365)}


def test_the_phase_of_a_moment_and_the_next_clock() -> None:
    phases = rules.template("double_11", 2026, "20:00")
    eve = _at(10, 19) + timedelta(minutes=59)
    now, later = rules.at(phases, eve), rules.upcoming(phases, eve)
    assert now is not None
    assert later is not None
    assert (now.kind, later.kind, later.starts_at) == ("warm_up", "live", _at(10, 20))
    assert rules.upcoming(phases, _at(30)) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["warm_up", "live", "encore"]), st.integers(0, 200), st.integers(1, 60)),
        max_size=7,
    )
)
def test_main_phases_stand_exactly_when_no_two_share_an_hour(rows: list[tuple[str, int, int]]) -> None:
    phases = [
        Phase(str(n), k, _at(1) + timedelta(hours=s), _at(1) + timedelta(hours=s + d))
        for n, (k, s, d) in enumerate(rows)
    ]
    hours = [hour for _, start, length in rows for hour in range(start, start + length)]
    shared = len(hours) != len(set(hours))
    assert any(f.refused for f in rules.faults(phases)) is shared
    assert any(f.refused for f in rules.faults([replace(p) for p in reversed(phases)])) is shared
