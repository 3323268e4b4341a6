"""What would happen: suggested prices, costs that change, prices that change. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core.access import Actor, allow
from core.database import Database
from core.errors import ShopError
from core.pricing import queries
from core.pricing.engine import cost_cards, landed_price, methods, verdicts
from core.pricing.judging import Judged, judged
from core.pricing.service import seen

HISTORY_DAYS = 90  # what buyers remember: the band of own past prices
CHANGES = ("discount", "change", "charm", "suggested")


def suggest(db: Database, actor: Actor, campaign_id: str, phase: str = queries.LIVE) -> pd.DataFrame:
    """The price methods side by side, index sku_code, Int64 fen: cost, perceived, brand, band_low, band_high,
    suggested and its worst landed price, threshold.

    Prices of the page: the cost method's and the suggestion hold their margins at the worst landed price of
    the phase's rules, so that no suggestion is below the floor. `threshold`: a reduction that the suggestion
    lifts one unit over, missing where it does not. Missing where no price up to the list price works, and
    where the product's cost is not known.
    """
    allow(actor, "margin.view")
    with db.reading() as connection:
        return _suggested(connection, judged(connection, campaign_id, phase))


def _suggested(connection: Connection, judgement: Judged) -> pd.DataFrame:
    market = queries.market(connection, judgement.campaign_id, judgement.prices)
    opening = queries.windows(connection, judgement.campaign_id, judgement.phase)[0][0]
    past = (
        queries.deals(connection, *queries.days_before(opening, HISTORY_DAYS))
        .reindex(judgement.prices.index)
        .astype("Int64")
    )
    market = market.assign(history_low=past["lowest"], history_high=past["highest"])

    def lift(price: pd.Series, margin: str) -> pd.Series:
        """The charm price from `price` upwards that holds `margin` (a column of basis points) at its worst."""
        aim = landed_price.Aim(price, judgement.prices[margin])
        return landed_price.lifted(
            judgement.prices, judgement.card, judgement.rule_sets, aim, judgement.waiting
        )

    floor, target = (
        lift(judgement.prices["floor_price"], "floor"),
        lift(judgement.prices["target_price"], "target"),
    )
    methods_by_sku = methods.side_by_side(
        floor, target, market, judgement.prices["list_price"], judgement.limits.brand
    )
    suggested = lift(methods_by_sku["suggested"], "floor")
    suggested = suggested.mask(
        (suggested > judgement.prices["list_price"]).fillna(False) | ~judgement.prices["known_cost"]
    )
    thresholds = [rule.threshold for rule in judgement.rules if rule.level == "order"]
    return methods_by_sku.assign(
        suggested=suggested, threshold=methods.crossed(judgement.prices["sale_price"], suggested, thresholds)
    )


class OtherCosts(NamedTuple):
    """Costs as a multiple of what they are, and as a value, in basis points and fen: "ads +20%" is times
    {"advertising": 12000}, "returns 30%" is to {"return_rate": 3000}."""

    times: Mapping[str, int]
    to: Mapping[str, int]


class Proposed(NamedTuple):
    """Sale prices (index sku_code, fen) for a phase."""

    prices: pd.Series
    phase: str = queries.LIVE


class Bulk(NamedTuple):
    """A bulk change of sale prices, `how` of CHANGES: "discount" to `points` basis points of the list price, "change"
    by `points`, "charm" up to the next price ending in 9, "suggested"."""

    codes: Sequence[str]
    how: str
    points: int
    phase: str = queries.LIVE


def simulate(
    db: Database, actor: Actor, campaign_id: str, costs: OtherCosts, phase: str = queries.LIVE
) -> pd.DataFrame:
    """What if costs were other: nothing is written.

    Returns by tier and in all (tier ""): skus, contribution and contribution_then (fen of one unit of each
    SKU), losing, losing_then, below_floor, below_floor_then (SKUs at their worst landed price).
    """
    allow(actor, "margin.view")
    times, to = costs
    if unknown := ({*times, *to} - set(cost_cards.FIELDS)):
        raise ShopError("price.bad_number", fields=sorted(unknown))
    with db.reading() as connection:
        judgement = judged(connection, campaign_id, phase)
    priced = judgement.prices[judgement.prices["sale_price"].notna() & judgement.prices["known_cost"]]
    now = judgement.card.loc[priced.index]
    figures = pd.DataFrame({"tier": priced["tier"], "skus": 1})
    for suffix, card in (("", now), ("_then", cost_cards.adjusted(now, times, to))):
        receipts, worst = (priced[name].to_numpy(np.int64) for name in ("receipts", "worst_receipts"))
        figures["contribution" + suffix] = cost_cards.contribution(card, receipts)
        figures["losing" + suffix] = (~cost_cards.reaches(card, worst, 0)).astype("int64")
        figures["below_floor" + suffix] = (
            ~cost_cards.reaches(card, worst, priced["floor"].to_numpy(np.int64))
        ).astype("int64")
    by_tier = figures.groupby("tier").sum().reset_index()
    return pd.concat(
        [by_tier, figures.drop(columns="tier").sum().to_frame().T.assign(tier="")], ignore_index=True
    )


def propose(
    db: Database, actor: Actor, campaign_id: str, proposed: Proposed, *, now: datetime
) -> pd.DataFrame:
    """What a change of sale prices would do, before it is saved: nothing is written.

    Index sku_code: sale_price, landed_price, worst_landed_price, contribution, verdict, each also with
    "_then"; reasons_then; protection_units and protection, the price-protection liability (fen) towards
    buyers whose window is still open.
    """
    allow(actor, "price.edit")
    with db.reading() as connection:
        return _compared(
            connection, actor, judged(connection, campaign_id, proposed.phase), proposed.prices, now
        )


def reprice(db: Database, actor: Actor, campaign_id: str, bulk: Bulk, *, now: datetime) -> pd.DataFrame:
    """What a bulk change of sale prices would do: as `propose`, with `version`; only prices that would move."""
    allow(actor, "price.edit")
    codes, how, points, phase = bulk
    if how == "suggested":
        allow(actor, "margin.view")
    with db.reading() as connection:
        judgement = judged(connection, campaign_id, phase)
        held = judgement.prices.loc[judgement.prices.index.isin(list(codes))]
        wanted = (
            _suggested(connection, judgement)["suggested"].reindex(held.index)
            if how == "suggested"
            else methods.changed(held, how, points)
        )
        moves = wanted[wanted.notna() & (wanted != held["sale_price"]).fillna(True)]
        return _compared(connection, actor, judgement, moves, now).join(held["version"])


def _compared(
    connection: Connection, actor: Actor, before: Judged, prices: pd.Series, now: datetime
) -> pd.DataFrame:
    wanted = prices[prices.index.isin(before.prices.index)].astype("Int64")
    goods = queries.goods(connection, before.campaign_id)
    proposed = goods.assign(sale_price=wanted.reindex(goods.index).fillna(goods["sale_price"]))
    then = judged(connection, before.campaign_id, before.phase, proposed).prices
    paid = queries.paid_units(connection, *queries.days_before(now, before.limits.protection_days))
    owed = verdicts.protection_liability(
        paid[paid["sku_code"].isin(wanted.index)], then["landed_price"].dropna()
    ).set_index("sku_code")
    owed = (
        owed.rename(columns={"units": "protection_units", "liability": "protection"})
        .reindex(wanted.index)
        .fillna(0)
        .astype("int64")
    )
    shown = ["sale_price", "landed_price", "worst_landed_price", "contribution", "verdict"]
    both = before.prices.loc[wanted.index, ["name", *shown]].join(
        then.loc[wanted.index, [*shown, "reasons"]].add_suffix("_then")
    )
    return seen(both.join(owed), actor)
