"""The other tabs of the goods page: suggestions, the attach plan, gaps and price bands, reports and orders."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.database import Database
from core.lineup import service
from core.lineup.service import Picture
from core.orders.sheet import ORDERS
from core.signals.sheet import SHOP, TRAFFIC
from pages.parts import charts
from pages.parts.columns import Column, displayed, settled
from pages.parts.goods import act, bands_of
from pages.parts.imports import history
from pages.parts.tables import Filter, table
from pages.parts.text import plain, t
from pages.parts.upload import upload

SUGGESTED = (
    Column("sku_code", "goods.sku_code", "code"),
    Column("name", "goods.name", pinned=True, width="medium"),
    Column("spec", "goods.spec"),
    Column("tier", "goods.tier", "state", words="tier"),
    Column("suggested", "goods.suggested", "state", words="tier"),
    Column("why", "goods.reasons", "list", width="large"),
    Column("gmv", "goods.gmv", "money"),
    Column("momentum", "goods.momentum", "decimal", help="goods.momentum_help"),
    Column("days_of_cover", "goods.cover", "decimal"),
    Column("margin_rate", "goods.margin", "percent"),
)
PAIRS = (
    Column("sku_code", "goods.leader", "code"),
    Column("name", "goods.leader_name"),
    Column("partner_code", "goods.partner"),
    Column("partner_name", "goods.partner_name"),
    Column("verdict", "goods.verdict", "state", words="attach_verdict"),
    Column("together", "goods.together", "integer"),
    Column("confidence", "goods.confidence", "percent", help="goods.confidence_help"),
    Column("lift", "goods.lift", "decimal"),
    Column("needed", "goods.needed", "integer"),
    Column("available", "goods.available", "integer"),
    Column("margin_rate", "goods.margin", "percent"),
    Column("gain", "goods.gain", "price"),
    Column("kept", "goods.kept", "flag"),
    Column("support", "goods.support", "percent", shown=False),
)
GAPS = 8  # told one by one, the largest first
PAIR_VIEWS = (
    Filter("good", "goods.view_good", lambda pairs: pairs["verdict"] == "good"),
    Filter("kept", "goods.view_kept", lambda pairs: pairs["kept"]),
)


def _picked(frame: pd.DataFrame, columns: tuple[Column, ...], key: str) -> pd.DataFrame:
    """A table with many rows to pick; the picked rows."""
    shown = [column for column in columns if column.name in frame and column.shown]
    event = st.dataframe(
        displayed(frame, shown), key=f"{key}_pick", hide_index=True, column_config=settled(frame, shown), on_select="rerun",
        selection_mode="multi-row", height=min(520, 40 + 35 * max(len(frame), 1)), placeholder="—",
    )  # fmt: skip
    return frame.iloc[event["selection"]["rows"]]


def suggestions(db: Database, user: Actor, view: Picture, campaign_id: str, now: datetime) -> None:
    """Suggested moves with their reasons, to accept or to refuse."""
    open_ones = view.rows[(view.rows["tier"] != view.rows["suggested"]) & (view.rows["decision"] != "refused")]
    if open_ones.empty:
        st.success(t("goods.suggest_none"), icon=":material/check_circle:")
        return
    st.caption(t("goods.suggest_note"))
    words = open_ones["reasons"].map(lambda codes: [plain(f"reason.{code}") for code in codes])
    chosen = _picked(open_ones.assign(why=words), SUGGESTED, "goods_suggest")
    if not allowed(user, "goods.structure"):
        return
    with st.container(horizontal=True):
        for name, rows, accept in (("accept", chosen, True), ("refuse", chosen, False), ("accept_all", open_ones, True)):
            pressed = st.button(
                t(f"goods.{name}", n=len(rows)),
                key=f"goods_{name}",
                disabled=rows.empty,
                type="primary" if name == "accept" else "secondary",
            )
            if pressed:
                told = {str(code): str(tier) for code, tier in rows["suggested"].items()}
                act(partial(_decide, db, user, campaign_id, told, accept, now))


def _decide(db: Database, user: Actor, campaign_id: str, told: dict[str, str], accept: bool, now: datetime) -> str:
    count = service.decide(db, user, campaign_id, told, accept, now=now)
    return t("goods.accepted" if accept else "goods.refused", n=count)


def attach(db: Database, user: Actor, campaign_id: str, now: datetime) -> None:
    """Which regular goods go with which leading ones."""
    if not allowed(user, "orders.view"):
        return
    least = st.number_input(t("goods.attach_least"), 2, 1_000, 3, key="goods_least", width=180)
    pairs = service.partners(db, user, campaign_id, int(least))
    if pairs.empty:
        st.info(t("goods.attach_none"), icon=":material/shopping_basket:")
        return
    st.caption(t("goods.attach_note", n=int(least)))
    shown = table(
        pairs,
        PAIRS,
        key="attach",
        filters=PAIR_VIEWS,
        search=("sku_code", "name", "partner_code", "partner_name"),
        export="attach_plan",
    )
    if not allowed(user, "goods.structure"):
        return
    fresh, kept = shown.frame[~shown.frame["kept"] & (shown.frame["verdict"] == "good")], shown.frame[shown.frame["kept"]]
    with st.container(horizontal=True):
        if st.button(t("goods.keep", n=len(fresh)), key="goods_keep", type="primary", disabled=fresh.empty):
            service.keep(db, user, campaign_id, fresh, now=now)
            act(lambda: t("goods.kept_done"))
        if st.button(t("goods.drop", n=len(kept)), key="goods_drop", disabled=kept.empty):
            service.drop(db, user, campaign_id, list(zip(kept["sku_code"], kept["partner_code"], strict=True)), now=now)
            act(lambda: t("goods.kept_done"))


def gaps(view: Picture) -> None:
    """Gaps by function, price bands, concentration."""
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{t('goods.gaps')}**")
        for gap in view.gaps.head(GAPS).to_dict("records"):
            st.markdown(f":material/report: {t('goods.gap', **{str(name): value for name, value in gap.items()})}")
        if len(view.gaps) > GAPS:
            st.caption(t("goods.gaps_more", n=len(view.gaps) - GAPS))
        if view.gaps.empty:
            st.markdown(t("goods.gaps_none"))
        st.markdown(f"**{t('goods.bands')}**")
        charts.draw(
            bands_of(view),
            charts.columns("band", "skus", y_title="goods.share_skus", height=180),
            key="goods_bands",
            alt=plain("goods.bands_alt"),
        )
    with right:
        _concentration(view)


def _concentration(view: Picture) -> None:
    st.markdown(f"**{t('goods.concentration')}**")
    curve = view.concentration
    if curve.empty:
        st.caption(t("goods.no_reports"))
        return
    first = curve[curve["gmv_share"] >= 0.8].iloc[0]
    st.caption(t("goods.concentration_note", n=int(first["rank"]), share=float(first["sku_share"])))
    spec = {
        "height": 260,
        "mark": {"type": "area", "line": {"color": charts.hue("red")}, "color": charts.hue("red"), "opacity": 0.18},
        "encoding": {
            "x": {"field": "sku_share", "type": "quantitative", "title": plain("goods.axis_skus"), "axis": {"format": ".0%"}},
            "y": {"field": "gmv_share", "type": "quantitative", "title": plain("goods.axis_gmv"), "axis": {"format": ".0%"}},
        },
    }
    charts.draw(curve, spec, key="goods_concentration", alt=plain("goods.concentration_alt"))


def data(db: Database, user: Actor, now: datetime) -> None:
    """Daily reports and orders in, with their history."""
    if allowed(user, "signals.import"):
        for kind, name in ((TRAFFIC, "traffic"), (SHOP, "shop"), (ORDERS, "orders")):
            with st.expander(t(f"goods.upload_{name}"), icon=":material/upload_file:"):
                upload(user, kind, key=f"{name}_upload", now=now)
    if allowed(user, "import.view"):
        st.markdown(f"**{t('goods.history')}**")
        history(db, user, (TRAFFIC, SHOP, ORDERS), key="reports_imports", now=now)
