"""Figures as the rooms' screens show them: whole units, their age, rows that add up."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.imports import rules
from core.stock.service import Age
from core.warmup.service import Demand
from pages.parts.upload import history

COUNTS = ("added", "changed", "unchanged", "merged", "skipped_totals", "rejected")


def _opening(rows):  # type: ignore[no-untyped-def]  # AppTest takes its text alone
    from unittest.mock import patch

    from core.access import Actor
    from core.clock import now
    from core.warmup import service
    from pages.parts.entry.context import Chosen, PageContext
    from pages.parts.warmup import signals

    chosen = Chosen("c", "11.11", "Asia/Shanghai", now(), now())
    with patch.object(service, "opening_demand", return_value=rows):
        signals.opening(PageContext(None, Actor("v", "viewer"), now(), chosen))  # type: ignore[arg-type]


def test_demand_is_told_in_whole_units() -> None:
    one = {
        "sku_code": "001",
        "sku_name": "面霜",
        "reserved": 9,
        "seen": 9,
        "returned": 3,
        "reflow": 0.35,
        "mean": 1.134,
        "low": 0.2,
        "high": 3.9,
    }
    page = AppTest.from_function(
        _opening, args=(Demand(pd.DataFrame([one]), pd.DataFrame()),), default_timeout=60
    ).run()
    assert not page.exception
    shown = page.dataframe[0].value
    assert shown[["mean", "low", "high"]].to_numpy().tolist() == [[1, 0, 4]]
    assert shown[["mean", "low", "high"]].dtypes.astype(str).unique().tolist() == ["int64"]


def _stock(age, now):  # type: ignore[no-untyped-def]  # as above
    import pandas as pd

    from pages.parts import stock

    levels = dict.fromkeys(("on_hand", "available_to_promise", "in_transit"), 5)
    stock.answer(pd.DataFrame([levels | {"mark": "enough", "days_of_cover": None}]), age, now)


@pytest.mark.parametrize(
    ("sheet", "counted", "old", "told"),
    [
        (1, 2, False, "库存表 1 天前 · 盘点 2 天前"),
        (3, None, True, "库存表 3 天前 · 还没有盘点过 · 数可能过时了，传一张新的库存表或盘点"),
    ],
)
def test_stock_says_how_old_it_is(
    now: datetime, sheet: int, counted: int | None, old: bool, told: str
) -> None:
    age = Age(now - timedelta(days=sheet), now - timedelta(days=counted) if counted else None, old)
    page = AppTest.from_function(_stock, args=(age, now), default_timeout=60).run()
    assert not page.exception
    assert next(one.value for one in (page.warning if old else page.caption)) == told
    assert len(page.warning) == old


def test_the_rows_of_an_import_add_up_on_its_line() -> None:
    shown = [column.name for column in history.COLUMNS if column.shown]
    assert [name for name in shown if name in ("rows", *COUNTS)] == ["rows", *COUNTS]
    states, rejected = (
        pd.Series(["added", "changed", "unchanged", "unchanged"]),
        pd.DataFrame({"row": [4, 4, 9]}),
    )
    figures = rules.figures(9, 2, 1, states, rejected, 0)
    assert figures["rows"] == sum(figures[name] for name in COUNTS)
