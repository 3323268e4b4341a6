"""Addresses and secrets of sources: encrypted with the shop's own key, opened only to connect or to verify."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.access import keys
from core.errors import ShopError
from core.settings import settings

PURPOSE = "connect:address"
DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite",
    "mssql": "mssql+pymssql",
    "sqlserver": "mssql+pymssql",
}
"""Systems that are read, each with the driver that comes with the house; SQL Server's is installed by who needs it."""
MODULES = {"mssql": "pymssql"}  # drivers that may be missing


def sealed(text: str) -> str:
    """The text encrypted; another each time, so that nobody sees whether two addresses are the same."""
    return keys.sealed(PURPOSE, text)


def opened(token: str) -> str:
    """The text again. ShopError("connect.other_key") where it was sealed with another key."""
    text = keys.opened(PURPOSE, token)
    if text is None:
        raise ShopError("connect.other_key")
    return text


def address_of(text: str) -> URL:
    """The address of a shop's database with the driver that reads it. ShopError("connect.bad_address" |
    "connect.no_driver" | "connect.own_database" | "connect.no_file")."""
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        raise ShopError("connect.bad_address") from None
    system = url.get_backend_name()
    if system not in DRIVERS:
        raise ShopError("connect.no_driver", system=system, systems=sorted(DRIVERS))
    url = url.set(drivername=DRIVERS[system])
    driver = MODULES.get(url.get_backend_name(), "")
    if driver and find_spec(driver) is None:
        raise ShopError("connect.driver_missing", driver=driver)
    if _place(url) == _place(make_url(settings().url)):
        raise ShopError("connect.own_database")
    if system == "sqlite" and not Path(url.database or "").is_file():
        raise ShopError("connect.no_file")
    return url


def _place(url: URL) -> tuple[str, str, int, str]:
    """Where a database is, whoever signs in there."""
    system = url.get_backend_name()
    if system == "sqlite":
        return system, "", 0, str(Path(url.database or "").resolve())
    query = url.query.get("host", "")
    host = url.host or (query if isinstance(query, str) else "")
    return system, host.replace("localhost", "127.0.0.1"), url.port or 0, url.database or ""
