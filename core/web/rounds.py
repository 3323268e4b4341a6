"""The rounds, what nobody should have to press a button for: every few seconds ended flash-sale sessions give their units back, free
units go to lines that are short of them, running sales are judged and due messages go out; every minute people are reminded of their
tasks and last looks written down.

Each part may run in several processes at once, and again and again: it takes its own lock and finds what is left to do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from core import clock, logs, notify
from core.access import Actor, sessions
from core.database import Database, connect
from core.errors import ShopError
from core.live import oversold
from core.live import rounds as live
from core.readiness import reminding
from core.warmup import selling

EVERY_S, MINUTE_S = 5.0, 60.0
ACTOR = Actor("rounds", "campaign_lead", "http")

PARTS: dict[str, Callable[[Database, datetime], Any]] = {
    "reminded": lambda db, now: reminding.remind_all(db, ACTOR, now),  # tasks
    "returned": lambda db, now: selling.close_ended(db, ACTOR, now),  # units
    "filled": lambda db, now: oversold.fill(db, now),  # units
    "judged": lambda db, now: live.round_of(db, now),  # sales
    "sent": lambda db, now: notify.send_due(db, now),
    "looks": lambda db, _: sessions.flush(db),
}
"""In the order in which they run: what a part queues goes out in the same round."""
OFTEN = ("returned", "filled", "judged", "sent")


def once(db: Database, now: datetime, parts: Collection[str] = tuple(PARTS)) -> dict[str, Any]:
    """One round: what each part did, by its name. A part that fails is logged, says {"error": code} and hinders no other."""
    done: dict[str, Any] = {}
    for part in parts:
        try:
            done[part] = PARTS[part](db, now)
        except ShopError as error:
            logs.log("bigsale.rounds").warning("round.refused", part=part, code=error.code)
            done[part] = {"error": error.code}
        except Exception as error:
            done[part] = {"error": "unexpected", "error_id": logs.unexpected(error, where=f"rounds.{part}")}
    return done


def failed(done: dict[str, Any]) -> bool:
    """Whether a part of a round could not do its work."""
    return any(isinstance(answer, dict) and "error" in answer for answer in done.values())


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
        db, whole = connect(self._url), time.monotonic()
        while not self._ending.wait(EVERY_S):
            full = time.monotonic() - whole >= MINUTE_S
            once(db, clock.now(), PARTS if full else OFTEN)
            whole = time.monotonic() if full else whole
