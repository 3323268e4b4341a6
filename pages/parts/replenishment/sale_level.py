"""The level of the whole sale on the replenishment page: what it stands on, its spread as a picture, questions
about signals that leapt, the order at other levels, a second order later."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import streamlit as st

from core.replenishment import outlook, service
from core.replenishment.service import Sheet
from pages.parts.components import charts
from pages.parts.components.feedback import attempt
from pages.parts.components.text import money, number, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.replenishment import past_scores


def note(view: Sheet) -> str:
    """How sure the whole sale's level is, in one sentence."""
    level = view.run.basis["level"]
    band = {name: f"{level[name]:.1f}" for name in ("low", "high")}
    promised = _promised(view)
    units = {name: number(level[name] + promised, 0) for name in ("total", "total_low", "total_high")}
    name = "level_note" if view.run.basis["past_sales"] else "level_prior"
    return t(f"replenishment.{name}", n=view.run.basis["past_sales"], **band, **units)


def _promised(view: Sheet) -> int:
    """Units of the pre-sale: they stand whatever the sale's level, and the forecast of every page has them in it."""
    return int(view.lines["committed"].sum())


def jumps(page: PageContext, view: Sheet) -> None:
    """Signals far beyond their past: the question, and its two answers."""
    if view.run.policy.get("count_jumps") is not None:
        return
    questions = [
        plain(
            "replenishment.jump_one",
            stage=plain(f"signal_stage.{jump['stage']}"),
            ratio=number(jump["ratio"]),
            sku=jump["sku_code"],
            n=jump["skus"],
        )
        for jump in view.run.basis["jumps"]
    ]
    if not questions:
        return
    question = f":material/help: {t('replenishment.jump_ask', what=' · '.join(questions))}"
    if not page.may("replenishment.edit"):
        st.container(border=True).markdown(question)
        return
    asks, answers = st.columns([4, 1], vertical_alignment="center", border=True)
    asks.markdown(question)
    with answers, st.container(horizontal=True):
        for name, counted in (("jump_count", True), ("jump_hold", False)):
            if st.button(t(f"replenishment.{name}"), key=f"replenishment_{name}"):
                policy = {
                    key: value for key, value in view.run.policy.items() if key not in ("today", "opens")
                }
                answered = policy | {"count_jumps": counted}
                attempt(
                    lambda asked=answered: service.replenish(  # type: ignore[misc]
                        page.database, page.actor, page.campaign_id, asked, now=page.now
                    ),
                    t("replenishment.computed"),
                    "success",
                )


def tab(page: PageContext, view: Sheet) -> None:
    """The spread of the level, what would be ordered at three of its heights, what if, and the second order."""
    st.caption(note(view))
    level = view.run.basis["level"]
    left, right = st.columns(2)
    with left:
        st.caption(t("replenishment.level_picture"))
        charts.draw(
            _spread(level["total"], level["log_sd"], _promised(view)),
            charts.Bars(
                "level", "share", value_title="replenishment.level_chance", share=True, rows=9
            ).spec(),
            key="replenishment_level",
            alt=plain("replenishment.level_picture"),
        )
    with right:
        factor = st.slider(t("replenishment.what_if"), 0.3, 3.0, 1.0, 0.05, key="replenishment_what_if")
        answer = outlook.outlook(page.database, page.actor, view.run.run_id, factor)
        outcome = answer.outcome
        st.markdown(
            t(
                "replenishment.what_if_says",
                demand=number(outcome.demand),
                left=number(outcome.leftover),
                lost=number(outcome.lost),
            )
        )
        for order in answer.orders:
            units, cost = number(order.units), "" if order.amount is None else money(order.amount)
            name = plain(f"replenishment.level_{order.name}")
            st.markdown(
                t("replenishment.order_at", name=name, factor=f"{order.factor:.1f}", units=units, cost=cost)
            )
    wave = answer.wave
    if wave.until is not None and wave.later:
        facts = {"now": number(wave.now), "later": number(wave.later), "until": f"{wave.until:%m-%d}"}
        st.info(
            t("replenishment.second_wave", lines=wave.lines, **facts)
            + (" " + t("replenishment.second_wave_gain", fen=wave.gain) if view.sees_margins else ""),
            icon=":material/call_split:",
        )
    past_scores.history(page)


def _spread(total: float, log_sd: float, promised: int) -> pd.DataFrame:
    """The chance of each stretch of the level: its factors with the units in the middle."""
    edges = np.exp(np.linspace(-2.25, 2.25, 10) * max(log_sd, 0.05))
    from_edges = pd.Series(np.linspace(-2.25, 2.25, 10))
    middle = 0.5 * (from_edges[1:].to_numpy() + from_edges[:-1].to_numpy())
    share = np.exp(-0.5 * middle**2)
    return pd.DataFrame(
        {
            "level": [
                f"{low:.1f}–{high:.1f} · {promised + total * np.sqrt(low * high):,.0f}"
                for low, high in pairwise(edges)
            ],
            "share": share / share.sum(),
        }
    )
