"""Within what a supplier can make and a budget can pay: one price per weight for everything, then exchange
around the cut. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.replenishment.forecast import rates
from core.replenishment.quantity import exchange
from core.replenishment.quantity.quantity import Array, Lines, Units, best_packs

_ENUMERATED = 4_000  # packs left between two prices at which they are sorted one by one
_ROUNDS = 80
_MANY = 5_000  # lines beyond which only those whose packs change around the cut are looked at again
_EXACT_GROUPS = 8  # limits that are solved by exchange in one run; the others are filled on


@dataclass(frozen=True, slots=True)
class Cut:
    """Packs within the limits, shape (n,), and by group: the marginal profit of one more fen (or unit) of the
    limit, the line of the first pack left out (-1: none), and by how much commitments alone pass the limit.
    """

    packs: Units
    marginal: Array
    first_left_out: NDArray[np.int64]
    short: Array


def within(lines: Lines, weight: ArrayLike, group: ArrayLike, limit: ArrayLike) -> Cut:
    """The most profitable packs whose weight stays within each group's limit: everything in one order of
    profit per weight, cut where it no longer fits, filled on with what does, then exchanged around the cut.

    `weight` is what one unit takes of the limit (fen of cost for a budget, 1 for a supplier's capacity),
    shape (n,); `group` numbers the limits, shape (n,); `limit`, shape (groups,), may be infinite. A price per
    weight is bisected on the lines that still change with it; the last few packs are sorted one by one. Groups
    of at most exchange.EXACT_LINES lines are solved exactly (of many groups the first _EXACT_GROUPS). Profit
    never falls with more limit where it is exact; a line's packs may: two small packs give way to a large one
    that now fits. Commitments come first.
    """
    task = _Task(lines, np.asarray(weight, float), np.asarray(group, np.int64), np.asarray(limit, float))
    free = best_packs(lines)
    tight = task.used(free) > task.cap
    if not tight.any():
        return Cut(free, np.zeros(task.groups), np.full(task.groups, -1), task.short())
    rich, poor = _bracket(task, free, tight)
    return _sorted_rest(task, rich, poor, free, tight)


@dataclass(frozen=True, slots=True)
class _Task:
    """The lines, what a unit of each takes of its limit, which limit that is (shape (n,) each), and how much
    each limit allows, shape (groups,)."""

    lines: Lines
    take: Array
    node: Units
    cap: Array

    @property
    def groups(self) -> int:
        """How many limits there are."""
        return len(self.cap)

    def used(self, packs: Units) -> Array:
        """What so many packs take of each limit."""
        return rates.total(self.node, packs * self.lines.pack * self.take, self.groups)

    def short(self) -> Array:
        """By how much commitments alone pass each limit."""
        return np.maximum(self.used(self.lines.base) - self.cap, 0.0)

    def of(self, near: NDArray[np.intp], cap: Array) -> _Task:
        """Some of the lines, within what is left of the limits."""
        return _Task(self.lines.take(near), self.take[near], self.node[near], cap)


def _bracket(task: _Task, free: Units, tight: NDArray[np.bool_]) -> tuple[Units, Units]:
    """Packs at two neighbouring prices, one that spends too much and one that keeps to the limits (or to
    commitments alone)."""
    lines, take, node, groups = task.lines, task.take, task.node, task.groups
    rich, poor = free.copy(), np.where(tight[node], lines.base, free)
    low = np.zeros(groups)
    high = np.zeros(groups)
    np.maximum.at(
        high, node, np.divide(np.maximum(lines.underage, 0.0), take, out=np.zeros_like(take), where=take > 0)
    )
    for _ in range(_ROUNDS):
        active = np.flatnonzero(rich > poor)
        if (rich[active] - poor[active]).sum() <= _ENUMERATED:
            break
        middle = np.where(
            low > 0, 0.5 * (low + high), 0.25 * high
        )  # small prices are the likely ones: come down to them fast
        packs = poor.copy()
        packs[active] = best_packs(lines.take(active), middle[node[active]] * take[active])
        packs = np.clip(packs, poor, rich)
        over = task.used(packs) > task.cap
        low, high = np.where(over, middle, low), np.where(over, high, middle)
        rich, poor = np.where(over[node], packs, rich), np.where(over[node], poor, packs)
    return rich, poor


def _sorted_rest(task: _Task, rich: Units, poor: Units, free: Units, tight: NDArray[np.bool_]) -> Cut:
    """The packs between the two, one by one in order of profit per weight, as many as fit; then improved."""
    lines, node = task.lines, task.node
    item, start, packs = _steps(lines, rich, poor)
    some = lines.take(item)
    gain = some.profit(start + packs) - some.profit(start)
    weight = packs * some.pack * task.take[item]
    density = np.divide(gain, weight, out=np.full(len(item), np.inf), where=weight > 0)
    order = np.lexsort((start, item, -density, node[item]))
    item, packs, weight, density = item[order], packs[order], weight[order], density[order]
    home = node[item]
    by_group = rates.total(home, weight, task.groups)
    before = by_group.cumsum() - by_group
    rest = task.cap - task.used(poor)
    fits = weight.cumsum() - before[home] <= rest[home] + 1e-6
    chosen = poor + np.bincount(item[fits], packs[fits], minlength=len(poor)).astype(np.int64)
    near = np.unique(item) if len(poor) > _MANY and item.size else np.arange(len(poor))
    few = task.of(near, task.cap - _elsewhere(task, chosen, near))
    chosen[near] = _exchanged(few, chosen[near], free[near], tight)
    marginal, line = _waiting(few, chosen[near], free[near])
    left_out = np.where(line >= 0, near[line], -1)
    return Cut(chosen, np.where(tight, marginal, 0.0), np.where(tight, left_out, -1), task.short())


def _elsewhere(task: _Task, chosen: Units, near: NDArray[np.intp]) -> Array:
    """What the lines that are not near the cut use of each limit."""
    others = chosen.copy()
    others[near] = 0
    return task.used(others)


def _exchanged(task: _Task, chosen: Units, free: Units, tight: NDArray[np.bool_]) -> Units:
    """The chosen packs improved group by group."""
    better = chosen.copy()
    order = np.argsort(task.node, kind="stable")
    edges = np.searchsorted(task.node[order], np.arange(task.groups + 1))
    for number, group in enumerate(np.flatnonzero(tight)):
        inside = order[edges[group] : edges[group + 1]]
        few, cap = task.of(inside, task.cap), float(task.cap[group])
        parts = (few.lines, few.take, cap, chosen[inside], free[inside])
        better[inside] = exchange.improved(*parts) if number < _EXACT_GROUPS else exchange.filled(*parts)
    return better


def _waiting(task: _Task, chosen: Units, free: Units) -> tuple[Array, NDArray[np.int64]]:
    """By group: the most that a step left out earns per weight, and its line (-1: none waits)."""
    step, gain = exchange.next_steps(task.lines, chosen, free)
    weight = step * task.lines.pack * task.take
    waits = np.flatnonzero((step > 0) & (gain > 0) & (weight > 0))
    density = gain[waits] / weight[waits]
    order = np.lexsort((waits, density))
    marginal, line = np.zeros(task.groups), np.full(task.groups, -1)
    node = task.node[waits[order]]
    marginal[node], line[node] = density[order], waits[order]
    return marginal, line


def _steps(lines: Lines, rich: Units, poor: Units) -> tuple[NDArray[np.intp], Units, Units]:
    """Every pack from `poor` to `rich` as (line, packs before it, packs in the step); a first order below the
    minimum is one step."""
    lump = np.where(poor < lines.least, np.minimum(lines.least, rich) - poor, 0)
    lump = np.where(poor == lines.base, lump, 0)
    singles = np.maximum(rich - poor - lump, 0)
    of = np.repeat(np.arange(len(poor)), singles)
    nth = np.arange(len(of)) - np.repeat(singles.cumsum() - singles, singles)
    lumps = np.flatnonzero(lump > 0)
    start = np.concatenate([poor[lumps], (poor + lump)[of] + nth])
    return np.concatenate([lumps, of]), start, np.concatenate([lump[lumps], np.ones(len(of), np.int64)])
