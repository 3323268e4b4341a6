"""Pure: the tasks of a campaign as a network: who waits for whom, what is late, which chain decides the
day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd

from core.errors import ShopError

Link = tuple[str, str]  # (task that comes first, task that waits for it)


def cycle(links: Iterable[Link]) -> list[str]:
    """The members of one circle of tasks that wait for each other, in order and beginning with the smallest
    id; [] when there is none.

    >>> cycle([("a", "b"), ("b", "c"), ("c", "a"), ("a", "d")])
    ['a', 'b', 'c']
    """
    before: dict[str, set[str]] = defaultdict(set)
    for first, waits in links:
        before[waits].add(first)
    while free := [task for task, firsts in before.items() if not firsts & before.keys()]:
        for task in free:
            del before[task]
    if not before:
        return []
    path: list[str] = []
    at = min(before)
    while at not in path:  # everybody left has somebody left in front
        path.append(at)
        at = min(before[at] & before.keys())
    ring = path[path.index(at) :][::-1]
    turn = ring.index(min(ring))
    return ring[turn:] + ring[:turn]


def require_acyclic(links: Iterable[Link]) -> None:
    """ShopError("readiness.cycle", members=[...]) naming the tasks that would wait for each other for
    ever."""
    members = cycle(links)
    if members:
        raise ShopError("readiness.cycle", members=members)


def plan(tasks: pd.DataFrame, links: Iterable[Link], days_left: int) -> pd.DataFrame:
    """Earliest and latest days of every task. Days are counted from the opening: -7 is T-7, 0 the opening
    day.

    `tasks`: task_id (unique), days (length, at least 1), t_minus (due at the end of T-n), done (bool); today
    is day `-days_left`. Returns, in the same order, the columns task_id, earliest_start, earliest_finish,
    latest_finish (its own date, or earlier where a follower needs it), slack (days in hand; negative: will be
    late), critical (on the longest chain of unfinished tasks). Links to unknown tasks are ignored; a circle
    raises ShopError("readiness.cycle").
    """
    ids = tasks["task_id"].to_numpy(dtype=object)
    index = {task: i for i, task in enumerate(ids)}
    edges = [(index[first], index[waits]) for first, waits in links if first in index and waits in index]
    require_acyclic((ids[first], ids[waits]) for first, waits in edges)
    length = np.where(tasks["done"].to_numpy(dtype=bool), 0, tasks["days"].to_numpy(dtype=np.int64))
    due = -tasks["t_minus"].to_numpy(dtype=np.int64)
    finish = _earliest(length, edges, -days_left - 1)
    latest = _latest(length, edges, due)
    end = int(finish.max(initial=-days_left - 1))
    critical = (_latest(length, edges, np.full(ids.size, end)) == finish) & (length > 0)
    return pd.DataFrame(
        {
            "task_id": ids,
            "earliest_start": finish - length + 1,
            "earliest_finish": finish,
            "latest_finish": latest,
            "slack": latest - finish,
            "critical": critical,
        }
    )


def _order(count: int, edges: list[tuple[int, int]]) -> tuple[list[int], list[list[int]], list[list[int]]]:
    """(a topological order, predecessors, successors)."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for first, waits in edges:
        before[waits].append(first)
        after[first].append(waits)
    left = [len(firsts) for firsts in before]
    order = [i for i in range(count) if left[i] == 0]
    for at in order:  # grows while it is walked
        for waits in after[at]:
            left[waits] -= 1
            if left[waits] == 0:
                order.append(waits)
    return order, before, after


def _earliest(length: np.ndarray, edges: list[tuple[int, int]], start: int) -> np.ndarray:
    """Last day of each task when everything begins as soon as it can, after the day `start`."""
    order, before, _ = _order(length.size, edges)
    finish = np.full(length.size, start, dtype=np.int64)
    for at in order:
        finish[at] = max([start, *(finish[first] for first in before[at])]) + length[at]
    return finish


def _latest(length: np.ndarray, edges: list[tuple[int, int]], due: np.ndarray) -> np.ndarray:
    """Last day on which each task may end so that neither it nor a follower is late."""
    order, _, after = _order(length.size, edges)
    latest = due.astype(np.int64).copy()
    for at in reversed(order):
        latest[at] = min([due[at], *(latest[waits] - length[waits] for waits in after[at])])
    return latest
