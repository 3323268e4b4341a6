"""What people are told of a source, through the channels of messages: a file refused or waiting, and silence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from core.clock import on_the_clock
from core.connect import journal, rules
from core.connect.journal import INBOX, Outcome
from core.connect.rules import Used
from core.connect.tables import connect_source
from core.errors import ShopError
from core.notify import post
from core.notify.words import say
from core.settings import settings


def ring_file(connection: Connection, outcome: Outcome, now: datetime) -> None:
    """Tells of a file that was refused, in whole or in part, or that waits for somebody; of no other."""
    refused = int(outcome.figures.get("rejected", 0))
    if outcome.state not in {"refused", "waiting"} and not refused:
        return
    kind = "file_rows" if outcome.state == "taken" else f"file_{outcome.state}"

    def wording(language: str) -> tuple[str, str]:
        """Title and body in the language of a channel."""
        title = say(language, f"message.source.{kind}_title", file=outcome.file)
        why = _sentence(language, outcome.code, outcome.facts)
        return title, say(language, f"message.source.{kind}", file=outcome.file, why=why, rows=refused)

    post(connection, now, wording, "warning", f"connect:{INBOX}:{outcome.file}")


def _sentence(language: str, code: str, facts: Mapping[str, object]) -> str:
    """The sentence of a reason with its facts; its code where a blank has none."""
    try:
        return say(language, f"errors.{code}", **facts)
    except (KeyError, IndexError, ValueError):
        return code


def ring_silence(connection: Connection, used: Used, now: datetime, source: str = INBOX) -> bool:
    """Tells once of a silence that has become too long; whether it was told."""
    rung = connection.scalar(select(connect_source.c.rung_at).where(connect_source.c.source == source))
    last = used.last_arrival
    if used.paused or last is None or not rules.is_silent(used, now) or (rung is not None and rung >= last):
        return False
    minutes = int((now - last).total_seconds() // 60)
    at = on_the_clock(last, settings().timezone)
    kind = "silent" if source == INBOX else "feed_silent"

    def wording(language: str) -> tuple[str, str]:
        title = say(language, f"message.source.{kind}_title", minutes=minutes, source=source)
        return title, say(language, f"message.source.{kind}", minutes=minutes, at=at, source=source)

    post(connection, now, wording, "warning", f"connect:{source}:silent")
    journal.keep(connection, source, rung_at=now)
    return True


def ring_feed(connection: Connection, source: str, kind: str, error: ShopError, now: datetime) -> None:
    """Tells of a source that went red (kind "feed_red"), of rows refused ("feed_rows") or gone ("feed_gone")."""

    def wording(language: str) -> tuple[str, str]:
        """Title and text in a reader's language."""
        title = say(language, f"message.source.{kind}_title", source=source)
        why = _sentence(language, error.code, error.facts)
        return title, say(language, f"message.source.{kind}", source=source, why=why)

    post(connection, now, wording, "warning", f"connect:{source}:{kind}")
