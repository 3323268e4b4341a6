"""What the replenishment page is made of: the policy, the answer with its budget line, the sheet, why a line says what it says, overrides, two runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.database import Database
from core.errors import ShopError
from core.money import from_yuan
from core.replenishment import service
from core.replenishment.quantity import HURDLE
from core.replenishment.service import Sheet
from pages.parts import charts, purchase
from pages.parts import replenishment_lines as lines
from pages.parts.cards import Card, cards
from pages.parts.picker import Chosen
from pages.parts.text import ago, error_text, language, money, money_short, number, percent, plain, t, who

CAUTION_STEPS = [round(0.05 * step, 2) for step in range(-6, 7)]


def standing(view: Sheet, now: datetime) -> str:
    """The run in a few words: its state, who computed it and how long ago."""
    return t(
        "replenishment.standing", state=plain(f"run_state.{view.run.state}"), who=who(view.run.account), age=ago(view.run.at, now)
    )


def controls(db: Database, user: Actor, chosen: Chosen, view: Sheet | None, now: datetime) -> None:
    """Budget, 宁可断货 and what a leftover is worth; computing anew; approving and ordering what was computed."""
    policy: dict[str, Any] = view.run.policy if view else {}
    if allowed(user, "replenishment.edit"):
        with st.form("replenishment_policy", border=True):
            left, middle, right = st.columns([2, 3, 2], vertical_alignment="bottom")
            spend = (policy.get("budget") or 0) / 100 or None
            budget = left.number_input(
                t("replenishment.budget"), 0.0, None, spend, 1000.0, "%.0f", help=t("replenishment.budget_help")
            )
            caution = middle.select_slider(
                t("replenishment.caution"),
                CAUTION_STEPS,
                _nearest(policy.get("caution", 0.0)),
                format_func=_cautious,
                help=t("replenishment.caution_help"),
            )
            pressed = right.form_submit_button(
                t("replenishment.compute"), type="primary", icon=":material/calculate:", width="stretch"
            )
            with st.expander(t("replenishment.more")):
                one, two, three, four = st.columns(4)
                salvage = one.number_input(
                    t("replenishment.salvage"),
                    0,
                    100,
                    round(100 * policy.get("salvage", 0.55)),
                    help=t("replenishment.salvage_help"),
                )
                holding = two.number_input(
                    t("replenishment.holding"),
                    0,
                    100,
                    round(100 * policy.get("holding", 0.05)),
                    help=t("replenishment.holding_help"),
                )
                hurdle = three.number_input(
                    t("replenishment.hurdle"),
                    0,
                    50,
                    round(100 * policy.get("hurdle", HURDLE)),
                    help=t("replenishment.hurdle_help"),
                )
                shelf = four.number_input(
                    t("replenishment.receiving"), 0, 60, policy.get("receiving_days", 2), help=t("replenishment.receiving_help")
                )
        if pressed:
            fen = from_yuan(str(budget)) if budget else None
            asked = {
                "budget": fen,
                "caution": caution,
                "salvage": salvage / 100,
                "holding": holding / 100,
                "hurdle": hurdle / 100,
                "receiving_days": shelf,
            }
            _try(lambda: service.replenish(db, user, chosen.campaign_id, asked, now=now), "replenishment.computed")
    if view:
        _release(db, user, view, now)


def _nearest(caution: float) -> float:
    return min(CAUTION_STEPS, key=lambda step: abs(step - caution))


def _cautious(step: float) -> str:
    return plain("replenishment.caution_none") if not step else plain("replenishment.caution_step", points=f"{-100 * step:+.0f}")


def _try(act: Callable[[], object], done: str) -> None:
    """Does it and starts the page afresh with a message, or says why not."""
    try:
        act()
    except ShopError as error:
        st.error(error_text(error))
        return
    st.session_state["replenishment_said"] = done
    st.rerun()


def _release(db: Database, user: Actor, view: Sheet, now: datetime) -> None:
    said = st.session_state.pop("replenishment_said", "")
    if said:
        st.success(t(said), icon=":material/check_circle:")
    run, units = view.run, view.run.totals["units"]
    may_approve = run.state == "draft" and bool(units) and allowed(user, "replenishment.approve")
    if may_approve and st.button(t("replenishment.approve", n=units), icon=":material/task_alt:"):
        _try(lambda: service.approve(db, user, run.run_id, now=now), "replenishment.approved")
    if run.state == "approved" and allowed(user, "replenishment.edit"):
        purchase.place(db, user, view, now)


def answer(view: Sheet) -> None:
    """The figures, the budget's line, what the forecast stands on, and what three demands would leave."""
    totals, units = view.run.totals, t("replenishment.units")
    known = view.sees_costs
    figures = [
        Card(
            "replenishment.to_order",
            number(totals["units"]),
            units,
            against=t("replenishment.in_lines", n=totals["ordered_lines"]),
        )
    ]
    if known:
        figures.append(Card("replenishment.money", money_short(totals["amount"]), help="replenishment.money_help"))
    value = money_short(totals["leftover_value"]) if known else ""
    figures.append(
        Card(
            "replenishment.leftover",
            number(totals["expected_leftover"]),
            units,
            against=value,
            help="replenishment.leftover_help",
        )
    )
    lost = money_short(totals["lost_profit"]) if view.sees_margins else ""
    figures.append(
        Card("replenishment.lost", number(totals["expected_lost"]), units, against=lost, help="replenishment.lost_help")
    )
    figures.append(
        Card(
            "replenishment.late",
            number(totals["late_lines"]),
            t("replenishment.skus"),
            alarm=totals["late_lines"] > 0,
            help="replenishment.late_help",
        )
    )
    cards(*figures)
    if known and totals["budget"]:
        _budget(view)
    if view.sees_margins and totals["cap_forgone"]:
        st.caption(t("replenishment.forgone", fen=totals["cap_forgone"]))
    _basis(view)
    _picture(view)


