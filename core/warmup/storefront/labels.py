"""Pure: what a product page says at a moment, from stock, price and schedule."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import orjson
import pandas as pd

from core.money import format_fen

STOCK_LABELS = ("sold_out", "few_left", "low_stock", "enough")
CLOCKS = {  # kind of window: what counts down to its beginning and to its end, and which goes first
    "session": ("countdown_session", "countdown_session_end", 0),
    "reserved_session": ("countdown_reserved", "countdown_reserved_end", 0),  # only for those who reserved
    "deposit": ("countdown_deposit", "countdown_deposit_end", 1),
    "balance": ("countdown_balance", "countdown_balance_end", 1),
    "live": ("countdown_opening", "countdown_close", 2),
    "encore": ("countdown_encore", "countdown_encore_end", 2),
}


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """When stock counts as low: `few_units` or less names the number, `low_share` of the planned units (0..1)
    or less says it is tight.
    """

    few_units: int = 10
    low_share: float = 0.15
    ship_hours: int = 48


def stock_label(available: pd.Series, planned: pd.Series, settings: LabelSettings) -> pd.Series:
    """One of STOCK_LABELS by units available to promise and planned units (missing or 0: only the number
    counts)."""
    tight = available <= planned.fillna(0).astype(float) * settings.low_share
    chosen = np.select(
        [available <= 0, available <= settings.few_units, tight], STOCK_LABELS[:3], STOCK_LABELS[3]
    )
    return pd.Series(chosen, index=available.index, dtype="str")


def countdowns(schedule: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The clock of each SKU at the moment: what ends or begins next. Columns sku_code ("" for the whole
    shop), countdown (code), target.

    `schedule`: sku_code, kind (one of CLOCKS), starts_at, ends_at. A window that runs counts down to its end,
    one that is to come to its start. A SKU's session goes before its pre-sale, that before the sale; of
    several the next moment wins.
    """
    moment = pd.Timestamp(now)
    rows = schedule[schedule["ends_at"] > moment]
    runs = rows["starts_at"] <= moment
    begin, end, rank = (rows["kind"].map({kind: told[n] for kind, told in CLOCKS.items()}) for n in range(3))
    rows = rows.assign(
        countdown=begin.mask(runs, end), target=rows["starts_at"].mask(runs, rows["ends_at"]), rank=rank
    )
    first = rows.sort_values(["sku_code", "rank", "target"], kind="stable").drop_duplicates("sku_code")
    return first[["sku_code", "countdown", "target"]].reset_index(drop=True)


def labels(
    goods: pd.DataFrame, clocks: pd.DataFrame, phase_kind: str, settings: LabelSettings
) -> pd.DataFrame:
    """The labels of every SKU, sorted by code: codes and facts, no words.

    `goods`: sku_code, name, available (int64), planned_units (Int64), price (Int64 fen: landed price, missing
    when unknown), presale (as `presale.stage`), deposit, counted, balance (Int64 fen, missing outside a
    pre-sale), ships_on (ISO day of a SKU in pre-sale, "" otherwise). `clocks` as from `countdowns`; SKUs
    without their own take the shop's. Columns: sku_code, name, stock (one of STOCK_LABELS), units (available,
    never below 0), price, presale, deposit, counted, balance, shipping ("presale_ships" | "ships_within"),
    ships_on, ship_hours, countdown ("" for none), target, mood ("" for none).
    """
    mine = clocks.set_index("sku_code").reindex(goods["sku_code"]).set_axis(goods.index)
    own, target = mine["countdown"], mine["target"]
    whole = clocks[clocks["sku_code"] == ""]
    if len(whole):
        own, target = own.fillna(whole["countdown"].iloc[0]), target.fillna(whole["target"].iloc[0])
    moods = {"notice", "warm_up", "presale_deposit", "presale_balance", "live", "encore"}
    frame = pd.DataFrame(
        {
            "sku_code": goods["sku_code"],
            "name": goods["name"],
            "stock": stock_label(goods["available"], goods["planned_units"], settings),
            "units": goods["available"].clip(lower=0),
            **{name: goods[name] for name in ("price", "presale", "deposit", "counted", "balance")},
            "shipping": np.where(goods["ships_on"] != "", "presale_ships", "ships_within"),
            "ships_on": goods["ships_on"],
            "ship_hours": settings.ship_hours,
            "countdown": own.fillna("").astype("str"),
            "target": pd.to_datetime(target, utc=True),
            "mood": f"mood_{phase_kind}" if phase_kind in moods else "",
        }
    )
    return frame.sort_values("sku_code", kind="stable").reset_index(drop=True)


