"""The meeting: one idea at a time, the same for everybody, with a clock; votes stay hidden until all have voted."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.experiments import ideas as service
from core.experiments.ideas import TIMERS, Backlog
from core.versions import Version
from pages.parts.components.feedback import attempt
from pages.parts.components.figures.countdown import countdown
from pages.parts.components.tables import row_of
from pages.parts.components.text import literal, plain, t, who
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import fragment
from pages.parts.experiments.votes import vote_form, voted

REFRESH_S = 3.0


def begin(page: PageContext, backlog: Backlog) -> None:
    """Opens the meeting with the next idea that not all have voted on."""
    upcoming = _next(backlog)
    if upcoming is None or backlog.meeting_idea:
        return
    with st.popover(t("experiments.meeting"), icon=":material/timer:"), st.form("idea_meeting"):
        minutes = st.selectbox(t("experiments.minutes"), TIMERS, index=1)
        if st.form_submit_button(t("experiments.begin"), type="primary"):
            _turn(page, backlog, upcoming, int(minutes))


def bar(page: PageContext, backlog: Backlog) -> None:
    """The idea that the meeting speaks of, where one runs."""
    if backlog.meeting_idea not in backlog.ideas.index or backlog.meeting_ends_at is None:
        return
    row = row_of(backlog.ideas, backlog.meeting_idea)
    with st.container(border=True, key="idea_meeting_room"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(literal(row["title"]), anchor=False, width="stretch")
            countdown(
                backlog.meeting_ends_at,
                page.now,
                key="idea_meeting_clock",
                label=plain("experiments.time_left"),
            )
        if row["detail"]:
            st.markdown(literal(row["detail"]))
        fragment("review.view", _progress, backlog.meeting_idea, backlog.meeting_ends_at)(run_every=REFRESH_S)
        if row["complete"]:
            voted(page, row)
        if row["state"] == "open" and page.may("experiment.vote"):
            vote_form(page, str(row["idea_id"]))
        if page.may("experiment.edit"):
            _lead(page, backlog)


def _progress(page: PageContext, idea_id: str, ends_at: datetime) -> None:
    """How many have voted, kept up to date; the page starts afresh when all have, or the meeting moves on."""
    now = service.backlog(page.database, page.actor)
    if now.meeting_idea != idea_id or now.meeting_ends_at != ends_at:
        st.rerun()
    row = row_of(now.ideas, idea_id)
    late = [who(name) for name in row["waiting"]]
    st.progress(
        int(row["votes"]) / max(1, int(row["votes"]) + len(late)),
        t("experiments.progress", n=int(row["votes"]), of=int(row["votes"]) + len(late)),
    )
    mark = f"idea_complete_{idea_id}"
    if bool(row["complete"]) != st.session_state.get(mark, bool(row["complete"])):
        st.session_state[mark] = bool(row["complete"])
        st.rerun()
    st.session_state[mark] = bool(row["complete"])


def _lead(page: PageContext, backlog: Backlog) -> None:
    """The next idea, more time, or the end."""
    upcoming = _next(backlog)
    with st.container(horizontal=True):
        if upcoming is not None and st.button(
            t("experiments.next_idea"), type="primary", icon=":material/skip_next:"
        ):
            _turn(page, backlog, upcoming, TIMERS[1])
        if st.button(t("experiments.more_time"), icon=":material/more_time:"):
            _turn(page, backlog, backlog.meeting_idea, TIMERS[0])
        if st.button(t("experiments.end_meeting"), icon=":material/stop:"):
            _turn(page, backlog, "", 0)


def _turn(page: PageContext, backlog: Backlog, idea_id: str, minutes: int) -> None:
    version = backlog.versions.get("meeting", 0)
    attempt(lambda: service.call_up(page.database, page.actor, Version(idea_id, version), minutes, page.now))


def _next(backlog: Backlog) -> str | None:
    """The next open idea that not all have voted on, in the order of the backlog."""
    frame = backlog.ideas
    left = frame[(frame["state"] == "open") & ~frame["complete"].astype(bool)] if len(frame) else frame
    others = [str(key) for key in left.index if key != backlog.meeting_idea]
    return others[0] if others else None
