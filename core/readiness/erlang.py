"""Pure: customer service by Erlang C, one row per interval (FORMULAS §5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import ShopError


@dataclass(frozen=True, slots=True)
class ServiceGoal:
    """How fast whom is answered: handling time and target wait in seconds, shares as 0..1, chats one person
    holds at a time."""

    handling_seconds: float = 180.0
    target_seconds: float = 20.0
    level: float = 0.80
    occupancy: float = 0.85
    shrinkage: float = 0.30
    concurrency: float = 1.0

    @property
    def chat_seconds(self) -> float:
        """Handling time a contact occupies one person for: concurrent chats share it."""
        return self.handling_seconds / self.concurrency


def require_goal(goal: ServiceGoal) -> None:
    """ShopError("readiness.staffing_setting", field=..., value=...) for a goal that no number of people can
    mean."""
    bounds = {
        "handling_seconds": goal.handling_seconds > 0,
        "target_seconds": goal.target_seconds >= 0,
        "level": 0 <= goal.level < 1,
        "occupancy": 0 < goal.occupancy <= 1,
        "shrinkage": 0 <= goal.shrinkage < 1,
        "concurrency": goal.concurrency >= 1,
    }
    for field, holds in bounds.items():
        if not holds:
            raise ShopError("readiness.staffing_setting", field=field, value=getattr(goal, field))


def agents(contacts: np.ndarray, goal: ServiceGoal, minutes: int = 30) -> pd.DataFrame:
    """The smallest number of people that meets level and occupancy in each interval of `minutes`.

    `contacts`: expected contacts per interval, float, shape (n,). Columns: load (erlangs), agents (logged
    in), waiting (probability), service_level, answer_seconds (mean wait), occupancy, staff (on the rota,
    after shrinkage). No contacts need nobody. Erlang B by its recursion B_k = A B / (k + A B), C = B / (1 -
    (A/N)(1 - B)); level = 1 - C exp(-(N - A) T / AHT).
    """
    require_goal(goal)
    load = np.asarray(contacts, dtype=float) * goal.chat_seconds / (minutes * 60)
    found, waiting, blocked = np.zeros(load.size, dtype=np.int64), np.zeros(load.size), np.ones(load.size)
    open_, size = load > 0, 0
    while open_.any():
        size += 1
        blocked = load * blocked / (size + load * blocked)
        with np.errstate(invalid="ignore", divide="ignore"):
            wait = blocked / (1 - (load / size) * (1 - blocked))
        meets = (
            open_
            & (size > load)
            & (load / size <= goal.occupancy + 1e-12)
            & (_level(load, size, wait, goal) >= goal.level)
        )
        found[meets], waiting[meets] = size, wait[meets]
        open_ &= ~meets
    return _answer(load, found, waiting, goal)


def _level(load: np.ndarray, size: int | np.ndarray, waiting: np.ndarray, goal: ServiceGoal) -> np.ndarray:
    """Share of contacts answered within the target wait; intervals that cannot keep up are masked by the
    caller."""
    level: np.ndarray = 1 - waiting * np.exp(
        -np.maximum(size - load, 0) * goal.target_seconds / goal.chat_seconds
    )
    return level


def _answer(load: np.ndarray, found: np.ndarray, waiting: np.ndarray, goal: ServiceGoal) -> pd.DataFrame:
    spare = np.where(found > 0, found - load, 1.0)
    return pd.DataFrame(
        {
            "load": load,
            "agents": found,
            "waiting": waiting,
            "service_level": _level(load, found, waiting, goal),
            "answer_seconds": waiting * goal.chat_seconds / spare,
            "occupancy": np.divide(load, found, out=np.zeros_like(load), where=found > 0),
            "staff": np.ceil(found / (1 - goal.shrinkage) - 1e-9).astype(np.int64),
        }
    )
