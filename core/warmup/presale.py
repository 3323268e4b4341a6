"""Pure: pre-sale deposits, balances, and whether the promised ship dates can be kept."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from core.errors import ShopError


def require_terms(price: int, deposit: int, counted: int) -> None:
    """ShopError("warmup.presale_terms") unless 0 < deposit <= counted <= price (fen): a deposit counts at
    least as what was paid.
    """
    if not 0 < deposit <= counted <= price:
        raise ShopError("warmup.presale_terms", price=price, deposit=deposit, counted=counted)


def final_price(price: pd.Series, deposit: pd.Series, counted: pd.Series) -> pd.Series:
    """What the buyer pays in all: price - (counted - deposit), fen."""
    return price - (counted - deposit)


def balance_due(price: pd.Series, deposit: pd.Series, counted: pd.Series) -> pd.Series:
    """What is left to pay: price - deposit - (counted - deposit), fen."""
    return price - deposit - (counted - deposit)


def stage(windows: pd.DataFrame, minute: datetime, sells_from: datetime | None) -> pd.Series:
    """What a page sells of each SKU in a pre-sale: "deposit", "balance" (deposits are closed, buyers pay the
    rest) or "" (neither).

    `windows`: deposit_from, deposit_to, balance_to (moments); `sells_from`: when the ordinary sale that is on
    or next begins, None when there is none. Deposits are spoken of while they run, and before when nothing is
    sold earlier.
    """
    moment = pd.Timestamp(minute)
    begun = windows["deposit_from"] <= moment
    first = begun | (sells_from is None or windows["deposit_from"] < pd.Timestamp(sells_from))
    taking = first & (moment < windows["deposit_to"])
    owing = (moment >= windows["deposit_to"]) & (moment < windows["balance_to"])
    return pd.Series(np.select([taking, owing], ["deposit", "balance"], ""), index=windows.index, dtype="str")


def tails(deposits: pd.DataFrame, terms: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Deposits and balances by SKU.

    `deposits`: sku_code, orders, quantity, deposit_amount (fen), balance_paid (bool), closed (bool: refunded
    or forfeited); `terms`: sku_code, balance_from, balance_to (moments). Columns: sku_code, orders, units,
    deposit_amount, paid_units, open_units (still committed), overdue_units, tail_rate (paid ÷ units, missing
    before the window opens).
    """
    rows = deposits.merge(terms[["sku_code", "balance_from", "balance_to"]], on="sku_code", how="left")
    still = ~rows["balance_paid"] & ~rows["closed"]
    units = rows["quantity"]
    sums = rows.assign(
        units=units,
        paid_units=units.where(rows["balance_paid"], 0),
        open_units=units.where(still, 0),
        overdue_units=units.where(still & (rows["balance_to"] < pd.Timestamp(now)), 0),
    )
    kept = (
        sums.groupby("sku_code")[
            ["orders", "units", "deposit_amount", "paid_units", "open_units", "overdue_units"]
        ]
        .sum()
        .reset_index()
    )
    begun = terms.set_index("sku_code")["balance_from"].reindex(kept["sku_code"]) <= pd.Timestamp(now)
    rate = np.divide(
        kept["paid_units"].astype(float),
        kept["units"].astype(float),
        out=np.zeros(len(kept)),
        where=kept["units"].to_numpy() > 0,
    )
    return kept.assign(tail_rate=pd.Series(rate, index=kept.index).where(begun.to_numpy()))


def cover(promises: pd.DataFrame, stock: pd.Series, arrivals: pd.DataFrame) -> pd.DataFrame:
    """Where pre-sale exceeds stock and arrivals, by SKU and ship date.

    `promises`: sku_code, ships_on (ISO day), units; `stock`: units free for pre-sale by sku_code; `arrivals`:
    sku_code, expected_on (ISO day; "" = nobody knows, so it counts for no date), quantity. Columns: sku_code,
    ships_on, units, promised (up to that day), there (stock and arrivals up to that day), short (units that
    cannot ship on that day, beyond those already short before).
    """
    wanted = (
        promises.groupby(["sku_code", "ships_on"])["units"]
        .sum()
        .reset_index()
        .sort_values(["sku_code", "ships_on"])
    )
    wanted = wanted.assign(promised=wanted.groupby("sku_code")["units"].cumsum())
    known = arrivals[arrivals["expected_on"] != ""]
    days = pd.concat(
        [
            wanted[["sku_code", "ships_on"]].assign(quantity=0, ask=1),
            known.rename(columns={"expected_on": "ships_on"}).assign(ask=0),
        ],
        ignore_index=True,
    )
    days = days.sort_values(
        ["sku_code", "ships_on", "ask"], kind="stable"
    )  # what arrives on the day can ship on it
    days = days.assign(there=days.groupby("sku_code")["quantity"].cumsum())
    there = days[days["ask"] == 1].set_index(["sku_code", "ships_on"])["there"]
    rows = wanted.join(there, on=["sku_code", "ships_on"])
    rows = rows.assign(there=rows["there"] + rows["sku_code"].map(stock).fillna(0).astype("int64"))
    behind = (rows["promised"] - rows["there"]).clip(lower=0)
    worst = behind.groupby(rows["sku_code"]).cummax()
    before = worst.groupby(rows["sku_code"]).shift(fill_value=0)
    return rows.assign(short=(worst - before).astype("int64")).reset_index(drop=True)
