"""Approval by a second person, publishing, and the limits that decide what needs either."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow, allowed, approvals, audit
from core.access.approvals import Decision as Decision
from core.access.approvals import Request
from core.access.rules import APPROVALS
from core.access.tables import approval
from core.database import Database, keyed, read, upsert
from core.errors import ShopError
from core.pricing import queries, service
from core.pricing.engine import risks, verdicts
from core.pricing.engine.risks import Risk
from core.pricing.engine.rule_json import as_json
from core.pricing.engine.verdicts import Verdict
from core.pricing.judging import (
    RULE_APPROVAL,
    SKU_APPROVAL,
    Judged,
    as_recorded,
    judged,
    rule_alarms,
    rule_subject,
    sku_inputs,
    sku_subject,
)
from core.pricing.queries import LIMITS_APPROVAL
from core.pricing.tables import price_limits, published_price

FIGURES = (
    "name",
    "sale_price",
    "previous_price",
    "landed_price",
    "worst_landed_price",
    "floor_price",
    "worst_contribution",
    "worst_margin",
    "at_stake",
    "reasons",
)
"""What a price's approval decides about: the price and the one last published, what it lands at, its floor,
what is left at worst, and `at_stake` (fen): what the planned units bring in less than at the floor."""
KINDS = (SKU_APPROVAL, RULE_APPROVAL, LIMITS_APPROVAL)


@dataclass(frozen=True, slots=True)
class PricingDesk:
    """The judged prices, and the open requests about them (`requests`)."""

    picture: service.Picture
    requests: pd.DataFrame


class Judgements:
    """The judged prices of a transaction, each campaign's phase judged once; `reading`: nothing is written in it."""

    def __init__(self, connection: Connection, *, reading: bool = False) -> None:
        self._connection = connection
        self._judge: Callable[[Connection, str, str], Judged] = as_recorded if reading else judged
        self._by_phase: dict[tuple[str, str], Judged] = {}

    def of(self, campaign_id: str, phase: str) -> Judged:
        """The judged prices of a phase."""
        key = campaign_id, phase
        if key not in self._by_phase:
            self._by_phase[key] = self._judge(self._connection, campaign_id, phase)
        return self._by_phase[key]


@dataclass(frozen=True, slots=True)
class Published:
    """What a price sheet may say: `prices` (index sku_code: name, prices, opens, closes), and how many SKUs
    were held back, by verdict."""

    prices: pd.DataFrame
    held_back: dict[str, int]


class PricesAsked(NamedTuple):
    """Prices of a phase that finance is asked to approve, and why."""

    codes: Sequence[str]
    reason: str
    phase: str = queries.LIVE


class RuleAsked(NamedTuple):
    """A rule of a phase that finance is asked to approve, and why."""

    phase: str
    rule_id: str
    reason: str


def ask_for_prices(db: Database, actor: Actor, campaign_id: str, about: PricesAsked, *, now: datetime) -> int:
    """Asks finance to approve these prices as they are, with everything that they rest on; returns how many
    requests stand.

    Prices that need none are passed over. ShopError("price.refused", skus=[...]) when one of them cannot be
    approved at all.
    """
    allow(actor, "price.ask")
    with db.writing() as connection:
        judgement = judged(connection, campaign_id, about.phase)
        asked = judgement.prices.loc[judgement.prices.index.isin(list(about.codes))]
        unable = asked.index[asked["verdict"].isin([Verdict.REFUSED, *verdicts.UNDECIDED])]
        if len(unable):
            raise ShopError("price.refused", skus=unable.tolist()[:20])
        waiting = _waiting(asked)
        for code, inputs in sku_inputs(judgement, waiting).items():
            approvals.request(
                connection,
                actor,
                now,
                Request(SKU_APPROVAL, sku_subject(campaign_id, about.phase, code), inputs, about.reason),
            )
    return len(waiting)


def _waiting(prices: pd.DataFrame) -> list[str]:
    """The SKUs whose own price waits for a second person: what only a doubtful rule holds up is approved with
    the rule."""
    alone = (prices["reasons"] != (verdicts.RULE_ALARM,)).to_numpy(bool)
    return prices.index[(prices["verdict"] == Verdict.NEEDS_APPROVAL) & alone].tolist()


def ask_for_rule(db: Database, actor: Actor, campaign_id: str, about: RuleAsked, *, now: datetime) -> str:
    """Asks finance to approve a rule that looks like a slip; returns the approval's id.
    ShopError("price.no_alarm") when nothing is wrong with it."""
    allow(actor, "price.promotion")
    phase, rule_id, reason = about
    with db.writing() as connection:
        rules = {rule.rule_id: rule for rule in queries.rulebook(connection, campaign_id, phase)}
        alarms = rule_alarms(
            connection,
            campaign_id,
            phase,
            list(rules.values()),
            queries.limits_in_force(connection, campaign_id),
        )
        if rule_id not in alarms:
            raise ShopError("price.no_alarm", rule=rule_id)
        return approvals.request(
            connection,
            actor,
            now,
            Request(
                RULE_APPROVAL, rule_subject(campaign_id, phase, rule_id), as_json(rules[rule_id]), reason
            ),
        )


