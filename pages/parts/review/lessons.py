"""教训: what the figures say by themselves, and what people write down for the next sale."""

from __future__ import annotations

import streamlit as st

from core.review import lessons as service
from core.review.service import Landing
from pages.parts.components.defaults import finding_text
from pages.parts.components.feedback import attempt
from pages.parts.components.text import literal, t, who
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import callback


def lessons(page: PageContext, landing: Landing) -> list[str]:
    """The lessons as Markdown sentences, drawn with a way to add one and to take one's own off."""
    rows = service.lessons(page.database, page.actor, page.campaign_id)
    said = [finding_text(one.code, one.facts) for one in landing.findings]
    st.markdown(f"**{t('review.lessons')}**")
    for sentence in said:
        st.markdown(f":material/insights: {sentence}")
    for row in rows.to_dict("records"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/edit_note: {literal(row['text'])}　:gray[{literal(who(row['account']))}]")
            if page.may("review.edit"):
                st.button(
                    t("review.lesson_drop"),
                    key=f"lesson_{row['lesson_id']}",
                    type="tertiary",
                    icon=":material/close:",
                    on_click=callback("review.edit", _drop, str(row["lesson_id"])),
                )
    if not said and rows.empty:
        st.caption(t("review.lessons_none"))
    if page.may("review.edit"):
        _add(page)
    return [*said, *(literal(text) for text in rows["text"])]


def _add(page: PageContext) -> None:
    with (
        st.form("review_lesson", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        text = st.text_input(t("review.lesson"), key="lesson_text", max_chars=service.LONGEST)
        pressed = st.form_submit_button(t("review.lesson_add"), icon=":material/add:")
    if pressed:
        attempt(
            lambda: service.write(page.database, page.actor, page.campaign_id, text, page.now),
            t("review.lesson_kept"),
        )


def _drop(page: PageContext, lesson_id: str) -> None:
    service.drop(page.database, page.actor, page.campaign_id, lesson_id, page.now)
