"""Members: levels with what they give, due moves, the price of a change, and who is near the next level."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.audience.members import service
from core.audience.members.levels import Change
from core.audience.members.service import Members
from core.audience.people.sheet import MEMBERS
from core.errors import ShopError
from core.sheets.writer import export, template
from pages.parts.audience.bring import bring
from pages.parts.audience.remembered import remembered_today
from pages.parts.components import drafts
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import attempt, refused
from pages.parts.components.tables import draw, table
from pages.parts.components.text import language, money_short, number, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty

LEVELS = (
    Column("level_word", "members.level", pinned=True),
    Column("threshold", "members.threshold", "money"),
    Column("benefit_rate", "members.benefit_rate", "percent"),
    Column("members", "members.count", "integer"),
    Column("spend", "members.spend", "money"),
    Column("given", "members.given", "money", help="members.given_help"),
    Column("benefits", "members.benefits", width="large"),
)
MOVES = (
    Column("from", "members.from", pinned=True),
    Column("to", "members.to"),
    Column("people", "members.people", "integer"),
    Column("cost", "members.cost", "money"),
)
NEAR = (
    Column("level", "members.earned_level", pinned=True),
    Column("next", "members.next"),
    Column("near", "members.near", "integer", help="members.near_help"),
    Column("missing", "members.missing", "money"),
    Column("half", "members.half", "integer"),
    Column("people", "members.people", "integer"),
)
LISTED = (
    ("buyer_key", "audience.buyer_key", "code"),
    ("level", "members.level", "text"),
    ("next", "members.next", "text"),
    ("missing", "members.missing", "money"),
    ("spend", "members.spend", "money"),
    ("done", "members.done", "rate"),
)


def load(page: PageContext) -> None:
    """The tab; without members it says so and offers the sheet."""
    shown = remembered_today(
        page, "members", lambda one: service.members(one.database, one.actor, now=one.now)
    )
    if not shown.people:
        name = f"{plain('kind.members')}.xlsx"
        empty("members.none", sample=(name, lambda: template(MEMBERS.spec, language())))
        bring(page, MEMBERS, "members")
        return
    _answer(shown)
    levels = shown.levels.assign(level_word=shown.levels.index.astype("str"))
    table(levels.reset_index(drop=True), LEVELS, key="member_levels", export="levels")
    _due(shown)
    _what_if(page, shown)
    _near(page, shown)
    bring(page, MEMBERS, "members")


def _answer(shown: Members) -> None:
    due = int(shown.due["people"].sum())
    cards(
        Card("members.all", number(shown.people)),
        Card("members.spend", money_short(int(shown.levels["spend"].sum())), help="members.spend_help"),
        Card(
            "members.given",
            money_short(int(shown.levels["given"].fillna(0).sum())),
            help="members.given_help",
        ),
        Card("members.due", number(due), against=percent(due / shown.people), help="members.due_help"),
        strip=True,
    )
    if shown.levels["threshold"].isna().any():
        st.info(t("members.no_threshold"), icon=":material/rule:")


def _due(shown: Members) -> None:
    if len(shown.due):
        with st.expander(t("members.due_list", n=int(shown.due["people"].sum()))):
            draw(_named(shown.due), MOVES[:3], key="member_due")


def _named(moves: pd.DataFrame) -> pd.DataFrame:
    """No level in words."""
    levels = [name for name in ("from", "to") if name in moves]
    return moves.assign(**{name: moves[name].replace("", plain("members.no_level")) for name in levels})


def _what_if(page: PageContext, shown: Members) -> None:
    """Levels to try: what they move and cost; kept by those who may."""
    with st.container(border=True):
        st.markdown(f"**{t('members.what_if')}**")
        st.caption(t("members.what_if_help") + ("" if shown.modelled else " " + t("members.last_year")))
        proposed = _editor(shown.levels)
        in_force = shown.levels[shown.levels["threshold"].notna()]
        if len(in_force) and st.button(
            t("members.reckon"), key="members_reckon", icon=":material/calculate:"
        ):
            st.session_state["members_asked"] = True
        if len(in_force) and st.session_state.get("members_asked"):
            try:
                _cost(service.what_if(page.database, page.actor, proposed, now=page.now))
            except ShopError as error:
                refused(error)
        if page.may("audience.edit") and st.button(t("members.keep"), type="primary", key="members_keep"):
            versions = {str(name): int(n) for name, n in in_force["version"].items()}
            attempt(partial(_set, page, proposed, versions), t("members.kept"))
        drafts.offer_discard("members_editor")


def _set(page: PageContext, proposed: pd.DataFrame, versions: dict[str, int]) -> None:
    service.set_levels(page.database, page.actor, proposed, versions, now=page.now)
    drafts.drop("members_editor")


def _editor(levels: pd.DataFrame) -> pd.DataFrame:
    """The levels as they are edited, in core's units; rows may be added and taken out."""
    rows = pd.DataFrame(
        {
            "level": levels.index.astype("str"),
            "threshold": levels["threshold"].astype("Float64") / 100,
            "benefit_rate": levels["benefit_rate"].astype("Float64") * 100,
            "benefits": levels["benefits"].fillna(""),
        }
    ).reset_index(drop=True)
    config = st.column_config
    edited = drafts.rows(
        rows,
        "members_editor",
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "level": config.TextColumn(plain("members.level"), required=True),
            "threshold": config.NumberColumn(plain("members.threshold") + " (¥)", min_value=0, required=True),
            "benefit_rate": config.NumberColumn(
                plain("members.benefit_rate") + " (%)", min_value=0, max_value=100, required=True
            ),
            "benefits": config.TextColumn(plain("members.benefits"), width="large"),
        },
    )
    named = edited[edited["level"].notna() & edited["threshold"].notna()].set_index("level")
    return pd.DataFrame(
        {
            "threshold": (named["threshold"].astype(float) * 100).round().astype("int64"),
            "benefit_rate": named["benefit_rate"].astype(float).fillna(0.0) / 100,
            "benefits": named["benefits"].fillna("").astype("str"),
        }
    )


def _cost(change: Change) -> None:
    cards(
        Card("members.cost", money_short(change.cost, sign=True), help="members.cost_help"),
        Card("members.moved_cost", money_short(change.moved_cost, sign=True)),
        Card("members.stayed_cost", money_short(change.stayed_cost, sign=True)),
        Card("members.up", number(change.up), against=plain("members.down", n=change.down)),
    )
    if len(change.moved):
        draw(_named(change.moved), MOVES, key="member_moves")


def _near(page: PageContext, shown: Members) -> None:
    """Progress in counts for all, as a list of people for those who may."""
    if shown.near.empty:
        return
    st.markdown(f"**{t('members.progress')}**")
    draw(
        _named(shown.near.assign(level=shown.near["level"].replace("", plain("members.no_level")))),
        NEAR,
        key="member_near",
    )
    if not page.may("audience.export"):
        return
    words = [(name, plain(title), kind) for name, title, kind in LISTED]
    download(
        Button(plain("members.download"), "members_export", help=plain("audience.download_help")),
        File("members.xlsx"),
        lambda fresh: export(
            service.nearest(fresh.database, fresh.actor, now=fresh.now), words, "members", language()
        ),
        action="audience.export",
    )
