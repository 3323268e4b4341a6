"""The live page's picture: cards, curve, why, goods. Everything that moves stands in one fragment, always in
the same places."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from core import clock
from core.errors import ShopError
from core.goods.structure import TIERS
from core.live.live_view import LiveView, live_view
from core.live.snapshot.snapshot import Picture
from core.review import service as review
from pages.parts.components import charts
from pages.parts.components.charts import Series
from pages.parts.components.columns import Column, settled
from pages.parts.components.feedback import refused
from pages.parts.components.figures.reported import otherwise
from pages.parts.components.tables import MOST, tall
from pages.parts.components.text import language, money_short, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.entry.feedback import as_refusal
from pages.parts.entry.guarded import fragment
from pages.parts.live.alerts import alerts
from pages.parts.live.arrow_tables import CHANNELS, Drawn, drawn
from pages.parts.live.figures import answer, over
from pages.parts.live.heartbeat import pulse
from pages.parts.shell.links import link

EVERY_S = 2.0
LAST_DRAWN = "live_last"
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
    Column("picture", "goods.picture", "picture", pinned=True),
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


def board(page: PageContext, at: datetime | None, *, low: bool = False) -> None:
    """The picture; the running minute draws itself anew every EVERY_S seconds. `low`: figures and alerts alone."""
    lost = partial(draw_last, partial(_draw, None, at, low=low), LAST_DRAWN, page.campaign_id)
    fragment("live.view", _board, at, low)(run_every=None if at is not None else EVERY_S, lost=lost)


def _board(page: PageContext, at: datetime | None, low: bool) -> None:
    draw_now(page, at, partial(_draw, low=low), LAST_DRAWN)


def _draw(page: PageContext | None, at: datetime | None, look: LiveView, *, low: bool) -> None:
    """The picture; without a context the last one that could be had, and nobody who could act upon it."""
    seen, now = look.seen, page.now if page is not None else clock.now()
    with st.container(horizontal=True, vertical_alignment="center", key="live_fresh"):
        freshness(look, now, at is None)
        pulse(seen, now, key="live_pulse", live=at is None, stale=page is None, quiet=True)
    answer(seen, low=low)
    if low:
        alerts(page, look, at is None)
        return
    _charts(page, at, look)


def _charts(page: PageContext | None, at: datetime | None, look: LiveView) -> None:
    """Curve and why, the alerts, goods and tiers."""
    seen, frames = look.seen, drawn(look)
    waits = seen.at < seen.scope.starts_at and not seen.paid  # nothing can differ from the plan yet
    left, right = (st.container(), None) if waits else st.columns((5, 2), gap="medium")
    with left:
        if nothing_to_draw(seen):
            st.caption(t("live.no_curve"))
            link("plan", t("live.to_plan"))
        else:
            charts.draw(
                frames.curve,
                _curve_spec(charts.appearance(), language()),
                key="live_curve",
                alt=plain("live.curve_alt"),
            )
    if right is not None:
        with right:
            why(seen, frames)
    alerts(page, look, at is None)
    if not waits:
        pictured = frames.goods["picture"].null_count < frames.goods.num_rows
        columns = GOODS if pictured else tuple(one for one in GOODS if one.name != "picture")
        table(frames.goods, columns, "live.goods", key="live_goods", height=420)
        table(frames.tiers, TIER_COLUMNS, "live.tiers", key="live_tiers")


def other_source(page: PageContext) -> None:
    """What the daily reports say of a closed sale, where that is another amount than the one drawn."""
    look: LiveView | None = st.session_state.get(LAST_DRAWN)
    if look is not None and over(look.seen) and page.sale.drill is None:
        otherwise(look.seen.paid, review.reported(page.database, page.actor, page.campaign_id, page.now))


def draw_now(
    page: PageContext,
    at: datetime | None,
    draw: Callable[[PageContext | None, datetime | None, LiveView], None],
    last: str,
) -> None:
    """Draws the running minute, or the past one `at`; where it cannot be had, as `draw_last`."""
    try:
        look = live_view(page.database, page.actor, page.campaign_id, page.now, at)
    except Exception as error:  # whatever it is: nobody stands at the wall who would reload it
        draw_last(partial(draw, None, at), last, page.campaign_id, as_refusal(error))
        return
    st.session_state[last] = look
    draw(page, at, look)


def draw_last(draw: Callable[[LiveView], None], last: str, campaign_id: str, error: ShopError) -> None:
    """Draws the last good picture with its own age on it (kept in the session under `last`); without any, the
    reason."""
    look: LiveView | None = st.session_state.get(last)
    if look is None or look.seen.scope.campaign_id != campaign_id:
        refused(error)
        return
    draw(look)


def freshness(look: LiveView, now: datetime, live: bool) -> None:
    """How old the figures are, what rings, whether the books agree, what waits: one line, so that nothing
    moves below it."""
    seen, ringing = look.seen, sum(row["state"] == "firing" for row in look.alerts)
    shown = (
        min(seen.at, seen.scope.ends_at)
        .astimezone(clock.zone(seen.scope.timezone))
        .strftime("%m-%d %H:%M:%S")
    )
    drill = f"{t('live.drill')} · " if seen.scope.drill else ""
    marks = [("schedule", "orange" if drill else "gray", f"{drill}{t('live.as_of', at=shown)}")]
    if seen.scope.scale < 1:
        marks.append(("compress", "orange", t("live.drill_scale", share=percent(seen.scope.scale))))
    if ringing:
        marks.append(("notifications_active", "red", t("live.ringing", n=ringing)))
    marks.append(("replay", "gray", t("live.view_past")) if not live else _flow(seen))
    marks.append(_recount(seen, now))
    if seen.waiting:
        marks.append(("hourglass_top", "orange", t("live.waiting", n=seen.waiting)))
    st.markdown(" ".join(f":{hue}-badge[:material/{icon}: {said}]" for icon, hue, said in marks))


def _flow(seen: Picture) -> tuple[str, str, str]:
    """Whether data comes in (icon, hue, words). Before the opening nobody waits for any: that the last event is
    old says nothing."""
    silent = seen.minutes_silent
    if over(seen):
        return "flag", "gray", t("shell.closed")
    if silent is None:
        return "sensors_off", "gray", t("live.no_data_yet")
    if silent < (DRILL_GAP if seen.scope.drill else 3):
        return "sensors", "green", t("live.flowing")
    if seen.at < seen.scope.starts_at:
        return "sensors_off", "gray", t("live.quiet_before")
    return "sensors_off", "red" if seen.minutes > 0 else "gray", t("live.silent", n=silent)


def _recount(seen: Picture, now: datetime) -> tuple[str, str, str]:
    """Whether the rollups agree with the events (icon, hue, words)."""
    if seen.recounted_at is None:
        return "rule", "gray", t("live.not_recounted")
    if seen.recount_faults:
        return "error", "red", t("live.recount_faults", n=seen.recount_faults)
    minutes = max(0, round((now - seen.recounted_at).total_seconds() / 60))
    return "verified", "green", t("live.recounted", n=minutes)


def nothing_to_draw(seen: Picture) -> bool:
    """Whether neither a plan nor a sale makes a curve."""
    return not seen.scope.target and not seen.paid


@lru_cache(maxsize=8)
def _curve_spec(mode: str, tongue: str) -> charts.Spec:  # noqa: ARG001 - both decide what `lines` returns
    series = (
        Series("plan", "live.plan", "gray", dashed=True),
        Series("paid", "live.paid", "red"),
        Series("forecast", "live.forecast", "blue", dashed=True),
    )
    spec = copy.deepcopy(
        charts.Lines("at", "yuan", series, y_title="live.paid", clock="%H:%M", height=330).spec()
    )
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
    return charts.Bars(
        "label", "yuan", value_title="live.effect", tone="tone", rows=rows, row=row, signed=True
    ).spec()


def table(rows: pa.Table, columns: Sequence[Column], title: str, *, key: str, height: int = MOST) -> None:
    """A table under its heading: what sells, what is left, when it will be gone; or whether each tier carries
    what it should."""
    st.subheader(t(title), anchor=False)
    if not rows.num_rows:
        st.caption(t("common.no_rows"))
        return
    st.dataframe(
        rows,
        key=f"{key}_table",
        hide_index=True,
        column_config=_settings(columns, language()),
        height=tall(rows.num_rows, height),
        placeholder="—",
        alt=plain(title),
    )


@lru_cache(maxsize=8)
def _settings(columns: Sequence[Column], tongue: str) -> dict[str, Any]:  # noqa: ARG001 - the language decides the words
    """The same settings whatever is in the rows: every state that there is."""
    codes = {"label": ("sold_out", "tight", "enough", "excess"), "tier": TIERS}
    return settled(
        pd.DataFrame({column.name: list(codes.get(column.name, TIERS)) for column in columns}), columns
    )
