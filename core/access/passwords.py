"""Passwords: Argon2id, generated first passwords, and what a chosen one must be like."""

from __future__ import annotations

import hashlib
import secrets
import threading
import unicodedata
from functools import lru_cache

from pwdlib import PasswordHash

from core.errors import ShopError

SHORTEST, LONGEST = 10, 256
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without 0 o 1 i l: it is read from a terminal and typed
_COMMON = (
    "password",
    "qwerty",
    "123456",
    "abc123",
    "iloveyou",
    "admin",
    "letmein",
    "welcome",
    "111111",
    "000000",
    "taobao",
    "woaini",
    "5201314",
)
_argon2 = PasswordHash.recommended()
_at_once = threading.BoundedSemaphore(
    2
)  # one verification takes 64 MiB and a core: a flood must not take the machine


def generate() -> str:
    """A first password: 4 groups of 4, about 79 bits, easy to read aloud."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def sealed(word: str) -> str:
    """The Argon2id hash of a password."""
    with _at_once:
        return _argon2.hash(_folded(word))


def proof_of(stored: str | None) -> str | None:
    """What the audit trail keeps of a stored hash: its digest, by which a hash written past the program
    shows. The trail is sealed, so whoever writes a hash cannot write its row."""
    return None if stored is None else hashlib.sha256(stored.encode()).hexdigest()[:32]


@lru_cache(maxsize=2)
def _nobody(hasher: PasswordHash) -> str:
    """The hash that a password is verified against when there is no account: made once, of the same cost."""
    return hasher.hash(secrets.token_hex(16))


def matches(word: str, stored: str | None) -> bool:
    """Whether the password is the stored one. Without a stored hash a dummy is verified: the answer is no,
    after the same time."""
    with _at_once:
        nobody = _nobody(_argon2)
        good = _argon2.verify(_folded(word)[:LONGEST], stored or nobody)
    return good and stored is not None


def require_good(word: str, name: str) -> None:
    """ShopError("access.password_short" | "access.password_long" | "access.password_weak") for a password
    that is guessed first."""
    folded = _folded(word).casefold()
    if len(folded) < SHORTEST:
        raise ShopError("access.password_short", least=SHORTEST)
    if len(folded) > LONGEST:
        raise ShopError("access.password_long", most=LONGEST)
    rest = folded.replace(name.casefold(), "") if name else folded
    for common in _COMMON:
        rest = rest.replace(common, "")
    if len(set(folded)) < 5 or len(rest) < 5:
        raise ShopError("access.password_weak")


def _folded(word: str) -> str:
    """The same password from every keyboard: full-width letters and composed accents fold together."""
    return unicodedata.normalize("NFKC", word)
