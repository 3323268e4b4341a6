"""Tests judged from a workbook of counts, from events and from orders, on both databases: a winner, lost logging,
people in two arms, and what is learnt.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import clock
from core.access import Actor
from core.access.keys import derived
from core.access.persons import key_of
from core.backup.checks import broken, check
from core.campaign import service as campaigns
from core.campaign.service import NewCampaign, NewSale
from core.campaign.target import solve
from core.database import Database, insert
from core.errors import ShopError
from core.experiments import designs, hypotheses, ideas, learnings, results
from core.experiments.assignment import Arm
from core.experiments.counts_sheet import EXPERIMENTS
from core.experiments.hypotheses import NewHypothesis
from core.experiments.ideas import NewIdea
from core.experiments.learnings import Lesson
from core.experiments.trial import Design
from core.imports import service as imports
from core.imports.service import Report
from core.live.intake.batches import BATCH, take
from core.live.ledger import recount
from core.orders.rules import buyer_keys
from core.orders.tables import order_line
from core.versions import Version
from tests import shops
from tests.experiments.test_ideas import visit

ARMS = (Arm("control", 1), Arm("video", 1))


def refused(code: str):
    return pytest.raises(ShopError, match=rf"^{code.replace('.', r'[.]')}")


@pytest.fixture
def sale(database: Database, lead: Actor, now: datetime) -> str:
    opens = now + timedelta(days=21)
    phases = [
        campaigns.Phase("p01", "warm_up", now - timedelta(days=20), opens),
        campaigns.Phase("p02", "live", opens, opens + timedelta(days=1)),
    ]
    campaign_id = campaigns.add(database, lead, NewCampaign("双 11", phases), now=now)
    target = solve(gmv=5_000_000_000, visitors=2_000_000, conversion_rate=0.1)
    shops.planned(database, lead, campaign_id, now, target=target)
    return campaign_id


def design(now: datetime, source: str = "counts", **other: Any) -> Design:
    usual: dict[str, Any] = {
        "metric": "conversion_rate",
        "base": 0.1,
        "minimum": 0.01,
        "starts_at": now - timedelta(days=14),
        "ends_at": now - timedelta(hours=2),
    }
    return Design("首屏视频", source, ARMS, **{**usual, **other})


def brought(db: Database, actor: Actor, rows: pd.DataFrame, now: datetime) -> Report:
    """The rows as a workbook through the import path."""
    file = io.BytesIO()
    rows.to_excel(file, index=False)
    draft = imports.check(imports.inspect(db, actor, EXPERIMENTS, file.getvalue(), "counts.xlsx"))
    return imports.commit(db, actor, draft, now=now)


def counts(now: datetime, rates: tuple[float, float], *, lost: float = 0.0, days: int = 13) -> pd.DataFrame:
    """A workbook of counts: 1,500 people a day and arm; of the second arm's buyers a share is lost from the log."""
    random, rows = np.random.default_rng(20), []
    for day in range(days):
        for arm, rate in zip(ARMS, rates, strict=True):
            viewers = int(random.binomial(3_000, 0.5)) if lost else 1_500
            buyers = int(random.binomial(viewers, rate))
            logged = int(random.binomial(buyers, 1 - lost)) if arm.code == "video" else buyers
            rows.append(
                {
                    "试验": "首屏视频",
                    "日期": (now - timedelta(days=14 - day)).date(),
                    "组别": arm.code,
                    "进组人数": viewers - (buyers - logged),
                    "买家数": logged,
                    "订单买家数": buyers,
                }
            )
    return pd.DataFrame(rows)


def test_counts_come_in_and_a_winner_is_learnt(
    database: Database, lead: Actor, viewer: Actor, sale: str, now: datetime
) -> None:
    hypothesis = hypotheses.pose(
        database, lead, sale, NewHypothesis("conversion_rate", "详情页首屏改版", 0.003), now
    )
    idea = ideas.suggest(database, lead, NewIdea("首屏放视频"), now)
    test = designs.create(database, lead, sale, design(now, hypothesis_id=hypothesis, idea_id=idea), now)
    assert ideas.backlog(database, lead).ideas.loc[idea, "state"] == "experiment"
    report = brought(database, lead, counts(now, (0.10, 0.12)), now)
    assert report.figures["added"] == 26
    view = results.view(database, viewer, test, now)
    (outcome,) = view.result.outcomes
    assert outcome.verdict.word == "win"
    assert outcome.effect is not None
    assert len(outcome.path) == 13
    assert view.worth["video"][0] > 0
    row = hypotheses.tried(database, viewer, sale, now).hypotheses.iloc[0]
    assert (row["worth"], row["state"], row["tests"]) == (150_000_000, "ended", 1)
    results.conclude(
        database, lead, Version(test, 1), now, words=results.Taught(detail="视频首屏更好", tags=["详情页"])
    )
    (lesson,) = learnings.search(database, viewer, "首屏").to_dict("records")
    assert (lesson["verdict"], lesson["factor"]) == ("win", "conversion_rate")
    assert lesson["low"] <= lesson["effect"] <= lesson["high"]
    tried = hypotheses.tried(database, viewer, sale, now)
    assert tried.hypotheses.iloc[0]["state"] == "win"
    assert len(tried.learnings) == 1
    with refused("experiments.stopped"):
        results.conclude(database, lead, Version(test, 2), now)
    with database.reading() as connection:
        assert broken(check(connection)) == {}


