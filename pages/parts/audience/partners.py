"""Leaders and partners: a card each with what it brings and costs, the ranking, points, and contracts that end."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from core.audience.partners import service
from core.audience.partners.scores import CRITERIA, KINDS
from core.audience.partners.service import Partners, Terms
from core.warmup import wishes
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import Filter, row_of, table
from pages.parts.components.text import day, literal, money, money_short, number, percent, plain, t
from pages.parts.components.url_state import kept
from pages.parts.entry.context import PageContext
from pages.parts.shell.links import link

WISHES = (
    Column("group", "partners.group", pinned=True),
    Column("votes", "partners.votes", "integer"),
    Column("skus", "partners.voted_skus", "integer"),
    Column("first", "partners.first_goods", "list", width="large"),
)
SPANS = ("30", "90", "365")  # days
COLUMNS = (
    Column("rank", "partners.rank", "integer", help="partners.rank_help", width="small"),
    Column("name", "partners.name", pinned=True),
    Column("kind_word", "partners.kind"),
    Column("score", "partners.score", "decimal", help="partners.score_help"),
    Column("days_left", "partners.days_left", "integer"),
    Column("reach", "partners.reach", "integer"),
    Column("orders", "partners.orders", "integer"),
    Column("new_buyers", "partners.new_buyers", "integer"),
    Column("kept", "partners.kept", "money"),
    Column("refund_rate", "partners.refund_rate", "percent"),
    Column("cost", "partners.cost", "money", help="partners.cost_help"),
    Column("cost_per_new", "partners.cost_per_new", "price"),
    Column("roi", "partners.roi", "decimal", help="partners.roi_help"),
    Column("margin", "partners.margin", "money", help="partners.margin_help"),
    Column("task", "partners.task"),
)


def _of(kind: str) -> Filter:
    return Filter(kind, f"partner_kind.{kind}", lambda rows: rows["kind"] == kind)


def load(page: PageContext) -> None:
    """The tab: partners, and what the shop's groups wish for."""
    _partners(page)
    if page.campaign is not None:
        _wishes(page)


def _wishes(page: PageContext) -> None:
    """The groups' votes on goods of the campaign, and the suggestions that they lead to."""
    st.subheader(t("partners.wishes"), help=t("partners.wishes_help"))
    groups = wishes.by_group(page.database, page.actor, page.campaign_id)
    if groups.empty:
        st.caption(t("partners.wishes_none"))
        link("warmup", t("partners.wishes_bring"))
        return
    named = groups.assign(group=groups["group"].replace("", plain("people.unstated")))
    table(named, WISHES, key="group_wishes", export="wishes")
    link("goods", t("partners.wishes_suggest"), {"goods_tab": "suggest"})


def _partners(page: PageContext) -> None:
    with kept("partner_days", SPANS[1], SPANS):
        days = st.segmented_control(
            t("partners.days"),
            SPANS,
            required=True,
            key="partner_days",
            format_func=lambda n: plain("partners.last_days", n=int(n)),
        )
    shown = service.partners(page.database, page.actor, int(str(days)), now=page.now)
    if page.may("audience.edit"):
        with st.popover(t("partners.new"), icon=":material/person_add:"):
            _form(page, None)
    if shown.rows.empty:
        st.info(t("partners.none"), icon=":material/handshake:")
        return
    _answer(shown)
    for row in shown.ending.itertuples():
        said = "partners.ended" if int(str(row.days_left)) < 0 else "partners.ends"
        st.warning(t(said, name=row.name, days=abs(int(str(row.days_left)))), icon=":material/event_busy:")
    rows = shown.rows.assign(kind_word=[plain(f"partner_kind.{kind}") for kind in shown.rows["kind"]])
    picked = table(
        rows,
        COLUMNS,
        key="partners",
        filters=[_of(kind) for kind in KINDS],
        search=("name",),
        export="partners",
        pick=True,
    )
    st.caption(t("partners.note", first=shown.first, last=shown.last))
    if picked.picked is not None:
        _drawer(page, row_of(rows, picked.picked))


def _answer(shown: Partners) -> None:
    rows = shown.rows
    spent, kept_fen = int(rows["cost"].sum()), int(rows["kept"].fillna(0).sum())
    cards(
        Card("partners.all", number(len(rows))),
        Card(
            "partners.kept",
            money_short(kept_fen),
            against=plain("partners.orders_n", n=int(rows["orders"].fillna(0).sum())),
        ),
        Card("partners.new_buyers", number(int(rows["new_buyers"].fillna(0).sum()))),
        Card("partners.cost", money_short(spent), help="partners.cost_help"),
        Card("partners.roi", number(kept_fen / spent, 1) if spent else "—", help="partners.roi_help"),
        strip=True,
    )


