"""对账: where each unit went since the opening, what the shelf says after the sale, and the count that settles it."""

from __future__ import annotations

import streamlit as st

from core.review import stock_check as service
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import draw, table
from pages.parts.components.text import day, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.review.columns import SHELVES, UNITS
from pages.parts.shell.links import link


def units(page: PageContext) -> None:
    """Opening + movements = on hand, line by line; counted against it, differences explained."""
    frame = service.reconciliation(page.database, page.actor, page.campaign_id, page.moment)
    counted = frame["difference"].notna()
    st.caption(t("review.units_note", n=len(frame), open=int((frame["why"] != "").sum())))
    if counted.any():
        differs = frame.loc[counted, "difference"]
        facts = {"n": int(counted.sum()), "units": int(differs.abs().sum())}
        left = int(frame.loc[counted, "unexplained"].abs().sum())
        st.markdown(t("review.units_counted", **facts, left=left))
    else:
        st.info(t("review.units_uncounted"), icon=":material/inventory_2:")
    if page.may("stock.count"):
        with st.container(horizontal=True):
            if st.button(t("review.count_open"), icon=":material/checklist:", key="review_count"):
                _open(page)
            link("stock", t("review.count_settle"))
    only_counted = {"counted", "difference", *service.EXPLAINED}
    shown = [column for column in UNITS if counted.any() or column.name not in only_counted]
    table(
        frame.reset_index().set_index("sku_code", drop=False),
        shown,
        key="review_units",
        search=("sku_code", "name"),
        export="review-units",
    )
    shelves = service.locations(page.database, page.actor, page.campaign_id)
    if len(shelves):
        st.markdown(f"**{t('review.shelves')}**")
        draw(shelves, SHELVES, key="review_shelves")


def _open(page: PageContext) -> None:
    name = plain("review.count_name", name=page.sale.name, day=day(page.now.date()))
    attempt(
        lambda: service.open_count(page.database, page.actor, page.campaign_id, name, page.now),
        t("review.count_opened", name=name),
        "success",
    )
