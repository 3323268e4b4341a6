"""The shields around every request, screens included: error ids and figures, security headers, hosts, body sizes, downloads."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from anyio import to_thread
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.datastructures import Headers as HeaderView
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import clock, logs
from core.access import sessions
from core.database import connect
from core.errors import ShopError
from core.settings import ROOT, settings
from core.web import health
from core.web.requests import refusal, secure

KIB, MIB = 1024, 1024 * 1024
COMPANION, COMPANION_LIFE_S = "_streamlit_user", 31 * 86_400  # Streamlit's cookie of a person named by the identity provider

# Streamlit's own front end needs: inline styles, WebAssembly, the scripts of its components from blob:, one inline line of its
# index page (by its digest), the web socket to this very server. No inline script, no eval; nothing is loaded from, sent to, or
# framed by any other address.
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
CLOSED = ("/_stcore/agent/", "/_stcore/metrics", "/_stcore/script-health-check")  # Streamlit's doors that nobody here needs


class Watch:
    """Outermost: counts requests, and turns an unexpected fault into an answer with an error id instead of a traceback."""

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
        except Exception as error:
            health.FAULTS.inc()
            error_id = logs.unexpected(error, path=scope["path"], method=scope["method"])
            if status:  # the answer has begun: nothing sensible can follow
                raise
            await JSONResponse({"code": "access.unexpected", "error_id": error_id}, 500)(scope, receive, counted)
        finally:
            health.REQUESTS.labels(
                scope["method"] if scope["method"] in {"GET", "POST", "HEAD"} else "other", f"{status // 100}xx"
            ).inc()
            if getattr(scope.get("endpoint"), "__module__", "").startswith("core."):
                health.SECONDS.labels(scope["path"]).observe(time.perf_counter() - begun)


class Headers:
    """Security headers on every answer, also on refusals and on Streamlit's own files; Streamlit's unused doors are shut."""

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
                for name, value in HEADERS.items():
                    headers[name] = value
                if secure(HTTPConnection(scope)):
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        inner: ASGIApp = Response("Not Found", 404) if scope["path"].startswith(CLOSED) else self.app
        await inner(scope, receive, with_headers)


class Hosts(TrustedHostMiddleware):
    """Only the host names of the settings are answered, screens' sockets included: a rebound name of somebody else's meets a 400.

    The one list of them: Streamlit's own `server.allowedHosts` stays empty.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app, allowed_hosts=[host.strip() for host in settings().allowed_hosts.split(",") if host.strip()], www_redirect=False
        )


def body_limit(path: str) -> int:
    """The largest body in bytes that a path takes."""
    if path.startswith("/_stcore/upload_file/"):
        return settings().upload_mib * MIB + 64 * KIB
    if path.startswith("/account/"):
        return 8 * KIB
    return 4 * MIB  # batches of events


class BodyLimit:
    """Refuses a body that is larger than its path takes: by its announced length, and by what really arrives."""

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
        taken, begun = 0, False

        async def measured() -> Message:
            """The body's next piece, as long as the whole stays below the limit."""
            nonlocal taken
            message = await receive()
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


class _TooLargeError(Exception):
    """The body went over its limit while it arrived."""


class MediaGate:
    """Files that a screen offers for download are handed to signed-in browsers only: a leaked address is worth nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["path"].startswith("/media/") and not await _signed_in(HTTPConnection(scope)):
            await refusal(ShopError("access.signed_out"))(scope, receive, send)
            return
        await self.app(scope, receive, send)


async def _signed_in(connection: HTTPConnection) -> bool:
    """A session of ours, or a cookie that this house has signed for a person whom the identity provider has named."""
    look: Callable[..., object] = sessions.visit
    found = await to_thread.run_sync(look, connect(settings().url), connection.cookies.get(sessions.COOKIE), clock.now())
    return found is not None or _named(connection.cookies.get(COMPANION, ""))


def _named(cookie: str) -> bool:
    """Whether the cookie bears the signature that Streamlit gives it after a sign-in by OIDC."""
    secret = _cookie_secret()
    if not (cookie and secret):
        return False
    try:
        URLSafeTimedSerializer(secret, salt=COMPANION).loads(cookie, max_age=COMPANION_LIFE_S)
    except BadData:
        return False
    return True


@lru_cache(maxsize=1)
def _cookie_secret() -> str:
    """`cookie_secret` of `[auth]`, where Streamlit looks for it: the house's .streamlit/secrets.toml before the user's; "" without OIDC."""
    for folder in (ROOT, Path.home()):
        path = folder / ".streamlit" / "secrets.toml"
        if path.is_file() and (secret := tomllib.loads(path.read_text("utf-8")).get("auth", {}).get("cookie_secret")):
            return str(secret)
    return ""
