"""What the HTTP side is made of: every route, the middleware around them, and what runs as long as the server
does."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from core import logs
from core.live.intake import http
from core.settings import settings
from core.web import health, patience
from core.web.gates import MediaGate, SocketGate, UploadGate
from core.web.middleware import Addresses, BodyLimit, BrowserMarks, Headers, Hosts, Watch
from core.web.requests import Visitors
from core.web.routes import account, assign, calendar, hooks, labels, live, openapi, pictures
from core.web.scheduler import Scheduler


def routes() -> list[BaseRoute]:
    """Every route of the application; a package with routes adds its line."""
    listed = [
        *account.ROUTES,
        *health.ROUTES,
        *labels.ROUTES,
        *live.ROUTES,
        *calendar.ROUTES,
        *pictures.ROUTES,
        *http.ROUTES,
        *assign.ROUTES,
        *hooks.ROUTES,
    ]
    return [*listed, openapi.route(listed)]


def protection() -> list[Middleware]:
    """The middleware, outermost first: what is refused early costs little. Connections are watched from now on."""
    patience.install()
    return [
        Middleware(Visitors),
        Middleware(Watch),
        Middleware(Headers),
        Middleware(Hosts),
        Middleware(BrowserMarks),
        Middleware(Addresses),
        Middleware(BodyLimit),
        Middleware(SocketGate),
        Middleware(UploadGate),
        Middleware(MediaGate),
    ]


YOUNG = 50_000  # objects made before the collector looks: a page of 20,000 rows makes them by the hundred thousand and drops them again


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Starts the scheduler with the server and ends it with it."""
    logs.configure()
    gc.freeze()  # what the imports have left is never garbage
    gc.set_threshold(YOUNG, 10, 10)
    scheduler = Scheduler(settings().url)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.stop()


app = Starlette(routes=routes(), middleware=protection(), lifespan=lifespan)


def intake_alone() -> Starlette:
    """The event intake for a process of its own, behind the same middleware, with health and metrics for whoever
    watches it."""
    logs.configure()
    return Starlette(
        routes=[*health.ROUTES, *http.ROUTES, *assign.ROUTES, *hooks.ROUTES], middleware=protection()
    )
