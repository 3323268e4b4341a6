"""What may be asked of the attach plan: pairs that the order baskets speak for, kept and dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, case, delete, or_, select

from core.access import Actor, allow, allowed, audit
from core.campaign import service as campaigns
from core.database import Database, read, upsert
from core.lineup import attach
from core.lineup.service import lined_up
from core.lineup.tables import attach_pair
from core.orders import service as orders


def partners(
    db: Database, actor: Actor, campaign_id: str, least: int = 3, since: datetime | None = None
) -> pd.DataFrame:
    """Attach pairs that the order baskets speak for, judged by margin and stock (`attach.advised`), with
    names and what was kept.

    Also the kept pairs that the baskets no longer speak for. Columns: sku_code, name, partner_code,
    partner_name, together, support, confidence, lift, needed, available, gain and margin_rate (for those who
    may see margins), verdict, kept (bool).
    """
    allow(actor, "orders.view")
    with db.reading() as connection:
        rows, _ = lined_up(connection, campaign_id)
        pairs = attach.pairs(orders.baskets(connection, since), least)
        kept = _kept(connection, campaign_id)
    judged = attach.advised(pairs, _with_units(rows))
    lost = attach.advised(kept[attach.PAIRS], _with_units(rows)) if len(kept) else judged.head(0)
    both = pd.concat([judged, lost], ignore_index=True).drop_duplicates(
        ["sku_code", "partner_code"], ignore_index=True
    )
    kept_pairs = pd.MultiIndex.from_frame(kept[["sku_code", "partner_code"]])
    both["kept"] = pd.MultiIndex.from_frame(both[["sku_code", "partner_code"]]).isin(kept_pairs)
    both.insert(1, "name", both["sku_code"].map(rows["name"]))
    both.insert(3, "partner_name", both["partner_code"].map(rows["name"]))
    return both if allowed(actor, "margin.view") else both.drop(columns=["gain", "margin_rate"])


def _with_units(rows: pd.DataFrame) -> pd.DataFrame:
    """The line-up with planned units, by the planned GMV where no units were planned."""
    price = rows["sale_price"].astype(float)
    by_amount = rows["planned_gmv"].astype(float) / price.where(price > 0)
    return rows.assign(planned_units=rows["planned_units"].astype(float).fillna(by_amount))


def _kept(connection: Connection, campaign_id: str) -> pd.DataFrame:
    columns = [attach_pair.c[name] for name in attach.PAIRS]
    return read(connection, select(*columns).where(attach_pair.c.campaign_id == campaign_id))


def keep(db: Database, actor: Actor, campaign_id: str, pairs: pd.DataFrame, *, now: datetime) -> int:
    """Puts pairs (columns attach.PAIRS) into the attach plan; returns their number."""
    allow(actor, "goods.structure")
    with db.writing() as connection:
        campaigns.standing(connection, campaign_id)
        upsert(
            connection,
            attach_pair,
            pairs[attach.PAIRS].assign(campaign_id=campaign_id, account=actor.name, at=now),
        )
        audit.record(
            connection,
            actor,
            now,
            "goods.attach",
            campaign_id,
            None,
            {"kept": pairs[["sku_code", "partner_code"]].values.tolist()[:100]},
        )
    return len(pairs)


def drop(
    db: Database, actor: Actor, campaign_id: str, pairs: Sequence[tuple[str, str]], *, now: datetime
) -> int:
    """Takes pairs out of the attach plan; returns their number."""
    allow(actor, "goods.structure")
    with db.writing() as connection:
        for code, partner in pairs:
            mine = (attach_pair.c.campaign_id == campaign_id) & (attach_pair.c.sku_code == code)
            connection.execute(delete(attach_pair).where(mine & (attach_pair.c.partner_code == partner)))
        audit.record(
            connection,
            actor,
            now,
            "goods.attach",
            campaign_id,
            {"dropped": [list(pair) for pair in pairs][:100]},
            None,
        )
    return len(pairs)


def partners_of(db: Database, actor: Actor, campaign_id: str, sku_code: str) -> list[str]:
    """The SKUs that the attach plan puts beside this one, whichever of the two leads, strongest lift
    first."""
    allow(actor, "goods.view")
    a = attach_pair.c
    other = case((a.sku_code == sku_code, a.partner_code), else_=a.sku_code)
    query = select(other).where(
        a.campaign_id == campaign_id, or_(a.sku_code == sku_code, a.partner_code == sku_code)
    )
    with db.reading() as connection:
        return list(dict.fromkeys(map(str, connection.scalars(query.order_by(a.lift.desc(), other)))))
