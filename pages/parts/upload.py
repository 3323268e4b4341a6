"""A workbook in, on one page: read → find the header → check → compare → write, each step with its counts and time.

    report = upload(user, STOCK, key="stock", now=now)       # a core.imports Kind; the Report while it stands on the page, else None
    undo_button(user, STOCK, import_id, key=…)               # for a history

Nothing is written before 写入 is pressed; what was compared is what is written, or the service refuses because the shop moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from core import clock
from core.access import Actor
from core.errors import ShopError
from core.imports import service
from core.imports.kinds import Comparison, Kind
from core.imports.service import Choice, Draft, Inspection, Report
from core.settings import settings
from core.sheets.writer import template
from pages.parts import upload_compare, upload_map, upload_rejected
from pages.parts.guard import database
from pages.parts.tables import XLSX
from pages.parts.text import error_text, language, literal, number, plain, t, time, who

TYPES = ("xlsx", "xls", "xlsm", "xlsb", "ods", "csv", "tsv", "txt")


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a file has come: what was read with which choice, checked, compared with which decisions, and how long each took."""

    file_id: str
    choice: Choice
    inspection: Inspection
    draft: Draft | None
    refusal: ShopError | None
    seconds: Mapping[str, float]
    decisions: Mapping[str, str] | None = None
    comparison: Comparison | None = None


def upload(user: Actor, kind: Kind, *, key: str, now: datetime, campaign_id: str = "") -> Report | None:
    """Draws the whole flow. The report of what was written, as long as it stands on the page."""
    done: Report | None = st.session_state.get(f"{key}_done")
    if done is not None:
        _report(user, kind, done, key, now)
        return done
    file = _choose(kind, key)
    if file is None:
        st.session_state.pop(f"{key}_stand", None)
        return None
    try:
        stand = _read(user, kind, file, key)
    except ShopError as error:
        st.error(error_text(error), icon=":material/error:")
        return None
    steps = st.container(key=f"{key}_steps")
    choice = upload_map.choose(stand.inspection, stand.choice, key=f"{key}_{file.file_id}", needed=stand.refusal is not None)
    if choice != stand.choice:
        st.session_state[f"{key}_choice"] = (file.file_id, choice)
        st.rerun()
    if stand.draft is None:
        with steps:
            _steps(stand)
        st.error(error_text(_in_words(stand.refusal, kind)), icon=":material/error:")
        return None
    if stand.draft.cleaned.hidden:
        st.warning(t("upload.hidden", n=stand.draft.cleaned.hidden), icon=":material/visibility_off:")
    upload_rejected.show(stand.draft, file, key=key)
    report = _compare_and_commit(user, kind, stand, key, now, campaign_id, steps)
    if report is not None:
        st.session_state[f"{key}_done"] = report
        st.session_state[f"{key}_round"] = st.session_state.get(f"{key}_round", 0) + 1  # empties the uploader
        st.session_state.pop(f"{key}_stand", None)
        st.rerun()
    return None


def _in_words(refusal: ShopError | None, kind: Kind) -> ShopError:
    """A refusal that names fields, with the titles that the reader knows."""
    if refusal is None or "fields" not in refusal.facts:
        return refusal or ShopError("import.unknown")
    names = refusal.facts["fields"]
    titles = [kind.spec.field(name).title(language()) for name in names] if isinstance(names, list | tuple) else names
    return ShopError(refusal.code, **{**refusal.facts, "fields": titles})


def _choose(kind: Kind, key: str) -> Any:
    """The uploader with its Chinese help and the template to fill in."""
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    with left:
        file = st.file_uploader(
            t("upload.drop"), TYPES, key=f"{key}_file_{st.session_state.get(f'{key}_round', 0)}", help=t("upload.drop_help", mib=settings().upload_mib),
            max_upload_size=settings().upload_mib,
        )  # fmt: skip
    with right:
        st.download_button(
            t("upload.template"), partial(template, kind.spec, language()), file_name=f"{plain(f'kind.{kind.name}')}.xlsx", mime=XLSX,
            key=f"{key}_template", on_click="ignore", icon=":material/download:", width="stretch",
        )  # fmt: skip
    return file


def _read(user: Actor, kind: Kind, file: Any, key: str) -> Stand:
    """Reads and checks the file once for each choice of sheet, header and columns."""
    chosen = st.session_state.get(f"{key}_choice")
    choice = chosen[1] if chosen is not None and chosen[0] == file.file_id else Choice()
    kept: Stand | None = st.session_state.get(f"{key}_stand")
    if kept is not None and (kept.file_id, kept.choice) == (file.file_id, choice):
        return kept
    with st.status(t("upload.reading", name=file.name), type="compact") as status:
        begun = clock.now()
        inspection = service.inspect(database(), user, kind, file.getvalue(), file.name, choice)
        read = clock.now()
        status.update(label=t("upload.checking"))
        draft, refusal = None, None
        try:
            draft = service.check(inspection)
        except ShopError as error:
            refusal = error
        seconds = {"read": (read - begun).total_seconds(), "check": (clock.now() - read).total_seconds()}
        status.update(label=t("upload.checked"), state="complete")
    stand = Stand(file.file_id, choice, inspection, draft, refusal, seconds)
    st.session_state[f"{key}_stand"] = stand
    return stand


