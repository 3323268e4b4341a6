"""The admin page's sections about the house itself: imports, audit trail, message channels, backup and checks, settings."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import orjson
import pandas as pd
import streamlit as st

from core.access import Actor
from core.access import service as access
from core.backup import service as backup
from core.clock import day_start
from core.database import Database
from core.errors import ShopError
from core.imports import service as imports_service
from core.notify import service as notify
from core.notify.rules import LEVELS
from core.notify.words import LANGUAGES
from core.settings import settings
from pages.parts.address import kept
from pages.parts.columns import Column
from pages.parts.imports import COLUMNS as HISTORY
from pages.parts.tables import Filter, row_of, table
from pages.parts.text import error_text, known, literal, number, plain, t, time

TRAIL = (
    Column("number", "admin.number", "integer", pinned=True),
    Column("at", "admin.at", "moment"),
    Column("account", "admin.name", "person"),
    Column("role", "admin.role", "state", words="role"),
    Column("did", "admin.did", "text"),
    Column("action", "admin.action", "text", width="medium"),
    Column("subject", "admin.subject", "text"),
    Column("before", "common.was", "text"),
    Column("after", "common.now", "text"),
    Column("origin", "admin.origin", "text", shown=False),
    Column("address", "admin.address", "text", shown=False),
)
CHANNELS = (
    Column("name", "admin.channel", "code"),
    Column("platform", "admin.platform", "text"),
    Column("enabled", "admin.enabled", "flag"),
    Column("least", "admin.least", "state", words="level"),
    Column("language", "admin.language", "state", words="common"),
    Column("limit", "admin.limit", "integer", help="admin.limit_help"),
    Column("queued", "admin.queued", "integer"),
    Column("failed", "admin.failed", "integer"),
    Column("last_sent", "admin.last_sent", "moment"),
)
MESSAGES = (
    Column("created_at", "admin.at", "moment"),
    Column("channel", "admin.channel", "code"),
    Column("level", "admin.least", "state", words="level"),
    Column("title", "admin.message", "text", width="large"),
    Column("state", "admin.state", "state"),
    Column("tries", "admin.tries", "integer"),
    Column("fault", "admin.fault", "text"),
)
DAYS = {"today": 0, "week": 7, "month": 30, "all": 3650}


def imports(db: Database, user: Actor, _now: datetime) -> None:
    """Every import of every kind; a room's own page takes one back."""
    frame = imports_service.history(db, user)
    if frame.empty:
        st.caption(t("admin.no_imports"))
        return
    states = (
        Filter("committed", "state.committed", lambda rows: rows["state"] == "committed"),
        Filter("undone", "state.undone", lambda rows: rows["state"] == "undone"),
    )
    table(
        frame.set_index("import_id", drop=False),
        HISTORY,
        key="imports",
        filters=states,
        search=("file_name", "account"),
        export="imports",
    )


def trail(db: Database, user: Actor, now: datetime) -> None:
    """The audit trail: searched in the database, exported whole with its seals."""
    with (
        st.container(horizontal=True, vertical_alignment="bottom"),
        kept("audit_text", ""),
        kept("audit_action", ""),
        kept("audit_days", "week", DAYS),
    ):
        text = st.text_input(
            t("common.search"), key="audit_text", type="search", width=280, placeholder=plain("admin.search_place")
        )
        action = st.text_input(t("admin.action"), key="audit_action", width=180, placeholder="price.")
        span = st.segmented_control(
            t("admin.since"), list(DAYS), required=True, key="audit_days", format_func=lambda name: plain(f"admin.{name}")
        )
    since = day_start((now - timedelta(days=DAYS[span or "week"])).date(), settings().timezone)
    frame = access.trail(db, user, text=text or "", action=action or "", since=since)
    written = {name: frame[name].map(_json) for name in ("before", "after")}
    written["did"] = frame["action"].map(_did)
    table(frame.assign(**written).set_index("number", drop=False), TRAIL, key="audit", export="audit")
    st.download_button(
        t("admin.export_trail"), partial(_whole_trail, db, user, now), file_name="audit.jsonl", mime="application/x-ndjson", on_click="ignore",
        icon=":material/verified:", help=t("admin.export_trail_help"),
    )  # fmt: skip


def _whole_trail(db: Database, user: Actor, now: datetime) -> bytes:
    rows = access.export_trail(db, user, now).astype(object).to_dict("records")
    return b"\n".join(orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS) for row in rows) + b"\n"


def _did(action: str) -> str:
    """An action in the reader's words."""
    return plain(f"changed.{action}") if known(f"changed.{action}") else action


def _json(value: object) -> str:
    return "" if value is None else orjson.dumps(value, default=str).decode()


def channels(db: Database, user: Actor, now: datetime) -> None:
    """Where messages go: how each channel is used, a test message, and the queue."""
    st.caption(t("admin.channels_note"))
    frame = notify.channels(db, user)
    if frame.empty:
        st.info(t("admin.no_channels"), icon=":material/notifications_off:")
        return
    shown = table(frame.set_index("name", drop=False), CHANNELS, key="channels", pick=True)
    if shown.picked is not None:
        _channel(db, user, now, row_of(frame.set_index("name"), shown.picked))
    messages = notify.queue(db, user)
    if not messages.empty:
        st.subheader(t("admin.queue"), anchor=False)
        table(messages, MESSAGES, key="messages", search=("title", "channel"))
        if (messages["state"] == "failed").any() and st.button(t("admin.try_again"), icon=":material/refresh:"):
            n = notify.try_again(db, user, now)
            st.toast(t("admin.tried_again", n=n))
            st.rerun()


