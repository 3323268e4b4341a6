"""The change that keeps an import from being taken back, named as people know it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core import clock
from core.database import one
from core.errors import ShopError
from core.imports.tables import import_run
from core.settings import settings


def named(connection: Connection, refusal: ShopError) -> ShopError:
    """A refusal because of a later change, with the change as people know it: the file, who and when
    ("later"); others as they are."""
    if refusal.code != "import.later_change":
        return refusal
    by = str(refusal.facts.get("by", ""))
    run = one(
        connection,
        select(import_run.c.file_name, import_run.c.account, import_run.c.at).where(
            import_run.c.import_id == by
        ),
    )
    facts = run or {
        "file_name": by,
        "account": refusal.facts.get("account", ""),
        "at": refusal.facts.get("at"),
    }
    when = f"{facts['at'].astimezone(clock.zone(settings().timezone)):%m-%d %H:%M}" if facts["at"] else ""
    later = " · ".join(part for part in (facts["file_name"], facts["account"], when) if part)
    return ShopError(refusal.code, **{**refusal.facts, "later": later})
