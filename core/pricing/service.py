"""What may be asked of prices: the judged table, why a price is what it is, what would change, approval,
publishing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core.access import Actor, allow, allowed
from core.database import Database
from core.database.types import Record, Values
from core.errors import ShopError
from core.pricing import queries
from core.pricing.engine import cost_cards, landed_price, verdicts
from core.pricing.engine.limits import PriceLimits as PriceLimits
from core.pricing.engine.promotions import Baskets, terms
from core.pricing.engine.rule_json import from_json, short_forms
from core.pricing.engine.stacks import best
from core.pricing.judging import Judged, judged

COSTS = (
    "unit_cost",
    "full_cost",
    "break_even",
    "floor_price",
    "target_price",
    "break_even_roi",
    "cost",
    "product",
)
MARGINS = (
    "contribution",
    "contribution_then",
    "margin",
    "worst_contribution",
    "worst_margin",
    "filler_refunded",
    "floor",
    "least",
    "target",
    "at_stake",
)
ECONOMICS = (
    "sku_code",
    "name",
    "category",
    "tier",
    "list_price",
    "sale_price",
    "landed_price",
    "receipts",
    "worst_landed_price",
    "worst_receipts",
    "unit_cost",
    "full_cost",
    "contribution",
    "margin",
    "worst_contribution",
    "worst_margin",
    "verdict",
)


@dataclass(frozen=True, slots=True)
class Rules:
    """A phase's rule set as it stands: version, rules (objects, in order), who and when, and by rule id what
    looks like a slip and the state of its approval."""

    phase: str
    version: int
    rules: list[Record]
    account: str
    at: datetime | None
    alarms: Mapping[str, tuple[tuple[str, ...], str]]


@dataclass(frozen=True, slots=True)
class Picture:
    """The pricing page in one: `prices` (a row a SKU; columns as `Judged.prices`, without what the person may
    not see), the rule set, and what prices are held to.
    """

    prices: pd.DataFrame
    rules: Rules
    limits: PriceLimits
    sees_costs: bool
    sees_margins: bool


def economics(connection: Connection, campaign_id: str, phase: str = queries.LIVE) -> pd.DataFrame:
    """What selling one more unit of each SKU brings, for other packages, inside their transaction: columns
    ECONOMICS, amounts Int64 fen.

    unit_cost is the product's own cost from the cost card, full_cost everything that one unit costs at the
    landed price, contribution what is left of the receipts after it (returns expected). Missing where there
    is no sale price or no known cost.
    """
    judgement = judged(connection, campaign_id, phase)
    return judgement.prices.assign(unit_cost=_unit_cost(judgement)).reset_index()[list(ECONOMICS)]


def _unit_cost(made: Judged) -> pd.Series:
    """The product's own cost, Int64 fen; missing where nobody has told it."""
    return made.card["product"].astype("Int64").where(made.prices["known_cost"])


def unit_costs(connection: Connection, campaign_id: str) -> pd.Series:
    """The product's own cost by SKU (Int64 fen, missing where nobody has told it), as `economics` says it, without judging a
    price: for other packages, inside their transaction."""
    card, sources = queries.resolved_cards(connection, campaign_id, queries.goods(connection, campaign_id))
    return card["product"].astype("Int64").where(sources["product"] != "shipped")


def load(db: Database, actor: Actor, campaign_id: str, phase: str = queries.LIVE) -> Picture:
    """The judged prices of a campaign's phase. ShopError("campaign.unknown")."""
    allow(actor, "price.view")
    with db.reading() as connection:
        return pictured(connection, actor, judged(connection, campaign_id, phase))


def pictured(connection: Connection, actor: Actor, made: Judged) -> Picture:
    """As `load`, of prices that are judged already, inside the caller's transaction."""
    phase = made.phase
    plain = queries.rule_set(connection, made.campaign_id, phase)
    rules = Rules(phase, plain["version"], plain["rules"], plain["account"], plain["at"], made.alarms)
    shown = made.prices.assign(unit_cost=_unit_cost(made), card_source=made.sources["product"])
    cost, margin = allowed(actor, "cost.view"), allowed(actor, "margin.view")
    return Picture(seen(shown, actor), rules, made.limits, cost, margin)


def margins(db: Database, actor: Actor, campaign_id: str, phase: str = queries.LIVE) -> pd.DataFrame:
    """The price verdict by SKU, for the command line: sku_code, tier, prices, costs and margins as far as the
    person may see them, verdict, reasons."""
    allow(actor, "price.view")
    picture = load(db, actor, campaign_id, phase)
    wanted = [
        "sku_code",
        "name",
        "tier",
        "list_price",
        "sale_price",
        "unit_cost",
        "full_cost",
        "landed_price",
        "worst_landed_price",
        "contribution",
        "margin",
        "worst_contribution",
        "worst_margin",
        "floor",
        "floor_price",
        "break_even",
        "worst_rules",
        "verdict",
        "reasons",
        "approval",
    ]
    frame = picture.prices.reset_index()
    frame = frame.assign(worst_rules=frame["worst_rules"].map(list), reasons=frame["reasons"].map(list))
    return frame[[name for name in wanted if name in frame]]


def seen(frame: pd.DataFrame, actor: Actor) -> pd.DataFrame:
    """The frame without the costs and margins that the person may not see."""
    hidden = (COSTS if not allowed(actor, "cost.view") else ()) + (
        MARGINS if not allowed(actor, "margin.view") else ()
    )
    return frame.drop(columns=[name for name in hidden if name in frame])


