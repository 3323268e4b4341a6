"""The line-up on both databases: real reports and orders, suggestions decided, the plan spread, promises made
twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.access import Actor, audit
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.campaign.target import Target
from core.database import Database, insert
from core.errors import ShopError
from core.goods import structure
from core.goods.tables import sku
from core.imports import service as imports
from core.imports.kinds import Kind
from core.lineup import partners, service
from core.orders.sheet import ORDERS
from core.orders.tables import order_line
from core.signals.sheet import TRAFFIC
from core.signals.tables import daily_signal
from core.stock.tables import stock_arrival, stock_position
from core.versions import Version
from core.warmup import wishes
from core.warmup.sheet import WARMUP
from tests import shops


@pytest.fixture
def campaign_id(database: Database, lead: Actor, now: datetime) -> str:
    """A sale of four SKUs with a month of figures: a best seller, a riser, a sleeper and one that never
    sold."""
    codes = ["A", "B", "C", "D"]
    frame = pd.DataFrame(
        {
            "sku_code": codes,
            "name": ["甲", "乙", "丙", "丁"],
            "function": ["唇", "唇", "眼", "眼"],
            "list_price": 10_000,
        }
    )
    days = [date(2026, 10, 19) - timedelta(days=n) for n in range(28)]
    rows = [
        (code, day, 100, carts if (days[0] - day).days < 7 else before, sold, sold * 10_000)
        for code, carts, before, sold in (("A", 20, 20, 40), ("B", 40, 5, 3), ("C", 1, 1, 1))
        for day in days
    ]
    figures = pd.DataFrame(
        rows, columns=["sku_code", "day", "visitors", "add_to_cart", "units_paid", "paid_amount"]
    )
    levels = {
        "sku_code": codes,
        "on_hand": [4000, 200, 900, 50],
        "reserved": 0,
        "presale_committed": 0,
        "activity_locked": 0,
        "in_transit": 0,
    }
    with database.writing() as connection:
        shops.goods(connection, frame, now)
        insert(connection, daily_signal, figures.assign(channel="", import_id="x", updated_at=now))
        insert(connection, stock_position, pd.DataFrame(levels).assign(version=1, updated_at=now))
    mine = campaigns.add_sale(
        database, lead, NewSale("双十一", now + timedelta(days=21), now + timedelta(days=22)), now=now
    )
    structure.enter(database, lead, mine, now=now)
    return mine


def test_suggestions_are_accepted_or_refused_once(
    database: Database, merchandiser: Actor, campaign_id: str, now: datetime
) -> None:
    first = service.load(database, merchandiser, campaign_id)
    assert first.rows["suggested"].to_dict() == {
        "A": "main_push",
        "B": "pre_hot",
        "C": "clearance",
        "D": "clearance",
    }
    assert first.last_day == date(2026, 10, 19)
    assert (
        service.decide(database, merchandiser, campaign_id, {"A": "main_push", "B": "pre_hot"}, True, now=now)
        == 2
    )
    assert service.decide(database, merchandiser, campaign_id, {"C": "clearance"}, False, now=now) == 1
    second = service.load(database, merchandiser, campaign_id)
    assert second.rows["tier"].to_dict() == {"A": "main_push", "B": "pre_hot", "C": "regular", "D": "regular"}
    assert second.rows["decision"].to_dict() == {"A": "accepted", "B": "accepted", "C": "refused", "D": ""}
    assert second.gaps[["function", "missing"]].values.tolist() == [["眼", "main_push"], ["眼", "pre_hot"]]
    with pytest.raises(ShopError, match=r"goods\.suggestion_moved"):
        service.decide(database, merchandiser, campaign_id, {"D": "main_push"}, True, now=now)


def test_the_votes_of_the_groups_make_a_suggestion(
    database: Database, merchandiser: Actor, campaign_id: str, now: datetime
) -> None:
    day = (now + timedelta(days=2)).date()
    votes = [("C", "华东群", 60), ("C", "老客群", 41), ("B", "华东群", 29), ("A", "", 5)]
    rows = "".join(f"{day},{code},{group},{count}\n" for code, group, count in votes)
    content = f"日期,商家编码,渠道,战备群投票\n{rows}".encode()
    report = imports.commit(
        database,
        merchandiser,
        imports.check(imports.inspect(database, merchandiser, WARMUP, content, "群投票.csv")),
        now=now,
    )
    advised = service.load(database, merchandiser, campaign_id).rows.loc["C"]
    assert (advised["suggested"], advised["votes"]) == ("main_push", 101)
    assert "voted" in advised["reasons"]
    groups = wishes.by_group(database, merchandiser, campaign_id)
    assert groups[["group", "votes", "skus"]].values.tolist() == [
        ["华东群", 89, 2],
        ["老客群", 41, 1],
        ["", 5, 1],
    ]
    assert groups["first"][0] == ["丙 60", "乙 29"]
    imports.undo(database, merchandiser, WARMUP, report.import_id, reason="传错了", now=now)
    assert service.load(database, merchandiser, campaign_id).rows.loc["C", "suggested"] == "clearance"
    assert wishes.by_group(database, merchandiser, campaign_id).empty


def test_the_plan_is_spread_over_the_tiers_exactly(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    with pytest.raises(ShopError, match=r"plan\.none"):
        service.spread(database, lead, campaign_id, now=now)
    service.decide(database, lead, campaign_id, {"A": "main_push", "B": "pre_hot"}, True, now=now)
    plan = shops.planned(database, lead, campaign_id, now, target=Target(10_000_001, 10_000, 0.1, 10_000))
    assert service.spread(database, lead, campaign_id, now=now) == 4
    rows = service.load(database, lead, campaign_id).rows
    targets = plan.part("tier").set_index("part")["gmv"]
    by_tier = rows.groupby("tier")["planned_gmv"].sum()
    assert all(by_tier[tier] == targets[tier] for tier in ("pre_hot", "main_push", "regular"))
    assert (rows["planned_units"] * 10_000 >= rows["planned_gmv"]).all()


def test_a_plan_made_while_another_is_being_spread_is_the_one_that_is_spread(
    database: Database, lead: Actor, campaign_id: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops.planned(database, lead, campaign_id, now, target=Target(10_000_000, 10_000, 0.1, 10_000))
    look, times = service.lined_up, []

    def slowly(*given: Any) -> Any:
        times.append(1)
        if len(times) == 1:
            goal = Target(20_000_000, 20_000, 0.1, 10_000)
            with ThreadPoolExecutor() as pool:  # on another connection, as a colleague does
                pool.submit(
                    planning.set_target, database, lead, campaign_id, planning.NewPlan(goal, "加码"), now=now
                ).result(timeout=5)
        return look(*given)

    monkeypatch.setattr(service, "lined_up", slowly)
    service.spread(database, lead, campaign_id, now=now)
    assert len(times) == 2
    plan = planning.plan(database, lead, campaign_id)
    assert plan is not None
    regular = plan.part("tier").set_index("part")["gmv"]["regular"]
    assert service.load(database, lead, campaign_id).rows["planned_gmv"].sum() == regular


def test_a_promise_made_by_two_overlapping_sales_is_shown(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    other = campaigns.add_sale(
        database, lead, NewSale("会员日", now + timedelta(days=21), now + timedelta(days=23)), now=now
    )
    structure.enter(database, lead, other, ["A", "B"], now=now)
    for mine, version, units in ((campaign_id, 1, 150), (other, 1, 100)):
        changes = pd.DataFrame({"key": ["B"], "field": ["planned_units"], "after": [units]})
        structure.edit(database, lead, mine, structure.Cells(changes, {"B": version}), now=now)
    rows = service.load(database, lead, campaign_id).rows
    assert rows.loc["B", ["promised", "overlap", "oversold"]].tolist() == [250, "会员日", True]
    assert rows.loc["A", ["overlap", "oversold"]].tolist() == ["会员日", False]
    assert rows.loc["C", "overlap"] == ""


def test_partners_from_baskets_are_kept_and_dropped(
    database: Database, merchandiser: Actor, lead: Actor, viewer: Actor, campaign_id: str, now: datetime
) -> None:
    service.decide(database, lead, campaign_id, {"A": "main_push"}, True, now=now)
    orders = [("A", n) for n in range(6)] + [("C", n) for n in range(4)] + [("B", n) for n in range(5, 30)]
    lines = pd.DataFrame(orders, columns=["sku_code", "order_id"]).astype(str)
    with database.writing() as connection:
        insert(
            connection,
            order_line,
            lines.assign(line="1", state="done", paid_at=now, quantity=1, amount=10_000, import_id="x"),
        )
    found = partners.partners(database, merchandiser, campaign_id)
    assert found[["sku_code", "partner_code", "together", "kept"]].values.tolist() == [["A", "C", 4, False]]
    assert "margin_rate" not in found
    partners.keep(database, lead, campaign_id, found, now=now)
    assert partners.partners(database, lead, campaign_id, least=99)["kept"].tolist() == [True]
    assert [partners.partners_of(database, viewer, campaign_id, code) for code in ("A", "C", "B")] == [
        ["C"],
        ["A"],
        [],
    ]
    partners.drop(database, lead, campaign_id, [("A", "C")], now=now)
    assert partners.partners(database, lead, campaign_id, least=99).empty


def test_margins_are_for_those_who_may_see_them(
    database: Database, finance: Actor, viewer: Actor, campaign_id: str
) -> None:
    assert "margin_rate" in service.load(database, finance, campaign_id).rows
    hidden = service.load(database, viewer, campaign_id)
    assert not set(service.MARGINS) & set(hidden.rows.columns)
    assert "unit_cost" not in hidden.rows
    with pytest.raises(ShopError, match=r"access\.denied"):
        service.decide(
            database, viewer, campaign_id, {"A": "main_push"}, True, now=datetime.now().astimezone()
        )


def test_an_empty_campaign_has_an_empty_line_up(database: Database, lead: Actor, now: datetime) -> None:
    mine = campaigns.add_sale(database, lead, NewSale("空", now, now + timedelta(days=1)), now=now)
    picture = service.load(database, lead, mine)
    assert picture.rows.empty
    assert picture.shape["skus"].sum() == 0
    assert partners.partners(database, lead, mine).empty


def _take(db: Database, actor: Actor, kind: Kind, path: Path, now: datetime) -> None:
    imports.commit(
        db, actor, imports.check(imports.inspect(db, actor, kind, path.read_bytes(), path.name)), now=now
    )


def test_a_real_shop_gets_tiers_and_partners(
    sqlite: Database, admin: Actor, shared: Path, now: datetime
) -> None:
    """Six weeks of a real shop's reports before 18 June, and a year of its order exports."""
    for name in ("5月.xlsx", "6月.xlsx"):
        _take(sqlite, admin, TRAFFIC, shared / "data" / "jd_2019" / name, now)
    _take(sqlite, admin, ORDERS, shared / "data" / "exports" / "taobao_mrtb_data.xlsx", now)
    mine = campaigns.add_sale(sqlite, admin, NewSale("618", now, now + timedelta(days=3)), now=now)
    structure.enter(sqlite, admin, mine, now=now)
    rows = service.load(sqlite, admin, mine).rows
    assert len(rows) >= 30
    best = rows[rows["abc"] == "A"]
    assert best["gmv"].sum() >= 0.8 * rows["gmv"].sum()
    assert set(rows["suggested"]) <= set(structure.TIERS)
    assert rows["reasons"].str.len().min() >= 1
    lead = rows[rows["reasons"].map(lambda reasons: "lead" in reasons)]
    assert lead["gmv"].sum() >= 0.7 * rows["gmv"].sum()
    assert (
        lead["suggested"] == "main_push"
    ).all()  # no carts and favourites in these reports say that anything heats up
    assert all(
        "raise_stock" in reasons for reasons in lead["reasons"]
    )  # nothing on hand: it must be ordered before it can carry
    assert all("thin" in reasons for reasons in rows.loc[rows["suggested"] == "regular", "reasons"])


