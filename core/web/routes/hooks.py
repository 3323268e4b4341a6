"""The doors for shop systems that call: POST /api/v1/hooks/{source}, signed as the system signs."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import clock
from core.connect.feeds.webhooks import deliveries
from core.database import connect
from core.errors import ShopError
from core.live.intake import http
from core.settings import settings

PATH = "/api/v1/hooks/{source}"
RECEIVED: dict[str, dict[str, object]] = {"youzan": {"code": 0, "msg": "success"}}
"""What a system waits for, beside what we say: without it 有赞 sends the message again."""


async def hook(request: Request) -> Response:
    """200 {"state", "rows", "refused", "code"} | 401 | 413 | 415 | 503. A body that was sent again, is about nothing
    that we count, or holds lines that cannot count is a 200: its sender could do nothing about it."""
    try:
        http.require_plain(request.headers.get("content-encoding", ""))
        body = await http.body_of(request)
        source = str(request.path_params["source"])
        answer = await to_thread.run_sync(_take, source, dict(request.headers), body)
    except ShopError as error:
        return http.refusal(error)
    facts = {"state": answer.state, "rows": answer.rows, "refused": answer.refused, "code": answer.code}
    return JSONResponse(facts | RECEIVED.get(answer.system, {}))


def _take(source: str, headers: dict[str, str], body: bytes) -> deliveries.Answer:
    return deliveries.take(connect(settings().url), source, headers, body, clock.now())


ROUTES = [Route(PATH, hook, methods=["POST"])]
