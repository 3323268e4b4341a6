"""A person's calendar for their own calendar program: GET /calendar/{token}.ics."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import clock
from core.database import connect
from core.notify.words import LANGUAGES, house_language
from core.overview import calendar
from core.settings import settings


async def feed(request: Request) -> Response:
    """200 with the iCalendar file of a person's secret address (`lang` in the query: zh or en), else 404."""
    asked = request.query_params.get("lang", "")
    language = asked if asked in LANGUAGES else house_language()
    body = await to_thread.run_sync(_feed, str(request.path_params["token"]), language)
    if body is None:
        return Response("Not Found", 404)
    return Response(body, media_type="text/calendar", headers={"Cache-Control": "private, no-store"})


def _feed(token: str, language: str) -> bytes | None:
    return calendar.feed(connect(settings().url), token, clock.now(), language)


ROUTES = [Route("/calendar/{token}.ics", feed, methods=["GET"])]
