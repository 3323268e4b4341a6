"""Nobody enters who does not belong: the sign-in at every address, what each role may open, and how a session
ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import update

from core import clock
from core.access import Actor, allowed, sessions
from core.access.rules import ROLES
from core.access.tables import account, session
from core.campaign.service import NewSale, add_sale
from core.database import Database
from pages.parts.shell import menu

ADDRESSES = ["/", *(f"/{entry.page}" for entry in menu.MENU)]
STANDING = menu.standing()
COOKIE = sessions.COOKIE


def assert_only_the_sign_in(page: Page) -> None:
    """The sign-in form, no sidebar, no heading but the product's name, no dialog."""
    expect(page.get_by_label("账号")).to_be_visible()
    expect(page.get_by_role("heading")).to_have_text(["大促作战室"])
    expect(page.get_by_test_id("stSidebar").get_by_role("link")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)


def assert_inside(page: Page) -> None:
    """The menu of somebody who is signed in."""
    expect(page.get_by_test_id("stSidebar").get_by_role("link").first).to_be_attached()


def test_fresh_server_no_cookie_nothing_but_the_sign_in(
    serve: Callable[..., Any], context: Callable[..., BrowserContext]
) -> None:
    fresh = serve()
    page = context().new_page()
    for address in ADDRESSES:
        page.goto(fresh.url + address)
        assert_only_the_sign_in(page)


def test_a_cookie_that_nobody_issued_meets_the_gate(
    server: Any, context: Callable[..., BrowserContext]
) -> None:
    fresh = context()
    page = fresh.new_page()
    for token in ("guess", "x" * 43, "../../etc/passwd", "' OR 1=1 --", "A" * 129):
        fresh.add_cookies([{"name": COOKIE, "value": token, "url": server.url}])
        page.goto(f"{server.url}/stock")
        assert_only_the_sign_in(page)


def test_an_expired_session_and_a_disabled_account_meet_the_gate(
    server: Any, signed_in: Callable[..., Page]
) -> None:
    page = signed_in("member")
    assert_inside(page)
    with server.database.writing() as connection:
        connection.execute(
            update(session).where(session.c.account == "member").values(expires_at=clock.now())
        )
    page.reload()
    assert_only_the_sign_in(page)
    page = signed_in("member")
    assert_inside(page)
    with server.database.writing() as connection:
        connection.execute(update(account).where(account.c.name == "member").values(disabled=True))
    page.reload()
    assert_only_the_sign_in(page)
    with server.database.writing() as connection:
        connection.execute(update(account).where(account.c.name == "member").values(disabled=False))


def test_a_revoked_session_stops_at_the_next_click(server: Any, signed_in: Callable[..., Page]) -> None:
    page = signed_in("warehouse")
    assert_inside(page)
    with server.database.writing() as connection:
        sessions.end_all(connection, Actor("admin", "admin"), "warehouse", clock.now(), "test")
    page.get_by_text("EN", exact=True).click()
    expect(page.get_by_label("Account")).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_role("link")).to_have_count(0)


def test_a_revoked_session_stops_a_live_page_at_its_next_tick(
    serve: Callable[..., Any], signed_in: Callable[..., Page]
) -> None:
    def seed(database: Database) -> None:
        now = clock.now()
        add_sale(
            database,
            Actor("campaign-lead", "campaign_lead"),
            NewSale("大促", now - timedelta(hours=1), now + timedelta(hours=5)),
            now=now,
        )

    shop = serve(seed)
    page = signed_in("viewer", path="/live", shop=shop)
    assert_inside(page)
    expect(page.get_by_role("heading").first).to_be_visible()
    with shop.database.writing() as connection:
        sessions.end_all(connection, Actor("admin", "admin"), "viewer", clock.now(), "test")
    expect(page.get_by_label("账号")).to_be_visible()  # nobody has clicked
    expect(page.get_by_test_id("stMetric")).to_have_count(0)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_its_own_pages_and_no_other(
    role: str, server: Any, signed_in: Callable[..., Page]
) -> None:
    page = signed_in(role)
    actor = Actor(role, role)
    mine = [entry for entry in STANDING if allowed(actor, entry.action)]
    links = page.get_by_test_id("stSidebar").get_by_test_id("stPageLink-NavLink")
    expect(links).to_have_count(len(mine))
    assert [link.get_attribute("href").rsplit("/", 1)[-1].split("?")[0] for link in links.all()] == [
        entry.page for entry in mine
    ]
    for entry in STANDING:
        if entry in mine:
            continue
        page.goto(f"{server.url}/{entry.page}")
        expect(page.get_by_text("不能打开这一页")).to_be_visible()
        expect(page.get_by_test_id("stDataFrame")).to_have_count(0)


