"""The real server on both databases, with an account of each role, and a browser made of httpx and a socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_socket

from core import clock
from core.access import Actor, accounts, sessions
from core.access.accounts import NewAccount
from core.access.rules import ROLES
from core.access.service import LOCAL_OPERATOR
from core.database import Database, connect
from tests import servers
from tests.conftest import create

ROOT = Path(__file__).resolve().parents[2]
WORD = "tall-river-47-lamp"
XSRF = generate_xsrf_token_string()  # anybody can make one up: it only has to fit itself


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address, its database, its process and its folder."""

    url: str
    database: Database
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def host(self) -> str:
        """127.0.0.1:port."""
        return self.url.removeprefix("http://")

    def memory_mib(self) -> float:
        """What the process holds in memory, of its own."""
        status = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("Private")) / 1024

    def log(self) -> str:
        """What it has written."""
        return (self.folder / "server.log").read_text(errors="replace")

    def token(self, role: str) -> str:
        """A session of the role's account, opened in the database."""
        person = Actor(role.replace("_", "-"), role, "page", "127.0.0.1")
        with self.database.writing() as connection:
            return sessions.open_session(connection, person, "test", clock.now()).token

    def browser(self, role: str = "", **headers: str) -> httpx.Client:
        """A browser at our own address, signed in as that role's account."""
        cookies = {sessions.COOKIE: self.token(role)} if role else {}
        return httpx.Client(
            base_url=self.url, cookies=cookies, headers={"Origin": self.url} | headers, timeout=30
        )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def people(database: Database) -> None:
    """An account of each role, named like it, all with one known password."""
    with database.writing() as connection:
        for role in ROLES:
            accounts.create(
                connection, LOCAL_OPERATOR, NewAccount(role.replace("_", "-"), role, word=WORD), clock.now()
            )


def command(port: int) -> list[str]:
    """How the product itself starts its server."""
    return [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)]


@contextmanager
def running(
    database: Database, line: list[str] | None = None, port: int = 0, **environment: str
) -> Iterator[Server]:
    """A server of its own on that database; `line` starts it in another way ("{port}" is filled in)."""
    folder, port = Path(tempfile.mkdtemp(prefix="bigsale-security-")), port or free_port()
    chosen = {"DATABASE_URL": database.url, "BIGSALE_LANGUAGE": ""} | environment
    words = [word.replace("{port}", str(port)) for word in line] if line else command(port)
    with (folder / "server.log").open("wb") as out:
        process = subprocess.Popen(words, cwd=ROOT, env=os.environ | chosen, stdout=out, stderr=out)
    server = Server(f"http://127.0.0.1:{port}", database, process, folder)
    try:
        until = time.monotonic() + 90
        while time.monotonic() < until and process.poll() is None:
            try:
                if httpx.get(f"{server.url}/healthz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        else:
            pytest.fail(f"the server did not start:\n{server.log()[-3000:]}")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server on SQLite for every test that leaves it as it was."""
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}")
    create(database)
    people(database)
    with running(database) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_shop(postgres_server: str) -> Iterator[Server]:
    """One server on PostgreSQL for every test that leaves it as it was."""
    with servers.nothing(postgres_server) as database:
        create(database)
        people(database)
        with running(database) as server:
            yield server


@pytest.fixture(params=["sqlite_server", pytest.param("postgres_shop", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest) -> Server:
    """The same test against the real server on both databases."""
    return request.getfixturevalue(request.param)


@dataclass(slots=True)
class Page:
    """An open page: its socket, and the session that the server gave it."""

    socket: ClientConnection
    session: str

    def rerun(self, query: str = "", page: str = "", click: str = "") -> list[ForwardMsg]:
        """Runs the script at an address (with a click on a widget) and waits for its end; what the server has
        drawn."""
        message, drawn = BackMsg(), []
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        if click:
            message.rerun_script.widget_states.widgets.add(id=click, trigger_value=True)
        self.socket.send(message.SerializeToString())
        until = time.monotonic() + 60
        while time.monotonic() < until:
            forward = ForwardMsg()
            forward.ParseFromString(self.socket.recv(timeout=60))
            if forward.WhichOneof("type") == "new_session":
                self.session = forward.new_session.initialize.session_id or self.session
            drawn.append(forward)
            early = forward.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            if forward.WhichOneof("type") == "script_finished" and not early:
                return drawn
        pytest.fail("the script did not end")


def buttons(drawn: list[ForwardMsg]) -> dict[str, str]:
    """The buttons that were drawn: label -> id."""
    elements = [one.delta.new_element for one in drawn if one.WhichOneof("type") == "delta"]
    return {one.button.label: one.button.id for one in elements if one.WhichOneof("type") == "button"}


def kinds(drawn: list[ForwardMsg]) -> list[str]:
    """The kinds of the elements that were drawn."""
    elements = [one.delta.new_element for one in drawn if one.WhichOneof("type") == "delta"]
    return [str(one.WhichOneof("type")) for one in elements]


@contextmanager
def opened_page(server: Server, token: str = "", *, run: bool = True, **headers: str) -> Iterator[Page]:
    """A page as a browser opens it, or as somebody with a socket and a made-up XSRF pair does."""
    cookies = f"_streamlit_xsrf={XSRF}" + (f"; {sessions.COOKIE}={token}" if token else "")
    sent = {"Origin": server.url, "Cookie": cookies} | headers
    with connect_socket(
        f"ws://{server.host}/_stcore/stream", additional_headers=sent, max_size=2**28, open_timeout=30
    ) as opened:
        page = Page(opened, "")
        if run:
            page.rerun()
        yield page


@pytest.fixture
def page() -> Callable[..., object]:
    """`with page(server, token) as open_page`."""
    return opened_page
