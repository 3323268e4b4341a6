"""The board, the advertising plan and the heads of a real campaign, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.campaign.target import solve
from core.database import Database
from core.errors import ShopError
from core.readiness import advertising, reminding, service, staffing
from core.readiness.advertising import NewResource
from core.readiness.service import NewTask, Step
from core.readiness.shifts import Shift
from core.readiness.template import TASKS
from core.versions import Version
from tests import shops
from tests.conftest import together

OPENS = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)  # 20:00 on the eve, in Shanghai


def refused(code: str):
    return pytest.raises(ShopError, match=rf"^{code.replace('.', r'[.]')}")


@pytest.fixture
def campaign(database: Database, lead: Actor, now: datetime) -> str:
    return campaigns.add_sale(database, lead, NewSale("双 11", OPENS, OPENS + timedelta(hours=28)), now=now)


def test_a_template_campaign_is_dated(
    database: Database, lead: Actor, viewer: Actor, campaign: str, now: datetime
) -> None:
    assert service.draw_up(database, lead, campaign, now) == len(TASKS)
    assert service.draw_up(database, lead, campaign, now) == 0
    board = service.board(database, viewer, campaign, now)
    assert board.opening.isoformat() == "2026-11-10"
    by_id = board.tasks.set_index("task_id")
    for task in TASKS:
        assert by_id.loc[task.code, "due_on"] == board.opening - timedelta(days=task.t_minus)
        assert by_id.loc[task.code, "title"] == task.title["zh"]
    assert board.ready == 0.0
    assert by_id["critical"].any()
    assert len(board.links) == sum(len(task.after) for task in TASKS)
    with database.reading() as connection:
        assert service.check(connection) == {"no_circle": [], "links_have_tasks": []}


def test_moving_the_opening_moves_every_date(
    database: Database, lead: Actor, campaign: str, now: datetime
) -> None:
    service.draw_up(database, lead, campaign, now)
    before = service.board(database, lead, campaign, now).tasks.set_index("task_id")["due_on"]
    mine = campaigns.load(database, lead, campaign)
    later = [campaigns.Phase("p01", "live", OPENS + timedelta(days=2), OPENS + timedelta(days=4))]
    campaigns.reschedule(database, lead, Version(campaign, mine.version), later, now=now)
    after = service.board(database, lead, campaign, now).tasks.set_index("task_id")["due_on"]
    assert ((after - before.reindex(after.index)) == timedelta(days=2)).all()


def test_a_circle_is_refused_with_its_members_and_nothing_is_written(
    database: Database, lead: Actor, campaign: str, now: datetime
) -> None:
    a, b, c = (
        service.add(database, lead, campaign, NewTask(name, "mall", 10 - n, 1), now)
        for n, name in enumerate("abc")
    )
    service.link(database, lead, campaign, service.Waits(b, [a]), now)
    service.link(database, lead, campaign, service.Waits(c, [b]), now)
    with refused("readiness.cycle") as error:
        service.link(database, lead, campaign, service.Waits(a, [c]), now)
    assert sorted(error.value.facts["members"]) == sorted([a, b, c])
    links = service.board(database, lead, campaign, now).links
    assert set(zip(links["first_id"], links["waits_id"], strict=True)) == {(a, b), (b, c)}


def test_work_on_the_board(database: Database, lead: Actor, campaign: str, now: datetime) -> None:
    service.draw_up(database, lead, campaign, now)
    designer = Actor("d-1", "member", department="design")
    with refused("readiness.proof_missing"):
        service.progress(database, lead, campaign, Step("M1", "done", 1), now)
    service.progress(database, lead, campaign, Step("M1", "done", 1, proof="https://mall.example/venue"), now)
    with refused("readiness.not_yours"):
        service.progress(database, designer, campaign, Step("M2", "doing", 1), now)
    service.progress(database, designer, campaign, Step("D1", "blocked", 1, reason="主图未到"), now)
    with refused("readiness.moved"):
        service.progress(database, lead, campaign, Step("D1", "doing", 1), now)
    with refused("readiness.unknown_task"):
        service.progress(database, lead, campaign, Step("nobody", "doing", 1), now)
    board = service.board(database, lead, campaign, now)
    by_id = board.tasks.set_index("task_id")
    assert by_id.loc["M1", "mark"] == "done"
    assert by_id.loc["D1", ["mark", "reason", "version"]].tolist() == ["blocked", "主图未到", 2]
    mall = board.readiness.set_index("department").loc["mall"]
    assert mall["readiness"] == pytest.approx(3 / sum(t.days for t in TASKS if t.department == "mall"))
    told = reminding.reminders(database, lead, campaign, now)
    assert set(told["cause"]) <= {"overdue", "blocked", "soon"}
    assert "D1" in set(told["task_id"])


def test_edits_go_in_together_or_not_at_all(
    database: Database, lead: Actor, viewer: Actor, campaign: str, now: datetime
) -> None:
    service.draw_up(database, lead, campaign, now)
    service.edit(
        database,
        lead,
        campaign,
        {"M1": {"owner": "王", "t_minus": 44, "version": 1}, "M2": {"owner": "李", "version": 1}},
        now,
    )
    with refused("readiness.moved") as error:
        service.edit(
            database,
            lead,
            campaign,
            {"M3": {"owner": "x", "version": 1}, "M1": {"owner": "x", "version": 1}},
            now,
        )
    assert error.value.facts["tasks"] == ["报名主会场与分会场，锁定坑位"]
    with refused("readiness.task"):
        service.edit(database, lead, campaign, {"M3": {"days": 0, "version": 1}}, now)
    with refused("access.denied"):
        service.edit(database, viewer, campaign, {"M3": {"owner": "x", "version": 1}}, now)
    by_id = service.board(database, lead, campaign, now).tasks.set_index("task_id")
    assert by_id.loc[["M1", "M2", "M3"], "owner"].tolist() == ["王", "李", ""]
    assert by_id.loc["M1", "t_minus"] == 44
    service.drop(database, lead, campaign, "M1", now)
    board = service.board(database, lead, campaign, now)
    assert "M1" not in set(board.tasks["task_id"]) | set(board.links["first_id"])


def test_advertising_against_the_plan(database: Database, lead: Actor, campaign: str, now: datetime) -> None:
    shops.planned(
        database, lead, campaign, now, target=solve(visitors=100_000, conversion_rate=0.05, aov=20_000)
    )
    first = advertising.put_resource(
        database,
        lead,
        campaign,
        NewResource("首焦", "banner", OPENS, OPENS + timedelta(hours=4), 3_000_000, 20_000),
        now,
    )
    advertising.put_resource(
        database,
        lead,
        campaign,
        NewResource("达人直播", "live_room", OPENS, OPENS + timedelta(hours=2), 1_000_000, 5_000),
        now,
    )
    with refused("readiness.resource"):
        advertising.put_resource(
            database, lead, campaign, NewResource("x", "banner", OPENS, OPENS, 1, 1), now
        )
    table = advertising.resources(database, lead, campaign)
    assert table["cost_per_visitor"].tolist()[-1] == 160
    assert table["share_of_plan"].tolist()[-1] == 0.25
    advertising.drop_resource(database, lead, campaign, first, now)
    assert len(advertising.resources(database, lead, campaign)) == 2
    with refused("readiness.resource"):
        advertising.drop_resource(database, lead, campaign, first, now)


def test_heads_follow_the_plan_and_its_promise(
    database: Database, lead: Actor, viewer: Actor, campaign: str, now: datetime
) -> None:
    with refused("readiness.no_plan"):
        staffing.heads(database, viewer, campaign)
    target = solve(visitors=2_000_000, conversion_rate=0.06, aov=25_000)
    shops.planned(database, lead, campaign, now, target=target)
    heads = staffing.heads(database, viewer, campaign)
    assert heads.come["orders"].sum() == pytest.approx(target.gmv / target.aov)
    assert heads.come["hour"].iloc[0].isoformat() == "2026-11-10T20:00:00"
    assert heads.hours.groupby("stage")["orders"].sum().to_dict() == pytest.approx(
        dict.fromkeys(staffing.STAGES, 120_000)
    )
    assert heads.person_hours["pick"] == pytest.approx(120_000 * 1.6 / (95 * 0.85))
    half = heads.chat["contacts"].to_numpy() / 0.35
    assert half.sum() == pytest.approx(120_000)
    assert half[0] > 1.5 * half[1]  # the rush is in the first half hour
    assert half.reshape(-1, 2).sum(axis=1) == pytest.approx(heads.come["orders"].to_numpy())
    assert (heads.chat["service_level"] >= 0.8).all()
    # every hour's need is met by the people of the shifts that are there
    shift_of = {"day": range(8, 16), "evening": range(16, 24)}
    present = {(row.day, row.shift, row.stage): row.trained for row in heads.rota.itertuples()}
    for row in heads.hours[heads.hours["heads"] > 1e-6].itertuples():
        shift = next(name for name, hours in shift_of.items() if row.hour.hour in hours)
        assert present[row.hour.date(), shift, row.stage] >= np.ceil(row.heads - 1e-6)
    assert (heads.rota["heads"] == heads.rota["permanent"] + heads.rota["new_hands"]).all()


def at_once(steps: list[Callable[[], object]]) -> list[str]:
    """What became of steps that begin together, sorted: "done" or the code of a refusal."""

    def one(step: Callable[[], object]) -> str:
        try:
            step()
        except ShopError as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor() as pool:
        return sorted(pool.map(one, steps))


def test_two_links_at_once_do_not_close_a_circle(
    database: Database, lead: Actor, campaign: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (
        service.add(database, lead, campaign, NewTask(title, "mall", 5, 1), now) for title in ("一", "二")
    )
    monkeypatch.setattr(service, "insert", together(service.insert))
    pairs = ((one, two), (two, one))
    steps = [
        partial(service.link, database, lead, campaign, service.Waits(later, [first]), now)
        for first, later in pairs
    ]
    assert at_once(steps) == ["done", "readiness.cycle"]
    assert len(service.board(database, lead, campaign, now).tasks) >= 2


def test_two_who_draw_the_tasks_up_at_once_get_them_once(
    database: Database, lead: Actor, campaign: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "insert", together(service.insert))
    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(lambda _: service.draw_up(database, lead, campaign, now), range(2))) == [
            0,
            len(TASKS),
        ]


def test_of_two_who_set_the_staffing_at_once_one_is_told(
    database: Database, lead: Actor, campaign: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staffing, "upsert", together(staffing.upsert))
    wanted = [staffing.Staffing(promise_hours=hours) for hours in (24, 36)]
    steps = [partial(staffing.change, database, lead, Version(campaign, 0), one, now) for one in wanted]
    assert at_once(steps) == ["done", "readiness.staffing_moved"]


def test_staffing_settings_are_kept_and_judged(
    database: Database, lead: Actor, viewer: Actor, campaign: str, now: datetime
) -> None:
    own = staffing.Staffing(permanent={"pick": 12}, shifts=(Shift("全天", 0, 24),), promise_hours=24)
    assert staffing.change(database, lead, Version(campaign, 0), own, now) == 1
    assert staffing.settings(database, viewer, campaign) == (own, 1)
    with refused("readiness.staffing_moved"):
        staffing.change(database, lead, Version(campaign, 0), own, now)
    with refused("readiness.staffing_setting"):
        staffing.change(database, lead, Version(campaign, 1), staffing.Staffing(shrinkage=1.0), now)
    with refused("access.denied"):
        staffing.change(database, viewer, Version(campaign, 1), own, now)
