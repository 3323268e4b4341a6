"""Nobody acts alone where two people have to agree: what loosens a rule waits for a second person itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.access import Actor
from core.access import approvals as approvals_of_access
from core.access import service as service_of_access
from core.access.accounts import NewAccount
from core.access.approvals import Decision, Request
from core.access.service import LOCAL_OPERATOR, Duties
from core.backup import reconcile
from core.database import Database
from core.errors import ShopError
from core.goods.sheet import GOODS
from core.pricing import approvals, service
from core.pricing.limits import NewLimits, set_limits
from core.settings import settings
from core.stock import counts
from core.stock.sheet import COUNT, STOCK
from tests.pricing.conftest import Shop, either, shop  # noqa: F401 - the shop of the pricing tests
from tests.security.conftest import WORD
from tests.stock.test_counts import bring, written

LET_ANYTHING_PASS = {"tiers": {"main_push": {"floor": -9_900, "least": -9_900}}}
STRICT = {"tiers": {"main_push": {"floor": 8_000, "least": 7_000}}}
SECOND = Actor("finance-2", "finance")


def _word(shop: Shop, finance: Actor) -> str:  # noqa: F811
    return str(service.load(shop.db, finance, shop.campaign_id).prices.loc["A001", "verdict"])


def _strict(shop: Shop, finance: Actor, now: datetime) -> None:  # noqa: F811
    """Limits under which A001 is refused."""
    assert not set_limits(shop.db, finance, shop.campaign_id, NewLimits(STRICT), now=now).waits
    assert _word(shop, finance) == "refused"


def test_one_person_cannot_loosen_publish_and_put_back(
    either: Shop,  # noqa: F811
    finance: Actor,
    merchandiser: Actor,
    now: datetime,
) -> None:
    _strict(either, finance, now)
    change = set_limits(
        either.db, finance, either.campaign_id, NewLimits(LET_ANYTHING_PASS, "清库存"), now=now
    )
    assert change.loosens["main_push.floor"] == (8_000, -9_900)
    assert _word(either, finance) == "refused"
    sheet = approvals.publish(either.db, merchandiser, either.campaign_id, now=now)
    assert "A001" not in sheet.prices.index
    asked = approvals.requests(either.db, finance, either.campaign_id)
    with pytest.raises(ShopError, match=r"approval\.own"):
        approvals.decide(
            either.db, finance, asked["id"].tolist(), approvals.Decision("approved", ""), now=now
        )
    assert _word(either, finance) == "refused"


def test_looser_limits_hold_once_a_second_person_agrees(
    either: Shop,  # noqa: F811
    finance: Actor,
    now: datetime,
) -> None:
    _strict(either, finance, now)
    set_limits(either.db, finance, either.campaign_id, NewLimits(LET_ANYTHING_PASS, "清库存"), now=now)
    asked = approvals.requests(either.db, SECOND, either.campaign_id)
    assert asked[["kind", "risk", "may_decide"]].values.tolist() == [["price_limits", "limits", True]]
    assert asked["inputs"][0]["loosens"]["main_push.least"] == [7_000, -9_900]
    approvals.decide(either.db, SECOND, asked["id"].tolist(), approvals.Decision("approved", ""), now=now)
    assert _word(either, finance) == "publishable"
    set_limits(either.db, finance, either.campaign_id, NewLimits(STRICT), now=now)
    assert _word(either, finance) == "refused"


def test_a_later_version_takes_the_place_of_one_that_waits(
    shop: Shop,  # noqa: F811
    finance: Actor,
    now: datetime,
) -> None:
    _strict(shop, finance, now)
    set_limits(shop.db, finance, shop.campaign_id, NewLimits(LET_ANYTHING_PASS, "清库存"), now=now)
    asked = approvals.requests(shop.db, SECOND, shop.campaign_id)["id"].tolist()
    set_limits(shop.db, finance, shop.campaign_id, NewLimits(STRICT), now=now)
    assert approvals.requests(shop.db, SECOND, shop.campaign_id).empty
    with pytest.raises(ShopError, match=r"approval\.settled"):
        approvals.decide(shop.db, SECOND, asked, approvals.Decision("refused", "不同意"), now=now)


@pytest.mark.parametrize(
    "looser",
    [
        {"alarms": {"price_move": 9_000}},
        {"alarms": {"discount_times": 90_000}},
        {"alarms": {"discount_from": 9_000}},
        {"alarms": {"threshold_part": 9_000}},
        {"tiers": {"regular": {"floor": 1_999, "least": 0}}},
        {"tiers": {"clearance": {"floor": 0, "least": -3_001}}},
    ],
)
def test_every_limit_that_lets_more_pass_needs_a_reason_and_waits(
    shop: Shop,  # noqa: F811
    finance: Actor,
    now: datetime,
    looser: dict[str, object],
) -> None:
    with pytest.raises(ShopError, match=r"price\.limits_reason"):
        set_limits(shop.db, finance, shop.campaign_id, NewLimits(looser), now=now)
    assert set_limits(shop.db, finance, shop.campaign_id, NewLimits(looser, "大促需要"), now=now).waits


def test_a_shorter_price_base_waits_and_a_longer_one_does_not(
    shop: Shop,  # noqa: F811
    finance: Actor,
    now: datetime,
) -> None:
    assert not set_limits(shop.db, finance, shop.campaign_id, NewLimits({"base_days": 30}), now=now).waits
    assert set_limits(shop.db, finance, shop.campaign_id, NewLimits({"base_days": 7}, "口径"), now=now).waits


COUNTS = ["001", "002"]


@pytest.fixture
def stocked(database: Database, merchandiser: Actor, now: datetime) -> Database:
    """Two SKUs with 1,000 units each."""
    bring(
        database, merchandiser, GOODS, written([{"sku_code": code, "unit_cost": 100} for code in COUNTS]), now
    )
    rows = [{"sku_code": code, "on_hand": 1_000} for code in COUNTS]
    bring(database, merchandiser, STOCK, written(rows), now)
    return database


def count_of(db: Database, who: Actor, code: str, units: int, now: datetime) -> dict[str, object]:
    """Counts one SKU and settles."""
    opened = counts.open_count(db, who, counts.NewCount("盘点", [code], blind=False), now=now)
    row = {"count_id": opened, "sku_code": code, "counted": units}
    bring(db, who, COUNT, written([row]), now)
    return counts.settle(db, who, opened, now=now)


def test_ten_counts_of_40_are_one_of_400(stocked: Database, merchandiser: Actor, now: datetime) -> None:
    assert count_of(stocked, merchandiser, "001", 960, now)["state"] == "adjusted"
    assert count_of(stocked, merchandiser, "001", 920, now + timedelta(days=1))["state"] == "waiting"
    assert count_of(stocked, merchandiser, "002", 960, now + timedelta(days=2))["state"] == "adjusted"
    later = now + timedelta(days=31)
    assert count_of(stocked, merchandiser, "001", 920, later)["state"] == "adjusted", "outside of the window"


def test_units_there_and_back_count_both_ways_and_what_was_approved_does_not(
    stocked: Database, merchandiser: Actor, finance: Actor, now: datetime
) -> None:
    count_of(stocked, merchandiser, "001", 970, now)
    waiting = count_of(stocked, merchandiser, "001", 1_000, now)
    assert waiting["state"] == "waiting", "30 down and 30 up are 60 moved"
    other = Actor("merchandiser-2", "merchandiser")
    assert count_of(stocked, other, "001", 1_000, now)["state"] == "adjusted", "each person has their own"
    big = counts.open_count(stocked, merchandiser, counts.NewCount("盘亏", ["002"], blind=False), now=now)
    bring(stocked, merchandiser, COUNT, written([{"count_id": big, "sku_code": "002", "counted": 800}]), now)
    asked = counts.settle(stocked, merchandiser, big, now=now)
    approvals_of_access.decide(stocked, finance, str(asked["approval_id"]), Decision("approved", ""), now)
    assert counts.settle(stocked, merchandiser, big, now=now)["state"] == "adjusted"
    assert count_of(stocked, merchandiser, "002", 780, now)["state"] == "adjusted"


LOOSER = {
    "BIGSALE_COUNT_APPROVAL_UNITS": "100000",
    "BIGSALE_COUNT_APPROVAL_YUAN": "9000000",
    "BIGSALE_COUNT_WINDOW_DAYS": "0",
}


def test_looser_thresholds_hold_once_a_second_person_agrees(
    stocked: Database, merchandiser: Actor, finance: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in LOOSER.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    try:
        assert count_of(stocked, merchandiser, "001", 500, now)["state"] == "waiting"
        asked = approvals_of_access.listed(stocked, finance)
        mine = asked[asked["kind"] == "rule_limits"].iloc[0]
        assert mine["inputs"]["count_approval_units"] == [50, 100_000]
        with pytest.raises(ShopError, match=r"access\.denied"):
            approvals_of_access.decide(stocked, merchandiser, mine["id"], Decision("approved", ""), now)
        approvals_of_access.decide(stocked, finance, mine["id"], Decision("approved", ""), now)
        assert count_of(stocked, merchandiser, "001", 500, now)["state"] == "adjusted"
        monkeypatch.setenv("BIGSALE_COUNT_APPROVAL_UNITS", "100001")
        settings.cache_clear()
        assert count_of(stocked, merchandiser, "001", 100, now)["state"] == "waiting", (
            "other values, other word"
        )
        monkeypatch.setenv("BIGSALE_COUNT_APPROVAL_UNITS", "0")
        settings.cache_clear()
        assert count_of(stocked, merchandiser, "002", 999, now)["state"] == "waiting", (
            "stricter holds at once"
        )
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def made(db: Database, who: Actor, name: str, role: str, now: datetime) -> Actor:
    """An account made by that person."""
    service_of_access.add_account(db, who, NewAccount(name, role, word=WORD), now)
    return Actor(name, role)


BOSS, SECOND_BOSS = Actor("boss", "admin"), Actor("boss-2", "admin")


def asked_for(db: Database, who: Actor, now: datetime) -> str:
    with db.writing() as connection:
        return approvals_of_access.request(
            connection, who, now, Request("price_floor", "s", {"p": 1}, "清仓")
        )


MAKINGS: dict[str, Callable[[Database, datetime], object]] = {
    "promoted": lambda db, at: service_of_access.change_account(
        db, BOSS, "fin", at, duties=Duties(role="finance")
    ),
    "reset": lambda db, at: service_of_access.reset_password(db, BOSS, "fin", at),
    "given a sign-in address": lambda db, at: service_of_access.change_account(
        db, BOSS, "fin", at, duties=Duties(role="finance", email="me@shop.example")
    ),
    "let in again": lambda db, at: service_of_access.disable_account(db, BOSS, "fin", at, disabled=False),
}


@pytest.mark.parametrize("how", list(MAKINGS))
def test_who_has_an_account_in_hand_is_not_its_second_person(
    database: Database, now: datetime, how: str
) -> None:
    role = "viewer" if how == "promoted" else "finance"
    made(database, LOCAL_OPERATOR, "fin", role, now - timedelta(days=30))
    MAKINGS[how](database, now)
    fin, later = Actor("fin", "finance"), now + timedelta(days=6)
    asked = asked_for(database, BOSS, later)
    with pytest.raises(ShopError, match=r"approval\.same_hands"):
        approvals_of_access.decide(database, fin, asked, Decision("approved", ""), later)
    approvals_of_access.decide(database, fin, asked, Decision("approved", ""), now + timedelta(days=8))


def test_a_second_account_approves_nothing_for_its_maker_nor_asks_for_them(
    database: Database, now: datetime
) -> None:
    """An administrator's second account approved what the first had asked for."""
    made(database, LOCAL_OPERATOR, "boss", "admin", now - timedelta(days=30))
    second = made(database, BOSS, "second", "finance", now)
    asked = asked_for(database, BOSS, now)
    with pytest.raises(ShopError, match=r"approval\.same_hands"):
        approvals_of_access.decide(database, second, asked, Decision("approved", ""), now)
    approvals_of_access.decide(database, second, asked, Decision("refused", ""), now)
    theirs = asked_for(database, second, now)
    with pytest.raises(ShopError, match=r"approval\.same_hands"):
        approvals_of_access.decide(database, BOSS, theirs, Decision("approved", ""), now)
    service_of_access.change_account(
        database, BOSS, "second", now, duties=Duties(role="finance", department="财务")
    )
    approvals_of_access.decide(database, BOSS, theirs, Decision("approved", ""), now + timedelta(days=8))


