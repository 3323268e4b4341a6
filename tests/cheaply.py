"""What costs seconds and is no question of most tests, switched off for this process from the first import on: the price of a
password, and SQLite's wait for the disk. Servers that a test starts are the product as it is; the two tests that are about
these costs ask for what stood here before (ARGON2, PRAGMAS)."""

from __future__ import annotations

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from core.access import passwords
from core.database import engine

ARGON2, PRAGMAS = passwords._argon2, engine.PRAGMAS  # the product's own
CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))


def be_cheap() -> None:
    """One pass over 64 KiB instead of three over 64 MiB; what a killed process wrote is there without the disk having
    been waited for, and no test takes the machine's power away."""
    passwords._argon2 = CHEAP
    engine.PRAGMAS = tuple(one.replace("synchronous=FULL", "synchronous=OFF") for one in PRAGMAS)


def be_dear() -> None:
    """As the product is: what benches measure."""
    passwords._argon2, engine.PRAGMAS = ARGON2, PRAGMAS
