"""What the pricing page is made of: the answer, the table with its filters, the drawer that explains a
price."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from core.pricing import approvals as approving
from core.pricing import service
from core.pricing.changes import costs
from core.pricing.engine.verdicts import READY, UNDECIDED, UNSAFE, Verdict
from core.pricing.service import Picture
from pages.parts.components.bulk import Act, bulk
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.drafts import unsaved
from pages.parts.components.editing import edit
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import Filter, draw, row_of, table, unticked
from pages.parts.components.tabs import Tab, opened, sections, tabbed
from pages.parts.components.text import number, percent, plain, t
from pages.parts.components.url_state import kept
from pages.parts.entry.context import PageContext
from pages.parts.pricing import approvals, basket, change, charts, outlook, setup

PHASES = ("live", "presale_deposit", "presale_balance", "warm_up", "encore")
PRICES = (
    Column("sku_code", "pricing.sku_code", "code"),
    Column("name", "pricing.name", pinned=True, width="medium"),
    Column("tier", "pricing.tier", "state", words="price_tier"),
    Column("verdict", "pricing.verdict", "state"),
    Column("asked", "pricing.approval", "state", words="price_asked", width="small"),
    Column("sale_price", "pricing.sale_price", "price"),
    Column("worst_landed_price", "pricing.worst_landed", "price", help="pricing.worst_landed_help"),
    Column("worst_margin", "pricing.worst_margin", "percent"),
    Column("why", "pricing.reasons", "list", width="medium"),
    Column("list_price", "pricing.list_price", "price"),
    Column("landed_price", "pricing.landed_price", "price", help="pricing.landed_help"),
    Column("full_cost", "pricing.full_cost", "price", help="pricing.full_cost_help"),
    Column("contribution", "pricing.contribution", "price", help="pricing.contribution_help"),
    Column("margin", "pricing.margin", "percent", help="pricing.margin_help"),
    Column(
        "worst_contribution", "pricing.worst_contribution", "price", help="pricing.worst_contribution_help"
    ),
    Column(
        "filler_refunded",
        "pricing.filler_refunded",
        "price",
        help="pricing.filler_refunded_help",
        shown=False,
    ),
    Column("floor_price", "pricing.floor_price", "price", help="pricing.floor_price_help", shown=False),
    Column("break_even", "pricing.break_even", "price", help="pricing.break_even_help", shown=False),
    Column(
        "break_even_roi", "pricing.break_even_roi", "decimal", help="pricing.break_even_roi_help", shown=False
    ),
    Column("unit_cost", "pricing.unit_cost", "price", shown=False),
    Column("price_base", "pricing.price_base", "price", help="pricing.price_base_help", shown=False),
    Column("used", "pricing.worst_rules", "list", shown=False),
    Column("category", "pricing.category", shown=False),
    Column("planned_gmv", "pricing.planned_gmv", "money", shown=False),
)
VIEWS = (
    Filter("refused", "pricing.view_refused", lambda frame: frame["verdict"] == Verdict.REFUSED),
    Filter("undecided", "pricing.view_undecided", lambda frame: frame["verdict"].isin(UNDECIDED)),
    Filter("waiting", "pricing.view_wait", lambda frame: frame["verdict"] == Verdict.NEEDS_APPROVAL),
    Filter("approved", "pricing.view_approved", lambda frame: frame["verdict"] == Verdict.APPROVED),
    Filter("ready", "pricing.view_ok", lambda frame: frame["verdict"] == Verdict.PUBLISHABLE),
)
BESIDE = (  # what one looks at while a price is changed, in this order
    "sku_code",
    "name",
    "verdict",
    "sale_price",
    "floor_price",
    "worst_landed_price",
    "worst_margin",
    "landed_price",
    "margin",
    "list_price",
)
ASKED = tuple(
    column
    for column in PRICES
    if column.name in {"sku_code", "name", "sale_price", "worst_landed_price", "floor_price", "worst_margin"}
)
EDITED = tuple(column for name in BESIDE for column in PRICES if column.name == name)


def phase() -> str:
    """The phase that the page speaks of, kept in the address."""
    with kept("phase", "live", PHASES):
        return str(
            st.pills(
                t("pricing.phase"),
                PHASES,
                required=True,
                key="phase",
                label_visibility="collapsed",
                format_func=lambda code: plain(f"price_phase.{code}"),
            )
        )


def answer(picture: Picture, strip: bool = False) -> None:
    """Counts and money by verdict, the doubtful rules, and where the margins lie; `strip`: the figures alone, in one
    line."""
    frame = picture.prices
    good = frame["verdict"].isin(READY)
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
        one("pricing.card_no", frame["verdict"] == Verdict.REFUSED, alarm=True),
        one("pricing.card_wait", frame["verdict"] == Verdict.NEEDS_APPROVAL),
        one("pricing.card_undecided", frame["verdict"].isin(UNDECIDED)),
        one("pricing.card_ok", good),
        Card(
            "pricing.card_alarm", number(open_alarms), help="pricing.card_alarm_help", alarm=open_alarms > 0
        ),
    ]
    if picture.sees_margins and frame["worst_margin"].notna().any():
        shown.append(
            Card(
                "pricing.card_worst",
                percent(float(frame["worst_margin"].median())),
                help="pricing.card_worst_help",
            )
        )
    cards(*shown, strip=True)
    if picture.sees_margins and not strip:
        with st.expander(t("pricing.histogram"), icon=":material/bar_chart:"):
            charts.distribution(frame, picture.limits)


TABS: dict[str, tuple[str, ...]] = {
    "prices": ("prices", "bulk", "methods", "live"),
    "rules": ("rules", "basket"),
    "costs": ("costs", "simulate"),
    "release": ("approvals", "publish", "limits"),
}  # a tab and what it holds
FIRST = "prices"


def open_tab(page: PageContext, picture: Picture) -> str:
    """The tab that will be open, before anything is drawn."""
    return opened(
        "pricing_tab", {name: title for name, (title, _) in _tabs(page, picture, pd.DataFrame()).items()}
    )


def tabs(page: PageContext, picture: Picture, requests: pd.DataFrame) -> None:
    """The tabs that the role may use; only the open one is drawn."""
    tabbed("pricing_tab", _tabs(page, picture, requests))


def _tabs(page: PageContext, picture: Picture, requests: pd.DataFrame) -> dict[str, Tab]:
    offered: dict[str, tuple[bool, Callable[[], None]]] = {
        "prices": (True, lambda: price_table(page, picture)),
        "bulk": (page.may("price.edit"), lambda: change.bulk(page, picture)),
        "methods": (picture.sees_margins, lambda: outlook.methods(page, picture)),
        "live": (True, lambda: outlook.live(page, picture)),
        "rules": (True, lambda: setup.rules(page, picture)),
        "basket": (True, lambda: basket.simulator(page, picture)),
        "costs": (page.may("cost.view"), lambda: setup.costs(page, picture)),
        "simulate": (picture.sees_margins, lambda: outlook.simulate(page, picture)),
        "approvals": (page.may("approval.view"), lambda: approvals.approvals(page, requests)),
        "publish": (page.may("price.edit"), lambda: change.publish(page, picture)),
        "limits": (page.may("price.approve"), lambda: setup.limits(page, picture)),
    }
    within = {
        tab: {name: (t(f"pricing.tab_{name}"), offered[name][1]) for name in names if offered[name][0]}
        for tab, names in TABS.items()
    }
    return {
        tab: (t(f"pricing.group_{tab}"), partial(sections, f"pricing_{tab}_part", parts))
        for tab, parts in within.items()
        if parts
    }


def price_table(page: PageContext, picture: Picture) -> None:
    """The prices, what needs a decision first; edited in place; a picked row is explained."""
    frame = worst_first(picture)
    editing = page.may("price.edit") and st.toggle(
        t("pricing.edit_toggle"), key="pricing_edit", help=t("pricing.edit_help")
    )
    if picture.sees_margins and not editing:
        st.caption(t("pricing.why_hint"))
    shown = table(
        frame,
        PRICES,
        key="pricing",
        filters=VIEWS,
        search=("sku_code", "name", "category"),
        export="prices",
        pick=picture.sees_margins,
        many=page.may("price.edit"),
        height=440,
        rows=not editing,
    )
    if editing:
        _edit(page, picture, shown.frame, frame)
        return
    ask = Act(
        "ask", "pricing.bulk_ask", partial(_ask, page, picture.rules.phase), _askable, ":material/how_to_reg:"
    )
    bulk(shown, (ask,), key="pricing", money="planned_gmv")
    if shown.picked is not None:
        why(page, picture, str(shown.picked))


def _edit(page: PageContext, picture: Picture, rows: pd.DataFrame, stored: pd.DataFrame) -> None:
    """The prices that filters and search have left, to be changed; the floor and the margin stand beside."""
    if rows.empty and not unsaved("pricing_price"):
        return
    edited = edit(rows, EDITED, editable=("sale_price",), key="pricing_price", stored=stored)
    if edited is not None:
        change.confirm(page, picture.rules.phase, edited)


def worst_first(picture: Picture) -> pd.DataFrame:
    """The prices with words for reasons and rules: refused, waiting, undecided, approved, publishable; the larger plan
    first."""
    names = rule_names(picture)
    frame = picture.prices.assign(
        why=picture.prices["reasons"].map(lambda codes: [plain(f"price_reason.{code}") for code in codes]),
        used=picture.prices["worst_rules"].map(lambda ids: [names.get(one, one) for one in ids]),
        order=picture.prices["verdict"].map(
            {word: rank for rank, word in enumerate((*reversed(UNSAFE), *UNDECIDED, *reversed(READY)))}
        ),
        planned=-picture.prices["planned_gmv"].fillna(0),
        asked=picture.prices["approval"].where(picture.prices["approval"] == "requested", ""),
    )
    if not (frame["asked"] != "").any():
        frame = frame.drop(columns="asked")
    frame = (
        frame.reset_index().sort_values(["order", "planned", "sku_code"]).drop(columns=["order", "planned"])
    )
    return frame.set_index("sku_code", drop=False)


def rule_names(picture: Picture) -> dict[str, str]:
    """Rule id -> what it is called."""
    return {rule["rule_id"]: rule.get("name") or rule["rule_id"] for rule in picture.rules.rules}


def _askable(frame: pd.DataFrame) -> pd.Series:
    """Which prices wait for a second person who has not been asked yet."""
    return (frame["verdict"] == Verdict.NEEDS_APPROVAL) & (frame["approval"] != "requested")


def _ask(page: PageContext, phase: str, rows: pd.DataFrame) -> None:
    """Asks finance for the ticked prices, with the reason."""
    draw(rows, [column for column in ASKED if column.name in rows], key="pricing_ask", height=240)
    with st.form("pricing_ask", border=False):
        reason = st.text_input(t("pricing.ask_reason"))
        asked = st.form_submit_button(t("pricing.ask", n=len(rows)), type="primary")
    if asked:
        ask = partial(approving.ask_for_prices, page.database, page.actor, page.campaign_id)
        attempt(partial(ask, rows.index.tolist(), reason, now=page.now, phase=phase), _asked, "success")


def _asked(count: int) -> str:
    unticked("pricing")
    return t("pricing.asked", n=count) if count else t("pricing.ask_none")


def why(page: PageContext, picture: Picture, code: str) -> None:
    """The drawer of one SKU: both ladders, the cost card with its sources."""
    row = row_of(picture.prices, code)
    found, names = (
        service.explain(page.database, page.actor, page.campaign_id, code, picture.rules.phase),
        rule_names(picture),
    )
    with st.container(border=True, key="pricing_why"):
        st.markdown(f"**{t('pricing.why', code=code)}**")
        left, right = st.columns(2)
        with left:
            st.caption(t("pricing.why_usual"))
            charts.ladder(found["usual"], names, key="pricing_usual")
        with right:
            how = t(
                "pricing.why_worst_how",
                quantity=_or(row["worst_quantity"], 1),
                filler=_or(row["worst_filler"], 0),
                outside=_or(row["worst_outside"], 0),
            )
            st.caption(f"{t('pricing.why_worst')} · {how}")
            charts.ladder(found["worst"], names, key="pricing_worst")
        draw(found["solved"], setup.SOLVED, key="pricing_solved")
        draw(setup.card_rows(found["card"]), setup.CARD, key="pricing_card", height=240)
        with st.expander(t("pricing.card_history", code=code)):
            past = costs.card_history(page.database, page.actor, page.campaign_id, code)
            said = past.assign(by=past["changed_by"], what=[setup.card_words(card) for card in past["card"]])
            draw(said, setup.HISTORY, key="pricing_card_history", height=240)


def _or(value: object, otherwise: int) -> int:
    return otherwise if pd.isna(value) else int(value)  # type: ignore[call-overload]
