"""How a subject stands with its inputs of the moment: an approval holds the digest of (kind, subject, inputs), and
fits nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import orjson
import pandas as pd
from sqlalchemy import Connection, Row, select

from core.access.tables import approval
from core.database import keyed
from core.database.types import plain

Standing = Literal["none", "requested", "approved", "refused", "expired"]


def digest(kind: str, subject: str, inputs: Mapping[str, object]) -> str:
    """SHA-256 of what is approved. Inputs are plain JSON values (NumPy scalars are taken as the Python ones);
    their order is nothing."""
    body = {"kind": kind, "subject": subject, "inputs": plain_inputs(inputs)}
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def plain_inputs(inputs: Mapping[str, object]) -> dict[str, object]:
    """The inputs as they will come back from JSON."""
    cleaned = {
        str(key): value if isinstance(value, list | dict) else plain(value) for key, value in inputs.items()
    }
    return dict(
        orjson.loads(
            orjson.dumps(cleaned, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
        )
    )


def standing(connection: Connection, kind: str, subject: str, inputs: Mapping[str, object]) -> Standing:
    """How the subject stands with these very inputs: "approved" only if the newest approval was given for
    exactly them."""
    newest = latest(connection, kind, [subject]).get(subject)
    return "none" if newest is None else _state(newest, digest(kind, subject, inputs))


def standings(connection: Connection, kind: str, inputs: pd.DataFrame) -> pd.Series:
    """`standing` of many: a frame whose index is the subject and whose columns are the inputs; a series of
    states on that index.

    Only subjects that have an approval cost anything.
    """
    states = pd.Series("none", index=inputs.index, dtype="str")
    newest = latest(connection, kind, inputs.index)
    known = inputs.loc[inputs.index.isin(list(newest))]
    for subject, row in zip(known.index, known.to_dict("records"), strict=True):
        states.at[subject] = _state(
            newest[subject], digest(kind, subject, {str(key): value for key, value in row.items()})
        )
    return states


def latest(connection: Connection, kind: str, subjects: Any) -> dict[str, Row[object]]:
    """The newest approval of each subject that has one."""
    query = select(approval).where(approval.c.kind == kind, keyed(approval.c.subject, subjects, connection))
    return {
        row.subject: row for row in connection.execute(query.order_by(approval.c.requested_at, approval.c.id))
    }


def _state(row: Row[object], wanted: str) -> Standing:
    return row.state if row.inputs_digest == wanted else "expired"
