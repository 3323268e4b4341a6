"""Who may put a file into which open page, and how much: what the upload gate and the pages tell each other.

A page's socket gets a random name (`opened`), which only the server's own side sees; the page says which
session of the screens runs behind it, and for whom (`bind`). A file is taken for a session only from the account
that it is bound to, within a quota for the session and one for the process. When the last socket of a session
has gone and none has come back within `GRACE_S`, its files are freed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from core.errors import ShopError

SOCKET_HEADER = "x-bigsale-socket"
GRACE_S = 20.0  # a browser that changes networks is back within seconds


@dataclass(slots=True)
class PageSession:
    """An open page: its account, its sockets, and the bytes that it holds by file."""

    account: str = ""
    sockets: set[str] = field(default_factory=set)
    files: dict[str, int] = field(default_factory=dict)


class Uploads:
    """The open pages of this process and what they hold. `free` empties a session's files in the server of
    the screens."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: dict[str, PageSession] = {}
        self._session_of: dict[str, str] = {}
        self._open: set[str] = set()
        self.free: Callable[[str], None] = lambda _session: None

    def opened(self) -> str:
        """A fresh name for a socket that has just come."""
        name = secrets.token_urlsafe(18)
        with self._lock:
            self._open.add(name)
        return name

    def bind(self, socket: str, session: str, account: str) -> None:
        """The page behind that socket runs as that session, for that account; an unknown socket binds
        nothing."""
        with self._lock:
            if socket not in self._open:
                return
            page = self._sessions.setdefault(session, PageSession())
            page.account = account
            page.sockets.add(socket)
            self._session_of[socket] = session

    def closed(self, socket: str) -> str:
        """The socket has gone; the session that it leaves without any socket, or ""."""
        with self._lock:
            self._open.discard(socket)
            session = self._session_of.pop(socket, "")
            page = self._sessions.get(session)
            if page is None:
                return ""
            page.sockets.discard(socket)
            return "" if page.sockets else session

    def free_unless_back(self, session: str) -> bool:
        """Frees the session's files unless a socket of it is open again; whether it freed them."""
        with self._lock:
            page = self._sessions.get(session)
            if page is None or page.sockets:
                return False
            del self._sessions[session]
        self.free(session)
        return True

    def require_owner(self, session: str, account: str) -> None:
        """ShopError("web.unknown_page") without such a page here, "web.not_your_page" for another's page."""
        with self._lock:
            page = self._sessions.get(session)
            if page is None or not page.sockets:
                raise ShopError("web.unknown_page")
            if page.account != account:
                raise ShopError("web.not_your_page")

    def reserve(self, session: str, file: str, size: int, *, per_session: int, in_all: int) -> None:
        """Counts `size` more bytes of that file. ShopError("web.upload_quota", most) beyond the session's
        quota, ShopError("web.uploads_full") beyond the process's."""
        with self._lock:
            page = self._sessions.get(session)
            if page is None:
                raise ShopError("web.unknown_page")
            if sum(page.files.values()) + size > per_session:
                raise ShopError("web.upload_quota", most=per_session // 2**20)
            if self._held() + size > in_all:
                raise ShopError("web.uploads_full", seconds=30)
            page.files[file] = page.files.get(file, 0) + size

    def settle(self, session: str, in_flight: str, file: str) -> None:
        """What was counted while it arrived is now that file's; "" = it was not taken and counts no more."""
        with self._lock:
            page = self._sessions.get(session)
            if page is not None:
                size = page.files.pop(in_flight, 0)
                if file:
                    page.files[file] = size

    def release(self, session: str, file: str) -> None:
        """The file is no longer held."""
        with self._lock:
            page = self._sessions.get(session)
            if page is not None:
                page.files.pop(file, None)

    def held(self) -> int:
        """Bytes that all open pages hold."""
        with self._lock:
            return self._held()

    def _held(self) -> int:
        return sum(sum(page.files.values()) for page in self._sessions.values())


uploads = Uploads()
