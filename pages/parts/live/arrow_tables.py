"""What the live page and the wall draw of a picture, as Arrow tables: made once a picture and language,
whoever looks, however many.

Straight from arrays: a table of frames would cost more than the picture itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core import clock
from core.goods.structure import TIERS
from core.live.live_view import LiveView, live_cache
from core.live.snapshot.snapshot import TOP, Picture
from core.ttl_cache import TtlCache
from pages.parts.components.states import word
from pages.parts.components.text import known, language, plain
from pages.parts.entry import goods_looks

Entry = Mapping[str, Any]  # a decision or a line, by its columns

MOST_POINTS = 300  # of a line on the curve
LINES = ("plan", "paid", "forecast")
CHANNELS = 5  # that made the largest difference

_drawn: TtlCache[Drawn] = live_cache(10.0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Arrow tables: the curve (see `curve`), the gap by factor and by channel (label, yuan, tone), the goods,
    the tiers."""

    curve: pa.Table
    factors: pa.Table
    channels: pa.Table
    goods: pa.Table
    tiers: pa.Table


def drawn(look: LiveView) -> Drawn:
    """The tables of a live view in the reader's language; those of one live view are made once."""
    scope, tongue = look.seen.scope, language()
    version = look.seen.at, len(look.decisions), look.seen.paid
    key = look.database, scope.campaign_id, scope.drill, *version, tongue
    return _drawn.get(key, lambda: _made(look))


def _made(look: LiveView) -> Drawn:
    picture = look.seen
    total = {name: float(picture.why[name].sum()) for name in ("visitors", "conversion_rate", "aov")}
    worst = sorted(picture.why["gap"].items(), key=lambda item: -abs(float(item[1])))[:CHANNELS]
    return Drawn(
        curve(picture, look.decisions),
        effects(total, "live.factor_"),
        effects({str(k): float(v) for k, v in worst}, "channel."),
        goods(picture),
        tiers(picture),
    )


