"""How long a client may take: to say what it wants, to send it, and to take the answer.

The server of the screens (uvicorn) waits for ever for a request's first lines; a few dozen connections that send a
byte now and then would keep its sockets. So each connection is looked at every second: one without a running request
for `request_head_seconds`, or with an answer that nobody takes for `request_body_seconds`, is closed. Bodies are timed
in `core.web.middleware.BodyLimit`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from core.settings import settings

EVERY_S = 1.0


@dataclass(slots=True)
class Watch:
    """One connection since it came: when it last had a request, and how much of its answer waits since when."""

    protocol: Any
    idle_since: float
    unsent: int = 0
    stuck_since: float = 0.0

    def look(self) -> None:
        """Closes the connection or looks again later; a connection that has become a socket is no longer ours."""
        transport = self.protocol.transport
        if transport is None or transport.is_closing() or transport.get_protocol() is not self.protocol:
            return
        now, chosen = self.protocol.loop.time(), settings()
        cycle = self.protocol.cycle
        if cycle is not None and not cycle.response_complete:
            self.idle_since = now
        unsent = transport.get_write_buffer_size()
        if unsent == 0 or unsent != self.unsent:
            self.unsent, self.stuck_since = unsent, now
        if now - self.idle_since > chosen.request_head_seconds:
            transport.close()
        elif now - self.stuck_since > chosen.request_body_seconds:
            transport.abort()
        else:
            self.protocol.loop.call_later(EVERY_S, self.look)


def install() -> None:
    """Makes every connection of this process watched, however the server was started; once."""
    for protocol in _protocols():
        if getattr(protocol, "watched", False):
            continue
        protocol.watched, protocol.connection_made = True, _watching(protocol.connection_made)


def _watching(made: Any) -> object:
    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        """As before, and then looked at."""
        made(self, transport)
        now = self.loop.time()
        self.loop.call_later(EVERY_S, Watch(self, now, stuck_since=now).look)

    return connection_made


def _protocols() -> list[Any]:
    """uvicorn's own, and its faster one where it is installed."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        return [H11Protocol]
    return [H11Protocol, HttpToolsProtocol]
