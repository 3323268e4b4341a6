"""The backlog: ideas by rank with how firmly it holds, one idea's drawer, weights and voters."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.experiments import ideas as service
from core.experiments import learnings
from core.experiments.ideas import Backlog, NewIdea
from core.experiments.scores import MEASURES
from core.readiness.service import DEPARTMENTS
from core.versions import Version
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import Filter, row_of, table
from pages.parts.components.text import known, literal, number, percent, plain, t, who
from pages.parts.entry.context import PageContext
from pages.parts.experiments import meeting
from pages.parts.experiments.votes import vote_form, voted
from pages.parts.shell import learnt

IDEAS = (
    Column("rank_name", "experiments.rank", help="experiments.rank_help", width="small"),
    Column("title", "experiments.idea", width="large"),
    Column("state", "experiments.state", "state", words="idea_state"),
    Column("score", "experiments.score", "decimal", help="experiments.score_help"),
    Column("rank_span", "experiments.rank_span", help="experiments.rank_span_help"),
    Column("holds", "experiments.holds", "percent", help="experiments.holds_help"),
    Column("vote_name", "experiments.votes", help="experiments.votes_help"),
    Column("widest", "experiments.spread", "integer", help="experiments.spread_help"),
    Column("owner", "experiments.owner", "person"),
    Column("reason", "experiments.reason", shown=False),
    Column("created_by", "experiments.created_by", "person", shown=False),
    Column("created_at", "experiments.created_at", "moment", shown=False),
)
AGAIN = 5
VIEWS = (
    Filter("open", "experiments.view_open", lambda frame: frame["state"] == "open"),
    Filter(
        "mine",
        "experiments.view_mine",
        lambda frame: (frame["state"] == "open") & ~frame["mine"].astype(bool),
    ),
    Filter("decided", "experiments.view_decided", lambda frame: frame["state"] != "open"),
)


def ideas(page: PageContext) -> None:
    """The meeting where one runs, the figures, and the backlog."""
    backlog = service.backlog(page.database, page.actor)
    meeting.bar(page, backlog)
    _answer(backlog)
    if page.may("experiment.vote"):
        with st.container(horizontal=True):
            _suggest(page)
            if page.may("experiment.edit"):
                meeting.begin(page, backlog)
                _weights(page, backlog)
                _voters(page, backlog)
        _again(page)
    if backlog.ideas.empty:
        st.info(t("experiments.no_ideas"), icon=":material/lightbulb:")
        return
    shown = table(
        _shown(backlog),
        IDEAS,
        key="ideas",
        filters=VIEWS,
        search=("title", "detail", "owner"),
        export="ideas",
        pick=True,
    )
    if shown.picked is not None:
        _drawer(page, backlog, str(shown.picked))
    else:
        st.caption(t("experiments.pick_idea"))


def _answer(backlog: Backlog) -> None:
    frame = backlog.ideas
    waiting = frame[(frame["state"] == "open")]
    best = waiting[waiting["rank"] == 1] if len(waiting) else waiting
    cards(
        Card("experiments.open_ideas", number(len(waiting)), t("experiments.pieces")),
        Card(
            "experiments.to_vote",
            number(int((~waiting["complete"].astype(bool)).sum())),
            t("experiments.pieces"),
            help="experiments.votes_help",
        ),
        Card(
            "experiments.best_score",
            number(float(best["score"].iloc[0]), 1) if len(best) else "—",
            against=str(best["title"].iloc[0]) if len(best) else "",
            help="experiments.score_help",
        ),
        Card(
            "experiments.best_holds",
            percent(float(best["holds"].iloc[0]), 0) if len(best) else "—",
            help="experiments.holds_help",
        ),
    )


def _shown(backlog: Backlog) -> pd.DataFrame:
    """The backlog as the table shows it."""
    frame = backlog.ideas
    spreads = [f"{name}_spread" for name in MEASURES]
    span = [
        "" if pd.isna(low) else f"{int(low)}–{int(high)}" if low != high else f"{int(low)}"
        for low, high in zip(frame["rank_best"], frame["rank_worst"], strict=True)
    ]
    voted = [f"{n}/{n + len(late)}" for n, late in zip(frame["votes"], frame["waiting"], strict=True)]
    return frame.assign(
        rank_name=["" if pd.isna(rank) else f"{int(rank)}" for rank in frame["rank"]],
        rank_span=span,
        vote_name=voted,
        widest=frame[spreads].max(axis=1).astype("Int64"),
    )


def _drawer(page: PageContext, backlog: Backlog, idea_id: str) -> None:
    """One idea: what was voted, one's own vote, and what becomes of it."""
    row = row_of(backlog.ideas, idea_id)
    with st.container(border=True):
        st.markdown(f"**{literal(row['title'])}**")
        if row["detail"]:
            st.markdown(literal(row["detail"]))
        if row["state"] == "declined":
            st.caption(t("experiments.declined_because", reason=row["reason"]))
        learnt.like(page, str(row["title"]))
        voted(page, row)
        if row["state"] == "open" and page.may("experiment.vote"):
            vote_form(page, idea_id)
        if row["state"] == "open" and page.may("experiment.edit"):
            with st.container(horizontal=True):
                _to_task(page, idea_id, int(row["version"]))
                _decline(page, idea_id, int(row["version"]))


