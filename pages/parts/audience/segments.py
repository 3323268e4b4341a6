"""Segments: how large, how much, who moved, what to do; the list of people for those who may export it."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.audience import rules, runs, service, sheet
from core.audience.service import MOVED_DAYS, Movement, Segmented
from pages.parts.audience import tiles
from pages.parts.audience.remembered import remembered_today
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import draw, table
from pages.parts.components.text import day, language, number, percent, plain, t
from pages.parts.components.url_state import kept
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty

CUTS = ("median", "mean", "own")
COLUMNS = (
    Column("name", "audience.name", pinned=True),
    Column("buyers", "audience.buyers", "integer"),
    Column("net", "audience.net", "integer"),
    Column("buyer_share", "audience.buyer_share", "percent"),
    Column("amount", "audience.amount", "money"),
    Column("amount_share", "audience.amount_share", "percent"),
    Column("action", "audience.action"),
    Column("orders", "audience.orders", "integer"),
    Column("median_recency", "audience.median_recency", "integer"),
    Column("median_frequency", "audience.median_frequency", "integer"),
    Column("median_amount", "audience.median_amount", "money"),
)
MOVES = (
    Column("from", "audience.moved_from"),
    Column("to", "audience.moved_to"),
    Column("buyers", "audience.buyers", "integer"),
)


def load(page: PageContext) -> None:
    """The tab; an empty shop is told what to import."""
    cut = _cut()
    shown = remembered_today(
        page, "segments", lambda one: service.segments(one.database, one.actor, cut, now=one.now), cut
    )
    if not shown.table["orders"].sum():
        empty("audience.empty", button="warmup.import_orders", page="goods")
        return
    _answer(shown)
    _told(shown)
    moved = remembered_today(
        page, "movement", lambda one: service.movement(one.database, one.actor, shown), cut
    )
    rows = shown.table.assign(
        net=shown.table["segment"].map(moved.net if moved is not None else {}).astype("Int64"),
        action=[plain(f"segment_action.{name}") for name in shown.table["name"]],
        name=[plain(f"segment.{name}") for name in shown.table["name"]],
    )
    charts.draw(tiles.frame(rows), tiles.spec(), key="audience_tiles", alt=plain("audience.map_alt"))
    st.caption(t("audience.map_note"))
    table(rows.set_index("segment", drop=False), COLUMNS, key="audience_segments", export="segments")
    _moves(shown, moved)
    _keep(page, cut)
    _export(page, cut)


def _cut() -> str:
    """The method as the service reads it."""
    with kept("audience_cut", "median", CUTS):
        method = st.segmented_control(
            t("audience.cut"),
            CUTS,
            required=True,
            key="audience_cut",
            format_func=lambda name: plain(f"audience.cut_{name}"),
        )
    if method != "own":
        return str(method)
    with st.container(horizontal=True):
        recency = st.number_input(t("audience.cut_recency"), 0, 3_650, 60, key="audience_cut_recency")
        frequency = st.number_input(t("audience.cut_frequency"), 2, 100, 2, key="audience_cut_frequency")
        yuan = st.number_input(t("audience.cut_amount"), 0, 10_000_000, 300, key="audience_cut_amount")
    return f"{recency},{frequency},{yuan * 100}"


def _answer(shown: Segmented) -> None:
    rows = shown.table.set_index("segment")
    people = int(rows["buyers"].sum())
    bought = people - int(rows["buyers"].fillna(0)[rules.NO_NET])
    important = rows.loc[[code for code in rules.SEGMENTS if code[2] == "1"], "amount_share"].sum()
    cards(
        Card(
            "audience.people",
            number(people),
            against=t("audience.as_of") + " " + day(shown.as_of),
            help="audience.people_help",
        ),
        Card("audience.important", percent(float(important)), help="audience.important_help"),
        Card(
            "audience.repeat",
            percent(shown.repeat_buyers / bought) if bought else "—",
            help="audience.repeat_help",
        ),
        Card(
            "audience.unknown_share",
            percent(float(rows["amount_share"][rules.UNKNOWN])),
            help="audience.unknown_share_help",
        ),
    )


def _told(shown: Segmented) -> None:
    at = shown.cuts
    often = round(max(at.frequency, rules.LEAST_FREQUENCY), 1)
    cuts = t("audience.cuts_now", recency=round(at.recency), frequency=often, amount=round(at.amount))
    st.caption(f"{cuts} {t('audience.ties', **shown.ties)}")
    if not shown.repeat_buyers:
        st.info(t("audience.no_repeat"), icon=":material/info:")


def _moves(shown: Segmented, moved: Movement | None) -> None:
    if moved is None:
        st.caption(t("audience.no_movement", days=MOVED_DAYS))
        return
    if moved.stored:
        at = moved.cuts
        least = max(at.frequency, rules.LEAST_FREQUENCY)
        cuts = {"recency": round(at.recency), "frequency": round(least, 1), "amount": round(at.amount)}
        st.caption(t("lists.run_line", since=moved.since, days=moved.window_days, **cuts))
    people = moved.moved[(moved.moved["from"] != "") & (moved.moved["to"] != "")]
    st.caption(
        t(
            "audience.movement",
            since=moved.since,
            as_of=shown.as_of,
            days=moved.window_days,
            moved=int(people["buyers"].sum()),
        )
    )
    with st.expander(t("audience.moves")):
        draw(_named(people), MOVES, key="audience_moves")


def _keep(page: PageContext, cut: str) -> None:
    """Stores the run that is shown."""
    if page.may("audience.edit") and st.button(
        t("lists.keep_run"), key="audience_keep", icon=":material/save:", help=t("lists.keep_run_help")
    ):
        keep = partial(runs.keep, page.database, page.actor, cut, now=page.now)
        attempt(keep, lambda run: t("lists.run_kept", people=run.people, day=run.as_of))


def _named(moves: pd.DataFrame) -> pd.DataFrame:
    words = {
        code: plain(f"segment.{rules.SEGMENTS.get(code, code)}") for code in (*rules.SEGMENTS, rules.NO_NET)
    }
    return moves.assign(**{name: moves[name].map(words) for name in ("from", "to")})


def _export(page: PageContext, cut: str) -> None:
    """The list of people, made on the click and written into the audit trail."""
    if not page.may("audience.export"):
        return
    download(
        Button(plain("audience.download"), "audience_export", help=plain("audience.download_help")),
        File("segments.xlsx"),
        lambda fresh: sheet.workbook(
            service.ranked(fresh.database, fresh.actor, cut, now=fresh.now), language()
        ),
        action="audience.export",
    )
