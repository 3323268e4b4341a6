"""The UI script: the gate first, then the role's own pages in the shop's menu.

Signed out, every address of the house shows the sign-in, so that a deep link survives it and no page says that it does not
exist. Signed in, only the role's pages are registered, and each asks its guard again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # the runner puts this file's own folder first; pages import from the root
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from core.access import Actor  # noqa: E402
from core.errors import ShopError  # noqa: E402
from pages.parts import door, drawer, guard, links, menu, picker  # noqa: E402
from pages.parts.address import arrive, kept  # noqa: E402
from pages.parts.text import LANGUAGES, browser_language, error_text, language, plain, t  # noqa: E402

HERE = Path(__file__).parent


def switch() -> None:
    """The language, kept in the address as `lang`."""
    with kept("lang", browser_language(), LANGUAGES, sticky=True):
        st.segmented_control(
            t("common.language"), LANGUAGES, required=True, key="lang", format_func=lambda tongue: plain(f"common.{tongue}"),
            label_visibility="collapsed",
        )  # fmt: skip


def gate(view: str) -> None:
    """The sign-in or the change of the first password, at every address of the house."""

    def show() -> None:
        """The card in the middle of an empty page."""
        _, middle, _ = st.columns([1, 1.1, 1])
        with middle, st.container(key="gate", width=380, gap="small"):
            st.space("large")
            st.image(HERE / "mark.svg", width=40)
            st.title(t("common.name"), anchor=False)
            st.caption(t("door.change_why" if view == "change" else "common.tagline"))
            with st.container(border=True):
                if view == "change":
                    door.change_word()
                    door.sign_out()
                else:
                    door.sign_in()
                    door.company()
            switch()

    everywhere(show, plain("door.change_title" if view == "change" else "door.title"))


def everywhere(show: Callable[[], None], title: str) -> None:
    """The same screen at every address of the house, so that the address is still there when the house opens."""
    elsewhere = [st.Page(show, title=title, url_path=entry.page) for entry in menu.MENU]
    st.navigation([st.Page(show, title=title, default=True), *elsewhere], position="hidden").run()


def house(actor: Actor) -> None:
    """The menu of the role and the page that was asked for."""
    entries = menu.offered(actor)
    pages = {
        entry.page: st.Page(entry.file, title=plain(f"menu.{entry.page}"), icon=f":material/{entry.icon}:") for entry in entries
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
    if page is not pages.get("wall"):
        with st.sidebar:
            sidebar(actor, entries, pages)
            drawer.close_after(page.url_path)
    page.run()


def sidebar(actor: Actor, entries: list[menu.Entry], pages: dict[str, st.Page]) -> None:
    """Campaign, groups of pages, and who is signed in."""
    st.logo(HERE / f"name_{language()}.svg", size="large", icon_image=HERE / "mark.svg")
    picker.pick(actor)
    for group in dict.fromkeys(entry.group for entry in entries):
        with st.container(gap="xxsmall", key=f"group_{group}"):
            if group:
                st.caption(t(f"group.{group}"))
            for entry in entries:
                if entry.group == group:
                    st.page_link(pages[entry.page], width="stretch")
    st.space("stretch")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.popover(f"{actor.name} · {t(f'role.{actor.role}')}", icon=":material/account_circle:", type="tertiary"):
            if st.button(t("door.change_word"), width="stretch"):
                door.change_dialog()
            door.sign_out()
        switch()


@st.fragment(run_every=5)
def closed(why: str) -> None:
    """Why there is no house while the database is away; it tries anew every few seconds: a wall has nobody who would reload it."""
    st.error(why, icon=":material/database_off:")
    with suppress(ShopError):
        guard.visitor()
        st.rerun()


def main() -> None:
    """One run: database, visitor, then the gate or the house."""
    arrive("lang", browser_language(), LANGUAGES, sticky=True)
    st.set_page_config(page_title=plain("common.name"), page_icon=HERE / "mark.svg", layout="wide")
    st.html(HERE / "look.css")
    if language() == "zh":
        st.html(HERE / "look_zh.css")
    try:
        actor = guard.visitor()
        visit = guard.visit() if actor is None else None
    except ShopError as error:
        why = error_text(error)
        everywhere(lambda: closed(why), plain("common.name"))
        st.stop()
    if actor is not None:
        house(actor)
    else:
        gate("change" if visit is not None and visit.must_change else "sign_in")


main()
