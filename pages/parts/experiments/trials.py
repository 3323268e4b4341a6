"""Tests: the list, and one test with its checks, effect, looks and verdict; stopped with what it taught."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from core.experiments import designs, results
from core.experiments.assignment import CONTROL
from core.experiments.counts_sheet import EXPERIMENTS
from core.experiments.designs import Trial
from core.experiments.judgement import Outcome, Result
from core.experiments.results import View
from core.versions import Version
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.exports import SheetColumn, workbook
from pages.parts.components.feedback import attempt
from pages.parts.components.states import badge, word
from pages.parts.components.tables import draw
from pages.parts.components.text import language, literal, number, percent, plain, t, time
from pages.parts.components.url_state import kept
from pages.parts.entry.context import PageContext
from pages.parts.experiments import pictures
from pages.parts.experiments.designing import new_test
from pages.parts.experiments.figures import change, interval, level, p_value, reasons, worth
from pages.parts.upload.flow import upload
from pages.parts.upload.history import history

CHECKS = (
    Column("name", "experiments.check"),
    Column("counted", "experiments.counted"),
    Column("expected", "experiments.expected"),
    Column("p", "experiments.p"),
    Column("passed", "experiments.passed", "flag"),
    Column(
        "smallest_loss", "experiments.smallest_loss_head", "percent", help="experiments.smallest_loss_help"
    ),
)
METRIC_ROWS = (
    Column("name", "experiments.metric"),
    Column("control", "experiments.control"),
    Column("treatment", "experiments.treatment"),
    Column("difference", "experiments.difference"),
    Column("interval", "experiments.interval"),
    Column("lift", "experiments.lift", "percent"),
    Column("p", "experiments.p"),
    Column("method", "experiments.method", "state", words="method"),
)
SEGMENTS = (
    Column("layer", "experiments.layer"),
    Column("people", "experiments.people", "integer"),
    Column("difference", "experiments.difference"),
    Column("interval", "experiments.interval"),
    Column("p_holm", "experiments.p_holm", help="experiments.p_holm_help"),
)


def trials(page: PageContext) -> None:
    """A new test, the picked one, and the workbook of counts."""
    known = designs.trials(page.database, page.actor, page.campaign_id)
    if page.may("experiment.edit"):
        new_test(page)
        _bring_counts(page)
    if known:
        _one(page, known)
    else:
        st.info(t("experiments.no_tests"), icon=":material/science:")


def _bring_counts(page: PageContext) -> None:
    """The workbook of counts; above the test, so that it stays open while the test below it changes."""
    with st.expander(t("experiments.bring_counts"), icon=":material/upload_file:"):
        st.caption(t("experiments.counts_help"))
        upload(page, EXPERIMENTS, key="experiments_upload")
        history(page, [EXPERIMENTS], key="experiments_imports")


def _one(page: PageContext, known: list[Trial]) -> None:
    by_id = {one.experiment_id: one for one in known}
    with kept("test", known[0].experiment_id, by_id):
        picked = st.selectbox(
            t("experiments.test"),
            list(by_id),
            key="test",
            format_func=lambda key: _title(by_id[key], page.now),
        )
    view = results.view(page.database, page.actor, str(picked), page.now)
    _head(page, view)
    for outcome in view.result.outcomes:
        with st.container(border=True):
            _outcome(view, outcome)
    _checks(view.result, view.trial)
    _list(page, view.trial)
    if page.may("experiment.edit") and view.trial.state == "running":
        _conclude(page, view)


def _title(one: Trial, now: datetime) -> str:
    state = one.verdict or ("ended" if one.final(now) else one.state)
    return f"{one.design.name} · {word(state, 'verdict' if one.verdict else 'test_state')}"


def _head(page: PageContext, view: View) -> None:
    """What is compared, since when, until when."""
    design, zone = view.trial.design, page.sale.timezone
    ends = time(design.ends_at, zone) if design.ends_at else plain("experiments.no_end")
    st.caption(
        t(
            "experiments.design_line",
            metric=plain(f"metric.{design.metric}"),
            minimum=change(design.metric, design.minimum),
            starts=time(design.starts_at, zone),
            ends=ends,
            source=plain(f"test_source.{design.source}"),
        )
    )
    people = sum(view.result.people)
    cards(
        *(
            Card("experiments.arm_people", number(n), against=literal(_arm_word(arm.code)))
            for arm, n in zip(design.arms, view.result.people, strict=True)
        ),
        Card("experiments.of_needed", percent(people / design.needed, 0), against=number(design.needed)),
        Card("experiments.two_arms", number(view.result.two_arms), alarm=view.result.two_arms > 0),
    )


def _arm_word(code: str) -> str:
    """What the shop calls the arm; the one that is left as it was has a word of the house."""
    return plain("experiments.control") if code == CONTROL else code


def _outcome(view: View, outcome: Outcome) -> None:
    """One arm: the verdict in words, the effect, the pictures."""
    metric = view.trial.design.metric
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{literal(outcome.arm)}**", width="content")
        badge(outcome.verdict.word, "verdict")
        st.markdown(reasons(outcome.verdict), width="content")
    effect, look = outcome.effect, outcome.look
    if effect is None or look is None:
        if outcome.verdict.word == "untrusted":
            st.caption(t("experiments.no_estimates"))
        return
    ends = view.worth.get(outcome.arm)
    said = t(
        "experiments.effect_line",
        control=level(metric, effect.control),
        treatment=level(metric, effect.treatment),
        change=change(metric, effect.difference),
        interval=interval(metric, look.low, look.high),
    )
    if ends:
        said += " " + t(
            "experiments.worth_line", worth=worth(ends[0]), low=worth(ends[1]), high=worth(ends[2])
        )
    st.markdown(said)
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{t('experiments.forest')}**")
        _forest(view, outcome)
    with right:
        st.markdown(f"**{t('experiments.peeking')}**")
        _path(outcome)
    _metrics(view, outcome)
    _segments(outcome)
    for guard in outcome.guards:
        _guard(guard.metric, guard.value, guard.worst)


def _forest(view: View, outcome: Outcome) -> None:
    """The whole and its layers; in percentage points, or yuan."""
    design, effect, look = view.trial.design, outcome.effect, outcome.look
    if effect is None or look is None:
        return
    rows: list[tuple[object, ...]] = [
        (plain("experiments.whole"), effect.difference, effect.low, effect.high, look.low, look.high)
    ]
    if outcome.whole is not None:
        one = outcome.whole
        rows.append((plain("experiments.weighed"), one.difference, one.low, one.high, None, None))
    if len(outcome.segments):
        parts = outcome.segments
        ends = (parts["difference"], parts["low"], parts["high"])
        rows += [(layer, *figures, None, None) for layer, *figures in zip(parts["layer"], *ends, strict=True)]
    names = ["name", "difference", "low", "high", "look_low", "look_high"]
    frame = pd.DataFrame(rows, columns=names).assign(minimum=design.minimum)
    frame[names[1:]] = frame[names[1:]].astype("float64")
    money = design.metric != "conversion_rate"
    figures = [*names[1:], "minimum"]
    frame[figures] = frame[figures] * (0.01 if money else 100)
    title = plain("experiments.axis_yuan" if money else "experiments.axis_points")
    key = f"forest_{outcome.arm}"
    charts.draw(frame, pictures.forest(len(frame), title), key=key, alt=plain("experiments.forest_alt"))
    st.caption(t("experiments.forest_note"))


def _path(outcome: Outcome) -> None:
    if outcome.path.empty:
        st.caption(t("experiments.no_looks"))
        return
    frame = outcome.path.assign(
        day=pd.to_datetime(outcome.path["day"]), low_bound=-outcome.path["bound"].astype("float64")
    )
    charts.draw(
        frame[["day", "z", "bound", "low_bound", "people"]],
        pictures.peeking(),
        key=f"peeking_{outcome.arm}",
        alt=plain("experiments.peeking_alt"),
    )
    st.caption(t("experiments.peeking_note"))


def _metrics(view: View, outcome: Outcome) -> None:
    metric = view.trial.design.metric
    pairs = [(metric, outcome.effect), *outcome.others]
    rows = [
        {
            "name": plain(f"metric.{name}"),
            "control": level(name, effect.control),
            "treatment": level(name, effect.treatment),
            "difference": change(name, effect.difference),
            "interval": interval(name, effect.low, effect.high),
            "lift": effect.lift if abs(effect.lift) < 1e6 else None,
            "p": p_value(effect.p),
            "method": effect.method,
        }
        for name, effect in pairs
        if effect is not None
    ]
    draw(pd.DataFrame(rows), METRIC_ROWS, key=f"metrics_{outcome.arm}")


def _segments(outcome: Outcome) -> None:
    if outcome.segments.empty:
        return
    frame = outcome.segments
    shown = frame.assign(
        difference=[change("", value) for value in frame["difference"]],
        interval=[interval("", low, high) for low, high in zip(frame["low"], frame["high"], strict=True)],
        p_holm=[p_value(p) for p in frame["p_holm"]],
    )
    st.markdown(f"**{t('experiments.segments')}**")
    draw(shown, SEGMENTS, key=f"segments_{outcome.arm}")


def _guard(name: str, value: float | None, worst: float) -> None:
    """A guard: what was measured against what is borne."""
    metric = "aov" if name == "margin" else "conversion_rate"
    if value is None:
        st.caption(t("experiments.guard_unknown", guard=plain(f"guard.{name}")))
        return
    sign = -1 if name == "refunds" else 1
    st.caption(
        t(
            "experiments.guard_line",
            guard=plain(f"guard.{name}"),
            value=change(metric, sign * value),
            worst=change(metric, sign * worst),
        )
    )


def _checks(result: Result, trial: Trial) -> None:
    """Whether people were split as planned and everything was logged alike."""
    if not result.checks:
        return
    st.markdown(f"**{t('experiments.checks')}**")
    rows = [
        {
            "name": _check_name(check.name),
            "counted": " / ".join(number(n) for n in check.counted),
            "expected": " / ".join(number(round(n)) for n in check.expected),
            "p": p_value(check.p),
            "passed": not check.broken,
            "smallest_loss": check.smallest_loss if check.smallest_loss < 1 else None,
        }
        for check in result.checks
    ]
    draw(pd.DataFrame(rows), CHECKS, key=f"checks_{trial.experiment_id}")


def _check_name(name: str) -> str:
    code, _, layer = name.partition(" ")
    return plain(f"test_check.{code}", name=layer) if layer else plain(f"test_check.{code}")


def _list(page: PageContext, trial: Trial) -> None:
    """The arms of people whose keys are pasted, as a workbook."""
    if not trial.design.own_split:
        return
    with st.expander(t("experiments.list"), icon=":material/call_split:"):
        text = st.text_area(t("experiments.list_keys"), help=t("experiments.list_help"), key="test_list")
        units = [line.strip() for line in text.splitlines() if line.strip()]
        if units:
            frame = designs.assigned(page.database, page.actor, trial.experiment_id, units)
            columns = [
                SheetColumn("unit", plain("experiments.unit_key"), "code", {}),
                SheetColumn("arm", plain("experiments.arm"), "text", {}),
            ]
            tongue = language()
            download(
                Button(plain("experiments.list_download"), "test_list_file"),
                File("arms.xlsx"),
                lambda _page: workbook(frame, columns, "arms", tongue),
            )


def _conclude(page: PageContext, view: View) -> None:
    with st.expander(t("experiments.conclude"), icon=":material/flag:"), st.form("test_conclude"):
        best = results.best(view.result)
        st.markdown(t("experiments.conclude_help", verdict=word(best.verdict.word, "verdict")))
        detail = st.text_area(t("experiments.detail"))
        scope = st.text_input(t("experiments.scope"), help=t("experiments.scope_help"))
        tags = st.text_input(t("experiments.tags"), help=t("experiments.tags_help"))
        until = st.date_input(t("experiments.valid_until"), None)
        if st.form_submit_button(t("experiments.conclude"), type="primary"):
            attempt(
                lambda: results.conclude(
                    page.database,
                    page.actor,
                    Version(view.trial.experiment_id, view.trial.version),
                    page.now,
                    words=results.Taught(detail=detail, scope=scope, tags=tags.split(), valid_until=until),
                ),
                t("experiments.concluded"),
            )
