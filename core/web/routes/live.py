"""The live picture for programs: GET /api/v1/live, the figures that the live page shows to a viewer."""

from __future__ import annotations

import orjson
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.database import connect
from core.errors import ShopError
from core.live.actions import decisions
from core.live.alerts import monitor
from core.live.rehearsal import rehearsal
from core.live.snapshot import service
from core.live.snapshot.json_record import as_record
from core.settings import settings
from core.warmup.storefront.service import current
from core.web.requests import address, refusal, shows_key


async def live(request: Request) -> Response:
    """200 with the picture of the running minute: totals, pace, forecast, goods, alerts; `campaign` (default: the
    next or running one) in the query. Amounts in fen, no costs.

    For callers with a key for reading; to others the route does not exist.
    """
    if not await shows_key(request, "read"):
        return Response("Not Found", 404)
    actor = Actor("reader", "viewer", "http", address(request))
    try:
        record = await to_thread.run_sync(_record, actor, request.query_params.get("campaign", ""))
    except ShopError as error:
        return refusal(error)
    body = orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS, default=str)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def _record(actor: Actor, campaign_id: str) -> dict[str, object]:
    db, now = connect(settings().url), clock.now()
    chosen = campaign_id or current(db, actor, now)
    campaigns.load(db, actor, chosen)
    at = rehearsal.moment(db, actor, chosen, now)
    picture = service.load(db, actor, chosen, at, live=True)
    alerts = monitor.standing_alerts(db, actor, chosen, at)
    return as_record(picture, alerts, decisions.decisions(db, actor, chosen, at))


ROUTES = [Route("/api/v1/live", live, methods=["GET"])]
