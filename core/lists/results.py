"""What a list has brought: its control against those who were called, net of refunds, coupons and return cost; first
of all whether both can be compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select, update

from core import clock
from core.access import Actor, allow, audit
from core.database import Database, read
from core.database.types import Record, Values
from core.errors import ShopError
from core.experiments import judgement, learnings
from core.experiments.assignment import Arm
from core.experiments.evidence import persons
from core.experiments.evidence.persons import DayEnd
from core.experiments.factors import FACTOR_OF_METRIC
from core.experiments.judgement import Evidence, Outcome, Result
from core.experiments.learnings import Lesson
from core.experiments.statistics.verdict import Verdict
from core.experiments.trial import Design
from core.lists import rules
from core.lists.purchases import purchases
from core.lists.rules import CALLED, CONTROL
from core.lists.service import Made, standing
from core.lists.tables import audience_list, list_member
from core.settings import settings

METRIC = "visitor_value"


@dataclass(frozen=True, slots=True)
class Finding:
    """A list judged. `word`: one of the verdicts of tests, with its `reasons`; counts and fen by (control, called):
    `people`, `buyers`, `paid`, `refunded`, `back` (cost of returns); `coupon`: fen of coupons used by those called,
    `contact`: fen of reaching them. `net`, `low`, `high`: net fen a person called beyond the control, coupons (paid
    beside the order), returns and contact off; `increment`: the same for all called. Missing (None) where both cannot
    be compared. `p`: of the sample-ratio check. `final`: the last day that counts is over."""

    word: str
    reasons: tuple[str, ...]
    people: tuple[int, ...]
    buyers: tuple[int, ...]
    paid: tuple[int, ...]
    refunded: tuple[int, ...]
    back: tuple[int, ...]
    coupon: int
    contact: int
    net: float | None
    low: float | None
    high: float | None
    increment: int | None
    p: float
    final: bool


def finding(db: Database, actor: Actor, list_id: str, now: datetime) -> Finding | None:
    """How a list stands; None before it was sent. ShopError("lists.unknown")."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        judged_list = standing(connection, list_id)
        if judged_list.result is not None:
            return _kept(judged_list.result)
        return None if judged_list.sent_at is None else _judged(connection, judged_list, now)


def judge(db: Database, actor: Actor, list_id: str, now: datetime) -> Finding:
    """Judges a list for good, keeps the result with it and among the learnings. ShopError("lists.unknown"),
    "lists.not_sent" before it was sent, "lists.runs" while purchases still count, "lists.judged" the second time."""
    allow(actor, "audience.edit")
    with db.writing() as connection:
        judged_list = standing(connection, list_id)
        until = judged_list.until()
        if until is None:
            raise ShopError("lists.not_sent", name=judged_list.name)
        if now < until:
            raise ShopError("lists.runs", name=judged_list.name, until=until)
        mine = (audience_list.c.list_id == judged_list.list_id) & (audience_list.c.state == "sent")
        judged = _judged(connection, judged_list, now)
        values = {"state": "judged", "result": asdict(judged)}
        done = connection.execute(
            update(audience_list).where(mine).values(**values).returning(audience_list.c.list_id)
        ).all()
        if not done:
            raise ShopError("lists.judged", name=judged_list.name)
        learnings.enter(connection, actor, judged_list.campaign_id, _lesson(judged_list, judged), now)
        facts = {"verdict": judged.word, "increment": judged.increment, "coupon": judged.coupon}
        audit.record(connection, actor, now, "lists.judge", judged_list.list_id, None, facts)
    return judged


def _lesson(judged_list: Made, judged: Finding) -> Lesson:
    return Lesson(
        judged_list.name,
        FACTOR_OF_METRIC[METRIC],
        judged.word,
        scope=judged_list.kind,
        metric=METRIC if judged.net is not None else "",
        effect=judged.net,
        low=judged.low,
        high=judged.high,
        tags=("lists", judged_list.kind),
    )


def _kept(result: Values) -> Finding:
    """A stored result; JSON knows no tuples."""
    told: Record = {
        name: tuple(value) if isinstance(value, list) else value for name, value in result.items()
    }
    return Finding(**told)


