"""Argon2 with the smallest cost for this room's tests: the product's own cost is checked once, in test_sessions."""

from __future__ import annotations

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from core.access import passwords

CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))


@pytest.fixture(autouse=True)
def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass over 64 KiB instead of three over 64 MiB."""
    monkeypatch.setattr(passwords, "_argon2", CHEAP)
