"""The real server, a real Chromium, signed-in people.

    def test_x(server, signed_in):                        # one server for all tests, with an account of each role
        page = signed_in("merchandiser", path="/stock")   # a playwright Page, Chinese, Shanghai
        expect(page.get_by_role("heading", name="库存")).to_be_visible()

    @pytest.fixture(scope="module")
    def shop(serve):                                      # a server of the module's own, on a fresh database that it fills
        return serve(seed)                                # seed(database) -> None; then signed_in("finance", shop=shop)

Pictures go to tests/browser/pictures (git-ignored): picture(page, "stock-zh").
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, expect

from core import clock
from core.access import Actor, accounts, sessions
from core.access.accounts import NewAccount
from core.access.rules import ROLES
from core.access.service import LOCAL_OPERATOR
from core.database import Database, connect
from core.database.migrate import head
from core.database.types import load_tables
from tests import chromium, dashboards
from tests.demo_shop import Demo

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "core" / "database" / "migrations"
PICTURES = Path(__file__).parent / "pictures"
WORD = "tall-river-47-lamp"  # the password of every test account
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
SLOW = 30_000  # milliseconds: two cores may be busy

# A click's run is at first only asked for: until the server speaks, the page still says that nothing runs. So the
# page keeps when it last asked and when it was last answered.
TALK = """
(() => {
  const talk = (window.bigsaleTalk = { asked: 0, answered: 0 });
  window.WebSocket = class extends window.WebSocket {
    constructor(...where) {
      super(...where);
      for (const event of ['message', 'close'])
        this.addEventListener(event, () => { talk.answered = performance.now(); });
    }
    send(message) {
      talk.asked = performance.now();
      super.send(message);
    }
  };
})();
"""
QUIET = """
() => {
  const talk = window.bigsaleTalk, app = document.querySelector('[data-testid=stApp]');
  return app?.dataset.testScriptState === 'notRunning'
    && talk.answered >= talk.asked && performance.now() - talk.answered > 150;
}
"""

expect.set_options(timeout=SLOW)

Seed = Callable[[Database], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address, the database behind it, where its log is, and the password of its
    accounts."""

    url: str
    database: Database
    log: Path
    word: str = WORD


