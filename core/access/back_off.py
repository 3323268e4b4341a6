"""Slowing guesses down without locking the honest person out.

Two things bound a try to sign in. Its *lane* is its own: a browser that signed in before (the device mark), a
browser that was given a mark before any sign-in, or all tries of a network without one. A lane has some tries free
and then waits twice as long each time. Its *budget* is the account's: first tries of browsers, tries of networks that
have not failed on it yet, and everything else, each so many an hour; together at most 60.

So whoever polls wrong passwords runs into the waits of their own lane, and another browser at the same address has
its first tries from a budget that the poller does not reach. While that budget runs low a browser's mark must be some
seconds old: a short wait for a person, and no gain for who throws marks away. A right password gives back what it
took. The page waits by itself and asks again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from sqlalchemy import Connection, Row, delete, select

from core.access import keys
from core.access.tables import back_off
from core.database.locks import one_at_a_time
from core.errors import ShopError

FORGOTTEN_AFTER = timedelta(hours=1)
DEVICE_LIFE, BROWSER_LIFE = timedelta(days=180), timedelta(days=2)
FIRST_TRIES = 3  # of a browser on an account, from the account's budget for them
RIPE_AFTER = timedelta(seconds=10)  # how old a browser's mark must be while that budget runs low


@dataclass(frozen=True, slots=True)
class Lane:
    """What is slowed down: its kind, its key in the table, the tries before any wait, the first and the longest
    wait in seconds."""

    kind: str
    key: str
    free: int
    first: int
    cap: int


@dataclass(frozen=True, slots=True)
class Budget:
    """How many tries an hour, and how many of them at once."""

    key: str
    hourly: int
    burst: int

    @property
    def step(self) -> timedelta:
        """What one try takes of an hour."""
        return timedelta(hours=1) / self.hourly


@dataclass(frozen=True, slots=True)
class Try:
    """One try: its own lanes, the mark's age (None without one), and the account and network that it is about."""

    lanes: tuple[Lane, ...]
    name: str
    network: str
    age: timedelta | None = None


def wait_after(failures: int, free: int, first: int, cap: int) -> int:
    """Seconds to wait after that many failures: 0 within the free ones, then twice as long each time, up to
    the cap.

    >>> [wait_after(n, 5, 2, 60) for n in (5, 6, 7, 20, 10_000)]
    [0, 2, 4, 60, 60]
    """
    return 0 if failures <= free else min(cap, first * 2 ** min(failures - free - 1, 30))


def tried(name: str, address: str, device: str, browser: str, now: datetime) -> Try:
    """What one try to sign in is: by the marks that the browser shows."""
    network = network_of(address)
    if known_device(device, name, now):
        return Try((_lane("device", 5, 2, 120, name, device),), name, network)
    age = mark_age(browser, now)
    if age is not None:
        return Try((_lane("browser", FIRST_TRIES, 5, 600, name, browser),), name, network, age)
    bare = (_lane("pair", 5, 2, 600, name, network), _lane("address", 20, 2, 60, network))
    return Try(bare, name, network)


def _budgets(name: str, network: str) -> dict[str, Budget]:
    """Strangers' tries of an account (at most 60 an hour with bursts), and a network's first tries on any."""
    return {
        "first": Budget(_key("first", name), 12, 10),
        "network": Budget(_key("network", name), 6, 5),
        "other": Budget(_key("other", name), 15, 10),
        "spray": Budget(_key("spray", network), 240, 60),
    }


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 customer commonly holds.

    >>> network_of("2001:db8:1:2::9"), network_of("::ffff:10.0.0.1"), network_of("10.0.0.1"), network_of("unix")
    ('2001:db8:1:2::/64', '10.0.0.1', '10.0.0.1', 'unix')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else parsed)


def budget_key(kind: str, name: str) -> str:
    """The key of a budget of somebody else's: a source of events."""
    return _key(f"budget of {kind}", name)


