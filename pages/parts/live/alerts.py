"""Alerts on the live page and the wall: what fires, since when, and who deals with it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import streamlit as st

from core import clock
from core.errors import ShopError
from core.live.alerts import monitor
from core.live.alerts.monitor import MOST
from core.live.live_view import LiveView, forget
from core.live.snapshot.snapshot import Picture
from pages.parts.components.states import tone, word
from pages.parts.components.text import literal, money_short, number, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import callback

SHOWN = 6
MONEY = (
    "forecast",
    "high",
    "target",
    "refunded",
    "amount",
    "less",
    "more",
    "per_minute",
)  # facts that are amounts
HIDDEN = "•••"


def alerts(page: PageContext | None, look: LiveView, live: bool) -> None:
    """Open alerts with their sentence; firing ones can be acknowledged by the reader. The place stays when there
    is none."""
    with st.container(key="live_alerts", border=True):
        if not look.alerts:
            st.markdown(f":material/check_circle: {t('live.all_quiet')}")
        for row in look.alerts[:SHOWN]:
            _line(page, row, look.seen, live)
        if len(look.alerts) > SHOWN:
            st.caption(t("live.more_alerts", n=len(look.alerts) - SHOWN))


def _line(page: PageContext | None, row: Mapping[Any, Any], seen: Picture, live: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"alert_{row['alert_id']}"):
        mark = f":{tone(row['state'])}-badge[{t('state.' + row['state'])}]"
        said = [row["fired_at"].astimezone(clock.zone(seen.scope.timezone)).strftime("%H:%M")]
        if row["drill"]:
            said.insert(0, t("live.drill"))
        if row["acknowledged_by"]:
            said.append(t("live.acknowledged_by", name=row["acknowledged_by"]))
        st.markdown(f"{mark} {sentence(row)} :small[:gray[{' · '.join(said)}]]", width="stretch")
        if row["state"] == "firing" and live and page is not None and page.may("live.acknowledge"):
            st.button(
                t("live.acknowledge"),
                key=f"ack_{row['alert_id']}",
                on_click=callback("live.acknowledge", _acknowledge, row["alert_id"], seen.at),
            )


def _acknowledge(page: PageContext, alert_id: str, at: datetime) -> None:
    """The button's work; an alert that somebody else took or that is over needs no word: the next line says
    so."""
    with suppress(ShopError):
        monitor.acknowledge(page.database, page.actor, alert_id, page.now, at)
    forget()


def sentence(row: Mapping[Any, Any], *, hide_money: bool = False) -> str:
    """What fires, in words: the subject in front where there is one; `hide_money`: without amounts, for a
    wall that visitors pass."""
    facts = {
        key: HIDDEN if hide_money and key in MONEY else _said(key, value)
        for key, value in {**row["facts"], **_rate(row["facts"])}.items()
    }
    subject = f"`{literal(row['subject'])}` " if row["subject"] else ""
    kind = f"alert.{row['kind']}"
    return f"**{t(kind)}** · {subject}{t(f'{kind}_{_variant(row)}', **facts)}"


def _variant(row: Mapping[object, Any]) -> str:
    """Which of a kind's sentences fits its facts."""
    facts = row["facts"]
    if row["kind"] == "stock_out":
        if not facts.get("left"):
            return "over" if facts.get("short") else "gone"
        return "lasts" if facts.get("minutes") is None else "says" if facts.get("next_on") else "none"
    if row["kind"] == "refund" and facts.get("of"):
        return "goods" if facts["carried"] >= MOST else "spread"
    if row["kind"] == "pace":
        return "far" if facts["high"] >= facts["target"] else "says"
    if row["kind"] == "change":
        slower = facts["per_minute"] < 0
        same = slower == (facts["direction"] == "down")
        return ("slow" if slower else "fast") if same else "turned"
    return "says"


def _rate(facts: Mapping[str, Any]) -> dict[str, int]:
    """What a minute of the last hour brought beside the plan (fen), without its sign."""
    fen = facts.get("per_minute")
    return {} if fen is None else {"less": abs(fen), "more": abs(fen)}


def _said(key: str, value: Any) -> str | list[str]:
    """A fact as people read it."""
    if value in (None, ""):
        return "—"
    if key == "per_minute":
        return plain(
            f"live.per_minute_{'less' if value < 0 else 'more'}", amount=money_short(abs(int(value)))
        )
    if key in ("rate", "usual", "ratio", "carried", "reached"):
        return percent(float(value))
    if key == "goods":
        return [plain("message.goods", **one) if one["name"] else one["code"] for one in value]
    if key == "code":
        return word(value, "errors")
    if isinstance(value, list):
        return [str(each) for each in value]
    if key in MONEY:
        return money_short(int(value))
    if key == "direction":
        return plain(f"live.direction_{value}")
    return number(value) if isinstance(value, int | float) else str(value)
