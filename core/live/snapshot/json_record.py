"""The picture as plain values, for the command line: what the page shows, under the same names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from core.live.snapshot import forecast
from core.live.snapshot.snapshot import Picture


def as_record(
    picture: Picture, alerts: pd.DataFrame, decisions: pd.DataFrame, most: int = 50
) -> dict[str, object]:
    """One JSON object: amounts in fen, moments in ISO 8601 with the campaign's offset."""
    scope = picture.scope
    totals = {
        name: getattr(picture, name)
        for name in ("placed", "paid", "refunded", "net", "expected_net", "units", "visitors", "buyers")
    }
    return {
        "campaign_id": scope.campaign_id,
        "phase": scope.kind,
        "at": _local(picture.at, scope.timezone),
        "totals": totals | {"conversion_rate": picture.conversion_rate, "aov": picture.aov},
        "pace": {
            "target": scope.target,
            "share": picture.share,
            "planned": picture.planned,
            "ahead": picture.ahead,
            "ratio": picture.pace,
            "needed_rate": picture.needed_rate,
            "speed": picture.speed,
        },
        "forecast": forecast.as_record(picture.forecast),
        "why": [
            {"channel": str(name), **row}
            for name, row in zip(picture.why.index, picture.why.to_dict("records"), strict=True)
        ],
        "goods": [_goods(str(code), row, picture) for code, row in picture.goods.head(most).iterrows()],
        "labels": {
            str(code): label
            for code, label in picture.goods["label"].items()
            if label in ("sold_out", "tight")
        },
        "tiers": [{"tier": str(name), **_plain(row)} for name, row in picture.tiers.iterrows()],
        "attach_rate": picture.attach_rate,
        "price_ratio": picture.price_ratio,
        "alerts": [_alert(row, scope.timezone) for row in alerts.to_dict("records")],
        "decisions": [_alert(row, scope.timezone) for row in decisions.to_dict("records")],
        "intake": {name: value for name, value in picture.tally.items() if name != "last_received_at"},
        "waiting": picture.waiting,
        "minutes_silent": picture.minutes_silent,
        "recounted_at": None
        if picture.recounted_at is None
        else _local(picture.recounted_at, scope.timezone),
        "recount_faults": picture.recount_faults,
    }


def _goods(code: str, row: pd.Series, seen: Picture) -> dict[str, object]:
    out = None
    if pd.notna(row["stock_out"]):
        out = _local(seen.scope.starts_at + timedelta(minutes=float(row["stock_out"])), seen.scope.timezone)
    names = ["name", "tier", "sold", "amount", "left", "sell_through", "low", "label", "next_on"]
    return {"sku_code": code, **_plain(row[names]), "stock_out_at": out}


def _alert(row: dict[object, object], zone: str) -> dict[str, object]:
    return {
        str(key): _local(value, zone) if isinstance(value, pd.Timestamp) else _value(value)
        for key, value in row.items()
    }


def _plain(row: pd.Series) -> dict[str, object]:
    return {str(key): _value(value) for key, value in row.items()}


def _value(value: Any) -> object:
    if isinstance(value, dict | list):
        return value
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _local(moment: Any, zone: str) -> str:
    return str(pd.Timestamp(moment).tz_convert(zone).isoformat(timespec="seconds"))
