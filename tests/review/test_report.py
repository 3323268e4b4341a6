"""Behind each bar its lines; the workbook says the same with pictures; the page equals the command."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import openpyxl
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.database import Database, insert
from core.errors import ShopError
from core.live.tables import decision
from core.review import book, drill, service
from core.review.drill import Bar
from tests.live.conftest import OPENS, Shop, event, hour, opened

CLOSED = OPENS + timedelta(days=2)


@pytest.fixture
def shop(sqlite: Database, admin: Actor) -> Shop:
    """A closed sale with a decision in its first hour and a refund after the close."""
    sale = opened(sqlite, admin)
    sale.send(hour(orders=60))
    line = {"sku_code": "S37", "amount_fen": 9_900, "order_id": "one", "user_key": "o"}
    sale.send(
        [
            event(9_000 + n, kind, at, **line)
            for n, (kind, at) in enumerate((("order", 9), ("pay", 9), ("refund", 1_800)))
        ]
    )
    act = {"decision_id": "d", "campaign_id": sale.campaign_id, "at": OPENS + timedelta(minutes=12)}
    facts = {"account": "lead", "act": "pause", "sku_code": "S05", "figures": {}, "note": "断货"}
    with sqlite.writing() as connection:
        insert(connection, decision, pd.DataFrame([act | facts]))
    return sale


def test_what_lies_behind_a_bar_sums_to_it(shop: Shop, admin: Actor) -> None:
    landing = service.review(shop.db, admin, shop.campaign_id, CLOSED)
    for by in drill.BY:
        for part, row in getattr(landing, by).iterrows():
            lines = drill.lines(shop.db, admin, shop.campaign_id, by, str(part), CLOSED)
            assert int(lines.hours["paid"].sum() - lines.hours["refunded"].sum()) == row["actual"], (by, part)
            assert by == "channels" or int(lines.goods["paid"].sum()) == int(lines.hours["paid"].sum())
    day = landing.days.index[0]
    first = drill.lines(shop.db, admin, shop.campaign_id, "days", day, CLOSED)
    assert first.decisions["note"].tolist() == ["断货"]
    assert first.hours["decisions"].tolist()[0] == 1
    bar = Bar("days", day)
    for row in first.hours.itertuples():
        opened_hour = drill.hour_of(shop.db, admin, shop.campaign_id, bar, row.hour, now=CLOSED)
        assert int(opened_hour.lines["amount"].sum()) == row.paid - row.refunded, row.hour
        assert len(opened_hour.decisions) == row.decisions
    with pytest.raises(ShopError, match=r"review\.no_part"):
        drill.lines(shop.db, admin, shop.campaign_id, "days", "2020-01-01", CLOSED)


def test_a_good_is_opened_down_to_its_order_lines(shop: Shop, admin: Actor) -> None:
    amount = service.review(shop.db, admin, shop.campaign_id, CLOSED).goods["amount"]
    for code in ("S37", "S10"):
        hours = drill.hours_of_good(shop.db, admin, shop.campaign_id, code, CLOSED)
        assert int(hours["paid"].sum()) == amount[code]
        one = drill.hour_of(
            shop.db, admin, shop.campaign_id, Bar(drill.GOODS, code), hours["hour"].iloc[0], now=CLOSED
        )
        assert set(one.lines["sku_code"]) == {code}
    assert (
        int(drill.hours_of_good(shop.db, admin, shop.campaign_id, "S37", CLOSED)["refunded"].sum()) == 9_900
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_workbook_has_the_same_figures_and_pictures(shop: Shop, admin: Actor, language: str) -> None:
    landing = service.review(shop.db, admin, shop.campaign_id, CLOSED)
    made = openpyxl.load_workbook(io.BytesIO(book.book(landing, ["=多备两成"], language)))
    assert len(made.sheetnames) == 6
    first, bridge = made.worksheets[0], made.worksheets[1]
    cells = [cell.value for row in first.iter_rows() for cell in row]
    assert landing.target / 100 in cells
    assert landing.buyers in cells
    assert "=多备两成" in cells
    assert next(c for row in first.iter_rows() for c in row if c.value == "=多备两成").data_type == "s", (
        "no formula"
    )
    gaps = [bridge.cell(row, 4).value for row in range(2, 9)]
    assert sum(gaps[1:-1]) == pytest.approx(landing.gap / 100)
    assert all(len(sheet._charts) == 1 for sheet in made.worksheets[1:5])


def test_profit_is_seen_by_those_who_may(shop: Shop, admin: Actor) -> None:
    assert service.review(shop.db, Actor("v", "viewer"), shop.campaign_id, CLOSED).profit is None
    landing = service.review(shop.db, admin, shop.campaign_id, CLOSED)
    assert landing.buyers > 0
    assert landing.visitors >= landing.buyers


def _page(url, campaign_id, at):  # type: ignore[no-untyped-def]  # AppTest takes its text alone
    from datetime import datetime
    from unittest.mock import patch

    from core.access import Actor
    from core.database import connect
    from pages.parts.entry.context import Chosen, PageContext
    from pages.parts.review import landing

    moment = datetime.fromisoformat(at)
    chosen = Chosen(campaign_id, "11.11", "Asia/Shanghai", moment, moment)
    page = PageContext(connect(url), Actor("a", "admin"), moment, chosen)
    seen = landing.landing(page)
    landing.answer(seen, strip=False)
    with patch("pages.parts.review.behind.behind"):
        landing.bridge(page, seen)
    landing.judged.judged(seen.judged)


def test_the_page_shows_what_the_command_says(shop: Shop, admin: Actor) -> None:
    page = AppTest.from_function(
        _page, args=(shop.db.url, shop.campaign_id, CLOSED.isoformat()), default_timeout=90
    ).run()
    assert not page.exception
    landing = service.review(shop.db, admin, shop.campaign_id, CLOSED)
    said = json.loads(json.dumps(landing.channels.reset_index().to_dict("records")))
    shown = page.dataframe[0].value
    assert shown["gap"].tolist() == pytest.approx([row["gap"] / 100 for row in said])
    assert sum(len(one.value) for one in page.dataframe[1:]) == len(landing.judged)
