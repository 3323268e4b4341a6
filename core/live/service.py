"""The live picture of a minute: one call for the page, the wall and the command line; its cost does not grow with the events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, select

from core import clock
from core.access import Actor, allow, allowed
from core.campaign import service as campaigns
from core.campaign.pace import BIN, Curve, share_at
from core.database import Database, upsert
from core.live import books, factors, pace, picture, recount
from core.live import scope as scopes
from core.live.kept import Kept
from core.live.picture import Picture, Scope
from core.live.tables import live_recount
from core.signals.tables import daily_signal
from core.stock import service as stock

FRESH_S, SLOW_S = 2.0, 60.0  # how old a shared picture and its slow parts may be
_FOREVER = 10**9  # epoch minute that nobody will see
REFUND_DAYS = 90  # reported days behind the expected refund rate
COST_COLUMNS = ("contribution", "unit_cost", "worst_contribution")

_pictures: Kept[Picture] = Kept(FRESH_S)
_slow: Kept[dict[str, Any]] = Kept(SLOW_S)


def load(db: Database, actor: Actor, campaign_id: str, at: datetime, *, live: bool = False) -> Picture:
    """The picture at a moment (aware). `live`: the running minute, shared for FRESH_S seconds by everybody who looks.

    Costs are left out for those who may not see margins. ShopError("campaign.unknown").
    """
    allow(actor, "live.view")
    key = (db.url, campaign_id) if live else (db.url, campaign_id, at)
    whole = _pictures.get(key, lambda: draw(db, campaign_id, at))
    return whole if allowed(actor, "margin.view") else _without_costs(whole)


def forget() -> None:
    """Drops the shared pictures: after a change of plan, goods or prices that should be seen at once."""
    _pictures.clear()
    _slow.clear()


def _without_costs(whole: Picture) -> Picture:
    return replace(whole, goods=whole.goods.drop(columns=list(COST_COLUMNS), errors="ignore"))


def draw(db: Database, campaign_id: str, at: datetime) -> Picture:
    """The picture with everything in it, for other services of this room: they ask first who looks."""
    with db.reading() as connection:
        slow = _slow.get(
            (db.url, campaign_id, _phase_key(connection, campaign_id, at)), lambda: _slow_parts(connection, campaign_id, at)
        )
        return _assemble(connection, slow, at)


def _phase_key(connection: Connection, campaign_id: str, at: datetime) -> str:
    return scopes.phase_of(campaigns.standing(connection, campaign_id), at).phase_id


def _slow_parts(connection: Connection, campaign_id: str, at: datetime) -> dict[str, Any]:
    """What changes by the hour or costs more than a refresh may: plan, curve, prices, attach rate, refund rate."""
    return {
        "scope": scopes.scope(connection, campaign_id, at),
        "lineup": scopes.lineup(connection, campaign_id),
        "attach": books.attach(connection, campaign_id, scopes.base_of(campaigns.standing(connection, campaign_id))),
        "refund_rate": refund_rate(connection),
        "arrivals": next_arrivals(connection),
    }


def curves(db: Database, actor: Actor, campaign_id: str) -> dict[str, Curve]:
    """The shop's own pace curves by phase id, for laying a plan out (`planning.set_target`); empty while it has no past sale."""
    allow(actor, "live.view")
    with db.reading() as connection:
        return scopes.own_curves(connection, campaign_id)


def refund_rate(connection: Connection) -> float | None:
    """Refunded over paid in the last REFUND_DAYS reported days; None where no report speaks of both."""
    t = daily_signal.c
    last = connection.scalar(select(func.max(t.day)))
    if last is None:
        return None
    sums = select(func.sum(t.refund_amount), func.sum(t.paid_amount))
    refunded, paid = connection.execute(sums.where(t.day > last - timedelta(days=REFUND_DAYS))).one()
    return min(1.0, float(refunded) / float(paid)) if refunded is not None and paid else None


def next_arrivals(connection: Connection) -> pd.DataFrame:
    """The next dated receipt of each SKU: next_on (ISO day), next_units, indexed by sku_code."""
    coming = stock.arrivals(connection)
    coming = coming[(coming["expected_on"] != "") & (coming["quantity"] > 0)].sort_values(["sku_code", "expected_on"])
    first = coming.drop_duplicates("sku_code").set_index("sku_code")
    return first.rename(columns={"expected_on": "next_on", "quantity": "next_units"})


