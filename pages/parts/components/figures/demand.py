"""The one ladder of demand on every page that shows a figure of it: a strip of named figures, each with its
definition on hover; and what its figures say against each other."""

from __future__ import annotations

from dataclasses import asdict
from html import escape

import streamlit as st

from core.campaign.challenge import Challenge
from core.lineup import service as lineup
from core.replenishment import demand
from core.replenishment.demand import Doubts, Ladder
from core.ttl_cache import TtlCache
from pages.parts.components.text import literal, money_short, number, plain, t
from pages.parts.entry.context import PageContext

STEPS = demand.SUMMED
_ladders: TtlCache[Ladder] = TtlCache(300.0, most=12)  # shared: nobody writes into a ladder


def ladder(page: PageContext) -> Ladder:
    """The campaign's ladder, computed again when anything recorded in the shop has changed; with each minute while
    the sale sells."""
    stamp = lineup.stamp(page.database, page.actor)
    sells = page.sale.opens_at <= page.now < page.sale.closes_at
    moment = f"{page.now:%F %H:%M}" if sells else f"{page.now:%F} {page.now >= page.sale.closes_at}"
    key = page.database.url, page.campaign_id, stamp, moment
    return _ladders.get(key, lambda: demand.load(page.database, page.actor, page.campaign_id, page.now))


def strip(view: Ladder) -> None:
    """The whole sale's ladder in one line."""
    shown = [
        name for name in STEPS if name != "sold" or view.total.sold
    ]  # nothing is sold before the opening
    steps = "".join(_step(name, view) for name in shown)
    st.html(f'<dl class="ladder" aria-label="{escape(plain("ladder.title"))}">{steps}</dl>')
    if view.lines.empty:
        st.caption(t("ladder.no_goods"))
    elif not view.run_id:
        st.caption(t("ladder.none"))
    elif view.moved:
        st.caption(t("ladder.moved", n=view.moved))


def _step(name: str, view: Ladder) -> str:
    figures = asdict(view.total)
    value, note = figures[name], ""
    if value is None or view.lines.empty:  # without goods in the sale there is nothing to count
        shown = "—"
    elif name == "target_gmv":
        shown = money_short(value)
    else:
        shown = number(value)
    if name == "forecast" and figures["low"] is not None and not view.lines.empty:
        note = f"<small>{escape(plain('ladder.band', low=figures['low'], high=figures['high']))}</small>"
    title, label = escape(plain(f"ladder.{name}_help")), escape(plain(f"ladder.{name}"))
    return f'<div title="{title}"><dt>{label}</dt><dd>{escape(shown)}{note}</dd></div>'


def said(doubts: Doubts) -> list[str]:
    """The doubts in words and yuan, for a Markdown place."""
    return [literal(sentence) for sentence in spoken(doubts)]


def spoken(doubts: Doubts) -> list[str]:
    """The doubts in words and yuan, as they are."""
    return [_sentence(doubts, one) for one in doubts.challenges]


def _sentence(doubts: Doubts, one: Challenge) -> str:
    figures = {name: 0 if value is None else value for name, value in asdict(doubts.figures).items()}
    money = {
        name: ""
        if getattr(doubts.figures, name) is None
        else plain("doubt.money", amount=money_short(figures[name]))
        for name in ("order_value", "stock_value")
    }
    endless = one.figure == float("inf")
    blanks = figures | money | {"target_gmv": money_short(int(figures["target_gmv"] or 0))}
    figure = plain("doubt.endless") if endless else f"{one.figure:,.1f}"
    return plain(f"doubt.{one.doubt}", **blanks, figure=figure, limit=f"{one.limit:g}")
