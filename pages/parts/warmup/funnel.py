"""Where people stop on their way to the sale, phase by phase."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.warmup import service
from pages.parts.components import charts
from pages.parts.components.text import literal, number, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty


def funnel(page: PageContext) -> None:
    """Where people stop, phase by phase: known users counted once, or the sums of the daily reports; it says
    which."""
    steps = service.funnel(page.database, page.actor, page.campaign_id)
    offered = [name for name, frame in (("people", steps.people), ("counts", steps.counts)) if len(frame)]
    if not offered:
        empty("warmup.no_funnel")
        return
    shown = offered[0]
    if len(offered) > 1:
        shown = st.segmented_control(
            t("warmup.funnel_of"),
            offered,
            default=shown,
            required=True,
            key="warmup_funnel_of",
            label_visibility="collapsed",
            format_func=lambda code: plain(f"warmup.funnel_by_{code}"),
        )
    st.caption(t(f"warmup.funnel_{shown}", n=steps.users))
    frame = steps.people if shown == "people" else steps.counts
    with st.grid(min(3, frame["phase"].nunique()), min_column_width=300):
        for phase, part in frame.groupby("phase", sort=False):
            _phase(str(phase), part, shown)


def _phase(phase: str, part: pd.DataFrame, of: str) -> None:
    """One phase's funnel and its largest loss."""
    with st.container(border=True):
        title = literal(part["phase_name"].iloc[0]) or t("phase." + str(part["kind"].iloc[0]))
        unit = t(f"warmup.funnel_unit_{of}", n=number(int(part["reached"].iloc[0])))
        st.markdown(f"**{title}** :gray[{unit}]")
        shown = part.assign(name=[plain(f"stage_of.{stage}") for stage in part["stage"]])
        spec = charts.Bars(
            "name", "reached", value_title=f"warmup.funnel_value_{of}", rows=len(shown), row=24
        ).spec()
        charts.draw(
            shown[["name", "reached"]],
            spec,
            key=f"warmup_funnel_{of}_{phase}",
            alt=plain("warmup.funnel_alt"),
        )
        for row in part[part["lost"] > 0].nlargest(1, "lost").to_dict("records"):
            stage, share = plain(f"stage_of.{row['stage']}"), percent(1 - row["onward"])
            st.caption(t(f"warmup.loss_{of}", stage=stage, n=row["lost"], share=share))
