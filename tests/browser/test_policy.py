"""The content policy in a real browser: our own screens work under it, other people's scripts do not."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlparse

import httpx
import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from core.web.middleware import HEADERS
from pages.parts.shell import menu
from tests.browser.conftest import WORD

SAID = "Content Security Policy"


def test_every_file_of_the_server_carries_the_headers(server: Any) -> None:
    index = httpx.get(server.url)
    script = index.text.partition('<script type="module" crossorigin src=".')[2].partition('"')[0]
    for path in ("", script, "/_stcore/health", "/_stcore/host-config", "/nowhere/at/all", "/healthz"):
        answer = httpx.get(server.url + path)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
    for closed in ("/_stcore/agent/openapi.json", "/_stcore/metrics"):
        assert httpx.get(server.url + closed).status_code == 404
    assert httpx.get(server.url, headers={"Host": "evil.example"}).status_code == 400


def shaken(url: str, host: str, origin: str) -> int:
    """The status of the answer to a request for the screens' web socket."""
    server = urlparse(url)
    asked = {
        "Host": host,
        "Origin": origin,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEA==",
    }
    with socket.create_connection((server.hostname or "", server.port or 0), timeout=30) as line:
        said = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
        line.sendall(f"GET /_stcore/stream HTTP/1.1\r\n{said}\r\n".encode())
        return int(line.recv(4096).split()[1])


def test_one_setting_says_under_which_names_the_screens_answer(serve: Callable[..., Any]) -> None:
    shop = serve(BIGSALE_ALLOWED_HOSTS="sale.shop.cn, 127.0.0.1")
    assert shaken(shop.url, "sale.shop.cn", "https://sale.shop.cn") == 101
    assert httpx.get(shop.url, headers={"Host": "sale.shop.cn"}).status_code == 200
    assert shaken(shop.url, "evil.example", "http://evil.example") == 400
    assert shaken(shop.url, "sale.shop.cn", "https://evil.example") == 403
    assert shaken(shop.url, "localhost", "http://localhost") == 400


@pytest.mark.parametrize("address", ["/", *(f"/{entry.page}" for entry in menu.standing())])
def test_our_screens_break_no_rule(address: str, signed_in: Callable[..., Page]) -> None:
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if SAID in message.text:
            said.append(message.text)

    page = signed_in("admin", path=address, said=listen)
    expect(page.get_by_test_id("stMainBlockContainer")).to_be_visible()
    page.wait_for_timeout(1500)
    assert said == []


def test_a_script_that_found_its_way_in_does_not_run(
    server: Any, context: Callable[..., BrowserContext]
) -> None:
    page = context().new_page()
    page.goto(server.url)
    expect(page.get_by_label("账号")).to_be_visible()
    page.evaluate(
        """() => {
        document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.hit = 1">')
        const script = document.createElement('script'); script.textContent = 'window.hit = 2'; document.body.append(script)
        const far = document.createElement('script'); far.src = 'data:text/javascript,window.hit=3'; document.body.append(far)
    }"""
    )
    page.wait_for_timeout(500)
    assert page.evaluate("window.hit") is None


def test_another_sites_page_cannot_sign_anybody_in(
    server: Any, context: Callable[..., BrowserContext]
) -> None:
    """A page at another address of this machine, with no policy of its own; the browser really sends its
    post."""
    fresh = context()
    page = fresh.new_page()
    page.route(
        "http://localhost:9/*", lambda route: route.fulfill(content_type="text/html", body="<p>evil</p>")
    )
    page.goto("http://localhost:9/")
    page.set_content(f"""<form method="post" enctype="text/plain" action="{server.url}/account/sign-in"><input name='{{"name":"admin","word":"'
        value='{WORD}"}}'></form>""")
    with page.expect_navigation() as caught:
        page.evaluate("document.forms[0].submit()")
    assert caught.value is not None
    assert (caught.value.status, caught.value.json()) == (403, {"code": "access.cross_origin"})
    assert fresh.cookies() == []
