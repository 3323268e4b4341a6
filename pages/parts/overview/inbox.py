"""待我处理: a card for each thing that waits for this person, with what it takes to decide, the act, and the way to the
very row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.access import approvals as plain_approvals
from core.access.approvals import Decision
from core.clock import zone
from core.overview import inbox, inbox_marks
from core.overview.inbox import Item
from core.pricing import approvals as price_approvals
from pages.parts.components.bulk import Act, bulk
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import Shown, ticked, unticked
from pages.parts.components.text import money_short, plain, t, time, who
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import Frame, callback, dialog
from pages.parts.shell.links import link, may_go

ICONS = {
    "alert": "notifications_active",
    "source": "sensors_off",
    "approval": "how_to_reg",
    "purchase": "local_shipping",
    "override": "history",
    "task": "assignment_late",
    "contract": "contract",
    "import": "rule",
    "report": "update",
}
BATCH = (
    Column("about", "pricing.about", "code"),
    Column("name", "pricing.name", pinned=True),
    Column("spec", "goods.spec"),
    Column("previous_price", "pricing.previous_price", "price"),
    Column("sale_price", "pricing.sale_price", "price"),
    Column("worst_landed_price", "pricing.worst_landed", "price"),
    Column("floor_price", "pricing.floor_price", "price", help="pricing.floor_price_help"),
    Column("worst_margin", "pricing.worst_margin", "percent"),
    Column("at_stake", "pricing.at_stake", "money", help="pricing.at_stake_help"),
    Column("reason", "pricing.request_reason", width="medium"),
    Column("requested_by", "pricing.requested_by", "person"),
)
FIRST = 6  # cards at first; the rest is counted and one click away


def cards(page: PageContext) -> None:
    """The heading with the count, and the cards."""
    items = inbox.mine(page.database, page.actor, page.campaign_id, page.now)
    now = [item for item in items if not item.away(page.actor)]
    st.subheader(t("inbox.title", n=sum(item.count for item in now)), anchor=False)
    if not now:
        st.markdown(f":material/check_circle: {t('inbox.none')}")
    every = len(now) <= FIRST or st.session_state.get("inbox_all", False)
    over, shown = st.container(), now if every else now[:FIRST]
    ticks = [_card(page, item, many=len(now) > 1) for item in shown]
    if len(now) > 1:
        _together(page, [item for item, tick in zip(shown, ticks, strict=True) if tick], over)
    if len(now) > FIRST:
        st.toggle(t("inbox.all", n=len(now)), key="inbox_all")
    _away(page, [item for item in items if item.away(page.actor)])


def _away(page: PageContext, items: list[Item]) -> None:
    """What was put off or handed on, and the way back for one's own."""
    if not items:
        return
    with st.expander(t("inbox.away", n=len(items)), icon=":material/schedule:"):
        for item in items:
            st.markdown(f"- {_sentence(item)} · {_gone(page, item)}")
        if any(item.mark and item.mark.marked_by == page.actor.name for item in items):
            st.button(t("inbox.bring_back"), type="tertiary", on_click=callback("campaign.view", _take_back))


def _gone(page: PageContext, item: Item) -> str:
    if item.mark is None:
        return ""
    if item.mark.deputy:
        return t("inbox.has_it", who=who(item.mark.deputy), by=who(item.mark.marked_by))
    return t("inbox.until", at=time(item.mark.until, page.sale.timezone))


def _together(page: PageContext, items: list[Item], over: st.delta_generator.DeltaGenerator) -> None:
    """What may be done with the ticked cards together: put off, or handed on to somebody who may do all of them."""
    rows = pd.DataFrame({"amount": [item.amount for item in items]}, index=[item.card for item in items])
    people = [
        set(inbox_marks.deputies(page.database, page.actor, item.action) if item.action else ())
        for item in items
    ]
    able = sorted(set.intersection(*people)) if people else []
    acts = [
        Act(
            "later",
            "inbox.bulk_later",
            lambda rows: _put_all_off(page, list(rows.index)),
            icon=":material/schedule:",
        )
    ]
    if able:
        acts.append(
            Act("hand", "inbox.bulk_hand", lambda _: _hand_all_on(items, able), icon=":material/forward:")
        )
    bulk(Shown(rows, ticked=rows, over=over), acts, key="inbox", money="amount")


def _put_all_off(page: PageContext, cards: list[str]) -> None:
    for name, until in _moments(page).items():
        st.button(
            t(f"inbox.later_{name}", at=time(until, page.sale.timezone)),
            key=f"inbox_all_{name}",
            width="stretch",
            on_click=callback("campaign.view", _each_off, cards, until),
        )


def _each_off(page: PageContext, cards: list[str], until: datetime) -> None:
    for card in cards:
        _put_off(page, card, until)
    unticked("inbox")


def _hand_all_on(items: list[Item], able: list[str]) -> None:
    st.selectbox(t("inbox.deputy"), able, index=None, key="inbox_all_deputy", format_func=who)
    st.button(
        t("inbox.hand_on"),
        key="inbox_all_hand",
        on_click=callback("campaign.view", _each_on, [(item.card, item.action) for item in items]),
    )


