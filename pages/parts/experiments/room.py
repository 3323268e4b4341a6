"""The tabs of the experiments page; only the open one is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pages.parts.components.tabs import tabbed
from pages.parts.components.text import t
from pages.parts.entry.context import PageContext
from pages.parts.experiments import activity, hypotheses, ideas, lessons, trials


def tabs(page: PageContext) -> None:
    """Ideas, the hypotheses that hang on the target, tests, and what they taught."""
    drawers: dict[str, Callable[[], None]] = {
        "ideas": partial(ideas.ideas, page),
        "hypotheses": partial(hypotheses.hypotheses, page),
        "tests": partial(trials.trials, page),
        "activity": partial(activity.activity, page),
        "learnings": partial(lessons.lessons, page),
    }
    titles = {name: (t(f"experiments.tab_{name}"), draw) for name, draw in drawers.items()}
    tabbed("experiments_tab", titles)
