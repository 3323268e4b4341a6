"""What prices rest on: promotion rules, cost cards and defaults, limits; suggestions, what-if, and the live
alarm."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.pricing import approvals, service
from core.pricing.changes import costs as cost_service
from core.pricing.changes import promotions
from core.pricing.changes.costs import FIELDS, RATES
from core.pricing.changes.sheet import COSTS, PROMOTIONS
from core.pricing.limits import NewLimits, set_limits
from core.pricing.service import Picture
from pages.parts.components.columns import Column
from pages.parts.components.editing import edit, saved
from pages.parts.components.feedback import flash, refusals
from pages.parts.components.tables import draw, table
from pages.parts.components.text import literal, money, percent, plain, t, who
from pages.parts.entry.context import PageContext
from pages.parts.upload.flow import upload

RULES = (
    Column("rule_id", "pricing.rule_id", "code"),
    Column("name", "pricing.rule", pinned=True, width="medium"),
    Column("doubts", "pricing.rule_alarm", "list", width="medium"),
    Column("state", "pricing.rule_state", "state"),
    Column("kind", "pricing.rule_kind", "state", words="promotion_kind"),
    Column("scope", "pricing.rule_scope", "state", words="promotion_scope"),
    Column("threshold", "pricing.rule_threshold", "price"),
    Column("worth", "pricing.rule_value"),
    Column("cap", "pricing.rule_cap", "price"),
    Column("merchant_share", "pricing.rule_share", "percent"),
    Column("reach", "pricing.rule_reach", "state", words="promotion_reach"),
    Column("group", "pricing.rule_group"),
    Column("base", "pricing.rule_base", "state", words="promotion_base", shown=False),
    Column("level", "pricing.rule_level", "state", words="promotion_level", shown=False),
    Column("starts", "pricing.rule_starts", "moment"),
    Column("ends", "pricing.rule_ends", "moment"),
)
CARD = (
    Column("word", "pricing.field"),
    Column("figure", "pricing.value"),
    Column("source", "pricing.source", "state", words="cost_source"),
    Column("origin", "pricing.origin"),
)
SOLVED = (
    Column("returns", "pricing.returns", "state", words="price_returns"),
    Column("break_even", "pricing.break_even", "price", help="pricing.break_even_help"),
    Column("floor_price", "pricing.floor_price", "price", help="pricing.floor_price_help"),
    Column("contribution", "pricing.contribution", "price", help="pricing.contribution_help"),
    Column("margin", "pricing.margin", "percent", help="pricing.margin_help"),
    Column("break_even_roi", "pricing.break_even_roi", "decimal", help="pricing.break_even_roi_help"),
    Column("break_even_acos", "pricing.break_even_acos", "percent"),
)
HISTORY = (
    Column("version", "pricing.version", "integer"),
    Column("at", "pricing.changed_at", "moment"),
    Column("by", "pricing.changed_by", "person"),
    Column("what", "pricing.what", width="large"),
)
DEFAULTS = tuple(name for name in FIELDS if name != "product")  # a product's cost is each SKU's own
NONE: dict[str, object] = {
    "threshold": 0,
    "cap": None,
    "merchant_share": 10_000,
    "reach": "automatic",
    "group": "",
    "base": "item",
    "level": "order",
    "scope": "shop",
    "starts": None,
    "ends": None,
    "name": "",
}


def rules(page: PageContext, picture: Picture) -> None:
    """The phase's rules with their doubts; import, removal, asking for approval."""
    if page.may("price.promotion"):
        with st.expander(t("pricing.rules_upload"), icon=":material/upload_file:"):
            upload(page, PROMOTIONS, key="pricing_promotions", campaign_id=page.campaign_id)
    if not picture.rules.rules:
        st.info(t("pricing.rules_none"), icon=":material/sell:")
        return
    st.caption(
        t(
            "pricing.rules_version",
            n=picture.rules.version,
            account=who(picture.rules.account),
            at=picture.rules.at,
        )
    )
    picked = table(rule_rows(picture), RULES, key="pricing_rules", export="rules", pick=True).picked
    with st.expander(t("pricing.rule_history")):
        past = promotions.set_history(page.database, page.actor, page.campaign_id, picture.rules.phase)
        said = [", ".join(rule.get("name") or rule["rule_id"] for rule in rules) for rules in past["rules"]]
        draw(past.assign(by=past["account"], what=said), HISTORY, key="pricing_rule_history", height=240)
    if picked is not None and page.may("price.promotion"):
        _rule_actions(page, picture, str(picked))


