"""What the shop front shows: labels of every SKU at a minute, as preview and as feed, and the banner
calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, case, delete, select, update

from core.access import Actor, allow, audit
from core.campaign import service as campaigns
from core.campaign.phases import SIDE_KINDS
from core.campaign.service import Campaign
from core.campaign.tables import campaign_phase
from core.database import Database, insert, new_id, read
from core.errors import ShopError
from core.goods.tables import campaign_sku, sku
from core.pricing import offers
from core.stock import service as stock
from core.warmup import deposits
from core.warmup.presale import stage as presale_stage
from core.warmup.settings import copy, typed
from core.warmup.storefront import labels as rules
from core.warmup.storefront import marks
from core.warmup.storefront.labels import LabelSettings
from core.warmup.tables import banner, flash_session


@dataclass(frozen=True, slots=True)
class Feed:
    """The label feed of one minute: body (JSON) and its ETag."""

    body: bytes
    tag: str


def labels(db: Database, actor: Actor, campaign_id: str, now: datetime, language: str = "zh") -> pd.DataFrame:
    """The labels of the campaign's SKUs at the minute of `now`: columns of `rules.labels` and `rules.worded`.
    The one place where they are made: page, export and feed show these rows.

    The price is what a buyer pays for one unit by the rules of the phase that is on, or next; in a pre-sale
    with its deposit and balance. ShopError("campaign.unknown").
    """
    allow(actor, "warmup.view")
    minute = now.replace(second=0, microsecond=0)
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        presale = _presale(connection, mine, minute)
        goods = _goods(connection, campaign_id, presale, minute)
        clocks = rules.countdowns(_windows(connection, mine, presale), minute)
        settings = typed(connection, campaign_id, "labels", LabelSettings)
        words = copy(connection, campaign_id, language)
        put = marks.standing(connection, campaign_id)
    return marks.marked(
        rules.worded(rules.labels(goods, clocks, _mood(mine, minute), settings), words), put, words
    )


def _mood(mine: Campaign, minute: datetime) -> str:
    """The kind of phase that gives the mood: a pre-sale runs beside another phase and says more to the
    buyer."""
    beside = next(
        (p for p in mine.phases if p.kind in SIDE_KINDS and p.starts_at <= minute < p.ends_at), None
    )
    phase = beside or mine.phase_at(minute)
    return phase.kind if phase else ""


def feed(db: Database, actor: Actor, campaign_id: str, now: datetime, language: str = "zh") -> Feed:
    """The same labels as the shop front reads them."""
    allow(actor, "warmup.view")
    return Feed(*rules.feed(labels(db, actor, campaign_id, now, language), campaign_id, now))


def current(db: Database, actor: Actor, now: datetime) -> str:
    """The campaign that the shop front is in: of those whose sale or encore is not over the one that opens
    first; ShopError("warmup.no_campaign").
    """
    allow(actor, "warmup.view")
    listed = campaigns.campaigns(db, actor)
    p = campaign_phase.c
    selling = select(p.campaign_id).where(p.kind.in_(offers.SALE), p.ends_at > now).distinct()
    with db.reading() as connection:
        ahead = set(connection.scalars(selling))
    open_ = listed[listed["campaign_id"].isin(ahead) & (listed["rehearsal_of"] == "")]
    if open_.empty:
        raise ShopError("warmup.no_campaign")
    return str(open_.sort_values("opens_at")["campaign_id"].iloc[0])


def _presale(connection: Connection, mine: Campaign, minute: datetime) -> pd.DataFrame:
    """The SKUs that are in a pre-sale at the minute, as `deposits.offered`, and their stage in it ("deposit"
    | "balance")."""
    sale = offers.phase_at(connection, mine.campaign_id, minute)
    rows = deposits.offered(connection, mine, minute)
    stage = presale_stage(rows, minute, sale.starts_at if sale else None)
    return rows.assign(stage=stage)[stage != ""]


def _goods(connection: Connection, campaign_id: str, presale: pd.DataFrame, minute: datetime) -> pd.DataFrame:
    """The campaign's SKUs as `rules.labels` takes them."""
    c = campaign_sku.c
    query = (
        select(c.sku_code, sku.c.name, c.planned_units)
        .join(sku, sku.c.sku_code == c.sku_code)
        .where(c.campaign_id == campaign_id, sku.c.retired_at.is_(None))
    )
    frame = read(connection, query)
    codes = frame["sku_code"]
    levels = stock.levels(connection, codes.tolist())
    mine = presale.reindex(codes).set_axis(frame.index)
    stage = mine["stage"].astype("str").fillna("")
    landed = codes.map(offers.landed_at(connection, campaign_id, minute)).astype("Int64")
    amounts = mine[["price", "deposit", "counted"]].astype("Int64")
    arriving = _arriving(connection, presale[presale["stage"] == "deposit"])
    return amounts.assign(
        sku_code=codes,
        name=frame["name"],
        available=_offered(connection, levels, codes) + codes.map(arriving).fillna(0).astype("int64"),
        planned_units=frame["planned_units"].astype("Int64"),
        price=amounts["price"].where(stage == "deposit", landed.fillna(amounts["price"])),
        presale=stage,
        balance=amounts["price"] - amounts["deposit"],
        ships_on=mine["ships_on"].astype("str").fillna(""),
    )


