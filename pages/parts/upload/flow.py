"""A workbook in, on one page: read → find the header → check → compare → write, each step with its counts and
time.

    report = upload(page, STOCK, key="stock")      # a core.imports Kind; the Report while it stands on the page, else None
    undo_button(page, STOCK, import_id, key=…)             # for a history

Nothing is written before 写入 is pressed; what was compared is what is written, or the service refuses because
the shop moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import streamlit as st

from core import clock
from core.errors import ShopError
from core.imports import service
from core.imports.kinds import Comparison, Kind
from core.imports.service import MOSTLY_REFUSED, Answers, Choice, Draft, Inspection, Report
from core.overview.inbox import PLACES
from core.settings import settings
from core.sheets.writer import template
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import refused
from pages.parts.components.text import error_text, language, literal, number, plain, t, time, who
from pages.parts.entry.context import PageContext
from pages.parts.shell.links import link
from pages.parts.upload import comparison as upload_compare
from pages.parts.upload import mapping, rejected, sums

TYPES = ("xlsx", "xls", "xlsm", "xlsb", "ods", "csv", "tsv", "txt")


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a file has come: what was read with which choice, checked, compared with which decisions, and
    how long each took."""

    file_id: str
    choice: Choice
    inspection: Inspection
    draft: Draft | None
    refusal: ShopError | None
    seconds: Mapping[str, float]
    answers: Answers | None = None
    comparison: Comparison | None = None


def upload(page: PageContext, kind: Kind, *, key: str, campaign_id: str = "") -> Report | None:
    """Draws the whole flow. The report of what was written, as long as it stands on the page."""
    done: Report | None = st.session_state.get(f"{key}_done")
    if done is not None:
        _report(page, kind, done, key)
        return done
    file = _choose(kind, key)
    if file is None:
        st.session_state.pop(f"{key}_stand", None)
        return None
    try:
        stand = _read(page, kind, file, key)
    except ShopError as error:
        refused(error)
        return None
    steps = st.container(key=f"{key}_steps")
    choice = mapping.choose(
        stand.inspection, stand.choice, key=f"{key}_{file.file_id}", needed=stand.refusal is not None
    )
    sums.recognised(stand.inspection)
    choice = sums.answer_columns(stand.inspection, choice, f"{key}_{file.file_id}")
    asks = stand.refusal is not None and stand.refusal.code in sums.ANSWERS
    if asks:
        refusal = cast(ShopError, stand.refusal)
        choice = sums.ANSWERS[refusal.code](refusal, choice, f"{key}_{file.file_id}")
    if stand.draft is not None:
        choice = sums.answer_open(stand.draft, choice, f"{key}_{file.file_id}")
    if choice != stand.choice:
        st.session_state[f"{key}_choice"] = (file.file_id, choice)
        st.rerun()
    if stand.draft is None:
        with steps:
            _steps(stand)
        if not asks:
            refusal = stand.refusal or ShopError("import.unknown")
            st.error(error_text(sums.titled(refusal, stand.inspection)), icon=":material/error:")
            _other_door(refusal)
        return None
    if stand.draft.cleaned.hidden:
        st.warning(t("upload.hidden", n=stand.draft.cleaned.hidden), icon=":material/visibility_off:")
    refusals = st.container()
    report = _compare_and_commit(page, kind, stand, key, campaign_id, steps)
    if report is not None:
        st.session_state[f"{key}_done"] = report
        st.session_state[f"{key}_round"] = st.session_state.get(f"{key}_round", 0) + 1  # empties the uploader
        st.session_state.pop(f"{key}_stand", None)
        st.rerun()
    with refusals:
        rejected.show(stand.draft, st.session_state[f"{key}_stand"].comparison, file, key=key)
    return None


def _other_door(refusal: ShopError) -> None:
    """The way to where a file of another kind belongs."""
    kind = str(refusal.facts.get("other", "")) if refusal.code == "import.other_kind" else ""
    if kind in PLACES:
        page, tab, _ = PLACES[kind]
        link(page, t("upload.other_door", kind=plain(f"kind.{kind}")), {f"{page}_tab": tab})


def _choose(kind: Kind, key: str) -> Any:
    """The uploader with its Chinese help and the template to fill in."""
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    with left:
        file = st.file_uploader(
            t("upload.drop"),
            TYPES,
            key=f"{key}_file_{st.session_state.get(f'{key}_round', 0)}",
            help=t("upload.drop_help", mib=settings().upload_mib),
            max_upload_size=settings().upload_mib,
        )
    with right:
        download(
            Button(t("upload.template"), f"{key}_template", width="stretch"),
            File(f"{plain(f'kind.{kind.name}')}.xlsx"),
            lambda _page: template(kind.spec, language()),
        )
    return file


