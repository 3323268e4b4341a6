"""What the HTTP side is made of: every route, the shields around them, and what runs as long as the server does."""

from __future__ import annotations

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


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Starts the minute rounds with the server and ends them with it."""
    logs.configure()
    rounds = Rounds(settings().url)
    rounds.start()
    try:
        yield
    finally:
        rounds.stop()


app = Starlette(routes=routes(), middleware=middleware(), lifespan=lifespan)