def spend(connection: Connection, budget: Budget, tries: int, since: datetime, now: datetime) -> float:
    """Spends from a budget, over all processes, what was taken from `since` on; how much of its burst is spent
    at the moment."""
    one_at_a_time(connection, budget.key)
    row = connection.execute(select(back_off).where(back_off.c.lane == budget.key)).first()
    until = (max(row.until, since) if row is not None else since) + budget.step * tries
    _store(connection, budget.key, 1, now, until)
    return max((until - now) / budget.step, 0.0)


def _key(kind: str, *parts: str) -> str:
    return hashlib.sha256("\0".join((kind, *parts)).encode("utf-8", "surrogatepass")).hexdigest()


def _lane(kind: str, free: int, first: int, cap: int, *parts: str) -> Lane:
    return Lane(kind, _key(kind, *parts), free, first, cap)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a try has taken, to be given back where the password was right."""

    lanes: tuple[Lane, ...]
    budgets: tuple[Budget, ...]


def begin(connection: Connection, attempt: Try, now: datetime) -> Taken:
    """Counts the try as failed before anything is verified, so that parallel tries wait too.
    ShopError("access.slow_down", seconds)."""
    budgets = _budgets(attempt.name, attempt.network)
    keys_ = sorted({*(lane.key for lane in attempt.lanes), *(budget.key for budget in budgets.values())})
    for key in keys_:
        one_at_a_time(connection, key)
    rows = {row.lane: row for row in connection.execute(select(back_off).where(back_off.c.lane.in_(keys_)))}
    recent = {key: row for key, row in rows.items() if row.last_at > now - FORGOTTEN_AFTER}
    failures = {lane.key: recent[lane.key].failures if lane.key in recent else 0 for lane in attempt.lanes}
    waits = [recent[lane.key].until - now for lane in attempt.lanes if lane.key in recent]
    chosen = _chosen(connection, _Account(attempt, budgets, failures, recent), now)
    waits += [_empty_for(recent.get(budget.key), budget, now) for budget in chosen]
    waits.append(_unripe_for(attempt, budgets["first"], chosen, recent, now))
    longest = max(waits).total_seconds()
    if longest > 0:
        raise ShopError("access.slow_down", seconds=int(longest) + 1)
    for lane in attempt.lanes:
        count = failures[lane.key] + 1
        until = now + timedelta(seconds=wait_after(count, lane.free, lane.first, lane.cap))
        _store(connection, lane.key, count, now, until)
    for budget in chosen:
        _spend(connection, budget, recent.get(budget.key), now, 1)
    return Taken(attempt.lanes, chosen)


class _Account(NamedTuple):
    """A try, the budgets that it may be taken from, and what is known of its lanes: failures and recent rows."""

    attempt: Try
    budgets: Mapping[str, Budget]
    failures: Mapping[str, int]
    recent: Mapping[str, Row[object]]


def _chosen(connection: Connection, known: _Account, now: datetime) -> tuple[Budget, ...]:
    """The budgets that a try is taken from: a known device's from none, a browser's first ones from the one for
    them, or from that of networks without a failure on the account where it is empty; all others from the rest."""
    attempt, budgets, failures, recent = known
    kind, key = attempt.lanes[0].kind, attempt.lanes[0].key
    if kind == "device":
        return ()
    seen_here = _key("seen", attempt.name, attempt.network)
    row = connection.execute(select(back_off.c.last_at).where(back_off.c.lane == seen_here)).first()
    new_here = row is None or row.last_at <= now - FORGOTTEN_AFTER
    if new_here:
        _store(connection, seen_here, 1, now, now)
    if kind == "browser" and failures[key] < FIRST_TRIES:
        full = _empty_for(recent.get(budgets["first"].key), budgets["first"], now) <= timedelta()
        return (budgets["first" if full or not new_here else "network"], budgets["spray"])
    if new_here and failures[key] == 0:
        return (budgets["network"],)
    return (budgets["other"],)


def _empty_for(row: Row[object] | None, budget: Budget, now: datetime) -> timedelta:
    """How long until the budget has a try again; not above zero while it has one."""
    spent = row.until if row is not None else now
    return max(spent, now) - now - budget.step * (budget.burst - 1)


def _unripe_for(
    attempt: Try, first: Budget, chosen: tuple[Budget, ...], recent: Mapping[str, Row[object]], now: datetime
) -> timedelta:
    """How long a mark has still to ripen, where less than half of the first tries are left."""
    half = Budget(first.key, first.hourly, first.burst // 2)
    if (
        attempt.age is None
        or first not in chosen
        or _empty_for(recent.get(first.key), half, now) <= timedelta()
    ):
        return timedelta()
    return RIPE_AFTER - attempt.age


def _spend(
    connection: Connection, budget: Budget, row: Row[object] | None, now: datetime, tries: int
) -> None:
    spent = max(row.until, now) if row is not None else now
    _store(
        connection,
        budget.key,
        1,
        row.last_at if row is not None and tries < 0 else now,
        spent + budget.step * tries,
    )


def succeeded(connection: Connection, taken: Taken, now: datetime) -> None:
    """The try was good: the person's own lane is clean again, the network's lane and the budgets get back what
    it took."""
    mine = [*(lane.key for lane in taken.lanes), *(budget.key for budget in taken.budgets)]
    rows = {row.lane: row for row in connection.execute(select(back_off).where(back_off.c.lane.in_(mine)))}
    for lane in taken.lanes:
        row = rows.get(lane.key)
        if row is not None and lane.kind == "address":
            count = max(row.failures - 1, 0)
            wait = timedelta(seconds=wait_after(count, lane.free, lane.first, lane.cap))
            _store(connection, lane.key, count, row.last_at, row.last_at + wait)
        elif row is not None:
            connection.execute(delete(back_off).where(back_off.c.lane == lane.key))
    for budget in taken.budgets:
        _spend(connection, budget, rows.get(budget.key), now, -1)
    connection.execute(delete(back_off).where(back_off.c.last_at < now - FORGOTTEN_AFTER))


def _store(connection: Connection, key: str, failures: int, last_at: datetime, until: datetime) -> None:
    values = {"failures": failures, "last_at": last_at, "until": until}
    if connection.execute(back_off.update().where(back_off.c.lane == key).values(**values)).rowcount == 0:
        connection.execute(back_off.insert().values(lane=key, **values))


def browser_mark(now: datetime) -> str:
    """The mark of a browser before any sign-in: its lane."""
    return device_mark("", now)


def mark_age(mark: str, now: datetime) -> timedelta | None:
    """How old a browser's mark is; None for one that was not made here, or within the last two days."""
    issued = _issued(mark, "", now)
    return now - issued if issued is not None and now - issued < BROWSER_LIFE else None


def device_mark(name: str, now: datetime) -> str:
    """The mark of a browser in which this account has signed in; worth nothing for any other account."""
    body = f"{secrets.token_hex(8)}.{int(now.timestamp())}"
    return f"{body}.{_mac(body, name)}"


def known_device(mark: str, name: str, now: datetime) -> bool:
    """Whether the mark was made here, for this account, within the last 180 days."""
    return bool(name) and _issued(mark, name, now) is not None


def _issued(mark: str, name: str, now: datetime) -> datetime | None:
    """When a mark was made here for that account ("" = for any); None for a forged or an old one."""
    body, _, mac = mark.rpartition(".")
    if not body.isascii() or not mac.isascii() or not hmac.compare_digest(mac, _mac(body, name)):
        return None
    issued = datetime.fromtimestamp(int(body.partition(".")[2]), UTC)
    return issued if now - DEVICE_LIFE < issued <= now + timedelta(minutes=5) else None


def _mac(body: str, name: str) -> str:
    return hmac.digest(keys.derived("device"), f"{name}\0{body}".encode(), "sha256").hex()
