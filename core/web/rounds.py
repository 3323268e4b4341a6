"""The rounds: once every few seconds the messages that are due go out, once a minute the sessions' last looks are written down."""

from __future__ import annotations

import threading
import time

from core import clock, logs, notify
from core.access import sessions
from core.database import connect
from core.errors import ShopError
from core.live import rounds as live

EVERY_S, FLUSH_S = 5.0, 60.0


class Rounds:
    """One background thread of the server. A fault in a round is logged and the next round tries again."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the running round, at most 10 seconds later."""
        self._ending.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        flushed = time.monotonic()
        while not self._ending.wait(EVERY_S):
            try:
                notify.send_due(connect(self._url), clock.now())
                live.round_of(connect(self._url), clock.now())
                if time.monotonic() - flushed >= FLUSH_S:
                    sessions.flush(connect(self._url))
                    flushed = time.monotonic()
            except ShopError as error:
                logs.log("bigsale.rounds").warning("round.refused", code=error.code)
            except Exception as error:
                logs.unexpected(error, where="rounds")
