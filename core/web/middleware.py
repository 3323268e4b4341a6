"""What every request passes, screens included: error ids and figures, security headers, hosts, body sizes."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import unquote_plus

from starlette.datastructures import Headers as HeaderView
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import clock, logs
from core.access import back_off
from core.access.sessions import BROWSER_COOKIE
from core.errors import ShopError
from core.plain_text import require_storable
from core.settings import settings
from core.web import health
from core.web.requests import refusal, secure

KIB, MIB = 1024, 1024 * 1024

# Streamlit's own front end needs: inline styles, WebAssembly, the scripts of its components from blob:, one
# inline line of its index page (by its digest), the web socket to this very server. No inline script, no
# eval; nothing is loaded from, sent to, or framed by any other address.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' blob: 'wasm-unsafe-eval' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "frame-ancestors 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
CLOSED = (
    "/_stcore/agent/",
    "/_stcore/metrics",
    "/_stcore/script-health-check",
)  # Streamlit's doors that nobody here needs


class Watch:
    """Outermost: counts requests, answers a refusal that no route has answered (the database is away: 503), and
    turns an unexpected fault into an answer with an error id instead of a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, begun = 0, time.perf_counter()

        async def counted(message: Message) -> None:
            """Notes the answer's status on its way out."""
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, counted)
        except ShopError as error:
            if status:
                raise
            await refusal(error)(scope, receive, counted)
        except Exception as error:
            health.FAULTS.inc()
            error_id = logs.unexpected(error, path=_door(scope["path"]), method=scope["method"])
            if status:  # the answer has begun: nothing sensible can follow
                raise
            await JSONResponse({"code": "access.unexpected", "error_id": error_id}, 500)(
                scope, receive, counted
            )
        finally:
            health.REQUESTS.labels(
                scope["method"] if scope["method"] in {"GET", "POST", "HEAD"} else "other",
                f"{status // 100}xx",
            ).inc()
            if getattr(scope.get("endpoint"), "__module__", "").startswith("core."):
                health.SECONDS.labels(_door(scope["path"])).observe(time.perf_counter() - begun)


def _door(path: str) -> str:
    """A path as it is counted and logged: without the secret or the code that some end with."""
    first, _, rest = path.lstrip("/").partition("/")
    return f"/{first}/" if rest and first in {"calendar", "picture"} else path


class Headers:
    """Security headers on every answer, also on refusals and on Streamlit's own files; Streamlit's unused
    doors are shut."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            """Puts the headers on the answer's first message."""
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if secure(HTTPConnection(scope)):
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        inner: ASGIApp = Response("Not Found", 404) if scope["path"].startswith(CLOSED) else self.app
        await inner(scope, receive, with_headers)


class BrowserMarks:
    """Gives each browser that opens a page a mark before any sign-in: its own lane among those who try."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        connection, now = HTTPConnection(scope), clock.now()
        marked = back_off.mark_age(connection.cookies.get(BROWSER_COOKIE, ""), now) is not None

        async def with_mark(message: Message) -> None:
            """Puts the mark on a page that goes to a browser without one."""
            if message["type"] == "http.response.start" and not marked:
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    cookie = Response()
                    cookie.set_cookie(
                        BROWSER_COOKIE,
                        back_off.browser_mark(now),
                        max_age=int(back_off.BROWSER_LIFE.total_seconds()),
                        httponly=True,
                        samesite="strict",
                        secure=secure(connection),
                    )
                    headers.append("set-cookie", cookie.headers["set-cookie"])
            await send(message)

        await self.app(scope, receive, with_mark)


class Hosts(TrustedHostMiddleware):
    """Only the host names of the settings are answered, screens' sockets included: a rebound name of somebody
    else's meets a 400.

    The one list of them: Streamlit's own `server.allowedHosts` stays empty.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            allowed_hosts=[host.strip() for host in settings().allowed_hosts.split(",") if host.strip()],
            www_redirect=False,
        )


class Addresses:
    """Refuses an address with text that no database, log or file system can hold (`%00`) before any route
    sees it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            if scope["type"] == "http":
                query = unquote_plus(scope.get("query_string", b"").decode("latin-1"))
                require_storable((scope["path"], query))
        except ShopError as error:
            await refusal(error)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def body_limit(path: str) -> int:
    """The largest body in bytes that a path takes."""
    if path.startswith("/_stcore/upload_file/"):
        return settings().upload_mib * MIB + 64 * KIB
    if path.startswith("/account/"):
        return 8 * KIB
    return 4 * MIB  # batches of events


def body_seconds(path: str) -> int:
    """How long a body may take to arrive."""
    most = settings().request_body_seconds
    return 5 * most if path.startswith("/_stcore/upload_file/") else most


class BodyLimit:
    """Refuses a body that is larger than its path takes: by its announced length, and by what really
    arrives."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = body_limit(scope["path"])
        announced = HeaderView(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            await refusal(ShopError("web.too_large", most=limit))(scope, receive, send)
            return
        await self._counted(scope, receive, send, limit)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        taken, begun, whole = 0, False, False
        until = time.monotonic() + body_seconds(scope["path"])

        async def measured() -> Message:
            """The body's next piece, as long as the whole stays below the limit and comes in time."""
            nonlocal taken, whole
            if whole:  # what follows a whole body is the end of the connection, however late
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(until - time.monotonic(), 0.0))
            except TimeoutError:
                raise _TooSlowError from None
            whole = not message.get("more_body", False)
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _TooLargeError
            return message

        async def noted(message: Message) -> None:
            """Notes that the answer has begun."""
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, measured, noted)
        except _TooLargeError:
            if begun:
                raise
            await refusal(ShopError("web.too_large", most=limit))(scope, receive, send)
        except _TooSlowError:
            if begun:
                raise
            answer = refusal(ShopError("web.too_slow"))
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)


class _TooSlowError(Exception):
    """The body did not come in time."""


class _TooLargeError(Exception):
    """The body went over its limit while it arrived."""
