"""The other tabs of the goods page: suggestions, the attach plan, gaps and price bands, reports and
orders."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.lineup import partners, service
from core.lineup.service import Picture
from core.orders.sheet import ORDERS
from core.signals.sheet import SHOP, TRAFFIC
from pages.parts.components import charts
from pages.parts.components.bulk import Act, bulk
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import Filter, table, ticked, unticked
from pages.parts.components.text import plain, t
from pages.parts.entry.context import PageContext
from pages.parts.goods.structure import bands_of
from pages.parts.upload.flow import upload
from pages.parts.upload.history import history

SUGGESTED = (
    Column("sku_code", "goods.sku_code", "code"),
    Column("name", "goods.name", pinned=True, width="medium"),
    Column("spec", "goods.spec"),
    Column("tier", "goods.tier", "state", words="tier"),
    Column("suggested", "goods.suggested", "state", words="tier"),
    Column("gmv", "goods.gmv", "money"),
    Column("why", "goods.reasons", "list", width="large"),
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
    Column("gain", "goods.gain", "price"),
    Column("together", "goods.together", "integer"),
    Column("confidence", "goods.confidence", "percent", help="goods.confidence_help"),
    Column("lift", "goods.lift", "decimal"),
    Column("needed", "goods.needed", "integer"),
    Column("available", "goods.available", "integer"),
    Column("margin_rate", "goods.margin", "percent"),
    Column("kept", "goods.kept", "flag"),
    Column("support", "goods.support", "percent", shown=False),
)
GAPS = 8  # told one by one, the largest first
PAIR_VIEWS = (
    Filter("good", "goods.view_good", lambda pairs: pairs["verdict"] == "good"),
    Filter("kept", "goods.view_kept", lambda pairs: pairs["kept"]),
)


def suggestions(page: PageContext, view: Picture) -> None:
    """Suggested moves with their reasons, to accept or to refuse."""
    open_ones = view.rows[
        (view.rows["tier"] != view.rows["suggested"]) & (view.rows["decision"] != "refused")
    ]
    if open_ones.empty:
        st.success(t("goods.suggest_none"), icon=":material/check_circle:")
        return
    st.caption(t("goods.suggest_note"))
    words = open_ones["reasons"].map(lambda codes: [plain(f"reason.{code}") for code in codes])
    columns = [column for column in SUGGESTED if column.name in open_ones.columns or column.name == "why"]
    chosen = ticked(open_ones.assign(why=words), columns, key="goods_suggest", height=520)
    if not page.may("goods.structure"):
        return
    with st.container(horizontal=True):
        for name, rows, accept in (("accept", chosen, True), ("refuse", chosen, False)):
            pressed = st.button(
                t(f"goods.{name}", n=len(rows)),
                key=f"goods_{name}",
                disabled=rows.empty,
                type="primary" if name == "accept" else "secondary",
            )
            if pressed:
                moves = {str(code): str(tier) for code, tier in rows["suggested"].items()}
                attempt(partial(_decide, page, moves, accept), str, "success")


def _decide(page: PageContext, moves: dict[str, str], accept: bool) -> str:
    count = service.decide(page.database, page.actor, page.campaign_id, moves, accept, now=page.now)
    return t("goods.accepted" if accept else "goods.refused", n=count)


def attach(page: PageContext) -> None:
    """Which regular goods go with which leading ones."""
    if not page.may("orders.view"):
        return
    least = st.number_input(t("goods.attach_least"), 2, 1_000, 3, key="goods_least", width=180)
    pairs = partners.partners(page.database, page.actor, page.campaign_id, int(least))
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
        many=page.may("goods.structure"),
    )
    acts = (
        Act("keep", "goods.keep", partial(_keep, page), _usable, ":material/playlist_add:"),
        Act(
            "drop",
            "goods.drop",
            partial(_drop, page),
            lambda rows: rows["kept"],
            ":material/playlist_remove:",
        ),
    )
    bulk(shown, acts, key="attach")


def _usable(pairs: pd.DataFrame) -> pd.Series:
    """Pairs that may come into the plan."""
    return ~pairs["kept"] & (pairs["verdict"] == "good")


def _keep(page: PageContext, pairs: pd.DataFrame) -> None:
    if st.button(t("goods.keep", n=len(pairs)), key="goods_keep", type="primary"):
        attempt(
            lambda: partners.keep(page.database, page.actor, page.campaign_id, pairs, now=page.now),
            _attached,
            "success",
        )


def _drop(page: PageContext, pairs: pd.DataFrame) -> None:
    gone = list(zip(pairs["sku_code"], pairs["partner_code"], strict=True))
    if st.button(t("goods.drop", n=len(pairs)), key="goods_drop", type="primary"):
        attempt(
            lambda: partners.drop(page.database, page.actor, page.campaign_id, gone, now=page.now),
            _attached,
            "success",
        )


def _attached(_count: object) -> str:
    unticked("attach")
    return t("goods.kept_done")


def gaps(view: Picture) -> None:
    """Gaps by function, price bands, concentration."""
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{t('goods.gaps')}**")
        for gap in view.gaps.head(GAPS).to_dict("records"):
            st.markdown(
                f":material/report: {t('goods.gap', **{str(name): value for name, value in gap.items()})}"
            )
        if len(view.gaps) > GAPS:
            st.caption(t("goods.gaps_more", n=len(view.gaps) - GAPS))
        if view.gaps.empty:
            st.markdown(t("goods.gaps_none"))
        st.markdown(f"**{t('goods.bands')}**")
        charts.draw(
            bands_of(view),
            charts.Columns("band", "skus", y_title="goods.share_skus", height=180).spec(),
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
        "mark": {
            "type": "area",
            "line": {"color": charts.hue("red")},
            "color": charts.hue("red"),
            "opacity": 0.18,
        },
        "encoding": {
            "x": {
                "field": "sku_share",
                "type": "quantitative",
                "title": plain("goods.axis_skus"),
                "axis": {"format": ".0%"},
            },
            "y": {
                "field": "gmv_share",
                "type": "quantitative",
                "title": plain("goods.axis_gmv"),
                "axis": {"format": ".0%"},
            },
        },
    }
    charts.draw(curve, spec, key="goods_concentration", alt=plain("goods.concentration_alt"))


def data(page: PageContext) -> None:
    """Daily reports and orders in, with their history."""
    if page.may("signals.import"):
        for kind, name in ((TRAFFIC, "traffic"), (SHOP, "shop"), (ORDERS, "orders")):
            with st.expander(t(f"goods.upload_{name}"), icon=":material/upload_file:"):
                upload(page, kind, key=f"{name}_upload")
    if page.may("import.view"):
        st.markdown(f"**{t('goods.history')}**")
        history(page, (TRAFFIC, SHOP, ORDERS), key="reports_imports")