def rule_rows(picture: Picture) -> pd.DataFrame:
    """The rules as a table, those with doubts first."""
    frame = pd.DataFrame([NONE | rule for rule in picture.rules.rules], dtype=object)
    doubts = {
        rule: [plain(f"rule_alarm.{code}") for code in codes]
        for rule, (codes, _) in picture.rules.alarms.items()
    }
    state = {
        rule: "needs_approval" if said == "none" else said for rule, (_, said) in picture.rules.alarms.items()
    }
    ids = frame["rule_id"].tolist()
    frame = frame.assign(
        doubts=pd.Series([doubts.get(rule, []) for rule in ids], dtype=object),
        state=pd.Series([state.get(rule) for rule in ids], dtype=object),
        worth=[worth(rule) for rule in picture.rules.rules],
        merchant_share=frame["merchant_share"].astype(float) / 10_000,
        starts=pd.to_datetime(frame["starts"], utc=True),
        ends=pd.to_datetime(frame["ends"], utc=True),
        threshold=frame["threshold"].astype("Int64").mask(frame["threshold"] == 0),
        cap=frame["cap"].astype("Int64"),
    )
    return frame.sort_values("state", ascending=False, kind="stable").set_index("rule_id", drop=False)


def worth(rule: dict[str, Any]) -> str:
    """What a rule gives: an amount, or per cent off."""
    return (
        f"-{percent(rule['value'] / 10_000)}"
        if rule["kind"] in {"percent_off", "official_cut"}
        else money(rule["value"])
    )


def _rule_actions(page: PageContext, picture: Picture, rule_id: str) -> None:
    alarmed = picture.rules.alarms.get(rule_id)
    with st.container(border=True, horizontal=True, vertical_alignment="bottom", key="pricing_rule"):
        reason = (
            st.text_input(t("pricing.ask_reason"), key="pricing_rule_reason")
            if alarmed and alarmed[1] != "approved"
            else ""
        )
        with refusals():
            if (
                alarmed
                and alarmed[1] not in {"approved", "requested"}
                and st.button(t("pricing.rule_ask"), type="primary", key="pricing_rule_ask")
            ):
                approvals.ask_for_rule(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    approvals.RuleAsked(picture.rules.phase, rule_id, reason),
                    now=page.now,
                )
                flash(t("pricing.asked", n=1))
                st.rerun()
            if st.button(t("pricing.rule_remove"), icon=":material/delete:", key="pricing_rule_remove"):
                left = [rule for rule in picture.rules.rules if rule["rule_id"] != rule_id]
                version = promotions.save_rules(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    promotions.RuleSet(picture.rules.phase, left, picture.rules.version),
                    now=page.now,
                )
                flash(t("pricing.rule_removed", n=version))
                st.rerun()


def costs(page: PageContext, picture: Picture) -> None:
    """Cost cards by sheet, and the defaults behind them; to read for who may not change them."""
    if not page.may("cost.edit"):
        _cards_to_read(page)
        return
    with st.expander(t("pricing.costs_upload"), icon=":material/upload_file:"):
        upload(page, COSTS, key="pricing_costs", campaign_id=page.campaign_id)
    if st.toggle(t("pricing.cards_edit"), key="pricing_cards_edit", help=t("pricing.cards_edit_help")):
        _own_cards(page)
        return
    st.markdown(f"**{t('pricing.costs_default')}**")
    categories = ["", *sorted(name for name in picture.prices["category"].unique() if name)]
    category = st.selectbox(
        t("pricing.costs_for"),
        categories,
        format_func=lambda name: name or plain("pricing.costs_whole"),
        width=260,
        key="pricing_category",
    )
    current = service.defaults(page.database, page.actor, page.campaign_id).get(category, {})
    with st.form(f"pricing_default_{category}", border=False):
        with st.grid(4, min_column_width=180):
            typed = {name: _cost_input(name, current.get(name)) for name in DEFAULTS}
        st.caption(t("pricing.costs_blank"))
        if st.form_submit_button(t("pricing.costs_save"), type="primary"):
            kept = {name: value for name, value in current.items() if name not in DEFAULTS}
            card = kept | {name: round(value * 100) for name, value in typed.items() if value is not None}
            with refusals():
                cost_service.edit_default(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    cost_service.CategoryCard(category, card),
                    now=page.now,
                )
                flash(t("pricing.costs_saved"), icon=":material/check_circle:")
                st.rerun()


def _own_cards(page: PageContext) -> None:
    """The SKUs' own cards, cell by cell; an empty cell lets the defaults speak."""
    frame = service.cards(page.database, page.actor, page.campaign_id)
    edited = edit(frame.assign(sku_code=frame.index), _card_columns(), editable=FIELDS, key="pricing_cards")
    if edited is None:
        return
    with refusals():
        count = cost_service.edit_cells(
            page.database,
            page.actor,
            page.campaign_id,
            cost_service.Cells(edited.changes, edited.source["version"]),
            now=page.now,
        )
        flash(t("pricing.cards_saved", n=count), icon=":material/check_circle:")
        saved("pricing_cards")


