"""The watch: once a sale minute every rule looks at the picture; what fires is written down and told, at most
once an hour a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import Connection, bindparam, select

from core import clock
from core.access import Actor, allow, audit
from core.campaign.tables import campaign
from core.database import Database, new_id, upsert
from core.database.types import Record
from core.errors import ShopError
from core.live.actions import advice, decisions
from core.live.alerts import detect
from core.live.alerts import messages as alert_messages
from core.live.alerts import rules as alerts
from core.live.alerts.rules import MOST as MOST
from core.live.alerts.rules import OPEN, Finding, Rule, Standing
from core.live.alerts.rules import RULES as RULES
from core.live.rehearsal.rehearsal import moment_of
from core.live.snapshot import service
from core.live.snapshot.snapshot import Picture
from core.live.tables import alert, alert_rule, alert_tick
from core.notify import queue as messages
from core.notify import webhooks
from core.warmup.flash_sale import service as selling


def rules(connection: Connection, campaign_id: str) -> dict[str, Rule | None]:
    """Every rule of the campaign by kind, with its own limits where somebody set them; None = switched
    off."""
    in_force: dict[str, Rule | None] = dict(alerts.RULES)
    query = select(alert_rule.c.kind, alert_rule.c.enabled, alert_rule.c.settings).where(
        alert_rule.c.campaign_id == campaign_id
    )
    for row in connection.execute(query):
        usual = alerts.RULES[row.kind]
        limits = dict(usual.limits) | dict(row.settings)
        in_force[row.kind] = (
            Rule(usual.kind, usual.every, usual.fire_after, usual.clear_after, limits, usual.level)
            if row.enabled
            else None
        )
    return in_force


def current_rules(db: Database, actor: Actor, campaign_id: str) -> dict[str, Rule | None]:
    """As `rules`, for the page."""
    allow(actor, "live.view")
    with db.reading() as connection:
        return rules(connection, campaign_id)


class RuleSetting(NamedTuple):
    """How a campaign sets a rule: its own limits by name, or switched off."""

    kind: str
    limits: Mapping[str, float]
    enabled: bool = True


def set_rule(db: Database, actor: Actor, campaign_id: str, setting: RuleSetting, now: datetime) -> None:
    """Sets a rule for a campaign. ShopError("live.unknown_rule" | "live.unknown_limit")."""
    allow(actor, "live.act")
    kind, limits, enabled = setting
    if kind not in alerts.RULES:
        raise ShopError("live.unknown_rule", kind=kind)
    strange = sorted(set(limits) - set(alerts.RULES[kind].limits))
    if strange:
        raise ShopError("live.unknown_limit", kind=kind, limit=strange[0])
    row = {
        "campaign_id": campaign_id,
        "kind": kind,
        "enabled": enabled,
        "settings": dict(limits),
        "account": actor.name,
        "at": now,
    }
    with db.writing() as connection:
        upsert(connection, alert_rule, pd.DataFrame([row]))
        audit.record(
            connection, actor, now, "live.rule", f"{campaign_id}/{kind}", None, {"enabled": enabled, **limits}
        )


def round_of(db: Database, now: datetime) -> int:
    """For the scheduler: judges every running sale whose minute is not judged yet; returns how many were."""
    c = campaign.c
    with db.reading() as connection:
        names = list(connection.scalars(select(c.campaign_id).where(c.archived.is_(False))))
        due = [(name, moment_of(connection, name, now)) for name in names]
        due = [(name, at) for name, at in due if _running(connection, name, at)]
    return sum(tick(db, name, at, now) for name, at in due)


def _running(connection: Connection, campaign_id: str, at: datetime) -> bool:
    row = connection.execute(
        select(campaign.c.opens_at, campaign.c.closes_at).where(campaign.c.campaign_id == campaign_id)
    ).one()
    return bool(row.opens_at <= at < row.closes_at)


def tick(db: Database, campaign_id: str, at: datetime, now: datetime) -> bool:
    """Judges one sale minute; False when somebody else already has. `at` is sale time, `now` real time."""
    minute = clock.epoch_minute(at)
    with db.reading() as connection:
        if (
            connection.scalar(select(alert_tick.c.minute).where(alert_tick.c.campaign_id == campaign_id)) or 0
        ) >= minute:
            return False
    picture = service.draw(db, campaign_id, at)
    with db.writing() as connection:
        before = (
            connection.scalar(select(alert_tick.c.minute).where(alert_tick.c.campaign_id == campaign_id)) or 0
        )
        if before >= minute:
            return False
        upsert(connection, alert_tick, pd.DataFrame([{"campaign_id": campaign_id, "minute": minute}]))
        in_force = {
            kind: rule
            for kind, rule in rules(connection, campaign_id).items()
            if rule and _due(rule, before, minute)
        }
        _settle(connection, _Round(picture, in_force, at, now))
    return True


def _due(rule: Rule, before: int, minute: int) -> bool:
    """Whether a check of the rule falls between two judged minutes."""
    return minute // rule.every > before // rule.every


class _Round(NamedTuple):
    """One look: the picture, the rules that are due, sale time and real time."""

    picture: Picture
    in_force: Mapping[str, Rule]
    at: datetime
    now: datetime


def _settle(connection: Connection, this: _Round) -> None:
    """Steps every alert that is looked at, and tells about those that fire."""
    picture, in_force = this.picture, this.in_force
    query = select(alert).where(alert.c.campaign_id == picture.scope.campaign_id, alert.c.state.in_(OPEN))
    known = {(row["kind"], row["subject"]): dict(row) for row in connection.execute(query).mappings()}
    rows = []
    for finding in detect.findings(connection, picture, in_force):
        before = known.get((finding.kind, finding.subject))
        after, event = alerts.step(
            Standing(before["state"], before["streak"]) if before else None, finding, in_force[finding.kind]
        )
        if after is None and before is not None:
            connection.execute(alert.delete().where(alert.c.alert_id == before["alert_id"]))
        elif after is not None:
            rows.append(_row(before or _blank(finding, this), after, event, finding, this.at))
    notified = _tell(connection, this, rows)
    _announce(connection, this, rows)
    if rows:
        upsert(
            connection,
            alert,
            pd.DataFrame(
                [row | {"notified_at": notified.get(row["alert_id"], row["notified_at"])} for row in rows]
            ),
        )


def _blank(finding: Finding, this: _Round) -> Record:
    """A row of an alert that nobody knew before."""
    scope = this.picture.scope
    return {
        "alert_id": new_id(),
        "campaign_id": scope.campaign_id,
        "kind": finding.kind,
        "subject": finding.subject,
        "since": this.at,
        "fired_at": None,
        "notified_at": None,
        "resolved_at": None,
        "acknowledged_by": "",
        "acknowledged_at": None,
        "drill": scope.drill,
    }


def _row(before: Record, after: Standing, event: str, finding: Finding, at: datetime) -> Record:
    """The alert's row after a step."""
    row = dict(before)
    row |= {"state": after.state, "streak": after.streak, "checked_at": at}
    if event == "fired":
        row["fired_at"] = at
    if event == "resolved":
        row["resolved_at"] = at
    else:
        row["facts"] = dict(finding.facts)
    return row


