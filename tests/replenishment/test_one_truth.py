"""One figure under one name: the ladder of demand, and every page that shows a rung of it."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from html import unescape

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.campaign.challenge import Doubt
from core.campaign.target import Target
from core.errors import ShopError
from core.lineup import service as lineup
from core.replenishment import demand, ladder, orders, service
from core.settings import settings
from core.translations import sentences
from pages.parts.shell import menu
from tests import shops
from tests.pages.visiting import sign_in_as
from tests.replenishment.conftest import Shop

PAGES = ("overview", "goods", "stock", "replenishment")
STEP = re.compile(r"<div title=\"([^\"]+)\"><dt>([^<]+)</dt><dd>([^<]+)")


def targeted(shop: Shop, actor: Actor) -> None:
    """A target over all goods."""
    shops.planned(shop.db, actor, shop.campaign_id, shop.now, target=Target(20_000_000, 40_000, 0.05, 10_000))
    lineup.spread(shop.db, actor, shop.campaign_id, now=shop.now)


def computed(shop: Shop, actor: Actor) -> str:
    return service.replenish(shop.db, actor, shop.campaign_id, {}, now=shop.now).run_id


def opened(page: str) -> AppTest:
    entry = next(entry for entry in menu.MENU if entry.page == page)
    app = AppTest.from_file(str(entry.file), default_timeout=120)
    app.query_params["lang"] = "zh"
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def cells(app: AppTest, *, ladder_alone: bool = False) -> list[tuple[str, str, str]]:
    """(label, figure, definition) of the page's strips of figures, or of its ladder alone."""
    bodies = [element.proto.body for element in app.get("html")]
    marked = f'aria-label="{sentences("zh")["ladder.title"]}"' if ladder_alone else 'class="ladder"'
    return [
        (unescape(label), figure.strip("⚠ "), unescape(help_))
        for body in bodies
        if marked in body
        for help_, label, figure in STEP.findall(body)
    ]


def test_units_that_a_target_needs() -> None:
    goods = pd.DataFrame(
        {
            "planned_units": pd.array([5, None, None, None], "Int64"),
            "planned_gmv": pd.array([1, 1_001, 1_000, None], "Int64"),
            "sale_price": pd.array([100, 100, None, 100], "Int64"),
        }
    )
    assert ladder.target_units(goods).tolist() == [5, 11, pd.NA, pd.NA]


def test_without_a_run_nothing_is_said_of_forecast_and_order(shop: Shop, admin: Actor) -> None:
    targeted(shop, admin)
    account = demand.load(shop.db, admin, shop.campaign_id, shop.now)
    total = account.total
    assert (total.forecast, total.low, total.order, total.short, total.left, total.lost) == (None,) * 6
    assert total.have == 7 * 40
    assert total.target_units == int(account.lines["target_units"].sum()) > 0
    assert total.target_short == int(
        (account.lines["target_units"] - account.lines["have"]).clip(lower=0).sum()
    )


def test_the_ladder_is_the_runs_own_and_adds_up(shop: Shop, admin: Actor) -> None:
    targeted(shop, admin)
    run = service.sheet(shop.db, admin, computed(shop, admin)).run
    account = demand.load(shop.db, admin, shop.campaign_id, shop.now)
    total, totals = account.total, run.totals
    assert (total.order, total.left, total.lost) == (
        totals["units"],
        totals["expected_leftover"],
        totals["expected_lost"],
    )
    assert total.low is not None
    assert total.high is not None
    assert total.forecast is not None
    assert total.low < total.forecast < total.high
    for name in ladder.SUMMED:
        assert float(account.tiers[name].sum()) == pytest.approx(float(account.lines[name].sum()))
    old, now = (
        service.sheet(shop.db, admin, run.run_id, moment).lines.set_index("sku_code")
        for moment in (None, shop.now)
    )
    figures = [
        "need",
        "available",
        "in_transit",
        "committed",
        "expected_leftover",
        "expected_lost",
        "lost_profit",
    ]
    pd.testing.assert_frame_equal(old[figures], now[figures], check_dtype=False)


def test_what_moved_since_the_run_moves_the_ladder_and_the_newest_sheet(shop: Shop, admin: Actor) -> None:
    run_id = computed(shop, admin)
    before = demand.load(shop.db, admin, shop.campaign_id, shop.now).lines.loc["00001"]
    shop.stock("on_hand", {"00001": 30}, cause="later")
    after = demand.load(shop.db, admin, shop.campaign_id, shop.now).lines.loc["00001"]
    assert after["have"] - before["have"] == 30
    assert demand.load(shop.db, admin, shop.campaign_id, shop.now).moved == 1
    assert before["short"] - after["short"] == 30
    assert after["left"] > before["left"]
    line = service.sheet(shop.db, admin, run_id, shop.now).lines.set_index("sku_code").loc["00001"]
    assert (line["need"], line["available"]) == (after["short"], after["have"])


