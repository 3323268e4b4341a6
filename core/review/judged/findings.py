"""What a closed sale teaches, as codes and facts: the largest causes of its gap and what was not looked after. Pure.
The sentences stand in the translations under [finding]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

LEAST_SHARE = 0.01  # of the plan: what is smaller teaches nothing
NAMED = 3  # goods named in a finding


@dataclass(frozen=True, slots=True)
class Finding:
    """A code and its facts: amounts in fen, rates 0..1, counts, names."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


def findings(
    bridge: pd.Series, plan: int, channels: pd.DataFrame, goods: pd.DataFrame, judged: pd.DataFrame
) -> tuple[Finding, ...]:
    """At most one finding a cause, the dearest first.

    `bridge`: fen by factor; `plan`: planned net, fen; `channels`: by channel, with gap; `goods`: by SKU, with name,
    available, lost_units, planned_price, left, amount; `judged`: measure, value.
    """
    value = dict(zip(judged["measure"], judged["value"], strict=True))
    least = LEAST_SHARE * abs(plan)
    costs: list[tuple[float, Finding]] = []
    factors = bridge.drop("in_stock") if plan else bridge.iloc[:0]
    if len(factors) and factors.min() < -least:
        name = str(factors.idxmin())
        costs.append((-float(factors.min()), Finding(f"short_{name}", {"fen": -int(factors.min())})))
    if len(factors) and factors.max() > least:
        name = str(factors.idxmax())
        costs.append((float(factors.max()), Finding(f"beyond_{name}", {"fen": int(factors.max())})))
    out = goods[goods["lost_units"] > 0].assign(lost=lambda rows: rows["lost_units"] * rows["planned_price"])
    if len(out):
        names = out.sort_values("lost", ascending=False)["name"].head(NAMED).tolist()
        facts = {"n": len(out), "fen": int(out["lost"].sum()), "names": names}
        costs.append((float(out["lost"].sum()), Finding("sold_out", facts)))
    if plan and len(channels) > 1 and channels["gap"].min() < -least:
        worst = channels["gap"].astype("int64")
        facts = {"channel": str(worst.idxmin()), "fen": -int(worst.min())}
        costs.append((-float(worst.min()), Finding("weak_channel", facts)))
    left = goods["left"].fillna(0).clip(lower=0)
    idle = goods[(goods["units"] == 0) & (left > 0)]
    if len(idle):
        facts = {
            "n": len(idle),
            "units": int(left[idle.index].sum()),
            "names": idle["name"].head(NAMED).tolist(),
        }
        costs.append((0.0, Finding("unsold", facts)))
    if value.get("alerts_unanswered", 0) > 0:
        costs.append((0.0, Finding("unanswered", {"n": int(value["alerts_unanswered"])})))
    return tuple(one for _, one in sorted(costs, key=lambda pair: -pair[0]))
