"""The badge of what waits for this person, beside the menu; counted again when anything recorded has changed, and every
minute for what is not (alerts, silence)."""

from __future__ import annotations

import streamlit as st

from core.access import Actor
from core.errors import ShopError
from core.overview import inbox
from core.ttl_cache import TtlCache
from pages.parts.components.text import t
from pages.parts.entry.context import PageContext
from pages.parts.shell.links import go

_counts: TtlCache[int] = TtlCache(120.0, most=60)


def badge(page: PageContext, campaign_id: str) -> None:
    """How many things wait, leading to the overview; nothing where nothing waits."""
    if not campaign_id:
        return
    try:
        count = _counted(page, campaign_id)
    except ShopError:  # the campaign has gone meanwhile: the page itself says so
        return
    if count:
        label = f"**{t('inbox.badge', n=count)}**"
        if st.button(label, icon=":material/mark_email_unread:", key="waiting_badge", width="stretch"):
            go("overview")


def _counted(page: PageContext, campaign_id: str) -> int:
    actor: Actor = page.actor
    minute = int(page.now.timestamp() // 60)
    key = page.database.url, actor.name, actor.role, campaign_id, inbox.stamp(page.database, actor), minute
    return _counts.get(key, lambda: inbox.waiting(page.database, actor, campaign_id, page.now))