def test_after_ordering_there_is_nothing_to_order_and_it_arrives(shop: Shop, admin: Actor) -> None:
    run_id = computed(shop, admin)
    before = demand.load(shop.db, admin, shop.campaign_id, shop.now)
    service.approve(shop.db, admin, run_id, now=shop.now)
    orders.order(shop.db, admin, run_id, now=shop.now, below_minimum=True)
    after = demand.load(shop.db, admin, shop.campaign_id, shop.now)
    assert before.total.order is not None
    assert before.total.order > 0
    assert after.total.order == 0
    assert after.total.arriving == before.total.arriving + before.total.order
    assert after.total.left == before.total.left


def test_every_page_shows_the_same_figure_under_the_same_name(
    shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    targeted(shop, admin)
    run_id = computed(shop, admin)
    monkeypatch.setattr("core.clock.now", lambda: shop.now)
    sign_in_as(monkeypatch, shop.db, admin)
    words, shown = sentences("zh"), defaultdict(dict)
    ladders = {}
    for page in PAGES:
        app = opened(page)
        ladders[page] = cells(app, ladder_alone=True)
        for label, figure, _ in cells(app):
            shown[label].setdefault(figure, []).append(page)
        for metric in app.metric:
            shown[metric.label].setdefault(re.sub(r"\\|:small.*", "", metric.value).strip(), []).append(page)
    assert len({tuple(ladders[page]) for page in PAGES}) == 1, "the ladder is the same to the letter"
    assert {label: figures for label, figures in shown.items() if len(figures) > 1} == {}
    explained = {label: help_ for label, _, help_ in ladders["overview"]}
    assert explained[words["ladder.short"]] == words["ladder.short_help"]
    account = demand.load(shop.db, admin, shop.campaign_id, shop.now)
    risks = " ".join(markdown.value for markdown in opened("overview").markdown)
    said = re.findall(r"（(\d{5})） ?备货缺口 ([\d,]+) 件", risks.replace("\\", ""))
    assert said
    assert {code: int(units.replace(",", "")) for code, units in said} == {
        code: int(account.lines.at[code, "short"]) for code, _ in said
    }
    lines = service.sheet(shop.db, admin, run_id, shop.now).lines.set_index("sku_code")
    assert lines["need"].to_dict() == account.lines["short"].to_dict()


def test_an_order_far_above_the_target_or_on_old_reports_is_doubted(shop: Shop, admin: Actor) -> None:
    shops.planned(shop.db, admin, shop.campaign_id, shop.now, target=Target(100_000, 200, 0.05, 10_000))
    lineup.spread(shop.db, admin, shop.campaign_id, now=shop.now)
    computed(shop, admin)
    told = {one.doubt for one in demand.doubts(shop.db, admin, shop.campaign_id, shop.now).challenges}
    assert Doubt.ORDER_ABOVE_TARGET in told
    assert Doubt.REPORT_OLD not in told
    later = demand.doubts(shop.db, admin, shop.campaign_id, shop.now + timedelta(days=9)).challenges
    assert Doubt.REPORT_OLD in {one.doubt for one in later}


def test_a_large_order_is_approved_by_a_second_person(
    shop: Shop, admin: Actor, finance: Actor, merchandiser: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "order_approval_yuan", 1_000)
    run_id = computed(shop, merchandiser)
    assert service.second_person(shop.db, merchandiser, run_id)
    with pytest.raises(ShopError, match=r"replenishment\.second_person"):
        service.approve(shop.db, merchandiser, run_id, now=shop.now)
    by_hand = pd.DataFrame({"sku_code": ["00001"], "quantity": pd.array([600], "Int64")})
    service.override(shop.db, admin, run_id, service.ByHand(by_hand, "主播加场"), now=shop.now)
    with pytest.raises(ShopError, match=r"replenishment\.second_person"):
        service.approve(shop.db, admin, run_id, now=shop.now)
    assert service.approve(shop.db, finance, run_id, now=shop.now).state == "approved"


def test_a_small_order_needs_no_second_person(shop: Shop, merchandiser: Actor) -> None:
    run_id = computed(shop, merchandiser)
    assert not service.second_person(shop.db, merchandiser, run_id)
    assert service.approve(shop.db, merchandiser, run_id, now=shop.now).state == "approved"
