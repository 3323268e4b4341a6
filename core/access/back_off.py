"""Slowing guesses down without locking the honest user out.

A failed sign-in counts in three lanes: the account from this address, the address, the account from everywhere. Each lane gives
some tries free and then waits twice as long each time, up to a cap. Asking again while waiting does not lengthen the wait. Two ways
stay open for the person whose account somebody else hammers at: an address that has not failed on this account yet does not wait for
the account's lane, and a browser that signed in before carries a device mark and waits in a lane of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Connection, delete, select

from core.access import keys
from core.access.tables import back_off
from core.database.locks import one_at_a_time
from core.errors import ShopError

FORGOTTEN_AFTER = timedelta(hours=1)
DEVICE_LIFE = timedelta(days=180)
FRESH_ADDRESS_TRIES = 2


@dataclass(frozen=True, slots=True)
class Lane:
    """What is slowed down: its kind, its key in the table, the tries before any wait, the longest wait in seconds."""

    kind: str
    key: str
    free: int
    cap: int


def wait_after(failures: int, free: int, cap: int) -> int:
    """Seconds to wait after that many failures: 0 within the free ones, then 2, 4, 8 .. up to the cap.

    >>> [wait_after(n, 5, 60) for n in (5, 6, 7, 20, 10_000)]
    [0, 2, 4, 60, 60]
    """
    return 0 if failures <= free else min(cap, 2 ** min(failures - free, 30))


def lanes(name: str, address: str, device: str, now: datetime) -> list[Lane]:
    """The lanes of one try."""
    if known_device(device, name, now):
        return [_lane("device", 5, 60, name, device)]
    network = network_of(address)
    return [_lane("pair", 5, 60, name, network), _lane("address", 20, 60, network), _lane("account", 100, 15, name)]


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 customer commonly holds.

    >>> network_of("2001:db8:1:2::9"), network_of("::ffff:10.0.0.1"), network_of("10.0.0.1"), network_of("unix")
    ('2001:db8:1:2::/64', '10.0.0.1', '10.0.0.1', 'unix')
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found.ipv4_mapped if isinstance(found, IPv6Address) else found)


def _lane(kind: str, free: int, cap: int, *parts: str) -> Lane:
    return Lane(kind, hashlib.sha256("\0".join((kind, *parts)).encode()).hexdigest(), free, cap)


def begin(connection: Connection, tried: list[Lane], now: datetime) -> None:
    """Counts the try as failed before anything is verified, so that parallel tries wait too. ShopError("access.slow_down", seconds)."""
    for lane in sorted(tried, key=lambda lane: lane.key):
        one_at_a_time(connection, lane.key)
    rows = {
        row.lane: row for row in connection.execute(select(back_off).where(back_off.c.lane.in_([lane.key for lane in tried])))
    }
    failures = {
        lane.kind: rows[lane.key].failures if lane.key in rows and rows[lane.key].last_at > now - FORGOTTEN_AFTER else 0
        for lane in tried
    }
    fresh = failures.get("pair", FRESH_ADDRESS_TRIES) < FRESH_ADDRESS_TRIES
    waits = [rows[lane.key].until - now for lane in tried if lane.key in rows and not (fresh and lane.kind == "account")]
    longest = max(waits, default=timedelta()).total_seconds()
    if longest > 0:
        raise ShopError("access.slow_down", seconds=int(longest) + 1)
    for lane in tried:
        count = failures[lane.kind] + 1
        _store(connection, lane.key, count, now, now + timedelta(seconds=wait_after(count, lane.free, lane.cap)))


def succeeded(connection: Connection, tried: list[Lane], now: datetime) -> None:
    """The try was good: the person's own lane is clean again, the shared lanes take the count of this try back."""
    for lane in tried:
        row = connection.execute(select(back_off).where(back_off.c.lane == lane.key)).first()
        if row is not None and lane.kind in {"address", "account"}:
            count = max(row.failures - 1, 0)
            _store(
                connection, lane.key, count, row.last_at, row.last_at + timedelta(seconds=wait_after(count, lane.free, lane.cap))
            )
        elif row is not None:
            connection.execute(delete(back_off).where(back_off.c.lane == lane.key))
    connection.execute(delete(back_off).where(back_off.c.last_at < now - FORGOTTEN_AFTER))


def _store(connection: Connection, key: str, failures: int, last_at: datetime, until: datetime) -> None:
    values = {"failures": failures, "last_at": last_at, "until": until}
    if connection.execute(back_off.update().where(back_off.c.lane == key).values(**values)).rowcount == 0:
        connection.execute(back_off.insert().values(lane=key, **values))


def device_mark(name: str, now: datetime) -> str:
    """The mark of a browser in which this account has signed in; worth nothing for any other account."""
    body = f"{secrets.token_hex(8)}.{int(now.timestamp())}"
    return f"{body}.{_mac(body, name)}"


def known_device(mark: str, name: str, now: datetime) -> bool:
    """Whether the mark was made here, for this account, within the last 180 days."""
    body, _, mac = mark.rpartition(".")
    if not body.isascii() or not mac.isascii() or not hmac.compare_digest(mac, _mac(body, name)):
        return False
    made = datetime.fromtimestamp(int(body.partition(".")[2]), UTC)
    return now - DEVICE_LIFE < made <= now + timedelta(minutes=5)


def _mac(body: str, name: str) -> str:
    return hmac.digest(keys.derived("device"), f"{name}\0{body}".encode(), "sha256").hex()
