"""从上一场开始: which figures of an earlier sale a new campaign begins with, each with its origin, and each refusable."""

from __future__ import annotations

import streamlit as st

from core.campaign import defaults
from core.campaign.defaults import Default
from core.campaign.target import Target
from core.errors import ShopError
from core.review import carry_over
from core.review.carry_over import Start
from pages.parts.components.defaults import learnings, value_text
from pages.parts.components.feedback import refused
from pages.parts.components.text import plain, t
from pages.parts.entry.context import PageContext


def choice(page: PageContext, copied: str) -> Start:
    """The source and a box an item; `copied`: the campaign whose phases are taken, "" none."""
    past = carry_over.closed_sales(page.database, page.actor, page.now).set_index("campaign_id")
    if past.empty:
        return Start()
    sources = ["", *past.index]
    with st.container(border=True):
        source = st.selectbox(
            t("default.source"),
            sources,
            index=sources.index(copied) if copied in past.index else 1,
            key=f"default_source_{copied}",
            format_func=lambda one: past.loc[one, "name"] if one else plain("default.none"),
            help=t("default.source_help"),
        )
        offered = _offers(page, str(source or ""))
        taken = [one.item for one in offered if _box(one)]
        if source and not offered:
            st.caption(t("default.nothing"))
    return Start(str(source), tuple(taken)) if offered else Start()


def _box(one: Default) -> bool:
    """One item: its name, its figures; ticked unless it is refused."""
    word = f"**{t(f'default.{one.item}')}**　{value_text(one)}"
    return st.checkbox(
        word, value=True, key=f"default_{one.source_id}_{one.item}", help=t(f"default.{one.item}_help")
    )


def _offers(page: PageContext, source: str) -> list[Default]:
    """What the source has measured; kept while the dialog is open, as every tick draws it anew."""
    if not source:
        return []
    kept: dict[str, list[Default]] = st.session_state.setdefault("default_offers", {})
    if source not in kept:
        try:
            kept[source] = carry_over.offers(page.database, page.actor, source, page.now)
        except ShopError as error:
            refused(error)
            return []
    return kept[source]


def origins(page: PageContext) -> dict[str, Default]:
    """What the campaign was offered when it was made."""
    return defaults.load(page.database, page.actor, page.campaign_id)


def first_target(known: dict[str, Default], shipped: Target) -> Target:
    """What the boxes hold before there is a plan: the earlier sale's result where it was taken."""
    one = known.get("target")
    return Target(**one.value) if one is not None and one.taken else shipped


def shown(known: dict[str, Default]) -> None:
    """Where the plan's first figures come from, item by item, and the lessons in full."""
    if not known:
        return
    source = next(iter(known.values())).source
    with st.expander(t("default.shown", source=source), icon=":material/history:"):
        for one in known.values():
            state = "taken" if one.taken else "refused"
            icon = "check" if one.taken else "block"
            st.markdown(
                f":material/{icon}: **{t(f'default.{one.item}')}** · {t(f'default.{state}')}　{value_text(one)}"
            )
        lessons = known.get("learnings")
        if lessons is not None and lessons.taken:
            st.markdown("\n".join(f"- {sentence}" for sentence in learnings(lessons.value)))
