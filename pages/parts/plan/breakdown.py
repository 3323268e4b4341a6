"""The plan laid out: along days and hours, by phase, channel and tier, new visitors, re-planning,
versions."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.campaign import planning
from core.campaign.planning import Plan
from core.campaign.sheet import PLAN, plan_sheet
from core.clock import local_naive
from core.live.snapshot import service as live
from core.money import from_yuan
from core.signals import service as signals
from pages.parts.components import charts
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.editing import edit
from pages.parts.components.feedback import flash, refusals
from pages.parts.components.tables import draw, table
from pages.parts.components.text import known, language, literal, plain, t, time
from pages.parts.entry.context import PageContext
from pages.parts.plan.target import store
from pages.parts.upload.flow import upload

VERSIONS = (
    Column("version", "plan.version_word", "integer"),
    Column("at", "plan.at", "moment"),
    Column("account", "plan.account", "person"),
    Column("why", "plan.reason", width="large"),
    Column("gmv", "plan.gmv_word", "money"),
    Column("visitors", "plan.visitors_word", "integer"),
    Column("conversion_rate", "plan.conversion_rate_word", "percent"),
    Column("aov", "plan.aov_word", "price"),
)
CLOSED = (
    Column("word", "plan.phase", pinned=True),
    Column("planned_gmv", "plan.planned", "money"),
    Column("gmv", "plan.actual", "money"),
    Column("visitors", "plan.actual_visitors", "integer"),
    Column("reported", "plan.reported", "integer"),
    Column("days", "plan.days", "integer"),
)
ACQUIRED = (
    Column("day", "plan.day", pinned=True),
    Column("word", "plan.channel"),
    Column("visitors", "plan.acquired", "integer"),
    Column("cost", "plan.acquire_cost", "money"),
)
GROUPS = {"phase": "phases", "channel": "channels", "tier": "tiers"}
SERIES = (
    charts.Series("plan", "plan.curve", "red"),
    charts.Series("before", "plan.curve_before", "gray", dashed=True),
)


def over_time(page: PageContext, plan: Plan) -> None:
    """The plan as a filled curve, by hour or by day, with the version before behind it; its pace curve to
    renew."""
    unit = st.segmented_control(
        t("plan.tab_time"),
        ("day", "hour"),
        default="day",
        required=True,
        key="plan_unit",
        label_visibility="collapsed",
        format_func=lambda name: plain(f"plan.by_{name}"),
    )
    before = (
        planning.plan(page.database, page.actor, plan.campaign.campaign_id, plan.version - 1)
        if plan.version > 1
        else None
    )
    parts = [_curve(plan, str(unit), "plan"), *([_curve(before, str(unit), "before")] if before else [])]
    spec = charts.Lines(
        "at",
        "yuan",
        SERIES,
        y_title="plan.hourly" if unit == "hour" else "plan.daily",
        clock="%m-%d %H:%M" if unit == "hour" else "%m-%d",
    ).spec()
    charts.draw(
        pd.concat(parts, ignore_index=True), spec, key=f"plan_curve_{unit}", alt=plain("plan.curve_alt")
    )
    _which_curve(plan)
    newer = _newer_curve(page, plan)
    if newer and st.button(t("plan.curve_renew", n=newer), key="plan_curve_renew", icon=":material/update:"):
        store(page, plan.target, plan.weights, plain("plan.curve_why", n=newer), plan)


def _which_curve(plan: Plan) -> None:
    days = plan.curve_days
    st.caption(t("plan.curve_own", n=days) if days else t("plan.curve_shipped"))


def _newer_curve(page: PageContext, plan: Plan) -> int:
    """Past sale days behind the shop's curve where it has moved since the plan was made; 0 for who may not
    plan."""
    if not page.may("plan.edit"):
        return 0
    return planning.newer_curve(plan, live.curves(page.database, page.actor, plan.campaign.campaign_id))


def _curve(plan: Plan, unit: str, name: str) -> pd.DataFrame:
    part = plan.part(unit)
    at = pd.to_datetime(part["part"], utc=unit == "hour")
    if unit == "hour":
        at = local_naive(at, plan.campaign.timezone)
    frame = pd.DataFrame({"at": at, "yuan": charts.yuan(part["gmv"]), "series": name}).sort_values("at")
    return frame.assign(low=0.0, high=frame["yuan"]) if name == "plan" else frame.assign(low=None, high=None)


def by_part(page: PageContext, plan: Plan) -> None:
    """Phases, channels and tiers with their weights to change."""
    group = st.segmented_control(
        t("plan.part"),
        list(GROUPS),
        default="phase",
        required=True,
        key="plan_group",
        label_visibility="collapsed",
        format_func=lambda name: plain(f"plan.{name}"),
    )
    name = str(group)
    weights: dict[str, int] = dict(getattr(plan.weights, GROUPS[name]))
    part = plan.part(name).set_index("part")
    frame = pd.DataFrame(
        {"word": [_word(plan, name, key) for key in weights], "weight": list(weights.values())},
        index=list(weights),
    )
    frame = frame.join(part).fillna({"gmv": 0, "visitors": 0})
    frame["share"] = frame["gmv"] / max(plan.target.gmv, 1)
    columns = (
        Column("word", f"plan.{name}", pinned=True),
        Column("weight", "plan.weight", "integer"),
        Column("share", "plan.share", "share"),
        Column("gmv", "plan.gmv_word", "money"),
        Column("visitors", "plan.visitors_word", "integer"),
    )
    if not page.may("plan.edit"):
        draw(frame, columns, key=f"plan_parts_{name}")
        return
    st.caption(t("plan.weights_note"))
    why = st.text_input(t("plan.why"), key=f"plan_why_{name}", placeholder=plain("plan.why_place"))
    edited = edit(frame, columns, editable=("weight",), key=f"plan_{name}")
    if edited is not None:
        moved = weights | {
            str(row["key"]): max(0, int(row["after"] or 0)) for row in edited.changes.to_dict("records")
        }
        _reweigh(page, plan, name, moved, why)
    if name == "channel":
        _new_channel(page, plan, weights, why)


def _reweigh(page: PageContext, plan: Plan, name: str, moved: dict[str, int], why: str) -> None:
    people = {
        dimension: own for dimension, own in plan.weights.people.items() if dimension != name
    }  # they follow the weights again
    kept = replace(plan.weights, people=people)
    weights = {
        "phase": replace(kept, phases=moved),
        "channel": replace(kept, channels=moved),
        "tier": replace(kept, tiers=moved),
    }[name]
    store(page, plan.target, weights, why, plan, editor=f"plan_{name}")


def _new_channel(page: PageContext, plan: Plan, weights: dict[str, int], why: str) -> None:
    with st.popover(t("plan.new_channel"), icon=":material/add:"):
        name = st.text_input(t("plan.new_channel_name"), key="plan_channel_name").strip()
        weight = st.number_input(t("plan.weight"), 1, 1_000_000, 10, key="plan_channel_weight")
        if st.button(t("plan.new_channel"), key="plan_channel_add", type="primary") and name:
            _reweigh(page, plan, "channel", weights | {name: int(weight)}, why)


def _word(plan: Plan, dimension: str, key: str) -> str:
    """A part's name for the reader."""
    if dimension == "phase":
        phase = next(p for p in plan.campaign.phases if p.phase_id == key)
        return f"{phase.name or plain(f'phase.{phase.kind}')} {time(phase.starts_at, plan.campaign.timezone)}"
    return plain(f"{dimension}.{key}") if known(f"{dimension}.{key}") else key


