"""Purchase orders on the replenishment page: made of an approved run, sent as workbooks, received in part or
in full, closed short."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.replenishment import orders, receipts
from core.replenishment.service import Sheet
from pages.parts.components import drafts
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.editing import edit, saved
from pages.parts.components.feedback import flash, refusals
from pages.parts.components.tables import table
from pages.parts.components.text import language, literal, money, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty

ORDERS = (
    Column("number", "purchase.number", "code"),
    Column("supplier", "replenishment.supplier"),
    Column("state", "purchase.state", "state", words="order_state"),
    Column("ordered_on", "purchase.ordered_on", "day"),
    Column("expected_on", "purchase.expected_on", "day"),
    Column("lines", "purchase.lines", "integer"),
    Column("quantity", "purchase.quantity", "integer"),
    Column("received", "purchase.received", "integer"),
    Column("open", "purchase.open", "integer"),
    Column("amount", "purchase.amount", "money"),
    Column("account", "purchase.account", "person", shown=False),
)
LINES = (
    Column("sku_code", "replenishment.sku_code", "code"),
    Column("name", "replenishment.name"),
    Column("quantity", "purchase.quantity", "integer"),
    Column("received", "purchase.received", "integer"),
    Column("open", "purchase.open", "integer"),
    Column("arriving", "purchase.arriving", "integer", help="purchase.arriving_help"),
    Column("expected_on", "purchase.expected_on", "day"),
)
SHEET = ("sku_code", "name", "pack_size", "quantity", "expected_on", "unit_cost", "amount")


def place(page: PageContext, view: Sheet) -> None:
    """The button that turns an approved run into orders, one a supplier."""
    with st.container(horizontal=True, vertical_alignment="center"):
        small = st.checkbox(t("purchase.below_minimum"), help=t("purchase.below_minimum_help"))
        pressed = st.button(
            t("purchase.place", n=view.run.totals["units"]), type="primary", icon=":material/send:"
        )
    if not pressed:
        return
    with refusals():
        placed = orders.order(page.database, page.actor, view.run.run_id, now=page.now, below_minimum=small)
        st.session_state["replenishment_held"] = placed.held
        flash(t("purchase.placed"), "success")
        st.rerun()


def orders_tab(page: PageContext) -> None:
    """The orders, and the one that was picked: its lines, its workbook, what arrives, what will not come."""
    for entry in st.session_state.pop("replenishment_held", []):
        st.warning(
            t(
                "purchase.held",
                supplier=entry["supplier"],
                amount=money(entry["amount"]),
                minimum=money(entry["minimum"]),
            ),
            icon=":material/pause_circle:",
        )
    frame = orders.orders(page.database, page.actor, page.campaign_id)
    if frame.empty:
        empty("purchase.empty")
        return
    shown = table(
        frame,
        ORDERS,
        key="purchase",
        search=("number", "supplier"),
        export="purchase-orders",
        pick=True,
        height=320,
    )
    picked = shown.picked
    if picked is None:  # the row is forgotten with the tab; what was typed for it is not
        begun = [label for label, order in frame["order_id"].items() if drafts.unsaved(_receipt(str(order)))]
        picked = next(iter(begun), None)
    if picked is None:
        st.caption(t("purchase.pick"))
    else:
        _order(page, frame.loc[[picked]].iloc[0])


def _receipt(order_id: str) -> str:
    """The key of the table in which an order's receipt is typed."""
    return f"purchase_receive_{order_id}"


def _booked(state: str) -> None:
    flash(t("purchase.booked", state=plain(f"order_state.{state}")), "success")


def _order(page: PageContext, head: pd.Series) -> None:
    order_id, closed = str(head["order_id"]), head["state"] not in receipts.OPEN
    st.subheader(f"{literal(head['number'])} · {literal(head['supplier'])}", anchor=False)
    titles = {name: plain(f"purchase.sheet_{name}") for name in SHEET}
    download(
        Button(t("purchase.workbook")),
        File(orders.file_name(str(head["number"]), str(head["supplier"]))),
        partial(_workbook, order_id, titles),
    )
    lines = orders.order_lines(page.database, page.actor, order_id)
    if closed or not page.may("replenishment.receive"):
        table(lines, LINES, key="purchase_lines")
        return
    _receive(page, order_id, lines)
    if page.may("replenishment.edit"):
        _close(page, order_id, int(lines["open"].sum()))


def _workbook(order_id: str, titles: dict[str, str], page: PageContext) -> bytes:
    return orders.workbook(page.database, page.actor, order_id, titles, language=language())[0]


def _receive(page: PageContext, order_id: str, lines: pd.DataFrame) -> None:
    """Everything at once, or line by line in the editor."""
    waits = int(lines["open"].sum())
    if st.button(t("purchase.receive_all", n=waits), icon=":material/inventory:"):
        _book(page, order_id, None)
    source = (
        lines.assign(arriving=pd.array([None] * len(lines), "Int64"))
        .set_index("sku_code", drop=False)
        .rename_axis(None)
    )
    edited = edit(source, LINES, editable=("arriving",), key=_receipt(order_id))
    if edited is not None:
        arrived = pd.DataFrame(
            {
                "sku_code": edited.changes["key"],
                "quantity": pd.array(edited.changes["after"].tolist(), "Int64"),
            }
        ).dropna()
        _book(page, order_id, arrived.astype({"quantity": "int64"}))


def _book(page: PageContext, order_id: str, arrived: pd.DataFrame | None) -> None:
    with refusals():
        state = receipts.receive(page.database, page.actor, order_id, arrived, now=page.now)
        _booked(state)
        saved(_receipt(order_id))


def _close(page: PageContext, order_id: str, waits: int) -> None:
    with st.popover(t("purchase.close"), icon=":material/block:"):
        reason = st.text_input(t("purchase.close_reason"), key=f"purchase_close_{order_id}")
        if st.button(t("purchase.close_now", n=waits), type="primary", key=f"purchase_close_now_{order_id}"):
            with refusals():
                _booked(receipts.close(page.database, page.actor, order_id, reason, now=page.now))
                st.rerun()
