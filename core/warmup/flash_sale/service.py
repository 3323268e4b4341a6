"""What may be asked of flash-sale sessions: planned, locked, drawn from, closed. A lock is units of stock in
the state activity locked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, func, select, update

from core.access import Actor, allow, audit
from core.campaign import service as campaigns
from core.database import Database, insert, keyed, new_id, read
from core.database.locks import one_at_a_time
from core.database.rows import find
from core.errors import ShopError
from core.goods.tables import sku
from core.stock import service as stock
from core.stock.tables import stock_movement
from core.warmup.flash_sale import sessions as rules
from core.warmup.tables import flash_session

_WRITER = "events"  # whoever keeps units for buyers works alone: the intake of orders and the session desk take turns


def sessions(db: Database, actor: Actor, campaign_id: str, now: datetime) -> pd.DataFrame:
    """The campaign's sessions by start.

    Columns of the table without account and at, and: sku_name, held (units locked now), left (units still to
    sell), runs (bool: on sale at this moment), over (bool: past its end and not closed), short (units that
    the sessions of its SKU promise beyond what there is).
    """
    allow(actor, "warmup.view")
    with db.reading() as connection:
        frame = _sessions(connection, flash_session.c.campaign_id == campaign_id)
        codes = frame["sku_code"].unique().tolist()
        names = read(
            connection, select(sku.c.sku_code, sku.c.name).where(keyed(sku.c.sku_code, codes, connection))
        )
        short = _shortages(connection, codes, now)
    worst = short.set_index("sku_code")["by"] if len(short) else pd.Series(dtype="int64")
    moment = pd.Timestamp(now)
    still = frame["state"] != "closed"
    return frame.assign(
        sku_name=frame["sku_code"].map(names.set_index("sku_code")["name"]).astype("str"),
        left=(frame["quota"] - frame["sold"]).where(still, 0),
        runs=(frame["state"] == "locked") & (frame["starts_at"] <= moment) & (frame["ends_at"] > moment),
        over=still & (frame["ends_at"] <= moment),
        short=frame["sku_code"].map(worst).where(still).fillna(0).astype("int64"),
    )


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session of a SKU, or several release waves with a quota each; `every_minutes` lies between the starts of two
    waves (0: the length, one after the other)."""

    sku_code: str
    name: str
    starts_at: datetime
    quotas: Sequence[int]
    length_minutes: int
    every_minutes: int = 0
    needs_reservation: bool = False


def plan(db: Database, actor: Actor, campaign_id: str, new: NewSession, *, now: datetime) -> list[str]:
    """Plans one session, or several release waves of a scarce SKU; returns their ids.

    ShopError("warmup.session_times"
    | "warmup.session_quota" | "warmup.unknown_sku" | "campaign.unknown"), and "warmup.session_exceeds" when sessions that
    overlap would promise more than there is: nothing is written then.
    """
    allow(actor, "warmup.edit")
    length, sku_code = new.length_minutes, new.sku_code
    table = rules.waves(new.starts_at, new.every_minutes or length, length, list(new.quotas))
    ids = [new_id() for _ in range(len(table))]
    rows = table.assign(
        session_id=ids,
        sku_code=sku_code,
        campaign_id=campaign_id,
        name=new.name.strip() or sku_code,
        needs_reservation=new.needs_reservation,
        state="planned",
        account=actor.name,
        at=now,
    )
    with db.writing() as connection:
        one_at_a_time(connection, _WRITER)
        campaigns.standing(connection, campaign_id)
        if not connection.scalar(
            select(sku.c.sku_code).where(sku.c.sku_code == sku_code, sku.c.retired_at.is_(None))
        ):
            raise ShopError("warmup.unknown_sku", sku=sku_code)
        insert(connection, flash_session, rows)
        rules.require_kept(_shortages(connection, [sku_code], now))
        facts = {"sessions": ids, "quotas": list(new.quotas)}
        audit.record(connection, actor, now, "warmup.session_plan", sku_code, None, facts)
    return ids


def quotas(text: str) -> list[int]:
    """Units by wave as somebody writes them, "100, 50，20"; ShopError("warmup.session_quota") for anything
    else."""
    try:
        return [int(word) for word in text.replace("，", ",").replace("、", ",").split(",")]
    except ValueError as error:
        raise ShopError("warmup.session_quota", quota=text) from error


