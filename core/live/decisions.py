"""Acting in the sale: what is advised, what was done by whom with which figures in view, pinned to the curve afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, bindparam, select

from core.access import Actor, allow, allowed, audit
from core.campaign import service as campaigns
from core.database import Database, insert, new_id, read
from core.errors import ShopError
from core.goods import structure
from core.goods.tables import sku
from core.live import acts, service
from core.live.tables import decision
from core.pricing import prices
from core.stock import service as stock
from core.warmup import marks, selling


@dataclass(frozen=True, slots=True)
class Act:
    """One act on one SKU as it was advised: its units, the proposed price (fen, prices only), and why."""

    act: str
    sku_code: str
    units: int = 0
    price: int | None = None
    partner: str = ""
    note: str = ""


def advice(db: Database, actor: Actor, campaign_id: str, at: datetime) -> pd.DataFrame:
    """Ranked actions at a moment, as `acts.ranked`; without margins for those who may not see them."""
    allow(actor, "live.view")
    seen = service.draw(db, campaign_id, at)
    with db.reading() as connection:
        levels = stock.levels(connection)
        names = read(connection, select(sku.c.sku_code, sku.c.name).where(sku.c.retired_at.is_(None))).set_index("sku_code")[
            "name"
        ]
        held = selling.held(connection, seen.scope.campaign_id)
    table = acts.ranked(seen.goods, seen.share, held)
    if (seen.goods["label"] == "sold_out").any():
        free = levels["available_to_promise"].reindex(names.index).fillna(0)
        table = pd.concat([table, acts.temporary(free, seen.goods.index, names)], ignore_index=True)
    return table if allowed(actor, "margin.view") else table.drop(columns="margin_effect")


def act(db: Database, actor: Actor, campaign_id: str, chosen: Act, now: datetime, at: datetime | None = None) -> str:
    """Does what this house can do itself, through the room that owns it, and writes the decision down; returns its id. `at`: sale
    time, in a rehearsal.

    release opens units of the sale's sessions, cap and take_down mark the page (the label feed carries it), swap changes the two
    SKUs' tiers, raise_price and cut_price set the sale price (floors and approvals are the pricing room's), add_goods puts the SKU
    into the campaign. What is left for the platform's back office or the supplier stands in the log until it is ticked off (`tick`).
    A rehearsal only records. ShopError("live.unknown_act" | "live.nothing_locked" | "live.no_partner"), or what the other room refuses.
    """
    allow(actor, "live.act")
    if chosen.act not in acts.ACTS:
        raise ShopError("live.unknown_act", act=chosen.act)
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
    drill = bool(mine.rehearsal_of)
    if not drill:
        _do(db, actor, campaign_id, chosen, now)
    figures = {
        "units": chosen.units,
        "price": chosen.price,
        "partner": chosen.partner,
        "to_do": "" if drill else acts.OUTSIDE[chosen.act],
    }
    return _noted(db, actor, campaign_id, chosen.act, chosen.sku_code, figures, chosen.note, now, at or now)


def tick(db: Database, actor: Actor, campaign_id: str, decision_id: str, now: datetime, note: str = "") -> None:
    """Ticks off what a decision left to be done by hand: an entry of its own in the log. ShopError("live.no_to_do")."""
    allow(actor, "live.act")
    with db.reading() as connection:
        waiting = to_do(made(connection, campaign_id, now))
    row = next((row for row in waiting if row["decision_id"] == decision_id), None)
    if row is None:
        raise ShopError("live.no_to_do", decision_id=decision_id)
    _noted(db, actor, campaign_id, acts.DONE, row["sku_code"], {"of": decision_id, "act": row["act"]}, note, now, now)


def _noted(
    db: Database,
    actor: Actor,
    campaign_id: str,
    name: str,
    sku_code: str,
    figures: Mapping[str, Any],
    note: str,
    now: datetime,
    at: datetime,
) -> str:
    """One entry of the log, and its audit row."""
    row = {
        "decision_id": new_id(),
        "campaign_id": campaign_id,
        "at": at,
        "account": actor.name,
        "act": name,
        "sku_code": sku_code,
    }
    with db.writing() as connection:
        insert(connection, decision, pd.DataFrame([row | {"figures": dict(figures), "note": note}]))
        word = "live.tick" if name == acts.DONE else "live.act"
        audit.record(connection, actor, now, word, f"{campaign_id}/{sku_code}", None, {"act": name, **figures})
    service.forget()
    return str(row["decision_id"])


def to_do(rows: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """The decisions of `made` of which something is still to be done by hand, oldest first: with to_do ("back_office" | "replenishment")."""
    done = {row["figures"].get("of") for row in rows if row["act"] == acts.DONE}
    left = [row for row in rows if row["figures"].get("to_do") and row["decision_id"] not in done]
    return [dict(row) | {"to_do": row["figures"]["to_do"]} for row in reversed(left)]


def _do(db: Database, actor: Actor, campaign_id: str, chosen: Act, now: datetime) -> None:
    """The acts that change something in this house."""
    code = chosen.sku_code
    if chosen.act == "release":
        if not selling.release(db, actor, campaign_id, code, chosen.units, now):
            raise ShopError("live.nothing_locked", sku_code=code)
    elif chosen.act == "cap":
        marks.mark(db, actor, campaign_id, code, now, limit=acts.CAP)
    elif chosen.act == "take_down":
        marks.mark(db, actor, campaign_id, code, now, off_sale=True)
    elif chosen.act == "swap":
        _swap(db, actor, campaign_id, chosen, now)
    elif chosen.act in ("raise_price", "cut_price") and chosen.price is not None:
        with db.reading() as connection:
            seen = structure.standing(connection, campaign_id, [code])[["version"]]
        prices.set_prices(
            db, actor, campaign_id, seen.assign(sale_price=pd.array([chosen.price] * len(seen), dtype="Int64")), now=now
        )
    elif chosen.act == "add_goods":
        structure.enter(db, actor, campaign_id, [code], now=now)


def _swap(db: Database, actor: Actor, campaign_id: str, chosen: Act, now: datetime) -> None:
    """The partner takes the SKU's tier, the SKU becomes regular; both rows of the goods structure or none."""
    codes = [chosen.sku_code, chosen.partner]
    with db.reading() as connection:
        seen = structure.standing(connection, campaign_id, codes)
    if not chosen.partner or any(code not in seen.index for code in codes):
        raise ShopError("live.no_partner", sku_code=chosen.sku_code)
    tier = str(seen.loc[chosen.sku_code, "tier"])
    changes = pd.DataFrame({"key": codes, "field": "tier", "after": ["regular", "main_push" if tier == "regular" else tier]})
    structure.edit(db, actor, campaign_id, changes, {code: int(seen["version"][code]) for code in codes}, now=now)


def decisions(db: Database, actor: Actor, campaign_id: str, until: datetime) -> pd.DataFrame:
    """What was decided up to a moment, newest first: decision_id, at, account, act, sku_code, figures, note."""
    allow(actor, "live.view")
    with db.reading() as connection:
        return read(connection, _MADE.params(campaign_id=campaign_id, until=until))


def made(connection: Connection, campaign_id: str, until: datetime) -> list[dict[str, Any]]:
    """As `decisions`, as plain rows."""
    return [dict(row) for row in connection.execute(_MADE, {"campaign_id": campaign_id, "until": until}).mappings()]


_MADE = (
    select(*(column for column in decision.columns if column.name != "campaign_id"))
    .where(decision.c.campaign_id == bindparam("campaign_id"), decision.c.at <= bindparam("until"))
    .order_by(decision.c.at.desc())
)


def as_record(row: Mapping[Any, Any], note: str = "") -> Act:
    """An advised row as the act that it proposes."""
    price = None if pd.isna(row["price"]) else int(row["price"])
    return Act(str(row["act"]), str(row["sku_code"]), int(row["units"]), price, str(row["partner"]), note)