def acquisition(page: PageContext, plan: Plan) -> None:
    """New visitors to win: by day and channel, with their cost; base, retention and prices to change."""
    channels = plan.acquisition()
    needed, cost = int(channels["visitors"].sum()), int(channels["cost"].sum())
    st.markdown(t("plan.new_needed", needed=needed, cost=cost) if needed else t("plan.new_none"))
    if needed:
        by = channels.groupby("channel", sort=False)[["visitors", "cost"]].sum()
        shown = by.assign(word=[_word(plan, "channel", name) for name in by.index])
        columns = (
            Column("word", "plan.channel", pinned=True),
            Column("visitors", "plan.acquired", "integer"),
            Column("cost", "plan.acquire_cost", "money"),
        )
        draw(shown, columns, key="plan_new")
        _by_day(
            channels.assign(word=channels["channel"].map(shown["word"]), yuan=charts.yuan(channels["cost"]))
        )
    if page.may("plan.edit"):
        _sources(page, plan)


def _by_day(found: pd.DataFrame) -> None:
    """New visitors by day, a channel on the other, each with its cost; and the same as a table."""
    spec: charts.Spec = {
        "height": 200,
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "short",
                "type": "ordinal",
                "sort": None,
                "title": None,
                "axis": {"labelAngle": 0, "labelOverlap": True},
            },
            "y": {
                "field": "visitors",
                "type": "quantitative",
                "title": plain("plan.acquired"),
                "axis": {"format": ",.0f"},
            },
            "color": {
                "field": "word",
                "type": "nominal",
                "sort": None,
                "legend": {"title": None, "orient": "top"},
            },
            "tooltip": [
                {"field": "day", "title": plain("plan.day")},
                {"field": "word", "title": plain("plan.channel")},
                {"field": "visitors", "title": plain("plan.acquired"), "format": ",.0f"},
                {"field": "yuan", "title": plain("plan.acquire_cost"), "format": ",.0f"},
            ],
        },
    }
    charts.draw(
        found.assign(short=found["day"].str[5:]), spec, key="plan_new_days", alt=plain("plan.acquire_alt")
    )
    with st.expander(t("plan.by_day_channel"), icon=":material/calendar_month:"):
        table(found, ACQUIRED, key="plan_new_table", export="acquisition", height=360)


