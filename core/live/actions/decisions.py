"""Acting in the sale: what is advised, what was done by whom with which figures in view, pinned to the curve
afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import Connection, bindparam, select

from core.access import Actor, allow, allowed, audit
from core.campaign import service as campaigns
from core.database import Database, insert, keyed, new_id, read
from core.database.locks import one_at_a_time
from core.database.types import Record
from core.errors import ShopError
from core.goods.tables import sku
from core.live.actions import advice as acts
from core.live.actions import effects
from core.live.actions.advice import DONE as DONE
from core.live.actions.effects import Act
from core.live.snapshot import service
from core.live.snapshot.cache import live_cache
from core.live.tables import decision
from core.stock import service as stock
from core.ttl_cache import TtlCache
from core.warmup.flash_sale import service as selling

ADVISED_S = 5.0  # how old the grouped actions of a running sale may be
_causes: TtlCache[tuple[pd.DataFrame, pd.DataFrame]] = live_cache(ADVISED_S)


def advice(db: Database, actor: Actor, campaign_id: str, at: datetime) -> pd.DataFrame:
    """Ranked actions at a moment, as `acts.ranked`, less those that are in force; each with its rank
    (acts.RANKS), and without margins for those who may not see them."""
    allow(actor, "live.view")
    return _seen_by(actor, _advised(db, campaign_id, at))


def _advised(db: Database, campaign_id: str, at: datetime) -> pd.DataFrame:
    picture = service.draw(db, campaign_id, at)
    with db.reading() as connection:
        held = selling.held(connection, picture.scope.campaign_id)
        taken = {(row["act"], row["sku_code"]) for row in _standing(connection, campaign_id, at)}
        table = acts.ranked(picture.goods, acts.pace_of(picture), held)
        if (picture.goods["label"] == "sold_out").any():
            table = pd.concat([table, _temporary(connection, picture.goods.index)], ignore_index=True)
    done = [pair in taken for pair in zip(table["act"], table["sku_code"], strict=True)]
    table = table[~np.array(done, dtype=bool)].reset_index(drop=True)
    return table.assign(rank=acts.rank_words(table["per_minute"].astype(float)))


def _seen_by(actor: Actor, table: pd.DataFrame) -> pd.DataFrame:
    """The table without what only those with costs may see."""
    return table if allowed(actor, "margin.view") else table.drop(columns=_COSTS, errors="ignore")


_COSTS = ["margin_effect", "per_minute"]


def _temporary(connection: Connection, lineup: pd.Index) -> pd.DataFrame:
    """Goods with stock that are not in the sale yet, as `acts.temporary`."""
    query = select(sku.c.sku_code, sku.c.name).where(sku.c.retired_at.is_(None))
    names = read(connection, query).set_index("sku_code")["name"]
    free = stock.levels(connection)["available_to_promise"].reindex(names.index).fillna(0)
    return acts.temporary(free, lineup, names)


def causes(db: Database, actor: Actor, campaign_id: str, at: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(the causes of the ranked actions, as `acts.causes`, the actions as `advice` with `group`, the tier of
    their cause), read once in ADVISED_S seconds for everybody who looks."""
    allow(actor, "live.view")
    key = db.url, campaign_id, int(at.timestamp() // ADVISED_S)
    groups, table = _causes.get(key, lambda: _grouped(_advised(db, campaign_id, at)))
    return _seen_by(actor, groups), _seen_by(actor, table)


def _grouped(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return acts.causes(table), table.assign(group=table["tier"].where(table["tier"].isin(acts.PUSHED), ""))


def may(actor: Actor, name: str, *, drill: bool) -> bool:
    """Whether somebody may do an act, or take it back: with the rights of the package that owns it; a rehearsal
    only records."""
    return allowed(actor, "live.act") and (drill or allowed(actor, acts.NEEDS[name]))


def act(
    db: Database, actor: Actor, campaign_id: str, chosen: Act, now: datetime, at: datetime | None = None
) -> str:
    """Does what this application can do itself, through the package that owns it, and writes the decision down, both
    or neither; returns the decision's id. `at`: sale time, in a rehearsal.

    release opens units of the sale's sessions, cap and take_down mark the page (the label feed carries it),
    swap changes the two SKUs' tiers, raise_price and cut_price set the sale price (floors and approvals are
    the pricing package's), add_goods puts the SKU into the campaign. What is left for the platform's back office
    or the supplier stands in the log until it is ticked off (`tick`). A rehearsal only records.
    ShopError("live.unknown_act"), as `changes.do`, or what the other package refuses.
    """
    allow(actor, "live.act")
    if chosen.act not in acts.ACTS:
        raise ShopError("live.unknown_act", act=chosen.act)
    figures: Record = {"units": chosen.units, "price": chosen.price, "partner": chosen.partner}
    with _deciding(db) as connection:
        if _drill(connection, campaign_id):
            figures |= {"to_do": "", "was": {}, "set": {}}
        else:
            allow(actor, acts.NEEDS[chosen.act])
            figures |= {"to_do": acts.OUTSIDE[chosen.act]} | effects.do(
                connection, actor, campaign_id, chosen, now
            )
        entry = Entry(campaign_id, at or now, chosen.act, chosen.sku_code, figures, chosen.note)
        return _note(connection, actor, entry, now)


def take_back(
    db: Database, actor: Actor, campaign_id: str, decision_id: str, now: datetime, at: datetime | None = None
) -> str:
    """Sets what a decision changed back to what it was, while it stands exactly as the decision left it: an
    act of its own in the log. Returns its id; `at` as in `act`.

    ShopError("live.no_way_back") for what cannot be taken back or has been already, "live.changed_since" when
    somebody touched it.
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
        if row not in effects.standing(connection, campaign_id, rows):
            raise ShopError("live.changed_since", sku_code=row["sku_code"])
        figures = {"of": decision_id, "act": row["act"], "to_do": "" if drill else acts.OUTSIDE[name]}
        figures |= effects.undo(connection, actor, campaign_id, row, now)
        entry = Entry(campaign_id, at or now, name, row["sku_code"], figures)
        return _note(connection, actor, entry, now, "live.take_back")


def tick(db: Database, actor: Actor, campaign_id: str, decision_id: str, now: datetime) -> None:
    """Ticks off what a decision left to be done by hand: an entry of its own in the log.
    ShopError("live.no_to_do")."""
    allow(actor, "live.act")
    with _deciding(db) as connection:
        row = next(
            (one for one in to_do(made(connection, campaign_id, now)) if one["decision_id"] == decision_id),
            None,
        )
        if row is None:
            raise ShopError("live.no_to_do", decision_id=decision_id)
        figures = {"of": decision_id, "act": row["act"]}
        _note(
            connection, actor, Entry(campaign_id, now, acts.DONE, row["sku_code"], figures), now, "live.tick"
        )


@contextmanager
def _deciding(db: Database) -> Iterator[Connection]:
    """The one transaction of a decision: what it does and its entry in the log stand together or not at all;
    decisions take turns."""
    with db.writing() as connection:
        one_at_a_time(connection, "decisions")
        yield connection
    service.forget()


class Entry(NamedTuple):
    """One line of the log of decisions; `at` is sale time."""

    campaign_id: str
    at: datetime
    act: str
    sku_code: str
    figures: Record
    note: str = ""


def _note(connection: Connection, actor: Actor, entry: Entry, now: datetime, word: str = "live.act") -> str:
    """Writes an entry into the log, and its audit row; returns the entry's id."""
    row = {"decision_id": new_id(), "account": actor.name, **entry._asdict()}
    insert(connection, decision, pd.DataFrame([row]))
    subject, after = f"{entry.campaign_id}/{entry.sku_code}", {"act": entry.act, **entry.figures}
    audit.record(connection, actor, now, word, subject, None, after)
    return str(row["decision_id"])


def _drill(connection: Connection, campaign_id: str) -> bool:
    return bool(campaigns.standing(connection, campaign_id).rehearsal_of)


def to_do(rows: Sequence[Mapping[Any, object]]) -> list[Record]:
    """The decisions of `made` of which something is still to be done by hand, oldest first: with to_do
    ("back_office" | "replenishment"). Ticking a decision off and taking it back both close it; what taking it
    back leaves to be done is its own entry's."""
    left = [row for row in _unanswered(rows) if row["figures"].get("to_do")]
    return [row | {"to_do": row["figures"]["to_do"]} for row in reversed(left)]


def in_force(db: Database, actor: Actor, campaign_id: str, at: datetime) -> list[Record]:
    """The decisions that can be taken back at a moment, newest first: as `made`, with name (of the SKU) and
    back (what it is called)."""
    allow(actor, "live.view")
    with db.reading() as connection:
        rows = _standing(connection, campaign_id, at)
        codes = [row["sku_code"] for row in rows]
        names = read(
            connection, select(sku.c.sku_code, sku.c.name).where(keyed(sku.c.sku_code, codes, connection))
        )
    by_code = names.set_index("sku_code")["name"].to_dict()
    return [row | {"name": by_code.get(row["sku_code"], ""), "back": acts.BACK[row["act"]]} for row in rows]


def _standing(connection: Connection, campaign_id: str, at: datetime) -> list[Record]:
    return effects.standing(connection, campaign_id, _open(made(connection, campaign_id, at)))


def _open(rows: Sequence[Mapping[Any, object]]) -> list[Record]:
    """Decisions of a kind that can be taken back, and have not been."""
    return [
        row
        for row in _unanswered(rows, leaving_out=acts.DONE)
        if row["act"] in acts.BACK and "set" in row["figures"]
    ]


def _unanswered(rows: Sequence[Mapping[Any, Any]], leaving_out: str = "") -> list[Record]:
    """The decisions that no later entry speaks `of`; entries of one kind may be left out."""
    answered = {row["figures"].get("of") for row in rows if row["act"] != leaving_out}
    return [dict(row) for row in rows if row["decision_id"] not in answered]


def decisions(db: Database, actor: Actor, campaign_id: str, until: datetime) -> pd.DataFrame:
    """What was decided up to a moment, newest first: decision_id, at, account, act, sku_code, figures,
    note."""
    allow(actor, "live.view")
    with db.reading() as connection:
        return read(connection, _MADE.params(campaign_id=campaign_id, until=until))


def made(connection: Connection, campaign_id: str, until: datetime) -> list[dict[str, object]]:
    """As `decisions`, as plain rows."""
    return [
        dict(row)
        for row in connection.execute(_MADE, {"campaign_id": campaign_id, "until": until}).mappings()
    ]


def active_decisions(connection: Connection, campaign_id: str, until: datetime) -> list[dict[str, object]]:
    """As `made`, those that have not been taken back."""
    return _unanswered(made(connection, campaign_id, until), leaving_out=acts.DONE)


_MADE = (
    select(*(column for column in decision.columns if column.name != "campaign_id"))
    .where(decision.c.campaign_id == bindparam("campaign_id"), decision.c.at <= bindparam("until"))
    .order_by(decision.c.at.desc(), decision.c.decision_id.desc())
)


def as_record(row: Mapping[object, Any], note: str = "") -> Act:
    """An advised row as the act that it proposes."""
    price = None if pd.isna(row["price"]) else int(row["price"])
    return Act(str(row["act"]), str(row["sku_code"]), int(row["units"]), price, str(row["partner"]), note)
