"""A sender's order bodies, by paths that somebody has mapped from one sample. Pure.

A path is names and numbers with dots between (`data.items`, `0.sku`); one that begins with `/` starts at the top of the
body, any other at a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.connect.feeds.derive import Unsayable
from core.connect.feeds.mapping import Bad, Layout, number_of, row_of
from core.connect.feeds.webhooks.body import Json, Said, objects

ROOT = "/"
DEEPEST, MOST_PATHS = 6, 300


def at_path(document: object, path: str) -> object:
    """What lies at a path; None where nothing does."""
    for name in filter(None, path.strip(ROOT).split(".")):
        if isinstance(document, Mapping):
            document = document.get(name)
        elif isinstance(document, list) and name.isdigit() and int(name) < len(document):
            document = document[int(name)]
        else:
            return None
    return document


def paths(document: object, lines: str) -> list[str]:
    """Every path of a sample that leads to a single value: those of a line, then those of the body.

    >>> paths({"no": "1", "items": [{"sku": "a"}]}, "items")
    ['sku', '/no']
    """
    line = next(iter(_lines(document, lines)), {})
    own = [path for path, _ in _leaves(line, "", 0)] if lines else []
    top = [
        f"{ROOT}{path}"
        for path, _ in _leaves(document, "", 0)
        if not lines or not path.startswith(f"{lines}.")
    ]
    return [*own, *top][:MOST_PATHS]


def lists(document: object) -> list[str]:
    """Paths of a sample that lead to a list of objects: what may be an order's lines.

    >>> lists({"data": {"items": [{"sku": "a"}]}, "tags": ["x"]})
    ['data.items']
    """
    return [path for path, value in _nodes(document, "", 0) if isinstance(value, list) and objects(value)]


def _nodes(value: object, path: str, depth: int) -> Iterator[tuple[str, object]]:
    if path:
        yield path, value
    if isinstance(value, Mapping) and depth < DEEPEST:
        for name, inner in value.items():
            if "." not in str(name) and name != "":
                yield from _nodes(inner, f"{path}.{name}" if path else str(name), depth + 1)


def _leaves(value: object, path: str, depth: int) -> Iterator[tuple[str, object]]:
    for name, inner in _nodes(value, path, depth):
        if not isinstance(inner, Mapping | list):
            yield name, inner


def _lines(document: object, lines: str) -> list[Json]:
    if not lines:
        return objects([document])
    return objects(at_path(document, lines))


def read(layout: Layout, lines: str, document: Json, zone_name: str) -> Said:
    """The order lines of a body. Unsayable("connect.no_lines") where the mapped list is not there."""
    said = Said()
    every = _lines(document, lines)
    if not every:
        raise Unsayable("connect.no_lines")
    for line in every:
        values = {
            name: at_path(document if path.startswith(ROOT) else line, path)
            for name, path in layout.columns.items()
        }
        said.rows["orders"].append(_row(layout, values, zone_name))
    return said


def _row(layout: Layout, values: dict[str, Any], zone_name: str) -> Any:
    try:
        row = row_of(layout, values, zone_name)
        return row._replace(key=f"{row.order_id}/{row.key}")
    except (Unsayable, TypeError) as fault:
        code = fault.code if isinstance(fault, Unsayable) else "connect.cell.changed"
        try:
            changed = number_of(values.get("changed"), zone_name)
        except Unsayable:
            changed = 0
        return Bad(f"{values.get('order_id')}/{values.get('key')}", changed, code, str(values)[:60])
