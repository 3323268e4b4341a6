"""The journey: seven rates, the weakest against its own last sale, and stages without data."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from core.access import Actor
from core.audience.journey import service, stages
from core.audience.people.sheet import MEMBERS
from core.database import Database
from core.review.sheet import SERVICE
from tests.audience.people.shop import NOW, OPENED, csv, orders, sales, take


def test_the_weakest_has_fallen_most_not_the_lowest() -> None:
    now = {"purchase": (30, 1_000), "rating": (70, 100), "care": (1, 10)}
    before = {"purchase": (29, 1_000), "rating": (90, 100), "care": (9, 10)}
    rows = stages.compared(now, before).set_index("stage")
    assert rows.index.tolist() == list(stages.STAGES)
    assert rows.index[rows["weakest"]].tolist() == ["rating"], "ten care contacts are too few to say"
    assert round(rows.loc["rating", "relative"], 4) == -0.2222
    assert pd.isna(rows.loc["product", "rate"])
    assert not stages.compared(before, before)["weakest"].any(), "none has fallen"


def test_rates_from_desk_members_and_orders(database: Database, merchandiser: Actor, lead: Actor) -> None:
    past, coming = sales(database, lead)
    night = OPENED + timedelta(hours=1)
    orders(database, merchandiser, [(f"人{n}甲乙", night, 10) for n in range(4)])
    members = [("人0甲乙", "金卡", "2026-08-01"), ("人1甲乙", "金卡", "2026-09-01")]
    take(database, merchandiser, MEMBERS, csv(("用户标识", "会员等级", "入会日期"), members))
    head = ("工单编号", "类别", "创建时间", "完结时间", "满意度")
    cases = [
        ("1", "售后", "2026-08-09 10:00:00", "2026-08-10 10:00:00", ""),
        ("2", "售后", "2026-08-09 10:00:00", "2026-08-19 10:00:00", ""),
        ("3", "售后", "2026-08-09 10:00:00", "", ""),
        ("4", "评价", "2026-08-10 10:00:00", "", "5"),
        ("5", "评价", "2026-08-10 10:00:00", "", "2"),
    ]
    take(database, merchandiser, SERVICE, csv(head, cases))
    shown = service.journey(database, lead, coming, now=NOW)
    assert (shown.sale, shown.before, shown.asked) == ("八月", "", False)
    rows = shown.rows.set_index("stage")
    assert rows.loc["after_sale", ["numerator", "denominator"]].tolist() == [1, 3]
    assert rows.loc["rating", ["numerator", "denominator"]].tolist() == [1, 2]
    assert rows.loc["membership", ["numerator", "denominator"]].tolist() == [1, 4], (
        "who joined later was none then"
    )
    assert rows.loc[["discovery", "purchase", "product", "care"], "rate"].isna().all()
    assert service.journey(database, lead, past, now=NOW).asked
