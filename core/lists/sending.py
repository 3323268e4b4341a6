"""How a list goes out: as a workbook for those who may name people, or as a task for a department. Who is held back
never goes out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, func, select, update

from core import clock
from core.access import Actor, allow, audit
from core.access.persons import key_of
from core.campaign import service as campaigns
from core.database import Database, read
from core.errors import ShopError
from core.goods.tables import sku
from core.lists.service import Made, standing
from core.lists.tables import audience_list, list_member
from core.readiness import service as readiness

NAMED = ("own_id", "buyer_key", "sku_code", "goods", "coming", "worth", "coupon", "threshold", "in_app")


def export(
    db: Database, actor: Actor, list_id: str, now: datetime, own_ids: Sequence[str] = ()
) -> pd.DataFrame:
    """The people to call, those of whom most is expected first: NAMED (fen; `coming` within 13 weeks). `own_ids`: the shop's own ids, which nothing here keeps;
    those among them that are on the list stand in own_id, and only they come out. Written into the audit trail; the
    list counts as sent from the first time on. ShopError("lists.unknown"), "lists.nobody" where no id is on it."""
    allow(actor, "audience.export")
    with db.writing() as connection:
        sent_list = standing(connection, list_id)
        people = _called(connection, sent_list)
        if own_ids:
            mine = {key_of(own): own.strip() for own in own_ids if key_of(own)}
            people = people[people["buyer_key"].isin(mine)].reset_index(drop=True)
            people = people.assign(own_id=people["buyer_key"].map(mine))
        if people.empty:
            raise ShopError("lists.nobody", name=sent_list.name)
        _sent(connection, sent_list, now, sent_by="export")
        facts = {"people": len(people), "own_ids": bool(own_ids)}
        audit.record(connection, actor, now, "lists.export", sent_list.list_id, None, facts)
    return people


def _called(connection: Connection, sent_list: Made) -> pd.DataFrame:
    m = list_member.c
    query = (
        select(
            m.buyer_key, m.sku_code, func.coalesce(sku.c.name, "").label("goods"), m.coming, m.worth, m.in_app
        )
        .select_from(list_member.outerjoin(sku, sku.c.sku_code == m.sku_code))
        .where(m.list_id == sent_list.list_id, m.held_back.is_(False))
        .order_by(m.coming.desc().nulls_last(), m.worth.desc(), m.buyer_key)
    )
    rows = read(connection, query)
    return rows.assign(own_id="", coupon=sent_list.plan.coupon, threshold=sent_list.plan.threshold)[
        list(NAMED)
    ]


def send_task(
    db: Database, actor: Actor, list_id: str, department: str, title: str, now: datetime, *, owner: str = ""
) -> str:
    """Puts the list on the readiness board as a task of that department, due in two days; returns the task's id. The
    task says how many and what to give, never whom. ShopError("lists.unknown" | "lists.task_there" |
    "readiness.task")."""
    allow(actor, "readiness.edit")
    with db.writing() as connection:
        sent_list = standing(connection, list_id)
        if sent_list.task_id:
            raise ShopError("lists.task_there", name=sent_list.name)
        sale = campaigns.standing(connection, sent_list.campaign_id)
        due = clock.business_day(now, sale.timezone) + timedelta(days=2)
        left = (clock.business_day(sale.opens_at, sale.timezone) - due).days
        new = readiness.NewTask(title, department, left, 2, owner)
        task_id = readiness.enter(connection, actor, sent_list.campaign_id, new, now)
        _sent(connection, sent_list, now, sent_by="task", task_id=task_id)
        audit.record(connection, actor, now, "lists.task", sent_list.list_id, None, {"task": task_id})
    return task_id


def _sent(connection: Connection, sent_list: Made, now: datetime, **values: str) -> None:
    """Marks a list as sent: from the first time on purchases count."""
    fresh = {"state": "sent", "sent_at": now, **values} if sent_list.state == "made" else {}
    extra = fresh or {name: value for name, value in values.items() if name == "task_id"}
    if extra:
        mine = audience_list.c.list_id == sent_list.list_id
        connection.execute(update(audience_list).where(mine).values(**extra))
