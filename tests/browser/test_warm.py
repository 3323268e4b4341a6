"""The warm-up and readiness pages in a real browser: pictures of every tab, work on the board, a session
locked, countdowns to the second."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.service import NewCampaign
from core.database import Database
from core.goods.master import SKUS
from core.imports.kinds import Context
from core.readiness import service as readiness
from core.readiness.service import Step
from core.stock import service as stock
from core.warmup import deposits, settings
from core.warmup.flash_sale import service
from core.warmup.storefront import service as storefront
from tests import shops
from tests.browser.conftest import Server, settled, tick, token_for
from tests.warmup.test_signals import Event, tell

Picture = Callable[..., object]
LEAD = Actor("campaign-lead", "campaign_lead", "cli")
NAMES = ("面霜 :material/home: $x$", "口红 *限量* <b>", "精华 [link](http://a)")


def seed(database: Database) -> None:
    """A campaign that opens in nine days and some hours, with goods, stock, people who touched, sessions,
    pre-sale, tasks."""
    now = clock.now()
    opens = now + timedelta(days=9, hours=5)
    phases = [
        Phase("p1", "notice", now - timedelta(days=9), now - timedelta(days=2)),
        Phase("p2", "warm_up", now - timedelta(days=2), opens),
        Phase("p3", "live", opens, opens + timedelta(days=2)),
    ]
    campaign = campaigns.add(database, LEAD, NewCampaign("双 11", phases), now=now)
    shops.planned(database, LEAD, campaign, now)
    codes = ["001", "002", "003"]
    with database.writing() as connection:
        SKUS.introduce(
            connection,
            pd.DataFrame({"name": NAMES}, index=pd.Index(codes, name="sku_code")),
            Context("test", LEAD, now),
        )
        shops.on_hand(connection, {"001": 100, "002": 19}, now)
        rows = pd.DataFrame(
            {
                "campaign_id": campaign,
                "sku_code": codes,
                "sale_price": [19_900, 9_900, 29_900],
                "planned_units": [100, 100, 10],
            }
        )
        shops.lines(connection, rows, now)
    tell(database, campaign, _events(now))
    settings.set_targets(database, LEAD, campaign, {"add_to_cart": 100_000, "reservations": 20_000}, now)
    service.plan(
        database,
        LEAD,
        campaign,
        service.NewSession("001", "开场秒杀", opens, [40, 20], length_minutes=30, every_minutes=60),
        now=now,
    )
    window = (opens, opens + timedelta(days=2))
    deposits.set_terms(
        database,
        LEAD,
        campaign,
        deposits.Terms("002", 100_000, 10_000, 15_000, *window, (opens + timedelta(days=5)).date()),
        now,
    )
    for title, first, last in (("预热", 0, 3), ("会场", 2, 5)):
        storefront.put_banner(
            database,
            LEAD,
            campaign,
            storefront.Banner("首焦 1", title, now + timedelta(days=first), now + timedelta(days=last)),
            now,
        )
    readiness.draw_up(database, LEAD, campaign, now)
    readiness.progress(database, LEAD, campaign, Step("O1", "done", 1), now)
    readiness.progress(database, LEAD, campaign, Step("D1", "blocked", 1, reason="主图未到"), now)


def _events(now: datetime) -> list[Event]:
    kinds = (
        ("view", 400),
        ("favourite", 120),
        ("add_to_cart", 90),
        ("coupon_claim", 60),
        ("reserve", 50),
        ("deposit", 12),
    )
    made = [
        Event(
            kind,
            now - timedelta(days=1, minutes=n),
            "002",
            f"u{n}",
            f"o{n}",
            1,
            10_000 if kind == "deposit" else 0,
        )
        for kind, count in kinds
        for n in range(count)
    ]
    return [*made, *[Event("view", now - timedelta(minutes=n), "002", f"u{n}") for n in range(20)]]


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    settled(page)


def calm(page: Page) -> None:
    """Nothing on the page went wrong."""
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    expect(page.get_by_text("错误编号")).to_have_count(0)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_tab_of_the_warm_up(
    shop: Server, signed_in: Callable[..., Page], picture: Picture, language: str
) -> None:
    page = signed_in("campaign_lead", language, path="/warmup", shop=shop)
    names = {
        "zh": [
            "信号",
            "漏斗",
            "开场需求",
            "倒计时与日程",
            "秒杀场次",
            "预售",
            "页面标签",
            "横幅轮播",
            "老客召回",
            "导入记录",
        ],
        "en": [
            "Signals",
            "Funnel",
            "Opening demand",
            "Clocks",
            "Sessions",
            "Pre-sale",
            "Page labels",
            "Banners",
            "Old customers",
            "Imports",
        ],
    }[language]
    expect(page.get_by_role("heading", name={"zh": "预热", "en": "Warm-up"}[language]).first).to_be_visible()
    for number, name in enumerate(names):
        tab(page, name)
        calm(page)
        picture(page, f"warmup-{language}-{number}", whole=True)
        if language == "en":
            shown = page.locator("[data-testid=stMainBlockContainer]").inner_text()
            own = {"双 11", "面霜", "口红", "限量", "精华", "开场秒杀", "预热", "会场", "首焦", "¥"}
            for word in own:
                shown = shown.replace(word, "")
            assert not re.findall(r"[\u4e00-\u9fff]{2,}", re.sub(r"(?m)^.*(秒杀|定金|膨胀).*$", "", shown)), (
                name
            )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_tab_of_readiness(
    shop: Server, signed_in: Callable[..., Page], picture: Picture, language: str
) -> None:
    page = signed_in("campaign_lead", language, path="/readiness", shop=shop)
    names = {
        "zh": ["看板", "任务表", "时间线", "日历", "人力排班", "广告资源"],
        "en": ["Board", "Tasks", "Timeline", "Calendar", "Head-count", "Advertising"],
    }[language]
    for number, name in enumerate(names):
        tab(page, name)
        calm(page)
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
        picture(page, f"readiness-{language}-{number}", whole=True)
        if name in {"日历", "Calendar"}:
            expect(page.locator(".weeks .today")).to_have_count(1)
            expect(page.locator(".weeks b", has_text="T−0")).to_have_count(1)
            assert page.locator(".weeks p").count() > 20


def test_a_day_of_the_rota_is_printed_on_one_sheet(
    shop: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    """The button opens the browser's print; on paper there is the chosen day and nothing of the screen around
    it."""
    page = signed_in("viewer", path="/readiness", shop=shop)
    tab(page, "人力排班")
    page.evaluate("window.printed = 0; window.print = () => { window.printed += 1 }; 0")
    page.get_by_role("button", name="打印").click()
    assert page.evaluate("window.printed") == 1
    page.emulate_media(media="print")
    expect(page.locator(".paper section")).to_have_count(1)
    expect(page.locator(".paper h2")).to_contain_text("排班表")
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_test_id("stMetric").first).to_be_hidden()
    picture(page, "readiness-print", whole=True)
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
    page.emulate_media(media="screen")
    expect(page.locator(".paper")).to_be_hidden()
    with page.expect_download() as sheet:
        page.get_by_role("button", name="下载排班表").click()
    assert pd.read_excel(sheet.value.path())["合计"].sum() > 0


def test_the_whole_plan_of_tasks_is_printed(
    shop: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    page = signed_in("viewer", path="/readiness", shop=shop)
    tab(page, "日历")
    expect(page.get_by_role("button", name="打印")).to_be_visible()
    page.emulate_media(media="print")
    rows = page.locator(".paper tbody tr")
    expect(rows).to_have_count(46)
    dated = [row.split("\t") for row in rows.all_inner_texts()]
    assert [row[0] for row in dated][:2] == ["T−50", "T−48"]
    picture(page, "tasks-print", whole=True)
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 2


def test_on_a_phone_nothing_is_wider_than_the_screen(
    shop: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    for path in ("/warmup", "/readiness"):
        page = signed_in("campaign_lead", path=path, shop=shop, width=390, height=844)
        page.get_by_test_id("stMetric").first.wait_for()
        calm(page)
        picture(page, f"phone{path.replace('/', '-')}", whole=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        cut = "deltas => deltas.filter(one => [...one.querySelectorAll('p')].some(p => p.getBoundingClientRect().right > one.getBoundingClientRect().right + 1)).length"
        assert page.get_by_test_id("stMetricDelta").evaluate_all(cut) == 0, (
            "the comparison of a figure is read whole"
        )
        hides = (
            "part => part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).overflow === 'hidden'"
        )
        tight = f"told => told.filter(one => [one, ...one.querySelectorAll('*')].some({hides})).length"
        assert page.get_by_test_id("stMetricDeltaDescription").evaluate_all(tight) == 0, (
            "and so is what stands beside it"
        )


def test_a_session_is_locked_and_what_stands_in_stock_follows(
    shop: Server, signed_in: Callable[..., Page]
) -> None:
    page = signed_in("campaign_lead", path="/warmup", shop=shop)
    tab(page, "秒杀场次")
    tick(page, "warmup_sessions")
    page.get_by_role("button", name="锁定 2 场").click()
    expect(page.get_by_text("这些场次共 60 件")).to_be_visible()
    page.locator(".st-key-warmup_lock button").click()
    expect(page.get_by_text("已锁定 60 件")).to_be_visible()
    with shop.database.reading() as connection:
        assert stock.levels(connection, ["001"])["activity_locked"].tolist() == [60]


def test_a_viewer_sees_and_cannot_touch(shop: Server, signed_in: Callable[..., Page]) -> None:
    page = signed_in("viewer", path="/warmup", shop=shop)
    tab(page, "秒杀场次")
    calm(page)
    expect(page.get_by_role("button", name=re.compile(r"^锁定"))).to_have_count(0)
    expect(page.get_by_role("tab", name="老客召回")).to_have_count(0)


def test_names_of_goods_are_shown_letter_by_letter(shop: Server, signed_in: Callable[..., Page]) -> None:
    page = signed_in("viewer", path="/warmup", shop=shop)
    tab(page, "页面标签")
    card = page.locator(".st-key-label_preview")
    expect(card.get_by_role("heading")).to_be_visible()
    assert card.get_by_role("heading").inner_text().replace("\u2060", "").strip() == "精华 [link](http://a)"
    expect(card.get_by_role("link")).to_have_count(0)


@pytest.mark.parametrize(
    ("zone", "skew_seconds"),
    [("Asia/Shanghai", 0), ("America/New_York", 7_213), ("Pacific/Auckland", -86_399)],
)
def test_countdowns_are_right_to_the_second_in_any_zone_on_any_clock(
    shop: Server, context: Callable[..., BrowserContext], zone: str, skew_seconds: int
) -> None:
    """The tile of the warm-up's end against the server's clock: the browser's own zone and a wrong clock
    change nothing."""
    fresh = context("zh", zone=zone)
    fresh.add_init_script(
        f"const real = Date.now.bind(Date); Date.now = () => real() + {skew_seconds * 1000}"
    )
    fresh.add_cookies(
        [
            {
                "name": "bigsale_session",
                "value": token_for(shop.database, "viewer"),
                "url": shop.url,
                "httpOnly": True,
            }
        ]
    )
    page = fresh.new_page()
    page.goto(f"{shop.url}/warmup")
    settled(page)
    tab(page, "倒计时与日程")
    opens = campaigns.campaigns(shop.database, LEAD)["opens_at"].iloc[0]
    shown = page.locator(".countdown.large .left").first
    expect(shown).to_be_visible()

    def off() -> str:
        """What is shown, where that is wrong."""
        before, text, after = clock.now(), shown.inner_text(), clock.now()
        days, hours, minutes, seconds = map(int, re.match(r"(\d+) 天 (\d+):(\d+):(\d+)", text).groups())  # type: ignore[union-attr]
        left = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return (
            ""
            if opens - after - timedelta(seconds=0.5) <= left <= opens - before + timedelta(seconds=1.3)
            else text
        )

    for _ in range(20):  # a server that still warms up answers late, and the page asks it again
        if not off():
            break
        page.wait_for_timeout(500)
    for _ in range(3):
        assert off() == ""
        page.wait_for_timeout(700)
