"""The shop front on the warm-up page: labels previewed as product cards, their words and thresholds, the banner calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.clock import local_naive, parse_local
from core.database import Database
from core.errors import ShopError
from core.warmup import settings, storefront
from pages.parts import charts
from pages.parts.columns import Column
from pages.parts.countdown import countdown
from pages.parts.empty import empty
from pages.parts.flash_sale import default_day
from pages.parts.picker import Chosen
from pages.parts.states import tone
from pages.parts.tables import Filter, table
from pages.parts.text import error_text, language, literal, plain, t, time

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


def labels(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """What the shop front shows this minute: a preview of one SKU, the table of all, the words behind them."""
    frame = storefront.labels(db, user, chosen.campaign_id, now, language())
    if frame.empty:
        empty("warmup.no_labels", button="warmup.make_line_up", page="goods")
    else:
        order = frame["stock"].map({"off_sale": 0, "sold_out": 0, "few_left": 1, "low_stock": 2}).fillna(3)
        rows = frame.assign(order=order).sort_values(["order", "sku_code"]).set_index("sku_code", drop=False)
        left, right = st.columns([3, 1])
        with left:
            st.caption(t("warmup.labels_note"))
            found = table(
                rows, LABELS, key="warmup_labels", filters=VIEWS, search=("sku_code", "name"), export="labels", pick=True
            )
        if len(found.frame):
            with right:
                _preview(rows.loc[[str(found.picked)]].iloc[0] if found.picked is not None else found.frame.iloc[0], now)
    if allowed(user, "warmup.edit"):
        _words(db, user, chosen, now)


def _preview(row: pd.Series, now: datetime) -> None:
    """A product card as buyers see it; the name is shown letter by letter."""
    with st.container(border=True, key="label_preview"):
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


def _words(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """The campaign's own words and thresholds."""
    thresholds, _, _ = settings.beliefs(db, user, chosen.campaign_id)
    words = settings.words(db, user, chosen.campaign_id)
    with st.expander(t("warmup.label_settings"), icon=":material/tune:"), st.form("warmup_label_settings"):
        with st.grid(3, min_column_width=160):
            few = int(st.number_input(t("warmup.few_units"), 0, 100_000, thresholds.few_units, help=t("warmup.few_units_help")))
            share = (
                st.number_input(t("warmup.low_share"), 0, 100, round(thresholds.low_share * 100), help=t("warmup.low_share_help"))
                / 100
            )
            hours = int(st.number_input(t("warmup.ship_hours"), 1, 720, thresholds.ship_hours))
        st.caption(t("warmup.copy_note"))
        with st.grid(3, min_column_width=220):
            own = {code: st.text_input(plain(f"copy.{code}"), text) for code, text in words.items()}
        if st.form_submit_button(t("common.save"), type="primary"):
            try:
                settings.set_labels(
                    db, user, chosen.campaign_id, replace(thresholds, few_units=few, low_share=share, ship_hours=hours), now
                )
                settings.set_copy(db, user, chosen.campaign_id, settings.changed(own), now)
                st.rerun()
            except ShopError as error:
                st.error(error_text(error))


def banners(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """The rotation of banners by position and time, with what collides."""
    frame, clashes = storefront.banners(db, user, chosen.campaign_id)
    for row in clashes.to_dict("records"):
        begins, ends = (time(pd.Timestamp(row[name]).to_pydatetime(), chosen.timezone) for name in ("starts_at", "ends_at"))
        told = {"position": row["position"], "first": row["first_title"], "second": row["second_title"]}
        st.warning(t("warmup.banner_clash", **told, starts_at=begins, ends_at=ends), icon=":material/warning:")
    if frame.empty:
        empty("warmup.no_banners")
    else:
        spans = _banner_spans(frame, clashes, chosen.timezone)
        charts.draw(
            spans,
            charts.timeline(rows=len(frame)),
            key="warmup_banners",
            alt=plain("warmup.banners_alt"),
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
            and allowed(user, "warmup.edit")
            and st.button(t("warmup.drop_banner"), icon=":material/delete:")
        ):
            storefront.drop_banner(db, user, chosen.campaign_id, str(shown.picked), now)
            st.rerun()
    if allowed(user, "warmup.edit"):
        _add_banner(db, user, chosen, now)


def _banner_spans(frame: pd.DataFrame, clashes: pd.DataFrame, zone: str) -> pd.DataFrame:
    """A row a banner, by position and time, and over it in red the stretches that another banner wants too."""
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


def _add_banner(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    with st.expander(t("warmup.add_banner"), icon=":material/add:"), st.form("warmup_banner_form"):
        with st.grid(4, min_column_width=180):
            position = st.text_input(t("warmup.position"), placeholder=plain("warmup.position_place"))
            title = st.text_input(t("warmup.banner_title"))
            start = st.datetime_input(t("warmup.starts_at"), default_day(chosen) - timedelta(days=3))
            end = st.datetime_input(t("warmup.ends_at"), default_day(chosen))
        if st.form_submit_button(t("warmup.add_banner"), type="primary"):
            try:
                begins, ends = (parse_local(at.isoformat(), chosen.timezone) for at in (start, end))
                storefront.put_banner(db, user, chosen.campaign_id, position, title, begins, ends, now)
                st.rerun()
            except ShopError as error:
                st.error(error_text(error))
