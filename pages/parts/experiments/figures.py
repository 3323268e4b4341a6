"""How a metric of a test is written: shares as percentages and points, money in yuan; and the words of a verdict."""

from __future__ import annotations

from core.experiments.statistics.verdict import Verdict
from pages.parts.components.text import money, money_short, number, percent, t
from pages.parts.shell.learnt import MONEY, effect


def level(metric: str, value: float) -> str:
    """A level: `10.25%`, `¥12.30`."""
    return money(round(value)) if metric in MONEY else percent(value, 2)


def change(metric: str, value: float) -> str:
    """A change of it: `+0.35 个百分点`, `+¥1.20`."""
    return effect(metric, value)


def interval(metric: str, low: float, high: float) -> str:
    """Both ends of an interval."""
    return f"{change(metric, low)} … {change(metric, high)}"


def of_factor(factor: str, value: float) -> str:
    """A change of a factor of the target: relative for visitors, points for conversion, yuan for AOV."""
    if factor == "visitors":
        return percent(value, 1, sign=True)
    return change("aov" if factor == "aov" else "conversion_rate", value)


def worth(fen: int | None) -> str:
    """What it brings to the target; a dash without a plan."""
    return "—" if fen is None else money_short(fen, sign=True)


def reasons(verdict: Verdict) -> str:
    """Why the verdict is what it is, as one sentence for a Markdown place."""
    said = []
    for reason in verdict.reasons:
        code, _, name = reason.partition(" ")
        said.append(t(f"test_reason.{code}", name=name) if name else t(f"test_reason.{code}"))
    return " ".join(said)


def p_value(p: float) -> str:
    """p with three decimals, or below .001."""
    return "< 0.001" if p < 0.001 else number(p, 3)
