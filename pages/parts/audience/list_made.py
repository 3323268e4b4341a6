"""One list: how it was made, how it goes out, and what it has brought beyond its control."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.lists import results, sending, service, sheet
from core.lists.results import Finding
from core.lists.rules import IN_PRICE
from core.lists.service import Made
from core.readiness.service import DEPARTMENTS
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import attempt
from pages.parts.components.states import badge
from pages.parts.components.tables import draw
from pages.parts.components.text import language, money, money_short, number, plain, t, time
from pages.parts.entry.context import PageContext

ARMS = (
    Column("arm", "lists.arm", pinned=True),
    Column("people", "lists.people", "integer"),
    Column("buyers", "lists.buyers", "integer"),
    Column("conversion", "lists.conversion", "percent"),
    Column("paid", "lists.paid", "money"),
    Column("refunded", "lists.refunded", "money"),
    Column("back", "lists.return_cost", "money"),
)


def show(page: PageContext, list_id: str) -> None:
    """The list with what may be done with it."""
    one_list = service.load(page.database, page.actor, list_id)
    cards(
        Card("lists.people", number(one_list.people), against=plain(f"list_kind.{one_list.kind}")),
        Card("lists.called", number(one_list.called)),
        Card("lists.held", number(one_list.control), help="lists.control_help"),
        Card("lists.worth", money_short(one_list.worth), help="lists.worth_help"),
        Card("lists.booked", money_short(one_list.booked), help="lists.expected_help"),
    )
    for reason, people in one_list.dropped.items():
        st.caption(t(f"lists.dropped_{reason}", n=people))
    if one_list.state != "judged":
        _send(page, one_list)
    outcome = results.finding(page.database, page.actor, list_id, page.now)
    if outcome is None:
        st.info(t("lists.not_sent"), icon=":material/outbox:")
        return
    _finding(page, one_list, outcome)


def _send(page: PageContext, one_list: Made) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if page.may("audience.export"):
            _export(one_list)
        if page.may("readiness.edit") and not one_list.task_id:
            _task(page, one_list)


def _export(one_list: Made) -> None:
    """The people to call, made on the click and written into the audit trail; with own numbers where some were
    pasted."""
    with st.popover(t("lists.own_ids"), icon=":material/badge:"):
        own = st.text_area(t("lists.own_ids"), key="list_own", help=t("lists.own_ids_help"))
    ids = tuple(own.split())
    download(
        Button(plain("lists.download"), "list_export", help=plain("lists.download_help")),
        File("list.xlsx"),
        lambda fresh: sheet.workbook(
            sending.export(fresh.database, fresh.actor, one_list.list_id, fresh.now, ids), language()
        ),
        action="audience.export",
    )


def _task(page: PageContext, one_list: Made) -> None:
    with st.popover(t("lists.as_task"), icon=":material/assignment:"):
        department = st.selectbox(
            t("lists.department"),
            DEPARTMENTS,
            index=DEPARTMENTS.index("customer_service"),
            format_func=lambda code: plain(f"department.{code}"),
        )
        title = plain("lists.task_title", name=one_list.name, people=one_list.called)
        if st.button(t("lists.as_task"), type="primary", key="list_task"):
            attempt(
                lambda: sending.send_task(
                    page.database, page.actor, one_list.list_id, department, title, page.now
                ),
                t("lists.task_sent"),
            )


def _finding(page: PageContext, one_list: Made, outcome: Finding) -> None:
    """The verdict, what it rests on, and the two arms side by side."""
    with st.container(horizontal=True, vertical_alignment="center"):
        badge(outcome.word, "verdict")
        st.markdown(" ".join(t(f"test_reason.{reason}") for reason in outcome.reasons), width="content")
    if one_list.state != "judged" and not outcome.final:
        until = one_list.until()
        st.caption(t("lists.until", until=time(until, page.sale.timezone) if until else ""))
    word = t(
        "lists.ratio_broken"
        if outcome.net is None and "sample_ratio" in outcome.reasons
        else "lists.ratio_fine"
    )
    st.caption(t("lists.ratio", p=f"{outcome.p:.3f}", word=word))
    if outcome.net is not None and outcome.low is not None and outcome.high is not None:
        ends = f"{money(round(outcome.low), sign=True)} … {money(round(outcome.high), sign=True)}"
        cards(
            Card(
                "lists.increment", money_short(outcome.increment or 0, sign=True), help="lists.increment_help"
            ),
            Card("lists.per_person", money(round(outcome.net), sign=True), against=ends),
            _coupons(one_list, outcome),
            Card("lists.return_cost", money_short(sum(outcome.back))),
            Card("lists.contact_cost", money_short(outcome.contact)),
        )
    draw(_arms(outcome), ARMS, key="list_arms")
    over = page.may("audience.edit") and one_list.state == "sent" and outcome.final
    if over and st.button(t("lists.judge"), type="primary", key="list_judge", help=t("lists.judge_help")):
        attempt(
            lambda: results.judge(page.database, page.actor, one_list.list_id, page.now),
            lambda done: t("lists.judged", word=plain(f"verdict.{done.word}")),
        )


def _coupons(one_list: Made, outcome: Finding) -> Card:
    where = "coupon_in_price" if one_list.plan.coupon_from == IN_PRICE else "coupon_apart"
    against = plain(f"lists.{where}") if one_list.plan.coupon else ""
    return Card(
        "lists.coupon_cost", money_short(outcome.coupon) if one_list.plan.coupon else "—", against=against
    )


def _arms(outcome: Finding) -> pd.DataFrame:
    people = pd.Series(outcome.people, dtype="Int64")
    buyers = pd.Series(outcome.buyers, dtype="Int64")
    return pd.DataFrame(
        {
            "arm": [plain("lists.held"), plain("lists.called")],
            "people": people,
            "buyers": buyers,
            "conversion": (buyers / people.where(people > 0)).astype("Float64"),
            "paid": outcome.paid,
            "refunded": outcome.refunded,
            "back": outcome.back,
        }
    )
