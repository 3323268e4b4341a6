"""What the target page is made of: the answer, four linked boxes, levers, history."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pandas as pd
import streamlit as st

from core.campaign import planning
from core.campaign.planning import Plan
from core.campaign.target import Target
from core.errors import ShopError
from core.live.snapshot import service as live
from core.signals.service import Past
from pages.parts.components import charts, drafts
from pages.parts.components.cards import Card, cards
from pages.parts.components.feedback import flash, refusals, refused
from pages.parts.components.text import ago, money, money_short, number_short, percent, plain, t, who
from pages.parts.entry.context import PageContext

NUMBERS = ("visitors", "conversion_rate", "aov", "gmv")
FIRST = Target(500_000_000, 500_000, 0.05, 20_000)  # what the boxes hold before there is a plan
SCALE = {"gmv": Decimal(100), "visitors": Decimal(1), "conversion_rate": Decimal("0.01"), "aov": Decimal(100)}
SLIDES = {"visitors": "visitors", "conversion_rate": "conversion_rate", "aov": "aov"}


def answer(plan: Plan, past: Past, course: tuple[int, int], now: datetime, *, strip: bool = False) -> None:
    """Five figures: the target, the people it needs, those to be won, what is done. `course`: fen done, and due by now."""
    done, due = course
    numbers, best = plan.target, past.verdicts.set_index("factor")["times_best"]
    against = {
        name: t("plan.against_best", times=f"{best[name]:.1f}") if pd.notna(best[name]) else ""
        for name in ("gmv", "visitors")
    }
    acquired = plan.acquisition()
    people = t("plan.people")
    cards(
        Card("plan.card_gmv", money_short(numbers.gmv), against=against["gmv"], help="plan.card_gmv_help"),
        Card("plan.card_visitors", number_short(numbers.visitors), people, against=against["visitors"]),
        Card(
            "plan.card_buyers",
            number_short(numbers.buyers),
            people,
            against=plain("plan.at_rate", rate=percent(numbers.conversion_rate, 2)),
        ),
        Card(
            "plan.card_new",
            number_short(int(acquired["visitors"].sum())),
            people,
            against=plain("plan.at_cost", fen=int(acquired["cost"].sum()))
            if plan.weights.costs
            else t("plan.no_cost"),
            help="plan.card_new_help",
        ),
        Card(
            "plan.card_done",
            money_short(done),
            against=plain("plan.of_plan", planned=due) if due else plain("plan.not_yet"),
            help="plan.card_done_help",
        ),
        strip=strip,
    )
    st.caption(t("plan.version", n=plan.version, account=who(plan.account), age=ago(plan.at, now)))


def boxes(page: PageContext, plan: Plan | None, first: Target = FIRST) -> Target:
    """Visitors x conversion x AOV = GMV: change one, the chosen other answers. Returns the target in the
    boxes. `first`: what they hold before there is a plan."""
    stamp = (page.campaign_id, plan.version if plan else 0)
    if st.session_state.get("plan_stamp") != stamp:
        st.session_state["plan_stamp"] = stamp
        st.session_state["plan_why"] = ""  # the reason of one version is not the next one's
        _show(plan.target if plan else first)
    with st.container(border=True, key="plan_boxes"):
        st.segmented_control(
            t("plan.answers"),
            NUMBERS,
            default="gmv",
            required=True,
            key="plan_answers",
            help=t("plan.answers_help"),
            format_func=lambda name: plain(f"plan.{name}_word"),
        )
        columns = st.columns(len(NUMBERS))
        for name, column in zip(NUMBERS, columns, strict=True):
            column.number_input(
                t(f"plan.{name}"),
                min_value=0.0 if name == "conversion_rate" else 0,
                key=f"plan_box_{name}",
                step=0.1
                if name == "conversion_rate"
                else {"gmv": 100_000, "visitors": 10_000, "aov": 5}[name],
                format="%.3f" if name == "conversion_rate" else "%d",
                on_change=_moved,
                args=(name,),
                disabled=st.session_state["plan_answers"] == name,
            )
        draft: Target = st.session_state["plan_draft"]
        st.caption(
            t(
                "plan.identity",
                visitors=number_short(draft.visitors),
                rate=percent(draft.conversion_rate, 2),
                aov=money(draft.aov),
                gmv=money_short(draft.gmv),
            )
        )
        error = st.session_state.pop("plan_refused", None)
        if error is not None:
            refused(error)
        if page.may("plan.edit"):
            _save(page, plan)
    answered: Target = st.session_state["plan_draft"]
    return answered


def _show(numbers: Target) -> None:
    """Puts a target into the boxes."""
    st.session_state["plan_draft"] = numbers
    for name in NUMBERS:
        value = Decimal(str(getattr(numbers, name))) / SCALE[name]
        st.session_state[f"plan_box_{name}"] = (
            float(round(value, 3)) if name == "conversion_rate" else round(value)
        )


def _moved(name: str) -> None:
    """A box was changed: the answering one follows; what cannot be stays as it was."""
    lock = st.session_state["plan_answers"]
    value = Decimal(str(st.session_state[f"plan_box_{name}"])) * SCALE[name]
    try:
        _show(
            planning.answer(
                st.session_state["plan_draft"],
                name,
                float(value) if name == "conversion_rate" else int(value),
                lock,
            )
        )
    except ShopError as error:
        st.session_state["plan_refused"] = error
        _show(st.session_state["plan_draft"])


def _save(page: PageContext, plan: Plan | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        why = (
            st.text_input(t("plan.why"), key="plan_why", placeholder=plain("plan.why_place"))
            if plan
            else plain("plan.first")
        )
        pressed = st.button(
            t("plan.save" if plan else "plan.save_first"),
            type="primary",
            key="plan_save",
            icon=":material/save:",
        )
    if pressed:
        store(page, st.session_state["plan_draft"], plan.weights if plan else None, why, plan)


def store(
    page: PageContext,
    numbers: Target,
    weights: planning.Weights | None,
    why: str,
    plan: Plan | None,
    *,
    editor: str = "",
) -> None:
    """Saves a new version and starts afresh, or says why not. `editor`: the table whose unsaved cells are in it."""
    with refusals():
        version = planning.set_target(
            page.database,
            page.actor,
            page.campaign_id,
            planning.NewPlan(
                numbers,
                weights=weights,
                why=why,
                version_before=plan.version if plan else 0,
                curves=live.curves(page.database, page.actor, page.campaign_id),
            ),
            now=page.now,
        )
        flash(t("plan.saved", n=version.version), "success")
        if editor:
            drafts.drop(editor)
        st.rerun()


def levers(numbers: Target, past: Past) -> None:
    """What one step of each lever brings, and sliders to try."""
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{t('plan.levers')}**")
        best = past.verdicts.set_index("factor")["best"].dropna().to_dict()
        factors = planning.levers(numbers, {str(name): float(value) for name, value in best.items()})
        shown = pd.DataFrame(
            {
                "lever": factors["factor"].map(lambda name: plain(f"plan.lever_{name}")),
                "yuan": charts.yuan(factors["gain"]),
            }
        )
        charts.draw(
            shown,
            charts.Bars("lever", "yuan", value_title="plan.lever_gain", rows=3, row=40).spec(),
            key="plan_levers",
            alt=plain("plan.levers_alt"),
        )
        room = factors[factors["gain_to_best"] > 0].sort_values("gain_to_best", ascending=False)
        for row in room.head(1).to_dict("records"):
            st.caption(
                t(
                    "plan.lever_best",
                    factor=plain(f"plan.{row['factor']}_word"),
                    gain=money_short(round(row["gain_to_best"]), sign=True),
                )
            )
    with right:
        st.markdown(f"**{t('plan.slide')}**")
        moves = {
            name: st.slider(
                plain(f"plan.{name}_word"), -50, 100, 0, 1, format="%+d%%", key=f"plan_slide_{name}"
            )
            / 100
            for name in SLIDES
        }
        if any(moves.values()):
            _slid(numbers, moves)


def _slid(numbers: Target, moves: dict[str, float]) -> None:
    with refusals():
        made, alone = planning.slid(numbers, moves)
        most = max(alone, key=lambda name: abs(alone[name]))
        st.markdown(
            t("plan.slide_result", gmv=made.gmv, change=money_short(made.gmv - numbers.gmv, sign=True))
        )
        st.caption(
            t("plan.slide_most", factor=plain(f"plan.{most}_word"), gain=money_short(alone[most], sign=True))
        )
        st.button(t("plan.slide_use"), key="plan_slide_use", on_click=_use, args=(made,))


def _use(made: Target) -> None:
    _show(made)
    for name in SLIDES:
        st.session_state[f"plan_slide_{name}"] = 0


def history(past: Past) -> None:
    """Each factor beside the shop's best and median, as sentences and as dots."""
    st.markdown(f"**{t('plan.history')}**")
    if past.runs.empty:
        st.caption(t("plan.history_none"))
        return
    left, right = st.columns([3, 2])
    with left:
        charts.draw(_dots(past), _dot_spec(), key="plan_history", alt=plain("plan.history_alt"))
        st.caption(t("plan.history_note", days=past.days, runs=len(past.runs)))
    with right:
        icons = {
            "usual": "check_circle",
            "reached": "check_circle",
            "stretch": "trending_up",
            "hard": "warning",
            "unseen": "warning",
            "unknown": "help",
        }
        for row in past.verdicts.to_dict("records"):
            over = percent(row["times_best"] - 1) if pd.notna(row["times_best"]) else ""
            sentence = t(
                f"plan.verdict_{row['verdict']}",
                factor=plain(f"plan.{row['factor']}_word"),
                over=over,
                times=f"{row['times_best']:.1f}",
                usual=f"{row['times_median']:.1f}",
            )
            st.markdown(f":material/{icons[row['verdict']]}: {sentence}")
            if row["verdict"] != "unknown":
                texts = {name: _told(row["factor"], row[name]) for name in ("planned", "best", "median")}
                st.caption(t("plan.beside", **texts, day=row["best_from"].isoformat()))
        if (past.verdicts["basis"] == "units").any():
            st.caption(t("plan.history_units"))


