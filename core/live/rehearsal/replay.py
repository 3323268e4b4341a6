"""A file of events fed through the HTTP intake as a shop would: signed requests, at any speed, tried again
until a 202."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import orjson
import uvicorn
from starlette.applications import Starlette

from core import clock
from core.access import Actor, allow
from core.clock import utc
from core.database import Database, new_id
from core.database.types import Record
from core.errors import ShopError
from core.live.intake import http, sources
from core.live.intake.batches import BATCH

SOURCE = "replay"
MOST_TRIES = 300  # about ten minutes: an intake that is being restarted comes back
_FIGURES = ("received", "accepted", "duplicate", "waiting", "released")


class Course(NamedTuple):
    """How events are sent: for which campaign; `speed` sale seconds a second (0: as fast as they are taken); `since`
    leaves out what happened before. `url`: an intake that runs already; without one, this process opens its own
    on a free port. `progress` is told how many of how many were received."""

    campaign_id: str
    speed: float
    since: datetime | None = None
    url: str = ""
    progress: Callable[[int, int], None] | None = None


def replay(
    db: Database, actor: Actor, values: Sequence[dict[str, object]], now: datetime, course: Course
) -> Record:
    """Sends the events in order of their time; figures summed.

    A request without an answer is sent again: the ledger counts an event once. ShopError("live.bad_speed" |
    "live.not_taken").
    """
    allow(actor, "live.intake")
    speed, since = course.speed, course.since
    if speed < 0:
        raise ShopError("live.bad_speed", slowest=0, fastest="∞")
    _ensure_source(db, actor, now)
    timed = sorted(((_at(value), n, value) for n, value in enumerate(values)), key=lambda each: each[:2])
    kept = [(at, value) for at, _, value in timed if since is None or at >= since]
    total: Record = dict.fromkeys(_FIGURES, 0) | {"events": len(kept), "requests": 0, "rejected": []}
    with _door(course.url) as address:
        begun = time.monotonic()
        for batch in _batches(kept, speed):
            _wait(begun, kept[0][0], batch[-1][0], speed)
            answer = _send(
                address,
                [value | {"campaign": value.get("campaign") or course.campaign_id} for _, value in batch],
            )
            for name in _FIGURES:
                total[name] += answer[name]
            total["rejected"] += answer["rejected"]
            total["requests"] += 1
            if course.progress is not None:
                course.progress(total["received"], len(kept))
    return total


def _at(value: Any) -> datetime:
    """When an event happened; the unreadable go first, the intake will say why it refuses them."""
    try:
        return utc(datetime.fromisoformat(value["at"]))
    except (KeyError, TypeError, ValueError, ShopError):
        return datetime.min.replace(tzinfo=UTC)


def _batches(
    kept: Sequence[tuple[datetime, object]], speed: float
) -> Iterator[Sequence[tuple[datetime, Any]]]:
    """Requests of at most BATCH events; when the clock counts, also of at most half a real second."""
    start = 0
    for end in range(1, len(kept) + 1):
        full = end - start >= BATCH or end == len(kept)
        late = speed and not full and (kept[end][0] - kept[start][0]).total_seconds() > speed / 2
        if full or late:
            yield kept[start:end]
            start = end


def _wait(begun: float, first: datetime, at: datetime, speed: float) -> None:
    if speed:
        time.sleep(max(0.0, begun + (at - first).total_seconds() / speed - time.monotonic()))


def _ensure_source(db: Database, actor: Actor, now: datetime) -> None:
    with db.reading() as connection:
        known = sources.find(connection, SOURCE)
    if known is None:
        sources.add_source(db, actor, SOURCE, now, terms=sources.Terms(events_per_minute=60_000_000))


@contextmanager
def _door(url: str) -> Iterator[str]:
    """The address of the intake: the given one, or one of our own for as long as it takes."""
    if url:
        yield url.rstrip("/") + http.PATH
        return
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=http.ROUTES), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}{http.PATH}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def _send(address: str, values: Sequence[object]) -> dict[str, object]:
    """Posts one batch until it is taken."""
    body, message = b"\n".join(map(orjson.dumps, values)), new_id()
    for attempt in range(MOST_TRIES):
        stamp = int(clock.now().timestamp())
        headers = {"webhook-id": message, "webhook-timestamp": str(stamp), "webhook-source": SOURCE}
        headers |= {
            "webhook-signature": sources.sign(SOURCE, 1, message, stamp, body),
            "Content-Type": "application/x-ndjson",
        }
        try:
            with urlopen(Request(address, body, headers), timeout=60) as answer:  # noqa: S310 - http by construction or by the operator
                return dict(orjson.loads(answer.read()))
        except HTTPError as error:
            if error.code != 429 and error.code < 500:  # what the server could not do, it may do later
                raise ShopError(
                    "live.not_taken", status=error.code, answer=error.read()[:200].decode(errors="replace")
                ) from error
            time.sleep(float(error.headers.get("Retry-After", "1")))
        except (URLError, OSError):
            time.sleep(min(2.0, 0.05 * 2**attempt))
    raise ShopError("live.not_taken", status=0, answer=address)
