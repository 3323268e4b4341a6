"""The live page's picture: cards, curve, why, goods. Everything that moves stands in one fragment, always in the same places."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime, timedelta
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
from pages.parts.address import kept
from pages.parts.cards import Card, cards
from pages.parts.charts import Series
from pages.parts.columns import Column, settled
from pages.parts.countdown import Size, countdown
from pages.parts.guard import require
from pages.parts.live_alerts import alerts
from pages.parts.live_frames import CHANNELS, Drawn, drawn
from pages.parts.picker import Chosen
from pages.parts.tables import MOST, tall
from pages.parts.text import error_text, language, money, money_short, number_short, percent, plain, points, t

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


def clocks(chosen: Chosen, moment: datetime, *, key: str, size: Size = "small") -> None:
    """The countdown to the opening or the close; it runs in the browser, in a rehearsal by the rehearsal's clock."""
    if moment >= chosen.closes_at:
        st.caption(t("shell.closed"))
        return
    opens = moment < chosen.opens_at
    label = plain("shell.until_opens" if opens else "shell.until_closes")
    ends = chosen.opens_at if opens else chosen.closes_at
    countdown(ends, clock.now(), key=f"{key}_clock", label=label, drill=chosen.drill, size=size)


def minute(chosen: Chosen, moment: datetime) -> datetime | None:
    """The countdown; beside it the past minute that the reader looks at, by the slider or the address; None = the running one."""
    with st.container(horizontal=True, vertical_alignment="center", key="live_clocks"):
        clocks(chosen, moment, key="live")
        return past_minute(chosen, moment, key="live")


def past_minute(chosen: Chosen, moment: datetime, *, key: str) -> datetime | None:
    """The past minute, on a page of that key."""
    first, last = chosen.opens_at, min(moment, chosen.closes_at)
    if last <= first:
        return None
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_minute"):
        with kept("view", "now", ("now", "past")):
            view = st.segmented_control(
                t("live.view"), ("now", "past"), required=True, key="view", label_visibility="collapsed", format_func=_view_word
            )
        if view != "past":
            return None
        zone = clock.zone(chosen.timezone)
        start, end = (each.astimezone(zone).replace(tzinfo=None) for each in (first, last))
        said = st.query_params.get("at")
        begin = min(max(datetime.fromisoformat(said), start), end) if said and _readable(said) else end
        at: datetime = st.slider(
            t("live.minute"), start, end, begin, step=timedelta(minutes=1), format="MM-DD HH:mm", label_visibility="collapsed"
        )
    st.query_params["at"] = at.isoformat(timespec="minutes")
    return at.replace(tzinfo=zone).astimezone(clock.UTC)


def _readable(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def _view_word(view: str) -> str:
    return plain(f"live.view_{view}")


def board(db: Database, user: Actor, chosen: Chosen, at: datetime | None) -> None:
    """The picture; the running minute draws itself anew every EVERY_S seconds."""
    st.fragment(_board, run_every=None if at is not None else EVERY_S)(db, user.name, chosen, at)


def _board(db: Database, _name: str, chosen: Chosen, at: datetime | None) -> None:
    user = require("live.view")  # a fragment does not pass the gate again
    now = clock.now()
    look = look_at(db, user, chosen, now, at, key="live_last")
    if look is None:
        return
    seen, frames = look.seen, drawn(look)
    freshness(look, now, at is None)
    answer(seen)
    left, right = st.columns((5, 2), gap="medium")
    with left:
        charts.draw(frames.curve, _curve_spec(charts.appearance(), language()), key="live_curve", alt=plain("live.curve_alt"))
    with right:
        why(seen, frames)
    alerts(db, user, look, at is None)
    table(frames.goods, GOODS, "live.goods", key="live_goods", height=420)
    table(frames.tiers, TIER_COLUMNS, "live.tiers", key="live_tiers")


def look_at(db: Database, user: Actor, chosen: Chosen, now: datetime, at: datetime | None, *, key: str) -> Glance | None:
    """The running minute, or the past one `at`; where it cannot be had the last good one, with its own age on it; None without any."""
    try:
        look = glance(db, user, chosen.campaign_id, now, at)
    except ShopError as error:
        last: Glance | None = st.session_state.get(key)
        if last is None or last.seen.scope.campaign_id != chosen.campaign_id:
            st.error(error_text(error))
            return None
        return last
    st.session_state[key] = look
    return look


def freshness(look: Glance, now: datetime, live: bool) -> None:
    """How old the figures are, what rings, whether the books agree, what waits: one line, so that nothing moves below it."""
    seen, ringing = look.seen, sum(row["state"] == "firing" for row in look.alerts)
    shown = seen.at.astimezone(clock.zone(seen.scope.timezone)).strftime("%m-%d %H:%M:%S")
    drill = f"{t('live.drill')} · " if seen.scope.drill else ""
    silent = seen.minutes_silent
    marks = [("schedule", "orange" if drill else "gray", f"{drill}{t('live.as_of', at=shown)}")]
    if seen.scope.scale < 1:
        marks.append(("compress", "orange", t("live.drill_scale", share=percent(seen.scope.scale))))
    if ringing:
        marks.append(("notifications_active", "red", t("live.ringing", n=ringing)))
    if not live:
        marks.append(("replay", "gray", t("live.view_past")))
    elif seen.at >= seen.scope.ends_at - LAST:
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


def answer(seen: Picture) -> None:
    """Two rows of cards: the race, then what stands behind it."""
    target, outlook = seen.scope.target, seen.forecast
    gap = None if seen.pace is None else seen.pace - 1
    conversion, aov = _gap(seen.conversion_rate, seen.scope.conversion_rate), _gap(seen.aov, seen.scope.aov)
    cards(
        Card("live.paid", money_short(seen.paid), change=gap, change_text="" if gap is None else percent(gap, sign=True),
             against=plain("live.against_plan", planned=money_short(seen.planned)) if target else "", help="live.paid_help"),
        Card("live.forecast", "—" if outlook.close is None else money_short(outlook.close),
             change=None if outlook.close is None or not target else outlook.close / target - 1,
             change_text="" if outlook.close is None or not target else percent(outlook.close / target - 1, sign=True),
             against="" if outlook.close is None or not target else plain("live.of_target", share=percent(outlook.close / target)),
             help="live.forecast_help"),
        Card("live.needed", _times(seen.needed_rate), help="live.needed_help",
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


def _times(rate: float | None) -> str:
    """How many times the planned rate; beyond ten times nobody counts any more."""
    if rate is None:
        return "—"
    return f"{rate:.2f}×" if rate <= 10 else ">10×"


def _outlook(seen: Picture) -> str:
    """How sure the forecast is, in one line."""
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
