"""Whoever holds the right password gets in, while somebody polls wrong ones from the same address; and that
somebody has few guesses."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from core.access import Actor, back_off, passwords, service, sessions
from core.access.accounts import NewAccount
from core.access.sessions import Client
from core.database import Database
from core.errors import ShopError
from tests.security.conftest import WORD, Server

ADDRESS = "203.0.113.7"
HOUR, PATIENCE = timedelta(hours=1), timedelta(seconds=30)


class Shop:
    """Somebody polls wrong passwords; people with the right one come now and then."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now
        self.guesses: list[datetime] = []

    def enters(self, word: str, address: str, mark: str, at: datetime) -> str:
        """What a try ended with: "in", or the code of the refusal."""
        try:
            sessions.sign_in(self.database, "mei", word, Client(address, "", "", mark), at)
        except ShopError as error:
            if error.code == "access.wrong_password":
                self.guesses.append(at)
            self.wait = timedelta(seconds=int(str(error.facts.get("seconds", 0))))
            return error.code
        return "in"

    def person(self, opened: datetime, polls: Callable[[datetime], None]) -> bool:
        """A page opened, the password typed within 8 seconds, and the page's own waiting; whether it let the
        person in within 30 seconds of the first try."""
        mark, at = back_off.browser_mark(opened), opened + timedelta(seconds=8)
        until = at + PATIENCE
        while at <= until:
            polls(at)
            if self.enters(WORD, ADDRESS, mark, at) == "in":
                return True
            at += self.wait
        return False

    def most_in_an_hour(self) -> int:
        """The most guesses that fell into any hour."""
        return max(
            (sum(1 for g in self.guesses if first <= g < first + HOUR) for first in self.guesses), default=0
        )


@pytest.fixture
def polled(sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with one account whose password is known, verified without Argon2's cost."""
    return polled_shop(sqlite, admin, now, monkeypatch)


def polled_shop(database: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The same on either database."""
    service.add_account(database, admin, NewAccount("mei", "merchandiser", word=WORD), now)
    monkeypatch.setattr(passwords, "matches", lambda word, stored: word == WORD and stored is not None)
    return Shop(database, now)


def kept_mark(now: datetime) -> Callable[[datetime], str]:
    mark = back_off.browser_mark(now)
    return lambda _at: mark


POLLERS: dict[str, Callable[[datetime], Callable[[datetime], str]]] = {
    "without cookies": lambda _now: lambda _at: "",
    "with one browser's mark": kept_mark,
    "with a new mark each time": lambda _now: back_off.browser_mark,
    "with a forged mark": lambda _now: lambda _at: "0.0." + "0" * 64,
}


@pytest.mark.parametrize("kind", list(POLLERS))
def test_19_of_20_right_passwords_get_in_within_30_seconds(polled: Shop, kind: str) -> None:
    """Without a device mark it was 0 of 14."""
    assert got_in_of(polled, POLLERS[kind](polled.now), 20) >= 19
    assert polled.most_in_an_hour() <= 60


@pytest.mark.postgres
def test_the_same_on_postgresql(
    postgres: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = polled_shop(postgres, admin, now, monkeypatch)
    assert got_in_of(shop, back_off.browser_mark, 4) == 4
    assert shop.most_in_an_hour() <= 60


def got_in_of(polled: Shop, mark_of: Callable[[datetime], str], people: int) -> int:
    """How many of so many people, one every five minutes, got in while somebody tried every five seconds."""
    polls = itertools.count()

    def poll(until: datetime, since: list[datetime] = [polled.now]) -> None:  # noqa: B006 - the clock of the poller
        while since[0] < until:
            polled.enters(f"wrong-{next(polls)}", ADDRESS, mark_of(since[0]), since[0])
            since[0] += timedelta(seconds=5)

    return sum(polled.person(polled.now + timedelta(minutes=2 + 5 * n), poll) for n in range(people))


def ripened(now: datetime) -> Callable[[datetime], str]:
    return lambda at: back_off.browser_mark(max(now, at - timedelta(seconds=60)))


@pytest.mark.parametrize("address", [lambda _n: ADDRESS, lambda n: f"198.51.{n % 200}.{n // 200 % 200}"])
def test_nobody_has_more_than_60_guesses_an_hour_at_an_account(
    polled: Shop, address: Callable[[int], str]
) -> None:
    """Not by throwing marks away after they have ripened, nor from as many addresses as there are."""
    mark_of = ripened(polled.now)
    for n in range(600):
        at = polled.now + timedelta(seconds=8 * n)
        for mark in (mark_of(at), ""):
            polled.enters(f"wrong-{n}", address(n), mark, at)
    assert 20 < polled.most_in_an_hour() <= 60


def test_a_browser_that_was_here_before_waits_for_none_of_that(polled: Shop) -> None:
    device = sessions.sign_in(polled.database, "mei", WORD, Client(ADDRESS, "", ""), polled.now).device
    for n in range(400):
        at = polled.now + timedelta(seconds=n)
        polled.enters("wrong-word", ADDRESS, back_off.browser_mark(at - timedelta(minutes=1)), at)
    at = polled.now + timedelta(seconds=401)
    assert sessions.sign_in(polled.database, "mei", WORD, Client(ADDRESS, "", device), at).token


def test_forty_colleagues_behind_one_address_start_the_day_together(
    database: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "matches", lambda word, stored: word == WORD and stored is not None)
    for n in range(40):
        service.add_account(database, admin, NewAccount(f"p{n}", "viewer", word=WORD), now)
        mark = back_off.browser_mark(now - timedelta(seconds=20))
        if n % 4 == 0:  # mistyped once
            with pytest.raises(ShopError, match=r"access\.wrong_password"):
                sessions.sign_in(database, f"p{n}", "wrong-word", Client(ADDRESS, "", "", mark), now)
        assert sessions.sign_in(database, f"p{n}", WORD, Client(ADDRESS, "", "", mark), now).token


@pytest.fixture
def poller(server: Server) -> Iterator[list[int]]:
    """Somebody at our own address who polls the member's account; the statuses that they got."""
    statuses: list[int] = []
    ending = threading.Event()

    def poll() -> None:
        with server.browser() as browser:
            for n in itertools.count():
                if ending.is_set():
                    return
                body = {"name": "member", "word": f"wrong-{n}"}
                statuses.append(browser.post("/account/sign-in", json=body).status_code)

    thread = threading.Thread(target=poll)
    thread.start()
    yield statuses
    ending.set()
    thread.join()


def test_on_the_real_server_a_page_gets_its_person_in(server: Server, poller: list[int]) -> None:
    until = time.monotonic() + 20
    while 429 not in poller and time.monotonic() < until:
        time.sleep(0.1)
    with server.browser() as browser:
        assert browser.get("/").cookies["bigsale_browser"]
        begun = time.monotonic()
        answer = httpx.Response(429)
        while answer.status_code == 429 and time.monotonic() - begun < 30:
            answer = browser.post("/account/sign-in", json={"name": "member", "word": WORD})
            time.sleep(float(answer.headers.get("retry-after", 0)))
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - begun < 30
    assert poller.count(401) <= 20
    assert poller.count(429) > 0