def _tell(connection: Connection, this: _Round, rows: Sequence[Record]) -> dict[str, datetime]:
    """Queues one message for each metric that was quiet for an hour, about all of it that fires and was not
    told; returns when each alert was told."""
    picture, at = this.picture, this.at
    notified: dict[str, datetime] = {}
    waiting = [row for row in rows if row["state"] == "firing" and row["notified_at"] is None]
    for kind in sorted({row["kind"] for row in waiting}):
        since = at - timedelta(minutes=alerts.QUIET_HOUR)
        recent = select(alert.c.alert_id).where(
            alert.c.campaign_id == picture.scope.campaign_id,
            alert.c.kind == kind,
            alert.c.notified_at > since,
        )
        if connection.execute(recent.limit(1)).first() is None:
            firing = [row for row in waiting if row["kind"] == kind]
            said = partial(alert_messages.alert, picture, kind, firing, _advised(connection, picture, kind))
            key = f"live:{picture.scope.campaign_id}:{kind}:{clock.epoch_minute(at)}"  # its own: what is told later comes on top
            messages.post(connection, this.now, said, this.in_force[kind].level, key)
            notified |= {row["alert_id"]: at for row in firing}
    return notified


def _announce(connection: Connection, this: _Round, rows: Sequence[Record]) -> None:
    """One event a kind of alert for what has begun to ring in this minute, and one for what has ended."""
    scope, at = this.picture.scope, this.at
    for event, since in (("alert.fired", "fired_at"), ("alert.resolved", "resolved_at")):
        fresh = [row for row in rows if row[since] == at]
        for kind in sorted({row["kind"] for row in fresh}):
            ringing = [
                {"alert_id": row["alert_id"], "subject": row["subject"]}
                for row in fresh
                if row["kind"] == kind
            ]
            facts = {"campaign_id": scope.campaign_id, "sale": scope.name, "kind": kind}
            facts |= {"drill": scope.drill, "at": at.isoformat(), "alerts": ringing}
            webhooks.announce(connection, this.now, "alerts", event, facts)