def curve(seen: Picture, decisions: Sequence[Mapping[str, object]]) -> pa.Table:
    """The long table of the curve: at (naive, the campaign's clock), yuan, series (LINES, now, decision),
    low, high (the plan's band), word.

    At most MOST_POINTS points a line; a decision stands at the height of the curve at its moment.
    """
    line = {name: seen.line[name].to_numpy() for name in ("at", *LINES, "low", "high")}
    if not seen.scope.target:  # a plan of nothing is no plan
        line |= {name: np.full(len(line["at"]), np.nan) for name in ("plan", "low", "high")}
    count = len(line["at"])
    now = max(int((~np.isnan(line["paid"])).sum()) - 1, 0)
    keep = np.unique([*range(0, count, -(-count // MOST_POINTS)), now, count - 1])
    at, yuan = (
        np.tile(line["at"][keep], len(LINES)),
        np.concatenate([line[name][keep] for name in LINES]) / 100,
    )
    low, high = (
        np.concatenate([line[name][keep] / 100, np.full((len(LINES) - 1) * len(keep), np.nan)])
        for name in ("low", "high")
    )
    series, there = np.repeat(LINES, len(keep)).tolist(), ~np.isnan(yuan)
    marks = _marks(seen, decisions, line)
    whole = [*(name for name, kept in zip(series, there, strict=True) if kept), *(mark[2] for mark in marks)]
    padding = np.full(len(marks), np.nan)
    moments = np.concatenate([at[there], np.array([mark[0] for mark in marks], dtype=at.dtype)])
    return pa.table(
        {
            "at": pa.array(moments),
            "yuan": pa.array(np.concatenate([yuan[there], [mark[1] for mark in marks]])),
            "series": pa.array(whole).dictionary_encode(),
            "low": pa.array(np.concatenate([low[there], padding]), from_pandas=True),
            "high": pa.array(np.concatenate([high[there], padding]), from_pandas=True),
            "word": pa.array([""] * int(there.sum()) + [mark[3] for mark in marks]).dictionary_encode(),
        }
    )


def _marks(seen: Picture, decisions: Sequence[Entry], line: Entry) -> list[tuple[Any, float, str, str]]:
    """(at, yuan, series, word): the now-line and the decisions."""
    zone = clock.zone(seen.scope.timezone)
    first, last = line["at"][0], line["at"][-1]
    marks = []
    local = np.datetime64(seen.at.astimezone(zone).replace(tzinfo=None), "us")
    if first <= local <= last:  # weeks before the opening the line would squeeze the night
        marks.append((local, seen.paid / 100, "now", ""))
    moments, sums = line["at"].astype("int64"), np.nan_to_num(line["paid"]) / 100
    upto = int((~np.isnan(line["paid"])).sum())
    for row in (row for row in decisions if row["act"] != "done"):
        pin = np.datetime64(row["at"].astimezone(zone).replace(tzinfo=None), "us").astype(line["at"].dtype)
        height = float(np.interp(pin.astype("int64"), moments[:upto], sums[:upto])) if upto else 0.0
        said = " ".join(part for part in (plain(f"act.{row['act']}"), row["sku_code"], row["note"]) if part)
        marks.append((pin, height, "decision", said))
    return marks


def effects(values: Mapping[str, float], words: str) -> pa.Table:
    """Bars of a gap (fen): label, yuan, tone."""
    labels = [
        plain(f"{words}{name}") if known(f"{words}{name}") else name or plain("channel.none")
        for name in values
    ]
    yuan = [float(round(value / 100)) for value in values.values()]
    return pa.table(
        {"label": labels, "yuan": yuan, "tone": ["blue" if value >= 0 else "amber" for value in yuan]}
    )


def goods(seen: Picture) -> pa.Table:
    """The ranking as it is shown: yuan, per cent, words for states."""
    top = seen.goods.head(TOP)
    starts = seen.scope.starts_at.astimezone(clock.zone(seen.scope.timezone)).replace(tzinfo=None)
    ahead = top["stock_out"].where(top["label"] != "sold_out")  # what is gone has no time to come
    out = ["" if np.isnan(m) else f"{starts + timedelta(minutes=m):%m-%d %H:%M}" for m in ahead.tolist()]
    return pa.table(
        {
            "sku_code": top.index.tolist(),
            "picture": pa.array([goods_looks.picture(str(code)) or None for code in top.index], pa.string()),
            "name": titles(top),
            "label": _words(top["label"].tolist(), "state"),
            "sold": top["sold"].tolist(),
            "left": pa.array(top["left"].array, from_pandas=True),
            "sell_through": _percent(top["sell_through"]),
            "out_at": out,
            "next_on": top["next_on"].tolist(),
            "low": _percent(top["low"]),
            "amount": (top["amount"].to_numpy() / 100).tolist(),
            "tier": _words(top["tier"].tolist(), "tier"),
        }
    )


def titles(goods: pd.DataFrame) -> list[str]:
    """Names with the spec that tells variants apart, where the name does not say it."""
    pairs = zip(goods["name"].tolist(), goods["spec"].tolist(), strict=True)
    return [f"{name} {spec}" if spec and spec not in name else name for name, spec in pairs]


def tiers(seen: Picture) -> pa.Table:
    """The tiers in their order, as they are shown."""
    table = seen.tiers.loc[[tier for tier in TIERS if tier in seen.tiers.index]]
    return pa.table(
        {
            "tier": _words(table.index.tolist(), "tier"),
            "amount": (table["amount"].to_numpy() / 100).tolist(),
            **{name: _percent(table[name]) for name in ("share", "planned_share", "pace")},
        }
    )


def _percent(part: pd.Series) -> pa.Array:
    return pa.array(part.to_numpy(dtype=float) * 100, from_pandas=True)


def _words(codes: Sequence[str], words: str) -> pa.Array:
    said = {code: [word(code, words)] if code else [] for code in set(codes)}
    return pa.array([said[code] for code in codes], pa.list_(pa.string()))