def lock(db: Database, actor: Actor, session_ids: Sequence[str], now: datetime) -> int:
    """Takes the quotas out of the free stock; returns the units locked. All sessions or none.

    ShopError("warmup.session_unknown" | "warmup.session_state" | "warmup.session_over" |
    "warmup.session_exceeds").
    """
    allow(actor, "warmup.edit")
    with db.writing() as connection:
        one_at_a_time(connection, _WRITER)
        rows = _named(connection, session_ids, {"planned"})
        if (rows["ends_at"] <= pd.Timestamp(now)).any():
            raise ShopError("warmup.session_over", session=str(rows["name"].iloc[0]))
        codes = rows["sku_code"].unique().tolist()
        rules.require_kept(rules.short_of_stock(rows, _free(connection, codes, with_held=False)))
        _move(connection, actor, rows, rows["quota"], now)
        _set(connection, rows, actor, now, state="locked")
        units = int(rows["quota"].sum())
        audit.record(
            connection,
            actor,
            now,
            "warmup.session_lock",
            " ".join(rows["session_id"]),
            None,
            {"units": units},
        )
    return units


def close(db: Database, actor: Actor, session_ids: Sequence[str], now: datetime) -> int:
    """Ends sessions: what a locked one has not sold returns to the free stock, exactly. Returns those units.
    ShopError("warmup.session_unknown" | "warmup.session_state")."""
    allow(actor, "warmup.edit")
    with db.writing() as connection:
        one_at_a_time(connection, _WRITER)
        return _close(connection, actor, _named(connection, session_ids, {"planned", "locked"}), now)


def held(connection: Connection, campaign_id: str) -> pd.Series:
    """Units that the campaign's sessions keep from everybody else, by sku_code (int64); only SKUs of which
    they keep some."""
    rows = _sessions(
        connection, (flash_session.c.campaign_id == campaign_id) & (flash_session.c.state == "locked")
    )
    return rows[rows["held"] > 0].groupby("sku_code")["held"].sum()


def release(
    connection: Connection, actor: Actor, campaign_id: str, sku_code: str, units: int, now: datetime
) -> int:
    """Opens up to `units` that the campaign's sessions keep to everybody, sessions and ledger alike, inside
    the caller's transaction; returns how many there were.

    Sessions to come give first, the next one before later ones, then running ones, the last to end first. A
    session promises that much less from now on; one that has nothing left is closed.
    """
    f = flash_session.c
    one_at_a_time(connection, _WRITER)
    rows = _sessions(
        connection, (f.campaign_id == campaign_id) & (f.sku_code == sku_code) & (f.state == "locked")
    )
    rows = rows[rows["held"] > 0]
    begun = rows["starts_at"] <= pd.Timestamp(now)
    rows = pd.concat(
        [rows[~begun].sort_values("starts_at"), rows[begun].sort_values("ends_at", ascending=False)]
    )
    taken = (
        (max(units, 0) - (rows["held"].cumsum() - rows["held"]))
        .clip(lower=0)
        .clip(upper=rows["held"])
        .astype("int64")
    )
    rows, taken = rows[taken > 0], taken[taken > 0]
    if rows.empty:
        return 0
    whole = taken == rows["held"]
    if whole.any():
        _close(connection, actor, rows[whole], now)
    _move(connection, actor, rows[~whole], -taken[~whole], now)
    for session_id, less in zip(rows.loc[~whole, "session_id"], taken[~whole], strict=True):
        mine = (f.sku_code == sku_code) & (f.session_id == session_id)
        connection.execute(
            update(flash_session).where(mine).values(quota=f.quota - int(less), account=actor.name, at=now)
        )
    facts = dict(zip(rows["session_id"], taken.tolist(), strict=True))
    audit.record(connection, actor, now, "warmup.session_release", f"{campaign_id}/{sku_code}", None, facts)
    return int(taken.sum())


def close_ended(db: Database, actor: Actor, now: datetime) -> int:
    """Closes every locked session whose end has passed; returns the units that went back. Safe to ask again
    and again."""
    allow(actor, "warmup.edit")
    ended = (flash_session.c.state == "locked") & (flash_session.c.ends_at <= now)
    with db.reading() as connection:  # nearly always nothing: that costs no write lock
        if connection.execute(select(flash_session.c.session_id).where(ended).limit(1)).first() is None:
            return 0
    with db.writing() as connection:
        one_at_a_time(connection, _WRITER)
        rows = _sessions(connection, ended)
        return _close(connection, actor, rows, now) if len(rows) else 0


def draw(connection: Connection, wanted: Mapping[str, int], account: str, now: datetime) -> dict[str, int]:
    """For the sale, inside its transaction: units of the running sessions that orders may have now, by SKU,
    no longer locked afterwards.

    `wanted`: units ordered by SKU. Of two running sessions of a SKU the one that ends first gives first. Only
    SKUs that get something come back.
    """
    if not find(connection, flash_session, ("session_id",), {"state": "locked"}, "sku_code", wanted):
        return {}  # nearly always, and asked with every batch
    f = flash_session.c
    running = (f.state == "locked") & (f.starts_at <= now) & (f.ends_at > now) & (f.sold < f.quota)
    rows = _sessions(connection, running & keyed(f.sku_code, wanted, connection))
    rows = rows.sort_values(["sku_code", "ends_at", "session_id"])
    if rows.empty:
        return {}
    reached = rows.groupby("sku_code")["held"].cumsum()
    asked = rows["sku_code"].map(dict(wanted)).clip(lower=0)
    taken = (asked - (reached - rows["held"])).clip(lower=0).clip(upper=rows["held"]).astype("int64")
    rows, taken = rows[taken > 0], taken[taken > 0]
    actor = Actor(account, "admin", "http")
    _move(connection, actor, rows, -taken, now)
    for code, session_id, units in zip(rows["sku_code"], rows["session_id"], taken, strict=True):
        mine = (f.sku_code == code) & (f.session_id == session_id)
        connection.execute(update(flash_session).where(mine).values(sold=f.sold + int(units)))
    return {str(code): int(units) for code, units in taken.groupby(rows["sku_code"]).sum().items()}