def _told(factor: str, value: float) -> str:
    """A number of the target as the cards write it."""
    if factor == "conversion_rate":
        return percent(value, 2)
    return number_short(round(value)) if factor == "visitors" else money_short(round(value))


def _dots(past: Past) -> pd.DataFrame:
    """Past runs and the plan as shares of the best run, one row a dot."""
    parts = []
    for row in past.verdicts.to_dict("records"):
        if row["verdict"] != "unknown":
            word, values = (
                plain(f"plan.{row['factor']}_word"),
                past.runs[row["factor"]].dropna().astype(float) / row["best"],
            )
            parts.append(pd.DataFrame({"factor": word, "of_best": values, "kind": "past"}))
            parts.append(pd.DataFrame({"factor": [word], "of_best": [row["times_best"]], "kind": "plan"}))
    return pd.concat(parts, ignore_index=True)


def _dot_spec() -> charts.Spec:
    down = {
        "field": "factor",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"ticks": False, "domain": False},
    }
    across = {
        "field": "of_best",
        "type": "quantitative",
        "title": plain("plan.of_best"),
        "axis": {"format": ".0%"},
    }
    tooltip = [
        {"field": "factor", "title": "·"},
        {"field": "of_best", "title": plain("plan.of_best"), "format": ".0%"},
    ]
    return {
        "height": 190,
        "layer": [
            {
                "transform": [{"filter": "datum.kind == 'past'"}],
                "mark": {"type": "tick", "opacity": 0.35, "color": charts.hue("gray"), "thickness": 1.5},
                "encoding": {"y": down, "x": across, "tooltip": tooltip},
            },
            {
                "transform": [{"filter": "datum.kind == 'plan'"}],
                "mark": {"type": "point", "filled": True, "size": 130, "color": charts.hue("red")},
                "encoding": {"y": down, "x": across, "tooltip": tooltip},
            },
        ],
    }
