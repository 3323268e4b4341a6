"""POST /api/v1/assign: signed, the same arm each time and as on the list, exposures come back as events."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from core.experiments import designs
from core.experiments.assignment import Arm
from core.experiments.trial import Design
from core.live.intake import sources
from core.settings import settings
from core.web import app
from core.web.routes import assign
from tests.conftest import actor

LEAD: Actor = actor("campaign_lead")
Post = Callable[..., Any]


@pytest.fixture
def post(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Sends a signed body to the route."""
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    settings.cache_clear()
    sources.add_source(sqlite, LEAD, "front", clock.now())
    client = TestClient(app, base_url="http://127.0.0.1:8501")

    def send(body: object, *, generation: int = 1, path: str = assign.PATH) -> Any:
        content, stamp = orjson.dumps(body), int(time.time())
        headers = {
            "webhook-source": "front",
            "webhook-id": "m1",
            "webhook-timestamp": str(stamp),
            "webhook-signature": sources.sign("front", generation, "m1", stamp, content),
        }
        return client.post(path, content=content, headers=headers)

    yield send
    monkeypatch.undo()
    settings.cache_clear()


def _test(db: Database, **other: Any) -> str:
    now = clock.now()
    sale = campaigns.add_sale(
        db, LEAD, NewSale("双 11", now + timedelta(days=2), now + timedelta(days=3)), now=now
    )
    arms = (Arm("control", 1), Arm("video", 1))
    usual: dict[str, Any] = {"own_split": True, "traffic": 0.8}
    design = Design("首屏", "events", arms, "conversion_rate", 0.1, 0.01, now, None, **{**usual, **other})
    return designs.create(db, LEAD, sale, design, now)


def test_the_same_arm_each_time_and_as_on_the_list(post: Post, sqlite: Database) -> None:
    test, units = _test(sqlite), [f"u{n}" for n in range(1_000)]
    answer = post({"experiment": test, "units": units})
    assert answer.status_code == 200
    arms = answer.json()["arms"]
    assert arms == post({"experiment": test, "units": units}).json()["arms"]
    listed = designs.assigned(sqlite, LEAD, test, units)
    assert dict(zip(listed["unit"], listed["arm"], strict=True)) == arms
    shares = [sum(arm == code for arm in arms.values()) for code in ("control", "video", "")]
    assert all(abs(got - due) < 60 for got, due in zip(shares, (400, 400, 200), strict=True))


def test_an_arm_that_was_met_comes_back_as_an_event(post: Post, sqlite: Database) -> None:
    test = _test(sqlite)
    (arm,) = post({"experiment": test, "units": ["u7"]}).json()["arms"].values()
    event = {
        "event_id": "x1",
        "kind": "exposure",
        "at": (clock.now() + timedelta(seconds=1)).isoformat(),
        "user_key": "u7",
        "experiment": test,
        "arm": arm or "control",
        "campaign": "双 11",
    }
    assert post([event], path="/api/v1/events").json()["accepted"] == 1
    bare = {name: value for name, value in event.items() if name != "arm"}
    refused = post([bare | {"event_id": "x2"}], path="/api/v1/events").json()["rejected"]
    assert [(one["code"], one["field"]) for one in refused] == [("live.missing", "arm")]


def test_what_is_refused(post: Post, sqlite: Database) -> None:
    test = _test(sqlite)
    assert post({"experiment": test, "units": ["u"]}, generation=2).status_code == 401
    for body, code in (
        ({"experiment": test}, "experiments.bad_request"),
        ({"experiment": test, "units": [1]}, "experiments.bad_request"),
        ({"experiment": "none", "units": ["u"]}, "experiments.no_test"),
        ({"experiment": test, "units": ["u"] * 1_001}, "experiments.too_many_units"),
    ):
        answer = post(body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_foreign_split_is_not_guessed(post: Post, sqlite: Database) -> None:
    answer = post({"experiment": _test(sqlite, own_split=False), "units": ["u"]})
    assert answer.json()["code"] == "experiments.foreign_split"
