"""The live page's picture: cards, curve, why, goods. Everything that moves stands in one fragment, always in the same places."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from core import clock
from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.goods.structure import TIERS
from core.live.glance import Glance, glance
from core.live.picture import Picture
from core.live.rehearsal import LAST
from pages.parts import charts
from pages.parts.cards import Card, cards
from pages.parts.charts import Series
from pages.parts.columns import Column, settled
from pages.parts.guard import require
from pages.parts.links import link
from pages.parts.live_alerts import alerts
from pages.parts.live_frames import CHANNELS, Drawn, drawn
from pages.parts.picker import Chosen
from pages.parts.pulse import pulse
from pages.parts.tables import MOST, tall
from pages.parts.text import error_text, language, money, money_short, number_short, percent, plain, points, t, time

EVERY_S = 2.0
DRILL_GAP = 20  # sale minutes between two rounds of a fast rehearsal are no silence

TIER_COLUMNS = (
    Column("tier", "live.tier", "state", words="tier"),
    Column("amount", "live.amount", "money"),
    Column("share", "live.share", "percent"),
    Column("planned_share", "live.planned_share", "percent"),
    Column("pace", "live.pace", "percent", help="live.pace_help"),
)
GOODS = (
    Column("sku_code", "live.sku_code", "code", pinned=True),
    Column("name", "live.name", "text", pinned=True),
    Column("label", "live.label", "state"),
    Column("sold", "live.sold", "integer"),
    Column("left", "live.left", "integer"),
    Column("sell_through", "live.sell_through", "share"),
    Column("out_at", "live.out_at", "text", help="live.out_at_help"),
    Column("next_on", "live.next_on", "text"),
    Column("low", "live.low", "percent", help="live.low_help"),
    Column("amount", "live.amount", "money"),
    Column("tier", "live.tier", "state", words="tier"),
)


def board(db: Database, chosen: Chosen, at: datetime | None) -> None:
    """The picture; the running minute draws itself anew every EVERY_S seconds."""
    st.fragment(_board, run_every=None if at is not None else EVERY_S)(db, chosen, at)


def _board(db: Database, chosen: Chosen, at: datetime | None) -> None:
    now = clock.now()
    look, user = look_at(db, chosen, now, at, key="live_last")
    if look is None:
        return
    seen, frames = look.seen, drawn(look)
    with st.container(horizontal=True, vertical_alignment="center", key="live_fresh"):
        freshness(look, now, at is None)
        pulse(seen, now, key="live_pulse", live=at is None, stale=user is None, quiet=True)
    answer(seen)
    left, right = st.columns((5, 2), gap="medium")
    with left:
        if nothing_to_draw(seen):
            st.caption(t("live.no_curve"))
            link("plan", t("live.to_plan"))
        else:
            charts.draw(frames.curve, _curve_spec(charts.appearance(), language()), key="live_curve", alt=plain("live.curve_alt"))
    with right:
        why(seen, frames)
    alerts(db, user, look, at is None)
    table(frames.goods, GOODS, "live.goods", key="live_goods", height=420)
    table(frames.tiers, TIER_COLUMNS, "live.tiers", key="live_tiers")


def look_at(db: Database, chosen: Chosen, now: datetime, at: datetime | None, *, key: str) -> tuple[Glance | None, Actor | None]:
    """The running minute, or the past one `at`, and who looks at it. Where it cannot be had the last good one, with its own age on it,
    and nobody who could act upon it; without any, the reason on the screen."""
    try:
        user = require("live.view")  # a fragment does not pass the gate again
        look = glance(db, user, chosen.campaign_id, now, at)
    except ShopError as error:
        last: Glance | None = st.session_state.get(key)
        if last is not None and last.seen.scope.campaign_id == chosen.campaign_id:
            return last, None
        st.error(error_text(error))
        return None, None
    st.session_state[key] = look
    return look, user


def freshness(look: Glance, now: datetime, live: bool) -> None:
    """How old the figures are, what rings, whether the books agree, what waits: one line, so that nothing moves below it."""
    seen, ringing = look.seen, sum(row["state"] == "firing" for row in look.alerts)
    shown = min(seen.at, seen.scope.ends_at).astimezone(clock.zone(seen.scope.timezone)).strftime("%m-%d %H:%M:%S")
    drill = f"{t('live.drill')} · " if seen.scope.drill else ""
    silent = seen.minutes_silent
    marks = [("schedule", "orange" if drill else "gray", f"{drill}{t('live.as_of', at=shown)}")]
    if seen.scope.scale < 1:
        marks.append(("compress", "orange", t("live.drill_scale", share=percent(seen.scope.scale))))
    if ringing:
        marks.append(("notifications_active", "red", t("live.ringing", n=ringing)))
    if not live:
        marks.append(("replay", "gray", t("live.view_past")))
    elif over(seen):
        marks.append(("flag", "gray", t("shell.closed")))
    elif silent is None:
        marks.append(("sensors_off", "gray", t("live.no_data_yet")))
    elif silent >= (DRILL_GAP if seen.scope.drill else 3):
        marks.append(("sensors_off", "red" if seen.minutes > 0 else "gray", t("live.silent", n=silent)))
    else:
        marks.append(("sensors", "green", t("live.flowing")))
    if seen.recounted_at is None:
        marks.append(("rule", "gray", t("live.not_recounted")))
    elif seen.recount_faults:
        marks.append(("error", "red", t("live.recount_faults", n=seen.recount_faults)))
    else:
        minutes = max(0, round((now - seen.recounted_at).total_seconds() / 60))
        marks.append(("verified", "green", t("live.recounted", n=minutes)))
    if seen.waiting:
        marks.append(("hourglass_top", "orange", t("live.waiting", n=seen.waiting)))
    st.markdown(" ".join(f":{hue}-badge[:material/{icon}: {said}]" for icon, hue, said in marks))


def nothing_to_draw(seen: Picture) -> bool:
    """Whether neither a plan nor a sale makes a curve."""
    return not seen.scope.target and not seen.paid


def over(seen: Picture) -> bool:
    """Whether the sale had closed: what was a forecast is the result."""
    return seen.at >= seen.scope.ends_at - LAST


def answer(seen: Picture) -> None:
    """Two rows of cards: the race, then what stands behind it."""
    target, outlook = seen.scope.target, seen.forecast
    gap = None if seen.pace is None else seen.pace - 1
    conversion, aov = _gap(seen.conversion_rate, seen.scope.conversion_rate), _gap(seen.aov, seen.scope.aov)
    cards(
        Card("live.paid", money_short(seen.paid), change=gap, change_text="" if gap is None else percent(gap, sign=True),
             against=plain("live.against_plan", planned=money_short(seen.planned)) if target else "", help="live.paid_help"),
        Card("live.final" if over(seen) else "live.forecast", "—" if outlook.close is None else money_short(outlook.close),
             change=None if outlook.close is None or not target else outlook.close / target - 1,
             change_text="" if outlook.close is None or not target else percent(outlook.close / target - 1, sign=True),
             against="" if outlook.close is None or not target else plain("live.of_target", share=percent(outlook.close / target)),
             help="live.final_help" if over(seen) else "live.forecast_help"),
        Card("live.needed", times(seen.needed_rate), help="live.needed_help",
             against=plain("live.needed_against")),
        Card("live.net", money_short(seen.net), help="live.net_help", against="" if seen.expected_net is None
             else plain("live.expected_net_is", amount=money_short(seen.expected_net))),
        Card("live.placed", money_short(seen.placed), help="live.placed_help"),
    )  # fmt: skip
    st.caption(_outlook(seen))
    cards(
        Card("live.visitors", number_short(seen.visitors), against=_by_now(seen.scope.visitors * seen.share), help="live.visitors_help"),
        Card("live.conversion", "—" if seen.conversion_rate is None else percent(seen.conversion_rate, 2), help="live.conversion_help",
             change=conversion, change_text="" if conversion is None else points(conversion)),
        Card("live.aov", "—" if seen.aov is None else money(seen.aov), change=aov,
             change_text="" if aov is None else money(round(aov), sign=True), help="live.aov_help"),
        Card("live.refunded", money_short(seen.refunded), help="live.refunded_help",
             against=percent(seen.refunded / seen.paid) if seen.paid else ""),
        Card("live.attach", "—" if seen.attach_rate is None else percent(seen.attach_rate), help="live.attach_help",
             age=plain("live.minute_old")),
        Card("live.price_ratio", "—" if seen.price_ratio is None else percent(seen.price_ratio), help="live.price_ratio_help",
             alarm=seen.price_ratio is not None and seen.price_ratio < 0.9),
    )  # fmt: skip


def times(rate: float | None) -> str:
    """How many times the planned rate; beyond ten times nobody counts any more."""
    if rate is None:
        return "—"
    return f"{rate:.2f}×" if rate <= 10 else ">10×"


def _outlook(seen: Picture) -> str:
    """How sure the forecast is, in one line."""
    if over(seen):
        return t("live.final_note", at=time(seen.scope.ends_at, seen.scope.timezone))
    outlook = seen.forecast
    days = outlook.days or seen.scope.curve.days  # one past day makes a curve, two make an interval
    behind = t("live.days_behind", n=days) if days else t("live.no_days")
    if not outlook.close:
        return behind
    if outlook.low is None or outlook.high is None:
        return f"{t('live.no_range')} · {behind}"
    return f"{t('live.range', low=money_short(outlook.low), high=money_short(outlook.high))} · {behind}"


def _gap(actual: float | None, planned: float) -> float | None:
    return None if actual is None or not planned else actual - planned


def _by_now(planned: float) -> str:
    return plain("live.against_plan", planned=number_short(round(planned))) if planned else ""


@lru_cache(maxsize=8)
def _curve_spec(mode: str, tongue: str) -> charts.Spec:  # noqa: ARG001 - both decide what `lines` returns
    series = (
        Series("plan", "live.plan", "gray", dashed=True),
        Series("paid", "live.paid", "red"),
        Series("forecast", "live.forecast", "blue", dashed=True),
    )
    spec = copy.deepcopy(charts.lines("at", "yuan", series, y_title="live.paid", clock="%H:%M", height=330))
    pin = {
        "transform": [{"filter": "datum.series == 'decision'"}],
        "mark": {
            "type": "point",
            "shape": "triangle-up",
            "size": 90,
            "filled": True,
            "color": charts.hue("amber"),
            "yOffset": -4,
        },
        "encoding": {
            "x": {"field": "at", "type": "temporal"},
            "y": {"field": "yuan", "type": "quantitative"},
            "tooltip": {"field": "word"},
        },
    }
    spec["layer"].append(pin)
    return spec


def why(seen: Picture, frames: Drawn) -> None:
    """The gap split over visitors, conversion and order value; by channel below."""
    if not seen.scope.target:
        st.markdown(f"**{t('live.why')}**")
        st.caption(t("live.why_no_plan"))
        return
    st.markdown(f"**{t('live.why')}** · {money_short(seen.ahead, sign=True)}")
    charts.draw(frames.factors, _bars(3, 34), key="live_why", alt=plain("live.why"))
    st.caption(t("live.by_channel"))
    charts.draw(frames.channels, _bars(CHANNELS, 26), key="live_channels", alt=plain("live.by_channel"))


def _bars(rows: int, row: int) -> charts.Spec:
    return charts.bars("label", "yuan", value_title="live.effect", tone="tone", rows=rows, row=row, signed=True)


def table(rows: pa.Table, columns: Sequence[Column], title: str, *, key: str, height: int = MOST) -> None:
    """A table under its heading: what sells, what is left, when it will be gone; or whether each tier carries what it should."""
    st.subheader(t(title), anchor=False)
    if not rows.num_rows:
        st.caption(t("common.no_rows"))
        return
    st.dataframe(
        rows, key=f"{key}_table", hide_index=True, column_config=_settings(columns, language()), height=tall(rows.num_rows, height),
        placeholder="—", alt=plain(title),
    )  # fmt: skip


@lru_cache(maxsize=8)
def _settings(columns: Sequence[Column], tongue: str) -> dict[str, Any]:  # noqa: ARG001 - the language decides the words
    """The same settings whatever is in the rows: every state that there is."""
    codes = {"label": ("sold_out", "tight", "enough", "excess"), "tier": TIERS}
    return settled(pd.DataFrame({column.name: list(codes.get(column.name, TIERS)) for column in columns}), columns)
