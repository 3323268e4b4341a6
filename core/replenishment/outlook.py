"""A run at other levels of its sale, for the page: the order at the low, middle and high level, leftovers and
lost sales at any level, and a second order later."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.access import Actor, allow, allowed
from core.database import Database
from core.replenishment import queries
from core.replenishment.overrides import policy_of
from core.replenishment.quantity import scenarios
from core.replenishment.quantity.scenarios import Outcome, SecondWave


@dataclass(frozen=True, slots=True)
class LevelOrder:
    """What would be ordered if a level of the sale were known: its name, factor, units, fen (None: not to be
    seen)."""

    name: str
    factor: float
    units: int
    amount: int | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """The orders at three levels, the run's own quantities at the asked level, the second wave."""

    orders: tuple[LevelOrder, ...]
    outcome: Outcome
    wave: SecondWave


def outlook(db: Database, actor: Actor, run_id: str, factor: float = 1.0) -> Outlook:
    """The run when its sale goes `factor` times the expected level (more than 0).

    Amounts need "cost.view", gains "margin.view": 0 or None without. ShopError("replenishment.unknown_run").
    """
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        run = queries.run(connection, run_id, actor)
        lines = queries.lines(connection, run_id)
    level, policy = run.basis["level"], policy_of(run.policy)
    costs, margins = allowed(actor, "cost.view"), allowed(actor, "margin.view")
    orders = []
    for name, times in (("low", level["low"]), ("middle", 1.0), ("high", level["high"])):
        units, amount = scenarios.orders_at(lines, policy, level["log_sd"], times)
        orders.append(LevelOrder(name, times, units, amount if costs else None))
    outcome = scenarios.at_level(lines, level["log_sd"], factor)
    wave = scenarios.second_wave(lines, policy, level["log_sd"])
    return Outlook(
        tuple(orders),
        replace(
            outcome,
            leftover_value=outcome.leftover_value if costs else 0,
            lost_profit=outcome.lost_profit if margins else 0,
        ),
        replace(wave, gain=wave.gain if margins else 0),
    )
