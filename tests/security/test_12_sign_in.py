"""Who is not known costs the same as who is; the company's provider is asked in earnest; a cookie that ends in the
middle of something ends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import numpy as np
import oidc_provider_mock
import pytest
from oidc_provider_mock import User
from sqlalchemy import delete, update

from core import clock
from core.access import Actor, accounts, passwords, service, sessions
from core.access.accounts import NewAccount
from core.access.service import LOCAL_OPERATOR
from core.access.sessions import Client
from core.access.tables import back_off, session
from core.database import Database, connect
from core.errors import ShopError
from tests.cheaply import CHEAP
from tests.conftest import create
from tests.security.conftest import WORD, XSRF, Server, buttons, free_port, opened_page, running

TRIES = 2_000


def test_an_unknown_name_takes_as_long_as_a_known_one(
    sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPU time of 2,000 sign-ins, half of them for names that nobody has, in turn; with the cheapest hash, so
    that what is beside it shows. The chance that one of the one kind is slower than one of the other is a half."""
    monkeypatch.setattr(passwords, "_argon2", CHEAP)
    for n in range(10):
        service.add_account(sqlite, admin, NewAccount(f"p{n}", "viewer", word=WORD), now)
    spent: dict[bool, list[float]] = {True: [], False: []}
    for n in range(TRIES):
        known = n % 2 == 0
        name = f"{'p' if known else 'q'}{n // 2 % 10}"
        if n % 20 == 0:
            with sqlite.writing() as connection:
                connection.execute(delete(back_off))
        begun = time.thread_time()
        with pytest.raises(ShopError, match=r"access\.wrong_password"):
            sessions.sign_in(sqlite, name, "wrong-word", Client(f"10.1.{n % 200}.{n // 200}", "", ""), now)
        spent[known].append(time.thread_time() - begun)
    ours, theirs = (np.array(spent[known]) for known in (True, False))
    slower = (ours[:, None] > theirs[None, :]).mean() + (ours[:, None] == theirs[None, :]).mean() / 2
    assert 0.42 < slower < 0.58, (
        f"known slower in {slower:.1%}, medians {np.median(ours)} {np.median(theirs)}"
    )


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A real OpenID Connect provider on this machine."""
    people = [
        User(sub="mei", claims={"email": "Mei@shop.example", "email_verified": True}),
        User(sub="loose", claims={"email": "mei@shop.example", "email_verified": False}),
        User(sub="stranger", claims={"email": "who@else.example", "email_verified": True}),
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=people) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def company(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The shop with sign-in by that provider."""
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('company') / 'shop.db'}")
    create(database)
    with database.writing() as connection:
        accounts.create(
            connection,
            LOCAL_OPERATOR,
            NewAccount("mei", "finance", email="mei@shop.example", word=WORD),
            clock.now(),
        )
    home, port = tmp_path_factory.mktemp("home"), free_port()
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "{"s" * 40}"\n'
        f'client_id = "shop"\nclient_secret = "hush"\nserver_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    with running(database, port=port, HOME=str(home), BIGSALE_LANGUAGE="en") as server:
        yield server


def by_provider(server: Server, person: str) -> httpx.Client:
    """A browser that has gone through the provider's own pages as that person."""
    browser = httpx.Client(base_url=server.url, follow_redirects=True, timeout=30)
    with opened_page(server, run=False) as page:
        drawn = page.rerun()
        button = next(key for label, key in buttons(drawn).items() if "company" in label.casefold())
        answer = page.rerun(click=button)
    address = next(one.auth_redirect.url for one in answer if one.WhichOneof("type") == "auth_redirect")
    asked = browser.get(address)
    assert asked.status_code == 200, asked.text
    done = browser.post(asked.url, data={"sub": person})
    assert done.status_code == 200, done.text
    return browser


def test_signing_out_everywhere_ends_the_providers_sign_in_too(company: Server) -> None:
    browser = by_provider(company, "mei")
    assert browser.get("/media/abc.xlsx").status_code == 403, "known, but that file is not theirs"
    time.sleep(1.1)  # the provider's moment has whole seconds
    with company.database.writing() as connection:
        sessions.end_all(connection, LOCAL_OPERATOR, "mei", clock.now(), "admin")
    assert browser.get("/media/abc.xlsx").status_code == 401


def expire(server: Server, token: str) -> None:
    """The session's time is over."""
    with server.database.writing() as connection:
        over = clock.now() - timedelta(seconds=1)
        connection.execute(
            update(session).where(session.c.digest == sessions.digest_of(token)).values(expires_at=over)
        )


def test_a_cookie_that_expires_in_the_middle_ends_each_action(server: Server) -> None:
    browser = server.browser("merchandiser")
    token = browser.cookies[sessions.COOKIE]
    with opened_page(server, token) as page:
        upload = f"/_stcore/upload_file/{page.session}/1"
        sent = {
            "files": {"file": ("a.xlsx", b"x")},
            "headers": {"X-Xsrftoken": XSRF, "Cookie": f"{sessions.COOKIE}={token}; _streamlit_xsrf={XSRF}"},
        }
        assert browser.put(upload, **sent).status_code == 204
        expire(server, token)
        assert browser.put(upload, **sent).status_code == 401
        shown = "".join(str(one) for one in page.rerun(page="stock"))
        assert "merchandiser · " not in shown, "the open page meets the sign-in"
    answers = {
        "/account/password": browser.post("/account/password", json={"old": WORD, "new": "another-river-48"}),
        "/account/sign-out": browser.post("/account/sign-out"),
        "/account/sign-out-everywhere": browser.post("/account/sign-out-everywhere"),
        "/media": browser.get("/media/abc.xlsx"),
    }
    assert answers["/account/password"].json()["code"] == "access.signed_out"
    assert answers["/account/sign-out-everywhere"].json() == {"ok": True, "ended": 0}
    assert answers["/media"].status_code == 401
