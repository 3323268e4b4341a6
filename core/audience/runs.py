"""Stored segment runs: what was judged, as of when, by which cuts; movement is measured against the last one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Connection, delete, select

from core import clock
from core.access import Actor, allow, audit
from core.audience import rules
from core.audience.population import people, within
from core.audience.rules import Cuts
from core.audience.tables import segment_member, segment_run
from core.database import Database, insert, new_id, one, read
from core.database.types import Record
from core.errors import ShopError
from core.orders import buyers as bought
from core.settings import settings

_NEWEST = (
    segment_run.c.as_of.desc(),
    segment_run.c.at.desc(),
    segment_run.c.run_id.desc(),
)  # ids follow time


@dataclass(frozen=True, slots=True)
class Run:
    """A stored run. `people`: how many had a segment; `revised`: those of the run before it whom orders and refunds
    that came late have moved since (None: there was none before)."""

    run_id: str
    as_of: date
    window_days: int
    cuts: Cuts
    people: int
    revised: int | None
    account: str
    at: datetime


def keep(db: Database, actor: Actor, cut: str, as_of: date | None = None, *, now: datetime) -> Run:
    """Judges the buyers of everything up to the end of `as_of` (today) and stores who belongs where.

    ShopError("audience.cut" | "audience.future"), "audience.nobody" without a known buyer.
    """
    allow(actor, "audience.edit")
    today = clock.business_day(now, settings().timezone)
    day = as_of or today
    if day > today:
        raise ShopError("audience.future", day=day.isoformat(), today=today.isoformat())
    with db.writing() as connection:
        first = bought.first_paid(connection)
        known, _ = people(connection, day)
        if first is None or known.empty:
            raise ShopError("audience.nobody", day=day.isoformat())
        at = rules.cuts(known, cut)
        codes = rules.segments(known, at)
        window = max(1, (day - clock.business_day(first, settings().timezone)).days + 1)
        before = last(connection, day)
        revised = None if before is None else _revised(connection, before)
        run_id = new_id()
        counts = _counts(known, codes)
        row = {
            "run_id": run_id,
            "as_of": day,
            "window_days": window,
            "method": at.method,
            "recency": at.recency,
        }
        cuts = {"frequency": at.frequency, "amount": at.amount, "counts": counts, "revised": revised}
        insert(connection, segment_run, pd.DataFrame([row | cuts | {"account": actor.name, "at": now}]))
        members = pd.DataFrame({"buyer_key": codes.index, "run_id": run_id, "segment": codes.to_numpy()})
        insert(connection, segment_member, members.sort_values("buyer_key"))
        facts = {"as_of": day.isoformat(), "cut": cut, "people": len(codes)}
        audit.record(connection, actor, now, "audience.run", run_id, None, facts)
    return Run(run_id, day, window, at, len(codes), revised, actor.name, now)


def _counts(known: pd.DataFrame, codes: pd.Series) -> dict[str, list[int]]:
    grouped = known.groupby(codes)
    sums = grouped[["frequency", "amount"]].sum().assign(buyers=grouped.size())
    return {
        str(code): [int(row.buyers), int(row.frequency), int(row.amount)] for code, row in sums.iterrows()
    }


def _revised(connection: Connection, run: Run) -> int:
    """How many of a run's people would belong elsewhere by what is known of the same days now."""
    purchases, [known] = within(connection, (run.as_of, run.window_days))
    now, then = purchases.named(rules.segments(known, run.cuts)), members(connection, run.run_id)
    return int((now.reindex(then.index).fillna("") != then).sum())


def listed(db: Database, actor: Actor) -> list[Run]:
    """The stored runs, the newest first."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        rows = connection.execute(select(segment_run).order_by(*_NEWEST))
        return [_run(dict(row)) for row in rows.mappings()]


def last(connection: Connection, before: date) -> Run | None:
    """The last run as of a day before that one; None without any."""
    query = select(segment_run).where(segment_run.c.as_of < before)
    row = one(connection, query.order_by(*_NEWEST))
    return None if row is None else _run(row)


def members(connection: Connection, run_id: str) -> pd.Series:
    """Who belonged where in a run: segment by buyer_key."""
    query = select(segment_member.c.buyer_key, segment_member.c.segment).where(
        segment_member.c.run_id == run_id
    )
    return read(connection, query).set_index("buyer_key")["segment"]


def forget(connection: Connection, names: list[str]) -> int:
    """Takes a person out of every run; the runs' counts stay. Returns the memberships."""
    return connection.execute(delete(segment_member).where(segment_member.c.buyer_key.in_(names))).rowcount


def _run(row: Record) -> Run:
    at = Cuts(float(row["recency"]), float(row["frequency"]), float(row["amount"]), row["method"])
    counted = sum(part[0] for part in row["counts"].values())
    when = (row["run_id"], row["as_of"], row["window_days"])
    return Run(*when, at, counted, row["revised"], row["account"], row["at"])
