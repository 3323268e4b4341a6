"""Approval by a second person, publishing, and the limits that decide what needs either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, allowed, approvals, audit
from core.access.rules import APPROVALS
from core.access.tables import approval
from core.database import Database, insert, keyed, read, upsert
from core.errors import ShopError
from core.pricing import standing, verdicts
from core.pricing.judging import RULE_APPROVAL, SKU_APPROVAL, Judged, judged, rule_alarms, rule_subject, sku_inputs, sku_subject
from core.pricing.limits import house
from core.pricing.rulebook import as_json
from core.pricing.tables import price_limits, published_price

KINDS = (SKU_APPROVAL, RULE_APPROVAL)


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
        waiting = _waiting(asked)
        for code, inputs in sku_inputs(made, waiting).items():
            approvals.request(connection, actor, now, SKU_APPROVAL, sku_subject(campaign_id, phase, code), inputs, reason)
    return len(waiting)


def _waiting(prices: pd.DataFrame) -> list[str]:
    """The SKUs whose own price waits for a second person: what only a doubtful rule holds up is approved with the rule."""
    alone = (prices["reasons"] != (verdicts.RULE_ALARM,)).to_numpy(bool)
    return prices.index[(prices["verdict"] == verdicts.NEEDS_APPROVAL) & alone].tolist()


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
    """The open requests about this campaign's prices and rules, newest first: as `approvals.listed`, plus phase, about (SKU code or rule id)
    and may_renew.

    `state` is "expired" where the price, what it rests on or the need of an approval has moved since: that can be refused or renewed, not
    approved. Who could decide is not offered to renew what others asked for: it would be their own then.
    """
    allow(actor, "price.view")
    found = _placed(approvals.listed(db, actor))
    mine = found[found["campaign_id"] == campaign_id].reset_index(drop=True)
    with db.reading() as connection:
        moved = _moved(connection, mine)
    may_ask = mine["kind"].map({kind: allowed(actor, APPROVALS[kind][0]) for kind in KINDS}).astype(bool)
    return mine.assign(state=mine["state"].mask(moved, "expired"), may_renew=moved & may_ask & ~mine["may_decide"])


def _placed(found: pd.DataFrame) -> pd.DataFrame:
    """Approvals (kind, subject, ...) about prices and rules, with what their subject names: campaign_id, phase, about."""
    ours = found[found["kind"].isin(KINDS)]
    names = ours["subject"].str.split("/", n=2, expand=True).reindex(columns=range(3))
    return ours.join(names.set_axis(["campaign_id", "phase", "about"], axis="columns"))


def _open(connection: Connection, approval_ids: Sequence[str]) -> pd.DataFrame:
    """Those of the requests that are open, as `_placed`."""
    columns = (approval.c.id, approval.c.kind, approval.c.subject, approval.c.reason)
    query = select(*columns).where(keyed(approval.c.id, approval_ids, connection), approval.c.state == "requested")
    return _placed(read(connection, query))


def _moved(connection: Connection, asked: pd.DataFrame) -> pd.Series:
    """Which open requests are not about what stands now, or about what needs no approval: bool, on the index of `asked` (from `_placed`)."""
    moved = pd.Series(True, index=asked.index)
    for (campaign_id, phase), part in asked.groupby(["campaign_id", "phase"]):
        made = judged(connection, str(campaign_id), str(phase))
        prices = made.prices.loc[_waiting(made.prices), "approval"]
        stand = {(SKU_APPROVAL, code) for code in prices.index[prices == "requested"]}
        stand |= {(RULE_APPROVAL, rule) for rule, (_, state) in made.alarms.items() if state == "requested"}
        moved.loc[part.index] = np.array([pair not in stand for pair in zip(part["kind"], part["about"], strict=True)])
    return moved


def renew(db: Database, actor: Actor, approval_ids: Sequence[str], *, now: datetime) -> tuple[int, int]:
    """Asks anew, for the same reason, by what stands now; a request for what needs no approval any more, or can have none, is closed.

    Returns how many stand, and how many were closed. ShopError("access.denied") where the person may not ask.
    """
    allow(actor, "price.view")
    with db.writing() as connection:
        asked = _open(connection, approval_ids)
        stand = 0
        for (campaign_id, phase), part in asked.groupby(["campaign_id", "phase"]):
            inputs = _inputs(judged(connection, str(campaign_id), str(phase)))
            for row in part.to_dict("records"):
                given = inputs.get((row["kind"], row["about"]))
                if given is None:
                    approvals.withdraw(connection, actor, row["id"], now)
                else:
                    approvals.request(connection, actor, now, row["kind"], row["subject"], given, row["reason"])
                    stand += 1
    return stand, len(asked) - stand


def _inputs(made: Judged) -> dict[tuple[str, str], dict[str, Any]]:
    """What an approval would stand on, by (kind, SKU code or rule id), for all that needs one."""
    rules = {rule.rule_id: as_json(rule) for rule in made.rules if rule.rule_id in made.waiting}
    by_price = {(SKU_APPROVAL, code): given for code, given in sku_inputs(made, _waiting(made.prices)).items()}
    return by_price | {(RULE_APPROVAL, rule): given for rule, given in rules.items()}


def decide(
    db: Database, actor: Actor, approval_ids: Sequence[str], verdict: approvals.Verdict, note: str, *, now: datetime
) -> int:
    """Approves or refuses open requests, all or none; a refusal says why, and what has moved since it was asked for cannot be approved.

    ShopError("price.no_note" | "price.basis_moved") or what `approvals.settle` refuses.
    """
    allow(actor, "price.approve")
    if verdict == "refused" and not note.strip():
        raise ShopError("price.no_note")
    with db.writing() as connection:
        asked = _open(connection, approval_ids) if verdict == "approved" else pd.DataFrame()
        if len(asked) and (moved := _moved(connection, asked)).any():
            raise ShopError("price.basis_moved", about=asked.loc[moved, "about"].tolist()[:20])
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
