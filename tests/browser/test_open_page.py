"""A page that stands open in a real browser while its person is signed out everywhere, and the address of a
file in the hands of somebody else."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from playwright.sync_api import Error, Page, expect
from sqlalchemy import func, select

from core import clock
from core.access import service, sessions
from core.access.service import LOCAL_OPERATOR
from core.access.tables import audit
from tests.browser.conftest import Server, settled, token_for


def exports(server: Server) -> int:
    """How often a whole trail was taken out."""
    with server.database.reading() as connection:
        query = select(func.count()).select_from(audit).where(audit.c.action == "audit.export")
        return int(connection.scalar(query) or 0)


def test_an_export_is_its_makers_own_and_ends_with_the_session(
    server: Server, signed_in: Callable[..., Page]
) -> None:
    page = signed_in("admin", path="/admin?admin=audit")
    before = exports(server)
    button = page.get_by_test_id("stDownloadButton").get_by_role("button").last
    with page.expect_download() as waiting:
        button.click()
    assert "session.sign_in" in (waiting.value.path()).read_text("utf-8")
    address = waiting.value.url
    assert exports(server) == before + 1

    def fetched(role: str) -> int:
        cookies = {sessions.COOKIE: token_for(server.database, role)}
        return httpx.get(address, cookies=cookies).status_code

    assert (fetched("admin"), fetched("viewer"), fetched("finance")) == (200, 403, 403)
    assert httpx.get(address).status_code == 401

    service.end_sessions(server.database, LOCAL_OPERATOR, "admin", clock.now())
    try:
        with page.expect_download(timeout=6_000):
            button.click()
    except Error:
        pass
    else:
        raise AssertionError("a file was made for a session that is over")
    assert exports(server) == before + 1
    page.reload()
    settled(page)
    expect(page.get_by_label("密码", exact=True)).to_be_visible()
