"""Sign-in by the company's identity provider, through its own pages in a real browser: who has an account here comes in
with the role that it has here, whatever the token says; nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import oidc_provider_mock
import pytest
from oidc_provider_mock import User
from playwright.sync_api import BrowserContext, Page, expect

from core import clock
from core.access import accounts, sessions
from core.access.accounts import NewAccount
from core.access.service import LOCAL_OPERATOR
from core.database import connect
from tests.browser.test_gate import assert_inside, assert_only_the_sign_in
from tests.conftest import create
from tests.security.conftest import WORD, Server, free_port, running

BOSS = {"role": "admin", "roles": ["admin"], "groups": ["admin", "bigsale-admin"], "department": "老板"}
PEOPLE = (
    User(sub="mei", claims={"email": "Mei@shop.example", "email_verified": True, "name": "小梅", **BOSS}),
    User(sub="loose", claims={"email": "mei@shop.example", "email_verified": False, **BOSS}),
    User(sub="stranger", claims={"email": "who@else.example", "email_verified": True, **BOSS}),
    User(sub="gone", claims={"email": "gone@shop.example", "email_verified": True, **BOSS}),
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The shop, with a real OpenID Connect provider of the company beside it."""
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('company') / 'shop.db'}")
    create(database)
    with database.writing() as connection:
        for name, role in (("mei", "finance"), ("gone", "admin")):
            email = f"{name}@shop.example"
            accounts.create(
                connection, LOCAL_OPERATOR, NewAccount(name, role, email=email, word=WORD), clock.now()
            )
        gone = accounts.account.c.name == "gone"
        connection.execute(accounts.account.update().where(gone).values(disabled=True))
    home, port = tmp_path_factory.mktemp("home"), free_port()
    (home / ".streamlit").mkdir()
    with oidc_provider_mock.run_server_in_thread(user_claims=PEOPLE) as provider:
        found = f"http://127.0.0.1:{provider.server_port}/.well-known/openid-configuration"
        (home / ".streamlit" / "secrets.toml").write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "{"s" * 40}"\n'
            f'client_id = "shop"\nclient_secret = "hush"\nserver_metadata_url = "{found}"\n'
        )
        with running(database, port=port, HOME=str(home)) as server:
            yield server


@pytest.fixture
def arrives(company: Server, context: Callable[..., BrowserContext]) -> Callable[[str], Page]:
    """A person at a fresh machine who signs in through the provider's page."""

    def sign_in(person: str) -> Page:
        page = context().new_page()
        page.goto(company.url)
        page.get_by_role("button", name="企业账号登录").click()
        page.get_by_role("button", name=person, exact=True).click()
        page.wait_for_url(f"{company.url}/**")
        return page

    return sign_in


def test_who_has_an_account_comes_in_with_the_role_that_it_has_here(
    company: Server, arrives: Callable[[str], Page]
) -> None:
    page = arrives("mei")
    assert_inside(page)
    side = page.get_by_test_id("stSidebar")
    expect(side.get_by_role("link", name="成本定价", exact=True)).to_be_attached()
    expect(side.get_by_role("link", name="管理", exact=True)).to_have_count(0)
    page.goto(f"{company.url}/admin")
    expect(page.get_by_role("heading", name="管理", exact=True)).to_have_count(0)
    with company.database.reading() as connection:
        role = connection.scalar(
            accounts.account.select()
            .with_only_columns(accounts.account.c.role)
            .where(accounts.account.c.name == "mei")
        )
    assert role == "finance", "what the token says changes nothing here"
    with company.database.writing() as connection:
        sessions.end_all(connection, LOCAL_OPERATOR, "mei", clock.now(), "admin")
    page.goto(company.url)
    expect(page.get_by_label("账号")).to_be_visible()


@pytest.mark.parametrize("person", ["stranger", "loose", "gone"])
def test_whom_nobody_here_knows_is_told_to_ask(
    company: Server, arrives: Callable[[str], Page], person: str
) -> None:
    page = arrives(person)
    expect(page.get_by_text("这个邮箱没有对应的账号，找管理员开通")).to_be_visible()
    assert_only_the_sign_in(page)
    page.get_by_role("button", name="退出企业账号").click()
    expect(page.get_by_role("heading", name="End Session")).to_be_visible()  # the provider's own page
    page.goto(company.url)
    expect(page.get_by_role("button", name="企业账号登录")).to_be_visible()
