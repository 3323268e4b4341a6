"""How a source is used: taken up or paused, and after how much silence it rings; the same for every kind of source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.connect.service import Used
from pages.parts.components.feedback import attempt
from pages.parts.components.text import t

LONGEST_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Pressed:
    """What was pressed of the two controls, and the minutes that stand there."""

    turned: bool
    saved: bool
    minutes: int


def controls(used: Used, key: str, silence: str) -> Pressed:
    """Draws them where the caller stands; `silence`: the words over the minutes."""
    turned = st.button(
        t("connect.resume" if used.paused else "connect.pause"),
        icon=":material/play_arrow:" if used.paused else ":material/pause:",
        key=f"{key}_pause",
    )
    minutes = st.number_input(
        t(silence),
        min_value=0,
        max_value=LONGEST_MINUTES,
        value=used.silent_after,
        step=30,
        help=t("connect.silent_help"),
        key=f"{key}_silence",
        width=220,
    )
    return Pressed(turned, st.button(t("common.save"), key=f"{key}_save"), int(minutes))


def obey(pressed: Pressed, used: Used, change: Callable[..., None], paused: str) -> None:
    """Does what was pressed. `change` takes `paused` or `silent_after`; `paused`: what is said of a pause."""
    if pressed.turned:
        said = t("connect.resumed" if used.paused else paused)
        attempt(lambda: change(paused=not used.paused), said)
    if pressed.saved:
        attempt(lambda: change(silent_after=pressed.minutes), t("connect.saved"))
