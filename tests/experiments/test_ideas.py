"""The backlog on both databases: votes at the same moment, hidden until all have voted, the rank, what becomes of
an idea; and its page.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.backup.checks import broken, check
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from core.errors import ShopError
from core.experiments import ideas
from core.experiments.ideas import NewIdea
from core.experiments.scores import EQUAL, MEASURES
from core.readiness import service as readiness
from core.versions import Version
from tests.conftest import actor
from tests.pages.visiting import sign_in_as

TEAM = tuple(actor("merchandiser", f"m{n}") for n in range(1, 6))


def refused(code: str):
    return pytest.raises(ShopError, match=rf"^{code.replace('.', r'[.]')}")


def points(*values: int) -> dict[str, int]:
    return dict(zip(MEASURES, values, strict=True))


@pytest.fixture
def idea(database: Database, lead: Actor, now: datetime) -> str:
    ideas.set_voters(database, lead, [one.name for one in TEAM], 0, now)
    return ideas.suggest(database, TEAM[0], NewIdea("详情页首屏改版", detail="首屏放视频"), now)


def test_five_people_at_once_lose_no_vote(database: Database, lead: Actor, idea: str, now: datetime) -> None:
    gate = Barrier(len(TEAM))

    def one(person: Actor) -> None:
        gate.wait()
        ideas.vote(database, person, idea, points(*[int(person.name[1])] * 5), now)

    with ThreadPoolExecutor(len(TEAM)) as pool:
        list(pool.map(one, TEAM))
    rows = ideas.votes(database, lead, idea)
    assert rows.set_index("account")["growth"].to_dict() == {f"m{n}": n for n in range(1, 6)}
    row = ideas.backlog(database, lead).ideas.loc[idea]
    assert (row["votes"], row["growth"], row["growth_spread"], row["rank"]) == (5, 3, 4, 1)
    with database.reading() as connection:
        assert broken(check(connection)) == {}


def test_points_are_hidden_until_all_have_voted(
    database: Database, lead: Actor, idea: str, now: datetime
) -> None:
    for person in TEAM[:4]:
        ideas.vote(database, person, idea, points(5, 5, 5, 1, 5), now)
    row = ideas.backlog(database, lead).ideas.loc[idea]
    assert row[[*MEASURES, "score", "rank"]].isna().all()
    assert row["waiting"] == ["m5"]
    assert ideas.votes(database, lead, idea).empty
    assert ideas.votes(database, TEAM[1], idea)["account"].tolist() == ["m2"]
    ideas.vote(database, TEAM[4], idea, points(1, 1, 1, 5, 1), now)
    assert ideas.backlog(database, lead).ideas.loc[idea, "score"] == 5.0
    assert len(ideas.votes(database, lead, idea)) == 5


def test_own_weights_move_the_rank(database: Database, lead: Actor, now: datetime) -> None:
    ideas.set_voters(database, lead, ["m1"], 0, now)
    quick = ideas.suggest(database, TEAM[0], NewIdea("换主图"), now)
    grand = ideas.suggest(database, TEAM[0], NewIdea("会员体系"), now)
    ideas.vote(database, TEAM[0], quick, points(2, 5, 4, 1, 3), now)
    ideas.vote(database, TEAM[0], grand, points(5, 1, 3, 4, 4), now)
    assert ideas.backlog(database, lead).ideas.index.tolist() == [quick, grand]
    ideas.set_weights(database, lead, EQUAL | {"growth": 10}, 0, now)
    after = ideas.backlog(database, lead).ideas
    assert after.index.tolist() == [grand, quick]
    assert after.loc[grand, "holds"] == 1.0
    with refused("experiments.moved"):
        ideas.set_weights(database, lead, EQUAL, 0, now)
    with refused("experiments.vote"):
        ideas.vote(database, TEAM[0], quick, points(0, 5, 4, 1, 3), now)


def test_an_idea_becomes_a_task_or_a_no(
    database: Database, lead: Actor, viewer: Actor, idea: str, now: datetime
) -> None:
    opens = now + timedelta(days=21)
    sale = campaigns.add_sale(database, lead, NewSale("双 11", opens, opens + timedelta(days=1)), now=now)
    task = ideas.to_task(database, lead, Version(idea, 1), ideas.Placed(sale, "design", 10, 3), now)
    board = readiness.board(database, lead, sale, now).tasks.set_index("task_id")
    assert board.loc[task, "title"] == "详情页首屏改版"
    row = ideas.backlog(database, lead).ideas.loc[idea]
    assert (row["state"], row["outcome_id"], row["campaign_id"]) == ("task", task, sale)
    with refused("experiments.decided"):
        ideas.vote(database, TEAM[0], idea, points(1, 1, 1, 1, 1), now)
    other = ideas.suggest(database, TEAM[1], NewIdea("全店满减"), now)
    with refused("experiments.no_reason"):
        ideas.decline(database, lead, Version(other, 1), " ", now)
    ideas.decline(database, lead, Version(other, 1), "毛利撑不住", now)
    assert ideas.backlog(database, lead).ideas.loc[other, "reason"] == "毛利撑不住"
    with refused("access.denied"):
        ideas.suggest(database, viewer, NewIdea("x"), now)


def test_a_refused_task_leaves_the_idea_open(
    database: Database, lead: Actor, idea: str, now: datetime
) -> None:
    with refused("campaign.unknown"):
        ideas.to_task(database, lead, Version(idea, 1), ideas.Placed("none", "design", 10), now)
    assert ideas.backlog(database, lead).ideas.loc[idea, "state"] == "open"


def test_the_meeting_turns_from_idea_to_idea(
    database: Database, lead: Actor, idea: str, now: datetime
) -> None:
    ideas.call_up(database, lead, Version(idea, 0), 5, now)
    backlog = ideas.backlog(database, TEAM[2])
    assert (backlog.meeting_idea, backlog.meeting_ends_at) == (idea, now + timedelta(minutes=5))
    ideas.call_up(database, lead, Version("", 1), 0, now)
    assert ideas.backlog(database, lead).meeting_idea == ""


def _page() -> None:  # AppTest takes its text alone
    from core.access import Actor
    from core.campaign import service as campaigns
    from core.clock import now
    from pages.parts.entry import visitor
    from pages.parts.entry.context import Chosen
    from pages.parts.entry.guarded import admitted, on_campaign
    from pages.parts.experiments import room

    person = visitor.visitor() or Actor("nobody", "viewer")
    mine = campaigns.campaigns(visitor.database(), person).iloc[0]
    chosen = Chosen(mine["campaign_id"], mine["name"], mine["timezone"], now(), now())
    room.tabs(on_campaign(admitted("review.view", person), chosen))


def visit(monkeypatch: pytest.MonkeyPatch, db: Database, person: Actor, **address: str) -> AppTest:
    """The experiments page as this person sees it."""
    sign_in_as(monkeypatch, db, person)
    page = AppTest.from_function(_page, default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def test_one_votes_on_the_page(
    sqlite: Database, lead: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaigns.add_sale(
        sqlite, lead, NewSale("双 11", now + timedelta(days=9), now + timedelta(days=10)), now=now
    )
    ideas.set_voters(sqlite, lead, ["m1"], 0, now)
    idea = ideas.suggest(sqlite, TEAM[0], NewIdea("换主图"), now)
    ideas.call_up(sqlite, lead, Version(idea, 0), 5, now)
    page = visit(monkeypatch, sqlite, TEAM[0])
    assert "换主图" in page.subheader[0].value
    for n, name in enumerate(MEASURES):
        page.button_group(key=f"vote_{idea}_{name}").set_value(n + 1)
    next(one for one in page.button if one.label == "投票").click()
    page.run()
    assert not page.exception
    assert [one.value for one in page.error] == []
    assert ideas.votes(sqlite, lead, idea)[list(MEASURES)].iloc[0].tolist() == [1, 2, 3, 4, 5]
