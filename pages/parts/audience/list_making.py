"""The form of a new list: what it would be at each change, and the button."""

from __future__ import annotations

import streamlit as st

from core.errors import ShopError
from core.lists import service
from core.lists.rules import APART, IN_PRICE, KINDS, LEAST_PEOPLE, Plan
from core.lists.service import Draft
from pages.parts.audience.remembered import remembered
from pages.parts.components.cards import Card, cards
from pages.parts.components.feedback import attempt, refused
from pages.parts.components.text import money, money_short, number, percent, plain, t
from pages.parts.entry.context import PageContext


def form(page: PageContext) -> None:
    """The form with its outlook."""
    with st.expander(t("lists.make_title"), icon=":material/group_add:"):
        left, middle, right = st.columns(3)
        with left:
            kind = str(
                st.selectbox(
                    t("lists.select_kind"),
                    KINDS,
                    key="list_kind",
                    format_func=lambda code: plain(f"list_kind.{code}"),
                )
            )
            st.caption(t(f"list_offer.{kind}"))
            name = st.text_input(t("lists.name"), key="list_name")
        with middle:
            coupon = _coupon()
        with right:
            plan = _plan(kind, coupon)
        drafted = _drafted(page, kind, plan)
        if drafted is not None:
            outlook(drafted)
        if st.button(t("lists.make"), type="primary", key="list_make"):
            attempt(
                lambda: service.make(page.database, page.actor, page.campaign_id, kind, name, plan, page.now),
                lambda list_id: _said(page, list_id),
            )


def _coupon() -> tuple[int, int, str]:
    """Face and threshold in fen, and who pays: asked for as soon as there is a coupon."""
    coupon = st.number_input(t("lists.coupon"), 0, 10_000, 0, key="list_coupon")
    if not coupon:
        return 0, 0, ""
    threshold = st.number_input(t("lists.threshold"), 0, 100_000, coupon * 8, key="list_threshold")
    where = st.segmented_control(
        t("lists.coupon_from"),
        (IN_PRICE, APART),
        key="list_coupon_from",
        format_func=lambda code: plain(f"coupon_from.{code}"),
        help=t("lists.coupon_from_help"),
    )
    return coupon * 100, threshold * 100, str(where or "")


def _plan(kind: str, coupon: tuple[int, int, str]) -> Plan:
    control = st.slider(t("lists.control"), 5, 50, 20, key="list_control", help=t("lists.control_help"))
    days = st.number_input(t("lists.days"), 1, 90, 14, key="list_days", help=t("lists.days_help"))
    with st.popover(t("lists.most_people"), width="stretch"):
        most = st.number_input(t("lists.most_people"), 0, 10_000_000, 0, key="list_most")
        contact = st.number_input(t("lists.contact"), 0.0, 100.0, 0.05, key="list_contact")
        returned = st.number_input(t("lists.returned"), 0.0, 1_000.0, 8.0, key="list_returned")
        waited = 7
        if kind == "wished":
            waited = st.number_input(t("lists.waited"), 1, 180, 7, key="list_waited")
    return Plan(
        control / 100,
        *coupon,
        contact=round(contact * 100),
        returned=round(returned * 100),
        days=int(days),
        waited=int(waited),
        most=int(most),
    )


def _drafted(page: PageContext, kind: str, plan: Plan) -> Draft | None:
    try:
        return remembered(
            page,
            "draft",
            lambda one: service.draft(one.database, one.actor, one.campaign_id, kind, plan, one.now),
            kind,
            plan,
        )
    except ShopError as error:
        refused(error)
        return None


def outlook(drafted: Draft) -> None:
    """People, what they can show, and what the list costs."""
    ahead = drafted.outlook
    cards(
        Card(
            "lists.would_hold", number(ahead.people), against=f"{plain('lists.held')} {number(ahead.control)}"
        ),
        Card(
            "lists.rise",
            "—" if ahead.rise is None else f"+{ahead.rise * 100:.2f}",
            alarm=ahead.small,
            against=f"{plain('lists.base')} {percent(ahead.base)}",
            help="lists.rise_help",
        ),
        Card("lists.money_rise", "—" if ahead.money is None else money(round(ahead.money))),
        Card("lists.loss", percent(ahead.loss), help="lists.loss_help"),
        Card(
            "lists.expected",
            money_short(ahead.expected),
            against=f"{plain('lists.most')} {money_short(ahead.most)}",
            help="lists.expected_help",
        ),
    )
    st.caption(
        f"{t('lists.in_app')} {number(drafted.in_app)} · {t('lists.by_order')} {number(drafted.by_order)} · "
        f"{t('lists.worth')} {money_short(drafted.worth)}"
    )
    for reason, people in drafted.dropped.items():
        st.caption(t(f"lists.dropped_{reason}", n=people))
    if ahead.people >= LEAST_PEOPLE and ahead.small:
        st.warning(t("lists.too_small"), icon=":material/warning:")


def _said(page: PageContext, list_id: str) -> str:
    one_list = service.load(page.database, page.actor, list_id)
    return t("lists.made", people=one_list.people, control=one_list.control)
