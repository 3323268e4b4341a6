"""The live page's picture: cards, curve, why, goods. Everything that moves stands in one fragment, always in the same places."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

import pandas as pd
import streamlit as st

from core import clock
from core.access import Actor
from core.database import Database
from core.errors import ShopError
from core.goods.structure import TIERS
from core.live import decisions, rehearsal, service
from core.live.picture import TOP, Picture
from pages.parts import charts
from pages.parts.address import kept
from pages.parts.cards import Card, cards
from pages.parts.charts import Series
from pages.parts.columns import Column
from pages.parts.countdown import countdown
from pages.parts.guard import require
from pages.parts.live_alerts import alerts
from pages.parts.picker import Chosen
from pages.parts.tables import draw as draw_table
from pages.parts.text import error_text, known, language, money, money_short, number_short, percent, plain, points, t

EVERY_S = 3.0
DRILL_GAP = 20  # sale minutes between two rounds of a fast rehearsal are no silence
MOST_POINTS = 300  # of a line on the curve

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


def clocks(chosen: Chosen, moment: datetime, now: datetime) -> None:
    """The countdown to the opening or the close; it runs in the browser. A rehearsal's clock runs otherwise: none."""
    if moment != now:
        return
    opens = moment < chosen.opens_at
    target = chosen.opens_at if opens else chosen.closes_at
    countdown(target, moment, key="live_clock", label=plain("shell.until_opens" if opens else "shell.until_closes"))


def minute(chosen: Chosen, moment: datetime) -> datetime | None:
    """The past minute that the reader looks at, by the slider or the address; None = the running one."""
    return past_minute(chosen, moment, key="live")


def past_minute(chosen: Chosen, moment: datetime, *, key: str) -> datetime | None:
    """As `minute`, for a page of that key."""
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
    try:
        moment = at or rehearsal.moment(db, user, chosen.campaign_id, now)
        seen = service.load(db, user, chosen.campaign_id, moment, live=at is None)
        st.session_state["live_last"] = seen
    except ShopError as error:
        last: Picture | None = st.session_state.get("live_last")
        if last is None or last.scope.campaign_id != chosen.campaign_id:
            st.error(error_text(error))
            return
        seen = last  # the last good picture, with its own age on it
    freshness(seen, now, at is None)
    answer(seen)
    left, right = st.columns((5, 2), gap="medium")
    with left:
        curve(seen, decisions.decisions(db, user, chosen.campaign_id, seen.at))
    with right:
        why(seen)
    alerts(db, user, chosen, seen, at is None)
    st.subheader(t("live.goods"), anchor=False)
    goods(seen)
    tiers(seen)


