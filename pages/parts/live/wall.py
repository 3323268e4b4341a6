"""The wall: dark, huge, without money where visitors pass; panels that take turns; a mark that tells a living
picture from a dead one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from html import escape
from pathlib import Path
from typing import NoReturn

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from core import clock
from core.live.live_view import LiveView
from core.live.snapshot.snapshot import Picture
from pages.parts.components import charts
from pages.parts.components.charts import Series
from pages.parts.components.states import word
from pages.parts.components.text import language, literal, money_short, number_short, percent, plain, t
from pages.parts.components.url_state import kept
from pages.parts.entry import goods_looks
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import fragment
from pages.parts.live.alerts import HIDDEN, sentence
from pages.parts.live.arrow_tables import drawn, titles
from pages.parts.live.board import draw_last, draw_now, nothing_to_draw
from pages.parts.live.figures import over, times
from pages.parts.live.heartbeat import pulse
from pages.parts.live.minute import clocks, past_minute
from pages.parts.shell.campaign_picker import need_campaign
from pages.parts.shell.links import link

EVERY_S, TURN_S = 2.0, 12
LAST_DRAWN = "wall_last"
PANELS = ("ranking", "stock", "why")
RANKED = 7
_FONT = {
    "expr": "max(12, min(windowSize()[0] / 85, windowSize()[1] / 48))"
}  # of the chart: 2% of the screen's height


def dress() -> None:
    """The wall's own look, dark whatever the reader's."""
    st.html(Path(__file__).with_name("look_wall.css"))


def nothing(page: PageContext) -> NoReturn:
    """Without any campaign: the way back to the menu, which the wall has not, and what every page says then;
    the page stops."""
    link("overview", t("wall.out"), icon="arrow_back")
    need_campaign(page, "menu.wall", drills=True)
    st.stop()


def head(page: PageContext) -> None:
    """Which sale, and how long it has."""
    with st.container(horizontal=True, vertical_alignment="center", key="wall_head"):
        st.markdown(f"**{literal(page.sale.name)}**", width="stretch")
        clocks(page, key="wall", size="wall")


def bar(page: PageContext) -> datetime | None:
    """What somebody standing at the wall may change: money hidden, panels turning, the way back, and the past
    minute to look at, which is returned as on the live page (`view=past&at=`); None = the running one."""
    with st.container(horizontal=True, vertical_alignment="center", key="wall_bar"):
        with kept("money", "shown", ("shown", "hidden")):
            st.segmented_control(
                t("wall.money"),
                ("shown", "hidden"),
                required=True,
                key="money",
                label_visibility="collapsed",
                format_func=lambda value: plain(f"wall.money_{value}"),
            )
        with kept("panel", "turn", ("turn", *PANELS)):
            st.segmented_control(
                t("wall.panel"),
                ("turn", *PANELS),
                required=True,
                key="panel",
                label_visibility="collapsed",
                format_func=lambda value: plain(f"wall.panel_{value}"),
            )
        at = past_minute(page, key="wall")
        link("live", t("wall.back"), icon="arrow_back")
    return at


def show(page: PageContext, at: datetime | None) -> None:
    """The picture, drawn anew every EVERY_S seconds."""
    lost = partial(draw_last, partial(_draw, None, at), LAST_DRAWN, page.campaign_id)
    fragment("live.view", _show, at)(run_every=None if at is not None else EVERY_S, lost=lost)


def _show(page: PageContext, at: datetime | None) -> None:
    draw_now(page, at, _draw, LAST_DRAWN)


def _draw(page: PageContext | None, at: datetime | None, look: LiveView) -> None:
    """The picture; without a context the last one that could be had."""
    seen, now = look.seen, page.now if page is not None else clock.now()
    pulse(seen, now, key="wall_pulse", live=at is None, stale=page is None)
    hidden = st.session_state.get("money") == "hidden"
    st.html(_figures(seen, hidden))
    left, right = st.columns((3, 2), gap="large")
    with left, st.container(key="wall_stage"):
        rows = drawn(look).curve
        rows = _in_percent(rows, seen) if hidden else rows
        key, alt = f"wall_curve_{hidden}", plain("live.curve_alt")
        if nothing_to_draw(seen):
            st.html(f'<div class="wall-label">{_escape(plain("live.no_curve"))}</div>')
        else:
            st.vega_lite_chart(rows, _spec(hidden, language()), height="stretch", key=key, alt=alt)
    with right:
        chosen_panel = str(st.session_state.get("panel", "turn"))
        panel = (
            PANELS[int(now.timestamp() // TURN_S) % len(PANELS)] if chosen_panel == "turn" else chosen_panel
        )
        st.html(_panel(panel, seen, hidden))
    _message(look.alerts, hidden)


def _message(alerts: Sequence[Mapping[str, object]], hidden: bool) -> None:
    """The newest alert and how many more there are."""
    state = alerts[0]["state"] if alerts else "quiet"
    with st.container(key=f"wall_message_{state}"):
        if not alerts:
            st.markdown(f":material/check_circle: {t('live.all_quiet')}")
            return
        more = f" · :gray[{t('live.more_alerts', n=len(alerts) - 1)}]" if len(alerts) > 1 else ""
        st.markdown(f":material/notifications_active: {sentence(alerts[0], hide_money=hidden)}{more}")


def _amount(fen: float | None, hidden: bool) -> str:
    return "—" if fen is None else HIDDEN if hidden else money_short(round(fen))


def _escape(text: object) -> str:
    return escape(str(text))


def _figures(seen: Picture, hidden: bool) -> str:
    """The one number (the share of the target where money is hidden) and six small ones; before the opening
    what is planned."""
    label, big, small = _planned(seen, hidden) if seen.at < seen.scope.starts_at else _running(seen, hidden)
    cells = "".join(
        f'<div><span>{_escape(name)}</span><b class="{tone}">{_escape(value)}</b></div>'
        for name, value, tone in small
    )
    return (
        f'<div class="wall-line"><div><div class="wall-label">{_escape(label)}</div>'
        f'<div class="wall-big">{_escape(big)}</div></div><div class="wall-side">{cells}</div></div>'
    )


def _planned(seen: Picture, hidden: bool) -> tuple[str, str, Sequence[tuple[str, str, str]]]:
    scope = seen.scope
    small = (
        (_word("visitors"), number_short(scope.visitors) if scope.visitors else "—", ""),
        (_word("conversion"), percent(scope.conversion_rate, 2) if scope.conversion_rate else "—", ""),
        (_word("aov"), _amount(scope.aov or None, hidden), ""),
    )
    return plain("wall.target"), _amount(scope.target or None, hidden), small


def _word(figure: str) -> str:
    return plain("wall.planned", name=plain(f"live.{figure}").lower())


def _running(seen: Picture, hidden: bool) -> tuple[str, str, Sequence[tuple[str, str, str]]]:
    target, close = seen.scope.target, seen.forecast.close
    shares = hidden and target > 0
    big = percent(seen.paid / target) if shares else _amount(seen.paid, hidden)
    pace = "—" if seen.pace is None else percent(seen.pace - 1, sign=True)
    tone = "" if seen.pace is None else "wall-up" if seen.pace >= 1 else "wall-down"
    small = (
        (plain("wall.pace"), pace, tone),
        (
            plain("live.final" if over(seen) else "live.forecast"),
            percent(close / target) if shares and close is not None else _amount(close, hidden),
            "",
        ),
        (_needed_label(seen), _needed(seen), ""),
        (plain("live.visitors"), number_short(seen.visitors), ""),
        (
            plain("live.conversion"),
            "—" if seen.conversion_rate is None else percent(seen.conversion_rate, 2),
            "",
        ),
        (plain("live.aov"), _amount(seen.aov, hidden), ""),
    )
    return plain("wall.of_target" if hidden else "live.paid"), big, small


def _needed_label(seen: Picture) -> str:
    return plain("live.needed" if seen.speed is None or over(seen) else "wall.speeds_label")


def _needed(seen: Picture) -> str:
    """How fast it must go, beside how fast it goes."""
    needed = times(seen.needed_rate)
    return (
        needed
        if seen.speed is None or over(seen)
        else plain("wall.speeds", needed=needed, now=times(seen.speed))
    )


Row = tuple[str, str, str, str]  # name, its code, two figures


def _panel(panel: str, seen: Picture, hidden: bool) -> str:
    words, rows = {"ranking": _ranking, "stock": _stock, "why": _why}[panel](seen, hidden)
    title = f'<th class="wall-name">{_escape(plain(f"wall.panel_{panel}"))}</th>'
    top = title + "".join(f"<th>{_escape(plain(word)) if word else ''}</th>" for word in words)
    body = "".join(
        f'<tr><td class="wall-name">{_picture(code)}{_escape(name)} <small>{_escape(code)}</small></td><td>{_escape(a)}</td><td>{_escape(b)}</td></tr>'
        for name, code, a, b in rows
    )
    body = (
        body
        or f'<tr><td class="wall-name wall-label" colspan="3">{_escape(plain("common.no_rows"))}</td></tr>'
    )
    return f'<table class="wall-rows"><tr>{top}</tr>{body}</table>'


def _picture(code: str) -> str:
    address = goods_looks.picture(code) if code else ""
    return f'<img src="{escape(address)}" alt=""> ' if address else ""


def _ranking(seen: Picture, hidden: bool) -> tuple[tuple[str, str], list[Row]]:
    top = seen.goods.head(RANKED)
    rows = [
        _row(code, row, number_short(int(row["sold"])), _amount(row["amount"], hidden))
        for code, row in top.iterrows()
    ]
    return ("live.sold", "live.amount"), rows


def _row(code: object, row: pd.Series, a: str, b: str) -> Row:
    """Variants share a name: spec and code tell them apart."""
    name = titles(row.to_frame().T)[0]
    return (name, str(code), a, b) if name else (str(code), "", a, b)


def _stock(seen: Picture, _hidden: bool) -> tuple[tuple[str, str], list[Row]]:
    """What runs out first, while something can still be done; then what is gone."""
    out = seen.goods["stock_out"]
    gone = seen.goods["label"] == "sold_out"
    soon = seen.goods.assign(gone=gone)[out.notna() | gone].sort_values(["gone", "stock_out"]).head(RANKED)
    zone = clock.zone(seen.scope.timezone)
    starts, today = seen.scope.starts_at.astimezone(zone), seen.at.astimezone(zone).date()

    def when(minutes: float) -> str:
        at = starts + timedelta(minutes=minutes)
        return at.strftime("%H:%M" if at.date() == today else "%m-%d %H:%M")

    rows = [
        _row(
            code,
            row,
            number_short(max(int(row["left"]), 0)),
            word("sold_out") if row["gone"] else when(float(row["stock_out"])),
        )
        for code, row in soon.iterrows()
    ]
    return ("live.left", "live.out_at"), rows


def _why(seen: Picture, hidden: bool) -> tuple[tuple[str, str], list[Row]]:
    total = (
        seen.why[["visitors", "conversion_rate", "aov"]].sum()
        if seen.scope.target
        else pd.Series(dtype=float)
    )
    rows = [
        (
            plain(f"live.factor_{name}"),
            "",
            "▲" if value > 0 else "▼" if value < 0 else "",
            HIDDEN if hidden else money_short(round(value), sign=True),
        )
        for name, value in total.items()
    ]
    return ("", "live.effect"), rows


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
    spec = _dark(
        charts.Lines("at", "yuan", series, y_title="live.paid", percent=hidden, clock="%H:%M").spec()
    )
    del spec["height"]  # the stage's own
    spec["layer"][1]["encoding"]["y"]["title"] = None  # the line is named
    for layer in spec["layer"]:
        if layer["mark"]["type"] == "line":
            layer["mark"]["strokeWidth"] = {"expr": f"{_FONT['expr']} / 5"}
        if layer["mark"]["type"] == "text":
            layer["mark"] |= {
                "fontSize": _FONT,
                "dy": {"expr": f"datum.below ? {_FONT['expr']} * 1.2 * datum.place : -14"},
            }
    axis = {"labelColor": "#9AA1AC", "labelFontSize": _FONT, "gridColor": "#24262C", "tickCount": 6}
    spec["config"] = {
        "background": "#0C0D10",
        "axis": axis,
        "view": {"stroke": None},
        "mark": {"aria": False},
    }
    return spec
