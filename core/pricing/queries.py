"""What stands in the database about prices, as frames: inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import BigInteger, Column, ColumnElement, Connection, cast, func, select

from core.access import approvals
from core.campaign.service import standing as campaign_standing
from core.clock import business_day
from core.database import one, read
from core.database.types import Record
from core.errors import ShopError
from core.goods.tables import campaign_sku, sku
from core.orders.tables import order_line
from core.pricing.engine import cost_cards
from core.pricing.engine.limits import PriceLimits, from_stored
from core.pricing.engine.promotions import Rule
from core.pricing.engine.rule_json import from_json
from core.pricing.tables import (
    MARKET,
    bundle_part,
    cost_card,
    cost_card_version,
    cost_default,
    price_limits,
    promotion_set,
    published_price,
)
from core.signals.tables import daily_signal

LIVE = "live"
LIMITS_APPROVAL = "price_limits"
_DEAL_STATES = ("paid", "shipped", "done", "refunded")


def goods(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The campaign's SKUs, index sku_code: name, category, tier, list_price, unit_cost, sale_price,
    planned_gmv (Int64 fen), version (of the campaign's row)."""
    query = (
        select(
            campaign_sku.c.sku_code,
            sku.c.name,
            sku.c.category,
            campaign_sku.c.tier,
            sku.c.list_price,
            sku.c.unit_cost,
            campaign_sku.c.sale_price,
            campaign_sku.c.planned_gmv,
            campaign_sku.c.version,
        )
        .join(sku, sku.c.sku_code == campaign_sku.c.sku_code)
        .where(campaign_sku.c.campaign_id == campaign_id, sku.c.retired_at.is_(None))
        .order_by(campaign_sku.c.sku_code)
    )
    frame = read(connection, query).set_index("sku_code")
    return frame.astype(dict.fromkeys(("list_price", "unit_cost", "sale_price", "planned_gmv"), "Int64"))


