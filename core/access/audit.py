"""The audit trail: append-only, each row sealed by the digest of the row before, written in the transaction
of the change.

What the chain finds: any single row edited, deleted or moved, and a tail cut off (the head is sealed with the
shop's key). What it cannot find: somebody who holds the key rewriting everything, and a whole older state of
the database put back, seal included. Against these keep the head's number and digest somewhere else: `check`
and every backup print them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import orjson
import pandas as pd
from sqlalchemy import ColumnElement, Connection, String, cast, func, or_, select, update

from core.access import keys
from core.access.rules import Actor
from core.access.tables import audit, audit_head
from core.database import Database, read
from core.database.locks import one_at_a_time
from core.database.types import Record
from core.errors import ShopError

GENESIS = "0" * 64
Found = TypeVar("Found")
_SHOWN = ("number", "at", "account", "role", "origin", "address", "action", "subject", "before", "after")


def record(
    connection: Connection,
    actor: Actor,
    now: datetime,
    action: str,
    subject: str,
    before: object = None,
    after: object = None,
) -> int:
    """Appends one row in the running transaction and returns its number.

    `before` and `after` are plain JSON values (no secrets, no masses: counts for an import, not its rows).
    The chain has one writer at a time, from here to the end of the transaction: call it last.
    """
    one_at_a_time(connection, "audit")
    last = connection.execute(
        select(audit.c.number, audit.c.digest).order_by(audit.c.number.desc()).limit(1)
    ).first()
    number, previous = (last.number + 1, last.digest) if last else (1, GENESIS)
    _require_sealed(connection, number - 1, previous)
    row = {
        "number": number,
        "at": now.astimezone(UTC),
        "account": actor.name,
        "role": actor.role,
        "origin": actor.origin,
        "address": actor.address,
        "action": action,
        "subject": subject,
        "before": _plain(before),
        "after": _plain(after),
        "previous": previous,
    }
    digest = seal(row)
    connection.execute(audit.insert().values(**row, digest=digest))
    _move_head(connection, number, digest)
    return number


def latest(connection: Connection, leaving_out: Iterable[str] = ()) -> int:
    """The number of the newest row; 0 without any. Actions of the packages in `leaving_out` ("session":
    session.sign_in …) do not count."""
    newest = select(audit.c.number).where(*_others(leaving_out)).order_by(audit.c.number.desc()).limit(1)
    return connection.scalar(newest) or 0


def latest_seal(connection: Connection, leaving_out: Iterable[str] = ()) -> str:
    """The seal of the newest row, as `latest` finds it; "" without any. It stands for everything recorded up to there, in this
    database and no other: what figures may be kept by that outlive a restore."""
    newest = select(audit.c.digest).where(*_others(leaving_out)).order_by(audit.c.number.desc()).limit(1)
    return connection.scalar(newest) or ""


@contextmanager
def prepared(
    db: Database, look: Callable[[Connection], Found], leaving_out: Iterable[str] = ()
) -> Iterator[tuple[Connection, Found]]:
    """A writing transaction with what `look` found: on a snapshot before the lock was taken, so that nobody
    who writes waits for it.

    Where somebody acted in between (an audit row of a package not left out) it looks again inside. Events of a
    sale are no acts: by them alone what was found may be as old as the looking took, like every figure a
    moment after it is stored.
    """
    with db.reading() as connection:
        last_sequence, preparation = latest(connection, leaving_out), look(connection)
    with db.writing() as connection:
        yield (
            connection,
            preparation if latest(connection, leaving_out) == last_sequence else look(connection),
        )


def deeds(
    connection: Connection, *, since: datetime, leaving_out: Iterable[str] = (), limit: int
) -> pd.DataFrame:
    """What was done since then, by action and account, the newest first: action, account, count, at (of the
    last). `leaving_out` as in `latest`."""
    a = audit.c
    last = func.max(a.number)
    query = select(a.action, a.account, func.count().label("count"), func.max(a.at).label("at"))
    query = query.where(a.at >= since, *_others(leaving_out)).group_by(a.action, a.account)
    return read(connection, query.order_by(last.desc()).limit(limit))


def _others(rooms: Iterable[str]) -> list[ColumnElement[bool]]:
    """Rows of every other package than these."""
    return [audit.c.action.not_like(f"{room}.%") for room in rooms]


def seal(row: Record) -> str:
    """SHA-256 over the row's canonical JSON (sorted keys, UTC moment to the microsecond), `previous`
    included, `digest` not."""
    body = {
        str(key): value for key, value in row.items() if key != "digest"
    }  # str: SQLAlchemy hands reserved words over quoted
    body["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _move_head(connection: Connection, number: int, digest: str) -> None:
    seal, key_print = _head_seal(number, digest), keys.fingerprint()
    values = {"number": number, "digest": digest, "seal": seal, "key_print": key_print}
    if connection.execute(update(audit_head).where(audit_head.c.id == 1).values(**values)).rowcount == 0:
        connection.execute(audit_head.insert().values(id=1, **values))


def require_own_key(connection: Connection) -> None:
    """ShopError("access.other_key") where the database was sealed with another key than this machine's; asked
    at every start and before every row, so that a machine with another key writes nothing."""
    head = connection.execute(select(audit_head.c.key_print).where(audit_head.c.id == 1)).first()
    if head is not None and head.key_print != keys.fingerprint():
        raise ShopError("access.other_key", wanted=head.key_print, own=keys.fingerprint())


def _require_sealed(connection: Connection, number: int, digest: str) -> None:
    """The chain ends where its head says, sealed with our key; else another row would heal what was cut off.
    ShopError("access.other_key" | "access.seal_broken")."""
    require_own_key(connection)
    if _head_faults(connection, number, digest):
        raise ShopError("access.seal_broken", number=number)


def seal_anew(connection: Connection) -> None:
    """Seals the chain's present end with this shop's key, after a move to a new one; who calls it has found
    the chain whole."""
    at = head(connection)
    _move_head(connection, at["number"], at["digest"])


def _head_seal(number: int, digest: str) -> str:
    return hmac.digest(keys.derived("audit"), f"{number}:{digest}".encode(), "sha256").hex()


def faults(connection: Connection) -> list[dict[str, object]]:
    """Every row that was edited, deleted or moved, empty when the chain is whole: [{"number", "fault"}].

    "edited": the row no longer gives its digest; "broken": it does not follow from the row before; "missing":
    a number is gone; "cut": the chain does not end where its sealed head says; "unsealed": the head was not
    sealed with this shop's key.
    """
    broken: list[dict[str, object]] = []
    previous, expected = GENESIS, 1
    for row in connection.execute(
        select(audit).order_by(audit.c.number).execution_options(yield_per=1000)
    ).mappings():
        if row["number"] != expected:
            broken.append({"number": expected, "fault": "missing"})
        if row["previous"] != previous:
            broken.append({"number": row["number"], "fault": "broken"})
        if seal(dict(row)) != row["digest"]:
            broken.append({"number": row["number"], "fault": "edited"})
        previous, expected = row["digest"], row["number"] + 1
    return broken + _head_faults(connection, expected - 1, previous)


def _head_faults(connection: Connection, number: int, digest: str) -> list[dict[str, object]]:
    head = connection.execute(select(audit_head).where(audit_head.c.id == 1)).first()
    if head is None:
        return [{"number": number, "fault": "unsealed"}] if number else []
    whole = (head.number, head.digest) == (number, digest)
    sealed = hmac.compare_digest(head.seal, _head_seal(head.number, head.digest))
    holds = {"cut": whole, "unsealed": sealed}
    return [{"number": head.number, "fault": fault} for fault, right in holds.items() if not right]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows that match all that is said here: `text` is looked for in subject, account, action and the values before
    and after; `account` and `subject` match exactly, `action` by its beginning ("price." or "price.approve");
    `since` <= at < `until`."""

    text: str = ""
    account: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


