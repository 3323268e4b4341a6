"""Files go into an open page of the signed-in person alone, few and small enough, and leave the memory with
the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from core.access.files.uploads import GRACE_S, Uploads
from core.database import Database
from core.errors import ShopError
from tests.security.conftest import XSRF, Server, opened_page, people, running

MIB = 2**20
FILE = {"file": ("stock.xlsx", b"x" * 1000)}


def put(browser: httpx.Client, session: str, file: str = "1", content: bytes = b"x" * 1000) -> httpx.Response:
    """What the uploader of a page sends."""
    return browser.put(
        f"/_stcore/upload_file/{session}/{file}",
        files={"file": ("stock.xlsx", content)},
        headers={"X-Xsrftoken": XSRF, "Cookie": cookie(browser)},
    )


def cookie(browser: httpx.Client) -> str:
    """The browser's cookies with the XSRF one."""
    mine = [f"{name}={value}" for name, value in browser.cookies.items()]
    return "; ".join([*mine, f"_streamlit_xsrf={XSRF}"])


def test_nobody_without_a_live_session_puts_a_file_into_the_memory(server: Server) -> None:
    """A socket and a made-up XSRF pair were enough; 20 files of 45 MiB made the server grow by hundreds."""
    with opened_page(server) as stranger:
        browser = server.browser()
        before = server.memory_mib()
        answers = [put(browser, stranger.session, str(n), b"x" * 20 * MIB) for n in range(5)]
        assert [answer.status_code for answer in answers] == [401] * 5
        assert server.memory_mib() - before < 40
    expired = server.browser()
    expired.cookies.set("bigsale_session", "x" * 43)
    assert put(expired, stranger.session).status_code == 401


def test_a_page_takes_files_of_its_own_account_only(server: Server) -> None:
    with opened_page(server, server.token("merchandiser")) as page:
        assert put(server.browser("merchandiser"), page.session).status_code == 204
        for other in ("viewer", "admin"):
            answer = put(server.browser(other), page.session)
            assert (answer.status_code, answer.json()["code"]) == (403, "web.not_your_page")
            gone = server.browser(other).delete(
                f"/_stcore/upload_file/{page.session}/1", headers={"X-Xsrftoken": XSRF}
            )
            assert gone.status_code == 403, "nor does anybody else take it away"
        elsewhere = put(server.browser("merchandiser"), "no-such-session")
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "web.unknown_page")


def test_a_forged_name_of_a_socket_binds_nothing(server: Server) -> None:
    with opened_page(server, server.token("viewer"), **{"X-Bigsale-Socket": "mine"}) as page:
        assert put(server.browser("viewer"), page.session).status_code == 204
        assert put(server.browser("finance"), page.session).status_code == 403


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with small quotas and few sockets."""
    from core.database import connect
    from tests.conftest import create

    database: Database = connect(f"sqlite:///{tmp_path_factory.mktemp('small') / 'shop.db'}")
    create(database)
    people(database)
    quotas = {"UPLOAD_SESSION_MIB": "30", "UPLOAD_TOTAL_MIB": "50", "UPLOAD_MIB": "25"}
    sockets = {"SOCKETS_SIGNED_OUT_EACH": "5", "SOCKETS_SIGNED_OUT": "8"}
    with running(
        database, **{f"BIGSALE_{name}": value for name, value in (quotas | sockets).items()}
    ) as server:
        yield server


def test_a_quota_for_the_page_and_one_for_all_and_both_are_given_back(small: Server) -> None:
    mine, theirs = small.browser("merchandiser"), small.browser("finance")
    with opened_page(small, mine.cookies["bigsale_session"]) as page:
        assert put(mine, page.session, "1", b"x" * 20 * MIB).status_code == 204
        over = put(mine, page.session, "2", b"x" * 20 * MIB)
        assert (over.status_code, over.json()) == (413, {"code": "web.upload_quota", "most": 30})
        assert put(mine, page.session, "1", b"x" * 9 * MIB).status_code == 204, "the same file again replaces"
        with opened_page(small, theirs.cookies["bigsale_session"]) as other:
            assert put(theirs, other.session, "1", b"x" * 16 * MIB).status_code == 204
            assert put(mine, page.session, "3", b"x" * 20 * MIB).status_code == 204
            full = put(theirs, other.session, "4", b"x" * 6 * MIB)
            assert full.status_code == 503
            assert full.headers["retry-after"] == "30"
            gone = mine.delete(
                f"/_stcore/upload_file/{page.session}/3",
                headers={"X-Xsrftoken": XSRF, "Cookie": cookie(mine)},
            )
            assert gone.status_code == 204
            assert put(theirs, other.session, "4", b"x" * 6 * MIB).status_code == 204


def test_memory_is_freed_when_the_page_goes(small: Server) -> None:
    mine = small.browser("warehouse")
    with opened_page(small, mine.cookies["bigsale_session"]) as page:
        until = time.monotonic() + GRACE_S + 20
        while (first := put(mine, page.session, "1", b"x" * 24 * MIB)).status_code == 503:
            assert time.monotonic() < until, "what closed pages held was never given back"
            time.sleep(1)
        assert first.status_code == 204
    assert put(mine, page.session).status_code == 403, "a page that has gone takes nothing"
    until = time.monotonic() + GRACE_S + 20
    while time.monotonic() < until:
        with opened_page(small, mine.cookies["bigsale_session"]) as again:
            if put(mine, again.session, "1", b"x" * 24 * MIB).status_code == 204:
                held = put(small.browser("finance"), again.session).status_code
                assert held == 403
                break
        time.sleep(1)
    else:
        pytest.fail("the quota was never given back")


def test_few_sockets_without_sign_in_and_nobody_else_pays_for_them(small: Server) -> None:
    open_pages = [opened_page(small, run=False) for _ in range(5)]
    for one in open_pages:
        one.__enter__()
    with pytest.raises(InvalidStatus), opened_page(small, run=False):
        pass
    with opened_page(small, small.token("viewer")):
        pass  # who is signed in has a place of their own
    for one in open_pages:
        one.__exit__(None, None, None)
    time.sleep(0.5)
    with opened_page(small, run=False):
        pass


OUT_OF_ORDER: list[tuple[str, Callable[[Uploads], object]]] = [
    ("unknown session", lambda held: held.reserve("s", "f", 1, per_session=9, in_all=9)),
    ("unbound owner", lambda held: held.require_owner("s", "mei")),
]


@pytest.mark.parametrize(("what", "step"), OUT_OF_ORDER)
def test_what_was_never_bound_is_refused(what: str, step: Callable[[Uploads], object]) -> None:
    with pytest.raises(ShopError, match="web.unknown_page"):
        step(Uploads())


def test_a_page_that_comes_back_in_time_keeps_its_files() -> None:
    held, freed = Uploads(), []
    held.free = freed.append
    first = held.opened()
    held.bind(first, "s", "mei")
    held.reserve("s", "f", 5, per_session=9, in_all=9)
    assert held.closed(first) == "s"
    second = held.opened()
    held.bind(second, "s", "mei")
    assert (held.free_unless_back("s"), freed, held.held()) == (False, [], 5)
    assert held.closed(second) == "s"
    assert (held.free_unless_back("s"), freed, held.held()) == (True, ["s"], 0)
