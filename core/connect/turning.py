"""One way to pause a source and to say after how much silence it rings, whatever kind of source it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.access import Actor, audit
from core.connect import journal, rules
from core.errors import ShopError


@dataclass(frozen=True, slots=True)
class Turn:
    """What is changed of a source; None stays as it is. `silent_after`: minutes, 0 for never."""

    paused: bool | None = None
    silent_after: int | None = None

    def require(self) -> Turn:
        """Itself. ShopError("connect.bad_silence")."""
        if self.silent_after is not None and not 0 <= self.silent_after <= rules.LONGEST_SILENCE:
            raise ShopError("connect.bad_silence", most=rules.LONGEST_SILENCE)
        return self


def turn(connection: Connection, actor: Actor, source: str, wanted: Turn, now: datetime) -> None:
    """Writes the change down, and who made it, inside the caller's transaction."""
    asked = {"paused": wanted.paused, "silent_after": wanted.silent_after}
    values: dict[str, object] = {name: value for name, value in asked.items() if value is not None}
    used = journal.kept(connection, source)
    before = {name: getattr(used, name) for name in values}
    journal.keep(connection, source, **values)
    action = "inbox.change" if source == journal.INBOX else "source.change"
    audit.record(connection, actor, now, action, source, before, values)