def freshness(seen: Picture, now: datetime, live: bool) -> None:
    """How old the figures are, whether the books agree, what waits; always three marks, so that nothing moves below them."""
    zone = seen.scope.timezone
    shown = seen.at.astimezone(clock.zone(zone)).strftime("%m-%d %H:%M:%S")
    silent = seen.minutes_silent
    with st.container(horizontal=True, key="live_freshness", gap="small"):
        drill = f"{t('live.drill')} · " if seen.scope.drill else ""
        st.badge(f"{drill}{t('live.as_of', at=shown)}", icon=":material/schedule:", color="gray")
        if silent is None:
            st.badge(t("live.no_data_yet"), icon=":material/sensors_off:", color="gray")
        elif silent >= (DRILL_GAP if seen.scope.drill else 3) and live:
            st.badge(t("live.silent", n=silent), icon=":material/sensors_off:", color="red")
        else:
            st.badge(t("live.flowing"), icon=":material/sensors:", color="green")
        if seen.recounted_at is None:
            st.badge(t("live.not_recounted"), icon=":material/rule:", color="gray")
        elif seen.recount_faults:
            st.badge(t("live.recount_faults", n=seen.recount_faults), icon=":material/error:", color="red")
        else:
            minutes = max(0, round((now - seen.recounted_at).total_seconds() / 60))
            st.badge(t("live.recounted", n=minutes), icon=":material/verified:", color="green")
        if seen.waiting:
            st.badge(t("live.waiting", n=seen.waiting), icon=":material/hourglass_top:", color="orange")


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
        Card("live.needed", "—" if seen.needed_rate is None else f"{seen.needed_rate:.2f}×", help="live.needed_help",
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


def _outlook(seen: Picture) -> str:
    """How sure the forecast is, in one line."""
    outlook = seen.forecast
    behind = t("live.days_behind", n=outlook.days) if outlook.days else t("live.no_days")
    if outlook.low is None or outlook.high is None:
        return f"{t('live.no_range')} · {behind}"
    return f"{t('live.range', low=money_short(outlook.low), high=money_short(outlook.high))} · {behind}"


def _gap(actual: float | None, planned: float) -> float | None:
    return None if actual is None or not planned else actual - planned


def _by_now(planned: float) -> str:
    return plain("live.against_plan", planned=number_short(round(planned))) if planned else ""


def curve(seen: Picture, made: pd.DataFrame) -> None:
    """Paid so far against the plan with its band, and the way to the forecast; decisions are pinned to it."""
    charts.draw(
        curve_frame(seen, made), _curve_spec(charts.appearance(), language()), key="live_curve", alt=plain("live.curve_alt")
    )


def curve_frame(seen: Picture, made: pd.DataFrame) -> pd.DataFrame:
    """The long frame of the curve: at, yuan, series, low, high, word; at most MOST_POINTS points a line."""
    step = -(-len(seen.line) // MOST_POINTS)
    now = int(seen.line["paid"].notna().sum()) - 1
    keep = seen.line[(seen.line.index % step == 0) | (seen.line.index == now) | (seen.line.index == len(seen.line) - 1)]
    parts = [
        keep[["at"]].assign(yuan=keep[name] / 100, series=name).dropna(subset=["yuan"]) for name in ("plan", "paid", "forecast")
    ]
    parts[0] = parts[0].assign(low=keep["low"] / 100, high=keep["high"] / 100)
    local = pd.Timestamp(seen.at).tz_convert(seen.scope.timezone).tz_localize(None)
    if seen.line["at"].iloc[0] <= local <= seen.line["at"].iloc[-1]:  # weeks before the opening the line would squeeze the night
        parts.append(pd.DataFrame({"at": [local], "yuan": [seen.paid / 100], "series": "now"}))
    if len(made):
        pins = clock.local_naive(made["at"], seen.scope.timezone)
        words = [plain(f"act.{act}") for act in made["act"]]
        parts.append(pd.DataFrame({"at": pins, "yuan": 0.0, "series": "decision", "word": words}))
    return pd.concat(parts, ignore_index=True)


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


def why(seen: Picture) -> None:
    """The gap split over visitors, conversion and order value; by channel below."""
    st.markdown(f"**{t('live.why')}** · {money_short(seen.ahead, sign=True)}")
    total = seen.why[["visitors", "conversion_rate", "aov"]].sum()
    charts.draw(_effects(total.to_dict(), "live.factor_"), charts.bars("label", "yuan", value_title="live.effect", tone="tone", rows=3, row=34),
                key="live_why", alt=plain("live.why"))  # fmt: skip
    st.caption(t("live.by_channel"))
    worst = seen.why["gap"].sort_values(key=abs, ascending=False).head(5)
    charts.draw(_effects(worst.to_dict(), "channel."), charts.bars("label", "yuan", value_title="live.effect", tone="tone", rows=5, row=26),
                key="live_channels", alt=plain("live.by_channel"))  # fmt: skip


def _effects(effects: Mapping[object, float], words: str) -> pd.DataFrame:
    labels = [plain(f"{words}{name}") if known(f"{words}{name}") else str(name) or plain("channel.none") for name in effects]
    yuan = [round(float(value) / 100) for value in effects.values()]
    return pd.DataFrame({"label": labels, "yuan": yuan, "tone": ["blue" if value >= 0 else "amber" for value in yuan]})


def goods(seen: Picture) -> None:
    """The ranking: what sells, what is left, when it will be gone against the next receipt."""
    frame = seen.goods.head(TOP).copy()
    starts = pd.Timestamp(seen.scope.starts_at).tz_convert(seen.scope.timezone).tz_localize(None)
    out = starts + pd.to_timedelta(frame["stock_out"], unit="min")
    frame["out_at"] = out.dt.strftime("%m-%d %H:%M").where(out.notna(), "")
    draw_table(frame.rename_axis("sku_code").reset_index(), GOODS, key="live_goods", height=420, alt=plain("live.goods"))


def tiers(seen: Picture) -> None:
    """Are the main-push goods carrying what they should?"""
    st.subheader(t("live.tiers"), anchor=False)
    columns = (
        Column("tier", "live.tier", "state", words="tier"),
        Column("amount", "live.amount", "money"),
        Column("share", "live.share", "percent"),
        Column("planned_share", "live.planned_share", "percent"),
        Column("pace", "live.pace", "percent", help="live.pace_help"),
    )
    order = [tier for tier in TIERS if tier in seen.tiers.index]
    draw_table(seen.tiers.loc[order].rename_axis("tier").reset_index(), columns, key="live_tiers")
