"""Which campaign a sheet of prices belongs to."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, select

from core.campaign.tables import campaign
from core.errors import ShopError
from core.imports.kinds import Context


def with_campaign(connection: Connection, context: Context) -> Context:
    """The context with its campaign: the one named, or the only one there is.
    ShopError("price.which_campaign" | "price.no_campaign")."""
    query = select(campaign.c.campaign_id).where(
        campaign.c.archived.is_(False), campaign.c.rehearsal_of == ""
    )
    if context.campaign_id:
        query = select(campaign.c.campaign_id).where(campaign.c.campaign_id == context.campaign_id)
    running = list(connection.scalars(query.order_by(campaign.c.opens_at)))
    if not running:
        raise ShopError("price.no_campaign", campaign_id=context.campaign_id)
    if len(running) > 1:
        raise ShopError("price.which_campaign", campaigns=", ".join(running))
    return replace(context, campaign_id=running[0])