@pytest.mark.parametrize("entry", STANDING, ids=lambda entry: entry.page)
def test_every_page_opens_for_the_administrator_without_a_fault(
    entry: menu.Entry, signed_in: Callable[..., Page]
) -> None:
    page = signed_in("admin", path=f"/{entry.page}")
    expect(page.get_by_text("错误编号")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_deep_link_survives_the_sign_in_and_the_cookie_is_out_of_reach_of_scripts(
    server: Any, context: Callable[..., BrowserContext], picture: Callable[..., Any]
) -> None:
    where = f"/{STANDING[-1].page}"
    fresh = context()
    page = fresh.new_page()
    page.goto(f"{server.url}{where}?lang=zh")
    page.get_by_label("账号").fill("admin")
    page.get_by_label("密码").fill("not-the-password")
    picture(page, "gate-zh")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert").filter(has_text="密码")).to_be_visible()
    page.get_by_label("密码").fill(server.word)
    page.get_by_role("button", name="登录").click()
    assert_inside(page)
    assert page.url.startswith(f"{server.url}{where}")
    cookie = next(cookie for cookie in fresh.cookies() if cookie["name"] == COOKIE)
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert COOKIE not in page.evaluate("document.cookie")
    page.reload()
    assert_inside(page)


def test_signing_out_ends_the_session_on_the_server_too(
    server: Any, context: Callable[..., BrowserContext]
) -> None:
    fresh = context()
    page = fresh.new_page()
    page.goto(server.url)
    page.get_by_label("账号").fill("finance")
    page.get_by_label("密码").fill(server.word)
    page.get_by_role("button", name="登录").click()
    assert_inside(page)
    kept = next(cookie for cookie in fresh.cookies() if cookie["name"] == COOKIE)
    page.get_by_role("button", name="finance").click()
    page.get_by_role("button", name="退出登录").click()
    assert_only_the_sign_in(page)
    fresh.add_cookies([{"name": COOKIE, "value": kept["value"], "url": server.url}])  # replayed
    page.goto(server.url)
    assert_only_the_sign_in(page)


def test_a_first_password_is_changed_before_anything_else(
    server: Any, context: Callable[..., BrowserContext]
) -> None:
    with server.database.writing() as connection:
        connection.execute(update(account).where(account.c.name == "viewer").values(must_change=True))
    page = context().new_page()
    page.goto(f"{server.url}/stock")
    page.get_by_label("账号").fill("viewer")
    page.get_by_label("密码").fill(server.word)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_label("当前密码")).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_role("link")).to_have_count(0)
    page.get_by_label("当前密码").fill(server.word)
    page.get_by_label("新密码", exact=True).fill("short")
    page.get_by_label("再输一次新密码").fill("shorter")
    page.get_by_role("button", name="保存新密码").click()
    expect(page.get_by_role("alert").filter(has_text="不一样")).to_be_visible()
    page.get_by_label("再输一次新密码").fill("short")
    page.get_by_role("button", name="保存新密码").click()
    expect(page.get_by_role("alert").filter(has_text="10")).to_be_visible()
    for label in ("新密码", "再输一次新密码"):
        page.get_by_label(label, exact=True).fill("green-tea-before-dawn")
    page.get_by_role("button", name="保存新密码").click()
    assert_inside(page)


def test_the_language_follows_the_browser_and_the_switch_stays_in_the_address(
    server: Any, signed_in: Callable[..., Page]
) -> None:
    page = signed_in("admin", "en")
    side = page.get_by_test_id("stSidebar")
    expect(side.get_by_text("Administrator")).to_be_visible()
    side.get_by_text("中文", exact=True).click()
    expect(side.get_by_text("管理员")).to_be_visible()
    assert "lang=zh" in page.url
    page.reload()
    expect(side.get_by_text("管理员")).to_be_visible()
