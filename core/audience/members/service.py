"""What may be asked of members: levels, due moves, the price of a change, and who is near the next level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, delete, select

from core import clock
from core.access import Actor, allow, audit
from core.audience import expected
from core.audience.members import levels as rules
from core.audience.members.levels import Change
from core.audience.members.tables import member_level
from core.audience.people.tables import member
from core.database import Database, insert, read
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.orders import buyers as bought
from core.settings import settings

WEEKS = rules.DAYS / 7
_LEVEL = ("threshold", "benefit_rate", "benefits")


@dataclass(frozen=True, slots=True)
class Members:
    """`levels`: indexed by level with threshold (fen), benefit_rate, benefits, version, members, spend (fen of the last
    twelve months), given (fen of benefits on it), lowest first; levels that only the workbook names have no threshold.
    `due`: from (as the workbook says), to (as spend says), people: what the next settling will move. `near`: level,
    next, near (within a tenth of the way), half, people, and the fen that the near ones miss together. `modelled`:
    whether expected spend comes from the model, or is last year's for want of people who came back."""

    levels: pd.DataFrame
    due: pd.DataFrame
    near: pd.DataFrame
    people: int
    modelled: bool


def members(db: Database, actor: Actor, *, now: datetime) -> Members:
    """The levels with their members as of today."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        levels, people, modelled = _loaded(connection, now)
    grouped = people.groupby("level")
    counted = pd.DataFrame({"members": grouped.size(), "spend": grouped["spend"].sum()})
    every = levels.index.union(pd.Index([name for name in counted.index if name]), sort=False)
    full = levels.reindex(every).join(counted)
    full = full.assign(
        members=full["members"].fillna(0).astype("int64"),
        spend=full["spend"].fillna(0).astype("int64"),
        given=np.floor(full["spend"].fillna(0).astype(float) * full["benefit_rate"].astype(float) + 0.5),
    )
    return Members(
        full.rename_axis("level"), _due(people, levels), _near(people, levels), len(people), modelled
    )


def what_if(db: Database, actor: Actor, proposed: pd.DataFrame, *, now: datetime) -> Change:
    """What `proposed` (indexed by level: threshold, benefit_rate) would move and cost in the next twelve months against the
    levels in force. ShopError("members.levels" | "members.no_levels")."""
    allow(actor, "audience.view")
    after = rules.require(proposed)
    with db.reading() as connection:
        before, people, _ = _loaded(connection, now)
    if before.empty:
        raise ShopError("members.no_levels")
    return rules.change(people, before, after)


def set_levels(
    db: Database, actor: Actor, proposed: pd.DataFrame, versions: Mapping[str, int], *, now: datetime
) -> None:
    """Puts the levels (indexed by level: threshold, benefit_rate, benefits) in the place of those with these versions.
    ShopError("members.levels" | "members.moved")."""
    allow(actor, "audience.edit")
    ordered = rules.require(proposed)
    with db.writing() as connection:
        one_at_a_time(connection, "member levels")
        before = _levels(connection)
        if before["version"].to_dict() != dict(versions):
            raise ShopError("members.moved")
        version = int(before["version"].max()) + 1 if len(before) else 1
        connection.execute(delete(member_level))
        named = ordered.rename_axis("level").reset_index()[["level", *_LEVEL]]
        named = named.astype({"threshold": "int64", "benefit_rate": float}).assign(
            benefits=named["benefits"].fillna("")
        )
        insert(connection, member_level, named.assign(version=version, account=actor.name, at=now))
        facts = [frame[["threshold", "benefit_rate"]].to_dict("index") for frame in (before, ordered)]
        audit.record(connection, actor, now, "members.levels", "", _plain(facts[0]), _plain(facts[1]))


def nearest(db: Database, actor: Actor, *, now: datetime) -> pd.DataFrame:
    """The list of members by how little they miss to the next level: buyer_key, level, next, missing, spend (fen), done.
    Written into the audit trail: it names people. ShopError("members.no_levels")."""
    allow(actor, "audience.export")
    with db.reading() as connection:
        levels, people, _ = _loaded(connection, now)
    if levels.empty:
        raise ShopError("members.no_levels")
    rows = rules.progress(people[["spend"]], levels).rename_axis("buyer_key").reset_index()
    with db.writing() as connection:
        audit.record(connection, actor, now, "audience.export", "members", "", {"people": len(rows)})
    return rows[["buyer_key", "level", "next", "missing", "spend", "done"]]


def _plain(levels: dict[object, dict[object, object]]) -> dict[str, list[float]]:
    return {str(name): [float(str(value)) for value in row.values()] for name, row in levels.items()}


def _levels(connection: Connection) -> pd.DataFrame:
    m = member_level.c
    columns = (m.level, m.threshold, m.benefit_rate, m.benefits, m.version)
    return read(connection, select(*columns).order_by(m.threshold)).set_index("level")


def _loaded(connection: Connection, now: datetime) -> tuple[pd.DataFrame, pd.DataFrame, bool]:
    """Levels in force; members by person_key with level (the workbook's), spend and expected (fen); and whether a model
    expects."""
    levels, day = _levels(connection), clock.business_day(now, settings().timezone)
    people = read(connection, select(member.c.person_key, member.c.level)).set_index("person_key")
    spend, ahead, modelled = _spend(connection, day)
    figures = {
        "spend": spend.reindex(people.index).fillna(0).astype("int64"),
        "expected": ahead.reindex(people.index).fillna(0.0),
    }
    return levels, people.assign(**figures), modelled


def _spend(connection: Connection, day: date) -> tuple[pd.Series, pd.Series, bool]:
    """Net fen of the last twelve months, and of the next twelve as expected (last year's where no model can be fitted), by
    buyer."""
    zone = settings().timezone
    counted = bought.counted_orders(connection, clock.day_start(day + timedelta(days=1), zone))
    known = counted.orders.assign(day=clock.local_naive(counted.orders["paid_at"], zone).dt.normalize())
    year = known[known["day"] > pd.Timestamp(day - timedelta(days=rules.DAYS))]
    spend = counted.named(year.groupby("buyer_key")["net_amount"].sum())
    ahead = counted.named(expected.coming(known, pd.Timestamp(day), WEEKS)["value"])
    return (spend, ahead, True) if len(ahead) else (spend, spend.astype(float), False)


def _due(people: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Members whose workbook says another level than their spend reaches."""
    if levels.empty or people.empty:
        return pd.DataFrame(columns=["from", "to", "people"])
    pairs = pd.DataFrame({"from": people["level"], "to": rules.reached(people["spend"], levels)})
    moved = pairs[pairs["from"] != pairs["to"]].groupby(["from", "to"]).size().rename("people").reset_index()
    return moved.sort_values("people", ascending=False, kind="stable", ignore_index=True)


def _near(people: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """How many members are how near the next level; nobody is named."""
    rows = rules.progress(people[["spend"]], levels) if len(levels) else pd.DataFrame()
    if rows.empty:
        return pd.DataFrame(columns=["level", "next", "near", "half", "people", "missing"])
    shown = rows.assign(near=rows["done"] >= 0.9, half=rows["done"] >= 0.5)
    shown = shown.assign(missing=shown["missing"].where(shown["near"], 0))
    grouped = shown.groupby(["level", "next"], sort=False)
    summed = grouped.agg(
        near=("near", "sum"), half=("half", "sum"), people=("spend", "size"), missing=("missing", "sum")
    )
    return summed.reset_index().sort_values(
        "next", key=lambda names: names.map(levels["threshold"]), ignore_index=True
    )
