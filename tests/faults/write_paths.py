"""The table of write paths: each fills an empty shop and says what is then done to it. A new service that writes gets its line
here, and is killed at every one of its statements."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pandas as pd

from core.access import Actor
from core.backup import backup, restore
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, connect
from core.goods.sheet import GOODS
from core.imports import service as imports
from core.live.intake import batches
from core.pricing import approvals, queries
from core.pricing.changes import prices
from core.readiness import service as readiness
from core.replenishment import orders, receipts
from core.replenishment import service as replenishment
from core.stock import counts
from core.stock.sheet import COUNT, STOCK, count_sheet
from core.warmup.flash_sale import service as flash_sale
from tests.conftest import NOW, actor
from tests.live.conftest import OPENS, hour, opened
from tests.pricing.conftest import make_shop
from tests.pricing.test_approval import LOW
from tests.replenishment.conftest import filled
from tests.stock.test_counts import CODES, bring, written
from tests.warmup.conftest import build

Act = Callable[[Database], object]
ADMIN, BUYER, LEAD, FINANCE = actor("admin"), actor("merchandiser"), actor("campaign_lead"), actor("finance")


def _stocked(db: Database) -> imports.Draft:
    bring(db, BUYER, GOODS, written([{"sku_code": code, "unit_cost": 1000} for code in CODES]), NOW)
    bring(db, BUYER, STOCK, written([{"sku_code": code, "on_hand": 100} for code in CODES]), NOW)
    content = written([{"sku_code": code, "on_hand": 7} for code in CODES])
    return imports.check(imports.inspect(db, BUYER, STOCK, content, "again.xlsx"))


def an_import(db: Database) -> Act:
    """A stock sheet over another one."""
    draft = _stocked(db)
    return lambda there: imports.commit(there, BUYER, draft, now=NOW)


def an_undo(db: Database) -> Act:
    """That sheet taken back."""
    report = imports.commit(db, BUYER, _stocked(db), now=NOW)
    return lambda there: imports.undo(there, BUYER, STOCK, report.import_id, reason="x", now=NOW)


def a_count(db: Database) -> Act:
    """A counted sheet settled."""
    _stocked(db)
    count_id = counts.open_count(db, BUYER, counts.NewCount("十月", CODES, blind=False), now=NOW)
    rows = counts.count_rows(db, BUYER, count_id)
    bring(db, BUYER, COUNT, count_sheet(rows.assign(counted=[98, 100, 101], counter="李"), "zh"), NOW)
    return lambda there: counts.settle(there, BUYER, count_id, now=NOW)


def an_approval(db: Database) -> Act:
    """A price below its floor approved by finance."""
    shop = make_shop(db, LEAD, FINANCE, NOW)
    with db.reading() as connection:
        version = queries.goods(connection, shop.campaign_id).loc["A001", "version"]
    low = pd.DataFrame({"sale_price": [LOW], "version": [version]}, index=["A001"])
    prices.set_prices(db, BUYER, shop.campaign_id, low, now=NOW)
    approvals.ask_for_prices(db, BUYER, shop.campaign_id, approvals.PricesAsked(["A001"], "引流"), now=NOW)
    ids = approvals.requests(db, FINANCE, shop.campaign_id)["id"].tolist()
    return lambda there: approvals.decide(
        there, FINANCE, ids, approvals.Decision("approved", "可以"), now=NOW
    )


def an_event_batch(db: Database) -> Act:
    """Half an hour of the sale, orders and payments among them."""
    opened(db, ADMIN)
    batch = next(iter(batches.in_batches(hour(orders=40))))
    return lambda there: batches.take(there, ADMIN, "shop", batch, OPENS + timedelta(hours=1))


def _ordered(db: Database) -> str:
    shop = filled(db, ADMIN, NOW)
    run = replenishment.replenish(db, ADMIN, shop.campaign_id, {}, now=NOW)
    replenishment.approve(db, FINANCE, run.run_id, now=NOW)
    return run.run_id


def an_order(db: Database) -> Act:
    """An approved run sent to the suppliers."""
    run_id = _ordered(db)
    return lambda there: orders.order(there, ADMIN, run_id, now=NOW, below_minimum=True)


def a_receipt(db: Database) -> Act:
    """What a supplier sent, into the warehouse."""
    first = orders.order(db, ADMIN, _ordered(db), now=NOW, below_minimum=True).orders["order_id"].iloc[0]
    lines = orders.order_lines(db, ADMIN, first)[["sku_code", "quantity"]]
    return lambda there: receipts.receive(there, ADMIN, first, lines, now=NOW)


def a_session_lock(db: Database) -> Act:
    """Units locked for a flash-sale session."""
    shop = build(db, LEAD, NOW)
    begins = NOW + timedelta(hours=1)
    ids = flash_sale.plan(
        db,
        LEAD,
        shop.campaign,
        flash_sale.NewSession("001", "秒杀", begins, [40], length_minutes=60),
        now=NOW,
    )
    return lambda there: flash_sale.lock(there, LEAD, ids[:1], NOW)


def a_list_of_tasks(db: Database) -> Act:
    """The template's tasks on an empty board."""
    sale = campaigns.add_sale(db, LEAD, NewSale("双11", OPENS, OPENS + timedelta(days=1)), now=NOW)
    return lambda there: readiness.draw_up(there, LEAD, sale, NOW)


def a_restore(db: Database) -> Act:
    """A backup brought back into a new file beside the shop (SQLite)."""
    _stocked(db)
    file = Path(backup(db, ADMIN, Path(tempfile.mkdtemp()) / "shop.backup", NOW).file)

    def back(there: Database) -> object:
        target = there.url.removeprefix("sqlite:///").removesuffix(".db") + "-restored.db"
        empty = connect.__wrapped__(f"sqlite:///{target}")
        try:
            return restore(empty, Actor("admin", "admin", "cli"), file, NOW)
        finally:
            empty.dispose()

    return back


PATHS: dict[str, Callable[[Database], Act]] = {
    path.__name__: path
    for path in (
        an_import,
        an_undo,
        a_count,
        an_approval,
        an_event_batch,
        an_order,
        a_receipt,
        a_session_lock,
        a_list_of_tasks,
        a_restore,
    )
}
