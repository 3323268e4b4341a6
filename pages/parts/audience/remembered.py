"""What the audience tabs have asked already: an answer counts for a minute, one from orders alone for its day, or until
something is recorded."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from core import clock
from core.audience import service
from core.settings import settings
from core.ttl_cache import TtlCache
from pages.parts.entry.context import PageContext

Answer = TypeVar("Answer")
_answers: TtlCache[object] = TtlCache(120.0, most=48)  # shared: nobody writes into an answer
_of_a_day: TtlCache[object] = TtlCache(86_400.0, most=32)


def remembered(
    page: PageContext, question: str, ask: Callable[[PageContext], Answer], *about: Hashable
) -> Answer:
    """The answer to a question about people, computed again with each recorded change and each minute (events arrive
    unrecorded). Kept by role: what one may see is never shown to another."""
    sale, moment = ("", page.now) if page.campaign is None else (page.campaign_id, page.moment)
    key = (sale, question, about, f"{moment:%F %H:%M}")
    return cast("Answer", _answers.get((*_kept_for(page), *key), lambda: ask(page)))


def remembered_today(
    page: PageContext, question: str, ask: Callable[[PageContext], Answer], *about: Hashable
) -> Answer:
    """The same for what orders and the day alone decide: orders come by imports, and these are recorded."""
    key = (question, about, clock.business_day(page.now, settings().timezone))
    return cast("Answer", _of_a_day.get((*_kept_for(page), *key), lambda: ask(page)))


def _kept_for(page: PageContext) -> tuple[Hashable, ...]:
    return page.database.url, page.actor.role, service.stamp(page.database, page.actor)
