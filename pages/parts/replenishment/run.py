"""What the replenishment page is made of: the policy, the answer with its budget line, the sheet, why a line
says what it says, overrides, two runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.money import from_yuan
from core.replenishment import demand, service
from core.replenishment.demand import Doubts
from core.replenishment.service import Sheet
from core.settings import settings
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.feedback import attempt
from pages.parts.components.figures.demand import ladder, said, strip
from pages.parts.components.tabs import tabbed
from pages.parts.components.text import ago, language, money, money_short, number, percent, plain, t, who
from pages.parts.entry.context import PageContext
from pages.parts.replenishment import lines, past_scores, purchase_orders, sale_level

Terms = Mapping[str, Any]  # of the policy, by name

CAUTION_STEPS = [round(0.05 * step, 2) for step in range(-6, 7)]


def standing(view: Sheet, now: datetime) -> str:
    """The run in a few words: its state, who computed it and how long ago."""
    return t(
        "replenishment.standing",
        state=plain(f"run_state.{view.run.state}"),
        who=who(view.run.account),
        age=ago(view.run.at, now),
    )


def controls(page: PageContext, view: Sheet | None) -> None:
    """Budget, 宁可断货 and what a leftover is worth; computing anew; approving and ordering what was computed."""
    waits = view is not None and view.run.state in ("draft", "approved") and view.run.totals["units"] > 0
    waits = waits and page.may("replenishment.edit")  # who may not compute needs no room for it
    left, right = st.columns([3, 1]) if waits else (st.container(), st.container())
    with left:
        _again(page, view.run.policy if view else {}, view is None)
    if view:
        with right:
            _release(page, view)
        sale_level.jumps(page, view)


def _again(page: PageContext, policy: Mapping[str, object], open_: bool) -> None:
    """The policy, and a run computed anew by it."""
    if not page.may("replenishment.edit"):
        return
    again = st.expander(t("replenishment.again"), icon=":material/tune:", expanded=open_)
    with again, st.form("replenishment_policy", border=False):
        asked, pressed = _policy_form(policy)
    if pressed:
        attempt(
            lambda: service.replenish(page.database, page.actor, page.campaign_id, asked, now=page.now),
            t("replenishment.computed"),
            "success",
        )


def _policy_form(policy: Terms) -> tuple[dict[str, object], bool]:
    """The policy that the person sets, from what the last run had; and whether to compute by it."""
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
    fen = from_yuan(str(budget)) if budget else None
    asked = {"budget": fen, "caution": caution, "count_jumps": policy.get("count_jumps")}
    return asked | _more_terms(policy), pressed


def _more_terms(policy: Terms) -> dict[str, float]:
    """What a leftover is worth and costs, what money must earn, and the days to the shelf."""
    with st.expander(t("replenishment.more")):
        one, two, three, four = st.columns(4)
        shares = {
            name: box.number_input(
                t(f"replenishment.{name}"),
                0,
                most,
                round(100 * policy.get(name, usual)),
                help=t(f"replenishment.{name}_help"),
            )
            for box, name, most, usual in (
                (one, "salvage", 100, 0.55),
                (two, "holding", 100, 0.05),
                (three, "hurdle", 50, service.HURDLE),
            )
        }
        shelf = four.number_input(
            t("replenishment.receiving"),
            0,
            60,
            policy.get("receiving_days", 2),
            help=t("replenishment.receiving_help"),
        )
    return {name: share / 100 for name, share in shares.items()} | {"receiving_days": shelf}


def _nearest(caution: float) -> float:
    return min(CAUTION_STEPS, key=lambda step: abs(step - caution))


def _cautious(step: float) -> str:
    return (
        plain("replenishment.caution_none")
        if not step
        else plain("replenishment.caution_step", points=f"{-100 * step:+.0f}")
    )


def _release(page: PageContext, view: Sheet) -> None:
    run, units = view.run, view.run.totals["units"]
    may_approve = run.state == "draft" and bool(units) and page.may("replenishment.approve")
    if may_approve and service.second_person(page.database, page.actor, run.run_id):
        st.info(t("doubt.second", limit=money(settings().order_approval_yuan * 100)), icon=":material/group:")
        return
    if may_approve and st.button(
        t("replenishment.approve", n=units), icon=":material/task_alt:", width="stretch"
    ):
        attempt(
            lambda: service.approve(page.database, page.actor, run.run_id, now=page.now),
            t("replenishment.approved"),
            "success",
        )
    if run.state == "approved" and page.may("replenishment.edit"):
        purchase_orders.place(page, view)


def answer(page: PageContext, view: Sheet) -> Doubts:
    """What does not fit (given back), the ladder, the figures, the budget's line, what the forecast stands on, and what
    three demands would leave."""
    totals = view.run.totals
    account = ladder(page)
    doubts = demand.doubts(page.database, page.actor, page.campaign_id, page.now)
    _warn(doubts)
    strip(account)
    cards(*_figures(view), strip=True)
    _basis(view)
    if view.sees_costs and totals["committed_over_budget"]:
        st.warning(
            t("replenishment.budget_short", fen=totals["committed_over_budget"]), icon=":material/warning:"
        )
    with st.expander(sale_level.note(view), icon=":material/bar_chart:"):
        past_scores.note(page)
        if view.sees_margins and totals["cap_forgone"]:
            st.caption(t("replenishment.forgone", fen=totals["cap_forgone"]))
        if view.sees_costs and totals["budget"]:
            _budget(view)
        if view.lines["quantity"].sum():
            _picture(view)
    return doubts


def _warn(doubts: Doubts) -> None:
    """What target, forecast, order and reports say against each other, before anything is decided."""
    sentences = said(doubts)
    if sentences:
        listed = "\n".join(f"- {sentence}" for sentence in sentences)
        st.warning(f"**{t('doubt.title')}**\n\n{listed}", icon=":material/balance:")


def _figures(view: Sheet) -> list[Card]:
    """The money still to spend for those who see it, what is left or lost in yuan, and what comes late."""
    totals, ordered = view.run.totals, view.run.state == "ordered"
    figures = []
    if view.sees_costs:
        lines = t("replenishment.in_lines", n=0 if ordered else totals["ordered_lines"])
        money_to_spend = money_short(0 if ordered else totals["amount"])
        left = money_short(int(view.lines["leftover_value"].sum()))
        figures += [
            Card("replenishment.money", money_to_spend, against=lines, help="replenishment.money_help"),
            Card("replenishment.left_value", left, help="ladder.left_help"),
        ]
    if view.sees_margins:
        lost = money_short(int(view.lines["lost_profit"].sum()))
        figures.append(Card("replenishment.lost_value", lost, help="ladder.lost_help"))
    late = number(totals["late_lines"])
    alarm = totals["late_lines"] > 0
    return [
        *figures,
        Card(
            "replenishment.late", late, t("replenishment.skus"), alarm=alarm, help="replenishment.late_help"
        ),
    ]


def _budget(view: Sheet) -> None:
    totals = view.run.totals
    share = totals["amount"] / max(totals["budget"], 1)
    st.progress(
        min(share, 1.0),
        t(
            "replenishment.budget_used",
            spent=money(totals["amount"]),
            budget=money(totals["budget"]),
            share=percent(share),
        ),
    )
    if totals["first_unfunded"] and not totals["committed_over_budget"]:
        more = (
            t("replenishment.marginal", yuan=f"{totals['marginal_profit']:.2f}") if view.sees_margins else ""
        )
        st.caption(
            ("" if language() == "zh" else " ").join(
                [
                    t("replenishment.cut_line", sku=totals["first_unfunded"]),
                    more,
                    t("replenishment.budget_swaps"),
                ]
            )
        )


def _basis(view: Sheet) -> None:
    basis = view.run.basis
    if not basis["past_sales"]:
        st.info(t("replenishment.prior_only"), icon=":material/info:")
    bare = view.lines["uncovered"]
    if bare.any():
        st.error(
            t("replenishment.uncovered_note", n=int(bare.sum()), skus=int((bare > 0).sum())),
            icon=":material/assignment_late:",
        )
    if basis["sources"]["nothing"]:
        st.warning(t("replenishment.unknown_demand", n=basis["sources"]["nothing"]), icon=":material/help:")
    if view.run.totals["stale_overrides"]:
        st.warning(
            t("replenishment.stale_note", n=view.run.totals["stale_overrides"]), icon=":material/history:"
        )


def _picture(view: Sheet) -> None:
    """What each demand would leave on the shelf, beside the orders by supplier with their light."""
    shown = view.lines
    left, right = st.columns(2)
    left_over = {
        "low": int(shown["left_if_low"].sum()),
        "expected": round(float(shown["expected_leftover"].sum())),
        "high": int(shown["left_if_high"].sum()),
    }
    bands = pd.DataFrame(
        {
            "case": [plain(f"replenishment.case_{name}") for name in left_over],
            "units": list(left_over.values()),
        }
    )
    with left:
        st.caption(t("replenishment.bands"))
        charts.draw(
            bands,
            charts.Bars("case", "units", value_title="replenishment.units", rows=3).spec(),
            key="replenishment_bands",
            alt=plain("replenishment.bands"),
        )
    ordered = shown[shown["quantity"] > 0].assign(
        supplier=shown["supplier"].replace("", plain("replenishment.no_supplier"))
    )
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
        spec = charts.Bars(
            "label", "units", value_title="replenishment.units", tone="tone", rows=len(by)
        ).spec()
        charts.draw(
            by[["label", "units", "tone"]],
            spec,
            key="replenishment_suppliers",
            alt=plain("replenishment.by_supplier"),
        )


def tabs(page: PageContext, view: Sheet | None, doubts: Doubts | None) -> None:
    """The tabs that there is something for; only the open one is drawn."""
    offered: dict[str, tuple[bool, Callable[[], None]]] = {
        "sheet": (view is not None, lambda: lines.sheet(page, view, doubts)),  # type: ignore[arg-type]
        "by_hand": (
            view is not None and page.may("replenishment.edit"),
            lambda: lines.by_hand(page, view),  # type: ignore[arg-type]
        ),
        "level": (view is not None, lambda: sale_level.tab(page, view)),  # type: ignore[arg-type]
        "orders": (True, lambda: purchase_orders.orders_tab(page)),
        "compare": (view is not None, lambda: lines.compare(page)),
        "new": (True, lambda: lines.newcomers(page)),
        "ordinary": (True, lambda: lines.ordinary(page)),
    }
    tabbed(
        "replenishment_tab",
        {name: (t(f"replenishment.tab_{name}"), draw) for name, (may, draw) in offered.items() if may},
    )
