"""A book and its recount side by side: the keys at which they do not add up to zero."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, FromClause, Select, case, func, select, union_all

MOST_FAULTS = 20  # a list that long says enough


def difference(connection: Connection, keys: Sequence[str], *queries: Select[object]) -> list[object]:
    """Keys at which a book and its recounts, given as negative sums, do not add up to zero; all select
    `keys`, then the same sums."""
    both = union_all(*queries).subquery()
    sums = [column for column in both.c if column.name not in keys]
    totals = [func.sum(column).label(column.name) for column in sums]
    wrong = case(*[(func.sum(column) != 0, 1) for column in sums], else_=0) == 1
    query = (
        select(*(both.c[key] for key in keys), *totals).group_by(*(both.c[key] for key in keys)).having(wrong)
    )
    differences = connection.execute(query.limit(MOST_FAULTS)).all()  # sums come as decimals on PostgreSQL
    return [
        dict(zip((*keys, *(column.name for column in sums)), map(_plain, row), strict=True))
        for row in differences
    ]


def _plain(value: object) -> object:
    return int(value) if isinstance(value, Decimal) else value


def of_campaign(query: Select[object], table: FromClause, campaign_id: str) -> Select[object]:
    return query.where(table.c.campaign_id == campaign_id) if campaign_id else query


def larger(one: object, other: Any) -> Any:
    return case((one > other, one), else_=other)
