"""Changing prices: in bulk with the picture before and after, by approval, by publishing; edited sheets back in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.pricing import approving, prices, proposals
from core.pricing.service import Picture
from core.pricing.sheet import BUNDLES, PRICES
from core.sheets import writer
from pages.parts.columns import Column
from pages.parts.editing import Edited, saved
from pages.parts.picker import Chosen
from pages.parts.tables import XLSX, draw, table
from pages.parts.text import error_text, language, plain, t
from pages.parts.upload import upload

SHOWN = ("sale_price", "landed_price", "worst_landed_price", "contribution")
TITLES = {
    "sale_price": "sale_price",
    "landed_price": "landed_price",
    "worst_landed_price": "worst_landed",
    "contribution": "contribution",
}
REQUESTS = (
    Column("about", "pricing.about", "code"),
    Column("kind", "approval.kind", "state", words="approval_kind"),
    Column("phase", "pricing.phase", "state", words="price_phase"),
    Column("state", "approval.state", "state"),
    Column("reason", "pricing.request_reason", width="large"),
    Column("requested_by", "pricing.requested_by"),
    Column("requested_at", "pricing.requested_at", "moment"),
)
FINAL = (("sku_code", "sku_code", "code"), ("name", "name", "text"), ("list_price", "list_price", "money"), ("sale_price", "sale_price", "money"),
         ("landed_price", "landed_price", "money"), ("words", "publish_text", "text"), ("opens", "window", "moment"), ("version", "", "integer"))  # fmt: skip


def bulk(db: Database, user: Actor, chosen: Chosen, picture: Picture, now: datetime) -> None:
    """What to change, how, what it does, and only then the saving."""
    scopes = _scopes(picture)
    with st.form("pricing_bulk", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        scope = st.selectbox(t("pricing.bulk_scope"), list(scopes), format_func=lambda name: scopes[name][0], width=200)
        hows = [how for how in proposals.CHANGES if how != "suggested" or picture.sees_margins]
        how = st.selectbox(t("pricing.bulk_what"), hows, format_func=lambda name: plain(f"pricing.bulk_{name}"), width=240)
        share = st.number_input(t("pricing.bulk_value"), value=85.0, step=1.0, width=130)
        if st.form_submit_button(t("pricing.bulk_preview"), icon=":material/visibility:"):
            st.session_state["pricing_bulk_asked"] = (_place(chosen, picture), scope, how, round(share * 100))
    place, scope, how, points = st.session_state.get("pricing_bulk_asked", ("", "", "", 0))
    if place != _place(chosen, picture) or scope not in scopes:
        return
    found = proposals.reprice(db, user, chosen.campaign_id, scopes[scope][1], how, points, now=now, phase=picture.rules.phase)
    if found.empty:
        st.info(t("pricing.bulk_none"))
        return
    _preview(db, user, chosen, found, now)


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
        f"t:{tier}": (plain(f"price_tier.{tier}"), frame.index[frame["tier"] == tier].tolist()) for tier in frame["tier"].unique()
    }


def confirm(db: Database, user: Actor, chosen: Chosen, phase: str, edited: Edited, now: datetime) -> None:
    """Before edited prices are saved: what they do to landed prices, verdicts and price protection."""
    cells = edited.changes.set_index("key")
    wanted = pd.Series(pd.array(cells["after"].tolist(), dtype="Int64"), index=cells.index)
    found = proposals.propose(db, user, chosen.campaign_id, wanted.dropna(), now=now, phase=phase)

    @st.dialog(plain("pricing.confirm"), width="large", icon=":material/visibility:")
    def shown() -> None:
        """The change, and the saving."""
        _told(found)
        if st.button(t("pricing.bulk_save", n=len(wanted)), type="primary", icon=":material/save:", key="pricing_confirm"):
            versions = edited.source["version"].reindex(wanted.index)
            if _saved(db, user, chosen, pd.DataFrame({"sale_price": wanted, "version": versions}), now):
                saved("pricing_price")

    shown()


def _saved(db: Database, user: Actor, chosen: Chosen, changed: pd.DataFrame, now: datetime) -> bool:
    try:
        count = prices.set_prices(db, user, chosen.campaign_id, changed, now=now)
    except ShopError as error:
        st.error(error_text(error), icon=":material/sync_problem:")
        return False
    st.toast(t("pricing.saved", n=count), icon=":material/check_circle:")
    return True


def _told(found: pd.DataFrame) -> None:
    """What a change would do: how many verdicts get worse, what price protection costs, every price before and after; the worst first."""
    order = {"publishable": 0, "approved": 0, "needs_approval": 1, "refused": 2}
    worse = int((found["verdict_then"].map(order) > found["verdict"].map(order)).sum())
    owed = t("pricing.bulk_protection", fen=int(found["protection"].sum()), n=int(found["protection_units"].sum()))
    st.markdown(f"**{t('pricing.bulk_head', n=len(found))}** · {t('pricing.bulk_worse', n=worse)} · {owed}")
    draw(
        found.assign(sku_code=found.index).sort_values("verdict_then", key=lambda words: -words.map(order)),
        before_after(found),
        key="pricing_bulk_preview",
        height=360,
    )


def _preview(db: Database, user: Actor, chosen: Chosen, found: pd.DataFrame, now: datetime) -> None:
    _told(found)
    with st.container(horizontal=True):
        if st.button(t("pricing.bulk_save", n=len(found)), type="primary", icon=":material/save:", key="pricing_bulk_save"):
            changed = found[["sale_price_then", "version"]].rename(columns={"sale_price_then": "sale_price"})
            if _saved(db, user, chosen, changed, now):
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
            columns += [Column(name, f"pricing.{TITLES[name]}", "price"), Column(f"{name}_then", "pricing.then_word", "price")]
    return [*columns, Column("protection", "pricing.bulk_protection_column", "price")]


def approvals(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """What waits for a second person: finance agrees or refuses, a refusal with its reason; what has moved since is asked for anew."""
    waiting = approving.requests(db, user, chosen.campaign_id)
    if waiting.empty:
        st.info(t("pricing.approvals_none"), icon=":material/task_alt:")
        return
    shown = table(
        waiting.set_index("id", drop=False),
        REQUESTS,
        key="pricing_requests",
        search=("about", "reason"),
        export="approvals",
        pick=bool(waiting["may_decide"].any()),
    )
    moved = waiting[waiting["state"] == "expired"]
    if len(moved):
        _renewal(db, user, len(moved), moved.loc[moved["may_renew"], "id"].tolist(), now)
    stands = shown.frame["state"] == "requested"
    chosen_ones = shown.frame[stands] if shown.picked is None else shown.frame.loc[[shown.picked]]
    ids = chosen_ones.index[chosen_ones["may_decide"]].tolist()
    if not ids:
        return
    with st.form("pricing_decide", border=True):
        st.caption(t("pricing.decide_scope", n=len(ids)))
        note = st.text_input(t("pricing.note"), placeholder=plain("pricing.note_place"))
        with st.container(horizontal=True):
            yes = st.form_submit_button(
                t("pricing.approve"), type="primary", icon=":material/check:", disabled=not stands[ids].all()
            )
            no = st.form_submit_button(t("pricing.refuse"), icon=":material/block:")
    if yes or no:
        _decide(db, user, ids, "approved" if yes else "refused", note, now)


def _renewal(db: Database, user: Actor, moved: int, own: Sequence[str], now: datetime) -> None:
    """Says how many have moved since they were asked for; whoever asks for such things asks anew."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="pricing_moved"):
        st.markdown(t("pricing.requests_moved", n=moved), width="stretch")
        if own and st.button(t("pricing.renew"), icon=":material/refresh:", key="pricing_renew"):
            stand, closed = approving.renew(db, user, own, now=now)
            st.toast(t("pricing.renewed", n=stand, closed=closed), icon=":material/how_to_reg:")
            st.rerun()


