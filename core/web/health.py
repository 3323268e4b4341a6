"""Health for the load balancer, metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from anyio import to_thread
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from sqlalchemy import func, select, text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import clock, logs
from core.access import audit
from core.access.tables import session
from core.database import Database, connect
from core.database.migrate import require_current
from core.errors import ShopError
from core.notify.tables import message
from core.settings import settings
from core.sheets.formats.turns import turns
from core.web.requests import AGAIN_S, admitted

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
REQUESTS = Counter(
    "bigsale_http_requests_total", "HTTP requests by status class", ["method", "status"], registry=REGISTRY
)
SECONDS = Histogram(
    "bigsale_http_seconds", "Time to answer a request of our own routes", ["route"], registry=REGISTRY
)
REFUSED = Counter(
    "bigsale_account_refusals_total", "Refused account requests by reason", ["code"], registry=REGISTRY
)
FAULTS = Counter("bigsale_faults_total", "Unexpected faults", registry=REGISTRY)
SESSIONS = Gauge("bigsale_live_sessions", "Sessions that count now", registry=REGISTRY)
READING = Gauge("bigsale_sheets_reading", "Workbooks being read now", registry=REGISTRY)
WAITING = Gauge("bigsale_sheets_waiting", "Workbooks waiting for their turn", registry=REGISTRY)
QUEUED = Gauge("bigsale_messages_queued", "Messages waiting to go out", registry=REGISTRY)


async def healthz(_request: Request) -> Response:
    """200 {"status": "ok"} when the database answers, its schema fits and it is this key's; 503 {"status": "down", "code"}
    otherwise."""
    return await _answered(_ask, "healthz")


async def readyz(_request: Request) -> Response:
    """The same, and on Citus each worker answers too: whether this process can serve every route now."""
    return await _answered(_ask_all, "readyz")


async def _answered(ask: Callable[[Database], None], where: str) -> Response:
    again = {"Retry-After": str(AGAIN_S)}
    try:
        await to_thread.run_sync(ask, connect(settings().url))
    except ShopError as error:
        return JSONResponse({"status": "down", "code": error.code}, 503, again)
    except Exception as error:
        error_id = logs.unexpected(error, where=where)
        return JSONResponse({"status": "down", "error_id": error_id}, 503, again)
    return JSONResponse({"status": "ok"})


def _ask(db: Database) -> None:
    with db.reading() as connection:
        connection.execute(text("SELECT 1"))
    require_current(db)
    with db.reading() as connection:
        audit.require_own_key(connection)


def _ask_all(db: Database) -> None:
    """ShopError("database.unreachable") where a worker of a Citus cluster does not answer."""
    _ask(db)
    if db.embedded:
        return
    with db.reading() as connection:
        if not connection.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")):
            return
        whole = connection.scalar(text("SELECT bool_and(result) FROM citus_check_cluster_node_health()"))
    if whole is False:
        raise ShopError("database.unreachable", outcome="read")


async def moment(_request: Request) -> Response:
    """The server's clock in epoch milliseconds: what countdowns run on, whatever the browser's clock says."""
    return JSONResponse({"ms": int(clock.now().timestamp() * 1000)}, headers={"Cache-Control": "no-store"})


async def metrics(request: Request) -> Response:
    """Prometheus text, for this machine or with the bearer token of the settings or a key for reading; to others the route does
    not exist."""
    if not await admitted(request, settings().metrics_token.get_secret_value(), "read"):
        return Response("Not Found", 404)
    try:
        await to_thread.run_sync(_count, connect(settings().url))
    except ShopError as error:
        logs.log("bigsale.metrics").warning("metrics.incomplete", code=error.code)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _count(db: Database) -> None:
    live = (
        select(func.count())
        .select_from(session)
        .where(session.c.ended_at.is_(None), session.c.expires_at > clock.now())
    )
    sheets = turns.queue()
    READING.set(sheets.running)
    WAITING.set(sheets.waiting)
    with db.reading() as connection:
        SESSIONS.set(connection.scalar(live) or 0)
        QUEUED.set(
            connection.scalar(select(func.count()).select_from(message).where(message.c.state == "queued"))
            or 0
        )


ROUTES = [
    Route("/healthz", healthz, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/api/v1/time", moment, methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
]
