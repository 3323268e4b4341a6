"""The history of imports: who brought which file when, with its figures, and the way back.

history(page, (STOCK, COUNT), key="stock_imports")
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.imports import service
from core.imports.kinds import Kind
from pages.parts.components.columns import Column
from pages.parts.components.tables import table
from pages.parts.components.text import t
from pages.parts.entry.context import PageContext
from pages.parts.upload.flow import undo_button

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


def history(page: PageContext, kinds: Sequence[Kind], *, key: str) -> None:
    """The imports of these kinds, newest first; the picked one can be taken back by those who may bring
    it."""
    by_name = {kind.name: kind for kind in kinds}
    frame = service.history(page.database, page.actor, tuple(by_name))
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
        and page.may(kind.action)
        and undo_button(page, kind, str(shown.picked), key=f"{key}_undo")
    ):
        st.rerun()