def _decide(db: Database, user: Actor, ids: Sequence[str], verdict: str, note: str, now: datetime) -> None:
    try:
        count = approving.decide(db, user, ids, verdict, note, now=now)  # type: ignore[arg-type]
    except ShopError as error:
        st.error(error_text(error))
        return
    st.toast(t("pricing.decided", n=count), icon=":material/how_to_reg:")
    st.rerun()


def publish(db: Database, user: Actor, chosen: Chosen, picture: Picture, now: datetime) -> None:
    """The final price sheet with the words for the detail page; edited sheets and bundles back in."""
    behind = int((~picture.prices["verdict"].isin(["publishable", "approved"])).sum())
    st.caption(t("pricing.publish_note", n=behind))
    if st.button(t("pricing.publish"), type="primary", icon=":material/publish:", key="pricing_publish"):
        made_now = approving.publish(db, user, chosen.campaign_id, now=now, phase=picture.rules.phase)
        st.session_state["pricing_published"] = (_place(chosen, picture), made_now)
    place, done = st.session_state.get("pricing_published", ("", None))
    if place == _place(chosen, picture):
        st.success(t("pricing.publish_done", n=len(done.prices)), icon=":material/check_circle:")
        titles = {field: plain(f"pricing.{key}") if key else "row_version" for field, key, _ in FINAL}
        spoken = done.prices[["opens", "closes", "landed_price"]].to_dict("records")
        rows = done.prices.assign(
            words=[plain("pricing.publish_words", **{str(name): value for name, value in row.items()}) for row in spoken]
        )
        made = partial(final_sheet, rows, titles, plain("pricing.publish_sheet"), language(), chosen.timezone)
        st.download_button(
            t("pricing.publish_download"),
            made,
            file_name="prices.xlsx",
            mime=XLSX,
            key="pricing_final",
            on_click="ignore",
            icon=":material/download:",
        )
    with st.expander(t("pricing.publish_import"), icon=":material/upload_file:"):
        upload(user, PRICES, key="pricing_prices", now=now, campaign_id=chosen.campaign_id)
    with st.expander(t("pricing.bundles_upload"), icon=":material/inventory:"):
        upload(user, BUNDLES, key="pricing_bundles", now=now, campaign_id=chosen.campaign_id)


def final_sheet(rows: pd.DataFrame, titles: dict[str, str], name: str, tongue: str, zone: str) -> bytes:
    """The published prices as a workbook that can be edited and imported again."""
    return writer.export(
        rows.rename_axis("sku_code").reset_index(),
        [(field, titles[field], kind) for field, _, kind in FINAL],
        name,
        tongue,
        zone=zone,
    )
