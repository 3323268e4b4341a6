"""When messages go out and in how many postings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.notify.postings import LONGEST, Waiting, postings
from core.notify.rules import LEVELS, held, limit_of, next_try

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-10T{clock}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("clock", "waits"),
    [
        ("23:58:59", False),
        ("23:59:00", True),
        ("00:00:00", True),
        ("00:00:59", True),
        ("00:01:00", False),
        ("19:59:30", True),
        ("20:00:30", True),
        ("20:01:00", False),
        ("12:00:00", False),
    ],
)
@pytest.mark.parametrize("level", LEVELS)
def test_nobody_posts_at_the_sharp_hours(clock: str, waits: bool, level: str) -> None:
    assert held(at(clock), SHANGHAI, level, 0, 0) is waits


@pytest.mark.parametrize(
    ("clock", "waits"),
    [("22:59", False), ("23:00", True), ("02:00", True), ("07:29", True), ("07:30", False)],
)
def test_quiet_hours_go_over_midnight_and_let_the_urgent_through(clock: str, waits: bool) -> None:
    assert held(at(clock), SHANGHAI, "warning", 23 * 60, 7 * 60 + 30) is waits
    assert held(at(clock), SHANGHAI, "urgent", 23 * 60, 7 * 60 + 30) is False


def test_the_hours_are_the_shops_own() -> None:
    assert held(datetime(2026, 11, 10, 16, 0, tzinfo=UTC), SHANGHAI, "info", 0, 0)
    assert not held(datetime(2026, 11, 10, 0, 0, tzinfo=UTC), SHANGHAI, "info", 0, 0)


def test_the_limits_stay_below_the_platforms() -> None:
    assert {name: limit_of(name) for name in ("dingtalk", "wecom", "feishu", "mailto")} == {
        "dingtalk": 18,
        "wecom": 18,
        "feishu": 90,
        "mailto": 60,
    }


MESSAGES = st.lists(
    st.builds(
        Waiting,
        st.uuids().map(str),
        st.sampled_from(LEVELS),
        st.text(min_size=1, max_size=80),
        st.text(max_size=3000),
    ),
    max_size=60,
    unique_by=lambda m: m.id,
)


@given(waiting=MESSAGES, room=st.integers(-2, 20))
def test_every_message_goes_out_once_and_the_urgent_first(waiting: list[Waiting], room: int) -> None:
    made = postings(waiting, room)
    assert len(made) <= max(room, 0)
    ids = [one for posting in made for one in posting.ids]
    assert sorted(ids) == (sorted(m.id for m in waiting) if made else [])
    assert bool(made) == (bool(waiting) and room > 0)
    assert all(len(posting.body.encode()) <= LONGEST for posting in made)
    level = {m.id: LEVELS.index(m.level) for m in waiting}
    assert [level[one] for one in ids] == sorted((level[one] for one in ids), reverse=True)


def test_few_go_singly_and_many_with_the_urgent_ahead_of_a_digest() -> None:
    few = [Waiting(str(n), "info", f"t{n}", "b") for n in range(3)]
    assert [(p.title, p.body) for p in postings(few, 18)] == [("t0", "b"), ("t1", "b"), ("t2", "b")]
    many = [Waiting(str(n), "urgent" if n == 9 else "info", f"t{n}", "b") for n in range(12)]
    first, rest = postings(many, 18)
    assert first.ids == ("9",)
    assert (rest.title, len(rest.ids), rest.body.splitlines()[0]) == ("11 条消息，先看：t0", 11, "· t0：b")
    assert postings(many, 18, "en")[1].title == "11 messages, first: t0"


def test_tries_grow_apart_and_end() -> None:
    begin = at("12:00")
    waits = [next_try(begin, n) for n in range(1, 9)]
    assert [(moment - begin) // timedelta(seconds=30) for moment in waits[:7] if moment] == [
        1,
        2,
        4,
        8,
        16,
        32,
        64,
    ]
    assert waits[7] is None
