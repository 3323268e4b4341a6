"""What the shop front shows: labels of every SKU at a minute, as preview and as feed, and the banner calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, delete, select, update

from core.access import Actor, allow, audit
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.database import Database, insert, new_id, read
from core.errors import ShopError
from core.goods.tables import campaign_sku, sku
from core.stock import service as stock
from core.warmup import deposits
from core.warmup import labels as rules
from core.warmup.labels import LabelSettings
from core.warmup.settings import copy, typed
from core.warmup.tables import banner, flash_session


@dataclass(frozen=True, slots=True)
class Feed:
    """The label feed of one minute: body (JSON) and its ETag."""

    body: bytes
    tag: str


def labels(
    db: Database, actor: Actor, campaign_id: str, now: datetime, landed: pd.Series | None = None, language: str = "zh"
) -> pd.DataFrame:
    """The labels of the campaign's SKUs at the minute of `now`: columns of `rules.labels` and `rules.worded`.

    `landed`: landed price in fen by sku_code, from whoever knows it; a SKU without one shows its sale price, or the pre-sale's
    final price.
    """
    allow(actor, "warmup.view")
    minute = now.replace(second=0, microsecond=0)
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        phase = mine.phase_at(minute)
        goods = _goods(connection, campaign_id, landed)
        clocks = rules.countdowns(_windows(connection, mine), minute)
        settings = typed(connection, campaign_id, "labels", LabelSettings)
        words = copy(connection, campaign_id, language)
    kind = next(
        (p.kind for p in mine.phases if p.kind in _SIDE and p.starts_at <= minute < p.ends_at), phase.kind if phase else ""
    )
    return rules.worded(rules.labels(goods, clocks, kind, settings), words)


_SIDE = ("presale_deposit", "presale_balance")  # run beside another phase and say more to the buyer


def feed(
    db: Database, actor: Actor, campaign_id: str, now: datetime, landed: pd.Series | None = None, language: str = "zh"
) -> Feed:
    """The same labels as the shop front reads them."""
    allow(actor, "warmup.view")
    return Feed(*rules.feed(labels(db, actor, campaign_id, now, landed, language), campaign_id, now))


def current(db: Database, actor: Actor, now: datetime) -> str:
    """The campaign that the shop front is in: the one whose first phase began last and that has not ended;
    ShopError("warmup.no_campaign").
    """
    allow(actor, "warmup.view")
    listed = campaigns.campaigns(db, actor)
    open_ = listed[(listed["closes_at"] > pd.Timestamp(now)) & (listed["rehearsal_of"] == "")]
    if open_.empty:
        raise ShopError("warmup.no_campaign")
    return str(open_.sort_values("opens_at")["campaign_id"].iloc[0])


def _goods(connection: Connection, campaign_id: str, landed: pd.Series | None) -> pd.DataFrame:
    c = campaign_sku.c
    query = (
        select(c.sku_code, sku.c.name, c.planned_units, c.sale_price)
        .join(sku, sku.c.sku_code == c.sku_code)
        .where(c.campaign_id == campaign_id)
    )
    frame = read(connection, query)
    codes = frame["sku_code"]
    terms = deposits.terms(connection, campaign_id).set_index("sku_code")
    levels = stock.levels(connection, codes.tolist())
    price = (
        codes.map(terms["price"] - (terms["counted"] - terms["deposit"]))
        .astype("Int64")
        .fillna(frame["sale_price"].astype("Int64"))
    )
    if landed is not None and len(landed):
        price = codes.map(landed).astype("Int64").fillna(price)
    return pd.DataFrame(
        {
            "sku_code": codes,
            "name": frame["name"],
            "available": _offered(connection, levels, codes),
            "planned_units": frame["planned_units"].astype("Int64"),
            "price": price,
            "ships_on": codes.map(terms["ships_on"]).astype("str").fillna(""),
        }
    )


def _offered(connection: Connection, levels: pd.DataFrame, codes: pd.Series) -> pd.Series:
    """Units that a buyer can still get: available to promise, and what a session keeps for its buyers."""
    if levels.empty:
        return pd.Series(0, index=codes.index, dtype="int64")
    s = flash_session.c
    held = (
        read(connection, select(s.sku_code, (s.quota - s.sold).label("held")).where(s.state == "locked"))
        .groupby("sku_code")["held"]
        .sum()
    )
    return levels["available_to_promise"].add(held, fill_value=0).reindex(codes).fillna(0).astype("int64").set_axis(codes.index)


def _windows(connection: Connection, mine: Campaign) -> pd.DataFrame:
    """Everything that a label may count down to: sku_code ("" for the shop), kind, starts_at, ends_at."""
    sale = pd.DataFrame([("", "live", p.starts_at, p.ends_at) for p in mine.phases if p.kind == "live"], columns=_WINDOW)
    s = flash_session.c
    sessions = read(
        connection, select(s.sku_code, s.starts_at, s.ends_at).where(s.campaign_id == mine.campaign_id, s.state != "closed")
    ).assign(kind="session")
    balances = deposits.terms(connection, mine.campaign_id)[["sku_code", "balance_from", "balance_to"]]
    balances = balances.rename(columns={"balance_from": "starts_at", "balance_to": "ends_at"}).assign(kind="balance")
    parts = [sale, sessions[_WINDOW], balances[_WINDOW]]
    rows = pd.concat([part for part in parts if len(part)] or [sale], ignore_index=True)
    return rows.assign(**{name: pd.to_datetime(rows[name], utc=True) for name in ("starts_at", "ends_at")})


_WINDOW = ["sku_code", "kind", "starts_at", "ends_at"]


def banners(db: Database, actor: Actor, campaign_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(banner_id, position, title, starts_at, ends_at, version by position and time; the clashes among them, with both titles)."""
    allow(actor, "warmup.view")
    b = banner.c
    query = select(b.banner_id, b.position, b.title, b.starts_at, b.ends_at, b.version).where(b.campaign_id == campaign_id)
    with db.reading() as connection:
        frame = read(connection, query.order_by(b.position, b.starts_at))
    titles = frame.set_index("banner_id")["title"]
    clashes = rules.clashes(frame)
    return frame, clashes.assign(first_title=clashes["first"].map(titles), second_title=clashes["second"].map(titles))


