"""Two-person approval: asked for by one, decided by another, worth nothing as soon as an input moves.

    approvals.request(connection, actor, now, Request("price_floor", subject, inputs, reason))     in the asking package's transaction
    approvals.decide(db, actor, approval_id, Decision("approved", note), now)                by another person with the role
    approvals.standing(connection, "price_floor", subject, inputs_now)                    "approved" or not, asked at every use

An approval holds the digest of (kind, subject, inputs). `standing` compares it with the inputs of the moment,
so an edit, an import or a copy under another subject needs no hook to undo it: it simply no longer fits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd
from sqlalchemy import Connection, Row, select

from core.access import audit
from core.access.accounts import NOBODYS_NAME
from core.access.agreement import agreed, independence
from core.access.agreement.standings import Standing as Standing
from core.access.agreement.standings import digest as digest
from core.access.agreement.standings import latest as newest
from core.access.agreement.standings import plain_inputs
from core.access.agreement.standings import standing as standing
from core.access.agreement.standings import standings as standings
from core.access.rules import APPROVALS, INPUTS_SEEN_WITH, Actor, allow, allowed
from core.access.tables import approval
from core.database import Database, new_id, read
from core.database.locks import one_at_a_time
from core.errors import ShopError

Verdict = Literal["approved", "refused"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be approved, the very inputs it is approved for, and why."""

    kind: str
    subject: str
    inputs: Mapping[str, object]
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the second person says, and the note to it."""

    verdict: Verdict
    note: str


def request(connection: Connection, actor: Actor, now: datetime, question: Request) -> str:
    """Asks for approval in the running transaction and returns its id; asking again for the same inputs is
    the same request.

    An open request for other inputs of the subject expires. ShopError("access.denied" |
    "approval.no_reason").
    """
    allow(actor, APPROVALS[question.kind][0])
    if not question.reason.strip():
        raise ShopError("approval.no_reason")
    one_at_a_time(connection, f"approval:{question.kind}:{question.subject}")
    wanted, latest = (
        digest(question.kind, question.subject, question.inputs),
        newest(connection, question.kind, [question.subject]).get(question.subject),
    )
    if latest is not None and latest.state == "requested":
        if latest.inputs_digest == wanted:
            return str(latest.id)
        _expire(connection, actor, now, latest)
    row = {
        "id": new_id(),
        "kind": question.kind,
        "subject": question.subject,
        "inputs": plain_inputs(question.inputs),
        "inputs_digest": wanted,
    }
    asked = {
        "requested_by": actor.name,
        "requested_at": now,
        "reason": question.reason.strip(),
        "state": "requested",
    }
    connection.execute(approval.insert().values(**row, **asked))
    audit.record(
        connection,
        actor,
        now,
        "approval.request",
        f"{question.kind}:{question.subject}",
        None,
        {"id": row["id"], "reason": question.reason.strip()},
    )
    return str(row["id"])


def decide(db: Database, actor: Actor, approval_id: str, decision: Decision, now: datetime) -> None:
    """Approves or refuses an open request. ShopError("approval.unknown" | "access.denied" | "approval.own" |
    "approval.nameless" | "approval.same_hands" | "approval.settled")."""
    allow(actor, "approval.view")
    with db.writing() as connection:
        settle(connection, actor, approval_id, decision, now)


def settle(connection: Connection, actor: Actor, approval_id: str, decision: Decision, now: datetime) -> None:
    """`decide` within a running transaction, for a package that acts on the approval at once."""
    row = connection.execute(select(approval).where(approval.c.id == approval_id)).first()
    if row is None:
        raise ShopError("approval.unknown", id=approval_id)
    allow(actor, APPROVALS[row.kind][1])
    if actor.name == NOBODYS_NAME:
        raise ShopError("approval.nameless")
    if actor.name == row.requested_by:
        raise ShopError("approval.own")
    if decision.verdict not in ("approved", "refused"):
        raise ValueError(decision.verdict)
    if decision.verdict == "approved":
        independence.require_independent(connection, row.requested_by, actor.name, now)
    still_open = approval.update().where(approval.c.id == approval_id, approval.c.state == "requested")
    if (
        connection.execute(
            still_open.values(
                state=decision.verdict, decided_by=actor.name, decided_at=now, note=decision.note.strip()
            )
        ).rowcount
        == 0
    ):
        raise ShopError("approval.settled", state=row.state, by=row.decided_by)
    audit.record(
        connection,
        actor,
        now,
        f"approval.{decision.verdict}",
        f"{row.kind}:{row.subject}",
        "requested",
        {"id": row.id, "note": decision.note.strip()},
    )
    if decision.verdict == "approved" and row.kind in on_approval:
        on_approval[row.kind](connection, actor, row, now)


on_approval: dict[str, Callable[[Connection, Actor, Row[object], datetime], None]] = {}
"""What happens in the transaction of an approval itself, by kind; most kinds are asked for their standing instead."""


def ask_for_settings(connection: Connection, actor: Actor, now: datetime) -> str:
    """Asks a second person for the looser settings where they do not hold yet; the approval's id, "" where
    nothing waits or this person may not ask."""
    looser = agreed.loosened()
    if not looser or not allowed(actor, "settings.ask"):
        return ""
    if standing(connection, agreed.KIND, agreed.SUBJECT, looser) != "none":
        return ""
    reason = ", ".join(
        f"BIGSALE_{name.upper()} {before} -> {after}" for name, (before, after) in looser.items()
    )
    return request(connection, actor, now, Request(agreed.KIND, agreed.SUBJECT, looser, reason))


def withdraw(connection: Connection, actor: Actor, approval_id: str, now: datetime) -> None:
    """Closes an open request undecided, by whoever may ask for such a thing. ShopError("approval.unknown" |
    "access.denied" | "approval.settled")."""
    row = connection.execute(select(approval).where(approval.c.id == approval_id)).first()
    if row is None:
        raise ShopError("approval.unknown", id=approval_id)
    allow(actor, APPROVALS[row.kind][0])
    if row.state != "requested":
        raise ShopError("approval.settled", state=row.state, by=row.decided_by)
    _expire(connection, actor, now, row)


def listed(db: Database, actor: Actor, state: str = "requested") -> pd.DataFrame:
    """Approvals in a state ("" = all), newest first, as the person may see them: id, kind, subject, inputs,
    reason, requested_by, requested_at, state, decided_by, decided_at, note, may_decide. The inputs (costs,
    margins) only to who may decide, or ask and see them."""
    allow(actor, "approval.view")
    shown = [column for column in approval.columns if column.name != "inputs_digest"]
    query = select(*shown).order_by(approval.c.requested_at.desc(), approval.c.id.desc())
    with db.reading() as connection:
        frame = read(connection, query.where(approval.c.state == state) if state else query)
    shows = {kind: (INPUTS_SEEN_WITH.get(kind, asks), decides) for kind, (asks, decides) in APPROVALS.items()}
    seeing = frame["kind"].map(
        {kind: any(allowed(actor, action) for action in pair) for kind, pair in shows.items()}
    )
    deciding = frame["kind"].map({kind: allowed(actor, pair[1]) for kind, pair in APPROVALS.items()})
    another = (frame["requested_by"] != actor.name) & (actor.name != NOBODYS_NAME)
    may_decide = deciding.astype(bool) & another & (frame["state"] == "requested")
    return frame.assign(inputs=frame["inputs"].where(seeing.astype(bool), None), may_decide=may_decide)


def faults(connection: Connection) -> list[dict[str, object]]:
    """Approvals that were tampered with: [{"id", "fault"}], "edited" where the inputs no longer give the
    digest, "own" where one person asked and decided."""
    broken = []
    for row in connection.execute(select(approval)):
        if digest(row.kind, row.subject, row.inputs) != row.inputs_digest:
            broken.append({"id": row.id, "fault": "edited"})
        if row.state in ("approved", "refused") and row.decided_by in ("", row.requested_by):
            broken.append({"id": row.id, "fault": "own"})
    return broken


def _expire(connection: Connection, actor: Actor, now: datetime, row: Row[object]) -> None:
    still_open = approval.update().where(approval.c.id == row.id, approval.c.state == "requested")
    connection.execute(still_open.values(state="expired", decided_at=now))
    audit.record(
        connection, actor, now, "approval.expire", f"{row.kind}:{row.subject}", row.state, {"id": row.id}
    )
