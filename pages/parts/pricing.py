"""What the pricing page is made of: the answer, the table with its filters, the drawer that explains a price."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.database import Database
from core.errors import ShopError
from core.pricing import approving, costs, service
from core.pricing.service import Picture
from pages.parts import pricing_change, pricing_charts, pricing_outlook, pricing_setup
from pages.parts.address import kept
from pages.parts.cards import Card, cards
from pages.parts.columns import Column
from pages.parts.editing import edit
from pages.parts.picker import Chosen
from pages.parts.tables import Filter, draw, row_of, table
from pages.parts.text import error_text, number, percent, plain, t

PHASES = ("live", "presale_deposit", "presale_balance", "warm_up", "encore")
PRICES = (
    Column("sku_code", "pricing.sku_code", "code"),
    Column("name", "pricing.name", pinned=True, width="medium"),
    Column("tier", "pricing.tier", "state", words="price_tier"),
    Column("verdict", "pricing.verdict", "state"),
    Column("why", "pricing.reasons", "list", width="medium"),
    Column("list_price", "pricing.list_price", "price"),
    Column("sale_price", "pricing.sale_price", "price"),
    Column("landed_price", "pricing.landed_price", "price", help="pricing.landed_help"),
    Column("worst_landed_price", "pricing.worst_landed", "price", help="pricing.worst_landed_help"),
    Column("full_cost", "pricing.full_cost", "price", help="pricing.full_cost_help"),
    Column("contribution", "pricing.contribution", "price", help="pricing.contribution_help"),
    Column("margin", "pricing.margin", "percent", help="pricing.margin_help"),
    Column("worst_contribution", "pricing.worst_contribution", "price", help="pricing.worst_contribution_help"),
    Column("worst_margin", "pricing.worst_margin", "percent"),
    Column("filler_refunded", "pricing.filler_refunded", "price", help="pricing.filler_refunded_help", shown=False),
    Column("floor_price", "pricing.floor_price", "price", help="pricing.floor_price_help", shown=False),
    Column("break_even", "pricing.break_even", "price", help="pricing.break_even_help", shown=False),
    Column("break_even_roi", "pricing.break_even_roi", "decimal", help="pricing.break_even_roi_help", shown=False),
    Column("unit_cost", "pricing.unit_cost", "price", shown=False),
    Column("price_base", "pricing.price_base", "price", help="pricing.price_base_help", shown=False),
    Column("used", "pricing.worst_rules", "list", shown=False),
    Column("approval", "pricing.approval", "state", shown=False),
    Column("category", "pricing.category", shown=False),
    Column("planned_gmv", "pricing.planned_gmv", "money", shown=False),
)
VIEWS = (
    Filter("refused", "pricing.view_refused", lambda frame: frame["verdict"] == "refused"),
    Filter("waiting", "pricing.view_wait", lambda frame: frame["verdict"] == "needs_approval"),
    Filter("approved", "pricing.view_approved", lambda frame: frame["verdict"] == "approved"),
    Filter("ready", "pricing.view_ok", lambda frame: frame["verdict"] == "publishable"),
)
EDITABLE = {"sku_code", "name", "verdict", "list_price", "sale_price", "landed_price", "worst_landed_price", "worst_margin"}
EDITED = tuple(column for column in PRICES if column.name in EDITABLE)


def phase() -> str:
    """The phase that the page speaks of, kept in the address."""
    with kept("phase", "live", PHASES):
        return str(
            st.pills(
                t("pricing.phase"), PHASES, required=True, key="phase", label_visibility="collapsed", format_func=lambda code: plain(f"price_phase.{code}")
            )
        )  # fmt: skip


def answer(picture: Picture) -> None:
    """Counts and money by verdict, the doubtful rules, and where the margins lie."""
    frame = picture.prices
    good = frame["verdict"].isin(["publishable", "approved"])
    open_alarms = sum(state != "approved" for _, state in picture.rules.alarms.values())

    def one(label: str, mask: pd.Series, alarm: bool = False) -> Card:
        """A card of one verdict."""
        planned = int(frame.loc[mask, "planned_gmv"].fillna(0).sum())
        against = t("pricing.card_planned", fen=planned) if planned else ""
        return Card(
            label,
            number(int(mask.sum())),
            t("pricing.skus"),
            against=against,
            help=f"{label}_help",
            alarm=alarm and bool(mask.any()),
        )

    shown = [
        one("pricing.card_no", frame["verdict"] == "refused", alarm=True),
        one("pricing.card_wait", frame["verdict"] == "needs_approval"),
        one("pricing.card_ok", good),
        Card("pricing.card_alarm", number(open_alarms), help="pricing.card_alarm_help", alarm=open_alarms > 0),
    ]
    if picture.sees_margins and frame["worst_margin"].notna().any():
        shown.append(Card("pricing.card_worst", percent(float(frame["worst_margin"].median())), help="pricing.card_worst_help"))
    cards(*shown)
    if picture.sees_margins:
        pricing_charts.distribution(frame, picture.house)


def tabs(db: Database, user: Actor, chosen: Chosen, picture: Picture, now: datetime) -> None:
    """The tabs that the role may use; only the open one is drawn."""
    offered: dict[str, tuple[bool, Callable[[], None]]] = {
        "prices": (True, lambda: price_table(db, user, chosen, picture, now)),
        "bulk": (allowed(user, "price.edit"), lambda: pricing_change.bulk(db, user, chosen, picture, now)),
        "rules": (True, lambda: pricing_setup.rules(db, user, chosen, picture, now)),
        "costs": (allowed(user, "cost.view"), lambda: pricing_setup.costs(db, user, chosen, picture, now)),
        "methods": (picture.sees_margins, lambda: pricing_outlook.methods(db, user, chosen, picture)),
        "simulate": (picture.sees_margins, lambda: pricing_outlook.simulate(db, user, chosen, picture)),
        "approvals": (allowed(user, "approval.view"), lambda: pricing_change.approvals(db, user, chosen, now)),
        "publish": (allowed(user, "price.edit"), lambda: pricing_change.publish(db, user, chosen, picture, now)),
        "live": (True, lambda: pricing_outlook.live(db, user, chosen, picture, now)),
        "limits": (allowed(user, "price.approve"), lambda: pricing_setup.limits(db, user, chosen, picture, now)),
    }
    drawn = [(name, show) for name, (offer, show) in offered.items() if offer]
    for tab, (_, show) in zip(
        st.tabs([t(f"pricing.tab_{name}") for name, _ in drawn], key="pricing_tab", on_change="rerun"), drawn, strict=True
    ):
        if tab.open:
            with tab:
                show()


def price_table(db: Database, user: Actor, chosen: Chosen, picture: Picture, now: datetime) -> None:
    """The prices, what needs a decision first; edited in place; a picked row is explained."""
    frame = worst_first(picture)
    if allowed(user, "price.edit") and st.toggle(t("pricing.edit_toggle"), key="pricing_edit", help=t("pricing.edit_help")):
        edited = edit(frame, EDITED, editable=("sale_price",), key="pricing_price")
        if edited is not None:
            pricing_change.confirm(db, user, chosen, picture.rules.phase, edited, now)
        return
    if picture.sees_margins:
        st.caption(t("pricing.why_hint"))
    shown = table(
        frame,
        PRICES,
        key="pricing",
        filters=VIEWS,
        search=("sku_code", "name", "category"),
        export="prices",
        pick=picture.sees_margins,
        height=440,
    )
    if allowed(user, "price.edit"):
        _ask(db, user, chosen, picture, shown.frame, now)
    if shown.picked is not None:
        why(db, user, chosen, picture, str(shown.picked))


def worst_first(picture: Picture) -> pd.DataFrame:
    """The prices with words for reasons and rules: refused, waiting, approved, publishable; the larger plan first."""
    names = rule_names(picture)
    frame = picture.prices.assign(
        why=picture.prices["reasons"].map(lambda codes: [plain(f"price_reason.{code}") for code in codes]),
        used=picture.prices["worst_rules"].map(lambda ids: [names.get(one, one) for one in ids]),
        order=picture.prices["verdict"].map({"refused": 0, "needs_approval": 1, "approved": 2, "publishable": 3}),
        planned=-picture.prices["planned_gmv"].fillna(0),
    )
    frame = frame.reset_index().sort_values(["order", "planned", "sku_code"]).drop(columns=["order", "planned"])
    return frame.set_index("sku_code", drop=False)


def rule_names(picture: Picture) -> dict[str, str]:
    """Rule id -> what it is called."""
    return {rule["rule_id"]: rule.get("name") or rule["rule_id"] for rule in picture.rules.rules}


def _ask(db: Database, user: Actor, chosen: Chosen, picture: Picture, shown: pd.DataFrame, now: datetime) -> None:
    """Asks finance for every shown price that needs it."""
    waiting = shown[(shown["verdict"] == "needs_approval") & (shown["approval"] != "requested")] if len(shown) else shown
    if waiting.empty:
        return
    with st.popover(t("pricing.ask_title"), icon=":material/how_to_reg:"), st.form("pricing_ask", border=False):
        reason = st.text_input(t("pricing.ask_reason"))
        if st.form_submit_button(t("pricing.ask", n=len(waiting)), type="primary"):
            try:
                count = approving.ask_for_prices(
                    db, user, chosen.campaign_id, waiting.index.tolist(), reason, now=now, phase=picture.rules.phase
                )
                st.success(t("pricing.asked", n=count) if count else t("pricing.ask_none"))
            except ShopError as error:
                st.error(error_text(error))


def why(db: Database, user: Actor, chosen: Chosen, picture: Picture, code: str) -> None:
    """The drawer of one SKU: both ladders, the cost card with its sources."""
    row = row_of(picture.prices, code)
    found, names = service.explain(db, user, chosen.campaign_id, code, picture.rules.phase), rule_names(picture)
    with st.container(border=True, key="pricing_why"):
        st.markdown(f"**{t('pricing.why', code=code)}**")
        left, right = st.columns(2)
        with left:
            st.caption(t("pricing.why_usual"))
            pricing_charts.ladder(found["usual"], names, key="pricing_usual")
        with right:
            how = t(
                "pricing.why_worst_how",
                quantity=_or(row["worst_quantity"], 1),
                filler=_or(row["worst_filler"], 0),
                outside=_or(row["worst_outside"], 0),
            )
            st.caption(f"{t('pricing.why_worst')} · {how}")
            pricing_charts.ladder(found["worst"], names, key="pricing_worst")
        draw(found["solved"], pricing_setup.SOLVED, key="pricing_solved")
        draw(pricing_setup.card_rows(found["card"]), pricing_setup.CARD, key="pricing_card", height=240)
        with st.expander(t("pricing.card_history", code=code)):
            past = costs.card_history(db, user, chosen.campaign_id, code)
            said = past.assign(by=past["changed_by"], what=[pricing_setup.card_words(card) for card in past["card"]])
            draw(said, pricing_setup.HISTORY, key="pricing_card_history", height=240)


def _or(value: object, otherwise: int) -> int:
    return otherwise if pd.isna(value) else int(value)  # type: ignore[call-overload]
