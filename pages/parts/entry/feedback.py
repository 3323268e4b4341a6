"""Messages that outlive a rerun: kept in the session by `flash`, shown once by `taken`.

`pages.parts.components.feedback` puts them into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from core import logs
from core.errors import ShopError

_KEY = "flash"
Kind = Literal["success", "warning", "error", "toast"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a sentence for a Markdown place, or the refusal that is put into words when it is
    shown."""

    kind: Kind
    said: str | ShopError
    icon: str | None = None


def keep(message: Message) -> None:
    """Keeps it for the next run that shows messages."""
    st.session_state[_KEY] = (*st.session_state.get(_KEY, ()), message)


def flash_refusal(error: ShopError) -> None:
    """Keeps a refusal for the run that follows."""
    keep(Message("error", error))


def as_refusal(error: Exception) -> ShopError:
    """The error as something to put into words: what is unexpected is logged under an id, which the words
    name."""
    if isinstance(error, ShopError):
        return error
    return ShopError("access.unexpected", error_id=logs.unexpected(error, origin="page"))


def taken() -> tuple[Message, ...]:
    """The kept messages, which are kept no longer."""
    waiting: tuple[Message, ...] = st.session_state.pop(_KEY, ())
    return waiting
