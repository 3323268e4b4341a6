"""Flash-sale sessions on the stock ledger: never more promised than there is, locks return exactly."""

from __future__ import annotations

import shutil
import tempfile
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.access import Actor
from core.campaign.service import NewSale
from core.database import Database, connect
from core.errors import ShopError
from core.stock import service as stock
from core.warmup.flash_sale import service
from tests.conftest import NOW
from tests.warmup.conftest import Shop, build

HOUR = timedelta(hours=1)


def assert_refused(code: str):
    return pytest.raises(ShopError, match=rf"^{code.replace('.', r'[.]')}")


def session(
    shop: Shop, now: datetime, quota: int, *, code: str = "001", starts: float = 1, hours: float = 1
) -> str:
    """Plans one session `starts` hours from now."""
    return service.plan(
        shop.db,
        shop.lead,
        shop.campaign,
        service.NewSession(code, "秒杀", now + starts * HOUR, [quota], length_minutes=int(hours * 60)),
        now=now,
    )[0]


def test_a_session_locks_sells_and_gives_back_the_rest(shop: Shop, now: datetime) -> None:
    one = session(shop, now, 40)
    assert service.lock(shop.db, shop.lead, [one], now) == 40
    assert (shop.level("001", "activity_locked"), shop.level("001", "available_to_promise")) == (40, 60)
    with shop.db.writing() as connection:
        assert service.draw(connection, {"001": 15}, "intake", now + HOUR) == {"001": 15}
    assert (shop.level("001", "activity_locked"), shop.level("001", "available_to_promise")) == (25, 75)
    row = service.sessions(shop.db, shop.lead, shop.campaign, now + 1.5 * HOUR).iloc[0]
    assert row[["held", "left", "runs", "over", "short"]].tolist() == [25, 25, True, False, 0]
    assert row["sku_name"] == "面霜"
    assert service.close_ended(shop.db, shop.lead, now + 1.5 * HOUR) == 0
    assert service.close_ended(shop.db, shop.lead, now + 2 * HOUR) == 25
    assert service.close_ended(shop.db, shop.lead, now + 2 * HOUR) == 0
    assert shop.level("001", "activity_locked") == 0
    with assert_refused("warmup.session_state"):
        service.close(shop.db, shop.lead, [one], now)


def test_overlapping_sessions_cannot_promise_the_same_units(shop: Shop, now: datetime) -> None:
    session(shop, now, 70)
    with assert_refused("warmup.session_exceeds") as error:
        session(shop, now, 31, starts=1.5)
    assert error.value.facts["shortages"][0]["by"] == 1
    assert len(service.sessions(shop.db, shop.lead, shop.campaign, now)) == 1  # nothing was written
    session(shop, now, 31, starts=2)  # begins when the first one ends


def test_another_campaign_promises_from_the_same_stock(shop: Shop, now: datetime) -> None:
    from core.campaign import service as campaigns

    other = campaigns.add_sale(shop.db, shop.lead, NewSale("会员日", now + HOUR, now + 24 * HOUR), now=now)
    session(shop, now, 70)
    with assert_refused("warmup.session_exceeds"):
        service.plan(
            shop.db,
            shop.lead,
            other,
            service.NewSession("001", "会员", now + HOUR, [31], length_minutes=60),
            now=now,
        )


def test_release_waves_share_the_scarce_units(shop: Shop, now: datetime) -> None:
    ids = service.plan(
        shop.db,
        shop.lead,
        shop.campaign,
        service.NewSession("002", "放量", now + HOUR, [30, 20, 10], length_minutes=30, every_minutes=60),
        now=now,
    )
    frame = service.sessions(shop.db, shop.lead, shop.campaign, now)
    assert frame["session_id"].tolist() == ids
    assert frame["wave"].tolist() == [1, 2, 3]
    assert service.lock(shop.db, shop.lead, ids, now) == 60
    with assert_refused("warmup.session_exceeds"):
        session(shop, now, 1, code="002", starts=0)  # all units are locked until their waves end
    with assert_refused("warmup.session_state"):
        service.lock(shop.db, shop.lead, ids[:1], now)


def test_what_cannot_be_planned_or_locked(shop: Shop, now: datetime, viewer: Actor) -> None:
    with assert_refused("warmup.unknown_sku"):
        session(shop, now, 1, code="999")
    with assert_refused("warmup.session_exceeds"):
        session(shop, now, 1, code="003")
    with assert_refused("warmup.session_unknown"):
        service.lock(shop.db, shop.lead, ["nobody"], now)
    one = session(shop, now, 5)
    with assert_refused("warmup.session_over"):
        service.lock(shop.db, shop.lead, [one], now + 3 * HOUR)
    with assert_refused("access.denied"):
        service.lock(shop.db, viewer, [one], now)


def test_the_sale_draws_from_running_sessions_first_ending_first(shop: Shop, now: datetime) -> None:
    short, long = session(shop, now, 10), session(shop, now, 20, hours=3)
    later = session(shop, now, 30, starts=5)
    service.lock(shop.db, shop.lead, [short, long, later], now)
    at = now + 1.5 * HOUR
    with shop.db.writing() as connection:
        assert service.draw(connection, {"001": 15, "002": 9}, "intake", at) == {"001": 15}
    with shop.db.writing() as connection:
        assert service.draw(connection, {"001": 99}, "intake", at) == {"001": 15}
    frame = service.sessions(shop.db, shop.lead, shop.campaign, at).set_index("session_id")
    assert frame["sold"].reindex([short, long, later]).tolist() == [10, 20, 0]
    assert shop.level("001", "activity_locked") == 30
    with shop.db.reading() as connection:
        assert service.check(connection) == {"locks_are_movements": []}