def _sources(page: PageContext, plan: Plan) -> None:
    was = plan.weights
    with st.form("plan_sources", border=True):
        left, right = st.columns(2)
        base = left.number_input(t("plan.base"), 0, None, was.base, 10_000)
        retention = right.number_input(t("plan.retention"), 0.0, 100.0, was.retention * 100, 1.0)
        costs = {
            name: column.number_input(
                f"{literal(_word(plan, 'channel', name))} · {t('plan.cost')}",
                0.0,
                None,
                was.costs.get(name, 0) / 100,
                0.1,
            )
            for name, column in zip(was.channels, st.columns(max(len(was.channels), 1)), strict=False)
        }
        why = st.text_input(t("plan.why"), placeholder=plain("plan.why_place"), key="plan_why_new")
        if st.form_submit_button(t("plan.save"), type="primary"):
            fen = {name: from_yuan(str(cost)) for name, cost in costs.items()}
            weights = replace(was, base=int(base), retention=round(float(retention) / 100, 6), costs=fen)
            store(page, plan.target, weights, why, plan)


def replan(page: PageContext, plan: Plan) -> None:
    """Closed phases with what they did; the rest of the target falls to the others."""
    closed = signals.phase_actuals(page.database, page.actor, plan.campaign.campaign_id, page.now)
    if closed.empty:
        st.info(t("plan.replan_none"), icon=":material/event_upcoming:")
        return
    st.caption(t("plan.replan_note"))
    _which_curve(plan)
    booked = {key: list(done) for key, done in plan.weights.closed.items()}
    frame = closed.set_index("phase_id", drop=False)
    frame["gmv"] = [booked.get(key, [value])[0] for key, value in zip(frame.index, frame["gmv"], strict=True)]
    frame["word"] = [_word(plan, "phase", key) for key in frame.index]
    with st.form("plan_replan", border=False):
        draw(frame, CLOSED, key="plan_closed")
        actual = {str(key): _actual(str(key), row) for key, row in frame.iterrows()}  # a phase each
        still = sum(1 for key, weight in plan.weights.phases.items() if weight and key not in actual)
        gap = int(frame["planned_gmv"].sum()) - sum(done for done, _ in actual.values())
        st.markdown(t("plan.replan_gap" if gap >= 0 else "plan.replan_over", gap=abs(gap), n=still))
        newer = _newer_curve(page, plan)
        renew = newer > 0 and st.checkbox(t("plan.curve_use", n=newer), value=True, key="plan_replan_curve")
        why = st.text_input(t("plan.why"), placeholder=plain("plan.why_place"), key="plan_why_replan")
        pressed = st.form_submit_button(t("plan.replan"), type="primary", disabled=not page.may("plan.edit"))
    if pressed:
        with refusals():
            curves = live.curves(page.database, page.actor, plan.campaign.campaign_id) if renew else None
            version = planning.replan(
                page.database,
                page.actor,
                plan.campaign.campaign_id,
                planning.Replan(actual, why=why, curves=curves),
                now=page.now,
            )
            flash(t("plan.saved", n=version.version), "success")
            st.rerun()


def _actual(key: str, row: pd.Series) -> tuple[int, int]:
    """GMV (fen) and visitors that a closed phase had, as the person corrects them."""
    left, right = st.columns(2)
    gmv = left.number_input(
        f"{literal(row['word'])} · {t('plan.actual')}",
        0,
        None,
        int(row["gmv"]) // 100,
        1_000,
        key=f"plan_actual_{key}",
    )
    visitors = right.number_input(
        t("plan.actual_visitors"), 0, None, int(row["visitors"]), 1_000, key=f"plan_actual_visitors_{key}"
    )
    return int(gmv) * 100, int(visitors)


def versions(page: PageContext, plan: Plan) -> None:
    """Every version with who and why; the plan out as a workbook and back."""
    draw(
        planning.versions(page.database, page.actor, plan.campaign.campaign_id), VERSIONS, key="plan_versions"
    )
    download(
        Button(t("plan.export"), "plan_export", help=t("plan.export_help")),
        File("plan.xlsx"),
        lambda _page: plan_sheet(plan, language()),
    )
    if page.may("plan.edit"):
        with st.expander(t("plan.import"), icon=":material/upload_file:"):
            upload(page, PLAN, key="plan_upload", campaign_id=plan.campaign.campaign_id)
