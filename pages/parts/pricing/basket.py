"""A basket tried out: SKUs and quantities, kind of buyer, minute; what each line pays, which rule acts and which does not
and why, and the cheapest way found."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core import clock
from core.pricing import baskets
from core.pricing.baskets import Simulation
from core.pricing.service import Picture
from pages.parts.components import drafts
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import refusals
from pages.parts.components.tables import draw
from pages.parts.components.text import literal, money, number, plain, t
from pages.parts.entry.context import PageContext

LINES = (
    Column("sku_code", "pricing.sku_code", "code"),
    Column("name", "pricing.name", pinned=True, width="medium"),
    Column("quantity", "basket.quantity", "integer"),
    Column("list_price", "pricing.list_price", "price"),
    Column("sale_price", "pricing.sale_price", "price"),
    Column("pay", "basket.pay", "price"),
    Column("each", "basket.each", "price"),
)
RULES = (
    Column("rule_id", "pricing.rule_id", "code"),
    Column("name", "pricing.rule", pinned=True, width="medium"),
    Column("reason", "basket.reason", "state", words="basket_reason"),
    Column("off", "basket.off", "price"),
    Column("why", "basket.why", width="large"),
)
SAMPLE = 2  # SKUs that stand in the basket at first
BUYERS: tuple[baskets.Buyer, ...] = ("anyone", "member", "targeted")


def simulator(page: PageContext, picture: Picture) -> None:
    """The basket, and what becomes of it."""
    st.caption(t("basket.note"))
    left, right = st.columns([3, 2])
    with left:
        basket = _filled(picture)
    with right:
        buyer = st.selectbox(
            t("basket.buyer"),
            BUYERS,
            key="basket_buyer",
            format_func=lambda one: plain(f"basket_buyer.{one}"),
        )
        moment = _moment(page)
    with refusals():
        shown = baskets.simulate(
            page.database,
            page.actor,
            page.campaign_id,
            baskets.Purchase(basket, buyer, moment),
            picture.rules.phase,
        )
        _answer(shown)


def _filled(picture: Picture) -> dict[str, int]:
    """SKU -> quantity, as the reader typed it; the same SKU twice is summed."""
    priced = picture.prices[picture.prices["sale_price"].notna()]
    first = priced.sort_values("planned_gmv", ascending=False).index[:SAMPLE]
    start = pd.DataFrame({"sku": first.astype("str"), "quantity": [1] * len(first)})
    edited = drafts.rows(
        start,
        "basket_lines",
        kept_alone=True,
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "sku": st.column_config.TextColumn(plain("pricing.sku_code"), required=True),
            "quantity": st.column_config.NumberColumn(
                plain("basket.quantity"),
                min_value=1,
                max_value=baskets.MOST_UNITS,
                step=1,
                default=1,
                required=True,
            ),
        },
        height=220,
    ).dropna()
    summed = (
        edited.assign(sku=edited["sku"].astype("str").str.strip())
        .groupby("sku", sort=False)["quantity"]
        .sum()
    )
    return {str(code): int(units) for code, units in summed.items() if code}


def _moment(page: PageContext) -> datetime:
    """The minute of buying, on the campaign's clock; the opening at first."""
    zone = clock.zone(page.sale.timezone)
    opens = page.sale.opens_at.astimezone(zone)
    day, time = st.columns(2)
    on = day.date_input(t("basket.day"), opens.date(), key="basket_day")
    at = time.time_input(
        t("basket.minute"), opens.time().replace(second=0, microsecond=0), key="basket_minute", step=60
    )
    return datetime.combine(on, at, zone).astimezone(UTC)


def _answer(shown: Simulation) -> None:
    """The total and the cheapest way, the lines, the rules."""
    cheapest, together = shown.ways[0], next(way for way in shown.ways if way.name == "together")
    saved = together.total - cheapest.total
    ways = " · ".join(
        f"{plain(f'basket_way.{way.name}', n=way.orders)} {money(way.total)}" for way in shown.ways
    )
    cards(
        Card(
            "basket.total",
            money(shown.total),
            against=plain("basket.of", n=int(shown.lines["quantity"].sum())),
        ),
        Card(
            "basket.cheapest",
            money(cheapest.total),
            against=plain(f"basket_way.{cheapest.name}", n=cheapest.orders),
            alarm=saved > 0,
            help="basket.cheapest_help",
        ),
        strip=True,
    )
    st.caption(literal(ways))
    lines = shown.lines.assign(each=(shown.lines["pay"] / shown.lines["quantity"]).round().astype("int64"))
    draw(lines, LINES, key="basket_paid")
    draw(shown.rules.assign(why=_whys(shown)), RULES, key="basket_rules", height=360)


def _whys(shown: Simulation) -> list[str]:
    """Why each rule acts or does not: where its deduction lies, what is missing, what took its place."""
    said = []
    for row in shown.rules.to_dict("records"):
        code = row["rule_id"]
        if row["reason"] == "applied":
            split = shown.parts.loc[code]
            by_line = [f"{sku} −{money(int(fen))}" for sku, fen in split[split != 0].items()]
            said.append(plain("basket.by_line", lines=by_line))
        else:
            blanks = {"missing": money(int(row["missing"])), "instead": row["instead"] or number(0)}
            said.append(plain(f"basket_why.{row['reason']}", **blanks))
    return said
