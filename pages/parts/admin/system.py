"""The admin page's sections about the application itself: imports, audit trail, message channels, backup and
checks, settings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import orjson
import pandas as pd
import streamlit as st

from core.access import service as access
from core.backup import service as backup
from core.clock import day_start
from core.imports import service as imports_service
from core.settings import settings
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import refusals
from pages.parts.components.tables import Filter, table
from pages.parts.components.text import known, literal, number, plain, t, time
from pages.parts.components.url_state import kept
from pages.parts.entry.context import PageContext
from pages.parts.upload.history import COLUMNS as HISTORY

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
DAYS = {"today": 0, "week": 7, "month": 30, "all": 3650}


def imports(page: PageContext) -> None:
    """Every import of every kind; a package's own page takes one back."""
    frame = imports_service.history(page.database, page.actor)
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


def trail(page: PageContext) -> None:
    """The audit trail: searched in the database, exported whole with its seals."""
    with (
        st.container(horizontal=True, vertical_alignment="bottom"),
        kept("audit_text", ""),
        kept("audit_action", ""),
        kept("audit_days", "week", DAYS),
    ):
        text = st.text_input(
            t("common.search"),
            key="audit_text",
            type="search",
            width=280,
            placeholder=plain("admin.search_place"),
        )
        action = st.text_input(t("admin.action"), key="audit_action", width=180, placeholder="price.")
        span = st.segmented_control(
            t("admin.since"),
            list(DAYS),
            required=True,
            key="audit_days",
            format_func=lambda name: plain(f"admin.{name}"),
        )
    since = day_start((page.now - timedelta(days=DAYS[span or "week"])).date(), settings().timezone)
    frame = access.trail(
        page.database, page.actor, access.Wanted(text or "", action=action or "", since=since)
    )
    written = {name: frame[name].map(_json) for name in ("before", "after")}
    written["did"] = frame["action"].map(_did)
    table(frame.assign(**written).set_index("number", drop=False), TRAIL, key="audit", export="audit")
    download(
        Button(t("admin.export_trail"), icon=":material/verified:", help=t("admin.export_trail_help")),
        File("audit.jsonl", "application/x-ndjson"),
        _whole_trail,
        action="audit.view",
    )


def _whole_trail(page: PageContext) -> bytes:
    rows = access.export_trail(page.database, page.actor, page.now).astype(object).to_dict("records")
    return b"\n".join(orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS) for row in rows) + b"\n"


def _did(action: str) -> str:
    """An action in the reader's words."""
    return plain(f"changed.{action}") if known(f"changed.{action}") else action


def _json(value: object) -> str:
    return "" if value is None else orjson.dumps(value, default=str).decode()


def backups(page: PageContext) -> None:
    """A backup now, the checks of the whole application, and how a backup comes back."""
    folder = settings().data_dir / "backups"
    with st.container(horizontal=True):
        back, checks = (
            st.button(t("admin.backup_now"), type="primary", icon=":material/backup:"),
            st.button(t("admin.check_now"), icon=":material/rule:"),
        )
    if back:
        _back_up(page, folder)
    if checks:
        _check(page)
    files = sorted(folder.glob("*.backup"), reverse=True)[:20] if folder.is_dir() else []
    if files:
        st.dataframe(
            pd.DataFrame(
                {
                    plain("admin.file"): [file.name for file in files],
                    "MB": [file.stat().st_size / 1e6 for file in files],
                }
            ),
            hide_index=True,
            width="content",
            column_config={"MB": st.column_config.NumberColumn(format="%,.1f")},
        )
        _restore(page, files)
    st.markdown(t("admin.restore_how"))
    st.code("DATABASE_URL=… python -m core restore FILE", language="bash")


def _restore(page: PageContext, files: list[Path]) -> None:
    """A backup brought back into an empty place beside this one, with every check; the running shop is not
    touched."""
    with st.form("admin_restore", border=True):
        chosen = st.selectbox(t("admin.restore_file"), [file.name for file in files])
        name = st.text_input(
            t("admin.restore_place"),
            value=f"restored-{page.now:%Y%m%d%H%M%S}.db",
            help=t("admin.restore_place_help"),
            disabled=not page.database.embedded,
        )
        if not st.form_submit_button(t("admin.restore_now"), icon=":material/settings_backup_restore:"):
            return
    with refusals():
        with st.spinner(t("admin.restoring")):
            done = backup.restore_beside(
                page.database, page.actor, files[0].parent / str(chosen), name, page.now
            )
        st.success(t("admin.restored", n=len(done.checks)), icon=":material/verified:")
        st.code(f"DATABASE_URL=sqlite:///{settings().data_dir.resolve() / name}", language="bash")


def _back_up(page: PageContext, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with refusals():
        with st.spinner(t("admin.backing_up")):
            archive = backup.backup(page.database, page.actor, folder, page.now, keep=20)
        st.success(
            t(
                "admin.backed_up",
                file=archive.file,
                mb=number(archive.bytes / 1e6, 1),
                digest=archive.sha256[:12],
            ),
            icon=":material/check_circle:",
        )


def _check(page: PageContext) -> None:
    with st.spinner(t("admin.checking")):
        checks = backup.checked(page.database, page.actor)
    faulty = {name: faults for name, faults in checks.items() if faults}
    if not faulty:
        st.success(t("admin.all_whole", n=len(checks)), icon=":material/verified:")
    for name, faults in faulty.items():
        st.error(t("admin.faulty", name=name, n=len(faults), first=str(faults[0])), icon=":material/error:")


def configuration(page: PageContext) -> None:
    """What the application runs on, as it was read from the environment; secrets are not shown."""
    st.caption(t("admin.settings_note"))
    shown = {name: value for name, value in settings().model_dump().items() if not _secret(name, value)}
    st.table(
        {literal(f"BIGSALE_{name.upper()}"): _said(value) for name, value in shown.items()}
        | {t("admin.clock"): time(page.now)},
        border="horizontal",
        width="content",
    )


def _said(value: object) -> str:
    if isinstance(value, bool):
        return t("common.yes" if value else "common.no")
    return "—" if value in (None, "") else literal(value)


def _secret(name: str, value: object) -> bool:
    return hasattr(value, "get_secret_value") or isinstance(value, dict) or name == "database_url"
