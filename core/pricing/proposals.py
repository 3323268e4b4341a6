"""What would happen: suggested prices, costs that change, prices that change. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core.access import Actor, allow
from core.database import Database
from core.errors import ShopError
from core.pricing import cards, landed, methods, standing, verdicts
from core.pricing.judging import Judged, judged
from core.pricing.service import seen

HISTORY_DAYS = 90  # what buyers remember: the band of own past prices
CHANGES = ("discount", "change", "charm", "suggested")


def suggest(db: Database, actor: Actor, campaign_id: str, phase: str = standing.LIVE) -> pd.DataFrame:
    """The price methods side by side, index sku_code, Int64 fen: cost, perceived, brand, band_low, band_high, suggested and its worst landed price, threshold.

    Prices of the page: the cost method's and the suggestion hold their margins at the worst landed price of the phase's rules, so that no suggestion is
    below the floor. `threshold`: a reduction that the suggestion lifts one unit over, missing where it does not. Missing where no price up to the list
    price works, and where the product's cost is not known.
    """
    allow(actor, "margin.view")
    with db.reading() as connection:
        return _suggested(connection, judged(connection, campaign_id, phase))


def _suggested(connection: Connection, made: Judged) -> pd.DataFrame:
    market = standing.market(connection, made.campaign_id, made.prices)
    opening = standing.windows(connection, made.campaign_id, made.phase)[0][0]
    past = standing.deals(connection, *standing.days_before(opening, HISTORY_DAYS)).reindex(made.prices.index).astype("Int64")
    market = market.assign(history_low=past["lowest"], history_high=past["highest"])

    def lift(price: pd.Series, margin: str) -> pd.Series:
        return landed.lifted(made.prices, made.card, made.rule_sets, price, made.prices[margin], made.waiting)

    floor, target = lift(made.prices["floor_price"], "floor"), lift(made.prices["target_price"], "target")
    found = methods.side_by_side(floor, target, market, made.prices["list_price"], made.house.brand)
    suggested = lift(found["suggested"], "floor")
    suggested = suggested.mask((suggested > made.prices["list_price"]).fillna(False) | ~made.prices["known_cost"])
    thresholds = [rule.threshold for rule in made.rules if rule.level == "order"]
    return found.assign(suggested=suggested, threshold=methods.crossed(made.prices["sale_price"], suggested, thresholds))


def simulate(
    db: Database, actor: Actor, campaign_id: str, times: Mapping[str, int], to: Mapping[str, int], phase: str = standing.LIVE
) -> pd.DataFrame:
    """What if costs were other ("ads +20%" = times {"advertising": 12000}, "returns 30%" = to {"return_rate": 3000}): nothing is written.

    Returns by tier and in all (tier ""): skus, contribution and contribution_then (fen of one unit of each SKU), losing, losing_then, below_floor,
    below_floor_then (SKUs at their worst landed price).
    """
    allow(actor, "margin.view")
    if unknown := ({*times, *to} - set(cards.FIELDS)):
        raise ShopError("price.bad_number", fields=sorted(unknown))
    with db.reading() as connection:
        made = judged(connection, campaign_id, phase)
    priced = made.prices[made.prices["sale_price"].notna() & made.prices["known_cost"]]
    now = made.card.loc[priced.index]
    figures = pd.DataFrame({"tier": priced["tier"], "skus": 1})
    for suffix, card in (("", now), ("_then", cards.adjusted(now, times, to))):
        receipts, worst = (priced[name].to_numpy(np.int64) for name in ("receipts", "worst_receipts"))
        figures["contribution" + suffix] = cards.contribution(card, receipts)
        figures["losing" + suffix] = (~cards.reaches(card, worst, 0)).astype("int64")
        figures["below_floor" + suffix] = (~cards.reaches(card, worst, priced["floor"].to_numpy(np.int64))).astype("int64")
    by_tier = figures.groupby("tier").sum().reset_index()
    return pd.concat([by_tier, figures.drop(columns="tier").sum().to_frame().T.assign(tier="")], ignore_index=True)


def propose(
    db: Database, actor: Actor, campaign_id: str, prices: pd.Series, *, now: datetime, phase: str = standing.LIVE
) -> pd.DataFrame:
    """What a change of sale prices (index sku_code, fen) would do, before it is saved: nothing is written.

    Index sku_code: sale_price, landed_price, worst_landed_price, contribution, verdict, each also with "_then"; reasons_then; protection_units and
    protection, the price-protection liability (fen) towards buyers whose window is still open.
    """
    allow(actor, "price.edit")
    with db.reading() as connection:
        return _compared(connection, actor, judged(connection, campaign_id, phase), prices, now)


def reprice(
    db: Database,
    actor: Actor,
    campaign_id: str,
    codes: Sequence[str],
    how: str,
    points: int,
    *,
    now: datetime,
    phase: str = standing.LIVE,
) -> pd.DataFrame:
    """What a bulk change of sale prices would do: as `propose`, with `version`; only prices that would move.

    `how` (CHANGES): "discount" to `points` basis points of the list price, "change" by `points`, "charm" up to the next price ending in 9, "suggested".
    """
    allow(actor, "price.edit")
    if how == "suggested":
        allow(actor, "margin.view")
    with db.reading() as connection:
        made = judged(connection, campaign_id, phase)
        held = made.prices.loc[made.prices.index.isin(list(codes))]
        wanted = (
            _suggested(connection, made)["suggested"].reindex(held.index)
            if how == "suggested"
            else methods.changed(held, how, points)
        )
        moves = wanted[wanted.notna() & (wanted != held["sale_price"]).fillna(True)]
        return _compared(connection, actor, made, moves, now).join(held["version"])


def _compared(connection: Connection, actor: Actor, before: Judged, prices: pd.Series, now: datetime) -> pd.DataFrame:
    wanted = prices[prices.index.isin(before.prices.index)].astype("Int64")
    goods = standing.goods(connection, before.campaign_id)
    proposed = goods.assign(sale_price=wanted.reindex(goods.index).fillna(goods["sale_price"]))
    then = judged(connection, before.campaign_id, before.phase, proposed).prices
    paid = standing.paid_units(connection, *standing.days_before(now, before.house.protection_days))
    owed = verdicts.protection_liability(paid[paid["sku_code"].isin(wanted.index)], then["landed_price"].dropna()).set_index(
        "sku_code"
    )
    owed = (
        owed.rename(columns={"units": "protection_units", "liability": "protection"})
        .reindex(wanted.index)
        .fillna(0)
        .astype("int64")
    )
    shown = ["sale_price", "landed_price", "worst_landed_price", "contribution", "verdict"]
    both = before.prices.loc[wanted.index, ["name", *shown]].join(then.loc[wanted.index, [*shown, "reasons"]].add_suffix("_then"))
    return seen(both.join(owed), actor)
