"""The pre-sale on the warm-up page: deposits, balances, what is overdue, and what cannot ship on its date."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pandas as pd
import streamlit as st

from core.clock import parse_local
from core.money import from_yuan
from core.warmup import deposits
from core.warmup.deposits import Terms
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import refusals
from pages.parts.components.tables import Filter, table
from pages.parts.components.text import money_short, number, percent, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty
from pages.parts.warmup.flash_sale import default_day

TERMS = (
    Column("sku_code", "warmup.sku_code", "code"),
    Column("sku_name", "warmup.name", pinned=True, width="medium"),
    Column("deposit", "warmup.deposit", "price"),
    Column("counted", "warmup.counted", "price", help="warmup.counted_help"),
    Column("final_price", "warmup.final_price", "price", help="warmup.final_price_help"),
    Column("balance", "warmup.balance", "price", help="warmup.balance_help"),
    Column("units", "warmup.deposit_units", "integer"),
    Column("tail_rate", "warmup.tail_rate", "percent", help="warmup.tail_rate_help"),
    Column("open_units", "warmup.open_units", "integer", help="warmup.open_units_help"),
    Column("overdue_units", "warmup.overdue_units", "integer", help="warmup.overdue_units_help"),
    Column("presale_committed", "warmup.committed", "integer", help="warmup.committed_help"),
    Column("ships_on", "warmup.ships_on"),
    Column("short", "warmup.cannot_ship", "integer", help="warmup.cannot_ship_help"),
    Column("balance_from", "warmup.balance_from", "moment"),
    Column("balance_to", "warmup.balance_to", "moment"),
    Column("there", "warmup.there", "integer", help="warmup.there_help"),
    Column("orders", "warmup.orders", "integer", shown=False),
    Column("deposit_amount", "warmup.deposit_amount", "money", shown=False),
)
VIEWS = (
    Filter("short", "warmup.view_cannot_ship", lambda frame: frame["short"] > 0),
    Filter("overdue", "warmup.view_overdue", lambda frame: frame["overdue_units"] > 0),
)


def presale(page: PageContext) -> None:
    """The figures, the table, and the terms of a SKU."""
    frame = deposits.overview(page.database, page.actor, page.campaign_id, page.now)
    if frame.empty:
        empty("warmup.no_presale")
    else:
        _answer(frame)
        worst = frame.sort_values(["short", "overdue_units", "open_units"], ascending=False).set_index(
            "sku_code", drop=False
        )
        shown = table(
            worst,
            TERMS,
            key="warmup_presale",
            filters=VIEWS,
            search=("sku_code", "sku_name"),
            export="presale",
            pick=True,
        )
        if shown.picked is not None and worst.loc[str(shown.picked), "own"] and page.may("warmup.edit"):
            _drop(page, str(shown.picked))
    if page.may("warmup.edit"):
        _terms(page)


def _answer(frame: pd.DataFrame) -> None:
    units, paid = int(frame["units"].sum()), int(frame["paid_units"].sum())
    begun, overdue = frame["tail_rate"].notna().any(), int(frame["overdue_units"].sum())
    cards(
        Card(
            "warmup.deposit_units",
            number(units),
            t("warmup.units"),
            against=money_short(int(frame["deposit_amount"].sum())),
        ),
        Card(
            "warmup.tail_rate",
            percent(paid / units) if units and begun else "—",
            help="warmup.tail_rate_help",
        ),
        Card(
            "warmup.overdue_units",
            number(overdue),
            t("warmup.units"),
            alarm=overdue > 0,
            help="warmup.overdue_units_help",
        ),
        Card(
            "warmup.cannot_ship",
            number(int(frame["short"].sum())),
            t("warmup.units"),
            alarm=bool(frame["short"].sum()),
            help="warmup.cannot_ship_help",
        ),
    )


def _drop(page: PageContext, code: str) -> None:
    if st.button(t("warmup.drop_terms", sku=code), icon=":material/delete:"):
        with refusals():
            deposits.drop_terms(page.database, page.actor, page.campaign_id, code, page.now)
            st.rerun()


def _terms(page: PageContext) -> None:
    with st.expander(t("warmup.set_terms"), icon=":material/add:"), st.form("warmup_terms"):
        with st.grid(4, min_column_width=170):
            code = st.text_input(t("warmup.sku_code"))
            price = st.number_input(t("warmup.price_yuan"), 0.0, 10_000_000.0, 0.0, 1.0)
            deposit = st.number_input(t("warmup.deposit_yuan"), 0.0, 10_000_000.0, 0.0, 1.0)
            counted = st.number_input(
                t("warmup.counted_yuan"), 0.0, 10_000_000.0, 0.0, 1.0, help=t("warmup.counted_help")
            )
            start = st.datetime_input(t("warmup.balance_from"), default_day(page.sale))
            end = st.datetime_input(t("warmup.balance_to"), default_day(page.sale, 3))
            ships = st.date_input(t("warmup.ships_on"), (default_day(page.sale) + timedelta(days=5)).date())
        if st.form_submit_button(t("common.save"), type="primary"):
            with refusals():
                begins, ends = (parse_local(at.isoformat(), page.sale.timezone) for at in (start, end))
                full, paid, worth = (from_yuan(Decimal(str(amount))) for amount in (price, deposit, counted))
                deposits.set_terms(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    Terms(code.strip(), full, paid, worth, begins, ends, ships),
                    page.now,
                )
                st.rerun()
