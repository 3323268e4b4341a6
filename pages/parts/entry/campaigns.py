"""The campaigns that a page can speak of, as its context carries them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from core.access import Actor
from core.campaign.service import campaigns
from core.database import Database
from core.live.rehearsal import rehearsal
from pages.parts.entry.context import Chosen


def choosable(database: Database, actor: Actor, named: Collection[object] = ()) -> dict[str, Chosen]:
    """The campaigns to pick from by id; an archived one only where it is among the `named`."""
    rows = campaigns(database, actor, archived=True)
    rows = rows[~rows["archived"] | rows["campaign_id"].isin(list(named))]
    moments = ([moment.to_pydatetime() for moment in rows[name]] for name in ("opens_at", "closes_at"))
    columns = (*(rows[name] for name in ("campaign_id", "name", "timezone")), *moments, rows["archived"])
    known = [Chosen(*values) for values in zip(*columns, strict=True)]
    originals = dict(zip(rows["campaign_id"], rows["rehearsal_of"], strict=True))
    return {
        one.campaign_id: replace(
            one,
            drill=rehearsal.of_campaign(database, actor, one.campaign_id),
            rehearsal_of=originals[one.campaign_id],
        )
        if originals[one.campaign_id]
        else one
        for one in known
    }


def chosen_again(database: Database, actor: Actor, campaign_id: str) -> Chosen | None:
    """That campaign as it stands now; None when it is gone."""
    return choosable(database, actor, (campaign_id,)).get(campaign_id)
