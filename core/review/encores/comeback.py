"""The encore: which goods come back, at which price; one click makes the phase, its prices, its labels and its tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

import pandas as pd
from sqlalchemy import Connection, func, select

from core import clock
from core.access import Actor, allow, allowed, approvals, audit
from core.access.approvals import Request
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.service import Campaign
from core.database import Database
from core.errors import ShopError
from core.live.tables import sale_line
from core.pricing.changes import promotions
from core.pricing.engine import verdicts
from core.pricing.engine.rule_json import as_json
from core.pricing.engine.verdicts import Verdict
from core.pricing.judging import (
    RULE_APPROVAL,
    SKU_APPROVAL,
    Judged,
    judged,
    rule_subject,
    sku_inputs,
    sku_subject,
)
from core.readiness import service as readiness
from core.readiness import staffing
from core.readiness.warehouse import person_hours
from core.review.encores import encore, encore_goods
from core.review.encores.encore_goods import Choice as Choice
from core.versions import Version
from core.warmup.storefront import marks

PHASE = "encore"
RULE = "encore"  # the rule of the encore's prices in the phase's set
HIDDEN = ("margin", "value", "floor")
TASKS = (
    ("review.task_labels", "design"),
    ("review.task_pages", "operations"),
    ("review.task_shifts", "customer_service"),
)
DAYS = 7  # of the week that expected units are of


@dataclass(frozen=True, slots=True)
class Load:
    """What an encore adds to each of its days (floats): orders, trained person-hours by warehouse stage, chats, hours of
    chat agents; and the units that come back from the whole of it."""

    orders: float
    hours: dict[str, float]
    contacts: float
    agent_hours: float
    returned: float


@dataclass(frozen=True, slots=True)
class Offer:
    """`goods`: as `encore_goods.goods`; `swaps`: as `encore.swaps`; `load`: of the goods that are suggested."""

    goods: pd.DataFrame
    swaps: pd.DataFrame
    load: Load


@dataclass(frozen=True, slots=True)
class Wanted:
    """The encore to make. `codes`: its goods, () = those suggested; `limit`: units a person, None = as many as wanted;
    `titles`: the tasks' words by key; `reason`: what the second person reads; `version`: of the campaign as it was
    seen."""

    opens_at: datetime
    closes_at: datetime
    titles: Mapping[str, str]
    version: int
    reason: str
    codes: Sequence[str] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Arranged:
    """What was made: the phase, the goods priced, those whose price waits for a second person (`asked`: how many
    requests were filed), and those that were refused a price."""

    phase_id: str
    priced: tuple[str, ...]
    waiting: tuple[str, ...]
    asked: int
    refused: tuple[str, ...]


def candidates(
    db: Database, actor: Actor, campaign_id: str, now: datetime, choice: Choice | None = None
) -> pd.DataFrame:
    """The goods as `encore_goods.goods`; margin, value and floor are left out for those who may not see them.
    ShopError("campaign.unknown")."""
    allow(actor, "review.view")
    return offer(db, actor, campaign_id, now, choice).goods


def offer(db: Database, actor: Actor, campaign_id: str, now: datetime, choice: Choice | None = None) -> Offer:
    """Everything that the decision needs. ShopError("campaign.unknown")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        goods = encore_goods.goods(connection, mine, now, choice or Choice())
        load = _load(connection, mine, goods[goods["why"] == ""])
    swaps = encore.swaps(goods)
    return Offer(goods if allowed(actor, "margin.view") else goods.drop(columns=list(HIDDEN)), swaps, load)


def _load(connection: Connection, mine: Campaign, goods: pd.DataFrame) -> Load:
    """The goods' expected units as orders, hours and returns, by the sale's own rates."""
    s = sale_line.c
    sold = select(func.sum(s.paid), func.count(s.order_id.distinct()))
    units, orders = connection.execute(sold.where(s.campaign_id == mine.campaign_id, s.paid > 0)).one()
    each = float(units) / orders if units and orders else 1.0
    settings, _ = staffing.in_force(connection, mine.campaign_id)
    expected = float(goods["expected_units"].sum())
    daily = expected / each / DAYS
    contacts = daily * settings.contacts_per_order
    return Load(
        orders=daily,
        hours={stage.name: person_hours(daily, stage) for stage in settings.line},
        contacts=contacts,
        agent_hours=contacts * settings.goal.chat_seconds / 3600 / settings.goal.occupancy,
        returned=float((goods["expected_units"] * goods["return_rate"]).sum()),
    )


