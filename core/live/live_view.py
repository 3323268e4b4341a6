"""What the screens of a running sale ask every two seconds, read once for everybody who looks: sixty viewers
cost one reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.access import Actor, allow
from core.database import Database
from core.live.actions import decisions
from core.live.alerts import monitor
from core.live.rehearsal import rehearsal
from core.live.snapshot import service
from core.live.snapshot.cache import forget as forget
from core.live.snapshot.cache import live_cache as live_cache
from core.live.snapshot.snapshot import Picture
from core.ttl_cache import TtlCache

_live_views: TtlCache[LiveView] = live_cache(service.FRESH_S)


@dataclass(frozen=True, slots=True)
class LiveView:
    """The picture of a minute, the alerts that were open then, firing ones first, and what had been decided,
    newest first."""

    seen: Picture
    alerts: Sequence[dict[str, object]]
    decisions: Sequence[dict[str, object]]
    database: str = ""  # the address of the shop: two of them may have the same sale, one a copy of the other


def live_view(
    db: Database, actor: Actor, campaign_id: str, now: datetime, at: datetime | None = None
) -> LiveView:
    """The running minute, shared for service.FRESH_S seconds, or the past one `at`; a rehearsal runs by its
    own clock.

    Amounts of cost are not in what it is drawn from. ShopError("campaign.unknown").
    """
    allow(actor, "live.view")
    if at is not None:
        return _look(db, campaign_id, service.load(db, actor, campaign_id, at))
    return _live_views.get((db.url, campaign_id), lambda: _running(db, actor, campaign_id, now))


def _running(db: Database, actor: Actor, campaign_id: str, now: datetime) -> LiveView:
    moment = rehearsal.moment(db, actor, campaign_id, now)
    return _look(db, campaign_id, service.running(db, campaign_id, moment, costs=False))


def _look(db: Database, campaign_id: str, seen: Picture) -> LiveView:
    with db.reading() as connection:
        opened = [
            row for row in monitor.alert_rows(connection, campaign_id, seen.at) if row["state"] != "resolved"
        ]
        return LiveView(seen, opened, decisions.made(connection, campaign_id, seen.at), db.url)
