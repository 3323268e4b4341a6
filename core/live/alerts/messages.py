"""What the group is told of alerts: which sale, what happens in the trade's figures, what to do next.
Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from core.clock import zone
from core.live.alerts.rules import MOST
from core.live.snapshot.gap_factors import FACTORS
from core.live.snapshot.snapshot import Picture
from core.notify.words import Said, say, shown
from core.settings import settings

NAMED = 8  # goods in one message; the rest is counted
ROOM = 1_200  # bytes for their lines, so that the next step always has its place
PAGES = {"task": "readiness", "price": "pricing"}  # where to look; elsewhere the live page
Row = Mapping[str, Any]


def alert(
    seen: Picture, kind: str, rows: Sequence[Row], advised: pd.DataFrame, language: str
) -> tuple[str, str]:
    """Title and text of one message about a metric: one line a subject, the worst first, the next step, the
    page.

    `rows`: alerts with subject and facts, `advised`: acts as `acts.ranked` (empty where none are known).
    """
    ordered = sorted(rows, key=lambda row: _rank(kind, row["facts"]))
    mark = say(language, "message.drill") if seen.scope.drill else Said("")
    many = "message.title_goods" if len(rows) > 1 else "message.title"
    title = say(language, many, mark=mark, sale=seen.scope.name, kind=kind, n=len(rows))
    said = [_says(seen, kind, row, language) for row in ordered]
    last = [
        say(language, "message.next", step=_step(seen, kind, ordered, advised, language)),
        *_link(seen, kind, language),
    ]
    return title, "\n".join([*_listed(said, seen.at.astimezone(zone(seen.scope.timezone)), language), *last])


def _rank(kind: str, facts: Row) -> tuple[float, ...]:
    """Smaller is worse: what was sold without stock, then what is gone soonest; the price farthest below."""
    if kind == "stock_out":
        return (-facts["short"], facts["left"] > 0, facts["minutes"] or 0)
    return (facts["ratio"],) if kind == "price" else ()


def _listed(said: Sequence[Said], at: datetime, language: str) -> list[Said]:
    """The sentences below the campaign's clock, as many as have room."""
    if len(said) == 1:
        return [say(language, "message.at", at=at, line=said[0])]
    sizes = pd.Series([len(line.encode()) for line in said]).cumsum()
    kept = min(NAMED, max(1, int((sizes <= ROOM).sum())))
    left = [say(language, "message.more", n=len(said) - kept)] if len(said) > kept else []
    return [say(language, "message.listed", at=at), *said[:kept], *left]


def _says(seen: Picture, kind: str, row: Row, language: str) -> Said:
    """The sentence of one alert."""
    facts = dict(row["facts"])
    named = [_goods(one["code"], one["name"], language) for one in facts.get("goods", ())]
    facts["goods"] = named or _goods(row["subject"], facts.get("name"), language)
    key, more = _variant(seen, kind, facts)
    return say(language, f"message.alert.{key}", **facts | more)


def _variant(seen: Picture, kind: str, facts: Row) -> tuple[str, dict[str, object]]:
    """Which of a kind's sentences fits, and what it takes beyond the facts."""
    if kind == "stock_out":
        return _stock_out(facts)
    if kind == "pace":
        far = facts["high"] >= facts["target"]  # only the forecast itself says that it is hopeless
        return "pace_far" if far else kind, {"short": 1 - facts["forecast"] / facts["target"]}
    if kind == "change":
        return _change(facts), {}
    if kind == "refund" and facts.get("of"):
        return "refund_goods" if facts["carried"] >= MOST else "refund_spread", {}
    if kind == "silence" and seen.minutes_silent is None:
        return "silence_never", {}
    if kind == "silence":
        return kind, {
            "last": seen.at.astimezone(zone(seen.scope.timezone)) - timedelta(minutes=facts["minutes"])
        }
    return kind, {}


def _change(facts: Row) -> str:
    """Slower or faster, where the last hours say the same as the running sum; else only that it changed."""
    slower = facts["paid"] < facts["planned"]
    return (
        ("change_down" if slower else "change_up") if slower == (facts["direction"] == "down") else "change"
    )


def _stock_out(facts: Row) -> tuple[str, dict[str, object]]:
    if facts["short"]:
        return "stock_out_over", {}
    if not facts["left"]:
        return "stock_out_gone", {}
    more: dict[str, object] = {"minutes": max(1, facts["minutes"] or 0)}
    if facts["next_on"]:
        return "stock_out", more | {"next_on": date.fromisoformat(facts["next_on"])}
    return "stock_out_none", more


def _goods(code: str, name: str | None, language: str) -> Said:
    """Goods by name and code, by the code alone where nobody has named them."""
    return say(language, "message.goods", name=name, code=code) if name else shown(code)


def _step(seen: Picture, kind: str, rows: Sequence[Row], advised: pd.DataFrame, language: str) -> Said:
    """What to do first: the most valuable act for goods that run out, the channel and factor that lack most,
    else where to look."""
    if kind == "stock_out":
        acts = advised[advised["sku_code"].isin([row["subject"] for row in rows])]
        return _act(acts.iloc[0], language) if len(acts) else say(language, "message.step.stock_out")
    word = _change(rows[0]["facts"]) if kind == "change" else kind
    lacking = _lacking(seen.why, ("conversion_rate",) if kind == "conversion" else FACTORS)
    if word in ("pace", "change_down", "conversion") and lacking:
        channel, factor, short = lacking
        named = say(language, f"live.factor_{factor}")
        return say(language, "message.step.lacking", channel=channel or "none", factor=named, short=short)
    return say(language, f"message.step.{word}")


def _act(row: pd.Series, language: str) -> Said:
    """An act of `acts.ranked` as something to be done."""
    goods = _goods(str(row["sku_code"]), str(row["name"]), language)
    price = None if pd.isna(row["price"]) else int(row["price"])
    figures = {"units": int(row["units"]), "partner": row["partner"]} | (
        {"price": price} if price is not None else {}
    )
    return say(language, f"message.step.{row['act']}", goods=goods, **figures)


def _lacking(why: pd.DataFrame, factors: Sequence[str]) -> tuple[str, str, int] | None:
    """(channel, factor, fen short) of the largest shortfall; None where none is short."""
    cells = [(float(gap), str(channel), factor) for factor in factors for channel, gap in why[factor].items()]
    gap, channel, factor = min(cells, default=(0.0, "", ""))
    return (channel, factor, round(-gap)) if gap < 0 else None


def _link(seen: Picture, kind: str, language: str) -> list[Said]:
    """Where to look: a line with the page's address, when the shop has said what its address is."""
    home = settings().public_url.rstrip("/")
    page = f"{home}/{PAGES.get(kind, 'live')}?campaign={seen.scope.campaign_id}"
    return [say(language, "message.link", link=Said(page))] if home else []
