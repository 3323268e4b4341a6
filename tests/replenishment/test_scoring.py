"""A closed sale's forecast scores itself: from its last run, else as it would have been made, and again when its reports
change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import update

from core.access import Actor
from core.database import Database, read
from core.replenishment import scoring, service
from core.replenishment.forecast.score import score
from core.signals.tables import daily_signal
from core.web import scheduler
from tests.replenishment.conftest import CODES, PAST, Shop


def test_a_score_by_hand() -> None:
    """Four units too many of the first SKU, two too few of the second, the third neither expected nor sold."""
    mean, sold = np.array([14.0, 6.0, 0.0]), np.array([10.0, 8.0, 0.0])
    found = score(mean, np.full(3, 1e-9), sold, np.array([10.0, 8.0, 0.0]) / 2, 1.5)
    assert (found.skus, found.forecast, found.sold) == (2, 20.0, 18.0)
    assert found.bias == pytest.approx(1 / 9)
    assert found.covered == 1.0
    assert found.earned == pytest.approx(100 * (10 - 4 + 6) / 18)
    assert found.earned_mean == pytest.approx(100 * 9 / 18)
    assert found.earned_uplift == pytest.approx(100 * (8 + 6) / 18)
    with pytest.raises(ValueError, match="nothing was sold"):
        score(mean, mean, np.zeros(3), mean, 1.0)


def test_the_next_run_scores_the_sale_before_it(shop: Shop, admin: Actor) -> None:
    assert scoring.scores(shop.db, admin, shop.campaign_id).empty
    service.replenish(shop.db, admin, shop.campaign_id, {}, now=shop.now)
    (row,) = scoring.scores(shop.db, admin, shop.campaign_id).to_dict("records")
    with shop.db.reading() as connection:
        days = daily_signal.select().where(daily_signal.c.day.in_(PAST))
        assert row["sold"] == read(connection, days)["units_paid"].sum()
    assert (row["name"], row["own_run"]) == ("九月会员日", False)
    assert row["decided_on"] == PAST[0] - timedelta(days=14)
    assert row["bias"] == pytest.approx(row["forecast"] / row["sold"] - 1, abs=0.01)
    assert row["bias"] < 0, "five times was sold where the shipped prior expects less"
    assert row["earned"] > row["earned_mean"]


def test_the_shops_own_run_is_what_is_scored(shop: Shop, admin: Actor) -> None:
    """The sale of November, forecast in October, once its days are reported: nothing known later gets in."""
    run = service.replenish(shop.db, admin, shop.campaign_id, {}, now=shop.now)
    lines = service.sheet(shop.db, admin, run.run_id).lines
    after = datetime(2026, 11, 13, 2, tzinfo=UTC)
    assert scoring.score_closed(shop.db, admin, now=after) == 0, "its days are not reported yet"
    _report(shop.db, 30)
    assert scoring.score_closed(shop.db, admin, now=after) == 1
    with shop.db.reading() as connection:
        rows = read(connection, scoring.forecast_score.select()).set_index("campaign_id")
    row = rows.loc[shop.campaign_id]
    assert bool(row["own_run"])
    assert row["forecast"] == round(lines["forecast_mean"].sum())
    assert row["sold"] == 2 * 30 * len(CODES)


def test_changed_reports_score_again_and_unchanged_ones_do_not(shop: Shop, admin: Actor) -> None:
    assert scheduler.once(shop.db, shop.now, ["scored"]) == {"scored": 1}
    assert scheduler.once(shop.db, shop.now, ["scored"]) == {"scored": 0}
    before = scoring.scores(shop.db, admin, shop.campaign_id).iloc[0]
    with shop.db.writing() as connection:
        doubled = update(daily_signal).where(daily_signal.c.day.in_(PAST))
        connection.execute(doubled.values(units_paid=2 * daily_signal.c.units_paid))
    assert scheduler.once(shop.db, shop.now, ["scored"]) == {"scored": 1}
    now = scoring.scores(shop.db, admin, shop.campaign_id).iloc[0]
    assert now["sold"] == 2 * before["sold"]
    assert now["forecast"] == before["forecast"]


def _report(db: Database, units: int) -> None:
    """Two days of the November sale."""
    import pandas as pd

    from core.database import insert

    days = [datetime(2026, 11, day, tzinfo=UTC).date() for day in (10, 11)]
    rows = [(code, day) for code in CODES for day in days]
    frame = pd.DataFrame(rows, columns=["sku_code", "day"])
    stamp = datetime(2026, 11, 12, tzinfo=UTC)
    with db.writing() as connection:
        more = {"channel": "", "units_paid": units, "import_id": "t2", "updated_at": stamp}
        insert(connection, daily_signal, frame.assign(**more))
