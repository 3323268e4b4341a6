"""States in words and colours, the same on every page. A colour never stands without its word.

    badge("late")                      # a small coloured word
    Column("state", …, kind="state", words="task_state")

The word of a state is `<words>.<code>`, else `state.<code>`.
"""

from __future__ import annotations

import streamlit as st

from pages.parts.text import known, plain, t

TONES: dict[str, str] = {
    # stock
    "sold_out": "red", "tight": "orange", "enough": "green", "excess": "blue",
    # work
    "not_started": "gray", "todo": "gray", "in_progress": "blue", "doing": "blue", "late": "red", "blocked": "orange", "done": "green", "overdue": "red",
    # flash-sale sessions, pre-sale, old customers
    "planned": "gray", "locked": "blue", "runs": "green", "over": "orange", "closed": "gray",
    "about_to_lapse": "orange", "lapsed": "red", "few_left": "orange", "low_stock": "orange",
    # tiers of goods
    "pre_hot": "red", "main_push": "orange", "regular": "blue", "clearance": "gray",
    # prices and approvals
    "publishable": "green", "needs_approval": "orange", "refused": "red", "requested": "orange", "approved": "green", "expired": "gray",
    # imports
    "committed": "green", "undone": "gray", "added": "green", "changed": "blue", "unchanged": "gray", "conflict": "orange", "rejected": "red",
    # alerts and messages
    "pending": "orange", "firing": "red", "acknowledged": "blue", "resolved": "green", "sent": "green", "failed": "red", "queued": "gray",
    # replenishment and purchase orders
    "unfunded": "orange", "over_capacity": "orange", "no_cost": "orange", "order": "blue", "override": "blue", "open": "gray", "part": "blue", "received": "green",
    # what is sold together
    "good": "green", "short": "orange", "low_margin": "red",
    # accounts
    "active": "green", "disabled": "gray", "ended": "gray",
}  # fmt: skip

HUES: dict[str, str] = {"red": "#C8102E", "orange": "#D97706", "green": "#0F8A47", "blue": "#2F66D6", "gray": "#8A909B"}


def tone(code: object) -> str:
    """The colour's name of a state; grey for one that has none."""
    return TONES.get(str(code), "gray")


def word(code: object, words: str = "state") -> str:
    """The state's word for a place that shows text as it is."""
    own = f"{words}.{code}"
    return plain(own if known(own) else f"state.{code}") if code not in (None, "") else ""


def badge(code: str, words: str = "state") -> None:
    """A small coloured word."""
    key = f"{words}.{code}"
    st.badge(t(key if known(key) else f"state.{code}"), color=tone(code))  # type: ignore[arg-type]
