"""The account routes: sign in, sign out, sign out everywhere, change the password. Answers are {"ok": true,
..} or {"code": ..}.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import clock, logs
from core.access import sessions
from core.access.back_off import DEVICE_LIFE
from core.access.sessions import BROWSER_COOKIE, COOKIE, DEVICE_COOKIE, SignedIn
from core.database import connect
from core.errors import ShopError
from core.settings import settings
from core.web import health
from core.web.requests import address, body_of, refusal, require_same_origin, secure

AT_ONCE = (
    4  # sign-ins at work together; a flood of them queues here and leaves the server's other threads alone
)
_door = CapacityLimiter(AT_ONCE)

Handler = Callable[[Request], Awaitable[Response]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SignIn(_Strict):
    """Name and password, as typed."""

    name: str = Field(min_length=1, max_length=256)
    word: str = Field(min_length=1, max_length=256)


class NewPassword(_Strict):
    """The password until now and the one from now on."""

    old: str = Field(min_length=1, max_length=256)
    new: str = Field(min_length=1, max_length=256)


def _from_our_page(handler: Handler) -> Handler:
    """Only for requests of our own pages; the shop's refusals become their answers."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        """The handler's answer, or the refusal."""
        try:
            require_same_origin(request)
            return await handler(request)
        except ShopError as error:
            health.REFUSED.labels(error.code).inc()
            logs.log("bigsale.account").info(
                "refused", code=error.code, path=request.url.path, address=address(request)
            )
            return refusal(error)

    return guarded


@_from_our_page
async def sign_in(request: Request) -> Response:
    """POST {name, word}: 200 with the session cookie | 401 | 429 with Retry-After."""
    body = await body_of(request, SignIn)
    db, cookies = connect(settings().url), request.cookies
    marks = cookies.get(DEVICE_COOKIE, ""), cookies.get(BROWSER_COOKIE, "")
    client = sessions.Client(address(request), _agent(request), *marks)
    opened = await _work(sessions.sign_in, db, body.name, body.word, client)
    await _work(sessions.sign_out, db, cookies.get(COOKIE))  # the browser's former session, if any
    return _with_cookies(request, opened)


@_from_our_page
async def password(request: Request) -> Response:
    """POST {old, new}: 200 with a fresh session cookie, the person's others end | 400 weak | 401 | 429."""
    body = await body_of(request, NewPassword)
    cookies = request.cookies
    db, token, device = connect(settings().url), cookies.get(COOKIE), cookies.get(DEVICE_COOKIE, "")
    change, browser = sessions.NewPassword(body.old, body.new), sessions.Browser(_agent(request), device)
    opened = await _work(sessions.change_password, db, token, change, browser)
    return _with_cookies(request, opened)


@_from_our_page
async def sign_out(request: Request) -> Response:
    """POST: the session ends on the server, not only in the browser."""
    await _work(sessions.sign_out, connect(settings().url), request.cookies.get(COOKIE))
    return _without_cookie(request, {"ok": True})


@_from_our_page
async def sign_out_everywhere(request: Request) -> Response:
    """POST: every session of the person ends, on every device."""
    ended = await _work(sessions.sign_out_everywhere, connect(settings().url), request.cookies.get(COOKIE))
    return _without_cookie(request, {"ok": True, "ended": ended})


async def _work(call: Callable[..., object], *given: object) -> Any:
    """The database's and Argon2's work in a thread behind the sign-in's own limit; the moment is that of its
    turn."""
    return await to_thread.run_sync(lambda: call(*given, clock.now()), limiter=_door)


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")


def _with_cookies(request: Request, opened: SignedIn) -> Response:
    answer = JSONResponse(
        {"ok": True, "must_change": opened.must_change}, headers={"Cache-Control": "no-store"}
    )
    life = settings().session_hours * 3600
    answer.set_cookie(
        COOKIE, opened.token, max_age=life, httponly=True, samesite="lax", secure=secure(request)
    )
    device_life = int(DEVICE_LIFE.total_seconds())
    answer.set_cookie(
        DEVICE_COOKIE,
        opened.device,
        max_age=device_life,
        path="/account",
        httponly=True,
        samesite="strict",
        secure=secure(request),
    )
    return answer


def _without_cookie(request: Request, said: dict[str, object]) -> Response:
    answer = JSONResponse(said, headers={"Cache-Control": "no-store"})
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=secure(request))
    return answer


ROUTES = [
    Route("/account/sign-in", sign_in, methods=["POST"]),
    Route("/account/sign-out", sign_out, methods=["POST"]),
    Route("/account/sign-out-everywhere", sign_out_everywhere, methods=["POST"]),
    Route("/account/password", password, methods=["POST"]),
]