def _compare_and_commit(
    user: Actor, kind: Kind, stand: Stand, key: str, now: datetime, campaign_id: str, steps: st.delta_generator.DeltaGenerator
) -> Report | None:
    store = f"{key}_decisions_{stand.file_id}"
    decisions: Mapping[str, str] = st.session_state.get(store, {})
    if stand.comparison is None or stand.decisions != decisions:
        begun = clock.now()
        with st.spinner(t("upload.comparing")):
            compared = service.preview(database(), user, stand.draft, campaign_id=campaign_id, decisions=decisions, now=now)  # type: ignore[arg-type]
        seconds = {**stand.seconds, "compare": (clock.now() - begun).total_seconds()}
        stand = replace(stand, decisions=decisions, comparison=compared, seconds=seconds)
        st.session_state[f"{key}_stand"] = stand
    with steps:
        _steps(stand)
    place = f"{key}_{stand.file_id}"
    decided = upload_compare.show(stand.comparison, kind, key=place, decisions=decisions, store=store)  # type: ignore[arg-type]
    if decided != decisions:
        st.session_state[store] = decided
        st.rerun()
    return _commit_bar(user, stand, key, now, campaign_id)


def _steps(stand: Stand) -> None:
    """读取 → 识别表头 → 校验 → 对比 → 写入, with counts and seconds."""
    inspection, draft, comparison = stand.inspection, stand.draft, stand.comparison
    mapped = sum(1 for name in inspection.header.mapping.values() if name)
    parts = [
        t("upload.step_read", sheets=len(inspection.workbook.sheets), seconds=number(stand.seconds["read"], 1)),
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
        parts.append(t("upload.step_compare", n=len(comparison.rows), seconds=number(stand.seconds["compare"], 1)))
    todo = [t("upload.step_write")] if comparison is not None else []
    done = [f":material/check_circle: {part}" for part in parts]
    st.markdown(" → ".join([*done, *(f":gray[:material/radio_button_unchecked: {part}]" for part in todo)]))


def _commit_bar(user: Actor, stand: Stand, key: str, now: datetime, campaign_id: str) -> Report | None:
    comparison, draft = stand.comparison, stand.draft
    if comparison is None or draft is None:
        return None
    counts = comparison.rows["state"].value_counts()
    n = {state: int(counts.get(state, 0)) for state in ("added", "changed", "unchanged", "conflict")}
    bad = int(draft.cleaned.rejected["row"].nunique()) + len(comparison.rejected) + n["conflict"]
    sure = True
    if stand.inspection.repeated:
        st.warning(
            t("upload.repeated", at=time(stand.inspection.repeated["at"]), who=who(stand.inspection.repeated["account"])),
            icon=":material/content_copy:",
        )
    if comparison.strange:
        st.warning(t("upload.strange"), icon=":material/help:")
        sure = st.checkbox(t("upload.strange_sure"), key=f"{key}_sure_{stand.file_id}")
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"{key}_commit_bar"):
        st.markdown(
            t("upload.will_write", added=n["added"], changed=n["changed"], unchanged=n["unchanged"], bad=bad), width="content"
        )
        writes = n["added"] + n["changed"] + n["unchanged"] > 0
        pressed = st.button(
            t("upload.write"), type="primary", icon=":material/check:", disabled=not (writes and sure), key=f"{key}_write"
        )
        if st.button(t("common.discard"), key=f"{key}_drop"):
            st.session_state[f"{key}_round"] = st.session_state.get(f"{key}_round", 0) + 1
            st.rerun()
    if not pressed:
        return None
    try:
        with st.spinner(t("upload.writing")):
            return service.commit(
                database(), user, draft, campaign_id=campaign_id, decisions=stand.decisions, seen=comparison, now=now
            )
    except ShopError as error:
        st.session_state[f"{key}_stand"] = replace(stand, comparison=None)  # compared anew in the next run
        st.error(error_text(error), icon=":material/error:")
        return None


def _report(user: Actor, kind: Kind, report: Report, key: str, now: datetime) -> None:
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
        if report.committed and undo_button(user, kind, report.import_id, key=f"{key}_undo", now=now):
            st.session_state.pop(f"{key}_done", None)
            st.rerun()


def undo_button(user: Actor, kind: Kind, import_id: str, *, key: str, now: datetime) -> bool:
    """Takes an import back, for a reason; True in the run in which it was."""
    with st.popover(t("upload.undo"), icon=":material/undo:"):
        reason = st.text_input(t("upload.undo_reason"), key=f"{key}_reason", max_chars=200)
        if not st.button(t("upload.undo_now"), type="primary", disabled=not reason.strip(), key=f"{key}_go"):
            return False
        try:
            undone = service.undo(database(), user, kind, import_id, reason=reason, now=now)
        except ShopError as error:
            st.error(error_text(error), icon=":material/error:")
            return False
    figures = undone["figures"]
    st.toast(t("upload.undone", n=figures["added"] + figures["changed"], reason=literal(reason)), icon=":material/undo:")
    return True