def test_lost_logging_is_not_trusted(database: Database, lead: Actor, sale: str, now: datetime) -> None:
    test = designs.create(database, lead, sale, design(now), now)
    assert brought(database, lead, counts(now, (0.10, 0.10), lost=0.2), now).committed
    (outcome,) = results.view(database, lead, test, now).result.outcomes
    assert (outcome.verdict.word, outcome.effect) == ("untrusted", None)
    assert "buyers_to_orders" in outcome.verdict.reasons


def test_strange_rows_of_a_workbook_are_refused_one_by_one(
    database: Database, lead: Actor, sale: str, now: datetime
) -> None:
    designs.create(database, lead, sale, design(now), now)
    rows = counts(now, (0.1, 0.1), days=2)
    rows.loc[0, "试验"], rows.loc[1, "组别"] = "没有的", "c"
    report = brought(database, lead, rows, now)
    assert sorted(report.rejected["code"]) == ["experiments.no_arm", "experiments.unknown_test"]


def _events(
    now: datetime, test: str, people: int, rates: dict[str, float], arm_of: Callable[[str], str], lost: float
) -> list[dict[str, Any]]:
    random, events = np.random.default_rng(7), []
    for n in range(people):
        user = f"u{n:05d}"
        arm, at = arm_of(user), now - timedelta(days=10, minutes=-n)
        buys = random.random() < rates[arm]
        events.append({"event_id": f"v{n}", "kind": "view", "at": at.isoformat(), "user_key": user})
        if not (lost and arm == "video" and buys and random.random() < lost):
            exposure = {
                "event_id": f"x{n}",
                "kind": "exposure",
                "at": (at + timedelta(seconds=1)).isoformat(),
            }
            events.append(exposure | {"user_key": user, "experiment": test, "arm": arm})
        if buys:
            events.append(
                {
                    "event_id": f"p{n}",
                    "kind": "pay",
                    "at": (at + timedelta(minutes=5)).isoformat(),
                    "user_key": user,
                    "order_id": f"o{n}",
                    "sku_code": "A1",
                    "amount_fen": 20_000 + n,
                }
            )
    return events


@pytest.mark.parametrize(("lost", "word"), [(0.0, "win"), (0.4, "untrusted")])
def test_events_are_judged_by_person(
    database: Database, lead: Actor, sale: str, now: datetime, lost: float, word: str
) -> None:
    test = designs.create(
        database,
        lead,
        sale,
        design(now, "events", base=0.3, minimum=0.05, own_split=True, guards={"refunds": 0.05}),
        now,
    )
    split = designs.splitter(designs.load(database, lead, test))
    events = _events(
        now, test, 1_500, {"control": 0.3, "video": 0.5}, lambda user: split.arm(key_of(user)), lost
    )
    events += [{**events[1], "event_id": "again"}]  # a second exposure is no second person
    for start in range(0, len(events), BATCH):
        receipt = take(database, lead, "shop", events[start : start + BATCH], now, campaign_id=sale)
        assert receipt.rejected == ()
    view = results.view(database, lead, test, now)
    (outcome,) = view.result.outcomes
    assert outcome.verdict.word == word, outcome.verdict
    assert view.result.two_arms == 0
    if word == "win":
        assert sum(view.result.people) == 1_500
        assert {name for name, _ in outcome.others} == {"visitor_value", "aov"}
    else:
        assert "buyers_to_orders" in outcome.verdict.reasons
    with database.reading() as connection:
        assert {name: faults for name, faults in recount.faults(connection, sale).items() if faults} == {}


def test_people_in_two_arms_are_counted_and_not_trusted(
    database: Database, lead: Actor, sale: str, now: datetime
) -> None:
    test = designs.create(database, lead, sale, design(now, "events"), now)
    base = {"kind": "exposure", "at": (now - timedelta(days=3)).isoformat(), "experiment": test}
    events = [
        {**base, "event_id": f"{arm.code}{n}", "user_key": f"u{n if n < 5 else n + 100 * k}", "arm": arm.code}
        for n in range(60)
        for k, arm in enumerate(ARMS)
    ]
    take(database, lead, "shop", events, now, campaign_id=sale)
    view = results.view(database, lead, test, now)
    assert view.result.two_arms == 5
    assert view.result.outcomes[0].verdict == results.judgement.Verdict("untrusted", ("two_arms",))


