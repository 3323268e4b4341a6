"""The shop front on the warm-up page: labels previewed as product cards, their words and thresholds, the
banner calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from html import escape

import pandas as pd
import streamlit as st

from core.clock import local_naive, parse_local
from core.warmup import settings
from core.warmup.storefront import service
from pages.parts.components import charts
from pages.parts.components.columns import Column
from pages.parts.components.feedback import refusals
from pages.parts.components.figures.countdown import countdown
from pages.parts.components.states import tone
from pages.parts.components.tables import Filter, table
from pages.parts.components.text import language, literal, plain, t, time
from pages.parts.entry import goods_looks
from pages.parts.entry.context import PageContext
from pages.parts.shell import learnt
from pages.parts.shell.empty import empty
from pages.parts.warmup.flash_sale import default_day

LABELS = (
    Column("sku_code", "warmup.sku_code", "code"),
    Column("name", "warmup.name", pinned=True, width="medium"),
    Column("stock", "warmup.stock_label", "state", words="label_state", width="small"),
    Column("units", "warmup.label_units", "integer"),
    Column("price_text", "warmup.price_text", width="medium"),
    Column("stock_text", "warmup.stock_text"),
    Column("shipping_text", "warmup.shipping_text"),
    Column("countdown_text", "warmup.countdown_text"),
    Column("target", "warmup.countdown_to", "moment"),
    Column("mood_text", "warmup.mood_text"),
)
VIEWS = (
    Filter("sold_out", "label_state.sold_out", lambda frame: frame["stock"] == "sold_out"),
    Filter("few", "label_state.few_left", lambda frame: frame["stock"].isin(["few_left", "low_stock"])),
    Filter("presale", "warmup.view_presale", lambda frame: frame["presale"] != ""),
    Filter("no_price", "warmup.view_no_price", lambda frame: frame["price"].isna()),
)
BANNERS = (
    Column("position", "warmup.position", pinned=True),
    Column("title", "warmup.banner_title", pinned=True),
    Column("starts_at", "warmup.starts_at", "moment"),
    Column("ends_at", "warmup.ends_at", "moment"),
)


def labels(page: PageContext) -> None:
    """What the shop front shows this minute: a preview of one SKU, the table of all, the words behind
    them."""
    frame = service.labels(page.database, page.actor, page.campaign_id, page.now, language())
    if frame.empty:
        empty("warmup.no_labels", button="warmup.make_line_up", page="goods")
    else:
        order = frame["stock"].map({"off_sale": 0, "sold_out": 0, "few_left": 1, "low_stock": 2}).fillna(3)
        rows = frame.assign(order=order).sort_values(["order", "sku_code"]).set_index("sku_code", drop=False)
        left, right = st.columns([3, 1])
        with left:
            st.caption(t("warmup.labels_note"))
            labelled = table(
                rows,
                LABELS,
                key="warmup_labels",
                filters=VIEWS,
                search=("sku_code", "name"),
                export="labels",
                pick=True,
            )
        if len(labelled.frame):
            with right:
                _preview(
                    rows.loc[[str(labelled.picked)]].iloc[0]
                    if labelled.picked is not None
                    else labelled.frame.iloc[0],
                    page.now,
                )
    if page.may("warmup.edit"):
        _words(page)


def _preview(row: pd.Series, now: datetime) -> None:
    """A product card as buyers see it; the name is shown letter by letter."""
    with st.container(border=True, key="label_preview"):
        picture = goods_looks.picture(str(row["sku_code"]))
        if picture:
            st.html(f'<img src="{escape(picture)}" alt="" width="96" height="96">', width="content")
        if row["mood_text"]:
            st.badge(row["mood_text"], color="red")
        st.subheader(literal(row["name"] or row["sku_code"]), anchor=False)
        if row["price_text"]:
            st.markdown(f":red[**{literal(row['price_text'])}**]")
        if row["stock_text"]:
            st.badge(row["stock_text"], color=tone(row["stock"]))  # type: ignore[arg-type]
        if row["countdown"] and pd.notna(row["target"]):
            countdown(row["target"].to_pydatetime(), now, key="label_countdown", label=row["countdown_text"])
        st.caption(literal(" · ".join(filter(None, (row["shipping_text"], row["limit_text"])))))


def _words(page: PageContext) -> None:
    """The campaign's own words and thresholds."""
    with st.expander(t("warmup.label_settings"), icon=":material/tune:"):
        learnt.on(page, "label")
        _words_form(page)