def _judged(connection: Connection, judged_list: Made, now: datetime) -> Finding:
    assert judged_list.sent_at is not None  # noqa: S101 - asked by both callers
    members = _members(connection, judged_list.list_id)
    called = members.set_index("unit")["arm"] == 1
    until = min(now, judged_list.sent_at + timedelta(days=judged_list.plan.days))
    bought = purchases(connection, judged_list.sent_at, until, members["unit"].tolist())
    charged = rules.charged(bought, called, judged_list.plan)
    people = members.assign(since=_ms(judged_list.sent_at))
    lines = persons.bought(people, charged)
    ends = _ends(judged_list.sent_at, until, judged_list.plan.days)
    final = now >= judged_list.sent_at + timedelta(days=judged_list.plan.days)
    shots = persons.snapshots(people, lines, ends, 2)
    result = judgement.evaluate(_design(judged_list), Evidence(shots), final)
    return _finding(judged_list, result, lines, charged, final)


def _members(connection: Connection, list_id: str) -> pd.DataFrame:
    """unit, arm: 0 held back, 1 called."""
    m = list_member.c
    rows = read(connection, select(m.buyer_key.label("unit"), m.held_back).where(m.list_id == list_id))
    return rows.assign(arm=(~rows["held_back"].astype(bool)).astype("int64"))[["unit", "arm"]]


def _design(judged_list: Made) -> Design:
    assert judged_list.sent_at is not None  # noqa: S101 - as above
    held = round(judged_list.plan.control * 100)
    arms = (Arm(CONTROL, held), Arm(CALLED, 100 - held))
    least = float(max(1, judged_list.plan.contact))
    return Design(
        judged_list.name,
        "orders",
        arms,
        METRIC,
        1.0,
        least,
        judged_list.sent_at,
        judged_list.until(),
        deviation=1.0,
    )


def _ends(begins: datetime, until: datetime, days: int) -> list[DayEnd]:
    """The looks: the end of every business day since the list was sent, the last one cut at the present."""
    zone, ends = settings().timezone, []
    day, last = clock.business_day(begins, zone), clock.business_day(until, zone)
    while day <= last:
        end = min(clock.day_start(day + timedelta(days=1), zone), until)
        if end > begins:
            ends.append(DayEnd(day, _ms(end), (end - begins) / timedelta(days=days)))
        day += timedelta(days=1)
    return ends


def _finding(
    judged_list: Made, result: Result, lines: pd.DataFrame, charged: pd.DataFrame, final: bool
) -> Finding:
    outcome: Outcome = result.outcomes[0]
    effect, look, contact = outcome.effect, outcome.look, judged_list.plan.contact
    costs = charged.set_index("order_id")
    kept = lines.assign(
        own=lines["refunded"]
        - lines["back"]
        - (lines["coupon"] if judged_list.plan.coupon_from == rules.APART else 0)
    )
    numbers = result.people
    trusted = effect is not None and look is not None
    verdict = _after_contact(outcome, contact)
    return Finding(
        verdict.word,
        verdict.reasons,
        numbers,
        result.buyers,
        _by_arm(kept, "paid"),
        _by_arm(kept, "own"),
        _by_arm(kept, "back"),
        int(costs["coupon"].sum()),
        numbers[1] * contact,
        effect.difference - contact if trusted and effect else None,
        look.low - contact if trusted and look else None,
        look.high - contact if trusted and look else None,
        round((effect.difference - contact) * numbers[1]) if trusted and effect else None,
        result.checks[0].p if result.checks else 1.0,
        final,
    )


def _after_contact(outcome: Outcome, contact: int) -> Verdict:
    """The verdict when the cost of reaching a person comes off as well."""
    if outcome.effect is None or outcome.look is None:
        return outcome.verdict
    if outcome.verdict.word == "win" and outcome.look.low <= contact:
        return Verdict("undecided", ("too_few",))
    if outcome.look.high < contact and outcome.look.final:
        return Verdict("worse", ("crossed",))
    return outcome.verdict


def _by_arm(lines: pd.DataFrame, name: str) -> tuple[int, ...]:
    sums = np.bincount(lines["arm"].to_numpy("int64"), weights=lines[name].to_numpy("float64"), minlength=2)
    return tuple(round(value) for value in sums)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
