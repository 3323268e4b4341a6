"""Two-person approval: what makes it count, and that nothing gets around it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Connection, select

from core.access import Actor, approvals, audit
from core.access.approvals import Decision, Request
from core.access.tables import approval
from core.access.tables import audit as audit_table
from core.database import Database
from core.errors import ShopError

ASKER = Actor("mei", "merchandiser", "page")
DECIDER = Actor("fin", "finance", "page")
COST = {"sale_price": 9900, "floor": 10500, "landed_cost": 8000}


def ask(database: Database, now, inputs=COST, subject="618:00123", actor=ASKER, reason="清仓") -> str:
    with database.writing() as connection:
        return approvals.request(connection, actor, now, Request("price_floor", subject, inputs, reason))


def stands(database: Database, inputs=COST, subject="618:00123") -> str:
    with database.reading() as connection:
        return approvals.standing(connection, "price_floor", subject, inputs)


def test_the_whole_way(database: Database, now) -> None:
    assert stands(database) == "none"
    asked = ask(database, now)
    assert stands(database) == "requested"
    approvals.decide(database, DECIDER, asked, Decision("approved", "好"), now)
    assert stands(database) == "approved"
    with database.reading() as connection:
        trail = audit.search(connection)["action"].tolist()
        assert audit.faults(connection) == []
    assert trail == ["approval.approved", "approval.request"]


@pytest.mark.parametrize(
    "moved", [{"sale_price": 9899}, {"landed_cost": 8001}, {"fee": 1}, {"floor": None}, {"floor": "10500"}]
)
def test_any_moved_input_makes_it_worthless(database: Database, now, moved) -> None:
    approvals.decide(database, DECIDER, ask(database, now), Decision("approved", ""), now)
    assert stands(database, COST | moved) == "expired"
    assert stands(database, dict(reversed(COST.items()))) == "approved", "the order of the inputs is nothing"
    assert stands(database, {key: np.int64(value) for key, value in COST.items()}) == "approved"


def test_a_copy_has_no_approval(database: Database, now) -> None:
    approvals.decide(database, DECIDER, ask(database, now), Decision("approved", ""), now)
    assert stands(database, subject="618:00123-copy") == "none"
    with database.reading() as connection:
        assert approvals.standing(connection, "price_rule", "618:00123", COST) == "none"
    with (
        database.writing() as connection
    ):  # even the approval row itself, copied under another subject, does not fit there
        row = dict(connection.execute(select(approval)).mappings().one())
        connection.execute(approval.insert().values(**(row | {"id": "f" * 32, "subject": "618:00123-copy"})))
    assert stands(database, subject="618:00123-copy") == "expired"


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (Actor("mei", "finance"), "approval.own"),
        (Actor("mei", "admin"), "approval.own"),
        (Actor("max", "merchandiser"), "access.denied"),
        (Actor("vi", "viewer"), "access.denied"),
        (Actor("local", "admin", "cli"), "approval.nameless"),
    ],
)
def test_only_another_person_with_the_role_decides(database: Database, now, actor: Actor, code: str) -> None:
    asked = ask(database, now)
    with pytest.raises(ShopError) as caught:
        approvals.decide(database, actor, asked, Decision("approved", ""), now)
    assert caught.value.code == code
    assert stands(database) == "requested"


def test_asking_needs_the_role_and_a_reason(sqlite: Database, now) -> None:
    with pytest.raises(ShopError, match="access.denied"):
        ask(sqlite, now, actor=Actor("vi", "viewer"))
    with pytest.raises(ShopError, match="approval.no_reason"):
        ask(sqlite, now, reason="  ")
    with pytest.raises(ShopError, match="approval.unknown"):
        approvals.decide(sqlite, DECIDER, "0" * 32, Decision("approved", ""), now)
    assert stands(sqlite) == "none"


def test_decided_once_is_decided(database: Database, now) -> None:
    asked = ask(database, now)
    approvals.decide(database, DECIDER, asked, Decision("refused", "亏本"), now)
    with pytest.raises(ShopError, match="approval.settled"):
        approvals.decide(database, Actor("cfo", "finance"), asked, Decision("approved", ""), now)
    assert stands(database) == "refused"
    again = ask(database, now + timedelta(seconds=1))
    assert again != asked
    assert stands(database) == "requested"


def test_of_two_deciders_at_once_one_wins(database: Database, now) -> None:
    asked = ask(database, now)

    def decide(n: int) -> str:
        try:
            approvals.decide(
                database,
                Actor(f"fin-{n}", "finance"),
                asked,
                Decision("approved" if n % 2 else "refused", ""),
                now,
            )
        except ShopError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(decide, range(6)))
    assert outcomes == ["approval.settled"] * 5 + ["done"]


def test_asking_again_is_the_same_request_and_moved_inputs_are_a_new_one(database: Database, now) -> None:
    with ThreadPoolExecutor(6) as pool:
        ids = set(pool.map(lambda _: ask(database, now), range(6)))
    assert len(ids) == 1
    old = ids.pop()
    new = ask(database, now + timedelta(seconds=1), COST | {"sale_price": 9800})
    assert new != old
    with pytest.raises(ShopError, match="approval.settled"):
        approvals.decide(database, DECIDER, old, Decision("approved", ""), now)
    approvals.decide(database, DECIDER, new, Decision("approved", ""), now)
    assert stands(database) == "expired"
    assert stands(database, COST | {"sale_price": 9800}) == "approved"


def test_many_at_once_stand_as_each_alone(database: Database, now) -> None:
    inputs = pd.DataFrame(
        {"price": [100, 200, 300, 400], "cost": pd.array([1, None, 3, 4], dtype="Int64")},
        index=["a", "b", "c", "d"],
    )
    with database.writing() as connection:
        for subject in ("a", "b", "c"):
            row = inputs.loc[subject].to_dict()
            asked = approvals.request(connection, ASKER, now, Request("price_floor", subject, row, "r"))
            if subject != "c":
                approvals.settle(connection, DECIDER, asked, Decision("approved", ""), now)
    with database.reading() as connection:
        assert approvals.standings(connection, "price_floor", inputs).to_dict() == {
            "a": "approved",
            "b": "approved",
            "c": "requested",
            "d": "none",
        }
    moved = inputs.assign(price=[101, 200, 301, 400])
    with database.writing() as connection:
        assert approvals.standings(connection, "price_floor", moved).to_dict() == {
            "a": "expired",
            "b": "approved",
            "c": "expired",
            "d": "none",
        }


def test_the_list_says_who_may_decide_and_hides_figures(database: Database, now) -> None:
    ask(database, now)
    seen = {
        actor.name: approvals.listed(database, actor).iloc[0]
        for actor in (ASKER, DECIDER, Actor("lead", "campaign_lead"))
    }
    assert {name: bool(row["may_decide"]) for name, row in seen.items()} == {
        "mei": False,
        "fin": True,
        "lead": False,
    }
    assert seen["fin"]["inputs"] == COST
    assert pd.isna(seen["lead"]["inputs"])
    with pytest.raises(ShopError, match="access.denied"):
        approvals.listed(database, Actor("vi", "viewer"))


def test_check_finds_what_was_written_past_the_rules(database: Database, now) -> None:
    asked = ask(database, now)
    approvals.decide(database, DECIDER, asked, Decision("approved", ""), now)
    for values, fault in (
        ({"inputs": COST | {"floor": 1}}, "edited"),
        ({"decided_by": "mei"}, "own"),
        ({"subject": "other"}, "edited"),
    ):
        with database.writing() as connection:
            assert approvals.faults(connection) == []
            kept = connection.execute(select(approval)).mappings().one()
            connection.execute(approval.update().values(**values))
            assert approvals.faults(connection) == [{"id": asked, "fault": fault}]
            connection.execute(approval.update().values(**{key: kept[key] for key in values}))


def test_a_transaction_that_fails_leaves_neither_request_nor_trail(database: Database, now) -> None:
    @dataclass
    class Stop(Exception):
        why: str

    def change(connection: Connection) -> None:
        approvals.request(connection, ASKER, now, Request("price_floor", "x", COST, "r"))
        raise Stop("later fault")

    with pytest.raises(Stop), database.writing() as connection:
        change(connection)
    with database.reading() as connection:
        assert connection.execute(select(audit_table)).all() == []
        assert connection.execute(select(approval)).all() == []
