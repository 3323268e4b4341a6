"""Every entry there is, read from the source, each with its guard: page callbacks, fragments, dialogs and files made on
the click; routes and middleware; commands; services. A new one without a guard fails here."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from starlette.routing import Route

from core import web
from core.access.rules import ACTIONS
from core.web import gates, middleware, requests
from tests.access.test_roles import BY_KIND, FUNCTIONS, _action
from tests.architecture.test_entries import NOBODY_ACTS, every
from tests.security.conftest import ROOT
from tests.web.test_routes import STRANGER

EXCEPTIONS: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "entries.json").read_text("utf-8")
)
DECORATORS = {"command", "callback"}


class Guarded(NamedTuple):
    """An entry: its kind, its name, and what guards it; "" = nothing does."""

    kind: str
    name: str
    guard: str


def screens() -> Iterator[Guarded]:
    """What runs after a page was drawn."""
    for entry in every():
        reason = NOBODY_ACTS.get((entry.file, entry.code), "")
        yield Guarded("screen", f"{entry.file} {entry.kind} {entry.code}", entry.action or reason)


def pages() -> Iterator[Guarded]:
    """Each page file: its first call is the guard."""
    for path in sorted((ROOT / "pages").glob("[!_]*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _named(node) == "require"]
        actions = [one.args[0].value for one in calls if one.args and isinstance(one.args[0], ast.Constant)]
        yield Guarded("page", path.name, str(actions[0]) if actions else "")


def routes() -> Iterator[Guarded]:
    """Each route, and what a stranger gets there."""
    for route in web.routes():
        path = route.path if isinstance(route, Route) else repr(route)
        yield Guarded("route", path, STRANGER[path][2] if path in STRANGER else "")


def commands() -> Iterator[Guarded]:
    """Each command: it hands the acting person to a service, itself or through a function beside it."""
    for path in sorted((ROOT / "core" / "commands").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        beside = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        for node in beside.values():
            if not any(_decorates(one) for one in node.decorator_list):
                continue
            called = [
                beside[_named(one)]
                for one in ast.walk(node)
                if isinstance(one, ast.Call) and _named(one) in beside
            ]
            acts = any(_acts(one) for one in (node, *called))
            name = f"{path.relative_to(ROOT)} {node.name}"
            yield Guarded(
                "command", name, "actor" if acts else EXCEPTIONS["commands without a person"].get(name, "")
            )


def services() -> Iterator[Guarded]:
    """Each function that takes a database: it asks for an action first, or it is known to need no person."""
    with_person = {name for name, _ in FUNCTIONS}
    for name, node in FUNCTIONS:
        action = _action(node)
        yield Guarded(
            "service", name, action if action in ACTIONS else "its kind's own" if name in BY_KIND else ""
        )
    for path in sorted((ROOT / "core").rglob("*.py")):
        if {"commands", "web"} & set(path.parts):
            continue
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text("utf-8")).body:
            name = f"{module}.{getattr(node, 'name', '')}"
            if isinstance(node, ast.FunctionDef) and _takes_database(node) and name not in with_person:
                yield Guarded("service", name, EXCEPTIONS["services without a person"].get(name, ""))


def _takes_database(node: ast.FunctionDef) -> bool:
    hints = [one.annotation for one in (*node.args.args, *node.args.kwonlyargs) if one.annotation]
    return not node.name.startswith("_") and "Database" in {ast.unparse(hint) for hint in hints}


def _decorates(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in DECORATORS
    )


def _acts(node: ast.FunctionDef) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "actor" for one in ast.walk(node))


def _named(node: ast.Call) -> str:
    return (
        node.func.id
        if isinstance(node.func, ast.Name)
        else node.func.attr
        if isinstance(node.func, ast.Attribute)
        else ""
    )


def entries() -> list[Guarded]:
    """All of them."""
    return [*screens(), *pages(), *routes(), *commands(), *services()]


def test_every_entry_has_its_guard() -> None:
    listed = entries()
    counts = {
        kind: sum(one.kind == kind for one in listed)
        for kind in ("screen", "page", "route", "command", "service")
    }
    assert counts["screen"] > 25, counts
    assert counts["page"] >= 10, counts
    assert counts["route"] >= 9, counts
    assert counts["command"] > 30, counts
    assert counts["service"] > 100, counts
    assert [one for one in listed if not one.guard] == []


def test_a_page_asks_for_an_action_that_there_is() -> None:
    assert [one for one in pages() if one.guard not in ACTIONS] == []


def test_no_exception_outlives_its_code() -> None:
    known = {one.name for one in (*commands(), *services())}
    listed = {name for group in EXCEPTIONS.values() for name in group}
    assert listed - known == set()


def test_every_protection_stands_before_every_route_in_its_order() -> None:
    expected = [
        requests.Visitors,
        middleware.Watch,
        middleware.Headers,
        middleware.Hosts,
        middleware.BrowserMarks,
        middleware.Addresses,
        middleware.BodyLimit,
        gates.SocketGate,
        gates.UploadGate,
        gates.MediaGate,
    ]
    assert [one.cls for one in web.protection()] == expected
    assert [one.cls for one in web.server.intake_alone().user_middleware] == expected
