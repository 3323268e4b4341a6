"""State machines: whatever people do in whatever order, a session and an approval mean what the simple model
says."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from hypothesis.stateful import run_state_machine_as_test as assert_machine_holds

from core.access import Actor, approvals, audit, service, sessions
from core.access.accounts import NewAccount
from core.access.approvals import Decision, Request
from core.access.service import Duties
from core.access.sessions import Client
from core.database import connect
from core.errors import ShopError

BEGIN = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
PEOPLE = ("mei", "fin", "lin")
BOSS = Actor("boss", "admin", "cli")
SHORT = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
LONG = settings(SHORT, max_examples=150, stateful_step_count=50)


class House(RuleBasedStateMachine):
    """A fresh SQLite database and a clock that only goes forward."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="bigsale-machine-"))
        shutil.copy(self.template, self.folder / "shop.db")
        self.db = connect(f"sqlite:///{self.folder / 'shop.db'}")
        self.now = BEGIN

    @rule(minutes=st.sampled_from([1, 5, 60, 239, 240, 400, 719, 720]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def the_trail_is_whole(self) -> None:
        with self.db.reading() as connection:
            assert audit.faults(connection) == []

    def teardown(self) -> None:
        self.db.dispose()
        shutil.rmtree(self.folder)


class Sessions(House):
    """The model: for each token its person, its end, its last look and whether it was ended."""

    tokens: Bundle[str] = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, dict[str, object]] = {}
        self.roles = dict.fromkeys(PEOPLE, "viewer")
        self.disabled: set[str] = set()
        service.add_account(self.db, BOSS, NewAccount("boss", "admin", word="boss-of-the-shop"), self.now)
        for name in PEOPLE:
            service.add_account(
                self.db, BOSS, NewAccount(name, "viewer", word=f"lantern-of-{name}"), self.now
            )

    @rule(target=tokens, name=st.sampled_from(PEOPLE))
    def sign_in(self, name: str) -> object:
        try:
            opened = sessions.sign_in(
                self.db, name, f"lantern-of-{name}", Client("10.0.0.1", "", ""), self.now
            )
        except ShopError as error:
            assert error.code == "access.wrong_password"
            assert name in self.disabled
            return multiple()
        assert name not in self.disabled
        self.model[opened.token] = {
            "name": name,
            "end": self.now + timedelta(hours=12),
            "seen": self.now,
            "ended": False,
        }
        return opened.token

    @rule(token=tokens)
    def look(self, token: str) -> None:
        entry = self.model[token]
        alive = (
            not entry["ended"]
            and self.now < entry["end"]
            and self.now < entry["seen"] + timedelta(minutes=240)
        )  # type: ignore[operator]
        found = sessions.who(self.db, token, self.now)
        assert (found is not None) == alive
        if found is not None:
            assert (found.name, found.role) == (entry["name"], self.roles[found.name])
            entry["seen"] = self.now

    @rule(token=tokens)
    def a_changed_cookie_is_nobody(self, token: str) -> None:
        for forged in (
            token[:-1] + ("A" if token[-1] != "A" else "B"),
            token.swapcase(),
            token + "x",
            sessions.digest_of(token),
        ):
            assert sessions.who(self.db, forged, self.now) is None

    @rule(token=tokens)
    def sign_out(self, token: str) -> None:
        sessions.sign_out(self.db, token, self.now)
        if self._alive(token):
            self.model[token]["ended"] = True

    @rule(name=st.sampled_from(PEOPLE))
    def the_admin_ends_all(self, name: str) -> None:
        service.end_sessions(self.db, BOSS, name, self.now)
        self._end_all(name)

    @rule(token=tokens)
    def sign_out_everywhere(self, token: str) -> None:
        counts = self._alive(token)
        sessions.sign_out_everywhere(self.db, token, self.now)
        if counts:
            self._end_all(str(self.model[token]["name"]))

    @rule(name=st.sampled_from(PEOPLE), disabled=st.booleans())
    def lock(self, name: str, disabled: bool) -> None:
        service.disable_account(self.db, BOSS, name, self.now, disabled=disabled)
        (self.disabled.add if disabled else self.disabled.discard)(name)
        if disabled:
            self._end_all(name)

    @rule(name=st.sampled_from(PEOPLE), role=st.sampled_from(["viewer", "finance"]))
    def another_role(self, name: str, role: str) -> None:
        service.change_account(self.db, BOSS, name, self.now, duties=Duties(role=role))
        self.roles[name] = role

    @rule()
    def the_minute_round(self) -> None:
        sessions.flush(self.db)

    def _alive(self, token: str) -> bool:
        entry = self.model[token]
        return (
            not entry["ended"]
            and self.now < entry["end"]
            and self.now < entry["seen"] + timedelta(minutes=240)
        )  # type: ignore[operator]

    def _end_all(self, name: str) -> None:
        for entry in self.model.values():
            entry["ended"] = entry["ended"] or entry["name"] == name


class Approvals(House):
    """The model: what the inputs are now, and the last request's inputs, asker and state."""

    def __init__(self) -> None:
        super().__init__()
        self.price = {"a": 100, "b": 100}
        self.last: dict[str, dict[str, object]] = {}

    @rule(subject=st.sampled_from("ab"), price=st.integers(98, 102))
    def edit(self, subject: str, price: int) -> None:
        self.price[subject] = price

    @rule()
    def duplicate(self) -> None:
        self.price["b"] = self.price["a"]

    @rule(subject=st.sampled_from("ab"), name=st.sampled_from(PEOPLE))
    def ask(self, subject: str, name: str) -> None:
        with self.db.writing() as connection:
            inputs = {"price": self.price[subject]}
            asked = approvals.request(
                connection,
                Actor(name, "finance"),
                self.now,
                Request("price_floor", subject, inputs, "because"),
            )
        open_one = self.last.get(subject)
        if open_one and open_one["state"] == "requested" and open_one["price"] == self.price[subject]:
            assert asked == open_one["id"]
            return
        self.last[subject] = {"id": asked, "price": self.price[subject], "by": name, "state": "requested"}
        self.now += timedelta(microseconds=1)

    @rule(
        subject=st.sampled_from("ab"),
        name=st.sampled_from((*PEOPLE, "local")),
        verdict=st.sampled_from(["approved", "refused"]),
    )
    def decide(self, subject: str, name: str, verdict: approvals.Verdict) -> None:
        if subject not in self.last:
            return
        entry = self.last[subject]
        fair = name not in {entry["by"], "local"} and entry["state"] == "requested"
        try:
            approvals.decide(
                self.db, Actor(name, "finance"), str(entry["id"]), Decision(verdict, ""), self.now
            )
            assert fair
            entry["state"] = verdict
        except ShopError as error:
            assert not fair
            assert error.code in {"approval.own", "approval.nameless", "approval.settled"}

    @invariant()
    def it_stands_as_the_model_says(self) -> None:
        with self.db.reading() as connection:
            for subject, price in self.price.items():
                entry = self.last.get(subject)
                expected = (
                    "none" if entry is None else entry["state"] if entry["price"] == price else "expired"
                )
                assert approvals.standing(connection, "price_floor", subject, {"price": price}) == expected


@pytest.mark.parametrize("machine", [Sessions, Approvals])
def test_machines(machine: type[House], sqlite_template: Path) -> None:
    machine.template = sqlite_template
    assert_machine_holds(machine, settings=SHORT)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("machine", [Sessions, Approvals])
def test_machines_for_long(machine: type[House], sqlite_template: Path) -> None:
    machine.template = sqlite_template
    assert_machine_holds(machine, settings=LONG)
