"""The next plan starts from this one: what a closed sale measured becomes a new campaign's defaults, each shown with
where it came from, and each refusable."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd

from core.access import Actor, allow, allowed
from core.campaign import defaults
from core.campaign import service as campaigns
from core.campaign.defaults import Default
from core.campaign.service import NewCampaign
from core.database import Database
from core.errors import ShopError
from core.goods import structure
from core.readiness import staffing
from core.review import service
from core.review.judged import measured
from core.versions import Version
from core.warmup import settings as warmup
from core.warmup.funnel import OpeningPrior

ACTIONS = {
    "target": "plan.edit",
    "pace": "plan.edit",
    "channels": "plan.edit",
    "uplift": "replenishment.edit",
    "signals": "warmup.edit",
    "staffing": "staffing.edit",
    "learnings": "review.view",
}
"""Who may take an item over: who may set the same by hand."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a new campaign takes over: `taken` of defaults.ITEMS from `source_id` ("": nothing is offered), and the
    goods of `goods_of` ("": none)."""

    source_id: str = ""
    taken: Collection[str] = ()
    goods_of: str = ""


def closed_sales(db: Database, actor: Actor, now: datetime) -> pd.DataFrame:
    """Closed campaigns that are no rehearsals, the last one first: campaign_id, name, closes_at."""
    allow(actor, "campaign.view")
    rows = campaigns.campaigns(db, actor)
    closed = rows[(rows["closes_at"] <= now) & (rows["rehearsal_of"] == "")]
    return closed.sort_values("closes_at", ascending=False)[["campaign_id", "name", "closes_at"]]


def offers(db: Database, actor: Actor, source_id: str, now: datetime) -> list[Default]:
    """What a closed sale has to hand on, in the order of defaults.ITEMS: only what it has measured and what the person
    may set. ShopError("campaign.unknown" | "review.still_open")."""
    allow(actor, "review.view")
    landing = service.review(db, actor, source_id, now)
    if not landing.closed:
        raise ShopError("review.still_open", name=landing.name)
    with db.reading() as connection:
        mine = campaigns.standing(connection, source_id)
        values: dict[str, Mapping[str, object]] = {
            **measured.factors(connection, mine, now),
            "pace": measured.pace(connection, mine),
            "uplift": measured.uplift(connection, mine),
            "signals": measured.signals(connection, mine),
            "staffing": measured.staffing(connection, mine),
            "learnings": measured.learnings(connection, source_id, landing.findings),
        }
    return [
        Default(item, source_id, landing.name, True, dict(values[item]))
        for item in defaults.ITEMS
        if values.get(item) and allowed(actor, ACTIONS[item])
    ]


def start(db: Database, actor: Actor, new: NewCampaign, begin: Start, *, now: datetime) -> str:
    """A new campaign with its goods and its defaults, all in one transaction; returns its id. What is offered and not
    taken is kept as refused.

    ShopError("review.not_offered", item=...) for an item that the source has not measured; those of `campaigns.add`.
    """
    allow(actor, "campaign.edit")
    offered = offers(db, actor, begin.source_id, now) if begin.source_id else []
    missing = [item for item in begin.taken if item not in {one.item for one in offered}]
    if missing:
        raise ShopError("review.not_offered", item=missing[0])
    chosen = [
        Default(one.item, one.source_id, one.source, one.item in begin.taken, one.value) for one in offered
    ]
    with db.writing() as connection:
        campaign_id = campaigns.enter(connection, actor, new, now)
        if begin.goods_of:
            allow(actor, "goods.structure")
            structure.copied(connection, actor, begin.goods_of, campaign_id, now)
        taken = {one.item: one.value for one in chosen if one.taken}
        if "signals" in taken:
            prior = {name: taken["signals"][name] for name in asdict(OpeningPrior())}
            warmup.put(connection, actor, campaign_id, warmup.NamedSetting("prior", prior), now)
        if "staffing" in taken:
            wanted = staffing.from_stored(taken["staffing"]["settings"])
            staffing.put(connection, actor, Version(campaign_id, 0), wanted, now)
        defaults.keep(connection, actor, campaign_id, chosen, now)
    return campaign_id