def load(db: Database, actor: Actor, campaign_id: str, phase: str = queries.LIVE) -> PricingDesk:
    """The pricing page and the requests about the campaign's prices, of one and the same judgement.
    ShopError("campaign.unknown")."""
    allow(actor, "price.view")
    asked = approvals.listed(db, actor) if allowed(actor, "approval.view") else pd.DataFrame()
    with db.reading() as connection:
        judgements = Judgements(connection, reading=True)
        picture = service.pictured(connection, actor, judgements.of(campaign_id, phase))
        waiting = _requests(connection, actor, campaign_id, asked, judgements) if len(asked) else asked
    return PricingDesk(picture, waiting)


def requests(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The open requests about this campaign's prices, rules and limits, newest first: as `approvals.listed`,
    plus phase, about (SKU code, rule id or the looser limits), may_renew, and what a price's approval decides
    about: the columns FIGURES (as far as the person may see them) and `risk`.

    `state` is "expired" where the price, what it rests on or the need of an approval has moved since: that
    can be refused or renewed, not approved. Who could decide is not offered to renew what others asked for:
    it would be their own then.
    """
    allow(actor, "price.view")
    asked = approvals.listed(db, actor)
    with db.reading() as connection:
        return _requests(connection, actor, campaign_id, asked, Judgements(connection, reading=True))


def _requests(
    connection: Connection, actor: Actor, campaign_id: str, asked: pd.DataFrame, judgements: Judgements
) -> pd.DataFrame:
    named = _named(asked)
    mine = named[named["campaign_id"] == campaign_id].reset_index(drop=True)
    moved = _moved(connection, mine, judgements)
    may_ask = mine["kind"].map({kind: allowed(actor, APPROVALS[kind][0]) for kind in KINDS}).astype(bool)
    rows = mine.assign(
        state=mine["state"].mask(moved, "expired"), may_renew=moved & may_ask & ~mine["may_decide"]
    )
    figures = _figures(rows, judgements)
    if not allowed(actor, "margin.view"):  # a loss is a margin too
        figures["risk"] = figures["risk"].replace(str(Risk.LOSS), str(Risk.BELOW_FLOOR))
    return service.seen(rows.join(figures), actor)


def _figures(asked: pd.DataFrame, judgements: Judgements) -> pd.DataFrame:
    """What the approval of each price decides about, on the index of `asked`: FIGURES (missing for rules and
    limits) and risk."""
    parts = [pd.DataFrame(index=asked.index[:0], columns=list(FIGURES))]
    prices = asked[asked["kind"] == SKU_APPROVAL]
    for (campaign_id, phase), part in prices.groupby(["campaign_id", "phase"]):
        judged_prices = risks.figures(judgements.of(str(campaign_id), str(phase)).prices)
        parts.append(judged_prices.reindex(part["about"]).set_axis(part.index)[[*FIGURES, "risk"]])
    figures = pd.concat(parts).reindex(asked.index)
    other = asked["kind"].map({RULE_APPROVAL: Risk.RULE, LIMITS_APPROVAL: Risk.LIMITS}).astype("str")
    return figures.assign(risk=figures.get("risk", other).fillna(other))


def _named(found: pd.DataFrame) -> pd.DataFrame:
    """Approvals (kind, subject, ...) about prices, rules and limits, with what their subject names:
    campaign_id, phase ("" for limits, which hold in every phase), about."""
    ours = found[found["kind"].isin(KINDS)]
    names = ours["subject"].str.split("/", n=2, expand=True).reindex(columns=range(3))
    named = ours.join(names.set_axis(["campaign_id", "phase", "about"], axis="columns"))
    return named.assign(phase=named["phase"].mask(named["kind"] == LIMITS_APPROVAL, ""))


def _open(connection: Connection, approval_ids: Sequence[str]) -> pd.DataFrame:
    """Those of the requests that are open, as `_placed`."""
    columns = (approval.c.id, approval.c.kind, approval.c.subject, approval.c.reason)
    query = select(*columns).where(
        keyed(approval.c.id, approval_ids, connection), approval.c.state == "requested"
    )
    return _named(read(connection, query))


def _moved(connection: Connection, asked: pd.DataFrame, judgements: Judgements) -> pd.Series:
    """Which open requests are not about what stands now, or about what needs no approval: bool, on the index
    of `asked` (from `_named`)."""
    moved = pd.Series(True, index=asked.index)
    for (campaign_id, phase), part in asked.groupby(["campaign_id", "phase"]):
        wanted = _wanted(connection, str(campaign_id), str(phase), judgements)
        moved.loc[part.index] = np.array(
            [pair not in wanted for pair in zip(part["kind"], part["about"], strict=True)]
        )
    return moved


def _wanted(
    connection: Connection, campaign_id: str, phase: str, judgements: Judgements
) -> set[tuple[str, str]]:
    """What waits for a second person in a phase ("": the limits), as (kind, SKU code, rule id or version)."""
    if not phase:
        newest = select(func.max(price_limits.c.version)).where(price_limits.c.campaign_id == campaign_id)
        return {(LIMITS_APPROVAL, str(connection.scalar(newest)))}
    judgement = judgements.of(campaign_id, phase)
    prices = judgement.prices.loc[_waiting(judgement.prices), "approval"]
    rules = {(RULE_APPROVAL, rule) for rule, (_, state) in judgement.alarms.items() if state == "requested"}
    return rules | {(SKU_APPROVAL, code) for code in prices.index[prices == "requested"]}


def renew(db: Database, actor: Actor, approval_ids: Sequence[str], *, now: datetime) -> tuple[int, int]:
    """Asks anew, for the same reason, by what stands now; a request for what needs no approval any more, or
    can have none, is closed.

    Returns how many stand, and how many were closed. ShopError("access.denied") where the person may not ask.
    """
    allow(actor, "price.view")
    with db.writing() as connection:
        asked = _open(connection, approval_ids)
        stand = 0
        for (campaign_id, phase), part in asked.groupby(["campaign_id", "phase"]):
            inputs = _inputs(judged(connection, str(campaign_id), str(phase))) if phase else {}
            for row in part.to_dict("records"):
                basis = inputs.get((row["kind"], row["about"]))
                if basis is None:
                    approvals.withdraw(connection, actor, row["id"], now)
                else:
                    approvals.request(
                        connection, actor, now, Request(row["kind"], row["subject"], basis, row["reason"])
                    )
                    stand += 1
    return stand, len(asked) - stand


def _inputs(made: Judged) -> dict[tuple[str, str], dict[str, object]]:
    """What an approval would stand on, by (kind, SKU code or rule id), for all that needs one."""
    rules = {rule.rule_id: as_json(rule) for rule in made.rules if rule.rule_id in made.waiting}
    by_price = {
        (SKU_APPROVAL, code): given for code, given in sku_inputs(made, _waiting(made.prices)).items()
    }
    return by_price | {(RULE_APPROVAL, rule): given for rule, given in rules.items()}


def decide(
    db: Database, actor: Actor, approval_ids: Sequence[str], decision: Decision, *, now: datetime
) -> int:
    """Approves or refuses open requests, all or none; a refusal says why, and what has moved since it was
    asked for cannot be approved.

    ShopError("price.no_note" | "price.basis_moved") or what `approvals.settle` refuses.
    """
    allow(actor, "price.approve")
    if decision.verdict == "refused" and not decision.note.strip():
        raise ShopError("price.no_note")
    with db.writing() as connection:
        asked = _open(connection, approval_ids) if decision.verdict == "approved" else pd.DataFrame()
        if len(asked) and (moved := _moved(connection, asked, Judgements(connection))).any():
            raise ShopError("price.basis_moved", about=asked.loc[moved, "about"].tolist()[:20])
        for approval_id in approval_ids:
            approvals.settle(connection, actor, approval_id, decision, now)
    return len(approval_ids)


def publish(
    db: Database, actor: Actor, campaign_id: str, *, now: datetime, phase: str = queries.LIVE
) -> Published:
    """Takes every price that may be published as the published one, and returns them for the price sheet; the
    others are held back and counted."""
    allow(actor, "price.edit")
    with db.writing() as connection:
        judgement = judged(connection, campaign_id, phase)
        good = judgement.prices[judgement.prices["verdict"].isin(verdicts.READY)]
        rows = good[["sale_price", "landed_price", "verdict"]].rename_axis("sku_code").reset_index()
        upsert(connection, published_price, rows.assign(campaign_id=campaign_id, account=actor.name, at=now))
        held = {
            str(word): int(count)
            for word, count in judgement.prices["verdict"].value_counts().items()
            if word not in set(good["verdict"])
        }
        spans = queries.windows(connection, campaign_id, phase)
        audit.record(
            connection,
            actor,
            now,
            "price.publish",
            f"{campaign_id}/{phase}",
            None,
            {"published": len(good), "held_back": held},
        )
    columns = ["name", "category", "tier", "list_price", "sale_price", "landed_price", "version"]
    return Published(good[columns].assign(opens=spans[0][0], closes=spans[-1][1]), held)