def test_orders_are_judged_by_the_buyers_known_before(
    database: Database, lead: Actor, sale: str, now: datetime
) -> None:
    test = designs.create(
        database,
        lead,
        sale,
        design(
            now, "orders", metric="visitor_value", base=5_000, deviation=6_000, minimum=1_000, own_split=True
        ),
        now,
    )
    split, random = designs.splitter(designs.load(database, lead, test)), np.random.default_rng(3)
    keys = buyer_keys(pd.Series([f"买家{n}" for n in range(1_200)]), derived("orders"))
    rows = []
    for n, key in enumerate(keys):
        taste = float(random.lognormal(8.5, 0.4))
        for when, lift in ((now - timedelta(days=20), 1.0), (now - timedelta(days=4), 1.5)):
            factor = lift if split.arm(key) == "video" and lift > 1 else 1.0
            rows.append((f"o{n}-{when.day}", key, when, round(taste * factor)))
    frame = pd.DataFrame(rows, columns=["order_id", "buyer_key", "paid_at", "amount"])
    frame = frame.assign(
        sku_code="A1", line="1", state="paid", quantity=1, ordered_at=frame["paid_at"], import_id="i"
    )
    with database.writing() as connection:
        insert(connection, order_line, frame)
    (outcome,) = results.view(database, lead, test, now).result.outcomes
    assert outcome.verdict.word == "win"
    others = dict(outcome.others)
    assert outcome.effect is not None
    assert others["cuped"].error < outcome.effect.error


def test_what_a_design_can_decide(database: Database, lead: Actor, sale: str, now: datetime) -> None:
    plan = design(now, starts_at=now, ends_at=now + timedelta(days=30))
    outlook = designs.outlook(database, lead, sale, designs.Draft(plan, 3_000), now)
    assert outlook.needed == 2 * 14_751
    assert outlook.by_end.days_needed == 10
    assert outlook.by_opening is not None
    assert outlook.by_opening.people == 63_000
    assert outlook.by_opening.smallest_effect is not None
    assert outlook.by_opening.smallest_effect < 0.01
    assert outlook.worth == 500_000_000
    with refused("experiments.design"):
        designs.outlook(database, lead, sale, designs.Draft(design(now, minimum=0), 3_000), now)
    with refused("experiments.design"):
        designs.create(database, lead, sale, design(now, metric="aov", deviation=1), now)


def test_an_import_of_counts_is_taken_back(database: Database, lead: Actor, sale: str, now: datetime) -> None:
    test = designs.create(database, lead, sale, design(now), now)
    first = brought(database, lead, counts(now, (0.10, 0.12)), now)
    again = brought(database, lead, counts(now, (0.10, 0.12)), now)
    assert (again.figures["unchanged"], again.figures["changed"]) == (26, 0)
    imports.undo(database, lead, EXPERIMENTS, first.import_id, reason="x", now=now)
    (outcome,) = results.view(database, lead, test, now).result.outcomes
    assert outcome.verdict.reasons == ("no_people",)


def test_what_was_learnt_stands_where_it_applies(
    database: Database, lead: Actor, sale: str, now: datetime
) -> None:
    after = campaigns.add_sale(
        database, lead, NewSale("下一场", now + timedelta(days=40), now + timedelta(days=41)), now=now
    )
    today = clock.business_day(now, "Asia/Shanghai")
    for title, verdict, until in (
        ("满减门槛 199 最好", "win", None),
        ("价格角标没有用", "no_difference", None),
        ("老的券", "win", today - timedelta(days=1)),
        ("今天还有效的券", "win", today),
        ("发货更快", "win", None),
    ):
        lesson = Lesson(title, "conversion_rate", verdict, valid_until=until)
        learnings.keep(database, lead, sale, lesson, now)
    applies = learnings.about(database, lead, "price", now)["title"]
    assert set(applies) == {"满减门槛 199 最好", "价格角标没有用", "今天还有效的券"}
    assert set(learnings.about(database, lead, "label", now)["title"]) == {"价格角标没有用"}

    assert learnings.to_repeat(database, lead, sale, now).empty, "it was learnt in this very campaign"
    ideas.suggest(database, lead, NewIdea("发货更快"), now)
    again = learnings.to_repeat(database, lead, after, now)["title"]
    assert set(again) == {"满减门槛 199 最好", "今天还有效的券"}


@pytest.mark.parametrize("tab", ["ideas", "hypotheses", "tests", "learnings"])
def test_the_page_draws_every_tab(
    sqlite: Database, lead: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch, tab: str
) -> None:
    sale = campaigns.add_sale(
        sqlite, lead, NewSale("双 11", now + timedelta(days=9), now + timedelta(days=10)), now=now
    )
    plan = design(now)
    hypothesis = hypotheses.pose(sqlite, lead, sale, NewHypothesis("conversion_rate", "首屏改版", 0.003), now)
    first = designs.create(sqlite, lead, sale, replace(plan, hypothesis_id=hypothesis), now)
    brought(sqlite, lead, counts(now, (0.10, 0.12)), now)
    results.conclude(sqlite, lead, Version(first, 1), now)
    designs.create(sqlite, lead, sale, replace(plan, name="空的"), now)
    page = visit(monkeypatch, sqlite, lead, experiments_tab=tab, test=first)
    words = " ".join(one.value for one in [*page.markdown, *page.caption])
    if tab == "tests":
        assert "可读区间" in words
