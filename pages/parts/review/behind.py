"""Behind a bar: its hours, its goods, and what was decided in them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.review import drill
from core.review.drill import Bar
from pages.parts.components.columns import Column
from pages.parts.components.tables import draw
from pages.parts.components.text import plain, t, time
from pages.parts.entry.context import PageContext


def behind(page: PageContext, by: str, named: Mapping[str, str], *, opened: bool = False) -> None:
    """A part of the table opened. `named`: words by part; `opened`: the first of them is, until another is chosen."""
    chosen = st.selectbox(
        t("review.behind"),
        ["", *named],
        index=1 if opened and named else 0,
        key=f"review_behind_{by}_{next(iter(named), '')}" if opened else f"review_behind_{by}",
        format_func=lambda code: named.get(code) or plain("review.behind_none"),
    )
    if not chosen:
        return
    lines = drill.lines(page.database, page.actor, page.campaign_id, by, str(chosen), page.moment)
    zone = page.sale.timezone
    hours = (
        Column("hour", "review.hour", "moment", zone=zone),
        Column("visitors", "review.visitors", "integer"),
        Column("buyers", "review.customers", "integer"),
        Column("paid", "review.paid", "money"),
        Column("refunded", "review.refunded", "money"),
        Column("decisions", "review.measure_decisions", "integer"),
    )
    draw(lines.hours, hours, key=f"review_hours_{by}", height=320)
    if len(lines.goods):
        goods = (
            Column("sku_code", "review.sku_code", "code"),
            Column("name", "review.name"),
            Column("units", "review.units", "integer"),
            Column("paid", "review.paid", "money"),
        )
        draw(lines.goods, goods, key=f"review_lines_{by}", height=320)
    if not _hour(page, Bar(by, str(chosen)), lines.hours):
        _decisions(page, lines.decisions, by)


def good(page: PageContext, named: Mapping[str, str]) -> None:
    """One good opened down to its order lines. `named`: words by SKU."""
    chosen = st.selectbox(
        t("review.behind_good"),
        ["", *named],
        key="review_behind_good",
        format_func=lambda code: named.get(code) or plain("review.behind_none"),
    )
    if not chosen:
        return
    hours = drill.hours_of_good(page.database, page.actor, page.campaign_id, str(chosen), page.moment)
    columns = (
        Column("hour", "review.hour", "moment", zone=page.sale.timezone),
        Column("paid", "review.paid", "money"),
        Column("refunded", "review.refunded", "money"),
    )
    draw(hours, columns, key="review_hours_good", height=320)
    _hour(page, Bar(drill.GOODS, str(chosen)), hours)


def _hour(page: PageContext, bar: Bar, hours: pd.DataFrame) -> bool:
    """One hour opened: its order lines, and what was decided in it; whether one is."""
    zone = page.sale.timezone
    moments = {f"{moment:%Y-%m-%dT%H:%M%z}": moment for moment in hours["hour"]}
    chosen = st.selectbox(
        t("review.behind_hour"),
        ["", *moments],
        key=f"review_hour_{bar.by}",
        format_func=lambda code: time(moments[code], zone) if code else plain("review.behind_none"),
    )
    if not chosen:
        return False
    moment = moments[str(chosen)].to_pydatetime()
    opened = drill.hour_of(page.database, page.actor, page.campaign_id, bar, moment, now=page.moment)
    columns = (
        Column("at", "review.hour", "moment", zone=zone),
        Column("kind", "review.line_kind", "state", words="line_kind"),
        Column("order_id", "review.order_id", "code"),
        Column("sku_code", "review.sku_code", "code"),
        Column("name", "review.name"),
        Column("units", "review.units", "integer"),
        Column("amount", "review.amount", "money"),
    )
    draw(opened.lines, columns, key=f"review_orders_{bar.by}", height=320)
    _decisions(page, opened.decisions, f"{bar.by}_hour")
    return True


def _decisions(page: PageContext, decisions: pd.DataFrame, key: str) -> None:
    zone = page.sale.timezone
    if decisions.empty:
        st.caption(t("review.no_decisions"))
        return
    acts = (
        Column("at", "review.hour", "moment", zone=zone),
        Column("account", "review.who"),
        Column("act", "review.act", "state", words="act"),
        Column("sku_code", "review.sku_code", "code"),
        Column("note", "review.act_note"),
    )
    draw(decisions, acts, key=f"review_acts_{key}")
