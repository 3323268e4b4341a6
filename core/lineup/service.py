"""What may be asked of a campaign's line-up: the structure with everything beside it, suggestions,
promises made twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, allowed, audit
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.planning import Plan
from core.campaign.service import Campaign
from core.clock import business_day
from core.database import Database, read, upsert
from core.errors import ShopError
from core.goods import structure
from core.lineup import tiers
from core.lineup.tables import tier_decision
from core.money import split
from core.pricing import service as pricing
from core.signals import service as signals
from core.stock import service as stock
from core.warmup import wishes

DAYS = 28  # how many reported days the figures look back
SOLD = ("visitors", "buyers", "units", "gmv", "add_to_cart", "favourites", "heat_week", "heat_before")
MARGINS = ("margin_rate", "landed_price")
ELSEWHERE = (
    "session",
    "account",
    "audit",
    "notify",
    "readiness",
)  # packages whose changes leave the line-up as it is


@dataclass(frozen=True, slots=True)
class Picture:
    """The goods page in one.

    `rows`, indexed by sku_code, largest GMV first: sku_code, product_id, name, spec, category, brand,
    function, tier, suggested, reasons (list of codes), decision ("" | "accepted" | "refused" for just this
    suggestion), list_price, sale_price, landed_price, margin_rate (of the landed price; both for those who
    may see margins), verdict (of the price; for those who may see prices), on_hand, available, in_transit
    (units), stock_value (fen, on hand at the sale price), planned_units, planned_gmv, gmv, units, visitors,
    buyers, add_to_cart, favourites (of the last DAYS reported days), conversion, share, abc, momentum,
    days_of_cover, votes (of the shop's groups for this sale), promised (units promised by overlapping campaigns too), overlap (their names), oversold
    (bool: together they promise more than there is and comes by the opening), version.
    """

    rows: pd.DataFrame
    shape: pd.DataFrame
    gaps: pd.DataFrame
    bands: pd.DataFrame
    concentration: pd.DataFrame
    last_day: date | None
    sees_margins: bool


def stamp(db: Database, actor: Actor) -> int:
    """A number that changes with every recorded change that can move the line-up: what a page may keep its
    picture by."""
    allow(actor, "goods.view")
    with db.reading() as connection:
        return audit.latest(connection, leaving_out=ELSEWHERE)


def load(db: Database, actor: Actor, campaign_id: str) -> Picture:
    """The line-up of a campaign. ShopError("campaign.unknown")."""
    allow(actor, "goods.view")
    with db.reading() as connection:
        rows, last = lined_up(connection, campaign_id)
        decided = _decisions(connection, campaign_id)
    rows = rows.join(decided)
    rows["decision"] = rows.pop("decided").where(rows.pop("decided_tier") == rows["suggested"], "").fillna("")
    hidden = [
        *(MARGINS if not allowed(actor, "margin.view") else ()),
        *(("verdict",) if not allowed(actor, "price.view") else ()),
    ]
    visible = rows.drop(columns=hidden)
    ordered = visible.sort_values(["gmv", "sku_code"], ascending=[False, True], kind="stable")
    return Picture(
        ordered,
        tiers.shape(rows),
        tiers.gaps(rows),
        tiers.price_bands(rows),
        _thinned(tiers.concentration(rows["gmv"])),
        last,
        allowed(actor, "margin.view"),
    )


def _thinned(curve: pd.DataFrame, most: int = 300) -> pd.DataFrame:
    """Enough points for a chart."""
    return curve.iloc[:: max(1, len(curve) // most)] if len(curve) > most else curve


def lined_up(connection: Connection, campaign_id: str) -> tuple[pd.DataFrame, date | None]:
    """`Picture.rows` without decisions, inside the caller's transaction, margins included; and the last
    reported day."""
    mine = campaigns.standing(connection, campaign_id)
    rows = (
        structure.lines(connection, campaign_id)
        .set_index("sku_code", drop=False)
        .rename_axis(None)
        .drop(columns="unit_cost")
    )
    sold, last = signals.recent(connection, DAYS)
    rows = rows.join(sold).join(wishes.by_sku(connection, mine))
    rows = rows.join(_stocked(connection)).join(_margins(connection, campaign_id))
    counts = [*SOLD, "on_hand", "available", "in_transit", "votes"]
    rows[counts] = rows[counts].fillna(0).astype("int64")
    rows["stock_value"] = (rows["on_hand"].clip(lower=0) * rows["sale_price"].fillna(0)).astype("int64")
    rows = tiers.measured(rows, DAYS)
    rows = rows.join(tiers.suggested(rows) if last is not None else tiers.unadvised(rows))
    return rows.join(_promised(connection, mine, rows)), last


def _stocked(connection: Connection) -> pd.DataFrame:
    levels = stock.levels(connection)[["on_hand", "available_to_promise", "in_transit"]]
    return levels.rename(columns={"available_to_promise": "available"})


def _margins(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """What the pricing package says of each SKU: landed_price (fen), margin_rate (NaN unknown), verdict."""
    economics = pricing.economics(connection, campaign_id).set_index("sku_code")
    return pd.DataFrame(
        {
            "landed_price": economics["landed_price"],
            "margin_rate": economics["margin"].astype("Float64").astype(float),
            "verdict": economics["verdict"],
        }
    )


def _promised(connection: Connection, mine: Campaign, rows: pd.DataFrame) -> pd.DataFrame:
    """What overlapping campaigns promise of the same SKUs: promised (units, this campaign's included),
    overlap (names), oversold."""
    others = campaigns.neighbours(connection, mine.campaign_id).set_index("campaign_id")["name"]
    if others.empty:
        return pd.DataFrame(
            {"promised": rows["planned_units"].fillna(0).astype("int64"), "overlap": "", "oversold": False},
            index=rows.index,
        )
    promises = structure.promises(connection, others.index.tolist())
    promises = promises[promises["sku_code"].isin(rows.index)]
    by = promises.assign(name=promises["campaign_id"].map(others)).groupby("sku_code")
    promised = rows["planned_units"].fillna(0).astype("int64") + by["planned_units"].sum().reindex(
        rows.index
    ).fillna(0).astype("int64")
    overlap = by["name"].agg("、".join).reindex(rows.index).fillna("").astype("str")
    have = rows["available"] + _in_time(connection, mine).reindex(rows.index).fillna(0).astype("int64")
    return pd.DataFrame(
        {"promised": promised, "overlap": overlap, "oversold": (overlap != "") & (promised > have)}
    )


def _in_time(connection: Connection, mine: Campaign) -> pd.Series:
    """Units on their way that arrive by the day of the opening, by SKU: what comes later, or nobody knows when, keeps no
    promise."""
    coming, opening = stock.arrivals(connection), business_day(mine.opens_at, mine.timezone).isoformat()
    timely = coming[(coming["expected_on"] != "") & (coming["expected_on"] <= opening)]
    return timely.groupby("sku_code")["quantity"].sum()


def _decisions(connection: Connection, campaign_id: str) -> pd.DataFrame:
    d = tier_decision.c
    query = select(d.sku_code, d.tier.label("decided_tier"), d.decision.label("decided"))
    return read(connection, query.where(d.campaign_id == campaign_id)).set_index("sku_code")


def decide(
    db: Database,
    actor: Actor,
    campaign_id: str,
    suggestions: Mapping[str, str],
    accept: bool,
    *,
    now: datetime,
) -> int:
    """Accepts suggested tiers (they are set) or refuses them (they are not offered again until another tier
    is suggested).

    `suggestions`: the tier that the person saw, by SKU; returns the number decided.
    ShopError("goods.suggestion_moved", keys=[...]) when the figures have meanwhile come to suggest another
    one.
    """
    allow(actor, "goods.structure")
    if not suggestions:
        return 0
    with audit.prepared(db, lambda at: lined_up(at, campaign_id)[0], leaving_out=ELSEWHERE) as (
        connection,
        rows,
    ):
        codes = list(suggestions)
        now_suggested = rows["suggested"].reindex(codes)
        moved = [code for code in codes if now_suggested[code] != suggestions[code]]
        if moved:
            raise ShopError("goods.suggestion_moved", keys=moved)
        if accept:
            changes = pd.DataFrame({"key": codes, "field": "tier", "after": list(suggestions.values())})
            structure.change(
                connection, actor, campaign_id, structure.Cells(changes, _versions(rows, codes)), now
            )
        word = "accepted" if accept else "refused"
        reasons = rows.loc[codes, "reasons"].tolist()
        decisions = pd.DataFrame(
            {"sku_code": codes, "tier": list(suggestions.values()), "reasons": reasons}
        ).assign(campaign_id=campaign_id, decision=word, account=actor.name, at=now)
        upsert(connection, tier_decision, decisions)
        facts = {"decision": word, "skus": len(codes)}
        audit.record(connection, actor, now, "goods.suggestion", campaign_id, None, facts)
    return len(codes)


def _versions(rows: pd.DataFrame, codes: Sequence[str]) -> dict[str, int]:
    return dict(zip(codes, rows.loc[list(codes), "version"].tolist(), strict=True))


def spread(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> int:
    """Lays the plan's GMV by tier over the SKUs of the tier: planned_gmv, and planned_units at the sale
    price. Returns the SKUs.

    Within a tier by what each SKU sold in the last DAYS reported days, a new one like the tier's median; the
    parts sum to the tier's target exactly. ShopError("plan.none") without a plan. Tiers without a SKU keep
    their target unplaced.
    """
    allow(actor, "goods.structure")

    def look(connection: Connection) -> tuple[Plan, pd.DataFrame]:
        """The plan and the goods to spread it over."""
        plan = planning.in_force(connection, campaign_id)
        if plan is None:
            raise ShopError("plan.none")
        return plan, lined_up(connection, campaign_id)[0]

    with audit.prepared(db, look, leaving_out=ELSEWHERE) as (connection, (plan, rows)):
        targets = plan.part("tier").set_index("part")["gmv"]
        amounts = pd.concat(
            [_shared(rows[rows["tier"] == tier], int(targets.get(tier, 0))) for tier in tiers.TIERS]
        )
        price = rows["sale_price"].reindex(amounts.index).astype(float)
        units = np.ceil(amounts / price.where(price > 0)).astype("Int64")
        changes = pd.concat(
            [
                pd.DataFrame(
                    {
                        "key": column.index,
                        "field": name,
                        "after": column.astype(object).where(column.notna(), None).to_numpy(),
                    }
                )
                for name, column in (("planned_gmv", amounts), ("planned_units", units))
            ],
            ignore_index=True,
        )
        if len(amounts):
            structure.change(
                connection,
                actor,
                campaign_id,
                structure.Cells(changes, _versions(rows, amounts.index.tolist())),
                now,
            )
    return len(amounts)


def _shared(rows: pd.DataFrame, total: int) -> pd.Series:
    if rows.empty:
        return pd.Series(dtype="int64")
    sold = rows["gmv"].where(rows["gmv"] > 0)
    usual = sold.median()
    weights = sold.fillna(1 if pd.isna(usual) else usual).round().astype("int64").to_numpy()
    return pd.Series(split(total, weights), index=rows.index)
