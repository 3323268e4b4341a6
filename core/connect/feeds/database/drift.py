"""Whether a shop's database is still what it was when the source was set up: the account's rights, and the columns."""

from __future__ import annotations

from sqlalchemy import Connection

from core.connect.feeds.book import Stream
from core.connect.feeds.database import reader, rights
from core.errors import ShopError


def require_readable(remote: Connection, stream: Stream) -> None:
    """ShopError("connect.may_write" | "connect.schema_changed") if account or columns are not as at setup."""
    require_no_writing(remote)
    now = reader.columns(remote, stream.layout)
    for name, kind in stream.shape.items():
        if now.get(name) != kind:
            what = f"{stream.layout.table or 'SELECT'}.{name}: {kind} → {now.get(name, '—')}"
            raise ShopError("connect.schema_changed", what=what)


def require_no_writing(remote: Connection) -> None:
    """ShopError("connect.may_write") naming the first rights of an account that may change the shop's database."""
    may = rights.writing(remote)
    if may:
        raise ShopError("connect.may_write", rights=may[: rights.MOST])
