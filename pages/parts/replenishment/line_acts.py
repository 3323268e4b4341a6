"""What may be done with ticked lines of a replenishment sheet together."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.replenishment import service
from core.replenishment.service import Sheet
from pages.parts.components.bulk import Act
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import unticked
from pages.parts.components.text import plain, t
from pages.parts.entry.context import PageContext


def acts(page: PageContext, view: Sheet) -> tuple[Act, ...]:
    """A share of the suggestion, and back to it."""
    return (
        Act("share", "replenishment.bulk_share", partial(_share, page, view), icon=":material/percent:"),
        Act("back", "replenishment.bulk_back", partial(_back, page, view), _by_hand, ":material/undo:"),
    )


def _by_hand(frame: pd.DataFrame) -> pd.Series:
    return frame["override"].notna()


def _share(page: PageContext, view: Sheet, rows: pd.DataFrame) -> None:
    """A share of what is suggested for the ticked lines, 0 for none of it."""
    with st.form("replenishment_bulk_share", border=False):
        share = int(st.number_input(t("replenishment.bulk_percent"), 0, 300, 0, step=10))
        reason = st.text_input(
            t("replenishment.reason_ask"), placeholder=plain("replenishment.reason_sample")
        )
        sure = st.form_submit_button(t("replenishment.bulk_share", n=len(rows)), type="primary")
    if sure:
        suggested = rows["suggested"].fillna(0).astype(float) * share / 100
        _override(page, view, rows, pd.array(np.floor(suggested + 0.5).astype("int64"), "Int64"), reason)


def _back(page: PageContext, view: Sheet, rows: pd.DataFrame) -> None:
    """The ticked lines follow the suggestion again."""
    with st.form("replenishment_bulk_back", border=False):
        sample = plain("replenishment.reason_sample")
        reason = st.text_input(t("replenishment.reason_ask"), placeholder=sample)
        sure = st.form_submit_button(t("replenishment.bulk_back", n=len(rows)), type="primary")
    if sure:
        _override(page, view, rows, pd.array([None] * len(rows), "Int64"), reason)


def _override(
    page: PageContext,
    view: Sheet,
    rows: pd.DataFrame,
    quantity: pd.api.extensions.ExtensionArray,
    reason: str,
) -> None:
    changes = pd.DataFrame({"sku_code": rows["sku_code"].to_numpy(), "quantity": quantity})
    attempt(
        lambda: service.override(
            page.database, page.actor, view.run.run_id, service.ByHand(changes, reason), now=page.now
        ),
        _overridden,
        "success",
    )


def _overridden(_count: int) -> str:
    unticked("replenishment")
    return t("replenishment.overridden")