def _read(page: PageContext, kind: Kind, file: Any, key: str) -> Stand:
    """Reads and checks the file once for each choice of sheet, header and columns."""
    chosen = st.session_state.get(f"{key}_choice")
    choice = chosen[1] if chosen is not None and chosen[0] == file.file_id else Choice()
    kept: Stand | None = st.session_state.get(f"{key}_stand")
    if kept is not None and (kept.file_id, kept.choice) == (file.file_id, choice):
        return kept
    busy = service.reading_queue()
    ahead = "upload.queued" if busy.running else "upload.reading"
    with st.status(t(ahead, name=file.name, **busy._asdict()), type="compact") as status:
        begun = clock.now()
        inspection = service.inspect(page.database, page.actor, kind, file.getvalue(), file.name, choice)
        read = clock.now()
        status.update(label=t("upload.checking"))
        draft, refusal = None, None
        try:
            draft = service.check(inspection)
            inspection = draft.inspection
        except ShopError as error:
            refusal = error
        seconds = {"read": (read - begun).total_seconds(), "check": (clock.now() - read).total_seconds()}
        status.update(label=t("upload.checked"), state="complete")
    stand = Stand(file.file_id, choice, inspection, draft, refusal, seconds)
    st.session_state[f"{key}_stand"] = stand
    return stand


def _compare_and_commit(
    page: PageContext,
    kind: Kind,
    stand: Stand,
    key: str,
    campaign_id: str,
    steps: st.delta_generator.DeltaGenerator,
) -> Report | None:
    store = f"{key}_answers_{stand.file_id}"
    answers: Answers = st.session_state.get(store, Answers(campaign_id))
    if stand.comparison is None or stand.answers != answers:
        begun = clock.now()
        with st.spinner(t("upload.comparing")):
            compared = service.preview(  # the caller draws this only for a file that was read and checked
                page.database, page.actor, cast(Draft, stand.draft), answers, now=page.now
            )
        seconds = {**stand.seconds, "compare": (clock.now() - begun).total_seconds()}
        stand = replace(stand, answers=answers, comparison=compared, seconds=seconds)
        st.session_state[f"{key}_stand"] = stand
    compared = cast(Comparison, stand.comparison)
    with steps:
        _steps(stand)
        sums.show(cast(Draft, stand.draft), compared, answers.decisions)
    widget = f"{key}_{stand.file_id}"
    distinct = sums.answer_look_alikes(compared, answers.distinct, widget)
    counted = sums.answer_locations(compared, answers.locations, widget)
    decided = upload_compare.show(compared, kind, key=widget, answers=answers, store=store)
    decisions = replace(answers, decisions=decided, locations=counted, distinct=distinct)
    if decisions != answers:
        st.session_state[store] = decisions
        st.rerun()
    return _commit_bar(page, stand, key)


def _steps(stand: Stand) -> None:
    """读取 → 识别表头 → 校验 → 对比 → 写入, with counts and seconds."""
    inspection, draft, comparison = stand.inspection, stand.draft, stand.comparison
    mapped = sum(1 for name in inspection.header.mapping.values() if name)
    parts = [
        t(
            "upload.step_read",
            sheets=len(inspection.workbook.sheets),
            seconds=number(stand.seconds["read"], 1),
        ),
        t("upload.step_header", row=inspection.header.row, n=mapped),
    ]
    if draft is not None:
        parts.append(
            t(
                "upload.step_check",
                rows=draft.cleaned.rows,
                bad=int(draft.cleaned.rejected["row"].nunique()),
                seconds=number(stand.seconds["check"], 1),
            )
        )
    if comparison is not None:
        parts.append(
            t("upload.step_compare", n=len(comparison.rows), seconds=number(stand.seconds["compare"], 1))
        )
    todo = [t("upload.step_write")] if comparison is not None else []
    done = [f":material/check_circle: {part}" for part in parts]
    st.markdown(" → ".join([*done, *(f":gray[:material/radio_button_unchecked: {part}]" for part in todo)]))


