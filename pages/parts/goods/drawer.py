"""One SKU opened from the matrix or the table: its facts, its last weeks, what goes with it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.lineup import partners
from core.lineup.service import Picture
from core.signals import service as signals
from pages.parts.components import charts
from pages.parts.components.text import literal, money, number, plain, t
from pages.parts.entry.context import PageContext


def drawer(page: PageContext, view: Picture, code: str) -> None:
    """One SKU: prices, stock, figures, its last weeks, why a tier is suggested, what goes with it."""
    if code not in view.rows.index:
        return
    row = {
        str(name): value
        for name, value in view.rows[view.rows["sku_code"] == code].to_dict("records")[0].items()
    }
    with st.container(border=True, key="goods_drawer"):
        st.markdown(f"**{t('goods.drawer', name=row['name'], code=code)}**")
        st.caption(
            f"{plain('goods.reasons')}: " + " · ".join(plain(f"reason.{code}") for code in row["reasons"])
        )
        if beside := partners.partners_of(page.database, page.actor, page.campaign_id, code):
            named = [f"{literal(str(view.rows['name'].get(other, '')))} {literal(other)}" for other in beside]
            st.caption(f"{plain('goods.drawer_partners')}: " + " · ".join(named))
        left, right = st.columns([2, 3])
        with left:
            st.dataframe(_facts(row), hide_index=True, height="content")
        with right:
            past = signals.sku_days(page.database, page.actor, code)
            st.caption(t("goods.drawer_history") if len(past) else t("goods.drawer_none"))
            if len(past):
                shown = pd.DataFrame(
                    {
                        "day": past["day"].astype("str").str[5:],
                        "units": past["units_paid"].fillna(0).astype("int64"),
                    }
                )
                spec = charts.Columns("day", "units", y_title="goods.daily_units", height=190).spec()
                charts.draw(shown, spec, key="goods_drawer_days", alt=plain("goods.drawer_alt"))


def _facts(row: dict[str, Any]) -> pd.DataFrame:
    """A SKU's figures as words."""
    facts: dict[str, str] = {
        "tier": plain(f"tier.{row['tier']}"),
        "suggested": plain(f"tier.{row['suggested']}"),
        "function": row["function"],
        **{
            name: money(row[name])
            for name in ("list_price", "sale_price", "landed_price", "gmv", "planned_gmv")
            if name in row and pd.notna(row[name])
        },
        **{
            name: number(int(row[name]))
            for name in ("on_hand", "available", "in_transit", "units", "visitors", "planned_units")
            if pd.notna(row[name])
        },
    }
    return pd.DataFrame(
        {" ": [plain(f"goods.{name}") for name in facts], "  ": [str(word) for word in facts.values()]}
    )
