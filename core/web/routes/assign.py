"""Which arm somebody belongs to: POST /api/v1/assign, signed as the event intake is, or with a key for it."""

from __future__ import annotations

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import clock
from core.access import Actor
from core.access.persons import key_of
from core.database import Database, connect
from core.errors import ShopError
from core.experiments import designs
from core.experiments.assignment import Splitter
from core.live.intake import http, sources
from core.settings import settings
from core.ttl_cache import TtlCache
from core.web.requests import address

PATH = "/api/v1/assign"
MOST_UNITS = 1_000
FRESH_S = 5.0  # a source that is stopped, a secret that is retired: known here that much later
_sources: TtlCache[sources.Source | None] = TtlCache(FRESH_S)
_splits: TtlCache[Splitter] = TtlCache(FRESH_S)


class Ask(BaseModel):
    """A test by its id, and the keys of the people asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    experiment: str = Field(min_length=1, max_length=128)
    units: list[str] = Field(min_length=1)


async def assign(request: Request) -> Response:
    """200 {"experiment", "arms": {unit: arm}} ("" outside of the test's traffic) | 400 | 401 | 413."""
    try:
        http.require_plain(request.headers.get("content-encoding", ""))
        body = await http.body_of(request)
        answer = await to_thread.run_sync(_answer, dict(request.headers), body, address(request))
    except ShopError as error:
        return http.refusal(error)
    return JSONResponse(answer)


def _answer(headers: dict[str, str], body: bytes, where: str) -> dict[str, object]:
    db, name = connect(settings().url), headers.get("webhook-source", sources.USUAL)
    source = _sources.get((db.url, name), lambda: _source(db, name))
    sources.admit(db, source, sources.Request(headers, body), "assign", clock.now())
    try:
        asked = Ask.model_validate_json(body)
    except ValidationError:
        raise ShopError("experiments.bad_request") from None
    if len(asked.units) > MOST_UNITS:
        raise ShopError("experiments.too_many_units", most=MOST_UNITS)
    actor = Actor(f"source:{name}", "campaign_lead", "http", where)
    split = _splits.get(
        (db.url, asked.experiment), lambda: designs.splitter(designs.own(db, actor, asked.experiment))
    )
    return {"experiment": asked.experiment, "arms": {unit: split.arm(key_of(unit)) for unit in asked.units}}


def _source(db: Database, name: str) -> sources.Source | None:
    with db.reading() as connection:
        return sources.find(connection, name)


ROUTES = [Route(PATH, assign, methods=["POST"])]
