"""The history of imports: who brought which file when, with its figures, and the way back.

history(db, user, (STOCK, COUNT), key="stock_imports", now=now)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core.access import Actor, allowed
from core.database import Database
from core.imports import service
from core.imports.kinds import Kind
from pages.parts.columns import Column
from pages.parts.tables import table
from pages.parts.text import t
from pages.parts.upload import undo_button

COLUMNS = (
    Column("at", "history.at", "moment"),
    Column("kind", "history.kind", "state", words="kind"),
    Column("file_name", "history.file", width="medium"),
    Column("account", "history.account", "person"),
    Column("state", "history.state", "state"),
    Column("rows", "history.rows", "integer", help="history.rows_help"),
    Column("added", "history.added", "integer"),
    Column("changed", "history.changed", "integer"),
    Column("unchanged", "history.unchanged", "integer"),
    Column("merged", "history.merged", "integer", help="history.merged_help"),
    Column("skipped_totals", "history.skipped_totals", "integer", help="history.skipped_totals_help"),
    Column("rejected", "history.rejected", "integer"),
    Column("undone_by", "history.undone_by", shown=False),
    Column("reason", "history.reason"),
)


def history(db: Database, user: Actor, kinds: Sequence[Kind], *, key: str, now: datetime) -> None:
    """The imports of these kinds, newest first; the picked one can be taken back by those who may bring it."""
    by_name = {kind.name: kind for kind in kinds}
    frame = service.history(db, user, tuple(by_name))
    if frame.empty:
        st.info(t("history.none"), icon=":material/history:")
        return
    shown = table(
        frame.set_index("import_id", drop=False),
        COLUMNS,
        key=key,
        search=("file_name", "account"),
        export="imports",
        pick=True,
        height=420,
    )
    if shown.picked is None:
        return
    run = shown.frame.loc[str(shown.picked)]
    kind = by_name[str(run["kind"])]
    if (
        run["state"] == "committed"
        and allowed(user, kind.action)
        and undo_button(user, kind, str(shown.picked), key=f"{key}_undo", now=now)
    ):
        st.rerun()
