"""A countdown that runs in the browser: no server run a second. Put it outside fragments.

countdown(campaign.opens_at, now, key="opens", label=plain("shell.until_opens"))
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import streamlit as st

from core.clock import utc
from core.live.rehearsal.rehearsal import Rehearsal
from pages.parts.components.text import plain

Size = Literal["small", "large", "wall"]  # wall: grows with the screen

_HTML = """
<div class="countdown"><span class="label"></span><span class="left" role="timer" aria-live="off"></span></div>
"""

_CSS = """
.countdown { display: flex; align-items: baseline; gap: 0.5rem; font-family: var(--st-font); color: var(--st-text-color); flex-wrap: wrap; }
.label { font-size: 0.86rem; opacity: 0.7; }
.left { font-variant-numeric: tabular-nums; font-weight: 650; font-size: 1.07rem; white-space: nowrap; }
.large { flex-direction: column; gap: 0.1rem; }
.large .left { font-size: 2.3rem; line-height: 1.15; }
.wall { justify-content: flex-end; }
.wall .label { font-size: max(0.9rem, min(1.4vw, 2.5vh)); }
.wall .left { font-size: max(1.3rem, min(3.1vw, 5.5vh)); line-height: 1.1; }
.over .left { color: var(--st-primary-color); }
"""

_JS = """
const timers = new WeakMap()
// the server's clock at a mark of the browser's stopwatch, which no wrong clock moves; known to half of what the answer took
const server = { ms: 0, mark: 0, took: Infinity, next: 0 }

async function ask() {
  const sent = performance.now()
  if (sent < server.next) return
  server.next = sent + 60000
  try {
    const { ms } = await (await fetch("/api/v1/time", { cache: "no-store" })).json()
    const took = performance.now() - sent
    if (took < server.took || sent - server.mark > 60000) Object.assign(server, { ms, took, mark: sent + took / 2 })
    if (took > 200) server.next = sent + took + 500  // a busy moment: the next answer may be closer
  } catch { server.next = sent + 10000 }  // until then the run's own moment holds
}

export default function ({ parentElement, data }) {
  const box = parentElement.querySelector(".countdown")
  const left = parentElement.querySelector(".left")
  parentElement.querySelector(".label").textContent = data.label
  const begun = performance.now()
  const real = () => server.ms ? server.ms + performance.now() - server.mark : data.server_ms + performance.now() - begun
  const now = () => data.drill ? data.drill.begins_ms + (real() - data.drill.started_ms) * data.drill.speed : real()
  const two = number => String(number).padStart(2, "0")
  const draw = () => {
    ask()
    const seconds = Math.max(0, Math.ceil((data.target_ms - now()) / 1000))
    const days = Math.floor(seconds / 86400)
    const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":")
    const text = seconds ? (days ? days + " " + data.days + " " : "") + clock : data.over
    if (left.textContent !== text) left.textContent = text
    box.className = "countdown " + data.size + (seconds ? "" : " over")
  }
  clearInterval(timers.get(parentElement))
  timers.set(parentElement, setInterval(draw, 250))
  draw()
  return () => { clearInterval(timers.get(parentElement)); timers.delete(parentElement) }
}
"""

_countdown = st.components.v2.component("countdown", html=_HTML, css=_CSS, js=_JS)


def countdown(
    target: datetime,
    now: datetime,
    *,
    key: str,
    label: str = "",
    size: Size = "small",
    drill: Rehearsal | None = None,
) -> None:
    """Days and clock until `target`, by the server's time (`now`), whatever the browser's clock says; in a
    rehearsal by its own clock, and named a drill."""
    data = {
        "target_ms": _ms(target),
        "server_ms": _ms(now),
        "drill": None
        if drill is None
        else {"begins_ms": _ms(drill.begins_at), "started_ms": _ms(drill.started_at), "speed": drill.speed},
        "label": label if drill is None else f"{plain('live.drill')} · {label}",
        "days": plain("countdown.days"),
        "over": plain("countdown.over"),
        "size": size,
    }
    _countdown(key=key, data=data)


def _ms(moment: datetime) -> int:
    return int(utc(moment).timestamp() * 1000)
