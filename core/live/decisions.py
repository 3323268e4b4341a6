"""Acting in the sale: what is advised, what was done by whom with which figures in view, pinned to the curve afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, bindparam, select

from core.access import Actor, allow, allowed, audit
from core.campaign import service as campaigns
from core.database import Database, insert, keyed, new_id, read
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.goods.tables import sku
from core.live import acts, changes, service
from core.live.changes import Act
from core.live.tables import decision
from core.stock import service as stock
from core.warmup import selling


def advice(db: Database, actor: Actor, campaign_id: str, at: datetime) -> pd.DataFrame:
    """Ranked actions at a moment, as `acts.ranked`, less those that are in force; without margins for those who may not see them."""
    allow(actor, "live.view")
    seen = service.draw(db, campaign_id, at)
    with db.reading() as connection:
        levels = stock.levels(connection)
        names = read(connection, select(sku.c.sku_code, sku.c.name).where(sku.c.retired_at.is_(None))).set_index("sku_code")[
            "name"
        ]
        held = selling.held(connection, seen.scope.campaign_id)
        standing = {(row["act"], row["sku_code"]) for row in _standing(connection, campaign_id, at)}
    table = acts.ranked(seen.goods, seen.share, held)
    if (seen.goods["label"] == "sold_out").any():
        free = levels["available_to_promise"].reindex(names.index).fillna(0)
        table = pd.concat([table, acts.temporary(free, seen.goods.index, names)], ignore_index=True)
    done = [pair in standing for pair in zip(table["act"], table["sku_code"], strict=True)]
    table = table[~np.array(done, dtype=bool)].reset_index(drop=True)
    return table if allowed(actor, "margin.view") else table.drop(columns="margin_effect")


def may(actor: Actor, name: str, *, drill: bool) -> bool:
    """Whether somebody may do an act, or take it back: with the rights of the room that owns it; a rehearsal only records."""
    return allowed(actor, "live.act") and (drill or allowed(actor, acts.NEEDS[name]))


def act(db: Database, actor: Actor, campaign_id: str, chosen: Act, now: datetime, at: datetime | None = None) -> str:
    """Does what this house can do itself, through the room that owns it, and writes the decision down, both or neither; returns the
    decision's id. `at`: sale time, in a rehearsal.

    release opens units of the sale's sessions, cap and take_down mark the page (the label feed carries it), swap changes the two
    SKUs' tiers, raise_price and cut_price set the sale price (floors and approvals are the pricing room's), add_goods puts the SKU
    into the campaign. What is left for the platform's back office or the supplier stands in the log until it is ticked off (`tick`).
    A rehearsal only records. ShopError("live.unknown_act"), as `changes.do`, or what the other room refuses.
    """
    allow(actor, "live.act")
    if chosen.act not in acts.ACTS:
        raise ShopError("live.unknown_act", act=chosen.act)
    figures: dict[str, Any] = {"units": chosen.units, "price": chosen.price, "partner": chosen.partner}
    with _deciding(db) as connection:
        if _drill(connection, campaign_id):
            figures |= {"to_do": "", "was": {}, "set": {}}
        else:
            allow(actor, acts.NEEDS[chosen.act])
            figures |= {"to_do": acts.OUTSIDE[chosen.act]} | changes.do(connection, actor, campaign_id, chosen, now)
        return _note(connection, actor, campaign_id, chosen.act, chosen.sku_code, figures, chosen.note, now, at or now)


def take_back(db: Database, actor: Actor, campaign_id: str, decision_id: str, now: datetime, at: datetime | None = None) -> str:
    """Sets what a decision changed back to what it was, while it stands exactly as the decision left it: an act of its own in the log.
    Returns its id; `at` as in `act`.

    ShopError("live.no_way_back") for what cannot be taken back or has been already, "live.changed_since" when somebody touched it.
    """
    allow(actor, "live.act")
    with _deciding(db) as connection:
        rows = _open(made(connection, campaign_id, at or now))
        row = next((one for one in rows if one["decision_id"] == decision_id), None)
        if row is None:
            raise ShopError("live.no_way_back")
        name, drill = acts.BACK[row["act"]], _drill(connection, campaign_id)
        if not drill:
            allow(actor, acts.NEEDS[row["act"]])
        if row not in changes.standing(connection, campaign_id, rows):
            raise ShopError("live.changed_since", sku_code=row["sku_code"])
        figures = {"of": decision_id, "act": row["act"], "to_do": "" if drill else acts.OUTSIDE[name]}
        figures |= changes.undo(connection, actor, campaign_id, row, now)
        return _note(connection, actor, campaign_id, name, row["sku_code"], figures, "", now, at or now, "live.take_back")


def tick(db: Database, actor: Actor, campaign_id: str, decision_id: str, now: datetime, note: str = "") -> None:
    """Ticks off what a decision left to be done by hand: an entry of its own in the log. ShopError("live.no_to_do")."""
    allow(actor, "live.act")
    with _deciding(db) as connection:
        row = next((one for one in to_do(made(connection, campaign_id, now)) if one["decision_id"] == decision_id), None)
        if row is None:
            raise ShopError("live.no_to_do", decision_id=decision_id)
        figures = {"of": decision_id, "act": row["act"]}
        _note(connection, actor, campaign_id, acts.DONE, row["sku_code"], figures, note, now, now, "live.tick")


@contextmanager
def _deciding(db: Database) -> Iterator[Connection]:
    """The one transaction of a decision: what it does and its entry in the log stand together or not at all; decisions take turns."""
    with db.writing() as connection:
        one_at_a_time(connection, "decisions")
        yield connection
    service.forget()


def _note(
    connection: Connection,
    actor: Actor,
    campaign_id: str,
    name: str,
    sku_code: str,
    figures: Mapping[str, Any],
    note: str,
    now: datetime,
    at: datetime,
    word: str = "live.act",
) -> str:
    """One entry of the log, and its audit row; returns the entry's id."""
    row = {
        "decision_id": new_id(), "campaign_id": campaign_id, "at": at, "account": actor.name, "act": name, "sku_code": sku_code,
        "figures": dict(figures), "note": note,
    }  # fmt: skip
    insert(connection, decision, pd.DataFrame([row]))
    audit.record(connection, actor, now, word, f"{campaign_id}/{sku_code}", None, {"act": name, **figures})
    return str(row["decision_id"])