def test_the_stamp_moves_with_what_can_move_the_line_up(sqlite: Database, lead: Actor, now: datetime) -> None:
    mine = campaigns.add_sale(
        sqlite, lead, NewSale("双十一", now + timedelta(days=21), now + timedelta(days=22)), now=now
    )
    before = service.stamp(sqlite, lead)
    with sqlite.writing() as connection:
        audit.record(connection, lead, now, "session.sign_in", "somebody")
        audit.record(connection, lead, now, "readiness.progress", "task")
    assert service.stamp(sqlite, lead) == before
    campaigns.rename(sqlite, lead, Version(mine, 1), "双十一 2026", now=now)
    assert service.stamp(sqlite, lead) > before


def test_without_a_single_report_nobody_is_advised(sqlite: Database, lead: Actor, now: datetime) -> None:
    with sqlite.writing() as connection:
        insert(
            connection,
            sku,
            pd.DataFrame({"sku_code": ["A", "B"], "name": "甲", "function": "", "updated_at": now}),
        )
    mine = campaigns.add_sale(
        sqlite, lead, NewSale("新店", now + timedelta(days=21), now + timedelta(days=22)), now=now
    )
    structure.enter(sqlite, lead, mine, now=now)
    rows = service.load(sqlite, lead, mine).rows
    assert rows["suggested"].tolist() == rows["tier"].tolist() == ["regular", "regular"]
    assert rows["reasons"].tolist() == [[], []]


def test_what_arrives_after_the_opening_keeps_no_promise(
    database: Database, lead: Actor, campaign_id: str, now: datetime
) -> None:
    other = campaigns.add_sale(
        database, lead, NewSale("会员日", now + timedelta(days=21), now + timedelta(days=23)), now=now
    )
    structure.enter(database, lead, other, ["B"], now=now)
    for mine, version, units in ((campaign_id, 1, 150), (other, 1, 100)):
        changes = pd.DataFrame({"key": ["B"], "field": ["planned_units"], "after": [units]})
        structure.edit(database, lead, mine, structure.Cells(changes, {"B": version}), now=now)
    opening = (now + timedelta(days=21)).date()
    came = {}
    for day in (opening + timedelta(days=1), "", opening):
        coming = pd.DataFrame({"sku_code": ["B"], "expected_on": [str(day)], "quantity": [50]})
        with database.writing() as connection:
            connection.execute(stock_arrival.delete())
            insert(connection, stock_arrival, coming)
        came[str(day)] = service.load(database, lead, campaign_id).rows.loc["B", "oversold"]
    assert list(came.values()) == [True, True, False]
