"""A running sale of any size, made by arrays: events, and the rollups that they fold to, counted from the
same arrays.

big_sale(db, admin, events=1_000_000, now=clock.now()) -> campaign id; the sale opened twenty hours before
`now`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Table

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.campaign.target import Target
from core.database import Database, insert
from core.goods.tables import sku
from core.live import tables as t
from core.live.ledger import series
from core.live.snapshot import service
from tests import shops

HOURS = 20
KINDS = ("view", "add_to_cart", "favourite", "order", "pay", "refund")
SHARES = (0.80, 0.08, 0.03, 0.046, 0.043, 0.001)
CHANNELS = ("search", "recommendation", "live_room", "paid")
PRICE = 9_900
CHUNK = 500_000
KEY = {
    "minute": 60 * HOURS,
    "channel": len(CHANNELS),
    "sku_code": 0,
    "kind": len(KINDS),
}  # how many values each part takes
SEED = 8


def big_sale(
    db: Database, admin: Actor, events: int, now: datetime, skus: int = 300, raw: bool = True
) -> str:
    """Fills the database; `raw`: with the events themselves, not only with their rollups."""
    service.forget()
    opens = (now - timedelta(hours=HOURS)).replace(second=0, microsecond=0)
    campaign_id = campaigns.add_sale(db, admin, NewSale("big", opens, opens + timedelta(hours=24)), now=now)
    codes = np.array([f"S{n:05d}" for n in range(skus)])
    _goods(db, admin, campaign_id, codes, events, opens)
    drawn = _drawn(events, skus)
    _rollups(db, campaign_id, codes, drawn, int(opens.timestamp() // 60))
    if raw:
        _events(db, campaign_id, codes, drawn, int(opens.timestamp() // 60))
    return campaign_id


def _goods(
    db: Database, admin: Actor, campaign_id: str, codes: np.ndarray, events: int, opens: datetime
) -> None:
    before, paid = opens - timedelta(days=20), round(events * SHARES[4])
    with db.writing() as connection:
        names = [f"货品 {code}" for code in codes]
        rows = pd.DataFrame(
            {"sku_code": codes, "name": names, "unit_cost": 4_000, "list_price": 19_900, "updated_at": before}
        )
        insert(connection, sku, rows)
        tiers = np.where(np.arange(len(codes)) < 20, "main_push", "regular")
        line = {
            "campaign_id": campaign_id,
            "sku_code": codes,
            "tier": tiers,
            "sale_price": PRICE,
            "planned_units": 50,
        }
        shops.lines(connection, pd.DataFrame(line), before)
        shops.on_hand(connection, dict.fromkeys(codes, 4 * paid // len(codes) + 9), before)
    target = Target(paid * PRICE, paid * 10, 0.1, PRICE)
    shops.planned(db, admin, campaign_id, before, target=target)


def _drawn(events: int, skus: int) -> pd.DataFrame:
    """One row an event: minute, channel, sku_code, kind as small integers, in the order of time."""
    dice = np.random.default_rng(SEED)
    popular = np.minimum(dice.exponential(skus / 6, events), skus - 1)
    return pd.DataFrame(
        {
            "minute": np.sort(dice.integers(0, 60 * HOURS, events, dtype="int16")),
            "channel": dice.integers(0, len(CHANNELS), events, dtype="int8"),
            "sku_code": popular.astype("int32"),
            "kind": np.searchsorted(np.cumsum(SHARES)[:-1], dice.random(events)).astype("int8"),
        }
    )


def _counted(drawn: pd.DataFrame, names: list[str], skus: int) -> pd.DataFrame:
    """Events by the named parts, without empty combinations."""
    sizes = [skus if name == "sku_code" else KEY[name] for name in names]
    place = np.ravel_multi_index([drawn[name].to_numpy("int64") for name in names], sizes)
    counts = np.bincount(place, minlength=int(np.prod(sizes)))
    filled = np.flatnonzero(counts)
    parts = np.unravel_index(filled, sizes)
    return pd.DataFrame(dict(zip(names, parts, strict=True))).assign(events=counts[filled])


def _worded(frame: pd.DataFrame, campaign_id: str, codes: np.ndarray, first: int) -> pd.DataFrame:
    words = {"channel": np.array(CHANNELS), "sku_code": codes, "kind": np.array(KINDS)}
    out = frame.assign(
        **{name: words[name][frame[name]] for name in words if name in frame}, campaign_id=campaign_id
    )
    return out.assign(minute=frame["minute"].astype("int64") + first) if "minute" in frame else out


def _rollups(db: Database, campaign_id: str, codes: np.ndarray, drawn: pd.DataFrame, first: int) -> None:
    of: list[tuple[Table, list[str]]] = [
        (t.sale_minute_kind, ["minute", "channel", "kind"]),
        (t.sale_sku_kind, ["sku_code", "kind"]),
        (t.sale_sku_minute, ["kind", "minute", "sku_code"]),
    ]
    with db.writing() as connection:
        known = series.numbers(connection, campaign_id, [(kind, 0) for kind in KINDS])
        for table, names in of:
            counted = _counted(drawn, names, len(codes))
            money = np.isin(counted["kind"], [KINDS.index(kind) for kind in ("order", "pay", "refund")])
            full = counted.assign(
                quantity=counted["events"], amount_fen=np.where(money, counted["events"] * PRICE, 0)
            )
            worded = _worded(full, campaign_id, codes, first)
            if "series_id" in table.columns:
                worded = worded.assign(series_id=[known[kind, 0] for kind in worded["kind"]]).drop(
                    columns=["kind", "campaign_id"]
                )
            insert(connection, table, worded)
        people = _counted(drawn[drawn["kind"].isin([0, 4])], ["minute", "channel", "kind"], len(codes))
        wide = (
            people.pivot(index=["minute", "channel"], columns="kind", values="events")
            .fillna(0)
            .astype("int64")
            .reset_index()
        )
        named = wide.rename(columns={0: "visitors", 4: "buyers"})
        insert(
            connection,
            t.sale_minute,
            _worded(named.assign(visitors=named["visitors"] // 2), campaign_id, codes, first),
        )


def _events(db: Database, campaign_id: str, codes: np.ndarray, drawn: pd.DataFrame, first: int) -> None:
    """The events themselves: everybody buys once."""
    with db.writing() as connection:
        for start in range(0, len(drawn), CHUNK):
            part = _worded(drawn.iloc[start : start + CHUNK], campaign_id, codes, first).reset_index(
                drop=True
            )
            number = pd.Series(np.arange(start, start + len(part))).astype(str)
            money = part["kind"].isin(["order", "pay", "refund"])
            insert(
                connection,
                t.event,
                part.drop(columns="minute").assign(
                    source="bulk",
                    event_id="e" + number.str.zfill(9),
                    user_key="u" + number,
                    order_id=("o" + number).where(money, ""),
                    at_ms=part["minute"] * 60_000 + 1,
                    quantity=1,
                    amount_fen=np.where(money, PRICE, 0),
                    received_minute=part["minute"],
                    waits_for="",
                ),
            )