def _budget(view: Sheet) -> None:
    totals = view.run.totals
    share = totals["amount"] / max(totals["budget"], 1)
    st.progress(
        min(share, 1.0),
        t("replenishment.budget_used", spent=money(totals["amount"]), budget=money(totals["budget"]), share=percent(share)),
    )
    if totals["committed_over_budget"]:
        st.warning(t("replenishment.budget_short", fen=totals["committed_over_budget"]), icon=":material/warning:")
    elif totals["first_unfunded"]:
        more = t("replenishment.marginal", yuan=f"{totals['marginal_profit']:.2f}") if view.sees_margins else ""
        st.caption(("" if language() == "zh" else " ").join([t("replenishment.cut_line", sku=totals["first_unfunded"]), more]))


def _basis(view: Sheet) -> None:
    basis = view.run.basis
    if not basis["past_sales"]:
        st.info(t("replenishment.prior_only"), icon=":material/info:")
    bare = view.lines["uncovered"]
    if bare.any():
        st.error(
            t("replenishment.uncovered_note", n=int(bare.sum()), skus=int((bare > 0).sum())), icon=":material/assignment_late:"
        )
    if basis["sources"]["nothing"]:
        st.warning(t("replenishment.unknown_demand", n=basis["sources"]["nothing"]), icon=":material/help:")
    if view.run.totals["stale_overrides"]:
        st.warning(t("replenishment.stale_note", n=view.run.totals["stale_overrides"]), icon=":material/history:")


def _picture(view: Sheet) -> None:
    """What each demand would leave on the shelf, beside the orders by supplier with their light."""
    shown = view.lines
    if not shown["quantity"].sum():
        return
    left, right = st.columns(2)
    names = ("low", "expected", "high")
    bands = pd.DataFrame(
        {
            "case": [plain(f"replenishment.case_{name}") for name in names],
            "units": [int(shown[f"left_if_{name}"].sum()) for name in names],
        }
    )
    with left:
        st.caption(t("replenishment.bands"))
        charts.draw(
            bands,
            charts.bars("case", "units", value_title="replenishment.units", rows=3),
            key="replenishment_bands",
            alt=plain("replenishment.bands"),
        )
    ordered = shown[shown["quantity"] > 0].assign(supplier=shown["supplier"].replace("", plain("replenishment.no_supplier")))
    by = (
        ordered.groupby("supplier", as_index=False)
        .agg(units=("quantity", "sum"), latest=("latest_order", "min"))
        .nlargest(8, "units")
    )
    days = pd.to_datetime(by["latest"]) - pd.Timestamp(view.run.policy["today"])
    by["tone"] = ["red" if wait.days <= 1 else "amber" if wait.days <= 4 else "gray" for wait in days]
    by["label"] = by["supplier"] + " · " + pd.to_datetime(by["latest"]).dt.strftime("%m-%d")
    with right:
        st.caption(t("replenishment.by_supplier"))
        spec = charts.bars("label", "units", value_title="replenishment.units", tone="tone", rows=len(by))
        charts.draw(by[["label", "units", "tone"]], spec, key="replenishment_suppliers", alt=plain("replenishment.by_supplier"))


def tabs(db: Database, user: Actor, chosen: Chosen, view: Sheet | None, now: datetime) -> None:
    """The tabs that there is something for; only the open one is drawn."""
    offered: dict[str, tuple[bool, Callable[[], None]]] = {
        "sheet": (view is not None, lambda: lines.sheet(db, user, view)),  # type: ignore[arg-type]
        "by_hand": (view is not None and allowed(user, "replenishment.edit"), lambda: lines.by_hand(db, user, view, now)),  # type: ignore[arg-type]
        "orders": (True, lambda: purchase.orders_tab(db, user, chosen.campaign_id, now)),
        "compare": (view is not None, lambda: lines.compare(db, user, chosen.campaign_id)),
        "new": (True, lambda: lines.newcomers(db, user, chosen.campaign_id, now)),
        "ordinary": (True, lambda: lines.ordinary(db, user, chosen.campaign_id, now)),
    }
    drawn = [(name, draw) for name, (offer, draw) in offered.items() if offer]
    opened = st.tabs([t(f"replenishment.tab_{name}") for name, _ in drawn], key="replenishment_tab", on_change="rerun")
    for tab, (_, draw) in zip(opened, drawn, strict=True):
        if tab.open:
            with tab:
                draw()
