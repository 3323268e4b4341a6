"""What the HTTP side is made of: every route, the shields around them, and what runs as long as the server does."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from core import logs
from core.live import intake
from core.settings import settings
from core.web import account, health, labels
from core.web.rounds import Rounds
from core.web.shields import BodyLimit, Headers, Hosts, MediaGate, Watch


def routes() -> list[BaseRoute]:
    """Every route of the house; a room with routes adds its line."""
    return [
        *account.ROUTES,
        *health.ROUTES,
        *labels.ROUTES,
        *intake.ROUTES,
    ]


def middleware() -> list[Middleware]:
    """The shields, outermost first: what is refused early costs little."""
    return [Middleware(Watch), Middleware(Headers), Middleware(Hosts), Middleware(BodyLimit), Middleware(MediaGate)]


YOUNG = 50_000  # objects made before the collector looks: a page of 20,000 rows makes them by the hundred thousand and drops them again


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Starts the minute rounds with the server and ends them with it."""
    logs.configure()
    gc.freeze()  # what the imports have left is never garbage
    gc.set_threshold(YOUNG, 10, 10)
    rounds = Rounds(settings().url)
    rounds.start()
    try:
        yield
    finally:
        rounds.stop()


app = Starlette(routes=routes(), middleware=middleware(), lifespan=lifespan)


def intake_alone() -> Starlette:
    """The event intake for a process of its own, behind the same shields, with health and metrics for whoever watches it."""
    logs.configure()
    return Starlette(routes=[*health.ROUTES, *intake.ROUTES], middleware=middleware())
