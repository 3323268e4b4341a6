"""Takes the guide's pictures from the demo: `python docs/pictures.py [--into docs/pictures] [page ...]`.

Starts the real server on a fresh database with the demo campaign, signs in, and photographs every page of the
menu: Chinese and English on a laptop, Chinese on a phone and in the dark. Needs what the browser tests need
(requirements-dev.txt, Chromium).
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from core import clock  # noqa: E402
from core.access import Actor, accounts, sessions  # noqa: E402
from core.access.accounts import NewAccount  # noqa: E402
from core.access.service import LOCAL_OPERATOR  # noqa: E402
from core.database import connect  # noqa: E402
from pages.parts.shell import menu  # noqa: E402

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
)


@dataclass(frozen=True, slots=True)
class View:
    """How a page is photographed: mark in the file name, language, appearance, size in pixels."""

    mark: str
    locale: str
    scheme: str
    width: int
    height: int


VIEWS = (
    View("zh", "zh-CN", "light", 1440, 900),
    View("en", "en-GB", "light", 1440, 900),
    View("zh-dark", "zh-CN", "dark", 1440, 900),
    View("zh-phone", "zh-CN", "light", 390, 844),
)


@contextmanager
def shop() -> Iterator[tuple[str, str]]:
    """(address, session token) of a server with the demo in it; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bigsale-pictures-"))
    address = f"sqlite:///{folder / 'demo.db'}"
    environment = os.environ | {
        "DATABASE_URL": address,
        "BIGSALE_DATA_DIR": str(folder),
        "BIGSALE_LANGUAGE": "",
    }
    for command in ("init", "demo"):
        subprocess.run([sys.executable, "-m", "core", command], cwd=ROOT, env=environment, check=True)  # noqa: S603 - our own program
    database = connect(address)
    with database.writing() as connection:
        accounts.create(
            connection, LOCAL_OPERATOR, NewAccount("mei", "admin", word="only-for-pictures-7"), clock.now()
        )
        connection.execute(accounts.account.update().values(must_change=False))
        token = sessions.open_session(
            connection, Actor("mei", "admin", "page", "127.0.0.1"), "pictures", clock.now()
        ).token
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)]
    server = subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}", token
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _await(url: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def photograph(browser: Browser, url: str, token: str, view: View, pages: list[str], into: Path) -> None:
    """One picture a page in this view."""
    context = browser.new_context(
        locale=view.locale,
        timezone_id="Asia/Shanghai",
        color_scheme="dark" if view.scheme == "dark" else "light",
        viewport={"width": view.width, "height": view.height},
        device_scale_factor=1,
    )
    context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": url, "httpOnly": True}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    for name in pages:
        page.goto(f"{url}/{name}")
        page.locator("[data-testid=stMainBlockContainer] h1, [data-testid=stAlert]").first.wait_for()
        page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        )
        page.wait_for_timeout(1_500)  # charts are drawn after the run
        page.screenshot(path=into / f"{name}-{view.mark}.png")
    context.close()


def main() -> None:
    """Reads the arguments and takes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "pages", nargs="*", default=[entry.page for entry in menu.standing() if entry.page != "wall"]
    )
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--views", nargs="*", default=[view.mark for view in VIEWS])
    chosen = parser.parse_args()
    chosen.into.mkdir(parents=True, exist_ok=True)
    path = os.environ.get("BIGSALE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with shop() as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for view in VIEWS:
            if view.mark in chosen.views:
                photograph(browser, url, token, view, chosen.pages, chosen.into)
        browser.close()


if __name__ == "__main__":
    main()
