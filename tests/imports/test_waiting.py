"""Workbooks that are taken in behind the pages go in in order, each once, and what was cut short goes on."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.audience import life, rules, runs
from core.database import Database, connect, read
from core.goods.sheet import GOODS
from core.imports import service, waiting
from core.orders.tables import buyer
from core.settings import settings
from data import demo_campaign
from data.history import orders as demo_history
from pages.parts.shell import menu
from tests.conftest import NOW
from tests.pages.visiting import sign_in_as

DAY = date(2026, 10, 20)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings(), "data_dir", tmp_path)
    return tmp_path / waiting.FOLDER


def _lay(db: Database, actor: Actor, workbooks: Mapping[str, bytes]) -> None:
    """Lays them down for a shop that has imported something."""
    sheet = pd.DataFrame({"商品编码": ["S1"], "商品名称": ["一"]}).to_csv(index=False).encode("utf-8-sig")
    draft = service.check(service.inspect(db, actor, GOODS, sheet, "goods.csv"))
    service.commit(db, actor, draft, now=NOW)
    with db.reading() as connection:
        waiting.lay(connection, workbooks)


def test_what_was_cut_short_goes_on(sqlite: Database, admin: Actor, lead: Actor) -> None:
    _lay(sqlite, admin, {f"{n}.csv": bytes([n]) for n in range(5)})
    names: list[str] = []

    def stops_at_the_third(name: str, content: bytes) -> None:
        assert content == bytes([int(name[0])])
        if name == "2.csv" and len(names) == 2:
            raise KeyboardInterrupt
        names.append(name)

    with pytest.raises(KeyboardInterrupt):
        waiting.take(service.arriving(sqlite, lead), stops_at_the_third)
    assert service.arriving(sqlite, lead) == waiting.Waiting(3, 5)
    names.append("again")
    assert waiting.take(service.arriving(sqlite, lead), stops_at_the_third) == 3
    assert names == ["0.csv", "1.csv", "again", "2.csv", "3.csv", "4.csv"]
    assert service.arriving(sqlite, lead) == waiting.Waiting(0, 0)


def test_another_shop_of_the_same_folder_takes_nothing(
    sqlite: Database, sqlite_template: Path, tmp_path: Path, admin: Actor, lead: Actor
) -> None:
    _lay(sqlite, admin, {"1.csv": b"a"})
    another = connect(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'another.db')}")
    assert service.arriving(another, lead) == waiting.Waiting(0, 0)
    assert waiting.take(service.arriving(another, lead), lambda name, _: pytest.fail(name)) == 0
    another.dispose()
    assert service.arriving(sqlite, lead) == waiting.Waiting(1, 1)


def test_a_half_written_workbook_is_not_taken(
    folder: Path, sqlite: Database, admin: Actor, lead: Actor
) -> None:
    _lay(sqlite, admin, {"1.csv": b"a"})
    (folder / "2.csv.part").write_bytes(b"half")
    assert waiting.take(service.arriving(sqlite, lead), lambda name, _: name) == 1


def test_the_quarters_tell_one_history_of_people_whom_the_last_orders_do_not_know() -> None:
    quarters = demo_history.quarters(DAY, 300)
    assert quarters == demo_history.quarters(DAY, 300)
    frames = [pd.read_csv(BytesIO(content), dtype=str) for content in quarters.values()]
    days = [pd.to_datetime(frame["订单付款时间"]) for frame in frames]
    assert all(before.max() < after.min() for before, after in itertools.pairwise(days))
    assert pd.Timestamp(DAY) - days[0].min() > pd.Timedelta(days=640)
    assert days[-1].max() < pd.Timestamp(DAY)
    orders = [set(frame["订单编号"]) for frame in frames]
    assert sum(map(len, orders)) == len(set().union(*orders)), "an order stands in one quarter"
    people = set(pd.concat(frames)["买家会员名"])
    others = {f"拾光用户{n:05d}" for n in demo_campaign.order_draws(DAY).buyer}
    assert len(people) >= 295
    assert not people & others


def test_the_history_has_somebody_in_every_stage_of_life_and_every_segment() -> None:
    frames = [pd.read_csv(BytesIO(one), dtype=str) for one in demo_history.quarters(DAY, 6_000).values()]
    lines = pd.concat(frames)
    kept = lines[lines["订单状态"] == "交易成功"]
    today = pd.Timestamp(DAY)
    days = pd.DataFrame(
        {"buyer_key": kept["买家会员名"], "day": pd.to_datetime(kept["订单付款时间"]).dt.normalize()}
    )
    gap = life.gaps(days, today)
    limits = life.gap_quantiles(gap["gap"].to_numpy(), gap["closed"].to_numpy(), (0.5, 0.8))
    orders = kept.groupby("买家会员名")["订单编号"].nunique()
    stages = life.stages(days, orders, today, (float(limits[0]), float(limits[1]))).value_counts()
    assert set(stages.index) == set(life.STAGES)
    amount = kept["买家实际支付金额"].astype("int64").groupby(kept["买家会员名"]).sum()
    recency = (today - days.groupby("buyer_key")["day"].max()).dt.days
    known = pd.DataFrame({"recency": recency, "frequency": orders, "amount": amount})
    codes = rules.segments(known, rules.cuts(known, "median"))
    assert set(codes) >= set(rules.SEGMENTS)


def test_they_are_imported_and_the_page_says_how_far(
    command_line: Callable[..., tuple[int, Any]],
    database: Database,
    admin: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _lay(database, admin, demo_history.quarters(DAY, 40))
    sign_in_as(monkeypatch, database, Actor("lead", "campaign_lead"))
    entry = next(entry for entry in menu.MENU if entry.page == "audience")
    page = AppTest.from_file(str(entry.file), default_timeout=60).run()
    assert not page.exception
    assert "8" in page.get("progress")[0].proto.text
    assert command_line("demo", "--history") == (0, {"quarters": 8})
    with database.reading() as connection:
        assert len(read(connection, select(buyer.c.buyer_key))) >= 38
    assert not page.run().get("progress")


def test_segments_stored_before_are_judged_anew_with_the_people_of_the_history(
    command_line: Callable[..., tuple[int, Any]], database: Database, admin: Actor, lead: Actor
) -> None:
    quarters = demo_history.quarters(DAY, 60)
    _lay(database, admin, dict(list(quarters.items())[-1:]))
    command_line("demo", "--history")
    first = runs.keep(database, lead, "median", DAY - timedelta(days=30), now=NOW)
    with database.reading() as connection:
        waiting.lay(connection, dict(list(quarters.items())[:-1]))
    assert command_line("demo", "--history")[1] == {"quarters": 7}
    last = runs.listed(database, lead)[0]
    assert (last.as_of, last.cuts.method) == (first.as_of, first.cuts.method)
    assert last.people > first.people
