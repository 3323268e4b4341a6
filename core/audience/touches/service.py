"""What may be asked of the content calendar: its entries with their results, and a new or changed entry."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection, delete, func, select

from core import clock
from core.access import Actor, allow, audit
from core.audience.touches import calendar as rules
from core.audience.touches.calendar import DISTURBING, KINDS, LONGEST_HOURS, Rule, Touch
from core.audience.touches.tables import touch, touch_rule
from core.campaign import service as campaigns
from core.database import Database, new_id, one, read, upsert
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.live.tables import sale_minute_kind
from core.versions import Version

COUNTED = {"view": "views", "add_to_cart": "carts", "favourite": "favourites", "pay": "orders"}
_STORED = (
    "touch_id",
    "kind",
    "channel",
    "title",
    "audience",
    "people",
    "budget",
    "starts_at",
    "window_hours",
    "version",
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """`touches`, by start: the stored fields, ends_at, state ("planned" | "runs" | "over"), shares (other entries of its
    channel in its window), quiet (whether it lies in quiet hours that it should keep), and of its channel in its window:
    views, carts, favourites, orders, paid (fen), with <name>_before in as many hours before it (missing while it is
    planned). `often`: audience -> most pushes and messages in any seven days, where that is beyond the rule."""

    touches: pd.DataFrame
    rule: Rule
    often: dict[str, int]
    budget: int


def calendar(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> Calendar:
    """The campaign's calendar. ShopError("campaign.unknown")."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        rows, rule = _rows(connection, campaign_id), _rule(connection, campaign_id)
        results = [_results(connection, campaign_id, row, now) for row in rows.itertuples()]
    if rows.empty:
        return Calendar(rows, rule, {}, 0)
    full = pd.concat([rows, pd.DataFrame(results, index=rows.index).astype("Int64")], axis=1)
    local = [moment.astimezone(clock.zone(mine.timezone)) for moment in rows["starts_at"]]
    disturbs = rows["kind"].isin(list(DISTURBING)).tolist()
    full = full.assign(
        state=_states(rows, now),
        shares=rules.sharing(rows),
        quiet=[disturbing and rules.quiet(at, rule) for disturbing, at in zip(disturbs, local, strict=True)],
    )
    counts = {name: rules.most_in_a_week(rows, name) for name in rows["audience"].unique()}
    often = {str(name): most for name, most in counts.items() if most > rule.most_a_week}
    return Calendar(full, rule, often, int(rows["budget"].sum()))


def put(
    db: Database, actor: Actor, campaign_id: str, entry: Touch, touch_id: str = "", *, now: datetime
) -> str:
    """A new entry, or one in place of its version; returns its id. ShopError("touch.terms" | "touch.quiet" |
    "touch.too_often" | "touch.moved" | "campaign.unknown")."""
    allow(actor, "audience.edit")
    own = touch_id or new_id()
    with db.writing() as connection:
        mine = campaigns.standing(connection, campaign_id)
        one_at_a_time(connection, "touches")
        rows = _rows(connection, campaign_id)
        before = rows[rows["touch_id"] == own]
        if (int(before["version"].iloc[0]) if len(before) else 0) != entry.version:
            raise ShopError("touch.moved", title=entry.title)
        _check(entry, rows[rows["touch_id"] != own], _rule(connection, campaign_id), mine.timezone)
        values = asdict(entry) | {"title": entry.title.strip(), "channel": entry.channel.strip()}
        row = values | {"campaign_id": campaign_id, "touch_id": own, "version": entry.version + 1}
        frame = pd.DataFrame([row | {"account": actor.name, "at": now}])
        upsert(connection, touch, frame.astype({"people": "Int64"}))
        audit.record(
            connection,
            actor,
            now,
            "touch.put",
            own,
            None,
            values | {"starts_at": entry.starts_at.isoformat()},
        )
    return own


def take_out(db: Database, actor: Actor, campaign_id: str, at: Version, *, now: datetime) -> None:
    """Takes an entry out. ShopError("touch.moved")."""
    allow(actor, "audience.edit")
    with db.writing() as connection:
        t = touch.c
        mine = (t.campaign_id == campaign_id) & (t.touch_id == at.key)
        row = one(connection, select(t.title, t.version).where(mine))
        if row is None or row["version"] != at.number:
            raise ShopError("touch.moved", title=row["title"] if row else "")
        connection.execute(delete(touch).where(mine))
        audit.record(connection, actor, now, "touch.take_out", at.key, {"title": row["title"]}, None)


