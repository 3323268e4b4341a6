"""The nginx file of docs/operate as it is handed out: Debian's nginx, TLS, two processes of the console; each browser keeps its
process, and when one is killed its viewers are served by the other."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from core import clock
from core.access import Actor, back_off, sessions
from core.database import Database
from tests.security.conftest import XSRF, Page, Server, free_port, people, running

FILE = Path(__file__).resolve().parents[2] / "docs" / "operate" / "nginx.conf"
BROWSERS = 6


def program() -> str:
    """nginx; skipped where there is none, except in continuous integration."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no nginx found: apt-get install nginx-light")
        pytest.skip("no nginx found: apt-get install nginx-light")
    return path


@dataclass(frozen=True, slots=True)
class Proxied:
    """nginx before two processes: its address, and what trusts its certificate."""

    port: int
    trust: ssl.SSLContext
    processes: tuple[Server, Server]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


def certificate(folder: Path) -> None:
    """A key and a certificate for this address, of our own."""
    asked = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    files = ["-keyout", "privkey.pem", "-out", "fullchain.pem"]
    subprocess.run(["openssl", *asked.split(), *files], cwd=folder, check=True, capture_output=True)


def adapted(folder: Path, port: int, plain: int, ports: tuple[int, int]) -> str:
    """The file with this test's names and ports, everything else as it stands."""
    text = FILE.read_text(encoding="utf-8")
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("/etc/ssl/sale.shop.example", str(folder)),
        ("sale.shop.example", "127.0.0.1"),
        ("127.0.0.1:8501", f"127.0.0.1:{ports[0]}"),
        ("127.0.0.1:8502", f"127.0.0.1:{ports[1]}"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    temporary = "".join(
        f"{part}_temp_path {folder}/{part};\n"
        for part in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{text}\n}}\n"


@pytest.fixture
def proxied(sqlite: Database, tmp_path: Path) -> Iterator[Proxied]:
    nginx, port = program(), free_port()
    folder = tmp_path / "nginx"
    folder.mkdir()
    certificate(folder)
    people(sqlite)
    outside = {"BIGSALE_PUBLIC_URL": f"https://127.0.0.1:{port}", "BIGSALE_BEHIND_PROXY": "true"}
    with ExitStack() as stack:
        first, second = (stack.enter_context(running(sqlite, **outside)) for _ in range(2))
        ports = tuple(int(server.url.rpartition(":")[2]) for server in (first, second))
        (folder / "nginx.conf").write_text(adapted(folder, port, free_port(), ports))  # type: ignore[arg-type]
        process = subprocess.Popen(
            [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE
        )
        stack.callback(process.wait, 10)
        stack.callback(process.terminate)
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
            time.sleep(0.05)
        yield Proxied(port, ssl.create_default_context(cafile=str(folder / "fullchain.pem")), (first, second))


@dataclass(slots=True)
class Browser:
    """A person's browser with its mark: one page open through the proxy."""

    at: Proxied
    cookies: str
    page: Page

    @classmethod
    def open(cls, at: Proxied, database: Database) -> Browser:
        with database.writing() as connection:
            token = sessions.open_session(
                connection, Actor("admin", "admin", "page"), "test", clock.now()
            ).token
        mark = back_off.browser_mark(clock.now())
        cookies = f"_streamlit_xsrf={XSRF}; {sessions.COOKIE}={token}; {sessions.BROWSER_COOKIE}={mark}"
        one = cls(at, cookies, Page(None, ""))  # type: ignore[arg-type]
        one.come()
        return one

    def come(self) -> None:
        """Opens the page, as at first and after its socket has gone."""
        line = connect(
            f"wss://{self.at.host}/_stcore/stream",
            ssl=self.at.trust,
            additional_headers={"Origin": f"https://{self.at.host}", "Cookie": self.cookies},
            max_size=2**28,
            open_timeout=150,
        )
        self.page = Page(line, "")
        self.page.rerun(page="stock")

    def upload(self, number: int) -> int:
        """Puts a small file into the page; the status of the answer."""
        with httpx.Client(verify=self.at.trust, timeout=30) as browser:
            return browser.put(
                f"https://{self.at.host}/_stcore/upload_file/{self.page.session}/{number}",
                files={"file": ("stock.csv", b"a,b\n1,2\n")},
                headers={"X-Xsrftoken": XSRF, "Cookie": self.cookies, "Origin": f"https://{self.at.host}"},
            ).status_code

    def here(self) -> bool:
        """Whether the socket still lives: the page runs once more."""
        try:
            self.page.rerun(page="stock")
        except ConnectionClosed:
            return False
        return True


def test_each_browser_keeps_its_process_and_loses_nothing_but_the_one_that_dies(
    proxied: Proxied, sqlite: Database
) -> None:
    with closing(httpx.Client(verify=proxied.trust, timeout=30)) as stranger:
        answer = stranger.get(f"https://{proxied.host}/")
        assert answer.status_code == 200
        assert "max-age" in answer.headers["strict-transport-security"]
        assert "secure" in answer.headers["set-cookie"].lower()
        assert stranger.get(f"https://{proxied.host}/metrics").status_code == 404
    viewers = [Browser.open(proxied, sqlite) for _ in range(BROWSERS)]
    assert [viewer.upload(n) for viewer in viewers for n in range(3)] == [204] * 3 * BROWSERS, (
        "where its page is"
    )
    killed = proxied.processes[0]
    os.kill(killed.process.pid, signal.SIGKILL)
    killed.process.wait()
    gone = [viewer for viewer in viewers if not viewer.here()]
    assert 0 < len(gone) < BROWSERS, "some were there, the others saw nothing"
    for viewer in gone:
        viewer.come()  # as the page does by itself
    assert [viewer.upload(9) for viewer in viewers] == [204] * BROWSERS
    for viewer in viewers:
        viewer.page.socket.close()
