"""The UI script: the gate first, then the role's own pages in the shop's menu.

Signed out, every address of the application shows the sign-in, so that a deep link survives it and no page says
that it does not exist. Signed in, only the role's pages are registered, and each asks its guard again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if str(ROOT) not in sys.path:  # the runner puts this file's own folder first; pages import from the root
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from streamlit.delta_generator import DeltaGenerator  # noqa: E402

from core import clock  # noqa: E402
from core.access import Actor  # noqa: E402
from core.access import service as access  # noqa: E402
from pages.parts.components.text import LANGUAGES, browser_language, error_text, language, plain, t  # noqa: E402
from pages.parts.components.url_state import arrive, kept  # noqa: E402
from pages.parts.entry import visitor  # noqa: E402
from pages.parts.entry.context import PageContext  # noqa: E402
from pages.parts.entry.feedback import as_refusal  # noqa: E402
from pages.parts.shell import (  # noqa: E402
    campaign_picker,
    drawer,
    guard,
    links,
    menu,
    page_session,
    sku_card,
    unsaved,
    waiting,
)
from pages.parts.shell.person import calendar_address, sign_in  # noqa: E402

HERE = Path(__file__).parent


def switch() -> None:
    """The language, kept in the address as `lang`."""
    with kept("lang", browser_language(), LANGUAGES, sticky=True):
        st.segmented_control(
            t("common.language"),
            LANGUAGES,
            required=True,
            key="lang",
            format_func=lambda tongue: plain(f"common.{tongue}"),
            label_visibility="collapsed",
        )


def gate(view: str) -> None:
    """The sign-in or the change of the first password, at every address of the application."""

    def show() -> None:
        """The picture of what the product does, and the card beside it."""
        st.space("large")
        _, left, right, _ = st.columns([0.6, 3, 2, 0.6], gap="large", vertical_alignment="center")
        with left:
            st.image(HERE / f"front_{language()}.svg", width="stretch")
        with right, st.container(key="gate", width=380, gap="small"):
            st.image(HERE / "mark.svg", width=40)
            st.title(t("common.name"), anchor=False)
            st.caption(t("sign_in.change_why" if view == "change" else "common.tagline"))
            if view != "change" and access.nobody_yet(visitor.database()):
                st.info(t("sign_in.first_word"), icon=":material/key:")
            with st.container(border=True):
                if view == "change":
                    sign_in.change_word()
                    sign_in.sign_out()
                else:
                    sign_in.sign_in()
                    sign_in.company()
            if view != "change":
                st.caption(t("sign_in.forgotten"))
            switch()

    everywhere(show, plain("sign_in.change_title" if view == "change" else "sign_in.title"))


def everywhere(show: Callable[[], None], title: str) -> None:
    """The same screen at every address of the application, so that the address is still there when the application
    opens."""
    elsewhere = [st.Page(show, title=title, url_path=entry.page) for entry in menu.MENU]
    st.navigation([st.Page(show, title=title, default=True), *elsewhere], position="hidden").run()


def signed_in(actor: Actor) -> None:
    """The menu of the role and the page that was asked for."""
    entries = menu.offered(actor)
    pages = {
        entry.page: st.Page(entry.file, title=plain(f"menu.{entry.page}"), icon=f":material/{entry.icon}:")
        for entry in entries
    }
    links.remember(pages)
    start = st.Page(lambda: None, title=plain("common.name"), url_path="start", default=True)
    shut = [
        st.Page(lambda: guard.refuse(actor), title=plain("common.name"), url_path=entry.page)
        for entry in menu.MENU
        if entry.page not in pages
    ]
    page = st.navigation([start, *pages.values(), *shut], position="hidden")
    if page is start:
        st.switch_page(pages[entries[0].page], query_params=st.query_params.to_dict())
    unsaved.begin(actor, page.url_path)
    if page is pages.get("wall"):
        page.run()
    else:
        with st.sidebar:
            kept_elsewhere = sidebar(actor, entries, pages)
            drawer.close_after(page.url_path)
        page.run()
        unsaved.name_them(kept_elsewhere)
    sku_card.standing()


def sidebar(actor: Actor, entries: list[menu.Entry], pages: dict[str, st.Page]) -> DeltaGenerator:
    """Campaign, groups of pages, and who is signed in; the room for what is unsaved elsewhere."""
    st.logo(HERE / f"name_{language()}.svg", size="large", icon_image=HERE / "mark.svg")
    page = PageContext(visitor.database(), actor, clock.now())
    campaign_id = campaign_picker.pick(page)
    sku_card.search()
    waiting.badge(page, campaign_id)
    kept_elsewhere = st.container(gap="xxsmall", key="unsaved_elsewhere")
    for group in dict.fromkeys(entry.group for entry in entries):
        with st.container(gap="xxsmall", key=f"group_{group}"):
            if group:
                st.caption(t(f"group.{group}"))
            for entry in entries:
                if entry.group == group:
                    st.page_link(pages[entry.page], width="stretch")
    st.space("stretch")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.popover(
            f"{actor.name} · {t(f'role.{actor.role}')}", icon=":material/account_circle:", type="tertiary"
        ):
            if st.button(t("sign_in.change_word"), width="stretch"):
                sign_in.change_dialog()
            calendar_address.offer(page)
            sign_in.sign_out()
        switch()
    return kept_elsewhere


@st.fragment(run_every=5)
def closed(why: str) -> None:
    """Why there is no application while the database is away; it tries anew every few seconds: a wall has nobody
    who would reload it."""
    st.error(why, icon=":material/database_off:")
    with suppress(Exception):
        visitor.visitor()
        st.rerun()


def main() -> None:
    """One run: database, visitor, then the gate or the application."""
    arrive("lang", browser_language(), LANGUAGES, sticky=True)
    st.set_page_config(page_title=plain("common.name"), page_icon=HERE / "mark.svg", layout="wide")
    st.html(HERE / "look.css")
    if language() == "zh":
        st.html(HERE / "look_zh.css")
    try:
        actor = visitor.visitor()
        visit = visitor.visit() if actor is None else None
    except Exception as error:
        why = error_text(as_refusal(error))
        everywhere(lambda: closed(why), plain("common.name"))
        st.stop()
    if actor is not None:
        page_session.belongs_to(actor)
        signed_in(actor)
    else:
        gate("change" if visit is not None and visit.must_change else "sign_in")


main()
