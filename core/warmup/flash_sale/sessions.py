"""Pure: flash-sale sessions, their release waves, and the units that they promise."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.errors import ShopError

STATES = ("planned", "locked", "closed")


def require_times(starts_at: datetime, ends_at: datetime, quota: int) -> None:
    """ShopError("warmup.session_times" | "warmup.session_quota") for a session that cannot be held."""
    if ends_at <= starts_at:
        raise ShopError("warmup.session_times", starts_at=starts_at, ends_at=ends_at)
    if quota <= 0:
        raise ShopError("warmup.session_quota", quota=quota)


def waves(starts_at: datetime, every_minutes: int, length_minutes: int, quotas: list[int]) -> pd.DataFrame:
    """The release waves of a scarce SKU: one session a quota, at set distances. Columns wave (1..),
    starts_at, ends_at, quota.

    ShopError("warmup.session_times") when distance or length is not positive, "warmup.session_quota" for an
    empty wave.
    """
    if every_minutes <= 0 or length_minutes <= 0:
        raise ShopError("warmup.session_times", starts_at=starts_at, ends_at=starts_at)
    for quota in quotas:
        require_times(starts_at, starts_at + timedelta(minutes=length_minutes), quota)
    begin = [starts_at + timedelta(minutes=every_minutes * i) for i in range(len(quotas))]
    return pd.DataFrame(
        {
            "wave": np.arange(1, len(quotas) + 1),
            "starts_at": pd.Series(begin, dtype="datetime64[us, UTC]"),
            "ends_at": pd.Series(
                [at + timedelta(minutes=length_minutes) for at in begin], dtype="datetime64[us, UTC]"
            ),
            "quota": np.asarray(quotas, dtype=np.int64),
        }
    )


def promised(sessions: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """How many units each session keeps from the others, and from when to when: adds units, from_at, to_at;
    closed ones left out.

    `sessions`: session_id, sku_code, starts_at, ends_at, quota, held, state. A planned session claims its
    quota while it runs; a locked one holds what it has not sold from the lock until it is closed, even past
    its end.
    """
    live = sessions[sessions["state"] != "closed"]
    locked = live["state"] == "locked"
    moment = pd.Timestamp(now)
    return live.assign(
        units=live["held"].where(locked, live["quota"]),
        from_at=live["starts_at"].mask(locked & (live["starts_at"] > moment), moment),
        to_at=live["ends_at"].mask(locked & (live["ends_at"] <= moment), moment + pd.Timedelta(seconds=1)),
    )


def shortages(sessions: pd.DataFrame, free: pd.Series, now: datetime) -> pd.DataFrame:
    """The moments at which sessions together promise more than there is, one row a SKU: the worst one.

    `free`: units that sessions may promise, by sku_code: on hand less reserved, pre-sale committed and
    whatever else is locked (the units that these sessions hold themselves are free to them). Columns
    sku_code, at, promised, free, by, sessions (ids at that moment).
    """
    claims = promised(sessions, now)
    begin = claims[["sku_code", "from_at", "units"]].rename(columns={"from_at": "at"}).assign(order=1)
    end = (
        claims[["sku_code", "to_at", "units"]].rename(columns={"to_at": "at"}).assign(order=0)
    )  # what ends at a moment is free for what begins then
    steps = pd.concat([begin, end.assign(units=-end["units"])], ignore_index=True).sort_values(
        ["sku_code", "at", "order"], kind="stable"
    )
    steps = steps.assign(promised=steps.groupby("sku_code", sort=False)["units"].cumsum())
    peak = steps.sort_values("promised", kind="stable").groupby("sku_code").tail(1).sort_values("sku_code")
    peak = peak.assign(free=peak["sku_code"].map(free).fillna(0).astype("int64"))
    over = peak[peak["promised"] > peak["free"]]
    members = pd.Series(
        [_at(claims, code, at) for code, at in zip(over["sku_code"], over["at"], strict=True)],
        index=over.index,
        dtype=object,
    )
    return (
        over[["sku_code", "at", "promised", "free"]]
        .assign(by=over["promised"] - over["free"], sessions=members)
        .reset_index(drop=True)
    )


def _at(claims: pd.DataFrame, sku_code: str, at: pd.Timestamp) -> list[str]:
    here = claims[(claims["sku_code"] == sku_code) & (claims["from_at"] <= at) & (claims["to_at"] > at)]
    return sorted(here["session_id"])


def require_kept(short: pd.DataFrame) -> None:
    """ShopError("warmup.session_exceeds", shortages=[...]) carrying every SKU that is promised twice, with
    its sessions."""
    if len(short):
        rows = short.drop(columns="at").to_dict("records")
        raise ShopError(
            "warmup.session_exceeds",
            shortages=rows,
            sku=rows[0]["sku_code"],
            by=int(rows[0]["by"]),
            count=len(rows),
        )


def short_of_stock(rows: pd.DataFrame, free: pd.Series) -> pd.DataFrame:
    """SKUs whose free stock does not suffice for a lock now: columns as in `rules.shortages`."""
    by_sku = rows.groupby("sku_code")
    asked = by_sku.agg(promised=("quota", "sum"), sessions=("session_id", list), at=("starts_at", "min"))
    asked = asked.reset_index()
    asked = asked.assign(free=asked["sku_code"].map(free))
    return asked.assign(by=asked["promised"] - asked["free"])[asked["promised"] > asked["free"]]
