"""What to do now: one card a cause, the most urgent first, opened for its goods; and the act that is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import ShopError
from core.live.actions import decisions
from core.live.actions.effects import Act
from core.live.alerts import monitor
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt, refusals
from pages.parts.components.states import tone, word
from pages.parts.components.tables import draw as draw_table
from pages.parts.components.tables import row_of
from pages.parts.components.text import money, money_short, number, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import callback, fragment

Row = Mapping[object, Any]  # an action, as the frame holds it

EVERY_S = 10.0
SHOWN = 4  # causes side by side; the rest is counted
OPENED = "live_cause"
ADVICE = (
    Column("sku_code", "live.sku_code", "code", pinned=True),
    Column("name", "live.name", "text", pinned=True),
    Column("problem", "live.problem", "state"),
    Column("act", "live.act", "state", words="act"),
    Column("units", "live.units", "integer"),
    Column("per_minute", "live.per_minute", "price", help="live.per_minute_help"),
    Column("rank", "live.rank_title", "state", words="live_rank", help="live.rank_help"),
    Column("margin_effect", "live.margin_effect", "money", help="live.margin_effect_help"),
    Column("stock_effect", "live.stock_effect", "integer"),
    Column("partner", "live.partner"),
    Column("price", "live.price", "price"),
)


def area(at: datetime | None) -> None:
    """The action area; that of the running minute is drawn anew every EVERY_S seconds, so that what time has
    settled goes away."""
    fragment("live.view", _area, at)(run_every=None if at is not None else EVERY_S, lost=_lost)


def _lost(_: ShopError) -> None:
    """Without the database no action is shown that may be over, and none stays open; the board says why."""
    st.session_state.pop(OPENED, None)


def _area(page: PageContext, at: datetime | None) -> None:
    moment = at or page.moment
    if not page.sale.opens_at <= moment < page.sale.closes_at:
        return
    with st.container(key="live_actions"), refusals():
        groups, table = decisions.causes(page.database, page.actor, page.campaign_id, moment)
        opened = _cards(groups) if len(groups) else None
        if opened is not None:
            chosen = table[(table["cause"] == opened["cause"]) & (table["group"] == opened["tier"])]
            choose(page, chosen.reset_index(drop=True), f"live_open_{opened['cause']}_{opened['tier']}", 200)


def nothing(page: PageContext, at: datetime) -> str:
    """That nothing is left to do, and whether alerts of goods stand because somebody deals with them."""
    rows = monitor.standing_alerts(page.database, page.actor, page.campaign_id, at)
    ringing = int(((rows["kind"] == "stock_out") & (rows["state"] != "resolved")).sum())
    return t("live.no_advice_alerts", n=ringing) if ringing else t("live.no_advice")


def _cards(groups: pd.DataFrame) -> Mapping[object, object] | None:
    """One card a cause; the one that is open."""
    opened, chosen = st.session_state.get(OPENED), None
    rows = groups.head(SHOWN).to_dict("records")
    for row, place in zip(rows, st.columns(len(rows), gap="small"), strict=True):
        name = f"{row['cause']}_{row['tier']}"
        open_here = opened == name
        card = place.container(
            border=True, key=f"cause_{name}", gap="small", horizontal=True, vertical_alignment="center"
        )
        with card:
            st.markdown(f"**{said_of(row)}**  \n{_worth(row)}", width="stretch")
            st.button(
                t("live.shut_cause" if open_here else "live.open_cause"),
                key=f"open_{name}",
                type="primary" if row["rank"] == "now" and not open_here else "secondary",
                on_click=callback("live.view", _toggle, name),
            )
        chosen = row if open_here else chosen
    if len(groups) > SHOWN:
        st.caption(t("live.more_causes", n=len(groups) - SHOWN))
    return chosen


def _toggle(_: PageContext, name: str) -> None:
    st.session_state[OPENED] = None if st.session_state.get(OPENED) == name else name


def said_of(row: Row) -> str:
    """A cause in a sentence: how many goods of which tier, and what happens to them."""
    goods = word(row["tier"], "tier") if row["tier"] else plain("live.cause_goods")
    return t(f"live.cause_{row['cause']}", n=number(int(row["goods"])), goods=goods)


def _worth(row: Row) -> str:
    """What a minute of it costs, for those who may see margins; else how urgent it is."""
    rank = str(row["rank"])
    mark = f":{tone(rank)}-badge[{t(f'live_rank.{rank}')}]"
    fen = row.get("per_minute")
    return (
        mark if not fen or pd.isna(fen) else f"{mark} {t('live.cause_worth', amount=money_short(round(fen)))}"
    )


def choose(page: PageContext, found: pd.DataFrame, key: str, height: int) -> None:
    """The actions as a table; the chosen one with what it does, a note and the button."""
    times = st.session_state.setdefault("live_acts", 0)  # a table of its own after each act
    columns = [column for column in ADVICE if column.name in found.columns]  # margins are not everybody's
    columns = [column for column in columns if column.name != "rank" or "per_minute" not in found.columns]
    picked = draw_table(found, columns, key=f"{key}_{times}", pick=page.may("live.act"), height=height)
    if picked is not None:
        _chosen(page, row_of(found, picked).to_dict(), key)


def _chosen(page: PageContext, row: Row, key: str) -> None:
    price, worth = row["price"], row.get("margin_effect")
    facts = {
        "act": plain(f"act.{row['act']}"),
        "sku": row["sku_code"],
        "detail": f"→ {row['partner']}"
        if row["partner"]
        else ""
        if pd.isna(price)
        else f"→ {money(int(price))}",
        "units": number(int(row["units"])),
        "worth": "—" if worth is None or pd.isna(worth) else money_short(int(worth), sign=True),
        "stock": f"{int(row['stock_effect']):+,}",
    }
    desk = key.removesuffix("_advice")
    with st.container(border=True):
        st.markdown(t("live.act_sentence", **facts))
        st.caption(t(f"act.{row['act']}_does"))
        one = f"{row['act']}_{row['sku_code']}"  # the row that was looked at: another one in its place is not acted upon
        note = st.text_input(t("live.note"), key=f"{desk}_note_{one}")
        if st.button(t("live.do"), key=f"{desk}_do_{one}", type="primary", **allowed(page, str(row["act"]))):
            attempt(partial(_act, page, decisions.as_record(row, note)), t("live.done"))


def allowed(page: PageContext, name: str) -> dict[str, Any]:
    """What a button of an act says of who may press it."""
    may = decisions.may(page.actor, name, drill=page.sale.drill is not None)
    return {"disabled": not may, "help": None if may else t("live.not_yours")}


def _act(page: PageContext, one: Act) -> None:
    """Does it now, whatever past minute is looked at."""
    decisions.act(page.database, page.actor, page.campaign_id, one, page.now, page.moment)
    st.session_state["live_acts"] += 1