def worded(frame: pd.DataFrame, copy: Mapping[str, str]) -> pd.DataFrame:
    """The labels with the texts that the shop front shows: adds stock_text, price_text, shipping_text,
    countdown_text, mood_text ("" for none).

    `copy`: the campaign's words by code, with the blanks of copy.toml.
    """
    few = [copy["few_left"].format(units=int(units)) for units in frame["units"]]
    stock = frame["stock"].map({"sold_out": copy["sold_out"], "low_stock": copy["low_stock"]}).fillna("")
    days = frame["ships_on"].str.slice(5).str.replace("-", "/")
    presale = [copy["presale_ships"].format(date=day) for day in days]
    within = [copy["ships_within"].format(hours=int(hours)) for hours in frame["ship_hours"]]
    return frame.assign(
        stock_text=np.where(frame["stock"] == "few_left", few, stock),
        price_text=_prices(frame, copy),
        shipping_text=np.where(frame["shipping"] == "presale_ships", presale, within),
        countdown_text=frame["countdown"].map(copy).fillna(""),
        mood_text=frame["mood"].map(copy).fillna(""),
    )


def _prices(frame: pd.DataFrame, copy: Mapping[str, str]) -> list[str]:
    """What a buyer pays, in words: with deposit and balance in a pre-sale, "" where no price is known."""
    amounts = frame[["price", "deposit", "counted", "balance"]].astype(object)
    said = []
    for stage, row in zip(frame["presale"], amounts.to_dict("records"), strict=True):
        blanks = {str(name): "" if pd.isna(fen) else format_fen(int(fen)) for name, fen in row.items()}
        said.append(copy[PRICE_WORDS[stage]].format(**blanks) if blanks["price"] else "")
    return said


PRICE_WORDS = {"": "landed_price", "deposit": "deposit_price", "balance": "balance_price"}


def feed(frame: pd.DataFrame, campaign_id: str, minute: datetime) -> tuple[bytes, str]:
    """The labels as the shop front reads them: canonical JSON, and its ETag (changes when any label does, not
    with the clock).

    `frame` as from `worded`. Moments are ISO 8601 in UTC, prices fen; "at" is the minute of the picture and
    outside the ETag.
    """
    rows = frame.assign(target=frame["target"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    plain = rows.astype(object).where(rows.notna(), None).to_dict("records")
    body = orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY, default=str)
    tag = '"' + hashlib.sha256(campaign_id.encode() + body).hexdigest()[:32] + '"'
    at = minute.replace(second=0, microsecond=0).isoformat().replace("+00:00", "Z")
    return b'{"campaign_id":' + orjson.dumps(
        campaign_id
    ) + b',"at":"' + at.encode() + b'","labels":' + body + b"}", tag


def clashes(banners: pd.DataFrame) -> pd.DataFrame:
    """Banners that want one position at one time: position, first, second (ids), starts_at, ends_at (of the
    overlap), by position and time.

    `banners`: banner_id, position, starts_at, ends_at.
    """
    pairs = banners.merge(banners, on="position", suffixes=("", "_2"))
    both = pairs[
        (pairs["starts_at"] < pairs["ends_at_2"])
        & (pairs["starts_at_2"] < pairs["ends_at"])
        & (
            (pairs["starts_at"] < pairs["starts_at_2"])
            | ((pairs["starts_at"] == pairs["starts_at_2"]) & (pairs["banner_id"] < pairs["banner_id_2"]))
        )
    ]
    return pd.DataFrame(
        {
            "position": both["position"],
            "first": both["banner_id"],
            "second": both["banner_id_2"],
            "starts_at": both["starts_at_2"],
            "ends_at": both[["ends_at", "ends_at_2"]].min(axis=1),
        }
    ).sort_values(["position", "starts_at"], ignore_index=True)
