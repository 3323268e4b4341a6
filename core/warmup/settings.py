"""The package's settings of one campaign: warm-up targets, label thresholds and words, what is believed of
reservations, the recall plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple, TypeVar

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.clock import parse_moment
from core.database import Database, upsert
from core.database.types import Record
from core.errors import ShopError
from core.warmup.funnel import OpeningPrior
from core.warmup.recall import RecallPlan, require_plan
from core.warmup.storefront.copy import defaults
from core.warmup.storefront.labels import LabelSettings
from core.warmup.tables import warmup_setting

Setting = TypeVar("Setting", LabelSettings, OpeningPrior, RecallPlan)

TARGETS = ("favourites", "add_to_cart", "coupon_claims", "reservations", "deposits")
"""The figures that a warm-up is planned in, in the order of the funnel."""


def stored(connection: Connection, campaign_id: str, name: str) -> Record:
    """A setting's stored value, {} while nobody has changed it."""
    mine = (warmup_setting.c.campaign_id == campaign_id) & (warmup_setting.c.name == name)
    return dict(connection.scalar(select(warmup_setting.c.value).where(mine)) or {})


def typed(connection: Connection, campaign_id: str, name: str, kind: type[Setting]) -> Setting:
    """A setting as its own type, with the application's values where nothing is stored."""
    return kind(**stored(connection, campaign_id, name))


def copy(connection: Connection, campaign_id: str, language: str = "zh") -> dict[str, str]:
    """The shop front's words by code: shipped ones, with the campaign's own on top."""
    return {code: words[language] for code, words in defaults().items()} | stored(
        connection, campaign_id, "copy"
    )


def words(db: Database, actor: Actor, campaign_id: str, language: str = "zh") -> dict[str, str]:
    """As `copy`, for the screen."""
    allow(actor, "warmup.view")
    with db.reading() as connection:
        return copy(connection, campaign_id, language)


def changed(own: dict[str, str], language: str = "zh") -> dict[str, str]:
    """Only the words that differ from the shipped ones: what `set_copy` stores."""
    return {code: text for code, text in own.items() if text != defaults()[code][language]}


def beliefs(db: Database, actor: Actor, campaign_id: str) -> tuple[LabelSettings, OpeningPrior, RecallPlan]:
    """Label thresholds, the opening prior and the recall plan in force."""
    allow(actor, "warmup.view")
    with db.reading() as connection:
        labels = typed(connection, campaign_id, "labels", LabelSettings)
        prior = typed(connection, campaign_id, "prior", OpeningPrior)
        return labels, prior, typed(connection, campaign_id, "recall", RecallPlan)


def set_targets(db: Database, actor: Actor, campaign_id: str, totals: dict[str, int], now: datetime) -> None:
    """How many of each warm-up figure the campaign needs before it opens. ShopError("warmup.target",
    field=...)."""
    allow(actor, "warmup.edit")
    for name, total in totals.items():
        if name not in TARGETS or total < 0:
            raise ShopError("warmup.target", field=name, value=total)
    _store(db, actor, campaign_id, NamedSetting("targets", totals), now)


def set_labels(db: Database, actor: Actor, campaign_id: str, labels: LabelSettings, now: datetime) -> None:
    """When stock counts as low and how fast parcels leave. ShopError("warmup.label_setting", field=...)."""
    allow(actor, "warmup.edit")
    bounds = {
        "few_units": labels.few_units >= 0,
        "low_share": 0 <= labels.low_share <= 1,
        "ship_hours": labels.ship_hours > 0,
    }
    for field, holds in bounds.items():
        if not holds:
            raise ShopError("warmup.label_setting", field=field)
    _store(db, actor, campaign_id, NamedSetting("labels", asdict(labels)), now)


