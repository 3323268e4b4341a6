"""The calendar: quiet hours, the cap of a week, windows that overlap, and results from the events of the sale."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from core.access import Actor
from core.audience.touches import calendar as rules
from core.audience.touches import service
from core.audience.touches.calendar import Rule, Touch
from core.database import Database
from core.errors import ShopError
from core.live.tables import sale_minute_kind
from core.versions import Version
from tests.audience.people.shop import NOW, sales

NOON = datetime(2026, 10, 18, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


def _push(**changed: object) -> Touch:
    return replace(Touch("push", "search", "加购有礼", NOON, "加购未买"), **changed)  # type: ignore[arg-type]


def test_quiet_hours_may_lie_within_a_day_or_over_midnight() -> None:
    night = Rule(quiet_from=22 * 60, quiet_to=8 * 60)
    assert rules.quiet(datetime(2026, 10, 18, 7, 59), night)  # noqa: DTZ001 - local by design
    assert not rules.quiet(datetime(2026, 10, 18, 8, 0), night)  # noqa: DTZ001
    noon = Rule(quiet_from=12 * 60, quiet_to=14 * 60)
    assert rules.quiet(datetime(2026, 10, 18, 13, 0), noon)  # noqa: DTZ001
    never = Rule(quiet_from=600, quiet_to=600)
    assert not rules.quiet(datetime(2026, 10, 18, 10, 0), never)  # noqa: DTZ001


def test_everybody_is_part_of_every_audience() -> None:
    days = [0, 3, 6, 7, 8]
    audiences = ["a", "", "b", "a", "a"]
    touches = pd.DataFrame(
        {
            "kind": ["push"] * 4 + ["post"],
            "audience": audiences,
            "starts_at": [pd.Timestamp(NOON) + timedelta(days=n) for n in days],
        }
    )
    assert rules.most_in_a_week(touches, "a") == 2, "day 0 and 3, or 3 and 7; a post disturbs nobody"
    assert rules.most_in_a_week(touches, "b") == 2
    assert rules.most_in_a_week(touches, "") == 3, "two audiences may be the same people"


def test_the_calendar_refuses_what_disturbs_and_tells_results(
    database: Database, lead: Actor, merchandiser: Actor
) -> None:
    _, coming = sales(database, lead)
    own = service.put(database, lead, coming, _push(), now=NOW)
    with pytest.raises(ShopError, match=r"touch\.quiet"):
        service.put(database, lead, coming, _push(starts_at=NOON + timedelta(hours=11)), now=NOW)
    service.put(database, lead, coming, _push(kind="post", starts_at=NOON + timedelta(hours=11)), now=NOW)
    for days in (2, 4):
        service.put(database, lead, coming, _push(starts_at=NOON + timedelta(days=days)), now=NOW)
    with pytest.raises(ShopError, match=r"touch\.too_often"):
        service.put(database, lead, coming, _push(starts_at=NOON + timedelta(days=6)), now=NOW)
    service.put(database, lead, coming, _push(starts_at=NOON + timedelta(days=6), audience="别人"), now=NOW)
    with pytest.raises(ShopError, match=r"touch\.terms"):
        service.put(database, lead, coming, _push(title=" "), now=NOW)
    with pytest.raises(ShopError, match=r"touch\.moved"):
        service.put(database, lead, coming, _push(), own, now=NOW)
    with pytest.raises(ShopError, match=r"access\.denied"):
        service.put(database, merchandiser, coming, _push(), now=NOW)
    minute = int(NOON.timestamp()) // 60
    rows = [
        (minute + 5, "search", "view", 40, 0),
        (minute - 5, "search", "view", 10, 0),
        (minute + 6, "search", "pay", 2, 900),
        (minute + 5, "paid", "view", 99, 0),
    ]
    names = ("minute", "channel", "kind", "events", "amount_fen")
    with database.writing() as connection:
        for row in rows:
            values = dict(zip(names, row, strict=True)) | {"campaign_id": coming, "quantity": 0}
            connection.execute(sale_minute_kind.insert().values(values))
    shown = service.calendar(database, lead, coming, now=NOW)
    first = shown.touches.set_index("touch_id").loc[own]
    assert (first["state"], first["views"], first["views_before"], first["orders"], first["paid"]) == (
        "over",
        40,
        10,
        2,
        900,
    )
    assert first["shares"] == 1, "the post of the same channel and evening"
    assert pd.isna(shown.touches.iloc[-1]["views"]), "what is planned has brought nothing yet"
    assert not shown.often
    service.set_rule(database, lead, coming, Rule(2, 22 * 60, 8 * 60), now=NOW)
    assert service.calendar(database, lead, coming, now=NOW).often == {"加购未买": 3}
    service.take_out(database, lead, coming, Version(own, 1), now=NOW)
    assert len(service.calendar(database, lead, coming, now=NOW).touches) == 4
