"""The page labels for the shop front: GET /api/v1/labels, the rows that the screen previews."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import clock
from core.access import Actor
from core.database import connect
from core.errors import ShopError
from core.settings import settings
from core.warmup.storefront import service
from core.web.requests import address, admitted, refusal

LANGUAGES = ("zh", "en")


async def labels(request: Request) -> Response:
    """200 with the labels and their ETag, 304 when the caller has them; `campaign` (default: the next or
    running one) and `lang` in the query.

    For callers with the bearer token of the settings or a key for labels, or this machine when there is none; to others the route
    does not exist.
    """
    if not await admitted(request, settings().labels_token.get_secret_value(), "labels"):
        return Response("Not Found", 404)
    query = request.query_params
    language = query.get("lang", "zh")
    actor = Actor("storefront", "viewer", "http", address(request))
    try:
        feed = await to_thread.run_sync(
            _feed, actor, query.get("campaign", ""), language if language in LANGUAGES else "zh"
        )
    except ShopError as error:
        return refusal(error)
    headers = {"ETag": feed.tag, "Cache-Control": "private, no-cache"}
    if feed.tag in {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(feed.body, media_type="application/json", headers=headers)


def _feed(actor: Actor, campaign_id: str, language: str) -> service.Feed:
    db, now = connect(settings().url), clock.now()
    chosen = campaign_id or service.current(db, actor, now)
    return service.feed(db, actor, chosen, now, language)


ROUTES = [Route("/api/v1/labels", labels, methods=["GET"])]
