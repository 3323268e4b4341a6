"""What tells goods of one name apart, for every table of a run: spec and picture by merchant code. Looked up once for
everybody and kept for a moment, so that no page has to carry them through its own figures."""

from __future__ import annotations

from contextvars import ContextVar
from urllib.parse import quote

import pandas as pd

from core.access import Actor
from core.database import Database
from core.goods import pictures
from core.ttl_cache import TtlCache

_kept: TtlCache[pd.DataFrame] = TtlCache(30.0, most=4)
_looks: ContextVar[pd.DataFrame | None] = ContextVar("what goods look like in this run", default=None)


def remember(database: Database, actor: Actor) -> None:
    """For this run."""
    _looks.set(_kept.get(database.url, lambda: pictures.looks(database, actor)))


def current() -> pd.DataFrame | None:
    """As `core.goods.pictures.looks`; None outside of a page's run."""
    return _looks.get()


def picture(sku_code: str) -> str:
    """The address of a SKU's picture in this run; "" without one."""
    known = _looks.get()
    digest = known["digest"].get(sku_code) if known is not None else None
    return address(sku_code, str(digest)) if digest else ""


def forget() -> None:
    """Pictures have changed: the next run looks again."""
    _kept.clear()


def address(sku_code: str, digest: str) -> str:
    """Where the browser finds a picture."""
    return f"/picture/{quote(sku_code, safe='')}?v={digest}"
