"""Viewers without a browser: they speak the screens' own websocket, so that a refresh can be timed and
weighed as it is sent.

with served(database) as screens:                                         # the real server, a process of its own
    viewer = await Viewer.open(screens, "live", "campaign=…")             # the whole page, once
    seen = await viewer.tick()                                            # what the browser's timer asks for: Refresh(seconds, size)
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState, ContextInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from core import clock
from core.access import Actor, accounts, sessions
from core.access.accounts import NewAccount
from core.access.service import LOCAL_OPERATOR
from core.database import Database
from core.database.migrate import head

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "core" / "database" / "migrations"
PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True)
class Refresh:
    """One refresh: seconds from asking to the last message, bytes on the websocket (uncompressed),
    messages."""

    seconds: float
    size: int
    messages: int


@dataclass(frozen=True, slots=True)
class Screens:
    """A running server and somebody's session there."""

    port: int
    pid: int
    cookie: str
    times: Path  # CPU milliseconds of each refresh's script, see `timed_screens`

    def cpu(self) -> float:
        """CPU seconds that the process has used so far, all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(database: Database, role: str = "admin") -> Iterator[Screens]:
    """The screens on that database, in a process of their own, with a session of a new account."""
    now = clock.now()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with database.writing() as connection:
        MigrationContext.configure(connection).stamp(ScriptDirectory(str(MIGRATIONS)), head())
        accounts.create(
            connection, LOCAL_OPERATOR, NewAccount(f"looker-{port}", role, word="tall-river-47-lamp"), now
        )
        connection.execute(accounts.account.update().values(must_change=False))
        cookie = sessions.open_session(connection, Actor(f"looker-{port}", role, "page"), "bench", now).token
    folder = str(Path(database.url.removeprefix("sqlite:///")).parent)
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "BIGSALE_DATA_DIR": folder,
        "BIGSALE_LANGUAGE": "zh",
    }
    times = Path(folder) / f"times-{port}.txt"
    command = [sys.executable, "-m", "tests.bench.timed_screens", str(port), str(times)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(port, process)
        yield Screens(port, process.pid, cookie, times)
    finally:
        process.terminate()
        process.wait(20)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the server ended")
        with suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("the server did not start")


@dataclass(slots=True)
class Viewer:
    """One open page. `fragments` are those that refresh by a timer, with their seconds."""

    line: ClientConnection
    page: str
    query: str
    page_hash: str = ""
    fragments: dict[str, float] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    shown: list[ForwardMsg] = field(default_factory=list)

    @classmethod
    async def open(cls, screens: Screens, page: str, query: str) -> Viewer:
        """Opens the page and waits until it stands."""
        line = await connect(
            f"ws://127.0.0.1:{screens.port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            origin=Origin(f"http://127.0.0.1:{screens.port}"),
            additional_headers={"Cookie": f"{sessions.COOKIE}={screens.cookie}"},
            max_size=None,
        )
        viewer = cls(line, page, query)
        await viewer._ask(ClientState(query_string=query, page_name=page))
        return viewer

    async def tick(self) -> Refresh:
        """Runs the first timed fragment once, as its timer would."""
        state = ClientState(
            query_string=self.query,
            page_script_hash=self.page_hash,
            fragment_id=next(iter(self.fragments)),
            is_auto_rerun=True,
        )
        return await self._ask(state)

    async def press(self, *widgets: WidgetState) -> Refresh:
        """Runs the whole page again with these widgets' values, as a click would."""
        state = ClientState(query_string=self.query, page_script_hash=self.page_hash)
        state.widget_states.widgets.extend(widgets)
        return await self._ask(state)

    async def close(self) -> None:
        """Leaves."""
        await self.line.close()

    async def _ask(self, state: ClientState) -> Refresh:
        state.context_info.CopyFrom(
            ContextInfo(timezone="Asia/Shanghai", timezone_offset=-480, locale="zh-CN")
        )
        state.cached_message_hashes.extend(self.cached)
        begun, size = time.perf_counter(), 0
        self.shown.clear()
        await self.line.send(BackMsg(rerun_script=state).SerializeToString())
        while True:
            raw = await asyncio.wait_for(self.line.recv(), PATIENCE_S)
            size += len(raw)
            message = ForwardMsg.FromString(raw)
            self.shown.append(message)
            if self._last(message):
                return Refresh(time.perf_counter() - begun, size, len(self.shown))

    def _last(self, message: ForwardMsg) -> bool:
        """Takes a message in; whether it ends the run."""
        kind = message.WhichOneof("type")
        if message.metadata.cacheable:
            self.cached.add(message.hash)
        if kind == "new_session":
            self.page_hash = message.new_session.page_script_hash
        elif kind == "navigation":
            self.page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        finished = ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
        return kind == "script_finished" and message.script_finished in finished