def _commit_bar(page: PageContext, stand: Stand, key: str) -> Report | None:
    comparison, draft = stand.comparison, stand.draft
    if comparison is None or draft is None:
        return None
    counts = comparison.rows["state"].value_counts()
    n = {state: int(counts.get(state, 0)) for state in ("added", "changed", "unchanged", "conflict")}
    bad = int(draft.cleaned.rejected["row"].nunique()) + len(comparison.rejected) + n["conflict"]
    sure = _warned(stand, comparison, key)
    answers = stand.answers or Answers()
    if MOSTLY_REFUSED in service.report_of(draft, comparison, answers.decisions, "").codes:
        wanted = _wanted(draft, comparison, answers, f"{key}_partial_{stand.file_id}")
        sure, answers = sure and wanted, replace(answers, partial=wanted)
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"{key}_commit_bar"):
        st.markdown(
            t("upload.will_write", added=n["added"], changed=n["changed"], unchanged=n["unchanged"], bad=bad),
            width="content",
        )
        writes = n["added"] + n["changed"] + n["unchanged"] > 0 and not stand.inspection.questions
        pressed = st.button(
            t("upload.write"),
            type="primary",
            icon=":material/check:",
            disabled=not (writes and sure),
            key=f"{key}_write",
        )
        if st.button(t("common.discard"), key=f"{key}_drop"):
            st.session_state[f"{key}_round"] = st.session_state.get(f"{key}_round", 0) + 1
            st.rerun()
    if not pressed:
        return None
    try:
        with st.spinner(t("upload.writing")):
            return service.commit(page.database, page.actor, draft, answers, seen=comparison, now=page.now)
    except ShopError as error:
        st.session_state[f"{key}_stand"] = replace(stand, comparison=None)  # compared anew in the next run
        refused(error)
        return None


def _wanted(draft: Draft, comparison: Comparison, answers: Answers, key: str) -> bool:
    """Says that most rows are refused; whether the others are wanted all the same."""
    figures = service.report_of(draft, comparison, answers.decisions, "").figures
    st.warning(
        t("upload.mostly_refused", rows=figures["rows"], n=figures["rejected"]), icon=":material/help:"
    )
    return st.checkbox(t("upload.mostly_refused_sure"), key=key)


def _warned(stand: Stand, comparison: Comparison, key: str) -> bool:
    """Says that the file came before, or is unlike what the shop holds; whether the person is sure."""
    if stand.inspection.repeated:
        repeated = stand.inspection.repeated
        st.warning(
            t("upload.repeated", at=time(repeated.at), who=who(repeated.account)),
            icon=":material/content_copy:",
        )
    if not comparison.strange:
        return True
    st.warning(t("upload.strange"), icon=":material/help:")
    return st.checkbox(t("upload.strange_sure"), key=f"{key}_sure_{stand.file_id}")


def _report(page: PageContext, kind: Kind, report: Report, key: str) -> None:
    """What was done, with the ways back and onward."""
    figures = report.figures
    if report.committed:
        st.success(
            t(
                "upload.done",
                added=figures["added"],
                changed=figures["changed"],
                unchanged=figures["unchanged"],
                rows=figures["rows"],
            ),
            icon=":material/check_circle:",
        )
    else:
        st.warning(t("upload.nothing_written", rows=figures["rows"]), icon=":material/block:")
    spec = kind.spec
    for name, control in report.control.items():
        if control.file != control.written:
            st.caption(sums.sentence(spec.field(name), control))
    left_out = [
        t(f"upload.left_{name}", n=figures[name])
        for name in ("rejected", "merged", "skipped_totals", "absent", "hidden")
        if figures.get(name)
    ]
    if left_out:
        st.caption(" · ".join(left_out))
    with st.container(horizontal=True):
        if st.button(t("upload.again"), icon=":material/upload:", key=f"{key}_again"):
            st.session_state.pop(f"{key}_done", None)
            st.rerun()
        if report.committed and undo_button(page, kind, report.import_id, key=f"{key}_undo"):
            st.session_state.pop(f"{key}_done", None)
            st.rerun()


def undo_button(page: PageContext, kind: Kind, import_id: str, *, key: str) -> bool:
    """Takes an import back, for a reason; True in the run in which it was."""
    with st.popover(t("upload.undo"), icon=":material/undo:"):
        reason = st.text_input(t("upload.undo_reason"), key=f"{key}_reason", max_chars=200)
        if not st.button(t("upload.undo_now"), type="primary", disabled=not reason.strip(), key=f"{key}_go"):
            return False
        try:
            undone = service.undo(page.database, page.actor, kind, import_id, reason=reason, now=page.now)
        except ShopError as error:
            refused(error)
            return False
    figures = undone["figures"]
    st.toast(
        t("upload.undone", n=figures["added"] + figures["changed"], reason=literal(reason)),
        icon=":material/undo:",
    )
    return True
