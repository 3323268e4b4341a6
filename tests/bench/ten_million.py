"""A shop in the twentieth hour of its sale, ten million events behind it: written by SQL, events and every
rollup alike.

The ledger would take ten minutes for what a group-by does in two; that both lead to the same books is what
the recount says of a small one (`test_the_bulk_shop_is_consistent`).
"""

from __future__ import annotations

import sqlite3
from typing import Any

import pandas as pd
from sqlalchemy import func, select

from core.access import Actor
from core.database import Database, insert
from core.goods.tables import campaign_sku, sku
from core.live.tables import event
from core.stock import ledger as stock_ledger
from tests.live.conftest import OPENS, Shop, opened

HOURS, SKUS, PEOPLE = 20, 2_000, 500_000
_OPENS_MS = int(OPENS.timestamp() * 1000)

# Of 100 events 78 views, 8 carts, 4 favourites, 4 coupons, 3 orders, 3 payments; goods by their square, so
# that few sell most; ids spread over their whole range as random ones are, but in rising order, so that the
# index is built from left to right.
_EVENTS = """
WITH RECURSIVE
  number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < :count),
  dice AS MATERIALIZED (SELECT n, abs(random()) % 100 AS k, (abs(random()) % 1000000) / 1e6 AS goods, abs(random()) AS person,
                  abs(random()) % :span AS at, abs(random()) % 4 AS c FROM number)  -- each die is cast once
INSERT INTO event (source, event_id, kind, at_ms, sku_code, user_key, order_id, quantity, amount_fen, channel, campaign_id,
                   received_minute, waits_for)
SELECT 'bulk', printf('%08x', n * (4294967296 / :count)) || lower(hex(randomblob(12))),
       CASE WHEN k < 78 THEN 'view' WHEN k < 86 THEN 'add_to_cart' WHEN k < 90 THEN 'favourite' WHEN k < 94 THEN 'coupon_claim'
            WHEN k < 97 THEN 'order' ELSE 'pay' END,
       :opens + at, printf('S%02d', :skus * goods * goods), 'u' || (person % :people), CASE WHEN k < 94 THEN '' ELSE 'b' || n END,
       1, CASE WHEN k < 94 THEN 0 ELSE 9900 END,
       CASE c WHEN 0 THEN 'search' WHEN 1 THEN 'recommend' WHEN 2 THEN 'live' ELSE 'ads' END, :campaign, (:opens + at) / 60000, ''
FROM dice
"""
_ROLLUPS = (
    """INSERT INTO sale_series (campaign_id, kind, day) SELECT DISTINCT campaign_id, kind, 0 FROM event
       UNION ALL SELECT :campaign, column1, :day FROM (VALUES ('visitor'), ('buyer'))""",
    """INSERT INTO sale_sku_minute SELECT series_id, at_ms / 60000, sku_code, count(*), sum(quantity), sum(amount_fen)
       FROM event JOIN sale_series USING (campaign_id, kind) GROUP BY 1, 2, 3""",
    """INSERT INTO sale_sku_kind SELECT series_id, sku_code, sum(events), sum(quantity), sum(amount_fen)
       FROM sale_sku_minute GROUP BY 1, 2""",
    """INSERT INTO sale_minute_kind SELECT campaign_id, at_ms / 60000, channel, kind, count(*), sum(quantity), sum(amount_fen)
       FROM event GROUP BY 1, 2, 3, 4""",
    """INSERT INTO person_seen SELECT series_id, user_key, min(at_ms), channel FROM event JOIN sale_series AS s
       ON s.day = :day AND s.kind = CASE event.kind WHEN 'view' THEN 'visitor' ELSE 'buyer' END
       WHERE event.kind IN ('view', 'pay') GROUP BY 1, 2""",
    """INSERT INTO sale_minute SELECT campaign_id, at_ms / 60000, channel, sum(kind = 'visitor'), sum(kind = 'buyer')
       FROM person_seen JOIN sale_series USING (series_id) GROUP BY 1, 2, 3""",
    """INSERT INTO sale_line SELECT campaign_id, order_id, sku_code, 0, kind = 'order', kind = 'pay', 0, 0, 0,
       CASE kind WHEN 'pay' THEN amount_fen ELSE 0 END, 0, 0, 0 FROM event WHERE order_id <> '' ORDER BY 1, 2, 3""",
    """INSERT INTO sale_sku SELECT campaign_id, sku_code, count(*), 0, 0, 0, 0 FROM sale_line GROUP BY 1, 2""",
    """INSERT INTO intake_tally SELECT source, count(*), count(*), 0, 0, 0, '2026-11-11 12:00:00.000000' FROM event GROUP BY 1""",
)


def built(database: Database, admin: Actor, count: int) -> Shop:
    """The shop with `count` events in the first HOURS of its sale, on an empty SQLite database."""
    shop = opened(database, admin)
    codes = [f"S{n:02d}" for n in range(SKUS)]
    with database.writing() as connection:
        known = connection.scalar(select(func.count()).select_from(sku))
        rows = pd.DataFrame({"sku_code": codes[known:], "updated_at": OPENS})
        insert(connection, sku, rows.assign(name=rows["sku_code"], unit_cost=4_000, list_price=19_900))
        tier: dict[str, Any] = {
            "campaign_id": shop.campaign_id,
            "tier": "regular",
            "sale_price": 9_900,
            "planned_units": 50,
        }
        insert(connection, campaign_sku, rows.assign(**tier))
        units = pd.DataFrame({"sku_code": codes, "state": "on_hand", "quantity": 100_000, "expected_on": ""})
        stock_ledger.post(
            connection,
            units,
            stock_ledger.Posting(source_id="bulk", cause="import", account="bench", now=OPENS),
        )
    database.dispose()  # the journal is changed while nobody is connected
    _fill(str(database.writer.url.database), shop.campaign_id, count)
    with database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(event)) == count
    return shop


def _fill(path: str, campaign_id: str, count: int) -> None:
    facts = {
        "count": count,
        "campaign": campaign_id,
        "opens": _OPENS_MS,
        "span": HOURS * 3_600_000,
        "skus": SKUS,
        "people": PEOPLE,
    }
    facts["day"] = (OPENS + pd.Timedelta(hours=8)).toordinal()
    driver = sqlite3.connect(path)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-524288", "temp_store=MEMORY"):
        driver.execute(f"PRAGMA {pragma}")
    for statement in (_EVENTS, *_ROLLUPS):
        driver.execute(statement, facts)
        driver.commit()
    driver.execute("PRAGMA journal_mode=WAL")
    driver.close()
