"""One way to pause a source and to say after how much silence it rings, whatever kind of source it is."""

from __future__ import annotations

from datetime import datetime

from core.access import Actor, allow, audit
from core.connect import journal, rules
from core.connect.feeds import book
from core.database import Database
from core.errors import ShopError


def change(
    db: Database,
    actor: Actor,
    source: str,
    now: datetime,
    *,
    paused: bool | None = None,
    silent_after: int | None = None,
) -> None:
    """Pauses a source or takes it up again; sets after how many minutes silence is told (0: never). None stays as it is.
    ShopError("connect.bad_silence" | "connect.unknown_source")."""
    allow(actor, "settings.manage")
    if silent_after is not None and not 0 <= silent_after <= rules.LONGEST_SILENCE:
        raise ShopError("connect.bad_silence", most=rules.LONGEST_SILENCE)
    asked = {"paused": paused, "silent_after": silent_after}
    values: dict[str, object] = {name: value for name, value in asked.items() if value is not None}
    with db.writing() as connection:
        if source not in journal.OWN:
            book.feed(connection, source)
        used = journal.kept(connection, source)
        before = {name: getattr(used, name) for name in values}
        journal.keep(connection, source, **values)
        action = "inbox.change" if source == journal.INBOX else "source.change"
        audit.record(connection, actor, now, action, source, before, values)
