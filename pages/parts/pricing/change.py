"""Changing prices: in bulk with the picture before and after, by approval, by publishing; edited sheets back
in."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.errors import ShopError
from core.pricing import approvals as approving
from core.pricing import what_if
from core.pricing.changes import prices
from core.pricing.changes.sheet import BUNDLES, PRICES
from core.pricing.engine.verdicts import READY, Verdict
from core.pricing.service import Picture
from core.sheets import writer
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.editing import Edited, saved
from pages.parts.components.feedback import refused
from pages.parts.components.tables import draw
from pages.parts.components.text import language, plain, t
from pages.parts.entry.context import Chosen, PageContext
from pages.parts.entry.guarded import Frame, dialog
from pages.parts.shell import learnt
from pages.parts.upload.flow import upload

SHOWN = ("sale_price", "landed_price", "worst_landed_price", "contribution")
TITLES = {
    "sale_price": "sale_price",
    "landed_price": "landed_price",
    "worst_landed_price": "worst_landed",
    "contribution": "contribution",
}
FINAL = (
    ("sku_code", "sku_code", "code"),
    ("name", "name", "text"),
    ("list_price", "list_price", "money"),
    ("sale_price", "sale_price", "money"),
    ("landed_price", "landed_price", "money"),
    ("words", "publish_text", "text"),
    ("opens", "window", "moment"),
    ("version", "", "integer"),
)


def bulk(page: PageContext, picture: Picture) -> None:
    """What to change, how, what it does, and only then the saving."""
    scopes = _scopes(picture)
    learnt.on(page, "price")
    with st.form("pricing_bulk", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        scope = st.selectbox(
            t("pricing.bulk_scope"), list(scopes), format_func=lambda name: scopes[name][0], width=200
        )
        hows = [how for how in what_if.CHANGES if how != "suggested" or picture.sees_margins]
        how = st.selectbox(
            t("pricing.bulk_what"), hows, format_func=lambda name: plain(f"pricing.bulk_{name}"), width=240
        )
        share = st.number_input(t("pricing.bulk_value"), value=85.0, step=1.0, width=130)
        if st.form_submit_button(t("pricing.bulk_preview"), icon=":material/visibility:"):
            st.session_state["pricing_bulk_asked"] = (
                _place(page.sale, picture),
                scope,
                how,
                round(share * 100),
            )
    place, scope, how, points = st.session_state.get("pricing_bulk_asked", ("", "", "", 0))
    if place != _place(page.sale, picture) or scope not in scopes:
        return
    proposal = what_if.reprice(
        page.database,
        page.actor,
        page.campaign_id,
        what_if.Bulk(scopes[scope][1], how, points, phase=picture.rules.phase),
        now=page.now,
    )
    if proposal.empty:
        st.info(t("pricing.bulk_none"))
        return
    _preview(page, proposal)


def _place(chosen: Chosen, picture: Picture) -> str:
    """What an answer kept in the session was about: on another campaign or phase it is none."""
    return f"{chosen.campaign_id}/{picture.rules.phase}"


def _scopes(picture: Picture) -> dict[str, tuple[str, list[str]]]:
    """Name -> (word, codes): everything, each verdict, each tier."""
    frame = picture.prices
    scopes = {"all": (plain("pricing.bulk_scope_all"), frame.index.tolist())}
    scopes |= {
        f"v:{code}": (plain(f"state.{code}"), frame.index[frame["verdict"] == code].tolist())
        for code in frame["verdict"].unique()
    }
    return scopes | {
        f"t:{tier}": (plain(f"price_tier.{tier}"), frame.index[frame["tier"] == tier].tolist())
        for tier in frame["tier"].unique()
    }


def confirm(page: PageContext, phase: str, edited: Edited) -> None:
    """Before edited prices are saved: what they do to landed prices, verdicts and price protection."""
    cells = edited.changes.set_index("key")
    wanted = pd.Series(pd.array(cells["after"].tolist(), dtype="Int64"), index=cells.index)
    proposal = what_if.propose(
        page.database,
        page.actor,
        page.campaign_id,
        what_if.Proposed(wanted.dropna(), phase=phase),
        now=page.now,
    )

    changed = pd.DataFrame({"sale_price": wanted, "version": edited.source["version"].reindex(wanted.index)})
    frame = Frame(plain("pricing.confirm"), "large", ":material/visibility:")
    dialog(frame, "price.edit", _confirmed, proposal, changed)


def _confirmed(page: PageContext, found: pd.DataFrame, changed: pd.DataFrame) -> None:
    """The change, and the saving."""
    _told(found)
    if st.button(
        t("pricing.bulk_save", n=len(changed)), type="primary", icon=":material/save:", key="pricing_confirm"
    ) and _saved(page, changed):
        saved("pricing_price")


def _saved(page: PageContext, changed: pd.DataFrame) -> bool:
    try:
        count = prices.set_prices(page.database, page.actor, page.campaign_id, changed, now=page.now)
    except ShopError as error:
        refused(error)
        return False
    st.toast(t("pricing.saved", n=count), icon=":material/check_circle:")
    return True


def _told(found: pd.DataFrame) -> None:
    """What a change would do: how many verdicts get worse, what price protection costs, every price before
    and after; the worst first."""
    order = {
        Verdict.PUBLISHABLE: 0,
        Verdict.APPROVED: 0,
        Verdict.NEEDS_APPROVAL: 1,
        **dict.fromkeys((Verdict.NO_COST, Verdict.UNPRICED, Verdict.REFUSED), 2),
    }
    worse = int((found["verdict_then"].map(order) > found["verdict"].map(order)).sum())
    owed = t(
        "pricing.bulk_protection", fen=int(found["protection"].sum()), n=int(found["protection_units"].sum())
    )
    st.markdown(f"**{t('pricing.bulk_head', n=len(found))}** · {t('pricing.bulk_worse', n=worse)} · {owed}")
    draw(
        found.assign(sku_code=found.index).sort_values("verdict_then", key=lambda words: -words.map(order)),
        before_after(found),
        key="pricing_bulk_preview",
        height=360,
    )


def _preview(page: PageContext, found: pd.DataFrame) -> None:
    _told(found)
    with st.container(horizontal=True):
        if st.button(
            t("pricing.bulk_save", n=len(found)),
            type="primary",
            icon=":material/save:",
            key="pricing_bulk_save",
        ):
            changed = found[["sale_price_then", "version"]].rename(columns={"sale_price_then": "sale_price"})
            if _saved(page, changed):
                _forget()
        if st.button(t("common.discard"), key="pricing_bulk_drop"):
            _forget()


def _forget() -> None:
    st.session_state.pop("pricing_bulk_asked", None)
    st.rerun()


def before_after(found: pd.DataFrame) -> list[Column]:
    """Columns of a change: each figure beside what it becomes."""
    columns = [
        Column("sku_code", "pricing.sku_code", "code"),
        Column("name", "pricing.name", pinned=True),
        Column("verdict", "pricing.verdict", "state"),
        Column("verdict_then", "pricing.then_word", "state"),
    ]
    for name in SHOWN:
        if name in found:
            columns += [
                Column(name, f"pricing.{TITLES[name]}", "price"),
                Column(f"{name}_then", "pricing.then_word", "price"),
            ]
    return [*columns, Column("protection", "pricing.bulk_protection_column", "price")]


def publish(page: PageContext, picture: Picture) -> None:
    """The final price sheet with the words for the detail page; edited sheets and bundles back in."""
    behind = int((~picture.prices["verdict"].isin(READY)).sum())
    st.caption(t("pricing.publish_note", n=behind))
    if st.button(t("pricing.publish"), type="primary", icon=":material/publish:", key="pricing_publish"):
        made_now = approving.publish(
            page.database, page.actor, page.campaign_id, now=page.now, phase=picture.rules.phase
        )
        st.session_state["pricing_published"] = (_place(page.sale, picture), made_now)
    place, done = st.session_state.get("pricing_published", ("", None))
    if place == _place(page.sale, picture):
        st.success(t("pricing.publish_done", n=len(done.prices)), icon=":material/check_circle:")
        titles = {field: plain(f"pricing.{key}") if key else "row_version" for field, key, _ in FINAL}
        spoken = done.prices[["opens", "closes", "landed_price"]].to_dict("records")
        rows = done.prices.assign(
            words=[
                plain("pricing.publish_words", **{str(name): value for name, value in row.items()})
                for row in spoken
            ]
        )
        make = partial(
            final_sheet, rows, titles, plain("pricing.publish_sheet"), language(), page.sale.timezone
        )
        download(
            Button(t("pricing.publish_download"), "pricing_final"),
            File("prices.xlsx"),
            lambda _page: make(),
            action="price.edit",
        )
    with st.expander(t("pricing.publish_import"), icon=":material/upload_file:"):
        upload(page, PRICES, key="pricing_prices", campaign_id=page.campaign_id)
    with st.expander(t("pricing.bundles_upload"), icon=":material/inventory:"):
        upload(page, BUNDLES, key="pricing_bundles", campaign_id=page.campaign_id)


def final_sheet(rows: pd.DataFrame, titles: dict[str, str], name: str, tongue: str, zone: str) -> bytes:
    """The published prices as a workbook that can be edited and imported again."""
    columns = [(field, titles[field], kind) for field, _, kind in FINAL]
    return writer.export(rows.rename_axis("sku_code").reset_index(), columns, name, tongue, zone=zone)