def own_cards(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The SKUs' own cards, index sku_code: every field and market price as Int64, origins (dict), version,
    changed_by, updated_at."""
    frame = read(connection, select(*cost_card.columns).where(cost_card.c.campaign_id == campaign_id))
    whole = dict.fromkeys((*cost_cards.FIELDS, *MARKET), "Int64")
    return frame.drop(columns="campaign_id").set_index("sku_code").astype(whole)


def defaults(connection: Connection, campaign_id: str) -> dict[str, dict[str, int]]:
    """The cards that speak where a SKU's own is silent: by category, "" for the whole campaign."""
    query = (
        select(cost_default).where(cost_default.c.campaign_id == campaign_id).order_by(cost_default.c.version)
    )
    return {row["category"]: row["card"] for row in connection.execute(query).mappings()}


def resolved_cards(
    connection: Connection, campaign_id: str, held: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(cards, sources) of the SKUs in `held` (from `goods`), field by field: own card, SKU master (product),
    category, campaign, shipped."""
    own = own_cards(connection, campaign_id).reindex(held.index)
    spoken = defaults(connection, campaign_id)
    by_category = (
        pd.DataFrame.from_dict(spoken, orient="index")
        .reindex(held["category"])
        .set_axis(held.index)
        .astype("Int64")
    )
    whole = pd.DataFrame(
        {
            name: pd.Series(value, index=held.index, dtype="Int64")
            for name, value in spoken.get("", {}).items()
        },
        index=held.index,
    )
    master = pd.DataFrame({"product": held["unit_cost"]})
    return cost_cards.resolve(own, (("goods", master), ("category", by_category), ("campaign", whole)))


def market(connection: Connection, campaign_id: str, held: pd.DataFrame) -> pd.DataFrame:
    """What buyers can compare with, index as `held`: competitor_low, competitor_high, Int64 fen; one of the
    two stands for both."""
    own = own_cards(connection, campaign_id).reindex(held.index)[list(MARKET)]
    return own.assign(
        competitor_low=own["competitor_low"].fillna(own["competitor_high"]),
        competitor_high=own["competitor_high"].fillna(own["competitor_low"]),
    )


def limits_in_force(connection: Connection, campaign_id: str) -> PriceLimits:
    """The campaign's limits: the newest version that loosens nothing, or that a second person agreed to."""
    c = price_limits.c
    query = select(c.version, c.limits, c.loosens).where(c.campaign_id == campaign_id)
    for version, stored, loosens in connection.execute(query.order_by(c.version.desc())):
        subject, inputs = limits_subject(campaign_id, version), limits_inputs(stored, loosens)
        if not loosens or approvals.standing(connection, LIMITS_APPROVAL, subject, inputs) == "approved":
            return from_stored(stored)
    return PriceLimits()


def limits_subject(campaign_id: str, version: int) -> str:
    """What an approval of looser limits is about."""
    return f"{campaign_id}/limits/{version}"


def limits_inputs(stored: Mapping[str, object], loosens: Mapping[str, object]) -> dict[str, object]:
    """What an approval of looser limits stands on: all limits of the version, and which are looser."""
    return {"limits": dict(stored), "loosens": dict(loosens)}


def rule_set(connection: Connection, campaign_id: str, phase: str) -> Record:
    """The standing rule set of a phase: version (0 when there is none), rules (objects), source, account,
    at."""
    table = promotion_set
    query = (
        select(table)
        .where(table.c.campaign_id == campaign_id, table.c.phase == phase)
        .order_by(table.c.version.desc())
    )
    return one(connection, query) or {"version": 0, "rules": [], "source": "", "account": "", "at": None}


def rulebook(connection: Connection, campaign_id: str, phase: str) -> list[Rule]:
    """The rules of a phase in the order in which they apply."""
    return [from_json(plain) for plain in rule_set(connection, campaign_id, phase)["rules"]]


def windows(connection: Connection, campaign_id: str, phase: str) -> list[tuple[datetime, datetime]]:
    """When the phase runs, by start; the campaign's own span where it has no such phase."""
    sale = campaign_standing(connection, campaign_id)
    return [(p.starts_at, p.ends_at) for p in sale.phases if p.kind == phase] or [
        (sale.opens_at, sale.closes_at)
    ]


def deals(connection: Connection, start: datetime, end: datetime) -> pd.DataFrame:
    """Deal prices paid in [start, end) by SKU, index sku_code: lowest, highest (fen a unit), amount, units
    (int64)."""
    each = order_line.c.amount // order_line.c.quantity
    query = (
        select(
            order_line.c.sku_code,
            func.min(each).label("lowest"),
            func.max(each).label("highest"),
            _total(order_line.c.amount).label("amount"),
            _total(order_line.c.quantity).label("units"),
        )
        .where(
            order_line.c.paid_at >= start,
            order_line.c.paid_at < end,
            order_line.c.quantity > 0,
            order_line.c.state.in_(_DEAL_STATES),
        )
        .group_by(order_line.c.sku_code)
    )
    return read(connection, query).set_index("sku_code").astype("int64")


def paid_units(connection: Connection, start: datetime, end: datetime) -> pd.DataFrame:
    """Units paid in [start, end) by SKU and unit price, refunded lines left out: sku_code, unit_price (fen),
    units."""
    each = (order_line.c.amount // order_line.c.quantity).label("unit_price")
    live = order_line.c.state.in_(("paid", "shipped", "done"))
    query = (
        select(order_line.c.sku_code, each, _total(order_line.c.quantity).label("units"))
        .where(order_line.c.paid_at >= start, order_line.c.paid_at < end, order_line.c.quantity > 0, live)
        .group_by(order_line.c.sku_code, each)
    )
    return read(connection, query).astype({"unit_price": "int64", "units": "int64"})


def paid_in_campaign(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """What was paid while the campaign sold: sku_code, units, paid_amount (fen); the daily reports' figures,
    else the order lines'."""
    sale = campaign_standing(connection, campaign_id)
    first, last = (
        business_day(moment, sale.timezone)
        for moment in (sale.opens_at, sale.closes_at - timedelta(microseconds=1))
    )
    reported = select(
        daily_signal.c.sku_code,
        _total(daily_signal.c.units_paid).label("units"),
        _total(daily_signal.c.paid_amount).label("paid_amount"),
    )
    days = daily_signal.c.day.between(first, last)
    reports = read(
        connection, reported.where(days, daily_signal.c.sku_code != "").group_by(daily_signal.c.sku_code)
    ).dropna()
    lines = (
        deals(connection, sale.opens_at, sale.closes_at)
        .rename(columns={"amount": "paid_amount"})
        .reset_index()
    )
    both = [reports, lines[~lines["sku_code"].isin(reports["sku_code"])]]
    return pd.concat(both, ignore_index=True)[["sku_code", "units", "paid_amount"]].astype(
        {"units": "int64", "paid_amount": "int64"}
    )


def _total(column: Column[int]) -> ColumnElement[int]:
    """A sum that is a whole number on every database."""
    return cast(func.sum(column), BigInteger)


def published(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The prices last published, index sku_code: sale_price, landed_price (Int64), verdict, account, at."""
    frame = read(
        connection, select(*published_price.columns).where(published_price.c.campaign_id == campaign_id)
    )
    return frame.drop(columns="campaign_id").set_index("sku_code")


def bundles(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """Parts of bundles: sku_code, part_code, quantity."""
    columns = (bundle_part.c.sku_code, bundle_part.c.part_code, bundle_part.c.quantity)
    return read(
        connection, select(*columns).where(bundle_part.c.campaign_id == campaign_id).order_by(*columns[:2])
    )


def days_before(moment: datetime, days: int) -> tuple[datetime, datetime]:
    """[start, end) of the days before a moment."""
    return moment - timedelta(days=days), moment


def cards_without_history(connection: Connection) -> list[str]:
    """Cost cards whose version is not the newest of their history, as campaign/sku."""
    newest = select(
        cost_card_version.c.campaign_id,
        cost_card_version.c.sku_code,
        func.max(cost_card_version.c.version).label("version"),
    ).group_by(cost_card_version.c.campaign_id, cost_card_version.c.sku_code)
    cards = read(connection, select(cost_card.c.campaign_id, cost_card.c.sku_code, cost_card.c.version))
    joined = cards.merge(
        read(connection, newest), on=["campaign_id", "sku_code"], how="left", suffixes=("", "_kept")
    )
    return [
        f"{row['campaign_id']}/{row['sku_code']}"
        for row in joined[joined["version"] != joined["version_kept"]].to_dict("records")
    ]


def unreadable_sets(connection: Connection) -> list[str]:
    """Rule sets with a rule that means nothing, as campaign/phase/version/rule."""
    faults = []
    for row in connection.execute(select(promotion_set)).mappings():
        for plain in row["rules"]:
            try:
                from_json(plain)
            except ShopError:
                faults.append(
                    f"{row['campaign_id']}/{row['phase']}/{row['version']}/{plain.get('rule_id', '')}"
                )
    return faults