def _chromium() -> str | None:
    named = os.environ.get("BIGSALE_CHROMIUM", "")
    return next(
        filter(
            None,
            (
                named,
                *(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome")),
            ),
        ),
        None,
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session; skipped where there is none, except in continuous integration."""
    path = _chromium()
    if path is None:
        reason = "no Chromium found: apt-get install chromium fonts-noto-cjk, or set BIGSALE_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield chromium.shared(path, FLAGS)
    chromium.end()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _people(database: Database) -> None:
    """An account of each role, named like it, with the same known password."""
    with database.writing() as connection:
        for role in ROLES:
            accounts.create(
                connection, LOCAL_OPERATOR, NewAccount(role.replace("_", "-"), role, word=WORD), clock.now()
            )
        connection.execute(accounts.account.update().values(must_change=False))


@contextmanager
def _starting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts servers on fresh databases; all of them end with the block."""
    running: list[dashboards.Process] = []

    def start(
        seed: Seed | None = None, *, demo: Demo | None = None, people: bool = True, **environment: str
    ) -> Server:
        folder = tmp_path_factory.mktemp("server")
        if demo is not None:
            demo.copied_to(folder / "shop.db")
        database = connect(f"sqlite:///{folder / 'shop.db'}")
        if demo is None:
            with database.writing() as connection:
                load_tables().create_all(connection)
                MigrationContext.configure(connection).stamp(ScriptDirectory(str(MIGRATIONS)), head())
        if people:
            _people(database)
        if seed is not None:
            seed(database)
        port, log = _free_port(), folder / "server.log"
        chosen = {
            "DATABASE_URL": database.url,
            "BIGSALE_DATA_DIR": str(folder),
            "BIGSALE_LANGUAGE": "",
        } | environment
        process = dashboards.started(port, log, chosen)
        running.append(process)
        _await(f"http://127.0.0.1:{port}/healthz", process, log)
        return Server(f"http://127.0.0.1:{port}", database, log)

    yield start
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _await(url: str, process: dashboards.Process, log: Path) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for every test that needs no data of its own, with an account of each role."""
    with _starting(tmp_path_factory) as start:
        yield start()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts a server of the module's own, which ends with it: `serve(seed)`, `serve(seed, BIGSALE_LANGUAGE="en")`;
    on the demo's shop with `serve(seed, demo=demo)`."""
    with _starting(tmp_path_factory) as start:
        yield start


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Opens browser contexts (a fresh person at a fresh machine); closed after the test."""
    opened: list[BrowserContext] = []

    def make(
        language: str = "zh",
        *,
        width: int = 1440,
        height: int = 900,
        scheme: str = "light",
        zone: str = "Asia/Shanghai",
    ) -> BrowserContext:
        fresh = browser.new_context(
            locale={"zh": "zh-CN", "en": "en-GB"}[language],
            timezone_id=zone,
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            accept_downloads=True,
        )
        fresh.set_default_timeout(SLOW)
        fresh.add_init_script(TALK)
        opened.append(fresh)
        return fresh

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def signed_in(server: Server, context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """Opens a page as somebody of that role: signed_in("finance", "en", path="/pricing", shop=other_server,
    width=390, height=844); `said` hears its console from the first word on."""

    def open_page(
        role: str,
        language: str = "zh",
        *,
        path: str = "/",
        shop: Server | None = None,
        said: Callable[[ConsoleMessage], None] | None = None,
        **how: object,
    ) -> Page:
        house = shop or server
        fresh = context(language, **how)
        fresh.add_cookies(
            [
                {
                    "name": sessions.COOKIE,
                    "value": token_for(house.database, role),
                    "url": house.url,
                    "httpOnly": True,
                }
            ]
        )
        page = fresh.new_page()
        if said is not None:
            page.on("console", said)
        page.goto(house.url + path)
        settled(page)
        return page

    return open_page


def token_for(database: Database, role: str) -> str:
    """A session of the role's account, opened in the database."""
    with database.writing() as connection:
        person = Actor(role.replace("_", "-"), role, "page", "127.0.0.1")
        return sessions.open_session(connection, person, "test", clock.now()).token


def settled(page: Page) -> None:
    """Waits until what was asked is answered, the run has ended and something stands on the page."""
    page.locator("[data-testid=stAppViewContainer]").wait_for()
    page.locator("[data-testid=stMainBlockContainer] [data-testid=stVerticalBlock] > *").first.wait_for(
        state="attached"
    )
    page.wait_for_function(QUIET)


def drawn(page: Page) -> None:
    """Waits until each chart of the page holds its picture."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(one => one.querySelector('svg, canvas'))"
    )


def into_view(part: Locator) -> None:
    """Scrolls there; what the page draws anew meanwhile is looked for again."""
    for _ in range(5):
        try:
            part.scroll_into_view_if_needed(timeout=10_000)
            return
        except Error:
            expect(part).to_be_visible()
    part.scroll_into_view_if_needed()


def choose(page: Page, label: str, option: str) -> None:
    """Picks an option of a select box; its list closes whenever the page is drawn again, and is then opened
    once more."""
    wanted = page.get_by_role("option", name=option, exact=True)
    for _ in range(6):
        page.get_by_label(label, exact=True).click()
        try:
            wanted.click(timeout=4_000)
        except Error:
            page.keyboard.press("Escape")
            continue
        settled(page)
        return
    wanted.click()


def tick(page: Page, key: str, row: int | None = None) -> None:
    """Ticks a row of the table with that key; without a row, all of them by the head's box. A grid still being laid
    out is tried again."""
    grid = page.locator(f".st-key-{key}_over").locator("xpath=following::*[@data-testid='stDataFrame']").first
    height = 17 if row is None else 35 + 35 * row + 17
    for _ in range(4):
        grid.locator("canvas").first.wait_for()
        page.wait_for_timeout(1_000)  # the canvas has no event for "painted"
        grid.click(position={"x": 18, "y": height})
        settled(page)
        try:
            page.locator(f".st-key-{key}_bulk_clear").wait_for(timeout=4_000)
            return
        except Error:
            continue
    expect(page.locator(f".st-key-{key}_bulk_clear")).to_be_visible(timeout=1_000)


def tick_request(page: Page, row: int) -> None:
    """Ticks a row of the open table of price requests and opens the form that decides what is ticked."""
    tick(page, "pricing_requests", row)
    page.locator(".st-key-pricing_requests_bulk_decide button").first.click()


def type_into(page: Page, across: float, text: str) -> None:
    """Types into the first row of the last grid on the page, at that share of its width; a grid still being
    laid out is tried again."""
    field = page.locator("#portal input, #portal textarea").first
    for _ in range(4):
        page.wait_for_timeout(1_000)  # the canvas has no event for "painted"
        grid = page.get_by_test_id("stDataFrame").last
        try:
            into_view(grid)
            width = grid.evaluate("grid => grid.getBoundingClientRect().width")
            grid.dblclick(position={"x": width * across, "y": 52}, timeout=4_000)
            field.wait_for(timeout=4_000)
            break
        except Error:
            page.keyboard.press("Escape")
    expect(field).to_be_visible(timeout=1_000)
    field.fill(text)
    field.press("Enter")
    page.wait_for_timeout(500)
    settled(page)


@pytest.fixture(scope="session")
def picture() -> Callable[..., Path]:
    """picture(page, "stock-zh", whole=True): a screenshot below tests/browser/pictures."""

    def take(page: Page, name: str, *, whole: bool = False) -> Path:
        PICTURES.mkdir(exist_ok=True)
        path = PICTURES / f"{name}.png"
        page.screenshot(path=path, full_page=whole)
        return path

    return take
