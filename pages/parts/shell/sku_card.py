"""One SKU on one card, from every code and from the search: what it is, stock, prices, demand, signals, purchases, and the
ways to its rows. Opened by `sku` in the address."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import ShopError
from core.overview import sku_card as service
from core.overview.sku_card import SkuCard
from pages.parts.components import charts
from pages.parts.components.columns import Column
from pages.parts.components.feedback import refused
from pages.parts.components.states import word
from pages.parts.components.tables import draw, row_of
from pages.parts.components.text import literal, money, number, percent, plain, t
from pages.parts.entry import goods_looks
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import Frame, dialog
from pages.parts.shell.links import link

OPEN = "sku"  # in the address
FOUND = (
    Column("code", "search.code", "code"),
    Column("name", "search.name", pinned=True, width="medium"),
    Column("spec", "search.spec"),
    Column("kind", "search.kind", "state", words="search_kind"),
)
LOCATED = (
    Column("location", "stock.location"),
    Column("lot", "stock.lot"),
    Column("expiry", "stock.expiry"),
    Column("units", "stock.location_units", "integer"),
    Column("sellable", "stock.sellable", "flag"),
)
PURCHASES = (
    Column("number", "purchase.number", "code"),
    Column("supplier", "replenishment.supplier"),
    Column("state", "purchase.state", "state", words="order_state"),
    Column("quantity", "purchase.quantity", "integer"),
    Column("received", "purchase.received", "integer"),
    Column("expected_on", "purchase.expected_on", "day"),
)
WAYS = (
    ("goods", "goods_find"),
    ("pricing", "pricing_find"),
    ("stock", "stock_find"),
    ("replenishment", "replenishment_find"),
)
LEVELS = ("on_hand", "reserved", "presale_committed", "activity_locked", "in_transit", "available_to_promise")


def search() -> None:
    """The search of the sidebar; Ctrl+K from everywhere."""
    if st.button(
        t("search.open"), icon=":material/search:", shortcut="Ctrl+K", width="stretch", key="search_open"
    ):
        dialog(Frame(plain("search.title"), "large", ":material/search:"), "goods.view", _search)


def _search(page: PageContext) -> None:
    wanted = st.text_input(
        t("search.title"), key="search_text", placeholder=plain("search.place"), label_visibility="collapsed"
    )
    rows = service.find(page.database, page.actor, wanted or "")
    if not wanted:
        st.caption(t("search.note"))
    elif rows.empty:
        st.info(t("search.none"), icon=":material/search_off:")
    else:
        st.caption(t("search.pick", n=len(rows), most=service.MOST))
        picked = draw(rows, FOUND, key="search_found", pick=True, height=420)
        if picked is not None:
            row = row_of(rows, picked)
            if row["kind"] == "purchase":
                link(
                    "replenishment",
                    t("search.to_purchase"),
                    {"replenishment_tab": "orders", "purchase_find": row["code"]},
                )
            else:
                st.query_params[OPEN] = str(row["code"])
                st.rerun()


def standing() -> None:
    """Opens the card that the address names, once for each time that it is news."""
    code = st.query_params.get(OPEN)
    if code and st.session_state.get("sku card of") != code:
        st.session_state["sku card of"] = code
        dialog(
            Frame(plain("sku.title"), "large", ":material/inventory_2:", "right"), "goods.view", _card, code
        )
    elif not code:
        st.session_state.pop("sku card of", None)


def _card(page: PageContext, code: str) -> None:
    """The card."""
    st.query_params.pop(OPEN, None)
    campaign_id = (
        page.campaign_id if page.campaign is not None else str(st.session_state.get("campaign") or "")
    )
    try:
        card = service.card(page.database, page.actor, campaign_id, code, page.now)
    except ShopError as error:
        refused(error)
        return
    tier = f" · {plain('price_tier.' + card.tier)}" if card.tier else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        _picture(code)
        st.markdown(
            f"**{literal(card.master['name'])}** {literal(card.master['spec'])}{tier}  \n"
            f":small[{literal(code)} · {literal(card.master['barcode'])} · {literal(card.master['supplier'])}]"
        )
    left, middle, right = st.columns(3)
    for column, title, facts in (
        (left, "sku.stock", _stock(card)),
        (middle, "sku.prices", _prices(card)),
        (right, "sku.demand", _demand(card)),
    ):
        with column:
            st.caption(t(title))
            st.dataframe(
                pd.DataFrame(facts, columns=[" ", "  "]), hide_index=True, height="content", key=title
            )
    _history(card)
    with st.container(horizontal=True):
        for name, find in WAYS:
            link(name, t(f"menu.{name}"), {find: code})


def _picture(code: str) -> None:
    """The picture, where there is one."""
    address = goods_looks.picture(code)
    if address:
        st.html(f'<img src="{escape(address)}" alt="" width="72" height="72">', width="content")


Facts = list[tuple[str, str]]


def _stock(card: SkuCard) -> Facts:
    facts = [(plain(f"sku.{name}"), number(card.stock[name])) for name in LEVELS if name in card.stock]
    coming = [
        f"{row['expected_on'] or '—'} × {number(int(row['quantity']))}"
        for row in card.arrivals.to_dict("records")
    ]
    return [*facts, *((plain("sku.arrival"), one) for one in coming)] or [(plain("sku.no_stock"), "—")]


def _prices(card: SkuCard) -> Facts:
    listed = card.master["list_price"]
    facts = [(plain("pricing.list_price"), "—" if listed is None else money(int(listed)))]
    titles = {
        "landed_price": "landed_price",
        "worst_landed_price": "worst_landed",
        "sale_price": "sale_price",
    }
    for name, title in titles.items():
        if name in card.prices:
            facts.append((plain(f"pricing.{title}"), _money(card.prices[name])))
    if "verdict" in card.prices:
        facts.append((plain("pricing.verdict"), word(card.prices["verdict"], "state")))
    if "worst_margin" in card.prices and pd.notna(card.prices["worst_margin"]):
        facts.append((plain("pricing.worst_margin"), percent(float(card.prices["worst_margin"]))))
    if card.master.get("unit_cost") is not None:
        facts.append((plain("stock.unit_cost"), money(int(card.master["unit_cost"]))))
    return facts


def _money(fen: Any) -> str:
    return "—" if pd.isna(fen) else money(int(fen))


def _demand(card: SkuCard) -> Facts:
    """Its rungs of the ladder."""
    shown = [name for name in card.rungs if name not in ("low", "high")]
    facts = [(plain(f"ladder.{name}"), _units(card.rungs[name])) for name in shown]
    return facts or [(plain("sku.not_in_campaign"), "—")]


def _units(value: Any) -> str:
    return "—" if pd.isna(value) else number(round(float(value)))


def _history(card: SkuCard) -> None:
    """Where its units lie, its last weeks and its purchase orders."""
    if len(card.located):
        st.caption(t("stock.located_of"))
        draw(card.located, LOCATED, key="sku_located", height=180)
    if len(card.days):
        st.caption(t("sku.history", n=len(card.days)))
        units = card.days["units_paid"].fillna(0).astype("int64")
        shown = pd.DataFrame({"day": card.days["day"].astype("str").str[5:], "units": units})
        spec = charts.Columns("day", "units", y_title="goods.daily_units", height=150).spec()
        charts.draw(shown, spec, key="sku_days", alt=plain("goods.drawer_alt"))
    if len(card.purchases):
        draw(card.purchases, PURCHASES, key="sku_purchases", height=180)
