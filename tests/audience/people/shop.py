"""A shop whose people are known: a sale that is over, one that comes, orders, and workbooks of people."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewCampaign, NewSale
from core.database import Database
from core.imports import service as imports
from core.imports.kinds import Kind
from core.imports.service import Report
from core.orders.sheet import ORDERS

NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
OPENED = datetime(2026, 8, 7, 12, 0, tzinfo=UTC)
ORDER_HEAD = (
    "订单编号",
    "商家编码",
    "宝贝标题",
    "买家会员名",
    "订单状态",
    "订单创建时间",
    "订单付款时间",
    "宝贝数量",
    "买家实际支付金额",
)


def csv(head: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """Rows as a csv file."""
    buffer = io.BytesIO()
    pd.DataFrame(rows, columns=list(head)).to_csv(buffer, index=False)
    return buffer.getvalue()


def take(db: Database, actor: Actor, kind: Kind, content: bytes) -> Report:
    """The workbook through the import path."""
    draft = imports.check(imports.inspect(db, actor, kind, content, f"{kind.name}.csv"))
    return imports.commit(db, actor, draft, now=NOW)


def orders(db: Database, actor: Actor, bought: Sequence[tuple[str, datetime, int]]) -> None:
    """One order of one line each: who, when (aware), yuan."""
    rows = []
    for number, (who, at, yuan) in enumerate(bought):
        local = (at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
        rows.append((f"A{number:05d}", "S1", "货", who, "交易成功", local, local, 1, yuan))
    take(db, actor, ORDERS, csv(ORDER_HEAD, rows))


def sales(db: Database, lead: Actor) -> tuple[str, str]:
    """The sale of August, which is over, and the coming one."""
    past = campaigns.add_sale(db, lead, NewSale("八月", OPENED, OPENED + timedelta(hours=28)), now=NOW)
    coming = campaigns.add(
        db, lead, NewCampaign("双 11", campaigns.draft("double_11", 2026, "20:00")), now=NOW
    )
    return past, coming
