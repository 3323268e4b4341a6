"""Servers of the screens that have imported everything before they are asked for: one process beside the tests' process
reads the product once, and each server is a fork of it. What an environment changes is read after the fork, as at any
start; a server with more in its environment than the product's own settings starts as the product does, and so do those
of benches and of tests whose question is the start itself.

    python -m tests.dashboards      # a line {"words", "environment", "log"} for each server; answers with its process id
"""

from __future__ import annotations

import json
import os
import pkgutil
import runpy
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn, Protocol

ROOT = Path(__file__).resolve().parents[1]
OURS = ("BIGSALE_", "DATABASE_URL")
NOT_SERVING = ("core.__main__", "core.commands", "core.database.migrations")

_parents: list[subprocess.Popen[str]] = []
_cold: list[bool] = []  # not empty: every server starts as the product does


class Process(Protocol):
    """What tests ask of a server's process; subprocess.Popen is one."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Forked:
    """A server that is a grandchild, held by a descriptor so that its number is never somebody else's."""

    def __init__(self, pid: int) -> None:
        self.pid, self._held = pid, os.pidfd_open(pid)

    def poll(self) -> int | None:
        """None while it runs; how it ended is known to its parent alone."""
        return 0 if select.select([self._held], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end. subprocess.TimeoutExpired."""
        if not select.select([self._held], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("dashboard", timeout or 0)
        return 0

    def terminate(self) -> None:
        """Asks it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._held, number)


def started(port: int, log: Path, chosen: Mapping[str, str]) -> Process:
    """A server of the screens on that port with that environment, beginning to start; it writes to the log's
    end."""
    words = ["run", "dashboard.py", "--server.port", str(port)]
    environment = dict(os.environ | chosen)
    if _can_be_held() and not _cold and all(name.startswith(OURS) for name in chosen):
        return _forked(words, environment, log)
    with log.open("ab") as out:
        command = [sys.executable, "-m", "streamlit", *words]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)


def start_cold() -> None:
    """From here on each server starts as the product does."""
    _cold.append(True)


@lru_cache(maxsize=1)
def _can_be_held() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):  # not this system, or not in this container
        return False
    return True


def _forked(words: Sequence[str], environment: dict[str, str], log: Path) -> Forked:
    if not _parents or _parents[0].poll() is not None:
        command = [sys.executable, "-m", "tests.dashboards"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        _parents[:] = [subprocess.Popen(command, cwd=ROOT, **pipes)]  # type: ignore[call-overload]
    parent = _parents[0]
    assert parent.stdin is not None
    assert parent.stdout is not None
    asked = {"words": list(words), "environment": environment, "log": str(log)}
    parent.stdin.write(json.dumps(asked) + "\n")
    parent.stdin.flush()
    return Forked(int(parent.stdout.readline()))


def end() -> None:
    """Ends the parent of all servers, at the end of the tests; where that is not reached, it ends with their
    process."""
    while _parents:
        with _parents.pop() as parent:
            parent.kill()


def _read_the_product() -> None:
    """Imports what a server comes to import, but for the screens: their components belong to a running one."""
    import core

    for name in ("altair", "uvicorn", "streamlit.web.bootstrap", "streamlit.web.server.starlette"):
        import_module(name)
    for found in pkgutil.walk_packages(core.__path__, "core."):
        if not found.name.startswith(NOT_SERVING):
            import_module(found.name)


def _serve(words: Sequence[str], environment: Mapping[str, str], log: str) -> NoReturn:
    """Becomes the server: its environment, its log, its command line."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, out)):
        os.dup2(source, number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["streamlit", *words]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
    raise SystemExit(0)


def main() -> None:
    """Reads the product, then a server for each line until nobody asks any more."""
    _read_the_product()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ended is taken away by the system
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _serve(**json.loads(line))
        print(pid, flush=True)


if __name__ == "__main__":
    main()
