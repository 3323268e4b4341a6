"""Every route and what a stranger gets there: a new route needs its line."""

from __future__ import annotations

from starlette.routing import Route
from starlette.testclient import TestClient

from core import web

# path -> (method, what a stranger from elsewhere gets, why)
STRANGER = {
    "/account/sign-in": ("POST", 403, "only from our own pages"),
    "/account/sign-out": ("POST", 403, "only from our own pages"),
    "/account/sign-out-everywhere": ("POST", 403, "only from our own pages"),
    "/account/password": ("POST", 403, "only from our own pages"),
    "/healthz": ("GET", 200, "says ok or down, nothing else"),
    "/readyz": ("GET", 200, "says ok or down, nothing else"),
    "/api/v1/time": ("GET", 200, "the clock that countdowns run on, nothing else"),
    "/metrics": ("GET", 404, "this machine, the bearer token or a key for reading"),
    "/api/v1/labels": ("GET", 404, "this machine, the bearer token or a key for labels"),
    "/api/v1/live": ("GET", 404, "a key for reading"),
    "/api/v1/openapi.json": ("GET", 200, "what programs may ask, nothing of the shop"),
    "/calendar/{token}.ics": ("GET", 404, "whoever knows a person's secret address"),
    "/picture/{sku_code:path}": ("GET", 404, "whoever is signed in"),
    "/api/v1/events": ("POST", 401, "signed by a known source, or a key for events"),
    "/api/v1/hooks/{source}": ("POST", 401, "signed by a shop system that an administrator has added"),
    "/api/v1/assign": ("POST", 401, "signed by a known source, or a key for it"),
}


def test_every_route_is_known_and_shut_to_strangers(house: TestClient) -> None:
    routes = {route.path: route.methods or set() for route in web.routes() if isinstance(route, Route)}
    assert set(routes) == set(STRANGER)
    assert len(routes) == len(web.routes()), "plain routes only: no mounts, no web sockets"
    stranger = TestClient(web.app, base_url="http://127.0.0.1:8501", client=("203.0.113.9", 4711))
    for path, (method, status, why) in STRANGER.items():
        assert routes[path] - {"HEAD"} == {method}
        assert (
            stranger.request(
                method, path, json={"name": "admin", "word": "x"} if method == "POST" else None
            ).status_code
            == status
        ), (path, why)
