"""kill -9 in the middle of acts in the sale: no act without its entry in the log, no entry without its act,
whichever way it went."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.access import Actor
from core.access.tables import audit
from core.database import Database, connect
from core.live.actions import decisions
from core.live.actions.effects import Act
from core.live.tables import decision
from core.warmup.storefront import marks
from tests.live.conftest import OPENS, opened

NOW = OPENS + timedelta(minutes=30)
CODES = [f"S{n:02d}" for n in range(40)]
pytestmark = pytest.mark.fault


def deciding(url: str, campaign_id: str, actor: Actor, said: int, seed: int) -> None:
    """The child: caps, takes down, and takes back until it is killed, saying each entry's id after it was
    acknowledged."""
    database = connect.__wrapped__(url)  # engines of its own: connections must not cross a fork
    dice = random.Random(seed)
    while True:
        standing = decisions.in_force(database, actor, campaign_id, NOW)
        if standing and dice.random() < 0.5:
            made = decisions.take_back(
                database, actor, campaign_id, dice.choice(standing)["decision_id"], NOW
            )
        else:
            name = dice.choice(["cap", "take_down"])
            free = set(CODES) - {row["sku_code"] for row in standing if row["act"] == name}
            made = decisions.act(database, actor, campaign_id, Act(name, dice.choice(sorted(free))), NOW)
        os.write(said, f"{made}\n".encode())


@pytest.mark.parametrize(
    ("system", "kills"),
    [
        ("sqlite", 20),
        pytest.param("postgres", 10, marks=pytest.mark.postgres),
        pytest.param("sqlite", 100, marks=[pytest.mark.soak, pytest.mark.timeout(1_800)]),
        pytest.param(
            "postgres", 50, marks=[pytest.mark.soak, pytest.mark.postgres, pytest.mark.timeout(1_800)]
        ),
    ],
)
def test_killed_acts(system: str, kills: int, request: pytest.FixtureRequest, admin: Actor) -> None:
    database: Database = request.getfixturevalue(system)
    campaign_id = opened(database, admin).campaign_id
    database.dispose()
    fork, chance = multiprocessing.get_context("fork"), random.Random(7)
    acknowledged: set[str] = set()
    for kill in range(kills):
        heard, said = os.pipe()
        child = fork.Process(target=deciding, args=(database.url, campaign_id, admin, said, kill))
        child.start()
        os.close(said)
        with os.fdopen(heard) as pipe:
            acknowledged |= {pipe.readline().strip() for _ in range(chance.choice((1, 2, 4)))}
            time.sleep(chance.uniform(0, 0.03))
            os.kill(child.pid or 0, signal.SIGKILL)
            child.join()
            assert child.exitcode == -signal.SIGKILL, "it was at work until it was killed"
            acknowledged |= {line.strip() for line in pipe if line.endswith("\n")}
        assert_whole(database, campaign_id, admin, acknowledged)


def assert_whole(database: Database, campaign_id: str, admin: Actor, acknowledged: set[str]) -> None:
    """Every acknowledged entry stands; marks, log and audit trail tell one story."""
    with database.reading() as connection:
        log = set(connection.scalars(select(decision.c.decision_id)))
        said = Counter(connection.scalars(select(audit.c.action)))
        marked = marks.standing(connection, campaign_id)
    assert acknowledged <= log
    assert said["warmup.mark"] == said["live.act"] + said["live.take_back"] == len(log)
    standing = {
        (row["act"], row["sku_code"]) for row in decisions.in_force(database, admin, campaign_id, NOW)
    }
    assert standing == {
        (act, code)
        for code, put in marked.items()
        for act, field in (("cap", "limit"), ("take_down", "off_sale"))
        if put[field]
    }
