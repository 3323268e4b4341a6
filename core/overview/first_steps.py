"""From an empty shop to the first useful answer: what is done, what each step unlocks, in order."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, select

from core.access import Actor, allow
from core.campaign import planning
from core.database import Database
from core.goods.tables import campaign_sku
from core.pricing.tables import cost_card
from core.replenishment import queries as runs
from core.signals import service as signals
from core.stock.tables import stock_position


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name (its words, and the sample beside it), whether it is done, its page with the address of the
    very tab, and the action that it needs."""

    name: str
    done: bool
    page: str
    query: tuple[tuple[str, str], ...]
    action: str


def steps(db: Database, actor: Actor, campaign_id: str = "") -> tuple[Step, ...]:
    """The steps of a new shop, in the order in which each needs the one before; `campaign_id` "" where there is no
    campaign yet."""
    allow(actor, "campaign.view")
    with db.reading() as connection:
        stocked, priced = _any(connection, stock_position), _any(connection, cost_card)
        reported = signals.last_day(connection) is not None
        planned = bool(campaign_id) and planning.in_force(connection, campaign_id) is not None
        mine = campaign_sku.c.campaign_id == campaign_id
        listed = connection.scalar(select(campaign_sku.c.sku_code).where(mine).limit(1)) is not None
        computed = bool(campaign_id) and runs.latest(connection, campaign_id) is not None
    return (
        Step("stock", stocked, "stock", (), "stock.import"),
        Step("campaign", bool(campaign_id), "plan", (), "campaign.edit"),
        Step("target", planned, "plan", (), "plan.edit"),
        Step("goods", listed, "goods", (), "goods.structure"),
        Step("reports", reported, "goods", (("goods_tab", "data"),), "signals.import"),
        Step("costs", priced, "pricing", (("pricing_tab", "costs"),), "cost.edit"),
        Step("order", computed, "replenishment", (), "replenishment.edit"),
    )


def _any(connection: Connection, table: Table) -> bool:
    return connection.execute(select(*table.primary_key.columns).limit(1)).first() is not None
