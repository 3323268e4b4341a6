"""How the forecasts of past sales did, where the next one is made: the last sale in a sentence, all of them in a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.replenishment import scoring
from pages.parts.components.columns import Column
from pages.parts.components.tables import draw
from pages.parts.components.text import number, percent, plain, t
from pages.parts.entry.context import PageContext

COLUMNS = (
    Column("name", "forecast_score.sale", pinned=True),
    Column("decided_on", "forecast_score.decided_on", "day", help="forecast_score.decided_on_help"),
    Column("forecast", "forecast_score.forecast", "integer"),
    Column("sold", "forecast_score.sold", "integer", help="forecast_score.sold_help"),
    Column("bias", "forecast_score.bias", "percent", help="forecast_score.bias_help"),
    Column("covered", "forecast_score.covered", "percent", help="forecast_score.covered_help"),
    Column("earned", "forecast_score.earned", "percent", help="forecast_score.earned_help"),
    Column("earned_mean", "forecast_score.earned_mean", "percent", help="forecast_score.earned_mean_help"),
    Column(
        "earned_uplift", "forecast_score.earned_uplift", "percent", help="forecast_score.earned_uplift_help"
    ),
)


def note(page: PageContext) -> None:
    """The last scored sale in one sentence."""
    scored = _scores(page)
    if scored.empty:
        return
    last = scored.iloc[0]
    points = {name: percent(last[name], 0) for name in ("earned", "earned_mean", "earned_uplift")}
    st.caption(
        t(
            "forecast_score.note" if last["own_run"] else "forecast_score.note_as_if",
            name=last["name"],
            sold=number(int(last["sold"])),
            bias=percent(last["bias"], 0, sign=True),
            covered=percent(last["covered"], 0),
            **points,
        )
    )


def history(page: PageContext) -> None:
    """Every scored sale."""
    scored = _scores(page)
    if scored.empty:
        return
    st.caption(t("forecast_score.title"))
    draw(scored, COLUMNS, key="replenishment_scores", alt=plain("forecast_score.title"))


def _scores(page: PageContext) -> pd.DataFrame:
    """The scored sales, profit as a rate."""
    scored = scoring.scores(page.database, page.actor, page.campaign_id)
    rates = {name: scored[name] / 100 for name in ("earned", "earned_mean", "earned_uplift")}
    return scored.assign(**rates)
