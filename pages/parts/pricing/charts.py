"""Pictures of prices: the margin distribution of a tier with its floor line, the ladder from list price to
contribution."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.pricing.service import PriceLimits
from pages.parts.components import charts
from pages.parts.components.charts import hue, yuan
from pages.parts.components.charts.waterfalls import folded, waterfall
from pages.parts.components.text import known, literal, money, plain, t

LOW, HIGH, STEP = -0.4, 0.8, 0.05  # margins beyond the ends stand in the outer bins
TIERS = ("pre_hot", "main_push", "regular", "clearance")


def distribution(prices: pd.DataFrame, limits: PriceLimits) -> None:
    """One small histogram a tier: SKUs by margin at the worst landed price, red at a loss, amber below the
    floor; the line is the floor.

    Nothing where no margin is known yet.
    """
    known = prices.dropna(subset="worst_margin")
    tiers = [tier for tier in TIERS if (known["tier"] == tier).any()]
    if not tiers:
        return
    with st.grid(len(tiers), min_column_width=220):
        for tier in tiers:
            margins = known.loc[known["tier"] == tier, "worst_margin"].astype(float).to_numpy()
            floor = limits.of(tier).floor / 10_000
            with st.container(key=f"pricing_histogram_{tier}", gap="xsmall"):
                st.caption(
                    t("pricing.histogram_note", tier=plain(f"price_tier.{tier}"), floor=floor, n=len(margins))
                )
                charts.draw(
                    binned(margins, floor),
                    _histogram(),
                    key=f"pricing_margins_{tier}",
                    alt=plain("pricing.histogram_alt"),
                )


def binned(margins: np.ndarray, floor: float) -> pd.DataFrame:
    """Bins with their count and hue, and a last row that carries the floor: start, end, skus, tone, floor."""
    edges = np.round(np.arange(LOW, HIGH + STEP / 2, STEP), 4)
    counts, _ = np.histogram(margins.clip(LOW + 1e-9, HIGH - 1e-9), edges)
    tones = np.where(edges[:-1] < 0, "red", np.where(edges[1:] <= floor + 1e-9, "amber", "blue"))
    bins = pd.DataFrame(
        {"start": edges[:-1], "end": edges[1:], "skus": counts, "tone": tones, "floor": np.nan}
    )
    line = pd.DataFrame([{"start": np.nan, "end": np.nan, "skus": 0, "tone": "gray", "floor": floor}])
    return pd.concat([bins[bins["skus"] > 0], line], ignore_index=True)


def _histogram() -> charts.Spec:
    scale = {
        "domain": ["red", "amber", "blue", "gray"],
        "range": [hue(name) for name in ("red", "amber", "blue", "gray")],
    }
    across = {
        "type": "quantitative",
        "scale": {"domain": [LOW, HIGH]},
        "title": None,
        "axis": {"format": ".0%", "grid": False, "tickCount": 5},
    }
    up = {"field": "skus", "type": "quantitative", "title": None, "axis": {"tickCount": 3, "tickMinStep": 1}}
    return {
        "height": 110,
        "layer": [
            {
                "mark": {"type": "bar", "binSpacing": 1},
                "encoding": {
                    "x": {"field": "start", "bin": {"binned": True}, **across},
                    "x2": {"field": "end"},
                    "y": up,
                    "color": {"field": "tone", "type": "nominal", "legend": None, "scale": scale},
                    "tooltip": [
                        {"field": "start", "format": ".0%", "title": "≥"},
                        {"field": "skus", "title": plain("pricing.skus")},
                    ],
                },
            },
            {
                "transform": [{"filter": "isValid(datum.floor)"}],
                "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5, "color": hue("ink")},
                "encoding": {"x": {"field": "floor", **across}},
            },
        ],
    }


def ladder(steps: pd.DataFrame, names: dict[str, str], *, key: str) -> None:
    """The waterfall of one unit. `steps`: step, amount (fen), kind; `names`: the words of rules by id."""
    bars, small = folded(rungs(steps, names).reset_index(drop=True))
    charts.draw(
        bars, waterfall(value_title="pricing.amount", rows=len(bars)), key=key, alt=plain("pricing.why_alt")
    )
    if len(small):
        with st.expander(t("common.folded", n=len(small))):
            for label, figure in zip(small["label"], small["figure"], strict=True):
                st.markdown(f"{literal(label)} {literal(figure)}")


def rungs(steps: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The steps as rows of a waterfall: label, start, end (yuan), kind, figure."""
    amount, total = steps["amount"].astype("int64"), steps["kind"].isin(["price", "result"])
    end = amount.where(~total, 0).cumsum() + amount.iloc[0]
    start = (end - amount).where(~total, 0)
    end = end.where(~total, amount)
    kind = pd.Series("rise", index=steps.index).mask(amount < 0, "fall").mask(total, "total")
    frame = pd.DataFrame(
        {
            "label": steps["step"].map(lambda step: names.get(step) or step_word(step)),
            "start": yuan(start),
            "end": yuan(end),
            "kind": kind,
        }
    )
    return frame.assign(figure=[money(fen) for fen in amount])[(amount != 0) | total]


def step_word(step: str) -> str:
    """The word of a step: a price, a cost, or the rule's own id."""
    return next((plain(key) for key in (f"price_step.{step}", f"cost_field.{step}") if known(key)), step)
