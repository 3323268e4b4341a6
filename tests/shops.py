"""What the shops of the tests are built of. A folder's fixture puts together what its tests need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from core.access import Actor
from core.campaign import planning
from core.campaign.planning import Plan
from core.campaign.target import Target, solve
from core.database import Database, insert
from core.goods.tables import campaign_sku, sku
from core.stock import ledger

GOAL = solve(visitors=2_000_000, conversion_rate=0.06, aov=25_000)


def goods(connection: Connection, rows: pd.DataFrame, at: datetime) -> None:
    """Puts SKUs into the shop: a row a SKU, columns of its table."""
    insert(connection, sku, rows.assign(updated_at=at))


def lines(connection: Connection, rows: pd.DataFrame, at: datetime) -> None:
    """Puts SKUs into campaigns: a row a line of the structure, columns of its table."""
    insert(connection, campaign_sku, rows.assign(updated_at=at))


def on_hand(connection: Connection, units: Mapping[str, int], at: datetime) -> None:
    """Posts opening stock by SKU code."""
    rows = [(code, "on_hand", count, "") for code, count in units.items()]
    frame = pd.DataFrame(rows, columns=["sku_code", "state", "quantity", "expected_on"])
    ledger.post(connection, frame, ledger.Posting("opening", "import", "tester", at))


def planned(db: Database, actor: Actor, campaign_id: str, at: datetime, *, target: Target = GOAL) -> Plan:
    """Gives the campaign a plan."""
    return planning.set_target(db, actor, campaign_id, planning.NewPlan(target, "first"), now=at)
