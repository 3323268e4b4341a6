"""What became of a click: said at once, or after the page has started afresh.

attempt(lambda: service.approve(…), t("replenishment.approved"))   # a refusal on the spot, success after a rerun
with refusals(): service.settle(…)                                    # a refusal on the spot, and nothing else
flash(t("plan.saved", n=3)); st.rerun()                               # shown once by the next run
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st

from core.errors import ShopError
from pages.parts.components.text import error_text
from pages.parts.entry.feedback import Kind, Message, keep, taken

Answer = TypeVar("Answer")
ICONS: dict[Kind, str] = {
    "success": ":material/check_circle:",
    "warning": ":material/warning:",
    "error": ":material/block:",
    "toast": ":material/check:",
}


def flash(said: str, kind: Kind = "toast", *, icon: str | None = None) -> None:
    """Keeps a sentence for the run that follows."""
    keep(Message(kind, said, icon))


def show_kept() -> None:
    """Shows what the run before has kept, once."""
    for message in taken():
        said = error_text(message.said) if isinstance(message.said, ShopError) else message.said
        getattr(st, message.kind)(said, icon=message.icon or ICONS[message.kind])


def refused(error: ShopError) -> None:
    """Says why the shop refused."""
    st.error(error_text(error), icon=ICONS["error"])


@contextmanager
def refusals() -> Iterator[None]:
    """Around an act: a refusal is said where it happened, and the page goes on."""
    try:
        yield
    except ShopError as error:
        refused(error)


def attempt(
    work: Callable[[], Answer], said: str | Callable[[Answer], str] = "", kind: Kind = "toast"
) -> None:
    """Does it and starts the page afresh, saying `said` (a sentence, or what makes one of the answer); where
    it is refused, says why."""
    with refusals():
        answer = work()
        sentence = said if isinstance(said, str) else said(answer)
        if sentence:
            flash(sentence, kind)
        st.rerun()
