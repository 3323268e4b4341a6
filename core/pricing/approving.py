"""Approval by a second person, publishing, and the limits that decide what needs either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, approvals, audit
from core.database import Database, insert, upsert
from core.errors import ShopError
from core.pricing import standing, verdicts
from core.pricing.judging import RULE_APPROVAL, SKU_APPROVAL, judged, rule_alarms, rule_subject, sku_inputs, sku_subject
from core.pricing.limits import house
from core.pricing.rulebook import as_json
from core.pricing.tables import price_limits, published_price


@dataclass(frozen=True, slots=True)
class Published:
    """What a price sheet may say: `prices` (index sku_code: name, prices, opens, closes), and how many SKUs were held back, by verdict."""

    prices: pd.DataFrame
    held_back: dict[str, int]


def ask_for_prices(
    db: Database, actor: Actor, campaign_id: str, codes: Sequence[str], reason: str, *, now: datetime, phase: str = standing.LIVE
) -> int:
    """Asks finance to approve these prices as they are, with everything that they rest on; returns how many requests stand.

    Prices that need none are passed over. ShopError("price.refused", skus=[...]) when one of them cannot be approved at all.
    """
    allow(actor, "price.edit")
    with db.writing() as connection:
        made = judged(connection, campaign_id, phase)
        asked = made.prices.loc[made.prices.index.isin(list(codes))]
        refused = asked.index[asked["verdict"] == verdicts.REFUSED]
        if len(refused):
            raise ShopError("price.refused", skus=refused.tolist()[:20])
        waiting = asked.index[
            (asked["verdict"] == verdicts.NEEDS_APPROVAL) & (asked["reasons"] != (verdicts.RULE_ALARM,)).to_numpy(bool)
        ]
        for code, inputs in sku_inputs(made, waiting.tolist()).items():
            approvals.request(connection, actor, now, SKU_APPROVAL, sku_subject(campaign_id, code), inputs, reason)
    return len(waiting)


def ask_for_rule(db: Database, actor: Actor, campaign_id: str, phase: str, rule_id: str, reason: str, *, now: datetime) -> str:
    """Asks finance to approve a rule that looks like a slip; returns the approval's id. ShopError("price.no_alarm") when nothing is wrong with it."""
    allow(actor, "price.promotion")
    with db.writing() as connection:
        rules = {rule.rule_id: rule for rule in standing.rulebook(connection, campaign_id, phase)}
        alarms = rule_alarms(connection, campaign_id, phase, list(rules.values()), standing.house_limits(connection, campaign_id))
        if rule_id not in alarms:
            raise ShopError("price.no_alarm", rule=rule_id)
        return approvals.request(
            connection, actor, now, RULE_APPROVAL, rule_subject(campaign_id, phase, rule_id), as_json(rules[rule_id]), reason
        )


def requests(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The open requests about this campaign's prices and rules, newest first: as `approvals.listed`, plus `about` (SKU code, or phase/rule)."""
    allow(actor, "price.view")
    found = approvals.listed(db, actor)
    mine = found["kind"].isin([SKU_APPROVAL, RULE_APPROVAL]) & found["subject"].str.startswith(f"{campaign_id}/")
    return found[mine].assign(about=found["subject"].str.removeprefix(f"{campaign_id}/")).reset_index(drop=True)


def decide(
    db: Database, actor: Actor, approval_ids: Sequence[str], verdict: approvals.Verdict, note: str, *, now: datetime
) -> int:
    """Approves or refuses open requests, all or none; a refusal says why. ShopError("price.no_note") or what `approvals.settle` refuses."""
    allow(actor, "price.approve")
    if verdict == "refused" and not note.strip():
        raise ShopError("price.no_note")
    with db.writing() as connection:
        for approval_id in approval_ids:
            approvals.settle(connection, actor, approval_id, verdict, note, now)
    return len(approval_ids)


def publish(db: Database, actor: Actor, campaign_id: str, *, now: datetime, phase: str = standing.LIVE) -> Published:
    """Takes every price that may be published as the published one, and returns them for the price sheet; the others are held back and counted."""
    allow(actor, "price.edit")
    with db.writing() as connection:
        made = judged(connection, campaign_id, phase)
        good = made.prices[made.prices["verdict"].isin([verdicts.PUBLISHABLE, verdicts.APPROVED])]
        rows = good[["sale_price", "landed_price", "verdict"]].rename_axis("sku_code").reset_index()
        upsert(connection, published_price, rows.assign(campaign_id=campaign_id, account=actor.name, at=now))
        held = {
            str(word): int(count)
            for word, count in made.prices["verdict"].value_counts().items()
            if word not in set(good["verdict"])
        }
        spans = standing.windows(connection, campaign_id, phase)
        audit.record(
            connection, actor, now, "price.publish", f"{campaign_id}/{phase}", None, {"published": len(good), "held_back": held}
        )
    columns = ["name", "category", "tier", "list_price", "sale_price", "landed_price", "version"]
    return Published(good[columns].assign(opens=spans[0][0], closes=spans[-1][1]), held)


def set_limits(db: Database, actor: Actor, campaign_id: str, stored: Mapping[str, Any], *, now: datetime) -> int:
    """Sets what differs from the shipped limits (see `limits.House`; tiers as {tier: {"floor", "least"}}); returns the new version. ShopError("price.limits_unsound")."""
    allow(actor, "price.approve")
    house(stored)
    with db.writing() as connection:
        before = _limits(connection, campaign_id)
        version = (before[0] if before else 0) + 1
        row = {"campaign_id": campaign_id, "version": version, "limits": dict(stored), "account": actor.name, "at": now}
        insert(connection, price_limits, pd.DataFrame([row]))
        audit.record(connection, actor, now, "price.limits", campaign_id, before[1] if before else None, dict(stored))
    return version


def _limits(connection: Connection, campaign_id: str) -> tuple[int, dict[str, Any]] | None:
    query = select(price_limits.c.version, price_limits.c.limits).where(price_limits.c.campaign_id == campaign_id)
    row = connection.execute(query.order_by(price_limits.c.version.desc()).limit(1)).first()
    return None if row is None else (row.version, row.limits)