def _arriving(connection: Connection, presale: pd.DataFrame) -> pd.Series:
    """Units on their way that a deposit may be taken for: what is expected by the SKU's day of shipping, by
    sku_code."""
    coming = stock.arrivals(connection, presale.index.tolist())
    by = coming["sku_code"].map(presale["ships_on"]).fillna("").astype("str")
    return (
        coming[(coming["expected_on"] != "") & (coming["expected_on"] <= by)]
        .groupby("sku_code")["quantity"]
        .sum()
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
    return (
        levels["available_to_promise"]
        .add(held, fill_value=0)
        .reindex(codes)
        .fillna(0)
        .astype("int64")
        .set_axis(codes.index)
    )


def _windows(connection: Connection, mine: Campaign, presale: pd.DataFrame) -> pd.DataFrame:
    """Everything that a label may count down to: sku_code ("" for the shop), kind, starts_at, ends_at."""
    sale = pd.DataFrame(
        [("", p.kind, p.starts_at, p.ends_at) for p in mine.phases if p.kind in offers.SALE], columns=_WINDOW
    )
    s = flash_session.c
    kind = case((s.needs_reservation, "reserved_session"), else_="session").label("kind")
    query = select(s.sku_code, s.starts_at, s.ends_at, kind).where(
        s.campaign_id == mine.campaign_id, s.state != "closed"
    )
    sessions = read(connection, query)
    spans = [
        presale.reset_index().assign(
            kind=kind, starts_at=presale[f"{kind}_from"].array, ends_at=presale[f"{kind}_to"].array
        )
        for kind in ("deposit", "balance")
    ]
    rows = pd.concat(
        [part[_WINDOW] for part in (sale, sessions, *spans) if len(part)] or [sale], ignore_index=True
    )
    return rows.assign(**{name: pd.to_datetime(rows[name], utc=True) for name in ("starts_at", "ends_at")})


_WINDOW = ["sku_code", "kind", "starts_at", "ends_at"]


def banners(db: Database, actor: Actor, campaign_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(banner_id, position, title, starts_at, ends_at, version by position and time; the clashes among them,
    with both titles)."""
    allow(actor, "warmup.view")
    b = banner.c
    query = select(b.banner_id, b.position, b.title, b.starts_at, b.ends_at, b.version).where(
        b.campaign_id == campaign_id
    )
    with db.reading() as connection:
        frame = read(connection, query.order_by(b.position, b.starts_at))
    titles = frame.set_index("banner_id")["title"]
    clashes = rules.clashes(frame)
    return frame, clashes.assign(
        first_title=clashes["first"].map(titles), second_title=clashes["second"].map(titles)
    )


class Banner(NamedTuple):
    """What a place of the shop front says, and from when to when."""

    position: str
    title: str
    starts_at: datetime
    ends_at: datetime


def put_banner(
    db: Database, actor: Actor, campaign_id: str, new: Banner, now: datetime, *, banner_id: str = ""
) -> str:
    """Adds a banner, or moves the one of that id; returns its id. A clash is allowed and shown.
    ShopError("warmup.banner" | "warmup.banner_unknown").
    """
    allow(actor, "warmup.edit")
    position, title, starts_at, ends_at = new
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
                update(banner)
                .where(mine)
                .values(**values, version=banner.c.version + 1)
                .returning(banner.c.banner_id)
            ).all()
            if not moved:
                raise ShopError("warmup.banner_unknown", banner=banner_id)
        else:
            banner_id = new_id()
            insert(
                connection,
                banner,
                pd.DataFrame([{"campaign_id": campaign_id, "banner_id": banner_id, **values}]),
            )
        audit.record(
            connection, actor, now, "warmup.banner", banner_id, None, {"position": position, "title": title}
        )
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
