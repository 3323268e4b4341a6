"""Pure: which arm a person belongs to, by keyed hash: the same answer each time, on every machine, for one test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from core.errors import ShopError

CONTROL = "control"
_SPACE = 2**53


class Arm(NamedTuple):
    """An arm's code and its whole share; the shares of all arms are taken in proportion."""

    code: str
    share: int


def require_arms(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """Two arms at least, the first named "control", codes unlike, shares above 0. ShopError("experiments.arms")."""
    codes = [arm.code.strip() for arm in arms]
    sound = len(codes) >= 2 and codes[0] == CONTROL and len(set(codes)) == len(codes) and all(codes)
    if not sound or any(arm.share <= 0 for arm in arms):
        raise ShopError("experiments.arms")
    return tuple(Arm(code, int(arm.share)) for code, arm in zip(codes, arms, strict=True))


def point(key: bytes, experiment_id: str, unit_key: str, purpose: str = "arm") -> float:
    """Where a person falls in [0, 1): 53 bits of a keyed BLAKE2b of test, purpose and person."""
    text = f"{experiment_id}\x1f{purpose}\x1f{unit_key}".encode()
    return (int.from_bytes(hashlib.blake2b(text, digest_size=8, key=key).digest(), "big") >> 11) / _SPACE


class Splitter:
    """Assigns people to the arms of one test, after `traffic` (0..1) has decided who takes part at all."""

    def __init__(self, key: bytes, experiment_id: str, arms: Sequence[Arm], traffic: float = 1.0) -> None:
        self._key = hashlib.blake2b(key, digest_size=32).digest()
        self._id, self._traffic = experiment_id, traffic
        self._codes = [arm.code for arm in arms]
        whole = sum(arm.share for arm in arms)
        self._edges = [edge / whole for edge in accumulate(arm.share for arm in arms)]

    def arm(self, unit_key: str) -> str:
        """The person's arm; "" for somebody outside of the test's traffic."""
        if self._traffic < 1 and point(self._key, self._id, unit_key, "traffic") >= self._traffic:
            return ""
        at = point(self._key, self._id, unit_key)
        return next(
            (code for code, edge in zip(self._codes, self._edges, strict=True) if at < edge), self._codes[-1]
        )
