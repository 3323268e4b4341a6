"""What the audience tabs have asked already: an answer counts for a minute, or until something is recorded."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from core.audience import service
from core.ttl_cache import TtlCache
from pages.parts.entry.context import PageContext

Answer = TypeVar("Answer")
_answers: TtlCache[object] = TtlCache(120.0, most=48)  # shared: nobody writes into an answer


def remembered(
    page: PageContext, question: str, ask: Callable[[PageContext], Answer], *about: Hashable
) -> Answer:
    """The answer to a question about people, computed again with each recorded change and each minute (events arrive
    unrecorded). Kept by role: what one may see is never shown to another."""
    sale, moment = ("", page.now) if page.campaign is None else (page.campaign_id, page.moment)
    stamp = service.stamp(page.database, page.actor)
    key = page.database.url, page.actor.role, sale, question, about, stamp, f"{moment:%F %H:%M}"
    return cast("Answer", _answers.get(key, lambda: ask(page)))
