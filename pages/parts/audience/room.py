"""The tabs of the audience page."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.imports import service as imports
from pages.parts.audience import growth, journey, life, lists, members, partners, segments, structure, touches
from pages.parts.components.tabs import tabbed
from pages.parts.components.text import t
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty


def tabs(page: PageContext) -> None:
    """One tab a question about people; what is still being taken in is said above them."""
    arriving = imports.arriving(page.database, page.actor)
    if arriving.left:
        share = 1 - arriving.left / arriving.all
        st.progress(share, text=t("audience.arriving", done=arriving.all - arriving.left, all=arriving.all))
    tabbed(
        "audience_tab",
        {
            "segments": (t("audience.tab_segments"), lambda: segments.load(page)),
            "lists": (t("lists.tab"), _of_a_sale(page, lists.load)),
            "life": (t("audience.tab_life"), lambda: life.load(page)),
            "growth": (t("growth.tab"), _of_a_sale(page, growth.load)),
            "journey": (t("journey.tab"), _of_a_sale(page, journey.load)),
            "members": (t("members.tab"), lambda: members.load(page)),
            "structure": (t("people.tab"), _of_a_sale(page, structure.load)),
            "partners": (t("partners.tab"), lambda: partners.load(page)),
            "touches": (t("touches.tab"), _of_a_sale(page, touches.load)),
        },
    )


def _of_a_sale(page: PageContext, draw: Callable[[PageContext], None]) -> Callable[[], None]:
    """A tab that speaks of a campaign; without one it says so."""

    def load() -> None:
        """The tab, or the way to a campaign."""
        if page.campaign is not None:
            draw(page)
            return
        makes = page.may("campaign.edit")
        empty(
            "shell.no_campaign" if makes else "shell.no_campaign_yet",
            button="shell.make_campaign" if makes else "",
            page="plan",
        )

    return load
