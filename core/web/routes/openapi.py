"""The interface for programs as an OpenAPI document: GET /api/v1/openapi.json, made from the routes themselves: paths,
methods, what is in a path, and the words of the functions that answer. What no route says of itself (who may ask, the
query, the body, the answers) stands here by path; a route without its line is a fault that a test finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from inspect import getdoc
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from core.live.ledger.events import KINDS
from core.web.routes.assign import Ask

Json = dict[str, Any]  # a part of the document

PATH = "/api/v1/openapi.json"
VERSION = "1"
PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics", "/calendar/")
"""Where programs ask; the other routes are the screens' own."""

KEY, SIGNED, TOKEN = "apiKey", "standardWebhooks", "bearerToken"
SECURITY = {
    KEY: {
        "type": "http",
        "scheme": "bearer",
        "description": "Authorization: Bearer bsk_… ; a key for the purpose",
    },
    TOKEN: {"type": "http", "scheme": "bearer", "description": "the token of the server's settings"},
    SIGNED: {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature; webhook-source names the"
        " source, else “shop”",
    },
}


JSON, TEXT, ICS = "application/json", "text/plain", "text/calendar"


@dataclass(frozen=True, slots=True)
class About:
    """What a route does not say of itself: how one may ask (each a way; () = anybody), the purpose that a key must
    have, names of the query, schema of the body, answers by status with their media type ("" = none)."""

    ways: tuple[str, ...] = ()
    scope: str = ""
    query: tuple[str, ...] = ()
    body: Json | None = None
    answers: dict[int, str] = field(default_factory=lambda: {200: JSON})


_WORD = {"type": "string", "maxLength": 128}
EVENT = {
    "type": "object",
    "required": ["event_id", "kind", "at"],
    "properties": {
        "event_id": _WORD,
        "kind": {"enum": sorted(KINDS)},
        "at": {"type": "string", "format": "date-time", "description": "with its offset"},
        **dict.fromkeys(("sku_code", "user_key", "order_id", "channel", "campaign"), _WORD),
        **dict.fromkeys(("experiment", "arm"), _WORD),
        "quantity": {"type": "integer", "minimum": 0},
        "amount_fen": {"type": "integer", "minimum": 0},
    },
}
EVENTS = {"oneOf": [EVENT, {"type": "array", "items": EVENT}]}
ABOUT: dict[str, About] = {
    "/healthz": About(answers={200: JSON, 503: JSON}),
    "/readyz": About(answers={200: JSON, 503: JSON}),
    "/metrics": About((KEY, TOKEN), "read", answers={200: TEXT, 404: TEXT}),
    "/api/v1/time": About(),
    PATH: About(),
    "/api/v1/live": About((KEY,), "read", ("campaign",), answers={200: JSON, 400: JSON, 404: TEXT}),
    "/api/v1/labels": About(
        (KEY, TOKEN), "labels", ("campaign", "lang"), answers={200: JSON, 304: "", 400: JSON, 404: TEXT}
    ),
    "/api/v1/events": About(
        (KEY, SIGNED),
        "events",
        body=EVENTS,
        answers=dict.fromkeys((202, 400, 401, 403, 413, 415, 429, 503), JSON),
    ),
    "/api/v1/assign": About(
        (KEY, SIGNED),
        "assign",
        body=Ask.model_json_schema(),
        answers=dict.fromkeys((200, 400, 401, 403, 413, 503), JSON),
    ),
    "/api/v1/hooks/{source}": About(
        (SIGNED,), body={}, answers=dict.fromkeys((200, 401, 413, 415, 503), JSON)
    ),
    "/calendar/{token}.ics": About(query=("lang",), answers={200: ICS, 404: TEXT}),
}


def route(others: Sequence[BaseRoute]) -> Route:
    """The route of the document about these routes and itself."""

    async def openapi(_request: Request) -> Response:
        """200 with this document."""
        return JSONResponse(whole)

    mine = Route(PATH, openapi, methods=["GET"])
    whole = document([*others, mine])
    return mine


def document(routes: Sequence[BaseRoute]) -> Json:
    """The document about the routes at which programs ask. KeyError for a route of which nothing is known."""
    described = [one for one in routes if isinstance(one, Route) and one.path.startswith(PROGRAMS)]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Big-Sale Control Room", "version": VERSION},
        "paths": {one.path: _operations(one, ABOUT[one.path]) for one in described},
        "components": {"securitySchemes": SECURITY},
    }


def _operations(one: Route, about: About) -> dict[str, object]:
    return {method.lower(): _operation(one, about) for method in sorted((one.methods or set()) - {"HEAD"})}


def _operation(one: Route, about: About) -> dict[str, object]:
    said = getdoc(one.endpoint) or ""
    operation: dict[str, object] = {
        "operationId": one.name,
        "summary": " ".join(said.split("\n\n")[0].split()),
        "description": said,
        "parameters": [*_names(one.param_convertors, "path"), *_names(about.query, "query")],
        "responses": {str(status): _answer(kind) for status, kind in about.answers.items()},
        "security": [{way: [about.scope] if way == KEY else []} for way in about.ways] or [{}],
    }
    if about.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": about.body}}}
    return operation


def _names(names: Iterable[str], where: str) -> list[Json]:
    return [
        {"name": name, "in": where, "required": where == "path", "schema": {"type": "string"}}
        for name in names
    ]


def _answer(kind: str) -> dict[str, object]:
    return {"description": kind or "nothing", **({"content": {kind: {}}} if kind else {})}
