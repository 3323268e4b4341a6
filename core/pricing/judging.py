"""Every price of a campaign judged at once, inside the caller's transaction: figures, reasons, verdicts, and
what an approval stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core.access import approvals, audit
from core.pricing import queries
from core.pricing.engine import cost_cards, landed_price, verdicts
from core.pricing.engine.limits import PriceLimits
from core.pricing.engine.promotions import WHOLE, Rule, terms
from core.pricing.engine.rule_json import as_json, sets_open
from core.ttl_cache import TtlCache

SKU_APPROVAL, RULE_APPROVAL = "price_floor", "price_rule"
_USUAL_DAYS = 90  # how far back a usual discount is looked for
_BY_COST = (
    "full_cost",
    "contribution",
    "margin",
    "worst_contribution",
    "worst_margin",
    "filler_refunded",
    "break_even",
    "break_even_roi",
    "floor_price",
    "target_price",
)
ELSEWHERE = ("session", "audit", "notify", "readiness")  # packages whose changes move no price
_KEPT_S = 20.0  # reports that a feed brings are recorded in its own book: what they say of a price is at most this old
_ENOUGH = 5  # SKUs of a tier that make its median discount usual


@dataclass(frozen=True, slots=True)
class Judged:
    """A campaign's prices in one phase.

    `prices` (index sku_code): the columns of `standing.goods`, of `landed.figures`, floor, least and target
    (basis points), known_cost, full_cost_card, price_base, previous_price, parts_price, usual_discount, reasons (tuple of
    codes), approval (state, "none" where there is none), verdict. What a cost decides (_BY_COST) is missing
    where the product's cost is not known: reckoned with nothing it would look like a fine margin. `card` and
    `sources`: the resolved cost cards and where each number came from. `alarms`: by rule id the codes of what
    looks like a slip and the state of its approval.
    """

    campaign_id: str
    phase: str
    prices: pd.DataFrame
    card: pd.DataFrame
    sources: pd.DataFrame
    rules: list[Rule]
    rule_sets: list[list[Rule]]
    alarms: dict[str, tuple[tuple[str, ...], approvals.Standing]]
    limits: PriceLimits

    @property
    def waiting(self) -> frozenset[str]:
        """The ids of rules that wait for their approval."""
        return _waiting(self.alarms)


def judged(
    connection: Connection, campaign_id: str, phase: str = queries.LIVE, goods: pd.DataFrame | None = None
) -> Judged:
    """The campaign's prices as they stand, or those of `goods` (shape of `standing.goods`) where a change is
    only proposed."""
    held = queries.goods(connection, campaign_id) if goods is None else goods
    limits = queries.limits_in_force(connection, campaign_id)
    card, sources = queries.resolved_cards(connection, campaign_id, held)
    rules = queries.rulebook(connection, campaign_id, phase)
    spans = queries.windows(connection, campaign_id, phase)
    sets = sets_open(rules, spans)
    held = landed_price.with_cuts(held, sets)
    prices = held.join(_margins(held, limits))
    alarms = rule_alarms(connection, campaign_id, phase, rules, limits)
    prices = prices.join(
        landed_price.figures(held, card, sets, prices[["floor", "target"]], _waiting(alarms))
    )
    prices = prices.assign(
        known_cost=sources["product"] != "shipped",
        full_cost_card=cost_cards.is_full(sources),
        **_history(connection, campaign_id, prices, limits, spans[0][0]),
    )
    prices = prices.assign(**{name: prices[name].mask(~prices["known_cost"]) for name in _BY_COST})
    prices = prices.assign(
        rule_alarm=_touched(prices, rules, alarms), **_bundles(connection, campaign_id, prices)
    )
    reasons = verdicts.sku_reasons(prices, card, limits.alarms)
    judgement = Judged(
        campaign_id, phase, prices.assign(reasons=reasons), card, sources, rules, sets, alarms, limits
    )
    states = _approvals(connection, judgement)
    return Judged(
        campaign_id,
        phase,
        judgement.prices.assign(approval=states, verdict=verdicts.verdict(reasons, states == "approved")),
        card,
        sources,
        rules,
        sets,
        alarms,
        limits,
    )


_kept: TtlCache[Judged] = TtlCache(_KEPT_S, most=8)


def as_recorded(connection: Connection, campaign_id: str, phase: str = queries.LIVE) -> Judged:
    """`judged` for who only reads: one judgement for everybody who looks, until something is recorded that may move a price. Its
    frames are shared: do not write into them. Never inside a transaction that writes: its own changes are recorded last.
    """
    url = connection.engine.url.render_as_string(hide_password=True)
    key = url, campaign_id, phase, audit.latest_seal(connection, ELSEWHERE)
    return _kept.get(key, lambda: judged(connection, campaign_id, phase))


def sku_subject(campaign_id: str, phase: str, sku_code: str) -> str:
    """What an approval of one price is about: by the rules of one phase, for other phases have others."""
    return f"{campaign_id}/{phase}/{sku_code}"


def rule_subject(campaign_id: str, phase: str, rule_id: str) -> str:
    """What an approval of one rule is about."""
    return f"{campaign_id}/{phase}/{rule_id}"


def sku_inputs(made: Judged, codes: Sequence[str]) -> dict[str, dict[str, object]]:
    """Everything that a price's approval stands on, by code: price, list price, cost card, the rules that
    apply, the limits, and what comes of it at worst."""
    rows = made.prices.loc[
        list(codes),
        ["sale_price", "list_price", "worst_landed_price", "worst_receipts", "floor", "least", "category"],
    ]
    figures = (
        rows.drop(columns="category")
        .astype(object)
        .where(rows.drop(columns="category").notna(), None)
        .to_dict("records")
    )
    costs = made.card.loc[rows.index].to_dict("records")
    applies = terms(
        made.rules, rows.index.to_numpy(object)[:, None], rows["category"].to_numpy(object)[:, None]
    ).applies[:, :, 0]
    written = [_for_one(rule) for rule in made.rules]
    return {
        code: {
            "phase": made.phase,
            **{str(name): None if value is None else int(value) for name, value in figures[at].items()},
            "card": costs[at],
            "rules": [
                {**written[n], "value": rule.items.get(code, rule.value)}
                for n, rule in enumerate(made.rules)
                if applies[n, at]
            ],
        }
        for at, code in enumerate(map(str, rows.index))
    }


def rule_alarms(
    connection: Connection, campaign_id: str, phase: str, rules: Sequence[Rule], limits: PriceLimits
) -> dict[str, tuple[tuple[str, ...], approvals.Standing]]:
    """Rule id -> (what looks like a slip, state of its approval), for the rules where something does."""
    alarms_of = {}
    for rule in rules:
        usual = verdicts.usual_part([other for other in rules if other is not rule])
        if codes := verdicts.rule_reasons(rule, usual, limits.alarms):
            subject = rule_subject(campaign_id, phase, rule.rule_id)
            alarms_of[rule.rule_id] = (
                codes,
                approvals.standing(connection, RULE_APPROVAL, subject, as_json(rule)),
            )
    return alarms_of


def _for_one(rule: Rule) -> dict[str, object]:
    """A rule without the list of its goods: what matters to each of them."""
    return {
        name: value for name, value in as_json(rule).items() if name not in {"items", "categories", "name"}
    }


def _waiting(alarms: dict[str, tuple[tuple[str, ...], approvals.Standing]]) -> frozenset[str]:
    return frozenset(rule for rule, (_, state) in alarms.items() if state != "approved")


def _margins(held: pd.DataFrame, limits: PriceLimits) -> pd.DataFrame:
    by_tier = pd.DataFrame(
        {tier: asdict(limits.of(tier)) for tier in held["tier"].unique()},
        index=["floor", "least"],
        dtype="int64",
    ).T
    own = by_tier.reindex(held["tier"]).set_axis(held.index).astype("int64")
    return own.assign(target=own["floor"] + limits.above_floor)


def _history(
    connection: Connection, campaign_id: str, prices: pd.DataFrame, limits: PriceLimits, opening: Any
) -> dict[str, pd.Series]:
    """What earlier prices say: the lowest deal before the promotion, the usual discount, the price last
    published."""
    start, end = queries.days_before(opening, limits.base_days)
    base = queries.deals(connection, start, end)["lowest"].reindex(prices.index).astype("Int64")
    past = queries.deals(connection, *queries.days_before(start, _USUAL_DAYS)).reindex(prices.index)
    listed = prices["list_price"].astype("Float64").mask(prices["list_price"] == 0)
    own = (1 - past["amount"] / past["units"] / listed) * WHOLE
    now = (1 - prices["landed_price"] / listed) * WHOLE
    tier = (
        now.groupby(prices["tier"])
        .transform("median")
        .where(now.groupby(prices["tier"]).transform("count") >= _ENOUGH)
    )
    previous = queries.published(connection, campaign_id)["sale_price"].reindex(prices.index).astype("Int64")
    return {
        "price_base": base,
        "usual_discount": own.astype("Float64").fillna(tier).clip(lower=0),
        "previous_price": previous,
    }


def _touched(
    prices: pd.DataFrame, rules: Sequence[Rule], alarms: dict[str, tuple[tuple[str, ...], approvals.Standing]]
) -> np.ndarray:
    """Which SKUs a rule touches that waits for its approval, shape (n,)."""
    waiting = [rule for rule in rules if rule.rule_id in _waiting(alarms)]
    codes, categories = prices.index.to_numpy(object), prices["category"].to_numpy(object)
    term = terms(waiting, codes[:, None], categories[:, None])
    return np.asarray(term.applies[:, :, 0].any(axis=0))


def _bundles(connection: Connection, campaign_id: str, prices: pd.DataFrame) -> dict[str, pd.Series]:
    """What the parts of each bundle land at apart, and whether a part has no price."""
    parts = queries.bundles(connection, campaign_id)
    parts = parts.assign(
        landed=parts["part_code"].map(prices["landed_price"]).astype("Int64") * parts["quantity"]
    )
    by_bundle = parts.groupby("sku_code")["landed"]
    total = by_bundle.sum().reindex(prices.index).astype("Int64")
    missing = by_bundle.apply(lambda landed: bool(landed.isna().any())).reindex(prices.index)
    unknown = missing.astype("boolean").fillna(False).astype(bool)
    return {"parts_price": total.mask(unknown), "unknown_part": unknown}


def _approvals(connection: Connection, made: Judged) -> pd.Series:
    """The state of each price's approval: "none" where none is needed or asked for."""
    inputs = sku_inputs(made, made.prices.index[made.prices["reasons"].map(len) > 0].tolist())
    by_subject = {sku_subject(made.campaign_id, made.phase, code): given for code, given in inputs.items()}
    asked = pd.DataFrame.from_dict(by_subject, orient="index", dtype=object)
    answers = approvals.standings(connection, SKU_APPROVAL, asked)
    states = pd.Series(answers.to_numpy(), index=list(inputs), dtype="str")
    return states.reindex(made.prices.index).fillna("none")