def check(connection: Connection) -> dict[str, list[str]]:
    """Invariant: what each session holds is what its movements say, and nothing is left of closed ones."""
    rows = _sessions(connection, flash_session.c.state != "")
    m = stock_movement.c
    sums = (
        select(m.source_id, func.sum(m.activity_locked).label("units"))
        .where(m.cause == "session")
        .group_by(m.source_id)
    )
    moved = read(connection, sums).set_index("source_id")["units"].astype("int64")
    held = rows.set_index(rows["session_id"].map(_source))["held"]
    apart = held.sub(moved, fill_value=0)
    return {"locks_are_movements": [str(source) for source in apart.index[apart != 0]]}


def _source(session_id: str) -> str:
    return f"session:{session_id}"


def _sessions(connection: Connection, where: object) -> pd.DataFrame:
    """Sessions by start with `held`: what a locked one has not sold yet."""
    columns = [column for column in flash_session.columns if column.name not in {"account", "at"}]
    query = select(*columns).where(where).order_by(flash_session.c.starts_at, flash_session.c.session_id)  # type: ignore[arg-type]
    frame = read(connection, query)
    return frame.assign(
        held=(frame["quota"] - frame["sold"]).where(frame["state"] == "locked", 0).astype("int64")
    )


def _named(connection: Connection, session_ids: Sequence[str], states: set[str]) -> pd.DataFrame:
    rows = _sessions(connection, keyed(flash_session.c.session_id, session_ids, connection))
    unknown = set(session_ids) - set(rows["session_id"])
    if unknown or not session_ids:
        raise ShopError("warmup.session_unknown", session=" ".join(sorted(unknown)))
    wrong = rows[~rows["state"].isin(states)]
    if len(wrong):
        raise ShopError(
            "warmup.session_state", session=str(wrong["name"].iloc[0]), state=str(wrong["state"].iloc[0])
        )
    return rows


def _free(connection: Connection, codes: Sequence[str], *, with_held: bool) -> pd.Series:
    """Units that sessions may promise, by SKU: available to promise, and what sessions themselves hold when
    asked."""
    free = (
        stock.levels(connection, list(codes))["available_to_promise"]
        .reindex(list(codes))
        .fillna(0)
        .astype("int64")
    )
    if with_held:
        held = (
            _sessions(connection, keyed(flash_session.c.sku_code, codes, connection))
            .groupby("sku_code")["held"]
            .sum()
        )
        free = free.add(held, fill_value=0).astype("int64")
    return free


def _shortages(connection: Connection, codes: Sequence[str], now: datetime) -> pd.DataFrame:
    """As `rules.shortages`, over every campaign's sessions of these SKUs."""
    rows = _sessions(connection, keyed(flash_session.c.sku_code, codes, connection))
    return rules.shortages(rows, _free(connection, codes, with_held=True), now)


def _move(connection: Connection, actor: Actor, rows: pd.DataFrame, units: pd.Series, now: datetime) -> None:
    """Posts units of activity locked, each session as its own source."""
    for session_id, code, quantity in zip(rows["session_id"], rows["sku_code"], units, strict=True):
        moved = pd.DataFrame(
            {"sku_code": [code], "state": "activity_locked", "quantity": [int(quantity)], "expected_on": ""}
        )
        stock.post(connection, moved, actor, source_id=_source(session_id), cause="session", now=now)


def _set(connection: Connection, rows: pd.DataFrame, actor: Actor, now: datetime, **values: object) -> None:
    mine = keyed(flash_session.c.session_id, rows["session_id"], connection)
    connection.execute(update(flash_session).where(mine).values(account=actor.name, at=now, **values))


def _close(connection: Connection, actor: Actor, rows: pd.DataFrame, now: datetime) -> int:
    _move(connection, actor, rows, -rows["held"], now)
    _set(connection, rows, actor, now, state="closed")
    units = int(rows["held"].sum())
    audit.record(
        connection,
        actor,
        now,
        "warmup.session_close",
        " ".join(rows["session_id"]),
        None,
        {"returned": units},
    )
    return units