def _card_columns() -> tuple[Column, ...]:
    """A SKU's own card in a row: yuan for amounts, per cent for rates."""
    fields = [Column(name, f"cost_field.{name}", "percent" if name in RATES else "price") for name in FIELDS]
    code = Column("sku_code", "pricing.sku_code", "code")
    return (code, Column("name", "pricing.name", pinned=True), *fields)


def _cards_to_read(page: PageContext) -> None:
    """What stands behind the SKUs, one line a category, and their own cards."""
    defaults = service.defaults(page.database, page.actor, page.campaign_id)
    if defaults:
        st.caption(t("pricing.costs_default"))
    for category, card in defaults.items():
        st.markdown(f"**{literal(category) or t('pricing.costs_whole')}** {literal(card_words(card))}")
    frame = service.cards(page.database, page.actor, page.campaign_id)
    filled = frame.dropna(axis=1, how="all").assign(sku_code=frame.index)
    table(filled, _card_columns(), key="pricing_cards_read", search=("sku_code", "name"), export="costs")


def _cost_input(name: str, stood: int | None) -> float | None:
    """Yuan for an amount, per cent for a rate; empty where nothing is set."""
    title = f"{plain(f'cost_field.{name}')} ({'%' if name in RATES else '¥'})"
    shown = None if stood is None else stood / 100
    return st.number_input(
        title, value=shown, min_value=0.0, step=0.1, format="%.2f", key=f"pricing_default_{name}_{stood}"
    )


def card_rows(card: pd.DataFrame) -> pd.DataFrame:
    """A cost card in words: what each number is and where it came from; what is nothing by default is left
    out."""
    shown = card[(card["value"] != 0) | (card["source"] != "shipped")]
    figures = [figure(field, value) for field, value in zip(shown["field"], shown["value"], strict=True)]
    return shown.assign(word=[plain(f"cost_field.{field}") for field in shown["field"]], figure=figures)


def figure(field: str, value: int) -> str:
    """One number of a card: per cent for a rate, yuan for an amount."""
    return percent(value / 10_000, 2) if field in RATES else money(value)


def card_words(card: dict[str, int]) -> str:
    """What a version of a card said, in one line."""
    return ", ".join(
        f"{plain(f'cost_field.{field}')} {figure(field, value)}" for field, value in card.items()
    )


def limits(page: PageContext, picture: Picture) -> None:
    """Floors by tier, the price base, the brand's policy, and when a figure looks like a slip."""
    limits = picture.limits
    st.caption(t("pricing.limits_note"))
    with st.form("pricing_limits", border=False):
        tiers = {}
        for tier, limit in limits.tiers.items():
            with st.container(horizontal=True, vertical_alignment="bottom"):
                st.markdown(f"**{t(f'price_tier.{tier}')}**", width=110)
                tiers[tier] = {name: _points(name, getattr(limit, name), tier) for name in ("floor", "least")}
        days = st.radio(
            t("pricing.limits_base"),
            [7, 30],
            index=int(limits.base_days == 30),
            format_func=lambda n: plain(f"pricing.limits_base_{n}"),
        )
        with st.grid(4, min_column_width=200):
            window = st.number_input(
                t("pricing.limits_protection_days"),
                value=limits.protection_days,
                min_value=0,
                max_value=365,
                step=1,
            )
            above = _points("above_floor", limits.above_floor)
            brand = {name: _points(f"brand_{name}", value) for name, value in asdict(limits.brand).items()}
            alarms = {name: _points(name, value) for name, value in asdict(limits.alarms).items()}
        reason = st.text_input(t("pricing.limits_reason"), max_chars=300)
        if not st.form_submit_button(t("pricing.limits_save"), type="primary"):
            return
    stored = {
        "tiers": tiers,
        "base_days": days,
        "protection_days": int(window),
        "above_floor": above,
        "brand": brand,
        "alarms": alarms,
    }
    with refusals():
        change = set_limits(
            page.database, page.actor, page.campaign_id, NewLimits(stored, reason), now=page.now
        )
        if change.waits:
            waits = t("pricing.limits_waits", version=change.version, n=len(change.loosens))
            flash(waits, icon=":material/how_to_reg:")
        else:
            flash(t("pricing.limits_saved"), icon=":material/check_circle:")
        st.rerun()


def _points(name: str, points: int, tier: str = "") -> int:
    """A limit as the reader sets it, in per cent; basis points."""
    width: int | Literal["stretch"] = 150 if tier else "stretch"
    shown = st.number_input(
        t(f"pricing.limits_{name}"),
        value=points / 100,
        step=1.0,
        width=width,
        key=f"pricing_limit_{tier}{name}_{points}",
    )
    return round(shown * 100)
