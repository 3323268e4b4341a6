"""Tabs whose open one lives in the address: a link opens the very tab, and only the open one is drawn.

tabbed("stock_tab", {"positions": (t("stock.tab_positions"), draw), ...})
opened("stock_tab", names)        # which one will be open, before anything is drawn
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.parts.components.url_state import kept

Tab = tuple[str, Callable[[], None]]


def opened(key: str, titles: Mapping[str, str]) -> str:
    """The name of the open tab, by the address where that is news, else as the reader left it; the first at first.
    `titles`: name -> label, in order."""
    named = {title: name for name, title in titles.items()}
    address = st.query_params.get(key)
    name = named.get(str(st.session_state.get(key)))
    if name is None or address != st.session_state.get(_mark(key)):
        name = address if address is not None and address in titles else next(iter(titles))
        st.session_state[key] = titles[name]
        st.session_state[_mark(key)] = address
    return name


def at_first(key: str, tabs: Mapping[str, Tab]) -> bool:
    """Whether the first of these tabs is the open one: on the others what stands above is one low strip."""
    return opened(key, {name: title for name, (title, _) in tabs.items()}) == next(iter(tabs))


def tabbed(key: str, tabs: Mapping[str, Tab]) -> None:
    """Draws the tabs, and what is in the open one; the address names it, the first one as nothing."""
    titles = {name: title for name, (title, _) in tabs.items()}
    name = opened(key, titles)
    places = st.tabs(list(titles.values()), key=key, on_change="rerun")
    _leave(key, name, list(titles))
    for container, (_, draw) in zip(places, tabs.values(), strict=True):
        if container.open:
            with container:
                draw()


def _leave(key: str, name: str, names: Sequence[str]) -> None:
    text = None if name == names[0] else name
    if st.query_params.get(key) != text:
        if text is None:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = text
    st.session_state[_mark(key)] = text


def _mark(key: str) -> str:
    return f"{key} in the address"


def sections(key: str, tabs: Mapping[str, Tab]) -> None:
    """What belongs together within a tab: one row of choices that lives in the address, and what is chosen; without the
    row where there is but one."""
    if len(tabs) == 1:
        next(iter(tabs.values()))[1]()
        return
    with kept(key, next(iter(tabs)), tabs):
        name = st.segmented_control(
            key,
            list(tabs),
            required=True,
            key=key,
            format_func=lambda one: tabs[one][0],
            label_visibility="collapsed",
        )
    tabs[str(name)][1]()
