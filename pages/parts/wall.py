"""The wall: dark, huge, without money where visitors pass; panels that take turns; a mark that tells a living picture from a dead one."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from html import escape

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from core import clock
from core.access import Actor
from core.database import Database
from core.live.picture import Picture
from pages.parts import charts
from pages.parts.address import kept
from pages.parts.charts import Series
from pages.parts.countdown import countdown
from pages.parts.guard import require
from pages.parts.links import link
from pages.parts.live import look_at, past_minute
from pages.parts.live_alerts import HIDDEN, sentence
from pages.parts.live_frames import drawn
from pages.parts.picker import Chosen
from pages.parts.states import word
from pages.parts.text import language, literal, money_short, number_short, percent, plain, t

EVERY_S, TURN_S, DEAD_S = 2.0, 12, 15
PANELS = ("ranking", "stock", "why")
RANKED = 6

_CSS = """
<style>
.stApp, [data-testid="stAppViewContainer"], [data-testid="stHeader"] { background: #0C0D10 !important; color: #ECEDF0 !important; }
[data-testid="stMainBlockContainer"] { padding: 4.2rem 2rem 1rem; max-width: none; }
.wall-line { display: flex; align-items: baseline; gap: 3vw; flex-wrap: wrap; font-variant-numeric: tabular-nums; color: #ECEDF0; }
.wall-big { font-size: clamp(3.2rem, 9.5vw, 12rem); font-weight: 750; line-height: 1.02; }
.wall-side { display: grid; gap: 0.4vw 2.4vw; grid-template-columns: repeat(3, auto); }
.wall-side b { display: block; font-size: clamp(1.4rem, 3.1vw, 4rem); line-height: 1.15; }
.wall-side span, .wall-label { font-size: clamp(0.9rem, 1.3vw, 1.6rem); color: #9AA1AC; }
.wall-up { color: #FF5A5F; } .wall-down { color: #3DBE7A; } .wall-en .wall-up { color: #3DBE7A; } .wall-en .wall-down { color: #FF5A5F; }
.wall-rows { font-size: clamp(1.1rem, 2.1vw, 2.6rem); line-height: 1.5; width: 100%; border-collapse: collapse; color: #ECEDF0; }
.wall-rows td { border: 0; padding: 0 0.6em 0 0; white-space: nowrap; } .wall-rows td:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.wall-rows td.wall-name { max-width: 22vw; overflow: hidden; text-overflow: ellipsis; }
.wall-message { font-size: clamp(1.1rem, 2vw, 2.6rem); padding: 0.5em 0.8em; border-radius: 6px; background: #1B1D22; color: #ECEDF0; }
.st-key-wall_message code { background: transparent; color: #ECEDF0; font-size: 0.8em; padding: 0; }
.st-key-wall_message p { font-size: clamp(1.1rem, 2vw, 2.6rem); }
[class*="st-key-wall_"] * { --st-text-color: #ECEDF0 !important; }
[class*="st-key-wall_"] [data-testid="stPageLink"] * { color: #ECEDF0 !important; }
[class*="st-key-wall_"] button { background: #1B1D22 !important; border-color: #2E3138 !important; color: #9AA1AC !important; }
[class*="st-key-wall_"] button[aria-checked="true"] { border-color: #FF5A5F !important; color: #FF8589 !important; }
.wall-message.fire { background: #7A0A1C; } .wall-message p { margin: 0; }
</style>
"""

_JS = """
const timers = new WeakMap()
export default function (component) {
  const { data, parentElement } = component
  const mark = parentElement.querySelector(".pulse")
  const born = Date.now()
  const look = () => {
    const dead = data.live && Date.now() - born > data.dead_ms
    mark.classList.toggle("dead", dead)
    mark.classList.toggle("drill", data.drill && !dead)
    mark.textContent = dead ? data.lost.replace("{at}", data.at) : data.at
  }
  clearInterval(timers.get(parentElement))
  timers.set(parentElement, setInterval(look, 500))
  look()
  return () => clearInterval(timers.get(parentElement))
}
"""
_PULSE_CSS = """
.pulse { font: 600 clamp(1rem, 1.5vw, 1.8rem) var(--st-font); color: #9AA1AC; font-variant-numeric: tabular-nums; }
.pulse.drill { color: #E5B93C; }
.pulse.dead { color: #fff; background: #C8102E; padding: 0.3em 0.8em; border-radius: 6px; }
"""
_pulse = st.components.v2.component("wall_pulse", html='<div class="pulse" role="status"></div>', css=_PULSE_CSS, js=_JS)


def dress() -> None:
    """The wall's own look, dark whatever the reader's."""
    st.html(_CSS)


def bar(chosen: Chosen, moment: datetime) -> None:
    """What somebody standing at the wall may change: money hidden, panels turning, a past minute; and the way back."""
    with st.container(horizontal=True, vertical_alignment="center", key="wall_bar"):
        st.markdown(f"**{literal(chosen.name)}**", width="stretch")
        opens = moment < chosen.opens_at
        label = plain("shell.until_opens" if opens else "shell.until_closes")
        countdown(chosen.opens_at if opens else chosen.closes_at, clock.now(), key="wall_clock", label=label, drill=chosen.drill)
        with kept("money", "shown", ("shown", "hidden")):
            st.segmented_control(
                t("wall.money"), ("shown", "hidden"), required=True, key="money", label_visibility="collapsed",
                format_func=lambda value: plain(f"wall.money_{value}"),
            )  # fmt: skip
        with kept("panel", "turn", ("turn", *PANELS)):
            st.segmented_control(
                t("wall.panel"), ("turn", *PANELS), required=True, key="panel", label_visibility="collapsed",
                format_func=lambda value: plain(f"wall.panel_{value}"),
            )  # fmt: skip
        link("live", t("wall.back"), icon="arrow_back")


def minute(chosen: Chosen, moment: datetime) -> datetime | None:
    """The past minute in the address (`view=past&at=`), as on the live page; None = the running one."""
    return past_minute(chosen, moment, key="wall")


def show(db: Database, user: Actor, chosen: Chosen, at: datetime | None) -> None:
    """The picture, drawn anew every EVERY_S seconds."""
    st.fragment(_show, run_every=None if at is not None else EVERY_S)(db, user.name, chosen, at)


def _show(db: Database, _name: str, chosen: Chosen, at: datetime | None) -> None:
    user = require("live.view")
    now = clock.now()
    look = look_at(db, user, chosen, now, at, key="wall_last")
    if look is None:
        return
    seen = look.seen
    shown = seen.at.astimezone(clock.zone(seen.scope.timezone)).strftime("%m-%d %H:%M:%S")
    shown = f"{plain('live.drill')} · {shown}" if seen.scope.drill else shown
    data = {
        "at": shown,
        "drill": seen.scope.drill,
        "live": at is None,
        "dead_ms": DEAD_S * 1000,
        "lost": plain("wall.lost", at="{at}"),
    }
    _pulse(key="wall_pulse", data=data)
    hidden = st.session_state.get("money") == "hidden"
    st.html(_figures(seen, hidden))
    left, right = st.columns((3, 2), gap="large")
    with left:
        rows = drawn(look).curve
        rows = _in_percent(rows, seen) if hidden else rows
        charts.draw(rows, _spec(hidden, language()), key=f"wall_curve_{hidden}", alt=plain("live.curve_alt"))
    with right:
        chosen_panel = str(st.session_state.get("panel", "turn"))
        panel = PANELS[int(now.timestamp() // TURN_S) % len(PANELS)] if chosen_panel == "turn" else chosen_panel
        st.html(_panel(panel, seen, hidden))
    with st.container(key="wall_message"):
        if not look.alerts:
            st.markdown(f":material/check_circle: {t('live.all_quiet')}")
        else:
            st.markdown(f":material/notifications_active: {sentence(look.alerts[0], hide_money=hidden)}")


def _amount(fen: float | None, hidden: bool) -> str:
    return "—" if fen is None else HIDDEN if hidden else money_short(round(fen))


def _escape(text: object) -> str:
    return escape(str(text))


def _figures(seen: Picture, hidden: bool) -> str:
    """The one number (the share of the target where money is hidden) and six small ones."""
    target = seen.scope.target
    big = percent(seen.paid / target) if hidden and target else _amount(seen.paid, hidden)
    label = plain("wall.of_target") if hidden else plain("live.paid")
    pace = "—" if seen.pace is None else percent(seen.pace - 1, sign=True)
    tone = "" if seen.pace is None else "wall-up" if seen.pace >= 1 else "wall-down"
    forecast = (
        "—"
        if seen.forecast.close is None
        else percent(seen.forecast.close / target)
        if hidden and target
        else _amount(seen.forecast.close, hidden)
    )
    small = (
        (plain("wall.pace"), pace, tone),
        (plain("live.forecast"), forecast, ""),
        (plain("live.needed"), "—" if seen.needed_rate is None else f"{seen.needed_rate:.2f}×", ""),
        (plain("live.visitors"), number_short(seen.visitors), ""),
        (plain("live.conversion"), "—" if seen.conversion_rate is None else percent(seen.conversion_rate, 2), ""),
        (plain("live.aov"), _amount(seen.aov, hidden), ""),
    )
    cells = "".join(
        f'<div><span>{_escape(name)}</span><b class="{tone}">{_escape(value)}</b></div>' for name, value, tone in small
    )
    return (
        f'<div class="wall-line wall-{language()}"><div><div class="wall-label">{_escape(label)}</div>'
        f'<div class="wall-big">{_escape(big)}</div></div><div class="wall-side">{cells}</div></div>'
    )


def _panel(panel: str, seen: Picture, hidden: bool) -> str:
    rows = {"ranking": _ranking, "stock": _stock, "why": _why}[panel](seen, hidden)
    body = "".join(
        f'<tr><td class="wall-name">{_escape(a)}</td><td>{_escape(b)}</td><td>{_escape(c)}</td></tr>' for a, b, c in rows
    )
    body = body or f'<tr><td class="wall-label">{_escape(plain("common.no_rows"))}</td></tr>'
    return f'<div class="wall-label">{_escape(plain(f"wall.panel_{panel}"))}</div><table class="wall-rows">{body}</table>'


def _ranking(seen: Picture, hidden: bool) -> list[tuple[str, str, str]]:
    top = seen.goods.head(RANKED)
    return [
        (str(row["name"] or code), number_short(int(row["sold"])), _amount(row["amount"], hidden)) for code, row in top.iterrows()
    ]


def _stock(seen: Picture, _hidden: bool) -> list[tuple[str, str, str]]:
    """What runs out first."""
    soon = seen.goods[seen.goods["stock_out"].notna()].sort_values("stock_out").head(RANKED)
    starts = pd.Timestamp(seen.scope.starts_at).tz_convert(seen.scope.timezone)
    out = starts + pd.to_timedelta(soon["stock_out"], unit="min")
    return [
        (str(row["name"] or code), word(row["label"]), "" if row["label"] == "sold_out" else at.strftime("%H:%M"))
        for (code, row), at in zip(soon.iterrows(), out, strict=True)
    ]


def _why(seen: Picture, hidden: bool) -> list[tuple[str, str, str]]:
    total = seen.why[["visitors", "conversion_rate", "aov"]].sum()
    return [
        (
            plain(f"live.factor_{name}"),
            "▲" if value > 0 else "▼" if value < 0 else "",
            HIDDEN if hidden else money_short(round(value), sign=True),
        )
        for name, value in total.items()
    ]


def _in_percent(rows: pa.Table, seen: Picture) -> pa.Table:
    """Amounts as shares of the target: a curve that tells nothing of money."""
    whole = max(seen.scope.target, 1) / 100
    for place, name in enumerate(rows.column_names):
        if name in ("yuan", "low", "high"):
            rows = rows.set_column(place, name, pc.divide(rows[name], whole))
    return rows


def _dark(spec: charts.Spec) -> charts.Spec:
    """The same spec in the hues that are made for a dark ground."""
    text = orjson.dumps(spec).decode()
    for name, code in charts.hues("light").items():
        text = text.replace(code, charts.hues("dark")[name])
    return dict(orjson.loads(text))


@lru_cache(maxsize=8)
def _spec(hidden: bool, tongue: str) -> charts.Spec:  # noqa: ARG001 - the language decides what `lines` returns
    series = (
        Series("plan", "live.plan", "gray", dashed=True),
        Series("paid", "live.paid", "red"),
        Series("forecast", "live.forecast", "blue", dashed=True),
    )
    spec = _dark(charts.lines("at", "yuan", series, y_title="live.paid", percent=hidden, clock="%H:%M", height=560))
    axis = {
        "labelColor": "#9AA1AC",
        "titleColor": "#9AA1AC",
        "labelFontSize": 18,
        "titleFontSize": 16,
        "gridColor": "#24262C",
        "tickCount": 6,
    }
    spec["config"] = {
        "background": "#0C0D10",
        "axis": axis,
        "text": {"fontSize": 20},
        "line": {"strokeWidth": 4},
        "view": {"stroke": None},
    }
    return spec
