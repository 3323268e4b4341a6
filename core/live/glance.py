"""What the screens of a running sale ask every two seconds, read once for everybody who looks: sixty viewers cost one reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.access import Actor, allow
from core.database import Database
from core.live import decisions, rehearsal, service, watch
from core.live.kept import Kept
from core.live.picture import Picture

_glances: Kept[Glance] = Kept(service.FRESH_S)


@dataclass(frozen=True, slots=True)
class Glance:
    """The picture of a minute, the alerts that were open then, firing ones first, and what had been decided, newest first."""

    seen: Picture
    alerts: Sequence[dict[str, Any]]
    decisions: Sequence[dict[str, Any]]


def glance(db: Database, actor: Actor, campaign_id: str, now: datetime, at: datetime | None = None) -> Glance:
    """The running minute, shared for service.FRESH_S seconds, or the past one `at`; a rehearsal runs by its own clock.

    Amounts of cost are not in what it is drawn from. ShopError("campaign.unknown").
    """
    allow(actor, "live.view")
    if at is not None:
        return _look(db, campaign_id, service.load(db, actor, campaign_id, at))
    return _glances.get((db.url, campaign_id), lambda: _running(db, actor, campaign_id, now))


def forget() -> None:
    """Drops the shared glances: after somebody acted and should see it at once."""
    _glances.clear()


def _running(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Glance:
    moment = rehearsal.moment(db, actor, campaign_id, now)
    return _look(db, campaign_id, service.draw(db, campaign_id, moment, costs=False))


def _look(db: Database, campaign_id: str, seen: Picture) -> Glance:
    with db.reading() as connection:
        opened = [row for row in watch.alert_rows(connection, campaign_id, seen.at) if row["state"] != "resolved"]
        return Glance(seen, opened, decisions.made(connection, campaign_id, seen.at))
