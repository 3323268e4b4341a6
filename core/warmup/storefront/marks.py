"""Marks on product pages that somebody sets in the sale: a purchase limit, taken off sale. The label feed
carries them at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core.access import Actor, audit
from core.campaign import service as campaigns
from core.database import upsert
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.warmup.settings import stored
from core.warmup.tables import warmup_setting

_NAME = "marks"
UNMARKED: Mapping[str, object] = {"limit": None, "off_sale": False}


def standing(connection: Connection, campaign_id: str) -> dict[str, dict[str, object]]:
    """What is marked, by SKU code: limit (units an order, None = as many as wanted), off_sale (bool)."""
    return stored(connection, campaign_id, _NAME)


def mark(
    connection: Connection, actor: Actor, campaign_id: str, sku_code: str, now: datetime, **marks: Any
) -> None:
    """Sets the named marks of a SKU ("limit", "off_sale") inside the caller's transaction; the others stay as
    they are.

    ShopError("warmup.bad_limit" | "campaign.unknown").
    """
    limit = marks.get("limit")
    if limit is not None and limit < 1:
        raise ShopError("warmup.bad_limit", limit=limit)
    one_at_a_time(connection, _NAME)
    campaigns.standing(connection, campaign_id)
    before = standing(connection, campaign_id)
    after = before | {sku_code: {**UNMARKED, **before.get(sku_code, {}), **marks}}
    if after[sku_code] == UNMARKED:
        del after[sku_code]
    row = {"campaign_id": campaign_id, "name": _NAME, "value": after, "account": actor.name, "at": now}
    upsert(connection, warmup_setting, pd.DataFrame([row]))
    audit.record(
        connection,
        actor,
        now,
        "warmup.mark",
        f"{campaign_id}/{sku_code}",
        before.get(sku_code),
        after.get(sku_code),
    )


def marked(
    frame: pd.DataFrame, marks: Mapping[str, Mapping[str, object]], copy: Mapping[str, str]
) -> pd.DataFrame:
    """Labels with their marks: adds purchase_limit (Int64, missing for none) and limit_text ("" for none);
    goods off sale have stock "off_sale" and its words. `frame`: as from `labels.worded`; `copy`: the
    campaign's words by code."""
    limits = frame["sku_code"].map({code: each["limit"] for code, each in marks.items()}).astype("Int64")
    off = frame["sku_code"].isin([code for code, each in marks.items() if each["off_sale"]])
    texts = ["" if pd.isna(units) else copy["purchase_limit"].format(units=int(units)) for units in limits]
    stock, text = (
        np.where(off, "off_sale", frame["stock"]),
        np.where(off, copy["off_sale"], frame["stock_text"]),
    )
    return frame.assign(stock=stock, stock_text=text, purchase_limit=limits, limit_text=texts)
