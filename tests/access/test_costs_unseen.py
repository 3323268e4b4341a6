"""Costs and margins reach nobody who may not see them: whatever a screen, an export, a chart or a download
shows, a service gave it.

Every cost and every margin of a whole demo shop gets a figure that nothing else has; then every reading
function of every room is asked as somebody who may not see them, and what it answers is searched for those
figures.
"""

from __future__ import annotations

import inspect
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook
from sqlalchemy import BigInteger, Float, select, update

from core import clock
from core.access import Actor, allowed
from core.access.rules import ACTIONS
from core.campaign.target import solve
from core.database import Database, connect
from core.database.types import load_tables
from core.errors import ShopError
from core.experiments.activity import Groups
from core.lists.rules import Plan
from core.overview.inbox_marks import HandedOn
from core.pricing.baskets import Purchase
from core.pricing.engine.cost_cards import AMOUNTS
from core.pricing.what_if import OtherCosts
from core.replenishment.tables import purchase_order, replenishment_run
from core.review.after_sales.fast_refund import FastRefund
from core.review.drill import Bar
from tests.access.test_roles import FUNCTIONS, _action
from tests.demo_shop import Demo

COST, MARGIN = 7_654_321_987_661, 9_876_543_212_347  # fen; far above every honest figure of the demo
NEAR = 10**8  # a price less such a cost is still recognised
COSTLY = {"unit_cost", "overage", "leftover_value", "seen_unit_cost"}
PROFITABLE = {"contribution", "lost_profit", "expected_profit", "cap_forgone", "critical_ratio"}
READING = [
    (name, str(_action(node)))
    for name, node in FUNCTIONS
    if str(_action(node)).endswith(".view") and name != "core.access.approvals.decide"
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, demo: Demo) -> Iterator[Database]:
    """The demo shop, its costs and margins marked."""
    database = connect(f"sqlite:///{demo.copied_to(tmp_path_factory.mktemp('marked') / 'shop.db')}")
    with database.writing() as connection:
        for table in load_tables().sorted_tables:
            money = {c.name for c in table.columns if isinstance(c.type, BigInteger | Float)}
            marked: dict[str, Any] = dict.fromkeys(money & COSTLY, COST) | dict.fromkeys(
                money & PROFITABLE, MARGIN
            )
            if (
                table.name == "cost_card"
            ):  # one part of the cost is all of it, so that a contribution is a price less the mark
                marked = dict.fromkeys(AMOUNTS, 0) | {AMOUNTS[0]: COST}
            if marked:
                connection.execute(update(table).values(**marked))
    yield database
    database.dispose()


def given(database: Database) -> dict[str, Any]:
    """What the functions ask for, by name."""
    now = clock.now()
    paid = pd.DataFrame(
        {
            "sku_code": pd.Series(dtype="str"),
            "units": pd.Series(dtype="int64"),
            "paid_amount": pd.Series(dtype="int64"),
        }
    )
    titles = {
        name: name
        for name in ("sku_code", "name", "pack_size", "quantity", "expected_on", "unit_cost", "amount")
    }
    tables = load_tables().tables
    with database.reading() as connection:
        run = (
            connection.execute(select(replenishment_run).order_by(replenishment_run.c.run_id.desc()))
            .mappings()
            .first()
        )
        order = connection.scalars(select(purchase_order.c.order_id)).first()
        sku_code = connection.scalars(select(tables["replenishment_line"].c.sku_code)).first()
        idea_id = connection.scalars(select(tables["idea"].c.idea_id)).first()
        experiment_id = connection.scalars(select(tables["experiment"].c.experiment_id)).first()
        list_id = connection.scalars(select(tables["audience_list"].c.list_id)).first()
    assert run is not None
    return {
        "campaign_id": run["campaign_id"],
        "run_id": run["run_id"],
        "before": run["run_id"],
        "after": run["run_id"],
        "order_id": order,
        "name": order,
        "sku_code": sku_code,
        "now": now,
        "at": now,
        "until": now,
        "first": now - timedelta(days=1),
        "last": now,
        "day": now.date(),
        "zone": clock.SHANGHAI,
        "numbers": solve(visitors=100_000, conversion_rate=0.03, aov=20_000),
        "phase": "live",
        "by": "day",
        "titles": titles,
        "paid": paid,
        "import_id": "none",
        "purchase": Purchase({str(sku_code): 1}, "anyone", now),
        "costs": OtherCosts({"advertising": 12_000}, {}),
        "groups": Groups([str(sku_code)], []),
        "span": (now.date() - timedelta(days=7), now.date()),
        "opens_at": now,
        "text": str(sku_code),
        "idea_id": idea_id,
        "experiment_id": experiment_id,
        "list_id": list_id,
        "plan": Plan(),
        "topic": "price",
        "rule": FastRefund(),
        "proposed": pd.DataFrame({"threshold": [0], "benefit_rate": [0.0]}, index=["银卡"]),
        "units": ["u1", "u2"],
        "source_id": run["campaign_id"],
        "part": "live",
        "bar": Bar("channels", "app"),
        "hour": now - timedelta(hours=1),
        "orders": ["o1"],
        "approval_ids": [],
        "handed": HandedOn("none", "campaign.view", "nobody"),
    }


