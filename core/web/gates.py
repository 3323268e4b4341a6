"""The gates before Streamlit's own routes: the socket of a page, files put into a page, files taken from it."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from pathlib import PurePosixPath
from urllib.parse import unquote

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.access.back_off import network_of
from core.access.files.made_files import may_fetch
from core.access.files.uploads import GRACE_S, SOCKET_HEADER, uploads
from core.errors import ShopError
from core.settings import settings
from core.web import identity
from core.web.requests import address, from_our_page, refusal

MIB = 1024 * 1024
UPLOADS = "/_stcore/upload_file/"
PICTURES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".webp",
    ".ico",
    ".svg",
)  # of a page itself: for whoever is signed in
POLICY_VIOLATION, TRY_AGAIN_LATER = 1008, 1013
_tasks: set[asyncio.Task[None]] = set()


class UploadGate:
    """A file goes into an open page of the signed-in person alone, within the quotas."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith(UPLOADS):
            await self.app(scope, receive, send)
            return
        try:
            session, file = await _own_page(scope)
            await self._pass(scope, receive, send, session, file)
        except ShopError as error:
            await refusal(error)(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, session: str, file: str) -> None:
        if scope["method"] != "PUT":
            await self.app(scope, receive, send)
            if scope["method"] == "DELETE":
                uploads.release(session, file)
            return
        taken, chosen, refused = False, settings(), False
        in_flight = f"{file}/{id(scope)}"  # a second try for the same file counts beside the first

        async def counted() -> Message:
            """The next piece of the body, counted before it is handed on."""
            nonlocal refused
            message = await receive()
            try:
                uploads.reserve(
                    session,
                    in_flight,
                    len(message.get("body", b"")),
                    per_session=chosen.upload_session_mib * MIB,
                    in_all=chosen.upload_total_mib * MIB,
                )
            except ShopError:
                refused = True
                raise
            return message

        async def noted(message: Message) -> None:
            """Whether the file was taken."""
            nonlocal taken
            taken = taken or message.get("status") in (200, 204)
            await send(message)

        try:
            await self.app(scope, counted, noted)
        finally:
            uploads.settle(session, in_flight, file if taken and not refused else "")


async def _own_page(scope: Scope) -> tuple[str, str]:
    """The session and the file. ShopError("access.signed_out" | "web.not_your_page" | "web.unknown_page")."""
    session, _, file = unquote(scope["path"]).removeprefix(UPLOADS).partition("/")
    person = await identity.visitor(HTTPConnection(scope))
    if person is None:
        raise ShopError("access.signed_out")
    uploads.require_owner(session, person.name)
    return session, file


class MediaGate:
    """A file that a screen offers for download is handed to the account that it was made for, as long as its
    role may do what it was made for; pictures to anybody signed in. A leaked address is worth nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith("/media/"):
            await self.app(scope, receive, send)
            return
        person = await identity.visitor(HTTPConnection(scope))
        name = PurePosixPath(scope["path"])
        if person is None:
            await refusal(ShopError("access.signed_out"))(scope, receive, send)
        elif name.suffix.lower() in PICTURES or may_fetch(name.stem, person):
            await self.app(scope, receive, send)
        else:
            denied = ShopError("access.denied", action="download", role=person.role)
            await refusal(denied)(scope, receive, send)


class SocketGate:
    """The socket of a page: from our own pages only (host and port), few of them before sign-in, each with a
    name of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._strangers: dict[str, deque[Send]] = {}  # open sockets without sign-in by network, oldest first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if not from_our_page(connection):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        elif await identity.known(connection):
            await self._serve(scope, receive, send)
        else:
            await self._stranger(network_of(address(connection)), scope, receive, send)

    async def _stranger(self, network: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a page without sign-in. Beyond the cap of its network it is turned away; beyond the cap of
        all, the network with the most of them loses its oldest."""
        theirs = self._strangers.setdefault(network, deque())
        if len(theirs) >= settings().sockets_signed_out_each:
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        theirs.append(send)
        try:
            if sum(map(len, self._strangers.values())) > settings().sockets_signed_out:
                oldest = max(self._strangers.values(), key=len).popleft()
                with suppress(RuntimeError):  # it has gone by itself
                    await oldest({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            await self._serve(scope, receive, send)
        finally:
            with suppress(ValueError):
                theirs.remove(send)
            if not theirs:
                self._strangers.pop(network, None)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = uploads.opened()
        kept = [pair for pair in scope["headers"] if pair[0].lower() != SOCKET_HEADER.encode()]
        try:
            named = dict(scope, headers=[*kept, (SOCKET_HEADER.encode(), name.encode())])
            await self.app(named, receive, send)
        finally:
            session = uploads.closed(name)
            if session:
                task = asyncio.get_running_loop().create_task(_free_later(session))
                _tasks.add(task)
                task.add_done_callback(_tasks.discard)


async def _free_later(session: str) -> None:
    """Frees what the page held, unless its browser comes back soon."""
    await asyncio.sleep(GRACE_S)
    uploads.free_unless_back(session)
