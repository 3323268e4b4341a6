"""The HTTP door for events: POST /api/v1/events, signed, limited, answered only when everything is on disk."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from core import clock
from core.access import Actor
from core.database import connect
from core.errors import ShopError
from core.live import sources
from core.live.feed import added, parse, take
from core.settings import settings

PATH = "/api/v1/events"
LARGEST_BODY = 1_048_576
_STATUS = {
    "live.bad_signature": 401,
    "live.stale_signature": 401,
    "live.too_many": 413,
    "live.too_large": 413,
    "live.too_fast": 429,
    "database.busy": 503,
    "database.unreachable": 503,
}


class Meter:
    """A bucket for each source: `rate` events a minute flow in, a request takes what it brings. One process, one meter."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._level: dict[str, tuple[float, float]] = {}

    def take(self, source: str, events: int, rate: int) -> None:
        """ShopError("live.too_fast", seconds=...) when the bucket holds less than the request needs."""
        now = time.monotonic()
        with self._lock:
            level, since = self._level.get(source, (float(rate), now))
            level = min(float(rate), level + (now - since) * rate / 60)
            if level < events:
                self._level[source] = (level, now)
                raise ShopError("live.too_fast", seconds=max(1, round((events - level) * 60 / max(rate, 1))))
            self._level[source] = (level - events, now)


_meter = Meter()


async def events(request: Request) -> Response:
    """One signed batch; 202 with what became of each line, or a refusal of the whole request."""
    try:
        body = await _body(request)
        answer = await to_thread.run_sync(_receive, dict(request.headers), body, request.client.host if request.client else "")
    except ShopError as error:
        status = _STATUS.get(error.code, 400)
        headers = {"Retry-After": str(error.facts.get("seconds", 1))} if status in (429, 503) else {}
        return JSONResponse({"code": error.code, **error.facts}, status, headers)
    return JSONResponse(answer, 202)


async def _body(request: Request) -> bytes:
    """The request's bytes, given up as soon as they are too many."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise ShopError("live.too_large", most=LARGEST_BODY)
    return bytes(body)


def _receive(headers: dict[str, str], body: bytes, address: str) -> dict[str, Any]:
    db, now = connect(settings().url), clock.now()
    name = headers.get("webhook-source", "shop")
    with db.reading() as connection:
        source = sources.find(connection, name)
    sources.verify(source, headers, body, now)
    assert source is not None  # noqa: S101 - verify refuses an unknown one
    values = parse(body)
    _meter.take(name, len(values), source.events_per_minute)
    actor = Actor(f"source:{name}", "campaign_lead", "http", address)
    return added([take(db, actor, name, values, now, campaign_id=source.campaign_id)])


ROUTES: list[BaseRoute] = [Route(PATH, events, methods=["POST"])]
