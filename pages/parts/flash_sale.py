"""Clocks on the warm-up page: countdown tiles and the schedule of everything; flash-sale sessions and their locks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.clock import local_naive, parse_local
from core.database import Database
from core.errors import ShopError
from core.warmup import selling, service, settings
from pages.parts import charts
from pages.parts.cards import Card, cards
from pages.parts.columns import Column
from pages.parts.countdown import countdown
from pages.parts.empty import empty
from pages.parts.picker import Chosen
from pages.parts.tables import Filter, table
from pages.parts.text import error_text, number, plain, t, time

TILES = 4
TONES = {
    "live": "red", "encore": "red", "warm_up": "amber", "notice": "amber", "presale_deposit": "blue", "presale_balance": "blue",
    "session": "green", "balance": "blue", "coupon": "amber",
}  # fmt: skip
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


def schedule(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """The next clocks as tiles, and everything with a clock on one picture."""
    frame = service.schedule(db, user, chosen.campaign_id)
    _tiles(frame, now)
    words = [_word(row) for row in frame[["kind", "subject", "name", "goods"]].to_dict("records")]
    spans = pd.DataFrame(
        {
            "name": words,
            "start": local_naive(frame["starts_at"], chosen.timezone),
            "end": local_naive(frame["ends_at"], chosen.timezone),
            "tone": frame["kind"].map(TONES).fillna("gray"),
            "word": [plain(_kind(code)) for code in frame["kind"]],
        }
    )
    line = pd.DataFrame(
        {
            "name": ["now"],
            "start": local_naive(pd.Series([pd.Timestamp(now)]), chosen.timezone),
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
    st.caption(t("warmup.schedule_note", zone=chosen.timezone))
    if allowed(user, "warmup.edit"):
        _coupons(db, user, chosen, now)


def _coupons(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """The coupons whose expiry is counted down: add one, drop one."""
    standing = settings.coupons(db, user, chosen.campaign_id)
    with st.expander(t("warmup.coupons"), icon=":material/confirmation_number:"):
        for place, (name, _, ends_at) in enumerate(standing):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(t("warmup.coupon_until", name=name, at=time(ends_at, chosen.timezone)), width="content")
                if st.button(t("warmup.drop_coupon"), key=f"warmup_coupon_{place}", type="tertiary"):
                    settings.set_coupons(db, user, chosen.campaign_id, standing[:place] + standing[place + 1 :], now)
                    st.rerun()
        with st.form("warmup_coupon_form", clear_on_submit=True):
            with st.grid(3, min_column_width=180):
                name = st.text_input(t("warmup.coupon_name"))
                start = st.datetime_input(t("warmup.starts_at"), default_day(chosen, -7))
                end = st.datetime_input(t("warmup.expires"), default_day(chosen, 1))
            if st.form_submit_button(t("warmup.add_coupon"), type="primary"):
                try:
                    begins, ends = (parse_local(at.isoformat(), chosen.timezone) for at in (start, end))
                    settings.set_coupons(db, user, chosen.campaign_id, [*standing, (name, begins, ends)], now)
                    st.rerun()
                except ShopError as error:
                    st.error(error_text(error))


def _tiles(frame: pd.DataFrame, now: datetime) -> None:
    """Countdowns to the next beginnings and endings, the nearest first."""
    moment = pd.Timestamp(now)
    frame = frame[frame["kind"] != "banner"]
    begins = frame[frame["starts_at"] > moment].assign(at=lambda rows: rows["starts_at"], word="warmup.until_starts")
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
                countdown(row["at"].to_pydatetime(), now, key=f"warmup_tile_{place}", label=label, size="large")


def _kind(code: str) -> str:
    return f"clock.{code}" if code in {"session", "balance", "coupon", "banner"} else f"phase.{code}"


def _word(row: Mapping[Hashable, Any]) -> str:
    """What a clock belongs to, in a few words."""
    many = plain("warmup.goods_sharing", n=row["goods"]) if row["goods"] > 1 else ""
    parts = [plain(_kind(row["kind"])), row["name"], row["subject"] if row["subject"] != row["name"] else "", many]
    return " ".join(part for part in parts if part)


def sessions(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """The sessions with their locks; plan, lock, close."""
    frame = selling.sessions(db, user, chosen.campaign_id, now)
    frame = frame.assign(shown=frame["state"].mask(frame["runs"], "runs").mask(frame["over"], "over")).set_index(
        "session_id", drop=False
    )
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
            pick=True,
        )
        if allowed(user, "warmup.edit"):
            _acts(db, user, frame, shown.picked, now)
    if allowed(user, "warmup.edit"):
        _plan(db, user, chosen, now)


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


def _acts(db: Database, user: Actor, frame: pd.DataFrame, picked: object, now: datetime) -> None:
    planned = frame[(frame["state"] == "planned") & ~frame["over"]]["session_id"].tolist()
    over = frame[frame["shown"] == "over"]["session_id"].tolist()
    with st.container(horizontal=True):
        if planned and st.button(
            t("warmup.lock_all", n=len(planned), units=int(frame.loc[planned, "quota"].sum())), icon=":material/lock:"
        ):
            _try(lambda: selling.lock(db, user, planned, now), "warmup.locked")
        if over and st.button(t("warmup.close_over", n=len(over)), icon=":material/event_available:"):
            _try(lambda: selling.close(db, user, over, now), "warmup.closed")
        row = frame.loc[[str(picked)]].iloc[0] if picked is not None else None
        if row is not None and row["state"] == "planned" and st.button(t("warmup.lock_one"), icon=":material/lock:"):
            _try(lambda: selling.lock(db, user, [str(picked)], now), "warmup.locked")
        if (
            row is not None
            and row["state"] != "closed"
            and st.button(t("warmup.close_one", units=int(row["held"])), icon=":material/event_available:")
        ):
            _try(lambda: selling.close(db, user, [str(picked)], now), "warmup.closed")


def _try(act: Callable[[], int], done: str) -> None:
    try:
        units = act()
    except ShopError as error:
        st.error(error_text(error))
    else:
        st.toast(t(done, units=units))
        st.rerun()


def _plan(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """One session, or several release waves at set distances."""
    opening = local_naive(pd.Series([pd.Timestamp(chosen.opens_at)]), chosen.timezone).iloc[0].to_pydatetime()
    with st.expander(t("warmup.plan_session"), icon=":material/add:"), st.form("warmup_session"):
        with st.grid(3, min_column_width=200):
            code = st.text_input(t("warmup.sku_code"))
            name = st.text_input(t("warmup.session"))
            starts = st.datetime_input(t("warmup.starts_at"), opening)
            length = int(st.number_input(t("warmup.minutes"), 1, 10_080, 60))
            quotas = st.text_input(t("warmup.quotas"), help=t("warmup.quotas_help"), placeholder="100, 50, 20")
            every = int(st.number_input(t("warmup.every"), 0, 10_080, 0, help=t("warmup.every_help")))
        reservation = st.checkbox(t("warmup.needs_reservation"))
        if st.form_submit_button(t("warmup.plan_session"), type="primary"):
            try:
                amounts = selling.quotas(quotas)
                at = parse_local(starts.isoformat(), chosen.timezone)
                selling.plan(
                    db,
                    user,
                    chosen.campaign_id,
                    code.strip(),
                    name,
                    at,
                    amounts,
                    length_minutes=length,
                    every_minutes=every,
                    needs_reservation=reservation,
                    now=now,
                )
                st.rerun()
            except ShopError as error:
                st.error(error_text(error))


def default_day(chosen: Chosen, days: int = 0) -> datetime:
    """Some days after the opening, on the campaign's clock: where a form begins."""
    opening = local_naive(pd.Series([pd.Timestamp(chosen.opens_at)]), chosen.timezone).iloc[0].to_pydatetime()
    return opening + timedelta(days=days)
