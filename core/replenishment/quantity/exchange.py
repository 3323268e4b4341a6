"""What a limit leaves over after the cut: filled on with what still fits, then improved by exchange, exactly so
for few lines. Pure.

Candidates of the exact step are found by reduced cost: with the Lagrangian bound UB at price l and a known
solution LB, no optimum gives a line a number of packs whose value at l lies more than UB - LB below the line's
best (Pisinger 1995, multiple-choice knapsack). What remains is solved as a small integer programme.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

from core.replenishment.quantity.quantity import Array, Lines, Units, best_packs

EXACT_LINES = 40  # lines of one limit that are solved exactly; of more, as many around the cut are exchanged
_CANDIDATES = 8_000  # (line, packs) pairs in one integer programme
_AROUND = 400  # packs from a line's best at the price within which its candidates are looked for
_NODES = 200  # of the search; most programmes are solved at the first. A limit in seconds would order by the machine's load
_FILLS = 400  # single steps after the cut
_TINY = 1e-6


def next_steps(lines: Lines, packs: Units, free: Units) -> tuple[Units, Array]:
    """Each line's next step in packs (an order's minimum at once; 0 with enough), and what it earns (fen)."""
    step = np.where(packs < lines.least, np.minimum(lines.least, free), packs + 1) - packs
    step = np.where(packs < free, np.maximum(step, 0), 0)
    gain, some = np.zeros(len(packs)), np.flatnonzero(step > 0)
    part = lines.take(some)
    gain[some] = part.profit(packs[some] + step[some]) - part.profit(packs[some])
    return step, gain


def improved(lines: Lines, take: Array, limit: float, packs: Units, free: Units) -> Units:
    """Packs of one limit's lines that earn at least as much as `packs` and keep to the limit: filled on, then
    exchanged around the cut (all lines at once where there are at most EXACT_LINES)."""
    better = filled(lines, take, limit, packs, free)
    core = _around_the_cut(lines, take, better, free)
    spent = float(np.delete(better * lines.pack * take, core).sum())
    better[core] = _exact(lines.take(core), take[core], limit - spent, better[core], free[core])
    return better


def filled(lines: Lines, take: Array, limit: float, packs: Units, free: Units) -> Units:
    """Step after step of what still fits, the best per weight first."""
    packs, rest = packs.copy(), limit - float((packs * lines.pack * take).sum())
    step, gain = next_steps(lines, packs, free)
    weight = step * lines.pack * take
    near = np.flatnonzero((step > 0) & (weight <= rest + _TINY) & (gain > 0))
    for _ in range(_FILLS):
        fits = near[(weight[near] <= rest + _TINY) & (gain[near] > 0) & (step[near] > 0)]
        if not fits.size:
            break
        at = int(fits[np.argmax(gain[fits] / np.maximum(weight[fits], _TINY))])
        packs[at] += step[at]
        rest -= float(weight[at])
        one = lines.take(np.array([at]))
        more, earns = next_steps(one, packs[[at]], free[[at]])
        step[at], gain[at], weight[at] = more[0], earns[0], more[0] * lines.pack[at] * take[at]
    return packs


def _around_the_cut(lines: Lines, take: Array, packs: Units, free: Units) -> NDArray[np.intp]:
    """The lines whose next pack, or last one, is nearest to the marginal profit per weight."""
    if len(packs) <= EXACT_LINES:
        return np.arange(len(packs))
    step, gain = next_steps(lines, packs, free)
    weight = np.maximum(step * lines.pack * take, _TINY)
    density = np.where(step > 0, gain / weight, 0.0)
    waiting = np.flatnonzero(density > 0)
    best = np.argsort(-density[waiting], kind="stable")[: EXACT_LINES // 2]
    ordered = np.flatnonzero(packs > lines.base)
    last = lines.take(ordered)
    fewer = np.where(packs[ordered] - 1 < last.least, last.base, packs[ordered] - 1)
    lost = last.profit(packs[ordered]) - last.profit(fewer)
    worth = lost / np.maximum((packs[ordered] - fewer) * last.pack * take[ordered], _TINY)
    cheapest = ordered[np.argsort(worth, kind="stable")[: EXACT_LINES // 2]]
    return np.union1d(waiting[best], cheapest)


def _exact(lines: Lines, take: Array, limit: float, packs: Units, free: Units) -> Units:
    """The optimum of few lines, found from a solution `packs`; that solution where the programme grows too
    large."""
    weight = lines.pack * take
    if not len(packs) or float((free * weight).sum()) <= limit + _TINY or (lines.base * weight).sum() > limit:
        return packs
    known = float(lines.profit(packs).sum())
    price, bound = _dual(lines, take, limit)
    of, count, value = _candidates(lines, weight, price, bound - known + _TINY, free)
    if len(of) > _CANDIDATES:
        return packs
    chosen = _solved(len(packs), of, value, count * weight[of], limit)
    if chosen is None:
        return packs
    packs_of = np.zeros(len(packs), np.int64)
    packs_of[of[chosen]] = count[chosen]
    sound = float((packs_of * weight).sum()) <= limit + _TINY
    return packs_of if sound and float(lines.profit(packs_of).sum()) > known else packs


def _dual(lines: Lines, take: Array, limit: float) -> tuple[float, float]:
    """The price per weight with the least Lagrangian bound, and that bound, fen."""
    low, high = 0.0, float(np.max(np.maximum(lines.underage, 0) / np.maximum(take, _TINY), initial=0.0))
    best = (0.0, np.inf)
    for _ in range(24):
        middle = 0.5 * (low + high)
        packs = best_packs(lines, middle * take)
        spent = float((packs * lines.pack * take).sum())
        bound = float(lines.profit(packs).sum()) + middle * (limit - spent)
        best = min(best, (middle, bound), key=lambda pair: pair[1])
        low, high = (middle, high) if spent > limit else (low, middle)
    return best


def _candidates(
    lines: Lines, weight: Array, price: float, gap: float, free: Units
) -> tuple[NDArray[np.intp], Units, Array]:
    """(line, packs, profit) of everything that an optimum may choose."""
    middle = best_packs(lines, price * weight / lines.pack)
    first = np.maximum(np.maximum(np.minimum(lines.least, free), lines.base), middle - _AROUND)
    spans = np.where(free > lines.base, np.minimum(free, middle + _AROUND) - first + 1, 0)
    of = np.repeat(np.arange(len(free)), spans + 1)
    nth = np.arange(len(of)) - np.repeat((spans + 1).cumsum() - (spans + 1), spans + 1)
    count = np.where(nth == 0, lines.base[of], first[of] + nth - 1)
    value = lines.take(of).profit(count)
    reduced = value - price * weight[of] * count
    most = np.full(len(free), -np.inf)
    np.maximum.at(most, of, reduced)
    inside = reduced >= most[of] - gap
    return of[inside], count[inside], value[inside]


def _solved(
    lines: int, of: NDArray[np.intp], value: Array, weight: Array, limit: float
) -> NDArray[np.intp] | None:
    """One candidate a line with the most value within the limit; None where the search ended without any."""
    at = np.arange(len(of))
    one_each = coo_array((np.ones(len(of)), (of, at)), shape=(lines, len(of)))
    whole = coo_array((weight, (np.zeros(len(of), int), at)), shape=(1, len(of)))
    scale = max(float(np.abs(value).max()), 1.0)
    answer = milp(
        -value / scale,
        constraints=LinearConstraint(
            vstack([one_each, whole]).tocsc(),
            np.append(np.ones(lines), -np.inf),
            np.append(np.ones(lines), limit),
        ),
        integrality=np.ones(len(of)),
        bounds=Bounds(0, 1),
        options={"node_limit": _NODES, "mip_rel_gap": 0.0},
    )
    return None if answer.x is None else np.flatnonzero(answer.x > 0.5)