def price(actor: Actor, payload: Mapping[str, object]) -> dict[str, object]:
    """Landed prices of written baskets (the command line's format). ShopError("price.bad_basket" |
    "price.rule_unsound" | "price.rule_unreadable")."""
    allow(actor, "price.view")
    baskets = payload.get("baskets")
    if not isinstance(baskets, list) or not all(isinstance(basket, dict) for basket in baskets):
        raise ShopError("price.bad_basket")
    return {"baskets": [_priced(basket) for basket in baskets]}


def _priced(basket: Values) -> dict[str, object]:
    rules = [*short_forms(basket), *(from_json(plain) for plain in basket.get("rules") or [])]
    outcome = best(*_read_basket(basket, rules))
    used = [at for at in range(len(rules)) if outcome.stack[at, 0]]
    parts = [{"rule": rules[at].rule_id, "by_line": outcome.parts[at, 0].tolist()} for at in used]
    return {"pay": outcome.pay[0].tolist(), "total": int(outcome.total[0]), "parts": parts}


def _read_basket(basket: Values, rules: Sequence[Any]) -> tuple[Baskets, Sequence[Any], Any]:
    try:
        lines = basket["lines"]
        figures = np.array(
            [[line["list"], line.get("qty", 1), line.get("item_off", 0)] for line in lines], dtype=object
        ).reshape(len(lines), 3)
        whole = all(
            isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**12
            for value in figures.ravel()
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ShopError("price.bad_basket") from error
    if not whole or not len(lines):
        raise ShopError("price.bad_basket")
    columns = figures.astype(np.int64).T[:, None, :]
    codes, kinds = (
        np.array([[str(line.get(name, "")) for line in lines]], dtype=object)
        for name in ("sku_code", "category")
    )
    return Baskets(*columns), rules, terms(rules, codes, kinds)


def explain(
    db: Database, actor: Actor, campaign_id: str, sku_code: str, phase: str = queries.LIVE
) -> dict[str, pd.DataFrame]:
    """Why one SKU lands where it does. ShopError("price.not_in_campaign").

    "usual" and "worst": waterfalls (step, amount, kind). "card": field, value, source ("sku", "goods",
    "category", "campaign", "shipped") and origin (the import or account that wrote it on the SKU's own card).
    "solved": as `cards.solved` at the landed price, a row with returns and a row as if nothing came back.
    """
    allow(actor, "margin.view")
    with db.reading() as connection:
        judgement = judged(connection, campaign_id, phase)
        origins = queries.own_cards(connection, campaign_id)["origins"].get(sku_code, {})
    if sku_code not in judgement.prices.index:
        raise ShopError("price.not_in_campaign", sku=sku_code)
    row, card = judgement.prices.loc[[sku_code]], judgement.card.loc[[sku_code]]
    falls = {
        name: landed_price.waterfall(row, rules, parts, card)
        for name, (rules, parts) in landed_price.ways(row, judgement.rule_sets, judgement.waiting).items()
    }
    numbers = pd.DataFrame(
        {
            "field": list(cost_cards.FIELDS),
            "value": card.iloc[0].to_numpy(),
            "source": judgement.sources.loc[sku_code].to_numpy(),
        }
    )
    numbers["origin"] = numbers["field"].map(origins).where(numbers["source"] == "sku", "").fillna("")
    receipts, floor = row["receipts"].fillna(0).to_numpy(np.int64), row["floor"].to_numpy(np.int64)
    both = [
        cost_cards.solved(one, receipts, floor).assign(returns=name)
        for name, one in (("with", card), ("without", cost_cards.without_returns(card)))
    ]
    return falls | {"card": numbers, "solved": pd.concat(both, ignore_index=True)}


def cards(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The SKUs' own cards, one row a SKU of the campaign, index sku_code.

    Columns name, category, every amount (Int64 fen, missing where the defaults speak), every rate (Float64, a
    share), version (0 = no card yet).
    """
    allow(actor, "cost.view")
    with db.reading() as connection:
        held = queries.goods(connection, campaign_id)
        own = queries.own_cards(connection, campaign_id).reindex(held.index)
    shares = {name: own[name].astype("Float64") / cost_cards.WHOLE for name in cost_cards.RATES}
    own = own[list(cost_cards.FIELDS)].assign(**shares, version=own["version"].fillna(0).astype("int64"))
    return held[["name", "category"]].join(own)


def defaults(db: Database, actor: Actor, campaign_id: str) -> dict[str, dict[str, int]]:
    """The default cards by category, "" for the whole campaign: {field: fen or basis points}."""
    allow(actor, "cost.view")
    with db.reading() as connection:
        return queries.defaults(connection, campaign_id)


def paid_so_far(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """What the daily reports and order exports say was paid in the campaign: sku_code, units, paid_amount
    (fen); reports win where both speak."""
    allow(actor, "price.view")
    with db.reading() as connection:
        return queries.paid_in_campaign(connection, campaign_id)


def alarm_feed(
    db: Database, actor: Actor, campaign_id: str, paid: pd.DataFrame, phase: str = queries.LIVE
) -> pd.DataFrame:
    """Average paid price over expected landed price of what was sold (`paid`: sku_code, units, paid_amount in
    fen), as `verdicts.paid_alarms`."""
    allow(actor, "price.view")
    with db.reading() as connection:
        expected = judged(connection, campaign_id, phase).prices.dropna(subset="landed_price").reset_index()
    return verdicts.paid_alarms(
        paid, expected.astype({"landed_price": "int64", "worst_landed_price": "int64"})
    )


def check(connection: Connection) -> dict[str, list[str]]:
    """The package's invariants: every card's version has its history, every rule set can be read."""
    return {
        "cost_cards": queries.cards_without_history(connection),
        "promotion_sets": queries.unreadable_sets(connection),
    }