def set_copy(db: Database, actor: Actor, campaign_id: str, own: dict[str, str], now: datetime) -> None:
    """The campaign's own words; "" takes a code back to the shipped ones.

    ShopError("warmup.copy", field=...) for an unknown code or a blank that nobody fills.
    """
    allow(actor, "warmup.edit")
    for code, text in own.items():
        try:
            text.format(**_BLANKS.get(code, {}))
        except (KeyError, IndexError, ValueError) as error:
            raise ShopError("warmup.copy", field=code, value=text) from error
        if code not in defaults():
            raise ShopError("warmup.copy", field=code, value=text)
    _store(
        db,
        actor,
        campaign_id,
        NamedSetting("copy", {code: text for code, text in own.items() if text.strip()}),
        now,
    )


def set_prior(db: Database, actor: Actor, campaign_id: str, prior: OpeningPrior, now: datetime) -> None:
    """What is believed of reservations before they are counted. ShopError("warmup.prior", field=...)."""
    allow(actor, "warmup.edit")
    shares = {"reflow": 0 < prior.reflow < 1, "conversion": 0 < prior.conversion < 1}
    for field, holds in (shares | {"weight": prior.weight > 0, "units": prior.units > 0}).items():
        if not holds:
            raise ShopError("warmup.prior", field=field)
    _store(db, actor, campaign_id, NamedSetting("prior", asdict(prior)), now)


def stored_coupons(connection: Connection, campaign_id: str) -> list[tuple[str, datetime, datetime]]:
    """The campaign's coupons with their clocks: name, claimable from, expires."""
    coupons = stored(connection, campaign_id, "coupons").get("coupons", [])
    return [(one["name"], parse_moment(one["starts_at"]), parse_moment(one["ends_at"])) for one in coupons]


def set_coupons(
    db: Database,
    actor: Actor,
    campaign_id: str,
    coupons: Sequence[tuple[str, datetime, datetime]],
    now: datetime,
) -> None:
    """Which coupons run until when: their expiry is counted down. ShopError("warmup.coupon") for one without
    a name or ending before it begins.
    """
    allow(actor, "warmup.edit")
    for name, starts_at, ends_at in coupons:
        if not name.strip() or ends_at <= starts_at:
            raise ShopError("warmup.coupon", name=name)
    rows = [
        {"name": name.strip(), "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
        for name, starts_at, ends_at in coupons
    ]
    _store(db, actor, campaign_id, NamedSetting("coupons", {"coupons": rows}), now)


def coupons(db: Database, actor: Actor, campaign_id: str) -> list[tuple[str, datetime, datetime]]:
    """As `stored_coupons`, for the screen."""
    allow(actor, "warmup.view")
    with db.reading() as connection:
        return stored_coupons(connection, campaign_id)


def set_recall(db: Database, actor: Actor, campaign_id: str, plan: RecallPlan, now: datetime) -> None:
    """Whom to call back, with which coupons. ShopError("warmup.recall_plan", field=...)."""
    allow(actor, "warmup.edit")
    require_plan(plan)
    _store(db, actor, campaign_id, NamedSetting("recall", asdict(plan)), now)


_BLANKS: dict[str, dict[str, object]] = {
    "few_left": {"units": 1},
    "purchase_limit": {"units": 1},
    "presale_ships": {"date": ""},
    "ships_within": {"hours": 48},
    "landed_price": {"price": ""},
    **dict.fromkeys(
        ("deposit_price", "balance_price"), dict.fromkeys(("price", "deposit", "counted", "balance"), "")
    ),
}


class NamedSetting(NamedTuple):
    """A setting of a campaign's warm-up by its name, checked, as JSON keeps it."""

    name: str
    value: Record


def _store(db: Database, actor: Actor, campaign_id: str, setting: NamedSetting, now: datetime) -> None:
    with db.writing() as connection:
        put(connection, actor, campaign_id, setting, now)


def put(connection: Connection, actor: Actor, campaign_id: str, setting: NamedSetting, now: datetime) -> None:
    """Stores a setting that has been checked, inside the caller's transaction."""
    name, value = setting
    before = stored(connection, campaign_id, name)
    row = {"campaign_id": campaign_id, "name": name, "value": value, "account": actor.name, "at": now}
    upsert(connection, warmup_setting, pd.DataFrame([row]))
    audit.record(connection, actor, now, f"warmup.{name}", campaign_id, before, value)
