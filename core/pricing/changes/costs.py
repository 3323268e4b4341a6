"""Cost cards written: from sheets and from the screen, versioned, each number with its origin; and the
defaults behind them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.database import Database, insert, keyed, read
from core.errors import ShopError
from core.imports import rules
from core.imports.kinds import Comparison, Context
from core.imports.versioned import AddedRow, VersionedTable
from core.money import LARGEST_PRICE
from core.pricing import queries
from core.pricing.changes.campaigns import with_campaign
from core.pricing.engine.cost_cards import FIELDS as FIELDS
from core.pricing.engine.cost_cards import RATES as RATES
from core.pricing.engine.cost_cards import WHOLE
from core.pricing.tables import MARKET, cost_card, cost_card_version, cost_default
from core.versions import Cells as Cells

STATED = (*FIELDS, *MARKET)


def _store(connection: Connection, before: pd.DataFrame, after: pd.DataFrame, context: Context) -> None:
    """Cards with their origins, and one more version of each."""
    by = context.import_id or context.actor.name
    moved = pd.DataFrame({name: rules.differs(after[name], before[name]) for name in STATED})
    query = select(cost_card.c.sku_code, cost_card.c.origins).where(
        cost_card.c.campaign_id == context.campaign_id,
        keyed(cost_card.c.sku_code, after.index.tolist(), connection),
    )
    known = read(connection, query).set_index("sku_code")["origins"].to_dict()
    fresh = {
        code: {name: by for name, one in row.items() if one} for code, row in moved.to_dict("index").items()
    }
    origins = [known.get(code, {}) | fresh[code] for code in after.index]
    CARDS.put(connection, before, after.assign(origins=origins), context)
    stated = after[list(STATED)].astype(object).where(after[list(STATED)].notna(), None).to_dict("index")
    cards = [
        {name: value for name, value in stated[code].items() if value is not None} for code in after.index
    ]
    history = pd.DataFrame({"sku_code": after.index, "version": after["version"].to_numpy(), "card": cards})
    insert(
        connection,
        cost_card_version,
        history.assign(campaign_id=context.campaign_id, changed_by=by, at=context.now),
    )


CARDS = VersionedTable(
    cost_card,
    "sku_code",
    STATED,
    AddedRow.EMPTIED,
    conflict="price.edit_conflict",
    shows_added=True,
    store=_store,
)


def compare_costs(connection: Connection, sheet: pd.DataFrame, context: Context) -> Comparison:
    """The cost sheet against the standing cards; rates become basis points. A card may come before its SKU
    does."""
    points = {name: (sheet[name] * WHOLE).round().astype("Int64") for name in RATES if name in sheet}
    return CARDS.compare(connection, sheet.assign(**points), with_campaign(connection, context))


def write_costs(connection: Connection, comparison: Comparison, context: Context) -> None:
    """Adds and changes cards."""
    CARDS.write(connection, comparison, with_campaign(connection, context))


def edit_cards(db: Database, actor: Actor, campaign_id: str, changed: pd.DataFrame, *, now: datetime) -> int:
    """Saves edited cards: index sku_code, some of STATED (fen, basis points; Int64), and the `version` seen
    (0 for a new card). Returns the changed numbers.

    ShopError("price.edit_conflict" | "price.bad_number").
    """
    allow(actor, "cost.edit")
    _checked(changed[[name for name in STATED if name in changed]])
    with db.writing() as connection:
        context = Context("", actor, now, campaign_id=campaign_id)
        before = CARDS.editable(connection, changed["version"], context)
        named = {name: changed[name].astype("Int64") for name in STATED if name in changed}
        moves = CARDS.save(connection, before, before[list(STATED)].assign(**named), context)
        if len(moves):
            facts = [
                {"sku": key, "field": name, "before": was, "after": will}
                for key, name, was, will in moves.astype(object).where(moves.notna(), None).to_numpy()[:500]
            ]
            audit.record(
                connection,
                actor,
                now,
                "cost.edit",
                campaign_id,
                None,
                {"count": len(moves), "changes": facts},
            )
    return len(moves)


def edit_cells(db: Database, actor: Actor, campaign_id: str, edits: Cells, *, now: datetime) -> int:
    """Saves changed cells of own cards (fen; a rate as its share; None empties the cell). As `edit_cards`."""
    allow(actor, "cost.edit")
    cells = edits.changes
    rates = cells["field"].isin(RATES)
    after = [
        None if pd.isna(value) else round(value * WHOLE) if rate else int(value)
        for value, rate in zip(cells["after"], rates, strict=True)
    ]
    codes = list(dict.fromkeys(cells["key"]))
    with db.reading() as connection:
        current = queries.own_cards(connection, campaign_id).reindex(codes)[list(STATED)]
    for code, field, value in zip(cells["key"], cells["field"], after, strict=True):
        current.loc[code, field] = value
    return edit_cards(
        db,
        actor,
        campaign_id,
        current.astype("Int64").assign(version=pd.Series(edits.versions).reindex(codes)),
        now=now,
    )


class CategoryCard(NamedTuple):
    """What a category's cards ("": the whole campaign's) say where a SKU's own is silent: {field: fen or basis
    points}."""

    category: str
    card: dict[str, int]


def edit_default(db: Database, actor: Actor, campaign_id: str, usual: CategoryCard, *, now: datetime) -> int:
    """Sets a category's card. Returns the new version."""
    allow(actor, "cost.edit")
    category, card = usual
    if set(card) - set(FIELDS):
        raise ShopError("price.bad_number", fields=sorted(set(card) - set(FIELDS)))
    _checked(pd.DataFrame([card]))
    with db.writing() as connection:
        table = cost_default
        here = (table.c.campaign_id == campaign_id, table.c.category == category)
        version = (
            connection.scalar(select(table.c.version).where(*here).order_by(table.c.version.desc()).limit(1))
            or 0
        )
        before = queries.defaults(connection, campaign_id).get(category)
        row: dict[str, object] = {
            "campaign_id": campaign_id,
            "category": category,
            "version": version + 1,
            "card": card,
            "account": actor.name,
            "at": now,
        }
        insert(connection, table, pd.DataFrame([row]))
        audit.record(connection, actor, now, "cost.default", f"{campaign_id}/{category}", before, card)
    return int(version) + 1


def card_history(db: Database, actor: Actor, campaign_id: str, sku_code: str) -> pd.DataFrame:
    """Every version of a SKU's own card, newest first: version, card (dict), changed_by, at."""
    allow(actor, "cost.view")
    c = cost_card_version.c
    query = select(c.version, c.card, c.changed_by, c.at)
    query = query.where(c.campaign_id == campaign_id, c.sku_code == sku_code)
    with db.reading() as connection:
        return read(connection, query.order_by(c.version.desc()))


def _checked(numbers: pd.DataFrame) -> None:
    """ShopError("price.bad_number", fields=[...]) for a negative amount, one beyond LARGEST_PRICE, or a rate
    beyond a whole."""
    wrong = [
        str(name)
        for name in numbers
        if not numbers[name].dropna().between(0, WHOLE if name in RATES else LARGEST_PRICE).all()
    ]
    if wrong:
        raise ShopError("price.bad_number", fields=wrong)
