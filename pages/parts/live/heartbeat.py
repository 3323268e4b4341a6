"""The mark that tells a living picture from a dead one: it runs in the browser, so that a page that gets
nothing any more says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st

from core import clock
from core.live.snapshot.snapshot import Picture
from pages.parts.components.text import percent, plain

DEAD_S = 15  # without an answer

_HTML = '<div class="pulse" role="status"></div>'
_CSS = """
.pulse { font: 600 max(1rem, min(1.5vw, 2.6vh)) var(--st-font); color: #9AA1AC; font-variant-numeric: tabular-nums; }
.pulse.quiet { font-size: 1rem; }
.pulse.quiet:not(.dead) { display: none; }
.pulse.marked { color: #E5B93C; }
.pulse.dead { color: #fff; background: #C8102E; padding: 0.3em 0.8em; border-radius: 6px; }
"""
_JS = """
const timers = new WeakMap()
export default function (component) {
  const { data, parentElement } = component
  const mark = parentElement.querySelector(".pulse")
  const born = Date.now()
  const look = () => {
    const dead = data.live && (data.stale || Date.now() - born > data.dead_ms)
    mark.classList.toggle("quiet", data.quiet)
    mark.classList.toggle("dead", dead)
    mark.classList.toggle("marked", data.marked && !dead)
    const text = dead ? data.lost : data.at
    if (mark.textContent !== text) mark.textContent = text
  }
  clearInterval(timers.get(parentElement))
  timers.set(parentElement, setInterval(look, 500))
  look()
  return () => clearInterval(timers.get(parentElement))
}
"""
_pulse = st.components.v2.component("pulse", html=_HTML, css=_CSS, js=_JS)


def pulse(picture: Picture, now: datetime, *, key: str, live: bool, stale: bool, quiet: bool = False) -> None:
    """The moment that the figures speak of, marked where it is past or a drill's; after DEAD_S seconds
    without an answer, that they stand still.

    `stale`: the server answers, but without a new picture; `quiet`: nothing is to be seen while all is well.
    """
    at = (
        min(picture.at, picture.scope.ends_at)
        .astimezone(clock.zone(picture.scope.timezone))
        .strftime("%m-%d %H:%M:%S")
    )
    marks = [plain("live.view_past")] * (not live) + [plain("live.drill")] * picture.scope.drill
    if picture.scope.scale < 1:
        marks.append(plain("live.drill_scale", share=percent(picture.scope.scale)))
    at = " · ".join([*marks, at])
    data: Mapping[str, object] = {
        "at": at,
        "lost": plain("wall.lost", at=at),
        "beat": now.isoformat(),  # news each time: the same figures are no sign of death
        "live": live,
        "stale": stale,
        "quiet": quiet,
        "marked": bool(marks),
        "dead_ms": DEAD_S * 1000,
    }
    _pulse(key=key, data=data)
