"""The limits that prices are held to, changed: a change that lets more pass waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, approvals, audit
from core.access.approvals import Request
from core.access.tables import approval
from core.database import Database, insert
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.pricing import queries
from core.pricing.engine.limits import from_stored, loosened
from core.pricing.tables import price_limits


@dataclass(frozen=True, slots=True)
class LimitsChange:
    """A version of the limits that was stored. `loosens`: {limit: (before, after)} that lets more pass; the
    version waits for a second person's approval where there is any, and holds at once else."""

    version: int
    loosens: Mapping[str, tuple[int, int]]

    @property
    def waits(self) -> bool:
        """Whether the version holds only once a second person has agreed."""
        return bool(self.loosens)


class NewLimits(NamedTuple):
    """What differs from the shipped limits (see `PriceLimits`; tiers as {tier: {"floor", "least"}}), and why."""

    values: Mapping[str, object]
    reason: str = ""


def set_limits(
    db: Database, actor: Actor, campaign_id: str, new: NewLimits, *, now: datetime
) -> LimitsChange:
    """Stores a version of the limits. It takes the place of one that still waits.

    ShopError("price.limits_unsound"), or "price.limits_reason" where it loosens something and the reason
    is missing.
    """
    allow(actor, "price.approve")
    stored, reason = new
    after = from_stored(stored)
    with db.writing() as connection:
        one_at_a_time(connection, f"price_limits:{campaign_id}")
        loosens = loosened(queries.limits_in_force(connection, campaign_id), after)
        if loosens and not reason.strip():
            raise ShopError("price.limits_reason", limits=", ".join(loosens))
        version, before = _newest(connection, campaign_id)
        _close_waiting(connection, actor, campaign_id, now)
        row = {"campaign_id": campaign_id, "version": version + 1, "account": actor.name, "at": now}
        insert(connection, price_limits, pd.DataFrame([{**row, "limits": dict(stored), "loosens": loosens}]))
        if loosens:
            subject = queries.limits_subject(campaign_id, version + 1)
            inputs = queries.limits_inputs(stored, loosens)
            approvals.request(
                connection, actor, now, Request(queries.LIMITS_APPROVAL, subject, inputs, reason)
            )
        audit.record(connection, actor, now, "price.limits", campaign_id, before, dict(stored))
    return LimitsChange(version + 1, loosens)


def _newest(connection: Connection, campaign_id: str) -> tuple[int, dict[str, object] | None]:
    """The newest version, waiting or not, and its limits; 0 and None where there is none."""
    c = price_limits.c
    query = select(c.version, c.limits).where(c.campaign_id == campaign_id).order_by(c.version.desc())
    row = connection.execute(query.limit(1)).first()
    return (0, None) if row is None else (row.version, row.limits)


def _close_waiting(connection: Connection, actor: Actor, campaign_id: str, now: datetime) -> None:
    """A version that still waits is asked for no longer."""
    mine = approval.c.subject.startswith(queries.limits_subject(campaign_id, 0)[:-1], autoescape=True)
    waiting = select(approval.c.id).where(
        approval.c.kind == queries.LIMITS_APPROVAL, approval.c.state == "requested", mine
    )
    for approval_id in connection.scalars(waiting).all():
        approvals.withdraw(connection, actor, approval_id, now)