def arrange(db: Database, actor: Actor, campaign_id: str, wanted: Wanted, *, now: datetime) -> Arranged:
    """Makes the encore in one transaction: its phase on the campaign's clock, its prices as a rule of the phase (those
    that need a second person are asked for), purchase limits on the labels, tasks on the
    board. Countdown and price of the labels follow the phase by themselves.

    ShopError("campaign.moved" | "review.encore_stands" | "review.encore_rehearsal" | "review.no_encore_goods" |
    "review.not_encore_goods" | those of phases and promotion rules)."""
    allow(actor, "review.edit")
    with db.writing() as connection:
        mine = campaigns.standing(connection, campaign_id)
        _require_free(mine, now)
        goods = encore_goods.goods(connection, mine, now, Choice())
        codes = _codes(goods, wanted)
        phase_id = _phase(connection, actor, mine, wanted, now)
        priced, waiting, asked = _price(
            connection, actor, campaign_id, goods.loc[codes, "price"], wanted, now
        )
        for code in priced if wanted.limit else ():
            marks.mark(connection, actor, campaign_id, code, now, limit=wanted.limit)
        _tasks(connection, actor, mine, wanted, now)
        refused = tuple(code for code in codes if code not in priced)
        result = Arranged(phase_id, priced, waiting, asked, refused)
        facts = {"phase": phase_id, "goods": len(priced), "waiting": len(waiting), "refused": list(refused)}
        audit.record(connection, actor, now, "review.encore", campaign_id, None, facts)
    return result


def _require_free(mine: Campaign, now: datetime) -> None:
    if mine.rehearsal_of:
        raise ShopError("review.encore_rehearsal")
    if any(phase.kind == PHASE and phase.ends_at > now for phase in mine.phases):
        raise ShopError("review.encore_stands")


def _codes(goods: pd.DataFrame, wanted: Wanted) -> list[str]:
    """The goods that were asked for, each with a price and something left; those suggested where none are named."""
    codes = list(dict.fromkeys(wanted.codes)) or goods.index[goods["why"] == ""].tolist()
    if not codes:
        raise ShopError("review.no_encore_goods")
    ready = goods.index[goods["price"].notna() & (goods["leftover"] > 0)]
    unable = [code for code in codes if code not in ready]
    if unable:
        raise ShopError("review.not_encore_goods", codes=unable)
    return codes


def _phase(connection: Connection, actor: Actor, mine: Campaign, wanted: Wanted, now: datetime) -> str:
    taken = {phase.phase_id for phase in mine.phases}
    phase_id = next(f"p{n:02d}e" for n in count(1) if f"p{n:02d}e" not in taken)
    phases = [*mine.phases, Phase(phase_id, PHASE, wanted.opens_at, wanted.closes_at)]
    campaigns.move(connection, actor, Version(mine.campaign_id, wanted.version), phases, now)
    return phase_id


def _price(
    connection: Connection, actor: Actor, campaign_id: str, prices: pd.Series, wanted: Wanted, now: datetime
) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """The encore's prices as a rule of its phase, judged like every price: (priced, waiting for a second person,
    requests filed). What is refused is taken out again."""
    fen = {str(code): int(price) for code, price in prices.items()}
    _put(connection, actor, campaign_id, fen, now)
    judgement = judged(connection, campaign_id, PHASE)
    verdict = judgement.prices.loc[list(fen), "verdict"]
    unable = verdict.index[verdict.isin([Verdict.REFUSED, *verdicts.UNDECIDED])].tolist()
    if unable:
        fen = {code: price for code, price in fen.items() if code not in unable}
        if not fen:
            raise ShopError("review.no_encore_goods")
        _put(connection, actor, campaign_id, fen, now)
        judgement = judged(connection, campaign_id, PHASE)
        verdict = judgement.prices.loc[list(fen), "verdict"]
    waiting = tuple(verdict.index[verdict == Verdict.NEEDS_APPROVAL])
    return tuple(fen), waiting, _ask(connection, actor, judgement, waiting, wanted.reason, now)


def _ask(
    connection: Connection,
    actor: Actor,
    judgement: Judged,
    waiting: Sequence[str],
    reason: str,
    now: datetime,
) -> int:
    """Files the requests for a second person: the rule's own, and a price's."""
    filed, campaign_id = 0, judgement.campaign_id
    if RULE in judgement.waiting:
        rule = next(rule for rule in judgement.rules if rule.rule_id == RULE)
        subject = rule_subject(campaign_id, PHASE, RULE)
        approvals.request(connection, actor, now, Request(RULE_APPROVAL, subject, as_json(rule), reason))
        filed += 1
    reasons = judgement.prices["reasons"]
    alone = [code for code in waiting if reasons[code] != (verdicts.RULE_ALARM,)]
    if alone:
        for code, inputs in sku_inputs(judgement, alone).items():
            subject = sku_subject(campaign_id, PHASE, code)
            approvals.request(connection, actor, now, Request(SKU_APPROVAL, subject, inputs, reason))
        filed += len(alone)
    return filed


def _put(
    connection: Connection, actor: Actor, campaign_id: str, fen: Mapping[str, int], now: datetime
) -> None:
    rule = {
        "rule_id": RULE,
        "kind": "fixed_price",
        "value": max(fen.values()),
        "level": "item",
        "base": "running",
        "scope": "items",
        "items": dict(fen),
    }
    promotions.put_rules(connection, actor, campaign_id, promotions.RuleSet(PHASE, [rule]), now)


def _tasks(connection: Connection, actor: Actor, mine: Campaign, wanted: Wanted, now: datetime) -> None:
    days = [clock.business_day(moment, mine.timezone) for moment in (mine.opens_at, wanted.opens_at)]
    for key, department in TASKS:
        new = readiness.NewTask(wanted.titles[key], department, (days[0] - days[1]).days, 1)
        readiness.enter(connection, actor, mine.campaign_id, new, now)
