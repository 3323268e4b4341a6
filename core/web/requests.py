"""What a request says about itself: from which address, from which page, with which body; and how refusals are answered."""

from __future__ import annotations

import hmac
from typing import TypeVar
from urllib.parse import urlparse

from pydantic import BaseModel, ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse

from core.errors import ShopError
from core.settings import settings

STATUS = {
    "access.wrong_password": 401,
    "access.signed_out": 401,
    "access.denied": 403,
    "access.cross_origin": 403,
    "access.slow_down": 429,
    "web.too_large": 413,
    "web.not_json": 415,
    "database.busy": 503,
    "database.unreachable": 503,
}

Body = TypeVar("Body", bound=BaseModel)


def address(connection: HTTPConnection) -> str:
    """The visitor's network address; behind our own proxy the last entry of X-Forwarded-For, which the proxy wrote."""
    if settings().behind_proxy:
        return connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()[:64]
    return connection.client.host if connection.client else ""


def secure(connection: HTTPConnection) -> bool:
    """Whether the visitor's browser speaks https to us, directly or through the proxy."""
    return connection.url.scheme == "https" or settings().public_url.startswith("https://")


def may_read(request: Request, token: str) -> bool:
    """Whether a program may read: it shows the bearer token, or there is none and it runs on this machine, not behind a proxy."""
    if token:
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
    here = request.client is not None and request.client.host in {"127.0.0.1", "::1"}
    return here and not settings().behind_proxy and "x-forwarded-for" not in request.headers


def require_same_origin(request: Request) -> None:
    """ShopError("access.cross_origin") unless the request comes from a page of this very address (Origin, Sec-Fetch-Site)."""
    origin = urlparse(request.headers.get("origin", ""))
    own = {request.headers.get("host", "").casefold(), urlparse(settings().public_url).netloc.casefold()} - {""}
    from_here = origin.scheme in {"http", "https"} and origin.netloc.casefold() in own
    if not from_here or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ShopError("access.cross_origin")


async def body_of(request: Request, kind: type[Body]) -> Body:
    """The JSON body as `kind`. ShopError("web.not_json" | "web.bad_body")."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ShopError("web.not_json")
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        raise ShopError("web.bad_body", fields=[".".join(map(str, part["loc"])) for part in error.errors()]) from None


def refusal(error: ShopError) -> JSONResponse:
    """A refusal as JSON: {"code", facts..}, with its status and, where one has to wait, Retry-After."""
    headers = {"Cache-Control": "no-store"}
    if "seconds" in error.facts:
        headers["Retry-After"] = str(error.facts["seconds"])
    return JSONResponse({"code": error.code, **error.facts}, STATUS.get(error.code, 400), headers)