def _words_form(page: PageContext) -> None:
    thresholds, _, _ = settings.beliefs(page.database, page.actor, page.campaign_id)
    words = settings.words(page.database, page.actor, page.campaign_id)
    with st.form("warmup_label_settings"):
        with st.grid(3, min_column_width=160):
            few = int(
                st.number_input(
                    t("warmup.few_units"), 0, 100_000, thresholds.few_units, help=t("warmup.few_units_help")
                )
            )
            share = (
                st.number_input(
                    t("warmup.low_share"),
                    0,
                    100,
                    round(thresholds.low_share * 100),
                    help=t("warmup.low_share_help"),
                )
                / 100
            )
            hours = int(st.number_input(t("warmup.ship_hours"), 1, 720, thresholds.ship_hours))
        st.caption(t("warmup.copy_note"))
        with st.grid(3, min_column_width=220):
            own = {code: st.text_input(plain(f"copy.{code}"), text) for code, text in words.items()}
        if st.form_submit_button(t("common.save"), type="primary"):
            with refusals():
                settings.set_labels(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    replace(thresholds, few_units=few, low_share=share, ship_hours=hours),
                    page.now,
                )
                settings.set_copy(
                    page.database, page.actor, page.campaign_id, settings.changed(own), page.now
                )
                st.rerun()


def banners(page: PageContext) -> None:
    """The rotation of banners by position and time, with what collides."""
    frame, clashes = service.banners(page.database, page.actor, page.campaign_id)
    for row in clashes.to_dict("records"):
        begins, ends = (
            time(pd.Timestamp(row[name]).to_pydatetime(), page.sale.timezone)
            for name in ("starts_at", "ends_at")
        )
        texts = {"position": row["position"], "first": row["first_title"], "second": row["second_title"]}
        st.warning(
            t("warmup.banner_clash", **texts, starts_at=begins, ends_at=ends), icon=":material/warning:"
        )
    if frame.empty:
        empty("warmup.no_banners")
    else:
        spans = _banner_spans(frame, clashes, page.sale.timezone)
        charts.draw(
            spans, charts.timeline(rows=len(frame)), key="warmup_banners", alt=plain("warmup.banners_alt")
        )
        shown = table(
            frame.set_index("banner_id", drop=False),
            BANNERS,
            key="warmup_banner",
            search=("position", "title"),
            export="banners",
            pick=True,
        )
        if (
            shown.picked is not None
            and page.may("warmup.edit")
            and st.button(t("warmup.drop_banner"), icon=":material/delete:")
        ):
            service.drop_banner(page.database, page.actor, page.campaign_id, str(shown.picked), page.now)
            st.rerun()
    if page.may("warmup.edit"):
        _add_banner(page)


def _banner_spans(frame: pd.DataFrame, clashes: pd.DataFrame, zone: str) -> pd.DataFrame:
    """A row a banner, by position and time, and over it in red the stretches that another banner wants
    too."""
    names = (frame["position"] + " · " + frame["title"]).set_axis(frame["banner_id"])
    twice = pd.concat([clashes.rename(columns={side: "banner_id"}) for side in ("first", "second")])
    rows = pd.concat([frame.assign(tone="blue"), twice.assign(tone="red")], ignore_index=True)
    return pd.DataFrame(
        {
            "name": rows["banner_id"].map(names.groupby(level=0).first()),
            "start": local_naive(rows["starts_at"], zone),
            "end": local_naive(rows["ends_at"], zone),
            "tone": rows["tone"],
            "word": [plain(f"warmup.banner_{tone}") for tone in rows["tone"]],
        }
    )


def _add_banner(page: PageContext) -> None:
    with st.expander(t("warmup.add_banner"), icon=":material/add:"), st.form("warmup_banner_form"):
        with st.grid(4, min_column_width=180):
            position = st.text_input(t("warmup.position"), placeholder=plain("warmup.position_place"))
            title = st.text_input(t("warmup.banner_title"))
            start = st.datetime_input(t("warmup.starts_at"), default_day(page.sale) - timedelta(days=3))
            end = st.datetime_input(t("warmup.ends_at"), default_day(page.sale))
        if st.form_submit_button(t("warmup.add_banner"), type="primary"):
            with refusals():
                begins, ends = (parse_local(at.isoformat(), page.sale.timezone) for at in (start, end))
                service.put_banner(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    service.Banner(position, title, begins, ends),
                    page.now,
                )
                st.rerun()
