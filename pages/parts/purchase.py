"""Purchase orders on the replenishment page: made of an approved run, sent as workbooks, received in part or in full, closed short."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.database import Database
from core.errors import ShopError
from core.replenishment import orders, receipts
from core.replenishment.service import Sheet
from pages.parts.columns import Column
from pages.parts.editing import edit, saved
from pages.parts.empty import empty
from pages.parts.tables import XLSX, table
from pages.parts.text import error_text, language, literal, money, plain, t

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


def place(db: Database, user: Actor, view: Sheet, now: datetime) -> None:
    """The button that turns an approved run into orders, one a supplier."""
    with st.container(horizontal=True, vertical_alignment="center"):
        small = st.checkbox(t("purchase.below_minimum"), help=t("purchase.below_minimum_help"))
        pressed = st.button(t("purchase.place", n=view.run.totals["units"]), type="primary", icon=":material/send:")
    if not pressed:
        return
    try:
        made = orders.order(db, user, view.run.run_id, now=now, below_minimum=small)
    except ShopError as error:
        st.error(error_text(error))
        return
    st.session_state["replenishment_held"] = made.held
    st.session_state["replenishment_said"] = "purchase.placed"
    st.rerun()


def orders_tab(db: Database, user: Actor, campaign_id: str, now: datetime) -> None:
    """The orders, and the one that was picked: its lines, its workbook, what arrives, what will not come."""
    for entry in st.session_state.pop("replenishment_held", []):
        st.warning(
            t("purchase.held", supplier=entry["supplier"], amount=money(entry["amount"]), minimum=money(entry["minimum"])),
            icon=":material/pause_circle:",
        )
    _said()
    frame = orders.orders(db, user, campaign_id)
    if frame.empty:
        empty("purchase.empty")
        return
    shown = table(frame, ORDERS, key="purchase", search=("number", "supplier"), export="purchase-orders", pick=True, height=320)
    if shown.picked is None:
        st.caption(t("purchase.pick"))
    else:
        _order(db, user, frame.loc[[shown.picked]].iloc[0], now)


def _said() -> None:
    said = st.session_state.pop("purchase_said", "")
    if said:
        st.success(t("purchase.booked", state=plain(f"order_state.{said}")), icon=":material/check_circle:")


def _order(db: Database, user: Actor, head: pd.Series, now: datetime) -> None:
    order_id, closed = str(head["order_id"]), head["state"] not in receipts.OPEN
    st.subheader(f"{literal(head['number'])} · {literal(head['supplier'])}", anchor=False)
    titles = {name: plain(f"purchase.sheet_{name}") for name in SHEET}
    content, name = orders.workbook(db, user, order_id, titles, language=language())
    st.download_button(t("purchase.workbook"), content, file_name=name, mime=XLSX, icon=":material/download:", on_click="ignore")
    lines = orders.order_lines(db, user, order_id)
    if closed or not allowed(user, "replenishment.receive"):
        table(lines, LINES, key="purchase_lines")
        return
    _receive(db, user, order_id, lines, now)
    if allowed(user, "replenishment.edit"):
        _close(db, user, order_id, int(lines["open"].sum()), now)


def _receive(db: Database, user: Actor, order_id: str, lines: pd.DataFrame, now: datetime) -> None:
    """Everything at once, or line by line in the editor."""
    waits = int(lines["open"].sum())
    if st.button(t("purchase.receive_all", n=waits), icon=":material/inventory:"):
        _book(db, user, order_id, None, now)
    source = lines.assign(arriving=pd.array([None] * len(lines), "Int64")).set_index("sku_code", drop=False).rename_axis(None)
    edited = edit(source, LINES, editable=("arriving",), key=f"purchase_receive_{order_id}")
    if edited is not None:
        told = pd.DataFrame(
            {"sku_code": edited.changes["key"], "quantity": pd.array(edited.changes["after"].tolist(), "Int64")}
        ).dropna()
        _book(db, user, order_id, told.astype({"quantity": "int64"}), now)


def _book(db: Database, user: Actor, order_id: str, arrived: pd.DataFrame | None, now: datetime) -> None:
    try:
        state = receipts.receive(db, user, order_id, arrived, now=now)
    except ShopError as error:
        st.error(error_text(error))
        return
    st.session_state["purchase_said"] = state
    saved(f"purchase_receive_{order_id}")


def _close(db: Database, user: Actor, order_id: str, waits: int, now: datetime) -> None:
    with st.popover(t("purchase.close"), icon=":material/block:"):
        reason = st.text_input(t("purchase.close_reason"), key=f"purchase_close_{order_id}")
        if st.button(t("purchase.close_now", n=waits), type="primary", key=f"purchase_close_now_{order_id}"):
            try:
                st.session_state["purchase_said"] = receipts.close(db, user, order_id, reason, now=now)
            except ShopError as error:
                st.error(error_text(error))
            else:
                st.rerun()
