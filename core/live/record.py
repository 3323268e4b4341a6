"""The picture as plain values, for the command line: what the page shows, under the same names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from core.live import pace
from core.live.picture import Picture


def as_record(seen: Picture, alerts: pd.DataFrame, decisions: pd.DataFrame, most: int = 50) -> dict[str, Any]:
    """One JSON object: amounts in fen, moments in ISO 8601 with the campaign's offset."""
    scope = seen.scope
    totals = {
        name: getattr(seen, name) for name in ("placed", "paid", "refunded", "net", "expected_net", "units", "visitors", "buyers")
    }
    return {
        "campaign_id": scope.campaign_id,
        "phase": scope.kind,
        "at": _local(seen.at, scope.timezone),
        "totals": totals | {"conversion_rate": seen.conversion_rate, "aov": seen.aov},
        "pace": {
            "target": scope.target,
            "share": seen.share,
            "planned": seen.planned,
            "ahead": seen.ahead,
            "ratio": seen.pace,
            "needed_rate": seen.needed_rate,
        },
        "forecast": pace.as_record(seen.forecast),
        "why": [{"channel": str(name), **row} for name, row in zip(seen.why.index, seen.why.to_dict("records"), strict=True)],
        "goods": [_goods(str(code), row, seen) for code, row in seen.goods.head(most).iterrows()],
        "labels": {str(code): label for code, label in seen.goods["label"].items() if label in ("sold_out", "tight")},
        "tiers": [{"tier": str(name), **_plain(row)} for name, row in seen.tiers.iterrows()],
        "attach_rate": seen.attach_rate,
        "price_ratio": seen.price_ratio,
        "alerts": [_alert(row, scope.timezone) for row in alerts.to_dict("records")],
        "decisions": [_alert(row, scope.timezone) for row in decisions.to_dict("records")],
        "intake": {name: value for name, value in seen.tally.items() if name != "last_received_at"},
        "waiting": seen.waiting,
        "minutes_silent": seen.minutes_silent,
        "recounted_at": None if seen.recounted_at is None else _local(seen.recounted_at, scope.timezone),
        "recount_faults": seen.recount_faults,
    }


def _goods(code: str, row: pd.Series, seen: Picture) -> dict[str, Any]:
    out = None
    if pd.notna(row["stock_out"]):
        out = _local(seen.scope.starts_at + timedelta(minutes=float(row["stock_out"])), seen.scope.timezone)
    names = ["name", "tier", "sold", "amount", "left", "sell_through", "low", "label", "next_on"]
    return {"sku_code": code, **_plain(row[names]), "stock_out_at": out}


def _alert(row: dict[Any, Any], zone: str) -> dict[str, Any]:
    return {str(key): _local(value, zone) if isinstance(value, pd.Timestamp) else _value(value) for key, value in row.items()}


def _plain(row: pd.Series) -> dict[str, Any]:
    return {str(key): _value(value) for key, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict | list):
        return value
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _local(moment: Any, zone: str) -> str:
    return str(pd.Timestamp(moment).tz_convert(zone).isoformat(timespec="seconds"))
