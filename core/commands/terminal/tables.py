"""An answer as text for people: records as a table, figures as lines. Loaded where somebody reads; a script asks for
JSON and does not pay for it."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core import clock
from core.settings import settings


def print_text(value: Any) -> None:
    """Records as a table, a dict as `key  value` lines (tables inside it below), anything else as it is."""
    console = Console(
        soft_wrap=True,
        highlight=False,
        width=None if sys.stdout.isatty() else 200,
        no_color="NO_COLOR" in os.environ,
    )
    if isinstance(value, dict):
        _print_dict(console, value)
    elif _records(value):
        console.print(_table(value))
    elif isinstance(value, list):
        console.print("\n".join(escape(str(part)) for part in value) or "-")
    else:
        console.print(escape(str(value)))


def _print_dict(console: Console, value: dict[str, Any], indent: str = "") -> None:
    """Plain values as aligned lines, then each inner dict and table under its name."""
    inner = {key: part for key, part in value.items() if _records(part) or (isinstance(part, dict) and part)}
    plain = {str(key): part for key, part in value.items() if key not in inner}
    width = max((len(key) for key in plain), default=0)
    for key, part in plain.items():
        console.print(f"{indent}{key:<{width}}  {escape(_cell(part))}")
    for key, part in inner.items():
        console.print(f"{indent}{key}")
        if isinstance(part, dict):
            _print_dict(console, part, indent + "  ")
        else:
            console.print(_table(part))


def _records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _table(rows: list[dict[str, object]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    numeric = {key for key in rows[0] if all(isinstance(row.get(key), int | float | None) for row in rows)}
    for key in rows[0]:
        table.add_column(str(key), justify="right" if key in numeric else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(escape(_cell(row.get(key))) for key in rows[0]))
    return table


def _cell(value: object) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(clock.zone(settings().timezone)).strftime("%Y-%m-%d %H:%M:%S")
    return (
        orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        if isinstance(value, dict | list)
        else str(value)
    )