def _advised(connection: Connection, seen: Picture, kind: str) -> pd.DataFrame:
    """The ranked acts for goods that run out, without those that somebody has decided and not taken back;
    none for other kinds."""
    if kind != "stock_out":
        return pd.DataFrame()
    ranked = advice.ranked(seen.goods, advice.pace_of(seen), selling.held(connection, seen.scope.campaign_id))
    decided = {
        (row["act"], row["sku_code"])
        for row in decisions.active_decisions(connection, seen.scope.campaign_id, seen.at)
    }
    fresh = [pair not in decided for pair in zip(ranked["act"], ranked["sku_code"], strict=True)]
    return ranked[np.array(fresh, dtype=bool)]


def standing_alerts(
    db: Database, actor: Actor, campaign_id: str, until: datetime, *, limit: int = 100
) -> pd.DataFrame:
    """Alerts of a sale as they stood at a moment, as `alert_rows`."""
    allow(actor, "live.view")
    with db.reading() as connection:
        rows = alert_rows(connection, campaign_id, until, limit)
    return pd.DataFrame(rows, columns=[column.name for column in _SHOWN])


def alert_rows(
    connection: Connection, campaign_id: str, until: datetime, limit: int = 100
) -> list[dict[str, object]]:
    """Alerts as they stood at a moment, open ones first, newest first: the table's columns without the
    campaign's id; `state` is what it was then."""
    alerts_now = connection.execute(
        _STANDING, {"campaign_id": campaign_id, "until": until, "most": limit}
    ).mappings()
    rows = [dict(row) | {"state": _then(row, until)} for row in alerts_now]
    return sorted(rows, key=lambda row: ("firing", "acknowledged", "resolved").index(row["state"]))


def _then(row: Mapping[Any, Any], until: datetime) -> str:
    if row["resolved_at"] is not None and row["resolved_at"] <= until:
        return "resolved"
    return (
        "acknowledged" if row["acknowledged_at"] is not None and row["acknowledged_at"] <= until else "firing"
    )


_SHOWN = [column for column in alert.columns if column.name != "campaign_id"]
_STANDING = (
    select(*_SHOWN)
    .where(
        alert.c.campaign_id == bindparam("campaign_id"),
        alert.c.since <= bindparam("until"),
        alert.c.fired_at <= bindparam("until"),
    )
    .order_by(alert.c.fired_at.desc())
    .limit(bindparam("most"))
)


def acknowledge(db: Database, actor: Actor, alert_id: str, now: datetime, at: datetime | None = None) -> None:
    """Somebody has seen it and deals with it. ShopError("live.no_alert") unless it fires. `at`: sale time, in
    a rehearsal."""
    allow(actor, "live.acknowledge")
    with db.writing() as connection:
        query = (
            alert.update()
            .where(alert.c.alert_id == alert_id, alert.c.state == "firing")
            .returning(alert.c.kind)
        )
        kind = connection.scalar(
            query.values(state="acknowledged", acknowledged_by=actor.name, acknowledged_at=at or now)
        )
        if kind is None:
            raise ShopError("live.no_alert", alert_id=alert_id)
        audit.record(connection, actor, now, "live.acknowledge", alert_id, None, {"kind": kind})