def _each_on(page: PageContext, cards: list[tuple[str, str]]) -> None:
    if st.session_state.get("inbox_all_deputy"):
        for card, action in cards:
            _hand_on(page, card, action, "inbox_all_deputy")
        unticked("inbox")


def _card(page: PageContext, item: Item, *, many: bool) -> bool:
    """One card: the sentence with its money, and the acts; whether it is ticked."""
    key, tick = item.card, False
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"inbox_{key}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"inbox_head_{key}"):
            if many:
                name = f"inbox_tick_{st.session_state.get('inbox_ticked', 0)}_{key}"
                tick = st.checkbox(t("inbox.tick"), key=name, label_visibility="collapsed", width="content")
            handed = f" · {t('inbox.from', who=who(item.mark.marked_by))}" if item.mark else ""
            st.markdown(f":material/{ICONS[item.kind]}: {_sentence(item)}{handed}", width="stretch")
        if item.ids and st.button(t("inbox.decide"), key=f"inbox_decide_{key}", type="primary"):
            dialog(Frame(plain("inbox.decide"), "large"), "approval.view", decide, item)
        if may_go(item.page):
            link(item.page, t("inbox.go"), item.query)
        with st.popover(t("inbox.later"), type="tertiary", key=f"inbox_later_{key}"):
            _later(page, item)
    return tick


def _later(page: PageContext, item: Item) -> None:
    """Putting a card off, or giving it to a colleague."""
    for name, until in _moments(page).items():
        st.button(
            t(f"inbox.later_{name}", at=time(until, page.sale.timezone)),
            key=f"inbox_{name}_{item.card}",
            width="stretch",
            on_click=callback("campaign.view", _put_off, item.card, until),
        )
    people = inbox_marks.deputies(page.database, page.actor, item.action) if item.action else []
    if not people:
        return
    key = f"inbox_deputy_{item.card}"
    st.selectbox(t("inbox.deputy"), people, index=None, key=key, format_func=who)
    st.button(
        t("inbox.hand_on"),
        key=f"inbox_hand_{item.card}",
        width="stretch",
        on_click=callback("campaign.view", _hand_on, item.card, item.action, key),
    )


def _moments(page: PageContext) -> dict[str, datetime]:
    """In an hour; tomorrow at nine on the campaign's clock."""
    local = page.now.astimezone(zone(page.sale.timezone))
    nine = datetime.combine(local.date() + timedelta(days=1), clock_time(9), local.tzinfo)
    return {"hour": page.now + timedelta(hours=1), "tomorrow": nine.astimezone(UTC)}


def _put_off(page: PageContext, card: str, until: datetime) -> None:
    inbox_marks.put_off(page.database, page.actor, page.campaign_id, card, until, now=page.now)


def _hand_on(page: PageContext, card: str, action: str, key: str) -> None:
    deputy = st.session_state.get(key)
    if deputy:
        inbox_marks.hand_on(
            page.database,
            page.actor,
            page.campaign_id,
            inbox_marks.HandedOn(card, action, str(deputy)),
            now=page.now,
        )


def _take_back(page: PageContext) -> None:
    inbox_marks.take_back(page.database, page.actor, page.campaign_id, now=page.now)


def _sentence(item: Item) -> str:
    facts: dict[str, object] = dict(item.facts)
    if "who" in facts:
        names = facts["who"] if isinstance(facts["who"], list) else [facts["who"]]
        facts["who"] = [who(name) for name in names]
    words = "inbox.below_floor" if item.code == "approval_price" else "inbox.money"
    money = t(words, amount=money_short(item.amount)) if item.amount else ""
    return t(f"inbox.{item.code}", **facts) + money


def decide(page: PageContext, item: Item) -> None:
    """The list that is decided, row by row; nothing ticked is nothing decided."""
    st.markdown(_sentence(item))
    ids = list(item.ids)
    if len(item.rows):
        rows = item.rows[item.rows["id"].astype("str").isin(ids)]
        columns = [column for column in BATCH if column.name in rows]
        chosen = ticked(rows, columns, key=f"inbox_batch_{item.code}", height=360)
        ids = chosen["id"].astype("str").tolist()
        if len(rows) < len(item.rows):
            st.caption(t("inbox.moved", n=len(item.rows) - len(rows)))
    note = st.text_input(t("pricing.note"), key="inbox_note", placeholder=plain("pricing.note_place"))
    with st.container(horizontal=True):
        yes = st.button(t("inbox.approve", n=len(ids)), type="primary", disabled=not ids, key="inbox_yes")
        no = st.button(t("inbox.refuse", n=len(ids)), disabled=not ids, key="inbox_no")
    if yes or no:
        verdict = "approved" if yes else "refused"
        attempt(
            partial(_settle, page, item, ids, verdict, note), lambda n: t("pricing.decided", n=n), "success"
        )


def _settle(page: PageContext, item: Item, ids: list[str], verdict: Any, note: str) -> int:
    if len(item.rows):
        return price_approvals.decide(
            page.database, page.actor, ids, price_approvals.Decision(verdict, note), now=page.now
        )
    for one in ids:
        plain_approvals.decide(page.database, page.actor, one, Decision(verdict, note), page.now)
    return len(ids)