def set_rule(db: Database, actor: Actor, campaign_id: str, rule: Rule, *, now: datetime) -> None:
    """How often and when people may be disturbed, in place of the rule's version. ShopError("touch.terms" | "touch.moved")."""
    allow(actor, "audience.edit")
    day = range(24 * 60)
    if not (1 <= rule.most_a_week <= 50 and rule.quiet_from in day and rule.quiet_to in day):
        raise ShopError("touch.terms")
    with db.writing() as connection:
        campaigns.standing(connection, campaign_id)
        before = _rule(connection, campaign_id)
        if before.version != rule.version:
            raise ShopError("touch.moved", title="")
        row = asdict(rule) | {"campaign_id": campaign_id, "version": rule.version + 1}
        upsert(connection, touch_rule, pd.DataFrame([row | {"account": actor.name, "at": now}]))
        audit.record(connection, actor, now, "touch.rule", campaign_id, asdict(before), asdict(rule))


def _check(entry: Touch, others: pd.DataFrame, rule: Rule, timezone: str) -> None:
    """Refuses what is no entry, lies in quiet hours, or would disturb somebody too often."""
    sizes = entry.budget >= 0 and (entry.people is None or entry.people > 0)
    hours = 1 <= entry.window_hours <= LONGEST_HOURS
    if (
        entry.kind not in KINDS
        or not entry.channel.strip()
        or not entry.title.strip()
        or not (sizes and hours)
    ):
        raise ShopError("touch.terms")
    if entry.kind not in DISTURBING:
        return
    if rules.quiet(entry.starts_at.astimezone(clock.zone(timezone)), rule):
        raise ShopError("touch.quiet", start=_clock(rule.quiet_from), end=_clock(rule.quiet_to))
    own = pd.DataFrame(
        [{"kind": entry.kind, "audience": entry.audience, "starts_at": pd.Timestamp(entry.starts_at)}]
    )
    both = pd.concat([others[list(own.columns)], own], ignore_index=True) if len(others) else own
    near = both[(both["starts_at"] - own["starts_at"].iloc[0]).abs() < rules.WEEK]
    if rules.most_in_a_week(near, entry.audience) > rule.most_a_week:
        raise ShopError("touch.too_often", most=rule.most_a_week)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _rows(connection: Connection, campaign_id: str) -> pd.DataFrame:
    query = select(*(touch.c[name] for name in _STORED)).where(touch.c.campaign_id == campaign_id)
    rows = read(connection, query.order_by(touch.c.starts_at, touch.c.touch_id))
    return rows.assign(ends_at=rows["starts_at"] + pd.to_timedelta(rows["window_hours"], unit="h"))


def _rule(connection: Connection, campaign_id: str) -> Rule:
    r = touch_rule.c
    row = one(
        connection,
        select(r.most_a_week, r.quiet_from, r.quiet_to, r.version).where(r.campaign_id == campaign_id),
    )
    return Rule(**row) if row else Rule()


def _states(rows: pd.DataFrame, now: datetime) -> np.ndarray:
    moment = pd.Timestamp(now)
    return np.select([rows["starts_at"] > moment, rows["ends_at"] > moment], ["planned", "runs"], "over")


def _results(connection: Connection, campaign_id: str, row: object, now: datetime) -> dict[str, int | None]:
    """What its channel brought in its window, and in as many minutes before it; missing while it is planned."""
    starts_at, ends_at, channel = (getattr(row, name) for name in ("starts_at", "ends_at", "channel"))
    names = (*COUNTED.values(), "paid")
    if now < starts_at:
        return {f"{name}{which}": None for name in names for which in ("", "_before")}
    first = clock.epoch_minute(starts_at)
    length = min(clock.epoch_minute(ends_at), clock.epoch_minute(now)) - first
    after = _counted(connection, campaign_id, channel, (first, first + length))
    before = _counted(connection, campaign_id, channel, (first - length, first))
    return {**after, **{f"{name}_before": count for name, count in before.items()}}


def _counted(
    connection: Connection, campaign_id: str, channel: str, span: tuple[int, int]
) -> dict[str, int | None]:
    k = sale_minute_kind.c
    query = select(k.kind, func.sum(k.events), func.sum(k.amount_fen)).where(
        k.campaign_id == campaign_id, k.channel == channel, k.minute >= span[0], k.minute < span[1]
    )
    found = {
        str(kind): (int(events), int(fen)) for kind, events, fen in connection.execute(query.group_by(k.kind))
    }
    counts: dict[str, int | None] = {name: found.get(kind, (0, 0))[0] for kind, name in COUNTED.items()}
    return counts | {"paid": found.get("pay", (0, 0))[1]}