def _assemble(connection: Connection, slow: dict[str, Any], at: datetime) -> Picture:
    scope: Scope = slow["scope"]
    minutes = (min(at, scope.ends_at) - scope.starts_at).total_seconds() / 60
    share = float(share_at(scope.curve, minutes))
    first, last = scope.first, min(scope.last, clock.epoch_minute(at) - (1 if at.second == 0 and at.microsecond == 0 else 0))
    sums = books.channel_kinds(connection, scope.campaign_id, first, last)
    people = books.people(connection, scope.campaign_id, first, last)
    bins = books.curve(connection, scope.campaign_id, first, last)
    kinds = picture.amounts(sums)
    placed, paid, refunded = (kinds.get(kind, (0, 0))[1] for kind in ("order", "pay", "refund"))
    visitors, buyers = int(people["visitors"].sum()), int(people["buyers"].sum())
    planned = round(scope.target * share)
    errors = scope.errors[min(int(minutes // BIN), len(scope.errors) - 1)] if scope.errors and minutes > 0 else ()
    outlook = pace.forecast(paid, share, errors, minutes)
    goods = _goods(connection, slow, first, last, share)
    seen = books.last_minute(connection, scope.campaign_id, clock.epoch_minute(at))
    counted, faults = books.recounted(connection, scope.campaign_id)
    heroes, attached = slow["attach"]
    rate = slow["refund_rate"]
    return Picture(
        scope=scope, at=at, minutes=max(minutes, 0.0), share=share,
        placed=placed, paid=paid, refunded=refunded, net=paid - refunded,
        expected_net=None if rate is None else round(paid * (1 - rate)), units=kinds.get("pay", (0, 0))[0],
        visitors=visitors, buyers=buyers, conversion_rate=buyers / visitors if visitors else None,
        aov=round(paid / buyers) if buyers else None, planned=planned, pace=paid / planned if planned else None,
        forecast=outlook, needed_rate=pace.needed_rate(paid, scope.target, share),
        why=factors.by_channel(picture.planned_channels(scope, share), picture.actual_channels(sums, people)),
        line=picture.line(scope, bins, minutes, outlook), goods=goods, tiers=picture.tier_table(scope, goods, share),
        attach_orders=heroes, attach_rate=attached / heroes if heroes else None, price_ratio=picture.price_ratio(goods),
        minutes_silent=None if seen is None else max(0, clock.epoch_minute(at) - seen), tally=books.tally(connection),
        waiting=books.waiting(connection, scope.campaign_id), recounted_at=counted, recount_faults=faults,
    )  # fmt: skip


def _goods(connection: Connection, slow: dict[str, Any], first: int, last: int, share: float) -> pd.DataFrame:
    scope: Scope = slow["scope"]
    sums = books.sku_sums(connection, scope.campaign_id, first, last)
    return picture.goods_table(scope, sums, _stock(connection, slow, sums, last), slow["lineup"], share)


def _stock(connection: Connection, slow: dict[str, Any], sums: pd.DataFrame, last: int) -> pd.DataFrame:
    """What was left of each SKU at the end of the window: today's stock, and what has been promised since put back.

    A drill's sales touch no stock: what it has sold is taken off here.
    """
    scope: Scope = slow["scope"]
    codes = [str(code) for code in sums.index]
    levels = stock.levels(connection, codes)
    free = levels["available_to_promise"].astype("Int64")
    if scope.drill:
        calls = books.calls(connection, scope.campaign_id).reindex(levels.index).fillna(0)
        free = free - (calls["need"] + calls["presale"] + calls["shipped"]).astype("Int64")
    if books.last_minute(connection, scope.campaign_id, _FOREVER) != books.last_minute(connection, scope.campaign_id, last):
        later = books.sku_sums_after(connection, scope.campaign_id, last).reindex(levels.index).fillna(0)
        free = free + picture.promised_units(later).astype("Int64")
    return pd.DataFrame({"left": free}).join(slow["arrivals"], how="left")


def recount_books(db: Database, actor: Actor, campaign_id: str, now: datetime) -> dict[str, list[Any]]:
    """Recounts a campaign's books from its events and keeps the result for the light on the page."""
    allow(actor, "live.view")
    with db.reading() as connection:
        found = recount.faults(connection, campaign_id)
    took = round((clock.now() - now).total_seconds())
    row = {"campaign_id": campaign_id, "at": now, "seconds": max(0, took), "faults": found}
    with db.writing() as connection:
        upsert(connection, live_recount, pd.DataFrame([row]))
    return found


def check(connection: Connection) -> dict[str, list[Any]]:
    """Invariants of this room: every book of every campaign equals its recount."""
    return recount.faults(connection)