ALL = Wanted()


def search(
    connection: Connection, wanted: Wanted = ALL, *, limit: int | None = 500, sealed: bool = False
) -> pd.DataFrame:
    """The wanted rows, newest first (with `sealed`: oldest first, with their digests). Columns as in the table."""
    columns = list(audit.columns) if sealed else [audit.c[name] for name in _SHOWN]
    query = select(*columns).order_by(audit.c.number if sealed else audit.c.number.desc()).limit(limit)
    text = wanted.text
    if text:
        looked_in = (
            audit.c.subject,
            audit.c.account,
            audit.c.action,
            cast(audit.c.before, String),
            cast(audit.c.after, String),
        )
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in looked_in)))
    if wanted.account:
        query = query.where(audit.c.account == wanted.account)
    if wanted.action:
        query = query.where(audit.c.action.startswith(wanted.action, autoescape=True))
    if wanted.subject:
        query = query.where(audit.c.subject == wanted.subject)
    if wanted.since is not None:
        query = query.where(audit.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit.c.at < wanted.until)
    return read(connection, query)


def head(connection: Connection) -> Record:
    """Where the chain ends: {"number", "digest"}; noted elsewhere, it proves later that nothing before it was
    rewritten."""
    row = connection.execute(select(audit_head.c.number, audit_head.c.digest)).mappings().first()
    return dict(row) if row else {"number": 0, "digest": GENESIS}


def _plain(value: object) -> object:
    """As it will come back from JSON, so that the seal is the same before and after storing."""
    if value is None:
        return None
    option = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    return orjson.loads(orjson.dumps(value, default=str, option=option))
