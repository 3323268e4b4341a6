"""The journey: seven stages side by side, the weakest outlined with what to do."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.audience.journey import service
from core.audience.people.sheet import MEMBERS
from core.imports.kinds import Kind
from core.review.sheet import SERVICE
from core.sheets.writer import template
from pages.parts.audience.bring import bring
from pages.parts.audience.remembered import remembered
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.tables import table
from pages.parts.components.text import language, percent, plain, points, t
from pages.parts.entry.context import PageContext

COLUMNS = (
    Column("stage_word", "journey.stage", pinned=True),
    Column("numerator", "journey.numerator", "integer"),
    Column("denominator", "journey.denominator", "integer"),
    Column("rate", "journey.rate", "percent"),
    Column("before", "journey.before", "percent"),
    Column("change", "journey.change", "points"),
    Column("what", "journey.what"),
    Column("source", "journey.source"),
)
SHEETS = {"after_sale": "service", "rating": "service", "care": "service", "membership": "members"}


def load(page: PageContext) -> None:
    """The tab."""
    shown = remembered(
        page, "journey", lambda one: service.journey(one.database, one.actor, one.campaign_id, now=one.moment)
    )
    if not shown.sale:
        st.info(t("journey.none"), icon=":material/route:")
        return
    sentence = "journey.of" if shown.asked else "journey.of_last"
    against = t("journey.against", before=shown.before) if shown.before else t("journey.no_before")
    st.caption(f"{t(sentence, sale=shown.sale)} {against}")
    with st.grid(len(shown.rows), min_column_width=108, row_height="content"):
        for _, row in shown.rows.iterrows():
            _stage(row)
    _weakest(shown.rows)
    _sheets(shown.rows)
    words = shown.rows.assign(
        stage_word=[plain(f"journey_stage.{stage}") for stage in shown.rows["stage"]],
        what=[plain(f"journey_rate.{stage}") for stage in shown.rows["stage"]],
        source=[plain(f"journey_source.{stage}") for stage in shown.rows["stage"]],
    )
    table(words, COLUMNS, key="journey_rows", export="journey")
    bring(page, MEMBERS, "journey")


def _stage(row: pd.Series) -> None:
    """One column: rate, change, what it is; a warning mark on the weakest."""
    nothing = pd.isna(row["rate"])
    moved = None if pd.isna(row["change"]) else points(row["change"])
    st.metric(
        t(f"journey_stage.{row['stage']}"),
        "—" if nothing else percent(row["rate"]),
        delta=moved or (plain("journey.no_data") if nothing else None),
        delta_color="off" if moved is None else "green" if row["change"] >= 0 else "red",
        delta_arrow="off" if moved is None else "up" if row["change"] >= 0 else "down",
        help=t(f"journey_rate.{row['stage']}"),
        icon=":material/warning:" if row["weakest"] else None,
        border=True,
        height="stretch",
    )


def _weakest(rows: pd.DataFrame) -> None:
    worst = rows[rows["weakest"]]
    if worst.empty:
        st.caption(t("journey.none_fell"))
        return
    row = worst.iloc[0]
    facts = {
        "stage": plain(f"journey_stage.{row['stage']}"),
        "rate": percent(row["rate"]),
        "before": percent(row["before"]),
        "fell": percent(-row["relative"]),
        "action": plain(f"journey_action.{row['stage']}"),
    }
    st.warning(t("journey.weakest", **facts), icon=":material/warning:")


def _sheets(rows: pd.DataFrame) -> None:
    """Stages without data, and the sheet that would bring it."""
    empty = [stage for stage in rows.loc[rows["rate"].isna(), "stage"] if stage in SHEETS]
    for kind in (SERVICE, MEMBERS):
        stages = [plain(f"journey_stage.{stage}") for stage in empty if SHEETS[stage] == kind.name]
        if stages:
            _offered(kind, stages)


def _offered(kind: Kind, stages: list[str]) -> None:
    word = plain(f"kind.{kind.name}")
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(t("growth.lacks", stages=stages, kind=word))
        sample = Button(plain("common.sample"), f"journey_sample_{kind.name}")
        download(sample, File(f"{word}.xlsx"), partial(_sample, kind))


def _sample(kind: Kind, _page: PageContext) -> bytes:
    return template(kind.spec, language())
