"""What a product page may promise at a moment: the landed price of the phase that is on or next, and what a
deposit is and counts for."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.pricing import queries
from core.pricing.engine import landed_price
from core.pricing.engine.promotions import EVERYONE, Baskets, Rule, terms
from core.pricing.engine.stacks import best

SALE = (
    "live",
    "encore",
)  # sell by their rules, were there none; a warm-up sells apart only where it has rules of its own
DEPOSIT = "presale_deposit"


def phase_at(connection: Connection, campaign_id: str, moment: datetime) -> Phase | None:
    """The phase by whose rules a unit is sold at the moment, or the next one to sell; None when all are
    over."""
    ahead = [
        p
        for p in campaigns.standing(connection, campaign_id).phases
        if p.ends_at > moment and p.kind in ("warm_up", *SALE)
    ]
    return next(
        (p for p in ahead if p.kind in SALE or queries.rulebook(connection, campaign_id, p.kind)), None
    )


def landed_at(connection: Connection, campaign_id: str, moment: datetime) -> pd.Series:
    """What a buyer who is nobody special pays for one unit of each SKU at the moment, or when the next
    selling phase begins: Int64 fen, index sku_code.

    By the rules that are open then; missing where there is no sale price. ShopError("campaign.unknown").
    """
    phase = phase_at(connection, campaign_id, moment)
    held = queries.goods(connection, campaign_id)
    rules = [] if phase is None else _open(connection, campaign_id, phase.kind, max(moment, phase.starts_at))
    prices, lists = landed_price.ready_prices(held)
    pay = landed_price.singles(held, prices, lists, rules).pay[:, 0]
    return pd.Series(pay, index=held.index, dtype="Int64").mask(held["sale_price"].isna())


def deposits_at(connection: Connection, campaign_id: str, moment: datetime) -> pd.DataFrame:
    """The pre-sale that the rules of the deposit phase make at the moment: index sku_code; price (paid in
    all), deposit, counted, int64 fen.

    Only SKUs with a sale price that a rule asks a deposit for, and that cost more than it; `counted` is what
    the deposit stands for in the price.
    """
    rules = _open(connection, campaign_id, DEPOSIT, moment)
    if not any(rule.deposit for rule in rules):
        return pd.DataFrame({name: pd.Series(dtype="int64") for name in ("price", "deposit", "counted")})
    held = queries.goods(connection, campaign_id).dropna(subset="sale_price")
    prices, lists = landed_price.ready_prices(held)
    term = terms(rules, held.index.to_numpy(object)[:, None], held["category"].to_numpy(object)[:, None])
    outcome = best(Baskets.single(lists, prices), rules, term, EVERYONE)
    asked = np.array([rule.deposit for rule in rules])[:, None] * (outcome.stack & term.applies[:, :, 0])
    chosen = asked.argmax(axis=0)
    deposit = asked.max(axis=0)
    counted = deposit + outcome.parts[chosen, np.arange(len(held)), 0]
    pay = outcome.pay[:, 0]
    sold = (deposit > 0) & (deposit < pay)
    offers: pd.DataFrame = pd.DataFrame(
        {"price": pay, "deposit": deposit, "counted": counted}, index=held.index
    )[sold]
    return offers


def _open(connection: Connection, campaign_id: str, phase: str, moment: datetime) -> list[Rule]:
    return [rule for rule in queries.rulebook(connection, campaign_id, phase) if rule.open_at(moment)]
