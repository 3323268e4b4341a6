"""Label changes for programs: what has changed since the last look goes out to the webhooks that want to hear of it."""

from __future__ import annotations

import hashlib
from datetime import datetime

import orjson
from sqlalchemy import Connection, select

from core.access import Actor, allow
from core.database import Database
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.notify.webhooks import announce, listening
from core.warmup.storefront import service
from core.warmup.tables import label_state

TOPIC = "labels"
NAMED = 500  # SKUs in one event; the rest is counted, the feed has them all


def announce_changes(db: Database, actor: Actor, now: datetime) -> int:
    """Queues one event where labels of the campaign that the shop front is in have changed; how many have. The first
    look only remembers them; none where no webhook listens or no campaign is on."""
    allow(actor, "warmup.view")
    with db.reading() as connection:
        if not listening(connection, TOPIC):
            return 0
    try:
        campaign_id = service.current(db, actor, now)
    except ShopError as error:
        if error.code != "warmup.no_campaign":
            raise
        return 0
    feed = service.feed(db, actor, campaign_id, now)
    with db.reading() as connection:
        if _tag(connection, campaign_id) == feed.tag:
            return 0
    digests = _digests(feed.body)
    with db.writing() as connection:
        one_at_a_time(connection, f"labels:{campaign_id}")
        before = connection.scalar(
            select(label_state.c.digests).where(label_state.c.campaign_id == campaign_id)
        )
        changed = [] if before is None else _changed(before, digests)
        if changed:
            facts: dict[str, object] = {
                "campaign_id": campaign_id,
                "etag": feed.tag,
                "changed": changed[:NAMED],
            }
            facts |= {"more": max(0, len(changed) - NAMED), "feed": f"/api/v1/labels?campaign={campaign_id}"}
            announce(connection, now, TOPIC, "labels.changed", facts)
        _keep(connection, campaign_id, {"tag": feed.tag, "digests": digests, "at": now})
    return len(changed)


def _tag(connection: Connection, campaign_id: str) -> str | None:
    return connection.scalar(select(label_state.c.tag).where(label_state.c.campaign_id == campaign_id))


def _digests(body: bytes) -> dict[str, str]:
    """A digest of each SKU's label, by code."""
    rows = orjson.loads(body)["labels"]
    return {
        row["sku_code"]: hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
        for row in rows
    }


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Codes whose label is new, another one, or gone; sorted. Pure."""
    return sorted(code for code in before.keys() | after.keys() if before.get(code) != after.get(code))


def _keep(connection: Connection, campaign_id: str, values: dict[str, object]) -> None:
    mine = label_state.c.campaign_id == campaign_id
    if connection.execute(label_state.update().where(mine).values(**values)).rowcount == 0:
        connection.execute(label_state.insert().values(campaign_id=campaign_id, **values))
