"""States in words and colours, the same on every page. A colour never stands without its word.

    badge("late")                      # a small coloured word
    Column("state", …, kind="state", words="task_state")

The word of a state is `<words>.<code>`, else `state.<code>`.
"""

from __future__ import annotations

import streamlit as st

from pages.parts.components.text import known, plain, t

TONES: dict[str, str] = {
    # stages of people against their targets; buyers against the rest
    "on_course": "green",
    "behind": "red",
    "more": "green",
    "less": "orange",
    # stock
    "sold_out": "red",
    "tight": "orange",
    "enough": "green",
    "excess": "blue",
    # work
    "not_started": "gray",
    "todo": "gray",
    "in_progress": "blue",
    "doing": "blue",
    "late": "red",
    "blocked": "orange",
    "done": "green",
    "overdue": "red",
    # flash-sale sessions, pre-sale, old customers
    "planned": "gray",
    "measured": "gray",
    "locked": "blue",
    "runs": "green",
    "over": "orange",
    "closed": "gray",
    "about_to_lapse": "orange",
    "lapsed": "red",
    "few_left": "orange",
    "low_stock": "orange",
    # tiers of goods say what a SKU is for, not how it fares: no status colour
    "pre_hot": "violet",
    "main_push": "violet",
    "regular": "gray",
    "clearance": "gray",
    # prices and approvals
    "unpriced": "gray",
    "publishable": "green",
    "needs_approval": "orange",
    "refused": "red",
    "requested": "orange",
    "approved": "green",
    "expired": "gray",
    # imports
    "committed": "green",
    "undone": "gray",
    "added": "green",
    "changed": "blue",
    "unchanged": "gray",
    "conflict": "orange",
    "rejected": "red",
    # alerts and messages
    "pending": "orange",
    "firing": "red",
    "now": "red",
    "soon": "orange",
    "later": "gray",
    "acknowledged": "blue",
    "resolved": "green",
    "sent": "green",
    "failed": "red",
    "queued": "gray",
    # what the house does by itself
    "fine": "green",
    "never": "gray",
    # replenishment and purchase orders
    "unfunded": "orange",
    "over_capacity": "orange",
    "no_cost": "orange",
    "order": "blue",
    "override": "blue",
    "open": "gray",
    "part": "blue",
    "received": "green",
    # what is sold together
    "good": "green",
    "short": "orange",
    "low_margin": "red",
    # ideas, tests and learnings
    "task": "green",
    "experiment": "blue",
    "declined": "gray",
    "running": "blue",
    "stopped": "gray",
    "win": "green",
    "no_difference": "gray",
    "worse": "red",
    "untrusted": "red",
    "undecided": "orange",
    # accounts
    "active": "green",
    "disabled": "gray",
    "ended": "gray",
}

HUES: dict[str, str] = {
    "red": "#C8102E",
    "orange": "#D97706",
    "green": "#0F8A47",
    "blue": "#2F66D6",
    "violet": "#7A5AC8",
    "gray": "#8A909B",
}


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
