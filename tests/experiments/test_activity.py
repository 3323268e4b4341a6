"""An activity without random arms, from daily reports: identified with a control that moves alike, else why not; and
its tab.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, insert
from core.errors import ShopError
from core.experiments import activity
from core.experiments.activity import Groups
from core.signals.tables import daily_signal
from tests.experiments.test_ideas import visit

FIRST, DAYS = date(2026, 9, 1), 49
BEGINS = FIRST + timedelta(days=42)
SPAN = (BEGINS, FIRST + timedelta(days=DAYS - 1))


@pytest.fixture
def reports(database: Database, now: datetime) -> None:
    """A1 sells 3,000 a day more from BEGINS on; B1 moves like it, C1 has its own trend."""
    random = np.random.default_rng(5)
    week = 1 + 0.2 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    during = np.arange(DAYS) >= 42
    paid = {
        "A1": 10_000 * week + random.normal(0, 300, DAYS) + 3_000 * during,
        "B1": 20_000 * week + random.normal(0, 400, DAYS),
        "C1": 20_000 + 900 * np.arange(DAYS) + random.normal(0, 300, DAYS),
    }
    rows = [
        (code, FIRST + timedelta(days=n), "", round(value), "i", now)
        for code, values in paid.items()
        for n, value in enumerate(values)
    ]
    columns = ["sku_code", "day", "channel", "paid_amount", "import_id", "updated_at"]
    with database.writing() as connection:
        insert(connection, daily_signal, pd.DataFrame(rows, columns=columns))


@pytest.mark.usefixtures("reports")
def test_what_the_activity_added(database: Database, viewer: Actor) -> None:
    found = activity.effect(database, viewer, Groups(["A1"], ["B1"]), SPAN)
    assert found.effect.identified
    assert found.effect.low < 3_000 < found.effect.high
    assert found.effect.low > 2_000
    assert found.effect.total == pytest.approx(found.effect.daily * 7)
    assert found.days["during"].sum() == 7


@pytest.mark.usefixtures("reports")
@pytest.mark.parametrize(
    ("control", "span", "reason"),
    [
        ([], SPAN, "no_control"),
        (["C1"], SPAN, "placebo"),
        (["none"], SPAN, "flat_control"),
        (["B1"], (FIRST + timedelta(days=7), SPAN[1]), "short_before"),
        (["B1"], (SPAN[1], SPAN[1]), "short_during"),
    ],
)
def test_what_nobody_can_tell(
    database: Database, viewer: Actor, control: list[str], span: tuple[date, date], reason: str
) -> None:
    assert activity.effect(database, viewer, Groups(["A1"], control), span).effect.reason == reason


def test_goods_are_either_in_the_activity_or_control(sqlite: Database, viewer: Actor) -> None:
    with pytest.raises(ShopError, match="experiments.activity"):
        activity.effect(sqlite, viewer, Groups(["A1"], ["A1"]), SPAN)


def test_the_tab_says_that_it_needs_goods_and_then_why_nobody_can_tell(
    sqlite: Database, lead: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaigns.add_sale(
        sqlite, lead, NewSale("双 11", now + timedelta(days=9), now + timedelta(days=10)), now=now
    )
    page = visit(monkeypatch, sqlite, lead, experiments_tab="activity")
    page.text_area(key="activity_treated").set_value("A1").run()
    assert not page.exception
    assert "没有对照商品" in page.warning[0].value
