"""What waits for whom: the count of the badge is the sum of the cards, and nobody is handed another's decision."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

from core.access import Actor, approvals
from core.access.approvals import Request
from core.access.tables import account
from core.audience.partners import service as partners
from core.audience.partners.service import Terms
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from core.errors import ShopError
from core.goods import structure
from core.imports.tables import import_run
from core.live.intake import sources
from core.overview import inbox, inbox_marks
from core.readiness import service as readiness
from core.replenishment import service as replenishment
from tests import shops
from tests.conftest import actor


def sale(db: Database, lead: Actor, now: datetime, opens: timedelta = timedelta(days=20)) -> str:
    goods = pd.DataFrame(
        {
            "sku_code": ["A", "B"],
            "name": ["甲", "乙"],
            "supplier": "厂",
            "list_price": 10_000,
            "unit_cost": 2_000,
            "lead_time_days": 5,
        }
    )
    with db.writing() as connection:
        shops.goods(connection, goods, now)
    mine = campaigns.add_sale(
        db, lead, NewSale("双十一", now + opens, now + opens + timedelta(days=1)), now=now
    )
    structure.enter(db, lead, mine, now=now)
    return mine


def kinds(db: Database, actor: Actor, campaign_id: str, now: datetime) -> dict[str, int]:
    items = inbox.mine(db, actor, campaign_id, now)
    assert inbox.waiting(db, actor, campaign_id, now) == sum(item.count for item in items)
    return {item.code: item.count for item in items}


def test_who_brings_reports_in_is_told_of_their_silence(
    database: Database, lead: Actor, viewer: Actor, now: datetime
) -> None:
    mine = sale(database, lead, now)
    assert kinds(database, lead, mine, now) == {"report_none": 1}
    assert kinds(database, viewer, mine, now) == {}


def test_a_price_request_waits_for_finance_and_not_for_who_asked(
    database: Database, lead: Actor, merchandiser: Actor, finance: Actor, now: datetime
) -> None:
    mine = sale(database, lead, now)
    with database.writing() as connection:
        for code in ("A", "B"):
            approvals.request(
                connection,
                merchandiser,
                now,
                Request("price_floor", f"{mine}/live/{code}", {"price": 1}, "引流"),
            )
        approvals.request(
            connection, merchandiser, now, Request("price_floor", "other/live/A", {"price": 1}, "别的活动")
        )
    assert kinds(database, finance, mine, now) == {"approval_price": 2}
    assert "approval_price" not in kinds(database, merchandiser, mine, now)
    card = inbox.mine(database, finance, mine, now)[0]
    assert set(card.rows["about"]) == {"A", "B"}
    assert card.page == "pricing"


def test_a_sheet_waits_for_who_may_approve_it_and_then_for_its_order(
    database: Database,
    lead: Actor,
    merchandiser: Actor,
    finance: Actor,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = sale(database, lead, now)
    structure.edit(
        database,
        lead,
        mine,
        structure.Cells(
            pd.DataFrame({"key": ["A"], "field": ["planned_units"], "after": [50]}), {"A": 1, "B": 1}
        ),
        now=now,
    )
    run = replenishment.replenish(database, merchandiser, mine, {}, now=now)
    assert run.totals["units"] > 0
    assert kinds(database, finance, mine, now)["purchase_approve"] == 1
    monkeypatch.setattr(
        "core.replenishment.service.settings", lambda: type("S", (), {"order_approval_yuan": 0})()
    )
    assert "purchase_approve" not in kinds(database, merchandiser, mine, now), "a second person's"
    replenishment.approve(database, finance, run.run_id, now=now)
    assert kinds(database, merchandiser, mine, now)["purchase_order"] == 1
    assert "purchase_order" not in kinds(database, finance, mine, now)


def test_overdue_tasks_wait_for_their_own_people(database: Database, lead: Actor, now: datetime) -> None:
    member = actor("member")
    mine = sale(database, lead, now, timedelta(days=2))
    readiness.draw_up(database, lead, mine, now)
    overdue = [item for item in inbox.mine(database, lead, mine, now) if item.kind == "task"]
    assert overdue
    assert not [item for item in inbox.mine(database, member, mine, now) if item.kind == "task"]
    readiness.edit(
        database, lead, mine, {_task(database, lead, mine, now): {"owner": member.name, "version": 1}}, now
    )
    own = [item for item in inbox.mine(database, member, mine, now) if item.kind == "task"]
    assert len(own) == 1
    assert own[0].query["readiness_tasks_find"]


def _task(db: Database, actor: Actor, campaign_id: str, now: datetime) -> str:
    tasks = readiness.board(db, actor, campaign_id, now).tasks
    return str(tasks.loc[tasks["overdue"], "task_id"].iloc[0])


def test_refused_rows_ask_until_a_better_file_came(
    database: Database, lead: Actor, merchandiser: Actor, now: datetime
) -> None:
    mine = sale(database, lead, now)
    head = {
        "kind": "stock",
        "content_digest": "0",
        "sheet": "s",
        "header_row": 1,
        "mapping": {},
        "control": {},
        "rejected": [],
        "state": "committed",
        "account": "x",
    }
    with database.writing() as connection:
        for n, (bad, at) in enumerate([(3, now - timedelta(hours=2)), (0, now)]):
            row = head | {
                "import_id": str(n),
                "file_name": f"{n}.xlsx",
                "figures": {"rejected": bad},
                "at": at,
            }
            connection.execute(import_run.insert().values(**row))
    assert "import_refused" not in kinds(database, merchandiser, mine, now)
    with database.writing() as connection:
        row = head | {"import_id": "9", "file_name": "9.xlsx", "figures": {"rejected": 4}, "at": now}
        connection.execute(import_run.insert().values(**(row | {"at": now + timedelta(minutes=1)})))
    assert kinds(database, merchandiser, mine, now + timedelta(minutes=2))["import_refused"] == 1


def test_silence_is_news_only_while_the_sale_is_open(sqlite: Database, lead: Actor, now: datetime) -> None:
    mine = sale(sqlite, lead, now, timedelta(hours=1))
    sources.add_source(sqlite, lead, "shop", now, terms=sources.Terms(campaign_id=mine))
    assert "source_silent" not in kinds(sqlite, lead, mine, now)
    assert kinds(sqlite, lead, mine, now + timedelta(hours=2))["source_silent"] == 1


def test_a_card_put_off_is_back_on_time_and_one_handed_on_is_with_the_colleague_alone(
    database: Database, lead: Actor, merchandiser: Actor, now: datetime
) -> None:
    mine = sale(database, lead, now)
    other = accounts_of(database, now, {"mei": "merchandiser", "zhou": "viewer", lead.name: lead.role})
    card = inbox.mine(database, lead, mine, now)[0]
    later = now + timedelta(hours=1)
    inbox_marks.put_off(database, lead, mine, card.card, later, now=now)
    assert kinds_on_the_list(database, lead, mine, now) == []
    assert inbox.waiting(database, lead, mine, now) == 0
    assert kinds_on_the_list(database, merchandiser, mine, now) == ["report_none"], "one's own list alone"
    assert kinds_on_the_list(database, lead, mine, later) == ["report_none"]
    with pytest.raises(ShopError, match=r"inbox\.until"):
        inbox_marks.put_off(database, lead, mine, card.card, now + timedelta(days=8), now=now)

    assert inbox_marks.deputies(database, lead, card.action) == ["mei"]
    with pytest.raises(ShopError, match=r"inbox\.deputy"):
        inbox_marks.hand_on(
            database, lead, mine, inbox_marks.HandedOn(card.card, card.action, "zhou"), now=now
        )
    inbox_marks.hand_on(database, lead, mine, inbox_marks.HandedOn(card.card, card.action, "mei"), now=now)
    assert kinds_on_the_list(database, other["mei"], mine, later) == ["report_none"]
    assert kinds_on_the_list(database, merchandiser, mine, later) == []
    assert inbox_marks.take_back(database, lead, mine, now=now) == 2
    assert kinds_on_the_list(database, merchandiser, mine, now) == ["report_none"]


def kinds_on_the_list(db: Database, actor: Actor, campaign_id: str, now: datetime) -> list[str]:
    return [item.code for item in inbox.mine(db, actor, campaign_id, now) if not item.away(actor)]


def accounts_of(db: Database, now: datetime, roles: dict[str, str]) -> dict[str, Actor]:
    rows = [
        {"name": name, "role": role, "valid_after": now, "created_at": now, "created_by": "t"}
        for name, role in roles.items()
    ]
    with db.writing() as connection:
        connection.execute(account.insert(), rows)
    return {name: Actor(name, role) for name, role in roles.items()}


def test_a_contract_that_ends_waits_for_who_keeps_the_partners(
    sqlite: Database, lead: Actor, merchandiser: Actor, now: datetime
) -> None:
    mine = sale(sqlite, lead, now)
    today = now.date()
    for name, ends in (("小满", 12), ("大雪", -3), ("谷雨", 60)):
        terms = Terms("leader", name, contract_ends=(today + timedelta(days=ends)).isoformat())
        partners.put(sqlite, lead, terms, now=now)
    cards = [item for item in inbox.mine(sqlite, lead, mine, now) if item.kind == "contract"]
    assert [(item.code, item.facts["name"], item.facts["days"]) for item in cards] == [
        ("contract_ended", "大雪", 3),
        ("contract_ends", "小满", 12),
    ]
    assert "contract" not in {item.kind for item in inbox.mine(sqlite, merchandiser, mine, now)}
