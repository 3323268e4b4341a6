"""Two-person approval: asked for by one, decided by another, worth nothing as soon as an input moves.

    approvals.request(connection, actor, now, "price_floor", subject, inputs, reason)     in the asking room's transaction
    approvals.decide(db, actor, approval_id, "approved", note, now)                       by another person with the role
    approvals.standing(connection, "price_floor", subject, inputs_now)                    "approved" or not, asked at every use

An approval holds the digest of (kind, subject, inputs). `standing` compares it with the inputs of the moment, so an edit, an import
or a copy under another subject needs no hook to undo it: it simply no longer fits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import orjson
import pandas as pd
from sqlalchemy import Connection, Row, select

from core.access import audit
from core.access.accounts import NOBODYS_NAME
from core.access.rules import APPROVALS, Actor, allow, allowed
from core.access.tables import approval
from core.database import Database, keyed, new_id, read
from core.database.locks import one_at_a_time
from core.database.types import plain
from core.errors import ShopError

Standing = Literal["none", "requested", "approved", "refused", "expired"]
Verdict = Literal["approved", "refused"]


def digest(kind: str, subject: str, inputs: Mapping[str, Any]) -> str:
    """SHA-256 of what is approved. Inputs are plain JSON values (NumPy scalars are taken as the Python ones); their order is nothing."""
    body = {"kind": kind, "subject": subject, "inputs": _plain(inputs)}
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(inputs: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = {str(key): value if isinstance(value, list | dict) else plain(value) for key, value in inputs.items()}
    return dict(orjson.loads(orjson.dumps(cleaned, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)))


def request(
    connection: Connection, actor: Actor, now: datetime, kind: str, subject: str, inputs: Mapping[str, Any], reason: str
) -> str:
    """Asks for approval in the running transaction and returns its id; asking again for the same inputs is the same request.

    An open request for other inputs of the subject expires. ShopError("access.denied" | "approval.no_reason").
    """
    allow(actor, APPROVALS[kind][0])
    if not reason.strip():
        raise ShopError("approval.no_reason")
    one_at_a_time(connection, f"approval:{kind}:{subject}")
    wanted, latest = digest(kind, subject, inputs), _latest(connection, kind, [subject]).get(subject)
    if latest is not None and latest.state == "requested":
        if latest.inputs_digest == wanted:
            return str(latest.id)
        _expire(connection, actor, now, latest)
    row = {"id": new_id(), "kind": kind, "subject": subject, "inputs": _plain(inputs), "inputs_digest": wanted}
    asked = {"requested_by": actor.name, "requested_at": now, "reason": reason.strip(), "state": "requested"}
    connection.execute(approval.insert().values(**row, **asked))
    audit.record(
        connection, actor, now, "approval.request", f"{kind}:{subject}", None, {"id": row["id"], "reason": reason.strip()}
    )
    return str(row["id"])


def decide(db: Database, actor: Actor, approval_id: str, verdict: Verdict, note: str, now: datetime) -> None:
    """Approves or refuses an open request.

    ShopError("approval.unknown" | "access.denied" | "approval.own" | "approval.nameless" | "approval.settled").
    """
    allow(actor, "approval.view")
    with db.writing() as connection:
        settle(connection, actor, approval_id, verdict, note, now)


def settle(connection: Connection, actor: Actor, approval_id: str, verdict: Verdict, note: str, now: datetime) -> None:
    """`decide` within a running transaction, for a room that acts on the approval at once."""
    row = connection.execute(select(approval).where(approval.c.id == approval_id)).first()
    if row is None:
        raise ShopError("approval.unknown", id=approval_id)
    allow(actor, APPROVALS[row.kind][1])
    if actor.name == NOBODYS_NAME:
        raise ShopError("approval.nameless")
    if actor.name == row.requested_by:
        raise ShopError("approval.own")
    if verdict not in ("approved", "refused"):
        raise ValueError(verdict)
    still_open = approval.update().where(approval.c.id == approval_id, approval.c.state == "requested")
    if (
        connection.execute(still_open.values(state=verdict, decided_by=actor.name, decided_at=now, note=note.strip())).rowcount
        == 0
    ):
        raise ShopError("approval.settled", state=row.state, by=row.decided_by)
    audit.record(
        connection,
        actor,
        now,
        f"approval.{verdict}",
        f"{row.kind}:{row.subject}",
        "requested",
        {"id": row.id, "note": note.strip()},
    )


def withdraw(connection: Connection, actor: Actor, approval_id: str, now: datetime) -> None:
    """Closes an open request undecided, by whoever may ask for such a thing. ShopError("approval.unknown" | "access.denied" | "approval.settled")."""
    row = connection.execute(select(approval).where(approval.c.id == approval_id)).first()
    if row is None:
        raise ShopError("approval.unknown", id=approval_id)
    allow(actor, APPROVALS[row.kind][0])
    if row.state != "requested":
        raise ShopError("approval.settled", state=row.state, by=row.decided_by)
    _expire(connection, actor, now, row)


def standing(connection: Connection, kind: str, subject: str, inputs: Mapping[str, Any]) -> Standing:
    """How the subject stands with these very inputs: "approved" only if the newest approval was given for exactly them."""
    latest = _latest(connection, kind, [subject]).get(subject)
    return "none" if latest is None else _state(latest, digest(kind, subject, inputs))


def standings(connection: Connection, kind: str, inputs: pd.DataFrame) -> pd.Series:
    """`standing` of many: a frame whose index is the subject and whose columns are the inputs; a series of states on that index.

    Only subjects that have an approval cost anything.
    """
    states = pd.Series("none", index=inputs.index, dtype="str")
    latest = _latest(connection, kind, inputs.index)
    known = inputs.loc[inputs.index.isin(list(latest))]
    for subject, row in zip(known.index, known.to_dict("records"), strict=True):
        states.at[subject] = _state(latest[subject], digest(kind, subject, {str(key): value for key, value in row.items()}))
    return states


def listed(db: Database, actor: Actor, state: str = "requested", limit: int = 500) -> pd.DataFrame:
    """Approvals in a state ("" = all), newest first, as the person may see them: id, kind, subject, inputs, reason, requested_by,
    requested_at, state, decided_by, decided_at, note, may_decide. The inputs (costs, margins) only to who may ask or decide."""
    allow(actor, "approval.view")
    shown = [column for column in approval.columns if column.name != "inputs_digest"]
    query = select(*shown).order_by(approval.c.requested_at.desc(), approval.c.id.desc()).limit(limit)
    with db.reading() as connection:
        frame = read(connection, query.where(approval.c.state == state) if state else query)
    seeing = frame["kind"].map({kind: any(allowed(actor, action) for action in pair) for kind, pair in APPROVALS.items()})
    deciding = frame["kind"].map({kind: allowed(actor, pair[1]) for kind, pair in APPROVALS.items()})
    another = (frame["requested_by"] != actor.name) & (actor.name != NOBODYS_NAME)
    may_decide = deciding.astype(bool) & another & (frame["state"] == "requested")
    return frame.assign(inputs=frame["inputs"].where(seeing.astype(bool), None), may_decide=may_decide)


def faults(connection: Connection) -> list[dict[str, Any]]:
    """Approvals that were tampered with: [{"id", "fault"}], "edited" where the inputs no longer give the digest, "own" where one
    person asked and decided."""
    found = []
    for row in connection.execute(select(approval)):
        if digest(row.kind, row.subject, row.inputs) != row.inputs_digest:
            found.append({"id": row.id, "fault": "edited"})
        if row.state in ("approved", "refused") and row.decided_by in ("", row.requested_by):
            found.append({"id": row.id, "fault": "own"})
    return found


def _latest(connection: Connection, kind: str, subjects: Any) -> dict[str, Row[Any]]:
    """The newest approval of each subject that has one."""
    query = select(approval).where(approval.c.kind == kind, keyed(approval.c.subject, subjects, connection))
    return {row.subject: row for row in connection.execute(query.order_by(approval.c.requested_at, approval.c.id))}


def _state(row: Row[Any], wanted: str) -> Standing:
    return row.state if row.inputs_digest == wanted else "expired"


def _expire(connection: Connection, actor: Actor, now: datetime, row: Row[Any]) -> None:
    connection.execute(
        approval.update().where(approval.c.id == row.id, approval.c.state == "requested").values(state="expired", decided_at=now)
    )
    audit.record(connection, actor, now, "approval.expire", f"{row.kind}:{row.subject}", row.state, {"id": row.id})
