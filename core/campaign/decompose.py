"""The target laid along time, channels and tiers: every level sums to the one above exactly, in fen and in
persons. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from core.campaign.pace import Curve, default_curve, share_at
from core.campaign.phases import Phase
from core.errors import ShopError
from core.money import split

DIMENSIONS = ("phase", "day", "hour", "channel", "tier")
KIND_WEIGHTS = {"warm_up": 4, "presale_balance": 14, "live": 72, "encore": 10}
"""How a sale's money usually falls on the kinds of phases, in per cent; what a missing kind would carry falls
to the others."""
TIER_WEIGHTS = {"pre_hot": 20, "main_push": 50, "regular": 25, "clearance": 5}
OPENING_KINDS = frozenset({"live", "presale_balance"})  # phases that begin with a rush
_UNIT = 2**40  # shares as whole weights: exact sums, and far below 2**53


def phase_weights(phases: Sequence[Phase]) -> dict[str, int]:
    """Default weights by phase id: the kind's weight, shared equally by the phases of one kind."""
    count = {kind: sum(p.kind == kind for p in phases) for kind in KIND_WEIGHTS}
    return {p.phase_id: KIND_WEIGHTS.get(p.kind, 0) * 1000 // count.get(p.kind, 1) for p in phases}


def phase_curve(phase: Phase, zone: str) -> Curve:
    """The shipped curve of a phase: with a rush at its start for a sale, the rhythm of the clock alone for
    the rest."""
    local = pd.Timestamp(phase.starts_at).tz_convert(zone)
    length = int((phase.ends_at - phase.starts_at).total_seconds() // 60)
    return default_curve(
        local.hour * 60 + local.minute, max(length, 1), (0,) if phase.kind in OPENING_KINDS else ()
    )


def curve_of(phase: Phase, zone: str, curves: Mapping[str, Curve] | None = None) -> Curve:
    """The shop's own curve of the phase (`curves` by phase id) if it fits the phase's clocks, else the
    shipped one."""
    shipped, own = phase_curve(phase, zone), (curves or {}).get(phase.phase_id)
    return own if own is not None and (own.clock, own.length) == (shipped.clock, shipped.length) else shipped


def slots(phase: Phase, zone: str) -> pd.DataFrame:
    """The phase cut at whole hours (UTC) and local midnights: start, end (UTC moments), day (ISO, local),
    hour (ISO, UTC)."""
    start, end = (
        pd.Timestamp(phase.starts_at).tz_convert("UTC"),
        pd.Timestamp(phase.ends_at).tz_convert("UTC"),
    )
    hours = pd.date_range(start.ceil("h"), end, freq="h")
    days = pd.date_range(
        start.tz_convert(zone).date(), end.tz_convert(zone).date(), freq="D"
    )  # dates first: clocks may change at night
    midnights = days.tz_localize(
        zone, ambiguous=np.ones(len(days), bool), nonexistent="shift_forward"
    ).tz_convert("UTC")
    cuts = pd.DatetimeIndex(hours.append([midnights, pd.DatetimeIndex([start, end])])).unique().sort_values()
    cuts = cuts[(cuts >= start) & (cuts <= end)]
    frame = pd.DataFrame({"start": cuts[:-1], "end": cuts[1:]})
    frame["day"] = frame["start"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d")
    frame["hour"] = frame["start"].dt.floor("h").dt.strftime("%Y-%m-%dT%H:00Z")
    return frame


def _leaves(
    phase: Phase, zone: str, curve: Curve, total: tuple[int, int], day_weights: Mapping[str, int]
) -> pd.DataFrame:
    """A phase's GMV and visitors (`total`), by day and hour."""
    frame = slots(phase, zone)
    begin = pd.Timestamp(phase.starts_at)
    minutes = [(frame[edge] - begin).dt.total_seconds().to_numpy() / 60 for edge in ("start", "end")]
    share = (
        np.diff(share_at(curve, np.array(minutes)), axis=0)[0]
        * frame["day"].map(lambda day: day_weights.get(day, 100)).to_numpy()
    )
    whole = (
        np.rint(share / share.sum() * _UNIT).astype(np.int64)
        if share.sum() > 0
        else np.ones(len(frame), np.int64)
    )
    day, order = pd.factorize(frame["day"])
    by_day = np.bincount(day, weights=whole, minlength=len(order)).astype(np.int64)
    for name, whole_amount in zip(("gmv", "visitors"), total, strict=True):
        parts = np.zeros(len(frame), np.int64)
        for n, amount in enumerate(split(whole_amount, by_day)):
            parts[day == n] = split(int(amount), whole[day == n])
        frame[name] = parts
    return frame.assign(phase_id=phase.phase_id)[["phase_id", "day", "hour", "start", "gmv", "visitors"]]


def across(
    dimension: str,
    gmv: int,
    visitors: int,
    weights: Mapping[str, int],
    people: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """The target over channels or tiers by whole weights: dimension, part, gmv, visitors; the parts of weight
    0 are kept at 0.

    `people`: the visitors' own weights by part, where they do not follow the money's.
    """
    if not weights:
        return pd.DataFrame(
            {"dimension": [], "part": [], "gmv": np.array([], "int64"), "visitors": np.array([], "int64")}
        )
    shares = list(weights.values())
    return pd.DataFrame(
        {
            "dimension": dimension,
            "part": list(weights),
            "gmv": split(gmv, shares),
            "visitors": split(visitors, _heads(weights, people)),
        }
    )


def _heads(weights: Mapping[str, int], people: Mapping[str, int] | None) -> list[int]:
    """What visitors are split by: their own weights where any speaks of these parts, else the money's."""
    own = [(people or {}).get(part, 0) for part in weights]
    return own if any(own) else list(weights.values())


def parts(
    leaves: pd.DataFrame,
    channels: Mapping[str, int],
    tiers: Mapping[str, int],
    people: Mapping[str, Mapping[str, int]] | None = None,
) -> pd.DataFrame:
    """Every dimension of a plan in one frame (dimension, part, gmv, visitors); each given dimension sums to
    the whole.

    `people`: the visitors' own weights by dimension ("channel", "tier") and part.
    """
    sums = [
        leaves.groupby(column, sort=False, as_index=False)[["gmv", "visitors"]]
        .sum()
        .rename(columns={column: "part"})
        .assign(dimension=name)
        for name, column in (("phase", "phase_id"), ("day", "day"), ("hour", "hour"))
    ]
    whole = int(leaves["gmv"].sum()), int(leaves["visitors"].sum())
    own = people or {}
    sums += [
        across("channel", *whole, channels, own.get("channel")),
        across("tier", *whole, tiers, own.get("tier")),
    ]
    frame = pd.concat([part for part in sums if len(part)], ignore_index=True)
    return frame[["dimension", "part", "gmv", "visitors"]].astype({"gmv": "int64", "visitors": "int64"})


def replanned(
    gmv: int,
    visitors: int,
    weights: Mapping[str, int],
    closed: Mapping[str, tuple[int, int]],
    people: Mapping[str, int] | None = None,
) -> dict[str, tuple[int, int]]:
    """(gmv, visitors) by phase after some have closed: those keep what they did, the others carry the rest by
    their weights.

    `closed`: actual (gmv, visitors) by phase id. The parts sum to the target exactly unless the closed phases
    alone have passed it: then the open ones get 0 and the sum is what was done. Open phases without any
    weight share equally. `people`: the visitors' own weights by phase, where they do not follow the money's.

    >>> replanned(1000, 100, {"a": 1, "b": 3, "c": 1}, {"a": (400, 20)})
    {'a': (400, 20), 'b': (450, 60), 'c': (150, 20)}
    """
    still = {phase: weight for phase, weight in weights.items() if phase not in closed}
    result = dict(closed)
    if still:
        money = split(max(0, gmv - sum(done for done, _ in closed.values())), list(still.values()))
        heads = split(max(0, visitors - sum(done for _, done in closed.values())), _heads(still, people))
        result |= {
            phase: (int(fen), int(persons)) for phase, fen, persons in zip(still, money, heads, strict=True)
        }
    return {phase: result[phase] for phase in [*weights, *(p for p in closed if p not in weights)]}


def tree(
    totals: Mapping[str, tuple[int, int]],
    phases: Sequence[Phase],
    zone: str,
    day_weights: Mapping[str, int] | None = None,
    curves: Mapping[str, Curve] | None = None,
) -> pd.DataFrame:
    """The target by phase, day and hour: columns phase_id, day, hour, start, gmv (int64 fen), visitors
    (int64).

    `totals`: (gmv, visitors) by phase id. Within a phase the pace curve decides days and hours, each day
    multiplied by its `day_weights` per cent (100 where none is given). Phases of nothing have no rows. Sums:
    hours -> day of the phase -> phase, exactly. ShopError("plan.no_phase") without a phase to carry the
    target.
    """
    leaves = [
        _leaves(phase, zone, curve_of(phase, zone, curves), totals[phase.phase_id], day_weights or {})
        for phase in phases
        if phase.phase_id in totals and any(totals[phase.phase_id])
    ]
    if not leaves:
        raise ShopError("plan.no_phase")
    return pd.concat(leaves, ignore_index=True)
