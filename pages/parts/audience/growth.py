"""The five stages: what is reached, what is due by now, where it comes from; and targets by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from core.audience.growth import service
from core.audience.growth.referral import Referral
from core.audience.growth.service import Aim, Board
from core.audience.growth.stages import STAGES
from core.audience.people.sheet import INVITES, MEMBERS, PEOPLE
from core.imports.kinds import Kind
from core.orders.sheet import ORDERS
from core.sheets.writer import template
from pages.parts.audience.bring import bring
from pages.parts.audience.remembered import remembered
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import Filter, row_of, table
from pages.parts.components.text import known, language, money, number, percent, plain, points, t
from pages.parts.entry.context import PageContext

COLUMNS = (
    Column("stage_word", "growth.stage", pinned=True),
    Column("channel_word", "growth.channel", pinned=True),
    Column("figure", "growth.figure"),
    Column("base", "growth.base"),
    Column("aim", "growth.target"),
    Column("short", "growth.gap"),
    Column("pace", "growth.pace", "percent", help="growth.pace_help"),
    Column("state", "growth.state", "state", words="growth_state"),
    Column("cost", "growth.cost", "price", help="growth.cost_help"),
)


def _of(stage: str) -> Callable[[pd.DataFrame], pd.Series]:
    """The rows of a stage."""
    return lambda rows: rows["stage"] == stage


VIEWS = tuple(Filter(stage, f"growth_stage.{stage}", _of(stage)) for stage in STAGES)
SHEETS: dict[str, Kind] = {kind.name: kind for kind in (PEOPLE, MEMBERS, INVITES, ORDERS)}
HELD = 0.98  # of what is due: on course


def load(page: PageContext) -> None:
    """The tab."""
    shown = remembered(
        page, "board", lambda one: service.board(one.database, one.actor, one.campaign_id, now=one.moment)
    )
    if not shown.begun:
        st.info(t("growth.not_begun", day=shown.first), icon=":material/schedule:")
        return
    st.caption(t("growth.window", first=shown.first, last=shown.last, elapsed=shown.elapsed))
    whole = shown.rows[shown.rows["channel"] == ""].set_index("stage", drop=False)
    cards(*(_card(stage, row_of(whole, stage), shown) for stage in STAGES), strip=True)
    _missing(shown)
    _attainment(whole)
    rows = shown.rows[shown.rows["value"].notna() | shown.rows["target"].notna()]
    table(_worded(rows), COLUMNS, key="growth_rows", filters=VIEWS, export="aarrr")
    st.caption(t("growth.note", cohort=shown.cohort or "—"))
    _referral(shown.referral)
    if page.may("audience.edit"):
        _targets(page, shown)
    bring(page, INVITES, "growth")
    bring(page, MEMBERS, "growth")


def figure(stage: str, value: float) -> str:
    """A stage's value in its own unit."""
    if pd.isna(value):
        return "—"
    match stage:
        case "acquisition":
            return number(round(value))
        case "revenue":
            return money(round(value))
        case "referral":
            return number(value, 3)
        case _:
            return percent(value)


def _gap(stage: str, value: float) -> str:
    """A difference in the stage's own unit; of shares in points."""
    return (
        points(value) if stage in ("activation", "retention") and not pd.isna(value) else figure(stage, value)
    )


def _card(stage: str, row: pd.Series, shown: Board) -> Card:
    against = ""
    if not pd.isna(row["target"]):
        against = plain("growth.of_target", target=figure(stage, row["target"]))
    elif stage in shown.missing:
        against = plain("growth.no_data", kind=plain(f"kind.{shown.missing[stage]}"))
    elif stage == "acquisition" and not pd.isna(row["cost"]):
        against = plain("growth.each", cost=money(round(row["cost"])))
    behind = not pd.isna(row["pace"]) and row["pace"] < HELD
    return Card(
        f"growth_stage.{stage}",
        figure(stage, row["value"]),
        against=against,
        help=f"growth_stage_help.{stage}",
        alarm=behind,
    )


def _missing(shown: Board) -> None:
    """A stage without data says which workbook it lacks, and offers its sheet."""
    for kind in dict.fromkeys(shown.missing.values()):
        stages = [plain(f"growth_stage.{stage}") for stage, lacks in shown.missing.items() if lacks == kind]
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.markdown(t("growth.lacks", stages=stages, kind=plain(f"kind.{kind}")))
            download(
                Button(plain("common.sample"), f"growth_sample_{kind}"),
                File(f"{plain(f'kind.{kind}')}.xlsx"),
                partial(_sample, kind),
            )


def _sample(kind: str, _page: PageContext) -> bytes:
    return template(SHEETS[kind].spec, language())