def _drawer(page: PageContext, row: pd.Series) -> None:
    """One partner's card, and its terms to change."""
    with st.container(border=True):
        st.markdown(f"**{literal(row['name'])}** · {plain('partner_kind.' + str(row['kind']))}")
        ends = day(date.fromisoformat(row["contract_ends"])) if row["contract_ends"] else "—"
        st.caption(t("partners.contract", ends=ends, channel=row["channel"] or "—"))
        if row["channel"]:
            cards(
                Card(
                    "partners.orders",
                    number(int(row["orders"])),
                    against=plain("partners.buyers_n", n=int(row["buyers"])),
                ),
                Card(
                    "partners.refund_rate",
                    "—" if pd.isna(row["refund_rate"]) else percent(row["refund_rate"]),
                ),
                Card("partners.fee", money(int(row["fee"]))),
                Card(
                    "partners.commission",
                    money(int(row["commission"])),
                    against=percent(row["commission_rate"]),
                ),
                Card(
                    "partners.rewards",
                    money(int(row["rewards"])),
                    against=plain("partners.each", fen=int(row["reward"])),
                ),
            )
        else:
            st.info(t("partners.no_channel"), icon=":material/link_off:")
        points = [
            f"{plain(f'criterion.{name}')} {'—' if pd.isna(row[name]) else int(row[name])}"
            for name in CRITERIA
        ]
        st.caption(" · ".join(points))
        if page.may("audience.edit"):
            with st.expander(t("partners.edit")):
                _form(page, row)
            if st.button(
                t("partners.take_out", name=literal(row["name"])),
                key="partner_take_out",
                icon=":material/delete:",
            ):
                attempt(
                    lambda: service.take_out(
                        page.database, page.actor, str(row["partner_id"]), int(row["version"]), now=page.now
                    ),
                    t("partners.taken_out"),
                )


def _form(page: PageContext, row: pd.Series | None) -> None:
    """Terms, new or as they are."""
    partner_id = "" if row is None else str(row["partner_id"])
    was = {} if row is None else row.to_dict()
    with st.form(f"partner_{partner_id}"):
        name = st.text_input(t("partners.name"), was.get("name", ""))
        kind = st.selectbox(
            t("partners.kind"),
            KINDS,
            KINDS.index(was["kind"]) if was else 0,
            format_func=lambda one: plain(f"partner_kind.{one}"),
        )
        channel = st.text_input(
            t("partners.channel"), was.get("channel", ""), help=t("partners.channel_help")
        )
        reach = st.number_input(t("partners.reach"), min_value=0, value=_known(was.get("reach")))
        fee = st.number_input(t("partners.fixed_fee"), min_value=0.0, value=was.get("fixed_fee", 0) / 100)
        rate = st.number_input(
            t("partners.commission_rate"), 0.0, 100.0, was.get("commission_rate", 0.0) * 100
        )
        reward = st.number_input(t("partners.reward"), min_value=0.0, value=was.get("reward", 0) / 100)
        ends = st.date_input(
            t("partners.contract_ends"),
            date.fromisoformat(was["contract_ends"]) if was.get("contract_ends") else None,
        )
        task = st.text_input(t("partners.task"), was.get("task", ""))
        points = {
            one: st.number_input(
                t(f"criterion.{one}"), 1, 5, _known(was.get(one)), help=t(f"criterion_help.{one}")
            )
            for one in CRITERIA
        }
        if st.form_submit_button(t("touches.save"), type="primary"):
            terms = Terms(
                kind,
                name,
                channel,
                None if reach is None else int(reach),
                round(fee * 100),
                rate / 100,
                round(reward * 100),
                ends.isoformat() if ends else "",
                task,
                **{one: None if point is None else int(point) for one, point in points.items()},
                version=int(was.get("version", 0)),
            )
            attempt(
                lambda: service.put(page.database, page.actor, terms, partner_id, now=page.now),
                t("partners.saved", name=name),
            )


def _known(value: object) -> int | None:
    """A stored whole number, None where there is none."""
    return None if value is None or pd.isna(value) else int(str(value))  # type: ignore[call-overload]