def role_of(db: Database, name: str) -> str:
    return str(service_of_access.people(db, BOSS).set_index("name").loc[name, "role"])


@pytest.mark.parametrize("new", [True, False])
def test_a_role_that_may_approve_is_given_by_two_administrators(
    database: Database, now: datetime, new: bool
) -> None:
    for boss in ("boss", "boss-2"):
        made(database, LOCAL_OPERATOR, boss, "admin", now)
    if new:
        assert (
            service_of_access.add_account(database, BOSS, NewAccount("fin", "finance"), now).role == "viewer"
        )
    else:
        made(database, BOSS, "fin", "member", now)
        assert not service_of_access.change_account(database, BOSS, "fin", now, duties=Duties(role="finance"))
    assert role_of(database, "fin") == ("viewer" if new else "member")
    asked = approvals_of_access.listed(database, BOSS).iloc[0]
    assert (asked["kind"], asked["subject"]) == ("account_role", "fin")
    with pytest.raises(ShopError, match=r"approval\.own"):
        approvals_of_access.decide(database, BOSS, asked["id"], Decision("approved", ""), now)
    approvals_of_access.decide(database, SECOND_BOSS, asked["id"], Decision("approved", ""), now)
    assert role_of(database, "fin") == "finance"
    with database.reading() as connection:
        assert reconcile.faults(connection) == []
    assert service_of_access.change_account(database, BOSS, "fin", now, duties=Duties(role="viewer")), (
        "less takes one person"
    )


def test_a_role_that_has_changed_meanwhile_is_not_given(database: Database, now: datetime) -> None:
    for boss in ("boss", "boss-2"):
        made(database, LOCAL_OPERATOR, boss, "admin", now)
    made(database, BOSS, "fin", "member", now)
    service_of_access.change_account(database, BOSS, "fin", now, duties=Duties(role="finance"))
    service_of_access.change_account(database, BOSS, "fin", now, duties=Duties(role="viewer"))
    asked = approvals_of_access.listed(database, BOSS).iloc[0]["id"]
    with pytest.raises(ShopError, match=r"approval\.moved"):
        approvals_of_access.decide(database, SECOND_BOSS, asked, Decision("approved", ""), now)
    assert role_of(database, "fin") == "viewer"


def test_an_administrator_alone_and_the_operator_at_the_machine_wait_for_nobody(
    database: Database, now: datetime
) -> None:
    made(database, LOCAL_OPERATOR, "boss", "admin", now)
    assert service_of_access.add_account(database, BOSS, NewAccount("fin", "finance"), now).role == "finance"
    made(database, LOCAL_OPERATOR, "boss-2", "admin", now)
    assert service_of_access.change_account(database, LOCAL_OPERATOR, "fin", now, duties=Duties(role="admin"))
