"""Clocks on the warm-up page: countdown tiles and the schedule of everything; flash-sale sessions and their
locks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.clock import local_naive, parse_local
from core.warmup import service, settings
from core.warmup.flash_sale import service as selling
from pages.parts.components import charts
from pages.parts.components.bulk import Act, bulk
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt, refusals
from pages.parts.components.figures.countdown import countdown
from pages.parts.components.tables import Filter, table, unticked
from pages.parts.components.text import number, plain, t, time
from pages.parts.entry.context import Chosen, PageContext
from pages.parts.shell.empty import empty

TILES = 4
TONES = {
    "live": "red",
    "encore": "red",
    "warm_up": "amber",
    "notice": "amber",
    "presale_deposit": "blue",
    "presale_balance": "blue",
    "session": "green",
    "balance": "blue",
    "coupon": "amber",
}
SESSIONS = (
    Column("sku_code", "warmup.sku_code", "code"),
    Column("sku_name", "warmup.name", pinned=True, width="medium"),
    Column("name", "warmup.session"),
    Column("wave", "warmup.wave", "integer"),
    Column("shown", "warmup.state", "state", words="session_state"),
    Column("starts_at", "warmup.starts_at", "moment"),
    Column("ends_at", "warmup.ends_at", "moment"),
    Column("quota", "warmup.quota", "integer", help="warmup.quota_help"),
    Column("held", "warmup.held", "integer", help="warmup.held_help"),
    Column("sold", "warmup.sold", "integer"),
    Column("needs_reservation", "warmup.needs_reservation", "flag"),
    Column("short", "warmup.short", "integer", help="warmup.short_help"),
)
VIEWS = (
    Filter("runs", "warmup.view_runs", lambda frame: frame["shown"] == "runs"),
    Filter("over", "warmup.view_over", lambda frame: frame["shown"] == "over"),
    Filter("short", "warmup.view_short", lambda frame: frame["short"] > 0),
    Filter("open", "warmup.view_open", lambda frame: frame["state"] != "closed"),
)


def schedule(page: PageContext) -> None:
    """The next clocks as tiles, and everything with a clock on one picture."""
    frame = service.schedule(page.database, page.actor, page.campaign_id)
    _tiles(frame, page.now)
    words = [_word(row) for row in frame[["kind", "subject", "name", "goods"]].to_dict("records")]
    spans = pd.DataFrame(
        {
            "name": words,
            "start": local_naive(frame["starts_at"], page.sale.timezone),
            "end": local_naive(frame["ends_at"], page.sale.timezone),
            "tone": frame["kind"].map(TONES).fillna("gray"),
            "word": [plain(_kind(code)) for code in frame["kind"]],
        }
    )
    line = pd.DataFrame(
        {
            "name": ["now"],
            "start": local_naive(pd.Series([pd.Timestamp(page.now)]), page.sale.timezone),
            "end": [pd.NaT],
            "tone": ["gray"],
            "word": [""],
        }
    )
    charts.draw(
        pd.concat([spans, line], ignore_index=True),
        charts.timeline(rows=spans["name"].nunique()),
        key="warmup_schedule",
        alt=plain("warmup.schedule_alt"),
    )
    st.caption(t("warmup.schedule_note", zone=page.sale.timezone))
    if page.may("warmup.edit"):
        _coupons(page)


def _coupons(page: PageContext) -> None:
    """The coupons whose expiry is counted down: add one, drop one."""
    coupons = settings.coupons(page.database, page.actor, page.campaign_id)
    with st.expander(t("warmup.coupons"), icon=":material/confirmation_number:"):
        for place, (name, _, ends_at) in enumerate(coupons):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    t("warmup.coupon_until", name=name, at=time(ends_at, page.sale.timezone)), width="content"
                )
                if st.button(t("warmup.drop_coupon"), key=f"warmup_coupon_{place}", type="tertiary"):
                    settings.set_coupons(
                        page.database,
                        page.actor,
                        page.campaign_id,
                        coupons[:place] + coupons[place + 1 :],
                        page.now,
                    )
                    st.rerun()
        with st.form("warmup_coupon_form", clear_on_submit=True):
            with st.grid(3, min_column_width=180):
                name = st.text_input(t("warmup.coupon_name"))
                start = st.datetime_input(t("warmup.starts_at"), default_day(page.sale, -7))
                end = st.datetime_input(t("warmup.expires"), default_day(page.sale, 1))
            if st.form_submit_button(t("warmup.add_coupon"), type="primary"):
                with refusals():
                    begins, ends = (parse_local(at.isoformat(), page.sale.timezone) for at in (start, end))
                    settings.set_coupons(
                        page.database,
                        page.actor,
                        page.campaign_id,
                        [*coupons, (name, begins, ends)],
                        page.now,
                    )
                    st.rerun()


def _tiles(frame: pd.DataFrame, now: datetime) -> None:
    """Countdowns to the next beginnings and endings, the nearest first."""
    moment = pd.Timestamp(now)
    frame = frame[frame["kind"] != "banner"]
    begins = frame[frame["starts_at"] > moment].assign(
        at=lambda rows: rows["starts_at"], word="warmup.until_starts"
    )
    ends = frame[(frame["starts_at"] <= moment) & (frame["ends_at"] > moment)].assign(
        at=lambda rows: rows["ends_at"], word="warmup.until_ends"
    )
    nearest = pd.concat([begins, ends]).sort_values("at").drop_duplicates(["kind", "at", "word"]).head(TILES)
    if nearest.empty:
        return
    with st.grid(len(nearest), min_column_width=220):
        for place, row in enumerate(nearest.to_dict("records")):
            with st.container(border=True):
                label = plain(row["word"], what=_word(row))
                countdown(
                    row["at"].to_pydatetime(), now, key=f"warmup_tile_{place}", label=label, size="large"
                )


def _kind(code: str) -> str:
    return f"clock.{code}" if code in {"session", "balance", "coupon", "banner"} else f"phase.{code}"


def _word(row: Mapping[Hashable, Any]) -> str:
    """What a clock belongs to, in a few words."""
    many = plain("warmup.goods_sharing", n=row["goods"]) if row["goods"] > 1 else ""
    parts = [
        plain(_kind(row["kind"])),
        row["name"],
        row["subject"] if row["subject"] != row["name"] else "",
        many,
    ]
    return " ".join(part for part in parts if part)


def sessions(page: PageContext) -> None:
    """The sessions with their locks; plan, lock, close."""
    frame = selling.sessions(page.database, page.actor, page.campaign_id, page.now)
    frame = frame.assign(
        shown=frame["state"].mask(frame["runs"], "runs").mask(frame["over"], "over")
    ).set_index("session_id", drop=False)
    if frame.empty:
        empty("warmup.no_sessions")
    else:
        _answer(frame)
        st.caption(t("warmup.session_hint"))
        shown = table(
            frame,
            SESSIONS,
            key="warmup_sessions",
            filters=VIEWS,
            search=("sku_code", "sku_name", "name"),
            export="sessions",
            many=page.may("warmup.edit"),
        )
        acts = (
            Act("lock", "warmup.lock", partial(_lock, page), _lockable, ":material/lock:"),
            Act("close", "warmup.close", partial(_close, page), _closable, ":material/event_available:"),
        )
        bulk(shown, acts, key="warmup_sessions")
    if page.may("warmup.edit"):
        _plan(page)


def _answer(frame: pd.DataFrame) -> None:
    open_ = frame[frame["state"] != "closed"]
    cards(
        Card("warmup.quota", number(int(open_["quota"].sum())), t("warmup.units"), help="warmup.quota_help"),
        Card("warmup.held", number(int(open_["held"].sum())), t("warmup.units"), help="warmup.held_help"),
        Card("warmup.sold", number(int(frame["sold"].sum())), t("warmup.units")),
        Card(
            "warmup.short",
            number(int(open_.drop_duplicates("sku_code")["short"].sum())),
            t("warmup.units"),
            alarm=bool((open_["short"] > 0).any()),
            help="warmup.short_help",
        ),
    )


def _lockable(frame: pd.DataFrame) -> pd.Series:
    return (frame["state"] == "planned") & ~frame["over"]


def _closable(frame: pd.DataFrame) -> pd.Series:
    return frame["state"] != "closed"


def _lock(page: PageContext, rows: pd.DataFrame) -> None:
    """The ticked sessions get their units for themselves."""
    st.caption(t("warmup.lock_units", units=int(rows["quota"].sum())))
    if st.button(t("warmup.lock", n=len(rows)), key="warmup_lock", type="primary"):
        attempt(
            lambda: selling.lock(page.database, page.actor, rows["session_id"].tolist(), page.now),
            partial(_done, "warmup.locked"),
        )


def _close(page: PageContext, rows: pd.DataFrame) -> None:
    """The ticked sessions end, and what they held goes back."""
    st.caption(t("warmup.close_units", units=int(rows["held"].sum())))
    if st.button(t("warmup.close", n=len(rows)), key="warmup_close", type="primary"):
        attempt(
            lambda: selling.close(page.database, page.actor, rows["session_id"].tolist(), page.now),
            partial(_done, "warmup.closed"),
        )


def _done(words: str, units: int) -> str:
    unticked("warmup_sessions")
    return t(words, units=units)


def _plan(page: PageContext) -> None:
    """One session, or several release waves at set distances."""
    opening = (
        local_naive(pd.Series([pd.Timestamp(page.sale.opens_at)]), page.sale.timezone).iloc[0].to_pydatetime()
    )
    with st.expander(t("warmup.plan_session"), icon=":material/add:"), st.form("warmup_session"):
        with st.grid(3, min_column_width=200):
            code = st.text_input(t("warmup.sku_code"))
            name = st.text_input(t("warmup.session"))
            starts = st.datetime_input(t("warmup.starts_at"), opening)
            length = int(st.number_input(t("warmup.minutes"), 1, 10_080, 60))
            quotas = st.text_input(
                t("warmup.quotas"), help=t("warmup.quotas_help"), placeholder="100, 50, 20"
            )
            every = int(st.number_input(t("warmup.every"), 0, 10_080, 0, help=t("warmup.every_help")))
        reservation = st.checkbox(t("warmup.needs_reservation"))
        if st.form_submit_button(t("warmup.plan_session"), type="primary"):
            with refusals():
                amounts = selling.quotas(quotas)
                at = parse_local(starts.isoformat(), page.sale.timezone)
                selling.plan(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    selling.NewSession(
                        code.strip(),
                        name,
                        at,
                        amounts,
                        length_minutes=length,
                        every_minutes=every,
                        needs_reservation=reservation,
                    ),
                    now=page.now,
                )
                st.rerun()


def default_day(chosen: Chosen, days: int = 0) -> datetime:
    """Some days after the opening, on the campaign's clock: where a form begins."""
    opening = local_naive(pd.Series([pd.Timestamp(chosen.opens_at)]), chosen.timezone).iloc[0].to_pydatetime()
    begin: datetime = opening + timedelta(days=days)
    return begin