def _drill(connection: Connection, campaign_id: str) -> bool:
    return bool(campaigns.standing(connection, campaign_id).rehearsal_of)


def to_do(rows: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """The decisions of `made` of which something is still to be done by hand, oldest first: with to_do ("back_office" | "replenishment").

    Ticking a decision off and taking it back both close it; what taking it back leaves to be done is its own entry's.
    """
    left = [row for row in _unanswered(rows) if row["figures"].get("to_do")]
    return [row | {"to_do": row["figures"]["to_do"]} for row in reversed(left)]


def in_force(db: Database, actor: Actor, campaign_id: str, at: datetime) -> list[dict[str, Any]]:
    """The decisions that can be taken back at a moment, newest first: as `made`, with name (of the SKU) and back (what it is called)."""
    allow(actor, "live.view")
    with db.reading() as connection:
        rows = _standing(connection, campaign_id, at)
        codes = [row["sku_code"] for row in rows]
        names = read(connection, select(sku.c.sku_code, sku.c.name).where(keyed(sku.c.sku_code, codes, connection)))
    by_code = names.set_index("sku_code")["name"].to_dict()
    return [row | {"name": by_code.get(row["sku_code"], ""), "back": acts.BACK[row["act"]]} for row in rows]


def _standing(connection: Connection, campaign_id: str, at: datetime) -> list[dict[str, Any]]:
    return changes.standing(connection, campaign_id, _open(made(connection, campaign_id, at)))


def _open(rows: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Decisions of a kind that can be taken back, and have not been."""
    return [row for row in _unanswered(rows, leaving_out=acts.DONE) if row["act"] in acts.BACK and "set" in row["figures"]]


def _unanswered(rows: Sequence[Mapping[Any, Any]], leaving_out: str = "") -> list[dict[str, Any]]:
    """The decisions that no later entry speaks `of`; entries of one kind may be left out."""
    answered = {row["figures"].get("of") for row in rows if row["act"] != leaving_out}
    return [dict(row) for row in rows if row["decision_id"] not in answered]


def decisions(db: Database, actor: Actor, campaign_id: str, until: datetime) -> pd.DataFrame:
    """What was decided up to a moment, newest first: decision_id, at, account, act, sku_code, figures, note."""
    allow(actor, "live.view")
    with db.reading() as connection:
        return read(connection, _MADE.params(campaign_id=campaign_id, until=until))


def made(connection: Connection, campaign_id: str, until: datetime) -> list[dict[str, Any]]:
    """As `decisions`, as plain rows."""
    return [dict(row) for row in connection.execute(_MADE, {"campaign_id": campaign_id, "until": until}).mappings()]


def in_hand(connection: Connection, campaign_id: str, until: datetime) -> list[dict[str, Any]]:
    """As `made`, those that have not been taken back."""
    return _unanswered(made(connection, campaign_id, until), leaving_out=acts.DONE)


_MADE = (
    select(*(column for column in decision.columns if column.name != "campaign_id"))
    .where(decision.c.campaign_id == bindparam("campaign_id"), decision.c.at <= bindparam("until"))
    .order_by(decision.c.at.desc(), decision.c.decision_id.desc())
)


def as_record(row: Mapping[Any, Any], note: str = "") -> Act:
    """An advised row as the act that it proposes."""
    price = None if pd.isna(row["price"]) else int(row["price"])
    return Act(str(row["act"]), str(row["sku_code"]), int(row["units"]), price, str(row["partner"]), note)