def numbers(value: Any, seen: int = 0) -> Iterator[float]:
    """Every number in an answer, however deep: frames, dataclasses, mappings, workbooks, texts."""
    if seen > 8 or value is None or isinstance(value, bool):
        return
    if isinstance(value, int | float | np.integer | np.floating):
        yield float(value)
    elif isinstance(value, str):
        yield from (
            float(found) for found in re.findall(r"\d+(?:\.\d+)?", value.replace(",", "")) if len(found) < 20
        )
    elif isinstance(value, bytes) and value.startswith(b"PK"):
        for sheet in load_workbook(io.BytesIO(value), read_only=True).worksheets:
            yield from numbers(list(sheet.values), seen + 1)
    elif isinstance(value, pd.DataFrame):
        for name in value.columns:
            yield from numbers(value[name], seen + 1)
    elif isinstance(value, pd.Series) and value.dtype.kind in "iuf":  # a plain column, once each
        yield from value.dropna().astype("float64").unique().tolist()
    elif isinstance(value, pd.Series) and isinstance(value.dtype, pd.StringDtype):
        yield from numbers(value.dropna().unique().tolist(), seen + 1)
    elif isinstance(value, pd.Series | pd.Index | np.ndarray):
        yield from numbers(list(value), seen + 1)
    elif is_dataclass(value):
        yield from numbers([getattr(value, field.name) for field in fields(value)], seen + 1)
    elif isinstance(value, Mapping):
        yield from numbers([*value.keys(), *value.values()], seen + 1)
    elif isinstance(value, list | tuple | set):
        for part in value:
            yield from numbers(part, seen + 1)


def margins(value: Any, seen: int = 0) -> list[str]:
    """The columns of frames in an answer that are margins by their name and hold anything."""
    if isinstance(value, pd.DataFrame):
        named = {name for name in map(str, value.columns) if "margin" in name or "contribution" in name}
        return [
            name
            for name in sorted(named)
            if pd.api.types.is_numeric_dtype(value[name]) and value[name].notna().any()
        ]
    if is_dataclass(value) and seen < 4:
        return [name for field in fields(value) for name in margins(getattr(value, field.name), seen + 1)]
    return []


def betrayed(answer: Any, figure: int) -> list[float]:
    """The numbers in an answer that are the figure, in fen or yuan, a multiple of it, or a price less it."""
    found = np.abs(np.array([number for number in numbers(answer) if np.isfinite(number)]))
    told = np.zeros(len(found), bool)
    for unit, near in ((figure, NEAR), (figure / 100, NEAR / 100)):
        times = np.maximum(np.round(found / unit), 1)
        told |= (np.abs(found - unit) < near) | (
            (np.abs(found - times * unit) <= np.maximum(0.5, found * 1e-12)) & (found > unit / 2)
        )
    return [float(number) for number in found[told]]


def test_the_search_finds_what_it_looks_for() -> None:
    frame = pd.DataFrame({"a": [1, COST * 7], "b": [{"deep": COST / 100}, ("x", -COST + 9_900)]})
    assert betrayed(frame, COST) == [COST * 7, COST / 100, COST - 9_900]
    assert betrayed(f"共 ¥{COST / 100:,.2f}", COST) == [COST / 100]
    assert betrayed([1, 5_000_000_000, 9_900], COST) == []


def test_no_reading_function_gives_them_away(shop: Database) -> None:
    """Asked once by a role that sees neither, and once by the merchandiser, who sees costs but no margins."""
    known, leaks, asked, unasked = given(shop), {}, 0, []
    for name, action in READING:
        module, _, function = name.rpartition(".")
        call: Callable[..., Any] = getattr(import_module(module), function)
        parameters = inspect.signature(call).parameters.values()
        needed = [
            p.name
            for p in parameters
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
        words = {word: known.get(word) for word in needed if word not in {"db", "actor"}}
        if set(words) - set(known):
            unasked.append(name)
            continue
        blind = [role for role in ("viewer", "campaign_lead", "warehouse") if role in ACTIONS[action]][:1]
        for role in [*blind, *({"merchandiser"} & ACTIONS[action])]:
            actor = Actor(f"{role}-1", role, "cli")
            try:
                answer = call(shop, actor, **words)
            except ShopError:
                continue
            asked += 1
            unseen = [
                figure
                for figure, right in ((COST, "cost.view"), (MARGIN, "margin.view"))
                if not allowed(actor, right)
            ]
            told: list[Any] = [number for figure in unseen for number in betrayed(answer, figure)]
            if told := told + ([] if allowed(actor, "margin.view") else margins(answer)):
                leaks[name, role] = told[:3]
    assert leaks == {}
    assert asked > 90
    assert len(unasked) <= 5, f"say in `given` what these are to be asked with: {unasked}"


def test_who_may_see_them_does(shop: Database) -> None:
    """The marks are where they should be, so that the test above could fail."""
    from core.pricing.service import margins as judged
    from core.replenishment.service import sheet
    from core.stock.service import positions

    known, finance = given(shop), Actor("f", "finance", "cli")
    assert betrayed(positions(shop, finance), COST)
    assert betrayed(sheet(shop, finance, known["run_id"]), COST)
    assert betrayed(sheet(shop, finance, known["run_id"]), MARGIN)
    assert betrayed(judged(shop, finance, known["campaign_id"]), COST)
    assert margins(judged(shop, finance, known["campaign_id"]))