def test_check_finds_a_lock_that_nobody_holds(shop: Shop, now: datetime) -> None:
    import pandas as pd

    one = session(shop, now, 10)
    service.lock(shop.db, shop.lead, [one], now)
    with shop.db.writing() as connection:
        stray = pd.DataFrame(
            {"sku_code": ["001"], "state": "activity_locked", "quantity": [-3], "expected_on": ""}
        )
        stock.post(connection, stray, shop.lead, source_id=f"session:{one}", cause="session", now=now)
    with shop.db.reading() as connection:
        assert service.check(connection) == {"locks_are_movements": [f"session:{one}"]}


def test_many_desks_lock_at_once(shop: Shop, now: datetime) -> None:
    """Eight people lock sessions of 30 one after the other in time, from 100 units: three locks stand, five
    are refused."""
    ids = [session(shop, now, 30, starts=1 + n) for n in range(8)]
    answers: list[str] = []

    def press(session_id: str) -> None:
        try:
            service.lock(shop.db, shop.lead, [session_id], now)
            answers.append("locked")
        except ShopError as error:
            answers.append(error.code)

    threads = [threading.Thread(target=press, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["locked"] * 3 + ["warmup.session_exceeds"] * 5
    assert (shop.level("001", "activity_locked"), shop.level("001", "available_to_promise")) == (90, 10)


@pytest.fixture(scope="module")
def template(sqlite_template: Path) -> Path:
    Desk.empty = sqlite_template
    return sqlite_template


class Desk(RuleBasedStateMachine):
    """A morning at the session desk: planning, locking, selling, drawing and closing in any order while stock
    moves."""

    empty: Path

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="bigsale-desk-")
        path = Path(self.folder) / "shop.db"
        shutil.copy(self.empty, path)
        self.db: Database = connect(f"sqlite:///{path}")
        self.shop = build(self.db, Actor("lead-1", "campaign_lead"), NOW)
        self.now = NOW
        self.ids: list[str] = []
        self.quota: dict[str, int] = {}
        self.sold: dict[str, int] = {}
        self.returned: dict[str, int] = {}

    @rule(
        code=st.sampled_from(["001", "002"]),
        starts=st.integers(0, 6),
        hours=st.integers(1, 4),
        quota=st.integers(1, 70),
    )
    def plan(self, code: str, starts: int, hours: int, quota: int) -> None:
        try:
            one = session(self.shop, self.now, quota, code=code, starts=starts, hours=hours)
        except ShopError as error:
            assert error.code == "warmup.session_exceeds"
            return
        self.ids.append(one)
        self.quota[one], self.sold[one] = quota, 0

    @precondition(lambda self: self.ids)
    @rule(pick=st.integers(0, 99))
    def lock(self, pick: int) -> None:
        one = self.ids[pick % len(self.ids)]
        try:
            assert service.lock(self.db, self.shop.lead, [one], self.now) == self.quota[one]
        except ShopError as error:
            assert error.code in {"warmup.session_state", "warmup.session_exceeds", "warmup.session_over"}

    @rule(first=st.integers(0, 40), second=st.integers(0, 40))
    def draw(self, first: int, second: int) -> None:
        before = self._table()
        with self.db.writing() as connection:
            given = service.draw(connection, {"001": first, "002": second}, "intake", self.now)
        after = self._table()
        for code, asked in (("001", first), ("002", second)):
            running = before[before["runs"] & (before["sku_code"] == code)]
            assert given.get(code, 0) == min(asked, int(running["held"].sum()))
        self.sold = after["sold"].to_dict()

    @precondition(lambda self: self.ids)
    @rule(pick=st.integers(0, 99))
    def close(self, pick: int) -> None:
        one = self.ids[pick % len(self.ids)]
        held = int(self._table().loc[one, "held"])
        try:
            assert service.close(self.db, self.shop.lead, [one], self.now) == held
        except ShopError as error:
            assert error.code == "warmup.session_state"

    @rule(hours=st.integers(1, 3))
    def wait(self, hours: int) -> None:
        self.now += hours * HOUR
        before = self._table()
        ended = before[before["over"] & (before["state"] == "locked")]
        assert service.close_ended(self.db, self.shop.lead, self.now) == ended["held"].sum()

    @rule(code=st.sampled_from(["001", "002"]), units=st.integers(1, 20))
    def receive(self, code: str, units: int) -> None:
        self.shop.stocked(self.now, **{f"_{code}": units})

    def _table(self):
        return service.sessions(self.db, self.shop.lead, self.shop.campaign, self.now).set_index("session_id")

    @invariant()
    def locks_are_what_sessions_hold_and_never_more_than_there_is(self) -> None:
        table = self._table()
        assert table["sold"].to_dict() == self.sold
        for code in ("001", "002"):
            held = int(table.loc[table["sku_code"] == code, "held"].sum())
            assert self.shop.level(code, "activity_locked") == held
            assert self.shop.level(code, "available_to_promise") >= 0
        assert not table["short"].any()
        with self.db.reading() as connection:
            assert service.check(connection) == {"locks_are_movements": []}
            assert not any(stock.check(connection).values())

    def teardown(self) -> None:
        self.db.dispose()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_a_morning_at_the_session_desk(template: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test as assert_machine_holds

    assert_machine_holds(Desk, settings=settings(max_examples=5, stateful_step_count=15, deadline=None))


@pytest.mark.soak
def test_many_mornings_at_the_session_desk(template: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test as assert_machine_holds

    assert_machine_holds(Desk, settings=settings(max_examples=200, stateful_step_count=50, deadline=None))