def put_banner(
    db: Database,
    actor: Actor,
    campaign_id: str,
    position: str,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    banner_id: str = "",
) -> str:
    """Adds a banner, or moves the one of that id; returns its id. A clash is allowed and shown. ShopError("warmup.banner" |
    "warmup.banner_unknown").
    """
    allow(actor, "warmup.edit")
    if not position.strip() or not title.strip() or ends_at <= starts_at:
        raise ShopError("warmup.banner", position=position, title=title)
    values = {
        "position": position.strip(),
        "title": title.strip(),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "account": actor.name,
        "at": now,
    }
    with db.writing() as connection:
        campaigns.standing(connection, campaign_id)
        if banner_id:
            mine = (banner.c.campaign_id == campaign_id) & (banner.c.banner_id == banner_id)
            moved = connection.execute(
                update(banner).where(mine).values(**values, version=banner.c.version + 1).returning(banner.c.banner_id)
            ).all()
            if not moved:
                raise ShopError("warmup.banner_unknown", banner=banner_id)
        else:
            banner_id = new_id()
            insert(connection, banner, pd.DataFrame([{"campaign_id": campaign_id, "banner_id": banner_id, **values}]))
        audit.record(connection, actor, now, "warmup.banner", banner_id, None, {"position": position, "title": title})
    return banner_id


def drop_banner(db: Database, actor: Actor, campaign_id: str, banner_id: str, now: datetime) -> None:
    """Takes a banner out of the calendar. ShopError("warmup.banner_unknown")."""
    allow(actor, "warmup.edit")
    mine = (banner.c.campaign_id == campaign_id) & (banner.c.banner_id == banner_id)
    with db.writing() as connection:
        gone = connection.execute(delete(banner).where(mine).returning(banner.c.title)).all()
        if not gone:
            raise ShopError("warmup.banner_unknown", banner=banner_id)
        audit.record(connection, actor, now, "warmup.banner_drop", banner_id, gone[0].title, None)
