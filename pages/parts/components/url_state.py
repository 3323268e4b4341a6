"""A view that lives in the address: a copied link shows a colleague the same filters, the back button takes
one back.

    with kept("stock_view", "all", names):                 # names: the values that the widget knows
        view = st.pills(…, names, key="stock_view")        # no default and no bind: the value is in the session by now

The address holds codes, not words: Streamlit's own `bind` would write the label, which changes with the
language and the counts. `sticky` values (language, campaign) stay when the next page's address does not name
them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import streamlit as st

from core.plain_text import storable

Value = str | list[str]


def said_in_address(key: str) -> str | None:
    """What the address says, None for nothing or for text that no database can hold: the one place that reads
    it."""
    text = st.query_params.get(key)
    return text if text is None or storable(text) else None


@contextmanager
def kept(
    key: str, default: Value, options: Collection[str] | None = None, *, sticky: bool = False
) -> Iterator[None]:
    """Around a keyed widget: takes its value from the address before, writes it there after."""
    arrive(key, default, options, sticky=sticky)
    yield
    leave(key, default)


def arrive(key: str, default: Value, options: Collection[str] | None = None, *, sticky: bool = False) -> None:
    """Puts the address's value into the session where it is news: a fresh link, the back button, another
    page."""
    said = said_in_address(key)
    if key in st.session_state and (said == st.session_state.get(_mark(key)) or (sticky and said is None)):
        return
    st.session_state[key] = _known(said, default, options)
    st.session_state[_mark(key)] = said


def leave(key: str, default: Value) -> None:
    """Writes the widget's value into the address, the default as nothing."""
    value = st.session_state.get(key, default)
    same = sorted(value) == sorted(default) if isinstance(value, list) else value == default
    text = None if value is None or same else ",".join(value) if isinstance(value, list) else str(value)
    if st.query_params.get(key) != text:
        if text is None:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = text
    st.session_state[_mark(key)] = text


def _known(said: str | None, default: Value, options: Collection[str] | None) -> Value:
    if said is None:
        return default
    if isinstance(default, list):
        return [part for part in said.split(",") if options is None or part in options]
    return said if options is None or said in options else default


def _mark(key: str) -> str:
    return f"{key} in the address"
