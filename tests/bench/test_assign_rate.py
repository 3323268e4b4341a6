"""Arms asked over HTTP, through the whole middleware, beside the barest route that answers JSON: what a signed
request costs more, and how many people a second one process places.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from core import clock, web
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from core.experiments import designs
from core.experiments.assignment import Arm
from core.experiments.trial import Design
from core.live.intake import sources
from core.settings import settings
from core.web.routes import assign
from tests.aside import answered
from tests.conftest import actor

pytestmark = pytest.mark.bench
ROUNDS, REQUESTS = 5, 200


async def _bare(request: Request) -> Response:
    return JSONResponse(orjson.loads(await request.body()))


BARE = Starlette(routes=[Route(assign.PATH, _bare, methods=["POST"])])


async def _call(app: ASGIApp, body: bytes, headers: dict[str, str]) -> int:
    """The status of one request, without a socket."""
    status = 0
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": assign.PATH,
        "raw_path": assign.PATH.encode(),
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "server": ("127.0.0.1", 8501),
        "client": ("127.0.0.1", 4711),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)  # type: ignore[arg-type]
    return status


def _signed(body: bytes) -> dict[str, str]:
    stamp = int(time.time())
    return {
        "host": "127.0.0.1:8501",
        "content-length": str(len(body)),
        "webhook-source": "bench",
        "webhook-id": "m",
        "webhook-timestamp": str(stamp),
        "webhook-signature": sources.sign("bench", 1, "m", stamp, body),
    }


def _seconds(app: ASGIApp, body: bytes, headers: dict[str, str]) -> float:
    async def run() -> float:
        assert await _call(app, body, headers) == 200
        begun = time.perf_counter()
        for _ in range(REQUESTS):
            await _call(app, body, headers)
        return (time.perf_counter() - begun) / REQUESTS

    return answered(run())


def test_two_thousand_people_a_second(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    settings.cache_clear()
    lead, now = actor("campaign_lead"), clock.now()
    sources.add_source(sqlite, lead, "bench", now)
    sale = campaigns.add_sale(
        sqlite, lead, NewSale("双 11", now + timedelta(days=2), now + timedelta(days=3)), now=now
    )
    design = Design(
        "首屏",
        "events",
        (Arm("control", 1), Arm("b", 1)),
        "conversion_rate",
        0.1,
        0.01,
        now,
        None,
        own_split=True,
    )
    test = designs.create(sqlite, lead, sale, design, now)
    lines: list[str] = []
    ratios: dict[int, float] = {}
    measure: Callable[[ASGIApp, bytes, dict[str, str]], float] = _seconds
    for units in (1, 100):
        body = orjson.dumps({"experiment": test, "units": [f"u{n}" for n in range(units)]})
        headers = _signed(body)
        pairs = [(measure(web.app, body, headers), measure(BARE, body, headers)) for _ in range(ROUNDS)]
        ours, bare = (min(pair[side] for pair in pairs) for side in (0, 1))
        ratios[units] = 2_000 * ours / units  # of a second that 2,000 people take
        lines.append(
            f"{units:>4} a request: {units / ours:9,.0f} people a second, {ours / bare:.1f} x a bare route"
        )
    monkeypatch.undo()
    settings.cache_clear()
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert ratios[100] < 0.25  # 2,000 people take less than a quarter of a second
