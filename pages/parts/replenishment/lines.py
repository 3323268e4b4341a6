"""The tables behind the replenishment page's tabs: the sheet with its reasons, quantities by hand, two runs,
new SKUs, ordinary days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.replenishment import after_sale, service
from core.replenishment.demand import Doubts
from core.replenishment.service import Sheet
from pages.parts.components import charts
from pages.parts.components.bulk import bulk
from pages.parts.components.charts.waterfalls import waterfall
from pages.parts.components.columns import Column
from pages.parts.components.editing import edit, saved
from pages.parts.components.exports import Export
from pages.parts.components.feedback import flash, refusals
from pages.parts.components.figures.demand import spoken
from pages.parts.components.states import badge
from pages.parts.components.tables import Filter, found, table
from pages.parts.components.text import literal, number, percent, plain, t, who
from pages.parts.entry.context import PageContext
from pages.parts.replenishment import line_acts
from pages.parts.shell.empty import empty

Step = dict[str, Any]  # one step of how a quantity came about

LINES = (
    Column("sku_code", "replenishment.sku_code", "code"),
    Column("name", "replenishment.name", pinned=True, width="medium"),
    Column("state", "replenishment.state", "state", words="replenishment_state"),
    Column("stale", "replenishment.stale", "flag", help="replenishment.stale_help", shown=False),
    Column("tier", "replenishment.tier", "state", words="price_tier"),
    Column("need", "ladder.short", "integer", help="ladder.short_help"),
    Column("quantity", "replenishment.quantity", "integer", help="replenishment.quantity_help"),
    Column("amount", "replenishment.amount", "money"),
    Column("latest_order", "replenishment.latest_order", "day", help="replenishment.latest_order_help"),
    Column("supplier", "replenishment.supplier", width="medium"),
    Column("arrival", "replenishment.arrival", "day", help="replenishment.arrival_help"),
    Column("forecast", "ladder.forecast", "integer", help="ladder.forecast_help"),
    Column("committed", "replenishment.committed", "integer", help="replenishment.committed_help"),
    Column("available", "ladder.have", "integer", help="ladder.have_help"),
    Column("in_transit", "ladder.arriving", "integer", help="ladder.arriving_help"),
    Column("expected_leftover", "ladder.left", "integer", help="ladder.left_help"),
    Column("expected_lost", "ladder.lost", "integer", help="ladder.lost_help"),
    Column("lost_profit", "replenishment.lost_profit", "money"),
    Column("units", "replenishment.sales", "integer", help="replenishment.sales_help"),
    Column("favourites", "replenishment.favourites", "integer"),
    Column("add_to_cart", "replenishment.carts", "integer"),
    Column("conversion", "replenishment.conversion", "percent"),
    Column("page_views", "replenishment.page_views", "integer"),
    Column("visitors", "replenishment.visitors", "integer"),
    Column("on_hand", "replenishment.on_hand", "integer", shown=False),
    Column(
        "uncovered", "replenishment.uncovered", "integer", help="replenishment.uncovered_help", shown=False
    ),
    Column("late_in_transit", "replenishment.late_in_transit", "integer", shown=False),
    Column("left_if_low", "replenishment.left_if_low", "integer", shown=False),
    Column("left_if_high", "replenishment.left_if_high", "integer", shown=False),
    Column("source", "replenishment.source", "state", words="forecast_source", shown=False),
    Column("override_reason", "replenishment.reason", shown=False),
    Column("category", "replenishment.category", shown=False),
)
VIEWS = (
    Filter("order", "replenishment.view_order", lambda frame: frame["quantity"] > 0),
    Filter("uncovered", "replenishment.view_uncovered", lambda frame: frame["uncovered"] > 0),
    Filter("late", "replenishment.view_late", lambda frame: frame["state"] == "late"),
    Filter(
        "unfunded", "replenishment.view_unfunded", lambda frame: frame["unfunded"] | frame["over_capacity"]
    ),
    Filter("override", "replenishment.view_override", lambda frame: frame["override"].notna()),
    Filter("stale", "replenishment.view_stale", lambda frame: frame["stale"]),
)
BY_HAND = (
    Column("sku_code", "replenishment.sku_code", "code"),
    Column("name", "replenishment.name", pinned=True, width="medium"),
    Column("spec", "goods.spec"),
    Column("suggested", "replenishment.suggested", "integer"),
    Column("override", "replenishment.by_hand", "integer", help="replenishment.by_hand_help"),
    Column("stale", "replenishment.stale", "flag", help="replenishment.stale_help"),
    Column("override_reason", "replenishment.reason"),
    Column("need", "ladder.short", "integer", help="ladder.short_help"),
)
CHANGES = (
    Column("sku_code", "replenishment.sku_code", "code"),
    Column("name", "replenishment.name"),
    Column("quantity_before", "replenishment.before", "integer"),
    Column("quantity_after", "replenishment.after", "integer"),
    Column("change", "replenishment.change", "integer"),
    Column("why", "replenishment.moved"),
)
NEW = (
    Column("sku_code", "replenishment.sku_code", "code"),
    Column("name", "replenishment.name"),
    Column("tier", "replenishment.tier", "state", words="price_tier"),
    Column("first_day", "replenishment.first_day", "day"),
    Column("days", "replenishment.days", "integer"),
    Column("visitors", "replenishment.visitors", "integer"),
    Column("favourites", "replenishment.favourites", "integer"),
    Column("add_to_cart", "replenishment.carts", "integer"),
    Column("units", "replenishment.sales", "integer"),
    Column("conversion", "replenishment.conversion", "percent"),
    Column("on_hand", "replenishment.on_hand", "integer"),
    Column("in_transit", "stock.in_transit", "integer", help="stock.in_transit_help"),
)
ORDINARY = (
    Column("sku_code", "replenishment.sku_code", "code"),
    Column("name", "replenishment.name"),
    Column("supplier", "replenishment.supplier"),
    Column("daily", "replenishment.daily", "decimal", help="replenishment.daily_help"),
    Column("safety_stock", "replenishment.safety_stock", "integer", help="replenishment.safety_stock_help"),
    Column(
        "reorder_point", "replenishment.reorder_point", "integer", help="replenishment.reorder_point_help"
    ),
    Column("position", "replenishment.position", "integer", help="replenishment.position_help"),
    Column(
        "quantity", "replenishment.ordinary_quantity", "integer", help="replenishment.ordinary_quantity_help"
    ),
)


EDITED = 1_000  # lines that an editor holds at once
UNIT_TERMS = ("wanted", "committed", "available", "in_transit", "surplus", "rounding", "limits", "override")
LIMITS = ("late", "over_capacity", "unfunded")  # what cut a line, the hardest first


def sheet(page: PageContext, view: Sheet, doubts: Doubts) -> None:
    """The table, most urgent first, and why the picked line says what it says."""
    shown = table(
        service.whole_units(view.lines),
        LINES,
        key="replenishment",
        filters=VIEWS,
        search=("sku_code", "name", "supplier", "category"),
        export=Export("replenishment", tuple(spoken(doubts))),
        pick=True,
        many=page.may("replenishment.edit"),
    )
    bulk(shown, line_acts.acts(page, view), key="replenishment", money="amount")
    if shown.picked is None:
        st.caption(t("replenishment.pick"))
        return
    line = view.lines.loc[[shown.picked]].iloc[0]
    _why(service.explain(page.database, page.actor, view.run.run_id, str(line["sku_code"])), line)


def _why(steps: list[dict[str, object]], line: pd.Series) -> None:
    """The ladder of a line: sentences for where the demand comes from, a waterfall for the units, what to do
    when it is late."""
    with st.container(border=True):
        head = st.container(horizontal=True, vertical_alignment="center")
        head.markdown(f"**{literal(line['sku_code'])}** {literal(line['name'])}", width="content")
        with head:
            badge(str(line["state"]), "replenishment_state")
        by_term = {step["term"]: step for step in steps}
        for name in ("baseline", "signals", "forecast", "ratio"):
            if by_term[name]["value"] is not None:
                st.markdown(_sentence(name, by_term[name]))
        if line["late"]:
            st.warning(t("replenishment.late_actions"), icon=":material/event_busy:")
        if line["state"] == "skipped":
            st.info(t("replenishment.skipped_why"), icon=":material/inventory_2:")
        if "override" in by_term:
            st.markdown(t("why.override", reason=by_term["override"]["override_reason"]))
        bars = _ladder(steps)
        charts.draw(
            bars,
            waterfall(value_title="replenishment.units", rows=len(bars)),
            key="replenishment_why",
            alt=plain("replenishment.why_alt"),
        )


def _units(value: float) -> str:
    """Expected units in a sentence: a decimal only where it says something."""
    return number(value, 1 if value < 20 else 0)


def _sentence(term: str, step: Step) -> str:
    if term == "baseline":
        source = plain(f"forecast_source.{step['source']}")
        return t(
            "why.baseline",
            rate=_units(step["value"]),
            uplift=number(step["uplift"], 2),
            days=step["sale_days"],
            mean=_units(step["history_mean"]),
            source=source,
        )
    if term == "signals":
        return t("why.signals", median=_units(step["value"]))
    if term == "forecast":
        return t(
            "why.forecast",
            mean=_units(step["value"]),
            low=number(step["demand_low"]),
            high=number(step["demand_high"]),
        )
    if not step["costed"]:
        return t("why.no_cost", cap=percent(step["cap"]))
    if "critical_ratio" not in step:
        return t("why.ratio_plain", ratio=percent(step["value"]))
    return t(
        "why.ratio",
        ratio=percent(step["value"]),
        own=percent(step["critical_ratio"]),
        cap=percent(step["cap"]),
    )


def _ladder(steps: list[Step]) -> pd.DataFrame:
    """The unit terms as a waterfall: rises and falls from 0 to the need, then to the quantity."""
    rows, level = [], 0
    for step in steps:
        term, value = step["term"], step["value"]
        if term in UNIT_TERMS and value:
            label = next((limit for limit in LIMITS if step.get(limit)), term) if term == "limits" else term
            rows.append(
                (
                    plain(f"why.term_{label}"),
                    level,
                    level + value,
                    "rise" if value > 0 else "fall",
                    f"{value:+,}",
                )
            )
            level += value
        elif term in ("need", "quantity"):
            rows.append((plain(f"why.term_{term}"), 0, value, "total", f"{value:,}"))
            level = value
    return pd.DataFrame(rows, columns=["label", "start", "end", "kind", "figure"])


def by_hand(page: PageContext, view: Sheet) -> None:
    """Quantities set by hand, with their reason."""
    st.caption(t("replenishment.by_hand_note"))
    reason = st.text_input(
        t("replenishment.reason_ask"),
        key="replenishment_reason",
        placeholder=plain("replenishment.reason_sample"),
    )
    frame = view.lines.set_index("sku_code", drop=False).rename_axis(None)
    wanted = st.text_input(
        t("common.search"),
        key="replenishment_by_hand_find",
        type="search",
        live=True,
        width=260,
        label_visibility="collapsed",
        placeholder=plain("common.search_place"),
        icon=":material/search:",
    )
    rows = found(frame, ("sku_code", "name", "supplier"), wanted)
    if len(rows) > EDITED:
        st.caption(t("replenishment.by_hand_most", n=EDITED, rows=len(rows)))
    edited = edit(
        rows.head(EDITED), BY_HAND, editable=("override",), key="replenishment_by_hand", stored=frame
    )
    if edited is None:
        return
    changes = pd.DataFrame(
        {"sku_code": edited.changes["key"], "quantity": pd.array(edited.changes["after"].tolist(), "Int64")}
    )
    with refusals():
        service.override(
            page.database, page.actor, view.run.run_id, service.ByHand(changes, reason), now=page.now
        )
        flash(t("replenishment.overridden"), "success")
        saved("replenishment_by_hand")


def compare(page: PageContext) -> None:
    """Two runs where they differ."""
    runs = service.runs(page.database, page.actor, page.campaign_id)
    if len(runs) < 2:
        empty("replenishment.one_run")
        return
    words = {
        row["run_id"]: plain(
            "replenishment.run_word", moment=row["at"], who=who(row["account"]), n=row["units"]
        )
        for row in runs.to_dict("records")
    }
    left, right = st.columns(2)
    before = left.selectbox(t("replenishment.before"), list(words), index=1, format_func=words.__getitem__)
    after = right.selectbox(t("replenishment.after"), list(words), index=0, format_func=words.__getitem__)
    moved = service.compare(page.database, page.actor, before, after)
    if moved.empty:
        st.info(t("replenishment.same"))
        return
    moved["why"] = ["、".join(plain(f"why.term_{term}") for term in terms) for terms in moved["moved"]]
    table(
        moved,
        CHANGES,
        key="replenishment_compare",
        search=("sku_code", "name"),
        export="replenishment-compare",
    )


def newcomers(page: PageContext) -> None:
    """New SKUs followed closely."""
    fresh = after_sale.newcomers(page.database, page.actor, page.campaign_id, now=page.now)
    if fresh.empty:
        empty("replenishment.no_new")
        return
    table(fresh, NEW, key="replenishment_new", search=("sku_code", "name"), export="new-skus")


def ordinary(page: PageContext) -> None:
    """Reorder points of ordinary days."""
    st.caption(t("replenishment.ordinary_note"))
    frame = after_sale.ordinary(page.database, page.actor, page.campaign_id, now=page.now).sort_values(
        "quantity", ascending=False, ignore_index=True
    )
    # rounded up: a position of whole units is below the point exactly when it is below the next whole unit
    frame = frame.assign(
        **{name: np.ceil(frame[name]).astype("int64") for name in ("safety_stock", "reorder_point")}
    )
    due = Filter("due", "replenishment.view_due", lambda rows: rows["quantity"] > 0)
    table(
        frame,
        ORDINARY,
        key="replenishment_ordinary",
        filters=(due,),
        search=("sku_code", "name", "supplier"),
        export="reorder-points",
    )