def _suggest(page: PageContext) -> None:
    with (
        st.popover(t("experiments.suggest"), icon=":material/add:"),
        st.form("idea_new", clear_on_submit=True),
    ):
        title = st.text_input(t("experiments.idea"))
        detail = st.text_area(t("experiments.detail"))
        owner = st.text_input(t("experiments.owner"))
        if st.form_submit_button(t("experiments.suggest"), type="primary"):
            attempt(
                lambda: service.suggest(
                    page.database, page.actor, NewIdea(title, detail=detail, owner=owner), page.now
                ),
                t("experiments.suggested"),
            )


def _again(page: PageContext) -> None:
    """What won in an earlier campaign, each to be taken up as an idea by a click."""
    frame = learnings.to_repeat(page.database, page.actor, page.campaign_id, page.now)
    if frame.empty:
        return
    with st.expander(t("experiments.try_again", n=len(frame)), icon=":material/school:"):
        for row in frame.head(AGAIN).to_dict("records"):
            with st.container(horizontal=True, vertical_alignment="center"):
                measured = (
                    ""
                    if pd.isna(row["effect"])
                    else f" {literal(learnt.effect(row['metric'], row['effect']))}"
                )
                st.markdown(
                    f"{literal(row['title'])}{measured} :gray[{literal(row['campaign'])}]", width="stretch"
                )
                if st.button(t("experiments.as_idea"), key=f"again_{row['learning_id']}"):
                    _take_up(page, str(row["title"]), plain("experiments.won_in", campaign=row["campaign"]))


def _take_up(page: PageContext, title: str, detail: str) -> None:
    attempt(
        lambda: service.suggest(page.database, page.actor, NewIdea(title, detail=detail), page.now),
        t("experiments.suggested"),
    )


def _weights(page: PageContext, backlog: Backlog) -> None:
    with st.popover(t("experiments.weights"), icon=":material/tune:"), st.form("idea_weights"):
        st.caption(t("experiments.weights_help"))
        wanted = {
            name: st.number_input(t(f"measure.{name}"), 0.0, 100.0, float(backlog.weights[name]), 0.5)
            for name in MEASURES
        }
        if st.form_submit_button(t("common.save"), type="primary"):
            version = backlog.versions.get("weights", 0)
            attempt(
                lambda: service.set_weights(page.database, page.actor, wanted, version, page.now),
                t("experiments.weights_saved"),
            )


def _voters(page: PageContext, backlog: Backlog) -> None:
    with st.popover(t("experiments.voters"), icon=":material/groups:"), st.form("idea_voters"):
        st.caption(t("experiments.voters_help"))
        names = sorted({*service.people(page.database, page.actor), *backlog.voters})
        wanted = st.multiselect(
            t("experiments.voters"), names, list(backlog.voters), format_func=who, accept_new_options=True
        )
        if st.form_submit_button(t("common.save"), type="primary"):
            version = backlog.versions.get("voters", 0)
            attempt(lambda: service.set_voters(page.database, page.actor, wanted, version, page.now))


def _to_task(page: PageContext, idea_id: str, version: int) -> None:
    with st.popover(t("experiments.to_task"), icon=":material/checklist:"), st.form(f"idea_task_{idea_id}"):
        where = st.selectbox(t("readiness.department"), DEPARTMENTS, format_func=_department)
        t_minus = int(st.number_input(t("readiness.t_minus"), -365, 365, 7, help=t("readiness.t_minus_help")))
        days = int(st.number_input(t("readiness.days"), 1, 365, 1))
        if st.form_submit_button(t("experiments.to_task"), type="primary"):
            attempt(
                lambda: service.to_task(
                    page.database,
                    page.actor,
                    Version(idea_id, version),
                    service.Placed(page.campaign_id, str(where), t_minus, days),
                    page.now,
                ),
                t("experiments.became_task"),
            )


def _department(code: str) -> str:
    key = f"department.{code}"
    return plain(key) if known(key) else code


def _decline(page: PageContext, idea_id: str, version: int) -> None:
    with st.popover(t("experiments.decline"), icon=":material/block:"), st.form(f"idea_no_{idea_id}"):
        reason = st.text_input(t("experiments.reason"))
        if st.form_submit_button(t("experiments.decline"), type="primary"):
            attempt(
                lambda: service.decline(
                    page.database, page.actor, Version(idea_id, version), reason, page.now
                ),
                t("experiments.was_declined"),
            )