def _channel(db: Database, user: Actor, now: datetime, row: pd.Series) -> None:
    name = str(row.name)
    with st.form(f"channel_{name}"):
        st.markdown(f"**{literal(name)}**")
        left, middle, right = st.columns(3)
        enabled = left.toggle(t("admin.enabled"), value=bool(row["enabled"]))
        least = left.selectbox(
            t("admin.least"), LEVELS, index=LEVELS.index(row["least"]), format_func=lambda level: plain(f"level.{level}")
        )
        spoken = left.selectbox(
            t("admin.language"), LANGUAGES, index=LANGUAGES.index(row["language"]), format_func=lambda tongue: plain(f"common.{tongue}"),
            help=t("admin.language_help"),
        )  # fmt: skip
        start = middle.time_input(t("admin.quiet_from"), value=_clock(int(row["quiet_from"])), step=1800)
        end = right.time_input(t("admin.quiet_to"), value=_clock(int(row["quiet_to"])), step=1800)
        save, test = st.form_submit_button(t("common.save")), st.form_submit_button(t("admin.test"), icon=":material/send:")
    try:
        if save and start is not None and end is not None:
            minutes = {"quiet_from": start.hour * 60 + start.minute, "quiet_to": end.hour * 60 + end.minute}
            notify.change_channel(db, user, name, now, enabled=enabled, least=least, language=spoken, **minutes)
            st.rerun()
        if test:
            fault = notify.test_message(db, user, name, now)
            (st.error if fault else st.success)(t("admin.test_failed", fault=fault) if fault else t("admin.test_sent"))
    except ShopError as error:
        st.error(error_text(error), icon=":material/block:")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def backups(db: Database, user: Actor, now: datetime) -> None:
    """A backup now, the checks of the whole house, and how a backup comes back."""
    folder = settings().data_dir / "backups"
    with st.container(horizontal=True):
        back, checks = (
            st.button(t("admin.backup_now"), type="primary", icon=":material/backup:"),
            st.button(t("admin.check_now"), icon=":material/rule:"),
        )
    if back:
        _back_up(db, user, now, folder)
    if checks:
        _check(db, user)
    files = sorted(folder.glob("*.backup"), reverse=True)[:20] if folder.is_dir() else []
    if files:
        st.dataframe(
            pd.DataFrame({plain("admin.file"): [file.name for file in files], "MB": [file.stat().st_size / 1e6 for file in files]}),
            hide_index=True, width="content", column_config={"MB": st.column_config.NumberColumn(format="%,.1f")},
        )  # fmt: skip
        _restore(db, user, now, files)
    st.markdown(t("admin.restore_how"))
    st.code("DATABASE_URL=… python -m core restore FILE", language="bash")


def _restore(db: Database, user: Actor, now: datetime, files: list[Path]) -> None:
    """A backup brought back into an empty place beside this one, with every check; the running shop is not touched."""
    with st.form("admin_restore", border=True):
        chosen = st.selectbox(t("admin.restore_file"), [file.name for file in files])
        fresh = f"sqlite:///{settings().data_dir / f'restored-{now:%Y%m%d%H%M%S}.db'}" if db.embedded else ""
        place = st.text_input(t("admin.restore_place"), value=fresh, help=t("admin.restore_place_help"))
        if not st.form_submit_button(t("admin.restore_now"), icon=":material/settings_backup_restore:"):
            return
    try:
        with st.spinner(t("admin.restoring")):
            done = backup.restore_beside(db, user, files[0].parent / str(chosen), place, now)
    except ShopError as error:
        st.error(error_text(error), icon=":material/error:")
        return
    st.success(t("admin.restored", n=len(done.checks)), icon=":material/verified:")
    st.code(f"DATABASE_URL={place}", language="bash")


def _back_up(db: Database, user: Actor, now: datetime, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with st.spinner(t("admin.backing_up")):
            made = backup.backup(db, user, folder, now, keep=20)
    except ShopError as error:
        st.error(error_text(error), icon=":material/error:")
        return
    st.success(
        t("admin.backed_up", file=made.file, mb=number(made.bytes / 1e6, 1), digest=made.sha256[:12]),
        icon=":material/check_circle:",
    )


def _check(db: Database, user: Actor) -> None:
    with st.spinner(t("admin.checking")):
        found = backup.checked(db, user)
    faulty = {name: faults for name, faults in found.items() if faults}
    if not faulty:
        st.success(t("admin.all_whole", n=len(found)), icon=":material/verified:")
    for name, faults in faulty.items():
        st.error(t("admin.faulty", name=name, n=len(faults), first=str(faults[0])), icon=":material/error:")


def configuration(_db: Database, _user: Actor, now: datetime) -> None:
    """What the house runs on, as it was read from the environment; secrets are not shown."""
    st.caption(t("admin.settings_note"))
    shown = {name: value for name, value in settings().model_dump().items() if not _secret(name, value)}
    st.table(
        {literal(f"BIGSALE_{name.upper()}"): _said(value) for name, value in shown.items()} | {t("admin.clock"): time(now)},
        border="horizontal",
        width="content",
    )


def _said(value: object) -> str:
    if isinstance(value, bool):
        return t("common.yes" if value else "common.no")
    return "—" if value in (None, "") else literal(value)


def _secret(name: str, value: object) -> bool:
    return hasattr(value, "get_secret_value") or isinstance(value, dict) or name == "database_url"
