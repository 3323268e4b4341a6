"""What each alert rule sees in a picture: broken or cleared, with the facts of its sentence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core import clock
from core.campaign.pace import share_at
from core.live.alerts import change, rules
from core.live.alerts.rules import Finding, Rule
from core.live.snapshot import rollups, snapshot
from core.live.snapshot.snapshot import Picture
from core.readiness import service as readiness

DRILL_SLACK = 4  # a fast rehearsal is played in steps of several sale minutes
WINDOW = 30  # minutes that a conversion or refund rate is taken over
NAMED = 3  # overdue tasks, and goods that come back, that are told by name
LATELY = 3  # hours whose sale is told beside a change of the pace


def findings(connection: Connection, seen: Picture, standing: Mapping[str, Rule]) -> list[Finding]:
    """What the given rules see in a picture."""
    looks = {
        "pace": _pace,
        "change": _change,
        "stock_out": _stock_out,
        "conversion": _conversion,
        "price": _price,
        "refund": _refund,
        "silence": _silence,
        "rejected": _rejected,
        "excess": _excess,
        "task": _task,
    }
    return [finding for kind, rule in standing.items() for finding in looks[kind](connection, seen, rule)]


def _pace(_: Connection, seen: Picture, rule: Rule) -> list[Finding]:
    """Will the target be missed? From the first look on where the forecast is not even half of it, else after
    the first hour."""
    outlook, target = seen.forecast, seen.scope.target
    if not target or outlook.close is None or outlook.best is None:
        return []
    best = outlook.best
    grave = outlook.close < rule.limits["hopeless"] * target and seen.minutes >= rule.every
    if seen.minutes < rules.QUIET_HOUR and not grave:
        return []
    facts = {"forecast": outlook.close, "high": best, "target": target, "reached": outlook.close / target}
    broken = grave or best < rule.limits["below"] * target
    cleared = not broken and best >= rule.limits["clear"] * target
    return [Finding("pace", "", broken, cleared, facts, grave)]


def _change(connection: Connection, seen: Picture, rule: Rule) -> list[Finding]:
    """Has the pace of the hours changed? The facts also say what the last hour brought a minute (fen)."""
    scope, hours = seen.scope, int(seen.minutes // 60)
    if hours < 2 or not scope.target:
        return []
    bins = rollups.curve(connection, scope.campaign_id, scope.first, scope.first + hours * 60 - 1, width=60)
    actual = np.zeros(hours)
    actual[bins["bin"].to_numpy()] = bins["amount_fen"].to_numpy(dtype=float)
    planned = scope.target * np.diff(share_at(scope.curve, np.arange(hours + 1) * 60.0))
    noise = change.noise_of(scope.past.days, scope.past.shipped, rule.limits)
    low, high = change.cusum(actual[1:], planned[1:], noise, rule.limits)
    worst, lately = float(max(low[-1], high[-1])), min(LATELY, hours - 1)
    facts = {
        "direction": "down" if low[-1] >= high[-1] else "up",
        "sum": round(worst, 1),
        "limit": rule.limits["h"],
        "hours": lately,
        "paid": round(actual[-lately:].sum()),
        "planned": round(planned[-lately:].sum()),
        "per_minute": round((actual[-1] - planned[-1]) / 60),
    }
    return [Finding("change", "", worst > rule.limits["h"], worst < rule.limits["h"] / 2, facts)]


def _stock_out(_: Connection, seen: Picture, rule: Rule) -> list[Finding]:
    """Goods of the ranking that run out before the close and before their next receipt."""
    ahead = seen.goods["stock_out"] - seen.minutes
    watched = seen.goods.assign(ahead=ahead)[
        seen.goods["tier"].isin(["pre_hot", "main_push"]) | (ahead < rule.limits["clear"])
    ]
    local = pd.Timestamp(seen.at).tz_convert(seen.scope.timezone).strftime("%Y-%m-%d")
    out = []
    for code, row in watched.head(int(rule.limits["most"]) * 5).iterrows():
        relieved = bool(row["next_on"]) and str(row["next_on"]) <= local
        soon = bool(row["ahead"] < rule.limits["minutes"]) and not relieved
        later = not bool(row["ahead"] < rule.limits["clear"]) or relieved
        left = int(row["left"]) if pd.notna(row["left"]) else 0
        name = " ".join(part for part in (row["name"], row["spec"]) if part)
        facts = {"name": name, "left": max(left, 0), "short": max(-left, 0), "next_on": row["next_on"]}
        minutes = None if pd.isna(row["ahead"]) else round(float(row["ahead"]))
        out.append(Finding("stock_out", str(code), soon, later, facts | {"minutes": minutes}))
    broken = [finding for finding in out if finding.broken][: int(rule.limits["most"])]
    return broken + [finding for finding in out if not finding.broken]


def _window(seen: Picture) -> tuple[int, int]:
    last = clock.epoch_minute(seen.at)
    return max(seen.scope.first, last - WINDOW + 1), last


def _conversion(connection: Connection, seen: Picture, rule: Rule) -> list[Finding]:
    first, last = _window(seen)
    people = rollups.people(connection, seen.scope.campaign_id, first, last)
    visitors, buyers = int(people["visitors"].sum()), int(people["buyers"].sum())
    usual = seen.conversion_rate or seen.scope.conversion_rate
    if visitors < rule.limits["visitors"] or seen.minutes < rules.QUIET_HOUR or not usual:
        return []
    facts = {"rate": buyers / visitors, "usual": usual, "visitors": visitors}
    broken = rules.fallen(buyers, visitors, usual, rule.limits["below"])
    return [Finding("conversion", "", broken, buyers / visitors >= rule.limits["clear"] * usual, facts)]


def _price(connection: Connection, seen: Picture, rule: Rule) -> list[Finding]:
    last = clock.epoch_minute(seen.at)
    paid = rollups.lately(connection, seen.scope.campaign_id, last - 9, last).set_index("sku_code")
    both = paid.join(seen.goods[["name", "landed_price"]], how="inner")
    both = both[(both["quantity"] >= rule.limits["units"]) & both["landed_price"].notna()]
    each, landed = both["amount_fen"] / both["quantity"], both["landed_price"].astype(float)
    return [
        Finding(
            "price",
            str(code),
            bool(fen / due < rule.limits["below"]),
            bool(fen / due >= rule.limits["below"]),
            {"name": name, "ratio": round(fen / due, 3), "paid": round(fen), "landed": round(due)},
        )
        for code, name, fen, due in zip(both.index, both["name"], each.tolist(), landed.tolist(), strict=True)
    ]


def _refund(connection: Connection, seen: Picture, rule: Rule) -> list[Finding]:
    first, last = _window(seen)
    sums = snapshot.amounts(rollups.channel_kinds(connection, seen.scope.campaign_id, first, last))
    paid, refunded = sums.get("pay", (0, 0))[1], sums.get("refund", (0, 0))[1]
    if not paid or sums["pay"][0] < rule.limits["orders"]:
        return []
    rate = rules.refund_rate(refunded, paid, seen.paid * WINDOW / max(seen.minutes, WINDOW))
    facts = {"rate": rate, "refunded": refunded} | _sent_back(connection, seen, first, last)
    return [Finding("refund", "", rate > rule.limits["above"], rate < rule.limits["clear"], facts)]


def _sent_back(connection: Connection, seen: Picture, first: int, last: int) -> dict[str, object]:
    """The goods behind a window's refunds, the largest first: as few as carry alerts.MOST of them, at most
    NAMED (code, name), what part they carry, and of how many goods."""
    back = rollups.lately(connection, seen.scope.campaign_id, first, last, "refund").set_index("sku_code")[
        "amount_fen"
    ]
    back = back[back > 0].sort_index().sort_values(ascending=False, kind="stable")
    if back.empty:
        return {"goods": [], "carried": 0.0, "of": 0}
    parts = (back / back.sum()).cumsum()
    named = parts.iloc[: min(NAMED, int((parts < rules.MOST).sum()) + 1)]
    names = seen.goods["name"].reindex(named.index).fillna("")
    goods = [{"code": str(code), "name": str(name)} for code, name in names.items()]
    return {"goods": goods, "carried": round(float(named.iloc[-1]), 3), "of": len(back)}


def _silence(_: Connection, seen: Picture, rule: Rule) -> list[Finding]:
    silent = seen.minutes if seen.minutes_silent is None else min(seen.minutes, seen.minutes_silent)
    limit = rule.limits["minutes"] * (DRILL_SLACK if seen.scope.drill else 1)
    broken = silent >= limit
    return [Finding("silence", "", broken, not broken, {"minutes": round(silent)})]


def _rejected(connection: Connection, seen: Picture, rule: Rule) -> list[Finding]:
    if seen.scope.drill:
        return []
    refused = rollups.refusals(connection, clock.epoch_minute(seen.at) - 10)
    count = int(refused["events"].sum())
    taken = int(
        rollups.channel_kinds(
            connection, seen.scope.campaign_id, clock.epoch_minute(seen.at) - 10, clock.epoch_minute(seen.at)
        )["events"].sum()
    )
    rate = count / (count + taken) if count else 0.0
    broken = count >= rule.limits["events"] and rate > rule.limits["above"]
    worst = {name: str(refused[name].iloc[0]) if len(refused) else "" for name in ("code", "source")}
    facts = {"events": count, "rate": rate} | worst
    return [Finding("rejected", "", broken, rate < rule.limits["clear"], facts)]


def _excess(connection: Connection, seen: Picture, rule: Rule) -> list[Finding]:
    """Payments, refunds, shipments and cancellations in the queue that are more than was ordered or paid."""
    held = rollups.excess(connection, seen.scope.campaign_id)
    events = int(held["events"].sum())
    facts = {
        "events": events,
        "amount": int(held["amount_fen"].sum()),
        "source": str(held["source"].iloc[0]) if len(held) else "",
    }
    broken = events >= rule.limits["events"]
    return [Finding("excess", "", broken, not broken, facts)]


def _task(connection: Connection, seen: Picture, _rule: Rule) -> list[Finding]:
    if seen.scope.drill:
        return []
    tasks = readiness.standing(connection, seen.scope.campaign_id, seen.at).tasks
    late = tasks.loc[tasks["mark"] == "overdue", "title"]
    facts = {"tasks": len(late), "named": late.head(NAMED).tolist()}
    return [Finding("task", "", len(late) > 0, len(late) == 0, facts)]
