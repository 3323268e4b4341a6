"""Acting in the sale: what is advised, what was done by whom with which figures in view, pinned to the curve afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import select

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
    table = acts.ranked(seen.goods, seen.share, levels["activity_locked"])
    if (seen.goods["label"] == "sold_out").any():
        free = levels["available_to_promise"].reindex(names.index).fillna(0)
        table = pd.concat([table, acts.temporary(free, seen.goods.index, names)], ignore_index=True)
    return table if allowed(actor, "margin.view") else table.drop(columns="margin_effect")


def act(db: Database, actor: Actor, campaign_id: str, chosen: Act, now: datetime, at: datetime | None = None) -> str:
    """Does what this house can do itself and writes the decision down; returns its id. `at`: sale time, in a rehearsal.

    release frees units set aside for sessions, raise_price and cut_price set the sale price (floors and approvals are the pricing
    room's), add_goods puts the SKU into the campaign; the rest is done on the platform and recorded here. A rehearsal only records.
    ShopError("live.unknown_act"), "live.nothing_locked", or what the other room refuses.
    """
    allow(actor, "live.act")
    if chosen.act not in acts.ACTS:
        raise ShopError("live.unknown_act", act=chosen.act)
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
    if not mine.rehearsal_of:
        _do(db, actor, campaign_id, chosen, now)
    row = {"decision_id": new_id(), "campaign_id": campaign_id, "at": at or now, "account": actor.name, "act": chosen.act}
    figures = {"units": chosen.units, "price": chosen.price, "partner": chosen.partner}
    with db.writing() as connection:
        insert(connection, decision, pd.DataFrame([row | {"sku_code": chosen.sku_code, "figures": figures, "note": chosen.note}]))
        audit.record(connection, actor, now, "live.act", f"{campaign_id}/{chosen.sku_code}", None, {"act": chosen.act, **figures})
    service.forget()
    return str(row["decision_id"])


def _do(db: Database, actor: Actor, campaign_id: str, chosen: Act, now: datetime) -> None:
    """The acts that change something in this house."""
    if chosen.act == "release":
        _release(db, actor, chosen, now)
    elif chosen.act in ("raise_price", "cut_price") and chosen.price is not None:
        with db.reading() as connection:
            seen = structure.standing(connection, campaign_id, [chosen.sku_code])[["version"]]
        changed = seen.assign(sale_price=pd.array([chosen.price] * len(seen), dtype="Int64"))
        prices.set_prices(db, actor, campaign_id, changed, now=now)
    elif chosen.act == "add_goods":
        structure.enter(db, actor, campaign_id, [chosen.sku_code], now=now)


def _release(db: Database, actor: Actor, chosen: Act, now: datetime) -> None:
    with db.writing() as connection:
        levels = stock.levels(connection, [chosen.sku_code])
        locked = int(levels["activity_locked"].iloc[0]) if len(levels) else 0
        if locked <= 0:
            raise ShopError("live.nothing_locked", sku_code=chosen.sku_code)
        units = min(locked, chosen.units or locked)
        move = pd.DataFrame([{"sku_code": chosen.sku_code, "state": "activity_locked", "quantity": -units, "expected_on": ""}])
        stock.post(connection, move, actor, source_id=new_id(), cause="session", now=now)


def decisions(db: Database, actor: Actor, campaign_id: str, until: datetime) -> pd.DataFrame:
    """What was decided up to a moment, newest first: decision_id, at, account, act, sku_code, figures, note."""
    allow(actor, "live.view")
    columns = [column for column in decision.columns if column.name != "campaign_id"]
    query = select(*columns).where(decision.c.campaign_id == campaign_id, decision.c.at <= until)
    with db.reading() as connection:
        return read(connection, query.order_by(decision.c.at.desc()))


def as_record(row: Mapping[Any, Any], note: str = "") -> Act:
    """An advised row as the act that it proposes."""
    price = None if pd.isna(row["price"]) else int(row["price"])
    return Act(str(row["act"]), str(row["sku_code"]), int(row["units"]), price, str(row["partner"]), note)
