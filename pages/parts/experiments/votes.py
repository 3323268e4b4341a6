"""The votes on one idea: whose are missing, what was voted once all have, and one's own points."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.experiments import ideas as service
from core.experiments.scores import HIGHEST, LOWEST, MEASURES
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import draw
from pages.parts.components.text import plain, t, who
from pages.parts.entry.context import PageContext

VOTES = (
    Column("account", "experiments.voter", "person"),
    *(Column(name, f"measure.{name}", "integer") for name in MEASURES),
)


def voted(page: PageContext, row: pd.Series) -> None:
    """The votes where all have voted, else whose are missing."""
    if not row["complete"]:
        names = [who(name) for name in row["waiting"]] or [plain("experiments.anybody")]
        st.caption(t("experiments.waiting_for", names=names))
        return
    draw(service.votes(page.database, page.actor, str(row["idea_id"])), VOTES, key=f"votes_{row['idea_id']}")


def vote_form(page: PageContext, idea_id: str) -> None:
    """Five measures, 1 to 5 points each."""
    rows = service.votes(page.database, page.actor, idea_id)
    mine = rows[rows["account"] == page.actor.name]
    own = {name: int(mine[name].iloc[0]) if len(mine) else None for name in MEASURES}
    with st.form(f"vote_{idea_id}", enter_to_submit=False):
        points: dict[str, int] = {}
        with st.grid(len(MEASURES), min_column_width=180):
            for name in MEASURES:
                picked = st.segmented_control(
                    t(f"measure.{name}"),
                    list(range(LOWEST, HIGHEST + 1)),
                    default=own[name],
                    help=t(f"measure.{name}_help"),
                    key=f"vote_{idea_id}_{name}",
                )
                points[name] = int(picked or 0)
        if st.form_submit_button(t("experiments.vote"), type="primary", icon=":material/how_to_vote:"):
            attempt(
                lambda: service.vote(page.database, page.actor, idea_id, points, page.now),
                t("experiments.voted"),
            )
