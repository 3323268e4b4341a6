"""What the goods page is made of: the answer, the shape, the matrix with its drawer, the table to look
through and to edit."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import ShopError
from core.goods import structure
from core.goods.structure_sheet import STRUCTURE, structure_sheet
from core.lineup import service
from core.lineup.service import Picture
from core.ttl_cache import TtlCache
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.editing import edit, saved
from pages.parts.components.feedback import attempt, flash, refused
from pages.parts.components.figures.demand import ladder
from pages.parts.components.tables import Filter, table
from pages.parts.components.text import language, money, number, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.goods.drawer import drawer
from pages.parts.upload.flow import upload

DOTS = 400  # SKUs in the matrix: more dots say less
EDITED = 1_000  # rows that an editor takes at once
EDITABLE = ("tier", "function", "sale_price", "planned_units", "planned_gmv")
TIER_HUES = {"pre_hot": "red", "main_push": "amber", "regular": "blue", "clearance": "gray"}
ROWS = (
    Column("sku_code", "goods.sku_code", "code"),
    Column("name", "goods.name", pinned=True, width="medium"),
    Column("spec", "goods.spec"),
    Column("tier", "goods.tier", "state", words="tier"),
    Column("suggested", "goods.suggested", "state", words="tier"),
    Column("function", "goods.function"),
    Column("sale_price", "goods.sale_price", "price"),
    Column("gmv", "goods.gmv", "money"),
    Column("available", "stock.available", "integer", help="stock.available_help"),
    Column("days_of_cover", "goods.cover", "decimal"),
    Column("units", "goods.units", "integer"),
    Column("visitors", "goods.visitors", "integer"),
    Column("conversion", "goods.conversion", "percent"),
    Column("add_to_cart", "goods.carts", "integer"),
    Column("favourites", "goods.favourites", "integer"),
    Column("momentum", "goods.momentum", "decimal", help="goods.momentum_help"),
    Column("votes", "goods.votes", "integer", help="goods.votes_help"),
    Column("planned_units", "goods.planned_units", "integer"),
    Column("target_short", "ladder.target_short", "integer", help="ladder.target_short_help"),
    Column("short", "ladder.short", "integer", help="ladder.short_help", shown=False),
    Column("order", "ladder.order", "integer", help="ladder.order_help", shown=False),
    Column("planned_gmv", "goods.planned_gmv", "money"),
    Column("margin_rate", "goods.margin", "percent"),
    Column("landed_price", "goods.landed_price", "price", shown=False),
    Column("list_price", "goods.list_price", "price", shown=False),
    Column("on_hand", "goods.on_hand", "integer", shown=False),
    Column("in_transit", "goods.in_transit", "integer", shown=False),
    Column("stock_value", "goods.stock_value", "money", help="goods.stock_value_help", shown=False),
    Column("abc", "goods.abc", shown=False),
    Column("category", "goods.category", shown=False),
    Column("brand", "goods.brand", shown=False),
    Column("overlap", "goods.overlap", shown=False),
    Column("promised", "goods.promised", "integer", shown=False),
)
EDITOR = tuple(
    column for column in ROWS if column.name in {"sku_code", "name", "spec", "available", "gmv", *EDITABLE}
)
VIEWS = (
    Filter("leading", "goods.view_leading", lambda rows: rows["tier"].isin(["pre_hot", "main_push"])),
    Filter(
        "moved",
        "goods.view_moved",
        lambda rows: (rows["tier"] != rows["suggested"]) & (rows["decision"] != "refused"),
    ),
    Filter("short", "goods.view_short", lambda rows: rows["target_short"] > 0),
    Filter("double", "goods.view_double", lambda rows: rows["oversold"]),
    Filter("unpriced", "goods.view_unpriced", lambda rows: rows["sale_price"].isna()),
)


_pictures: TtlCache[Picture] = TtlCache(300.0, most=12)  # shared: nobody writes into a picture


def picture(page: PageContext) -> Picture:
    """The line-up, computed again when anything recorded in the shop has changed."""
    key = page.database.url, page.actor.role, page.campaign_id, service.stamp(page.database, page.actor)
    return _pictures.get(key, lambda: service.load(page.database, page.actor, page.campaign_id))


def answer(view: Picture) -> None:
    """Four or five figures."""
    rows, units = view.rows, t("goods.skus")
    leading = rows[rows["tier"].isin(["pre_hot", "main_push"])]
    share = float(leading["gmv"].sum()) / max(float(rows["gmv"].sum()), 1)
    last = plain("goods.last_day", day=view.last_day) if view.last_day else plain("goods.no_reports")
    double = int(rows["oversold"].sum())
    cards(
        Card("goods.card_skus", number(len(rows)), units, against=last),
        Card(
            "goods.card_leading",
            number(len(leading)),
            units,
            against=plain("goods.of_gmv", share=share),
            help="goods.card_leading_help",
        ),
        Card(
            "goods.card_suggest",
            number(int(VIEWS[1].keeps(rows).sum())),
            units,
            help="goods.card_suggest_help",
        ),
        Card(
            "goods.card_gaps", number(len(view.gaps)), alarm=bool(len(view.gaps)), help="goods.card_gaps_help"
        ),
        *(
            [Card("goods.card_double", number(double), units, alarm=True, help="goods.card_double_help")]
            if double
            else []
        ),
        strip=True,
    )


def pictures(page: PageContext, view: Picture) -> None:
    """The shape by tier, and the matrix whose dots open a SKU."""
    shape(view)
    matrix(page, view)


def shape(view: Picture) -> None:
    """Shares by tier against the usual shape."""
    st.markdown(f"**{t('goods.shape')}**")
    parts = (
        ("sku_share", "share_skus", "advised_skus"),
        ("stock_share", "share_stock", ""),
        ("planned_share", "share_planned", "advised_gmv"),
        ("gmv_share", "share_gmv", "advised_gmv"),
    )
    with st.grid(len(parts), min_column_width=160):
        for share, title, advised in parts:
            with st.container():
                _shares(view.shape, share, title, advised)


def _shares(tiers: pd.DataFrame, share: str, title: str, advised: str) -> None:
    """One share by tier as bars, with the usual one as a tick where there is one."""
    st.caption(t(f"goods.{title}"))
    frame = pd.DataFrame(
        {"tier": tiers["tier"].map(lambda tier: plain(f"tier.{tier}")), "share": tiers[share]}
    )
    frame["advised"] = tiers[advised] if advised else None
    target = "advised" if advised else ""
    spec = charts.Bars(
        "tier", "share", value_title=f"goods.{title}", percent=True, target=target, rows=4, row=34
    ).spec()
    charts.draw(frame, spec, key=f"goods_{share}", alt=plain("goods.shape_alt"))


def matrix(page: PageContext, view: Picture) -> None:
    """Traffic x conversion; a dot opens its SKU."""
    dots = view.rows[(view.rows["visitors"] > 0) & view.rows["conversion"].notna()].head(DOTS)
    if dots.empty:
        return
    shown = pd.DataFrame(
        {
            "sku_code": dots["sku_code"],
            "name": dots["name"],
            "visitors": dots["visitors"],
            "conversion": dots["conversion"],
            "yuan": charts.yuan(dots["gmv"]),
            "tier": dots["tier"].map(lambda tier: plain(f"tier.{tier}")),
        }
    )
    st.markdown(f"**{t('goods.matrix')}**")
    event = charts.draw(shown, _matrix_spec(), key="goods_matrix", alt=plain("goods.matrix_alt"), pick=True)
    st.caption(t("goods.matrix_note", n=len(shown)))
    picked = (event or {}).get("selection", {}).get("pick") or []
    if picked:
        drawer(page, view, str(picked[0]["sku_code"]))


def _matrix_spec() -> charts.Spec:
    words = [plain(f"tier.{tier}") for tier in TIER_HUES]
    colour = {"domain": words, "range": [charts.hue(hue) for hue in TIER_HUES.values()]}
    chosen = {"condition": {"param": "pick", "value": 0.85, "empty": True}, "value": 0.2}
    return {
        "height": 320,
        "padding": {**charts.ROOM, "right": 30},  # for the last figure of the axis
        "params": [{"name": "pick", "select": {"type": "point", "fields": ["sku_code"]}}],
        "mark": {"type": "circle", "stroke": charts.hue("ink"), "strokeWidth": 0.3},
        "encoding": {
            "x": {
                "field": "visitors",
                "type": "quantitative",
                "scale": {"type": "log"},
                "title": plain("goods.axis_visitors"),
                "axis": {"grid": False},
            },
            "y": {
                "field": "conversion",
                "type": "quantitative",
                "title": plain("goods.axis_conversion"),
                "axis": {"format": ".1%"},
            },
            "size": {"field": "yuan", "type": "quantitative", "scale": {"range": [20, 900]}, "legend": None},
            "color": {
                "field": "tier",
                "type": "nominal",
                "scale": colour,
                "legend": {"title": None, "orient": "top", "symbolStrokeWidth": 0},
            },
            "opacity": chosen,
            "tooltip": [
                {"field": "name", "title": " "},
                {"field": "sku_code", "title": plain("goods.sku_code")},
                {"field": "visitors", "title": plain("goods.visitors"), "format": ",.0f"},
                {"field": "conversion", "title": plain("goods.conversion"), "format": ".1%"},
                {"field": "yuan", "title": plain("goods.gmv"), "format": ",.0f"},
            ],
        },
    }


def listing(page: PageContext, view: Picture) -> None:
    """The table to look through, or to edit; by workbook too."""
    may = page.may("goods.structure")
    with st.container(horizontal=True, vertical_alignment="center"):
        editing = may and st.toggle(t("goods.edit_mode"), key="goods_editing")
        download(
            Button(t("goods.export_sheet"), "goods_sheet", ":material/table_view:"),
            File("goods_structure.xlsx"),
            lambda _page: structure_sheet(view.rows, language()),
        )
        if may and st.button(
            t("goods.spread"), key="goods_spread", icon=":material/account_tree:", help=t("goods.spread_help")
        ):
            attempt(
                lambda: service.spread(page.database, page.actor, page.campaign_id, now=page.now),
                lambda n: t("goods.spread_done", n=n),
                "success",
            )
    looked_in = ("sku_code", "name", "spec", "function")
    account = ladder(page).lines[["target_short", "short", "order"]]
    shown = table(
        view.rows.join(account),
        ROWS,
        key="goods",
        filters=VIEWS,
        search=looked_in,
        export="goods",
        pick=True,
        rows=not editing,
    )
    if shown.picked is not None:
        drawer(page, view, str(shown.picked))
    if editing:
        _editor(page, shown.frame, view.rows)
    if may:
        with st.expander(t("goods.upload"), icon=":material/upload_file:"):
            st.caption(t("goods.upload_note"))
            upload(page, STRUCTURE, key="structure_upload", campaign_id=page.campaign_id)


def _editor(page: PageContext, rows: pd.DataFrame, stored: pd.DataFrame) -> None:
    if len(rows) > EDITED:
        st.info(t("goods.edit_most", n=EDITED, rows=len(rows)), icon=":material/filter_alt:")
        return
    st.caption(t("goods.edit_note"))
    edited = edit(
        rows, EDITOR, editable=EDITABLE, key="goods", options={"tier": list(TIER_HUES)}, stored=stored
    )
    if edited is None:
        return
    versions = {str(code): int(version) for code, version in edited.source["version"].items()}
    try:
        count = structure.edit(
            page.database,
            page.actor,
            page.campaign_id,
            structure.Cells(edited.changes, versions),
            now=page.now,
        )
    except ShopError as error:
        if error.code == "goods.edit_conflict":
            st.rerun()  # somebody was faster by a moment: the editor shows what they changed
        refused(error)
        return
    flash(t("goods.saved", n=count), "success")
    saved("goods")


def bands_of(view: Picture) -> pd.DataFrame:
    """Price bands with their words."""
    low, high = view.bands["low"], view.bands["high"]
    words = [
        plain("goods.band_open", low=money(a)) if pd.isna(b) else f"{money(a)}–{int(b) // 100:,}"
        for a, b in zip(low, high, strict=True)
    ]
    return view.bands.assign(band=words)
