"""PostgreSQL's driver, asked only where it is loaded: a shop on SQLite never waits for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from psycopg import Error


def postgres_errors(kind: str = "Error") -> tuple[type[Error], ...]:
    """The driver's errors of that kind, for `except` and `isinstance`; none while nobody has connected by it."""
    loaded = sys.modules.get("psycopg")
    return (cast("type[Error]", getattr(loaded, kind)),) if loaded else ()


def either_errors(*ours: type[Exception], kind: str = "Error") -> tuple[type[Exception], ...]:
    """Those errors, and the driver's of that kind."""
    return (*ours, *postgres_errors(kind))
