"""The five stages: k by its vector, figures by channel by hand, targets with pace, and stages without data."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from core.access import Actor
from core.access.persons import key_of
from core.audience.growth import service, stages
from core.audience.growth.referral import Referral
from core.audience.growth.service import Aim
from core.audience.growth.stages import Window
from core.audience.people.sheet import INVITES, MEMBERS, PEOPLE
from core.database import Database
from core.errors import ShopError
from core.live.tables import event as ledger
from core.overview import erasure
from tests.audience.people.shop import NOW, csv, orders, sales, take
from tests.live.conftest import OPENS, event, opened

VECTOR = json.loads((Path(__file__).parents[1] / "vectors.json").read_text(encoding="utf-8"))["k_factor"]


def test_k_counts_new_accounts_alone() -> None:
    told = VECTOR["input"]
    reward = VECTOR["cost_per_new_buyer_fen"]
    shown = Referral(
        told["members"],
        told["inviters"],
        told["sent"],
        told["accepted_new"],
        told["accepted_old"],
        told["first_order"],
        2 * reward["reward_each_side_fen"] * told["first_order"],
    )
    assert shown.share_rate == VECTOR["share_rate"]
    assert shown.invites_per_member == VECTOR["invites_per_member"]
    assert shown.conversion == VECTOR["invite_conversion_new_only"]
    assert shown.k == pytest.approx(VECTOR["k"])
    assert shown.k_to_first_order == pytest.approx(VECTOR["k_to_first_order"])
    assert shown.amplification == pytest.approx(VECTOR["amplification_1/(1-k)"])
    assert shown.cost_per_new_buyer == reward["value"]
    assert pd.isna(Referral(10, 5, 20, 12, 0, 0).amplification), "each brings more than one: no end"


def _frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """a and b come by search, c by paid, d without a record."""
    people = pd.DataFrame(
        {
            "person_key": ["a", "b", "c"],
            "channel": ["search", "search", "paid"],
            "first_day": pd.to_datetime(["2026-10-01", "2026-10-02", "2026-10-12"]),
        }
    )
    bought = [
        ("a", "2026-10-05", 100),
        ("b", "2026-10-12", 300),
        ("c", "2026-08-02", 50),
        ("c", "2026-09-09", 70),
    ]
    bought += [("d", "2026-10-06", 500), ("e", "2026-08-20", 10)]
    frame = pd.DataFrame(bought, columns=["buyer_key", "day", "net_amount"])
    return people, frame.assign(
        day=pd.to_datetime(frame["day"]), order_id=[f"o{n}" for n in range(len(frame))]
    )


def test_stages_by_channel() -> None:
    people, bought = _frames()
    window = Window(pd.Timestamp("2026-10-01"), pd.Timestamp("2026-10-14"))
    new = stages.acquisition(people, bought, window).set_index("channel")
    assert new["numerator"].to_dict() == {"": 3, "search": 2, "~unstated": 1, "paid": 0}
    assert new.loc["", "denominator"] == 3
    active = stages.activation(people, bought, window).set_index("channel")
    assert active.loc["", ["numerator", "denominator"]].tolist() == [1, 2], (
        "b took ten days; c is too young to judge"
    )
    kept, month = stages.retention(people, bought, window.last)
    assert month == "2026-08"
    assert kept.set_index("channel").loc["", ["numerator", "denominator", "value"]].tolist() == [1, 2, 0.5]
    spent = stages.revenue(people, bought, window).set_index("channel")
    assert spent["value"].to_dict() == {"": 300, "~unstated": 500, "search": 200}


def test_counts_grow_with_the_window_and_levels_do_not() -> None:
    rows = pd.DataFrame(
        {"stage": ["acquisition", "activation"], "value": [40.0, 0.2], "target": [100.0, 0.25]}
    )
    shown = stages.due(rows, 0.5)
    assert shown["due"].tolist() == [50, 0.25]
    assert shown["gap"].tolist() == [-10, pytest.approx(-0.05)]
    assert shown["pace"].tolist() == [0.8, 0.8]


def _day(day: int) -> datetime:
    return datetime(2026, 10, day, 4, 0, tzinfo=UTC)


def test_the_board_from_workbooks_to_targets(database: Database, merchandiser: Actor, lead: Actor) -> None:
    _, coming = sales(database, lead)
    empty = service.board(database, lead, coming, now=NOW)
    assert empty.begun
    assert set(empty.missing) == set(stages.STAGES), "a stage without data says so"
    orders(
        database, merchandiser, [("甲甲甲", _day(12), 100), ("乙乙乙", _day(16), 50), ("丙丙丙", _day(5), 20)]
    )
    first = (NOW - timedelta(days=9)).strftime("%Y-%m-%d")
    take(
        database,
        merchandiser,
        PEOPLE,
        csv(("用户标识", "首次访问日期", "渠道"), [("甲甲甲", first, "search")]),
    )
    take(
        database,
        merchandiser,
        MEMBERS,
        csv(("用户标识", "会员等级"), [("甲甲甲", "金卡"), ("丁丁丁", "银卡")]),
    )
    head = ("邀请编号", "邀请人", "被邀请人", "新老账号", "邀请时间", "奖励金额")
    invited = [
        ("Y1", "甲甲甲", "乙乙乙", "新客", "2026-10-15 10:00:00", 20),
        ("Y2", "甲甲甲", "丙丙丙", "新客", "2026-10-15 10:00:00", 0),
        ("Y3", "甲甲甲", "戊戊戊", "老客", "2026-10-16 10:00:00", 0),
    ]
    take(database, merchandiser, INVITES, csv(head, invited))
    service.set_target(database, lead, coming, Aim("acquisition", "", 10.0), now=NOW)
    service.set_target(database, lead, coming, Aim("acquisition", "search", None, 4_000), now=NOW)
    shown = service.board(database, lead, coming, now=NOW)
    new = shown.rows[shown.rows["stage"] == "acquisition"].set_index("channel")
    assert new.loc["", "target"] == 10
    assert new.loc["", "due"] == pytest.approx(10 * shown.elapsed)
    assert new.loc["search", "cost"] == 4_000 / new.loc["search", "numerator"]
    assert (shown.referral.inviters, shown.referral.new, shown.referral.old) == (1, 2, 1)
    assert shown.referral.bought == 1, "whoever bought before the invite was not won by it"
    assert shown.referral.k == 1.0
    assert shown.referral.cost_per_new_buyer == 2_000
    assert not {"activation", "revenue", "referral"} & set(shown.missing)
    with pytest.raises(ShopError, match=r"growth\.moved"):
        service.set_target(database, lead, coming, Aim("acquisition", "", 20.0), now=NOW)
    with pytest.raises(ShopError, match=r"growth\.target"):
        service.set_target(database, lead, coming, Aim("activation", "", 20.0), now=NOW)
    with pytest.raises(ShopError, match=r"access\.denied"):
        service.set_target(database, merchandiser, coming, Aim("acquisition", "", 20.0), now=NOW)


def test_invites_that_come_as_events_make_k_without_a_workbook(database: Database, admin: Actor) -> None:
    shop = opened(database, admin)
    told = [
        event(n, "invite", 5, sku_code="", user_key="anna", invited=f"new-{n}", account="new")
        for n in range(3)
    ]
    told.append(
        event(7, "invite", 6, sku_code="", user_key="ben", invited="old-1", account="old", amount_fen=500)
    )
    told.append(event(8, "invite", 6, sku_code="", user_key="ben"))
    assert shop.send(told)["rejected"] == []
    wrong = shop.send([event(9, "invite", 6, sku_code="", user_key="ben", invited="who")])
    assert [one["code"] for one in wrong["rejected"]] == ["live.account"]
    take(database, admin, MEMBERS, csv(("用户标识", "会员等级"), [(f"m{n}", "银卡") for n in range(10)]))
    at = OPENS + timedelta(hours=1)
    invited = service.board(database, admin, shop.campaign_id, now=at).referral
    assert (invited.sent, invited.inviters, invited.new, invited.old, invited.rewards) == (5, 2, 3, 1, 500)
    assert invited.k == pytest.approx(0.3)
    erasure.forget(database, admin, "new-1", now=at)
    with database.reading() as connection:
        keys = set(connection.scalars(select(ledger.c.order_id).where(ledger.c.kind == "invite")))
    assert key_of("new-0") in keys
    assert key_of("new-1") not in keys
    assert service.board(database, admin, shop.campaign_id, now=at).referral.new == 3, "sums stay"