def _attainment(whole: pd.DataFrame) -> None:
    """Each stage's value over what is due by now; the end of the axis is all of it."""
    paced = whole[whole["pace"].notna()]
    if paced.empty:
        return
    bars = pd.DataFrame(
        {
            "name": [plain(f"growth_stage.{stage}") for stage in paced["stage"]],
            "share": paced["pace"].clip(upper=1.0).to_numpy(),
            "tone": ["green" if pace >= HELD else "red" for pace in paced["pace"]],
        }
    )
    chart = charts.Bars("name", "share", "growth.pace", tone="tone", percent=True, rows=len(bars))
    charts.draw(bars, chart.spec(), key="growth_bars", alt=plain("growth.bars_alt"))


def _worded(rows: pd.DataFrame) -> pd.DataFrame:
    stages = rows["stage"].tolist()
    counts = [
        "" if pd.isna(base) else _counted(stage, int(n), int(base))
        for stage, n, base in zip(stages, rows["numerator"], rows["denominator"], strict=True)
    ]
    words = {
        name: [show(stage, value) for stage, value in zip(stages, rows[name], strict=True)]
        for name, show in (("value", figure), ("target", figure), ("gap", _gap))
    }
    return rows.assign(
        stage_word=[plain(f"growth_stage.{stage}") for stage in stages],
        channel_word=[channel_word(name) for name in rows["channel"]],
        figure=words["value"],
        base=counts,
        aim=words["target"],
        short=words["gap"],
        state=["" if pd.isna(pace) else "on_course" if pace >= HELD else "behind" for pace in rows["pace"]],
    ).reset_index(drop=True)


def _counted(stage: str, part: int, whole: int) -> str:
    """The people behind a figure: a part of a whole, or whom the stage counts beside it."""
    if stage == "revenue":
        return number(whole)
    if stage == "acquisition":  # new buyers are no part of the new visitors
        return plain("growth.first_visits", n=number(whole)) if whole else ""
    return f"{number(part)} / {number(whole)}"


def channel_word(name: str) -> str:
    """A channel in words: all, none known, a code that has a word, or the shop's own text."""
    if name in ("", "~unstated"):
        return plain("growth.all" if not name else "people.unstated")
    return plain(f"channel.{name}") if known(f"channel.{name}") else name


def _referral(shown: Referral) -> None:
    if not shown.sent:
        return
    st.markdown(f"**{t('growth.referral')}**")
    reward = "—" if math.isnan(shown.cost_per_new_buyer) else money(round(shown.cost_per_new_buyer))
    cards(
        Card(
            "growth.share_rate",
            _share(shown.share_rate),
            against=plain("growth.inviters", n=shown.inviters, of=shown.members),
            help="growth.share_rate_help",
        ),
        Card(
            "growth.k",
            _plain(shown.k),
            against=plain("growth.invited", sent=shown.sent, new=shown.new, old=shown.old),
            help="growth.k_help",
        ),
        Card("growth.amplification", _plain(shown.amplification), help="growth.amplification_help"),
        Card(
            "growth.k_order",
            _plain(shown.k_to_first_order),
            against=plain("growth.bought", n=shown.bought),
            help="growth.k_order_help",
        ),
        Card("growth.reward", reward, help="growth.reward_help"),
    )


def _share(value: float) -> str:
    return "—" if math.isnan(value) else percent(value)


def _plain(value: float) -> str:
    return "—" if math.isnan(value) else number(value, 3)


def _targets(page: PageContext, shown: Board) -> None:
    """A target of one stage on one channel; on acquisition what its channel has cost so far."""
    with st.expander(t("growth.set"), icon=":material/flag:"):
        st.caption(t("growth.set_help"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            stage = st.selectbox(
                t("growth.stage"),
                STAGES,
                key="growth_stage",
                format_func=lambda name: plain(f"growth_stage.{name}"),
            )
            channels = [
                name for name in dict.fromkeys(shown.rows["channel"]) if not str(name).startswith("~")
            ]
            channel = st.selectbox(
                t("growth.channel"), channels, key="growth_channel", format_func=channel_word
            )
            target = st.number_input(
                t(f"growth_unit.{stage}"), min_value=0.0, value=None, key=f"growth_target_{stage}"
            )
            spend = None
            if stage == "acquisition" and channel:
                spend = st.number_input(t("growth.spend"), min_value=0.0, value=None, key="growth_spend")
        mine = shown.rows[(shown.rows["stage"] == stage) & (shown.rows["channel"] == channel)]
        version = int(mine["version"].iloc[0]) if len(mine) else 0
        if st.button(t("growth.save"), type="primary", key="growth_save"):
            fen = None if spend is None else round(spend * 100)
            aim = Aim(str(stage), str(channel), _stored(str(stage), target), fen, version)
            attempt(
                lambda: service.set_target(page.database, page.actor, page.campaign_id, aim, now=page.now),
                t("growth.saved", stage=plain(f"growth_stage.{stage}")),
            )


def _stored(stage: str, value: float | None) -> float | None:
    """What was typed, in core's units: shares come in per cent, money in yuan."""
    if value is None:
        return None
    return (
        value / 100 if stage in ("activation", "retention") else value * 100 if stage == "revenue" else value
    )
