"""Alerts on the live page and the wall: what fires, since when, and who deals with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core import clock
from core.access import Actor, allowed
from core.database import Database
from core.live import watch
from core.live.picture import Picture
from pages.parts.picker import Chosen
from pages.parts.states import badge
from pages.parts.text import literal, money_short, number, percent, plain, t

SHOWN = 6


def alerts(db: Database, user: Actor, chosen: Chosen, seen: Picture, live: bool) -> None:
    """Open alerts with their sentence; firing ones can be acknowledged. The place stays when there is none."""
    standing = watch.standing_alerts(db, user, chosen.campaign_id, seen.at)
    opened = standing[standing["state"] != "resolved"]
    with st.container(key="live_alerts", border=True):
        if opened.empty:
            st.markdown(f":material/check_circle: {t('live.all_quiet')}")
        for row in opened.head(SHOWN).to_dict("records"):
            _line(db, user, row, seen, live)
        if len(opened) > SHOWN:
            st.caption(t("live.more_alerts", n=len(opened) - SHOWN))


def _line(db: Database, user: Actor, row: Mapping[Any, Any], seen: Picture, live: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"alert_{row['alert_id']}"):
        badge(row["state"])
        st.markdown(sentence(row), width="stretch")
        fired = pd.Timestamp(row["fired_at"]).tz_convert(seen.scope.timezone).strftime("%H:%M")
        st.caption(f"{t('live.drill')} · {fired}" if row["drill"] else fired, width="content")
        if row["state"] == "firing" and live and allowed(user, "live.acknowledge"):
            st.button(
                t("live.acknowledge"), key=f"ack_{row['alert_id']}", on_click=watch.acknowledge,
                args=(db, user, row["alert_id"], clock.now(), seen.at),
            )  # fmt: skip
        elif row["acknowledged_by"]:
            st.caption(t("live.acknowledged_by", name=row["acknowledged_by"]), width="content")


def sentence(row: Mapping[Any, Any]) -> str:
    """What fires, in words: the subject in front where there is one."""
    facts = {key: _said(key, value) for key, value in row["facts"].items()}
    subject = f"`{literal(row['subject'])}` " if row["subject"] else ""
    kind = f"alert.{row['kind']}"
    gone = row["kind"] == "stock_out" and (row["facts"].get("left") or 0) <= 0
    return f"**{t(kind)}** · {subject}{t(f'{kind}_gone' if gone else f'{kind}_says', **facts)}"


def _said(key: str, value: Any) -> str:
    """A fact as people read it."""
    if value in (None, ""):
        return "—"
    if key in ("rate", "usual", "ratio"):
        return percent(float(value))
    if key in ("forecast", "high", "target", "refunded"):
        return money_short(int(value))
    if key == "direction":
        return plain(f"live.direction_{value}")
    return number(value) if isinstance(value, int | float) else str(value)
