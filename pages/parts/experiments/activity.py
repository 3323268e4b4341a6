"""An activity without random arms: its goods against control goods, before and during it."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from core.clock import business_day
from core.experiments import activity as service
from core.experiments.activity import FIGURES, Groups, Measured
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.feedback import refusals
from pages.parts.components.text import money, money_short, number, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.experiments.figures import p_value

MONEY = "paid_amount"


def activity(page: PageContext) -> None:
    """Which goods, which days, and what came of it."""
    st.caption(t("experiments.activity_note"))
    today = business_day(page.now, page.sale.timezone)
    left, right = st.columns(2)
    treated = left.text_area(
        t("experiments.treated"), key="activity_treated", help=t("experiments.codes_help")
    )
    control = right.text_area(
        t("experiments.control_goods"), key="activity_control", help=t("experiments.control_help")
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.date_input(t("experiments.begins"), today - timedelta(days=7), width=180)
        last = st.date_input(t("experiments.ends"), today - timedelta(days=1), width=180)
        figure = st.selectbox(
            t("experiments.figure"),
            FIGURES,
            format_func=lambda name: plain(f"activity_figure.{name}"),
            width=200,
        )
    if not treated.split():
        st.info(t("experiments.no_activity"), icon=":material/compare_arrows:")
        return
    with refusals():
        measured = service.effect(
            page.database, page.actor, Groups(_codes(treated), _codes(control)), (first, last), str(figure)
        )
        _show(measured)


def _codes(text: str) -> list[str]:
    return list(dict.fromkeys(text.replace(",", " ").replace("，", " ").split()))


def _show(measured: Measured) -> None:
    effect, is_money = measured.effect, measured.figure == MONEY
    if effect.identified:
        cards(
            Card(
                "experiments.added_total",
                _short(effect.total, is_money),
                against=t("experiments.a_day", value=_exact(effect.daily, is_money)),
                help="experiments.added_help",
            ),
            Card(
                "experiments.added_interval",
                f"{_exact(effect.low, is_money)} … {_exact(effect.high, is_money)}",
                against=plain("experiments.p_line", p=p_value(effect.p)),
            ),
            Card("experiments.placebo", p_value(effect.placebo_p), help="experiments.placebo_help"),
        )
        st.caption(t("experiments.assumption"))
    else:
        st.warning(t(f"not_identified.{effect.reason}"), icon=":material/help:")
    _picture(measured, is_money)


def _short(value: float, is_money: bool) -> str:
    return money_short(round(value), sign=True) if is_money else number(round(value), sign=True)


def _exact(value: float, is_money: bool) -> str:
    return money(round(value), sign=True) if is_money else number(value, 1, sign=True)


def _picture(measured: Measured, is_money: bool) -> None:
    """The treated goods and the scaled control by day."""
    if measured.days.empty:
        return
    days = measured.days.assign(day=pd.to_datetime(measured.days["day"]))
    long = days.melt(
        id_vars=["day"], value_vars=["treated", "control"], var_name="series", value_name="value"
    )
    long = long.dropna(subset=["value"])
    if is_money:
        long["value"] = charts.yuan(long["value"])
    begins = days.loc[days["during"], "day"].min()
    mark = pd.DataFrame({"day": [begins], "series": ["now"], "value": [None]})
    frame = (
        long if pd.isna(begins) else pd.concat([long, mark.astype({"value": "float64"})], ignore_index=True)
    )
    chart = charts.Lines(
        "day",
        "value",
        (
            charts.Series("treated", "experiments.treated", "red"),
            charts.Series("control", "experiments.scaled_control", "gray", dashed=True),
        ),
        y_title=f"activity_figure.{measured.figure}",
        clock="%m-%d",
    )
    charts.draw(frame, chart.spec(), key="activity_days", alt=plain("experiments.activity_alt"))
