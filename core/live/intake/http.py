"""The HTTP entry for events: POST /api/v1/events, signed, limited, answered only when everything is on
disk."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from core import clock
from core.access import Actor, audit
from core.database import connect
from core.errors import ShopError
from core.live.intake import sources
from core.live.intake.batches import added, parse, take
from core.live.intake.limits import RateLimiter
from core.live.ledger.events import Refusal
from core.plain_text import printable_facts
from core.settings import settings

PATH = "/api/v1/events"
LARGEST_BODY = 1_048_576
AGAIN_S = 1  # a sender asks soon again
_STATUS = {
    "live.bad_signature": 401,
    "live.stale_signature": 401,
    "access.bad_key": 401,
    "access.key_purpose": 403,
    "live.compressed": 415,
    "live.too_many": 413,
    "live.too_large": 413,
    "live.too_fast": 429,
    "connect.is_paused": 503,
    "database.busy": 503,
    "database.full": 503,
    "database.unreachable": 503,
}


_limiter = RateLimiter()


async def events(request: Request) -> Response:
    """One signed batch; 202 with what became of each line, or a refusal of the whole request."""
    try:
        require_plain(request.headers.get("content-encoding", ""))
        body = await body_of(request)
        answer = await to_thread.run_sync(
            _receive, dict(request.headers), body, request.client.host if request.client else ""
        )
    except ShopError as error:
        return refusal(error)
    return JSONResponse(answer, 202)


def refusal(error: ShopError) -> JSONResponse:
    """A refusal of a whole signed request, with its status."""
    status = _STATUS.get(error.code, 400)
    headers = {"Retry-After": str(error.facts.get("seconds", AGAIN_S))} if status in (429, 503) else {}
    return JSONResponse({"code": error.code, **printable_facts(error.facts)}, status, headers)


def require_plain(encoding: str) -> None:
    """ShopError("live.compressed") for a body that was compressed: the signature is over what was sent, and a
    small body must not fill the memory."""
    if encoding.strip().casefold() not in {"", "identity"}:
        raise ShopError("live.compressed", encoding=encoding)


def require_readable(values: list[object]) -> None:
    """ShopError("live.unreadable") for a body without one readable line: a sender that is told 202 would throw
    its events away."""
    unread = [value for value in values if isinstance(value, Refusal) and value.code == "live.bad_json"]
    if len(unread) == len(values):
        raise ShopError("live.unreadable", value=unread[0].value if unread else "")


async def body_of(request: Request) -> bytes:
    """The request's bytes, given up as soon as they are too many."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise ShopError("live.too_large", most=LARGEST_BODY)
    return bytes(body)


def _receive(headers: dict[str, str], body: bytes, address: str) -> dict[str, object]:
    db, now = connect(settings().url), clock.now()
    name = headers.get("webhook-source", sources.USUAL)
    with db.reading() as connection:
        audit.require_own_key(connection)
        source = sources.find(connection, name)
    source = sources.admit(db, source, sources.Request(headers, body), "events", now)
    values = parse(body)
    require_readable(values)
    _limiter.take(db, name, len(values), source.events_per_minute, now)
    actor = Actor(f"source:{name}", "campaign_lead", "http", address)
    return added([take(db, actor, name, values, now, campaign_id=source.campaign_id)])


ROUTES: list[BaseRoute] = [Route(PATH, events, methods=["POST"])]
