"""The channels' addresses (apprise URLs): from `BIGSALE_CHANNELS` or a TOML file, never from the database or a page."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import Connection, select

from core.errors import ShopError
from core.notify.tables import channel
from core.notify.words import house_language
from core.settings import settings


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel: its platform by the address's scheme, its hidden address, and how it is used."""

    name: str
    platform: str
    url: SecretStr
    enabled: bool = True
    least: str = "info"
    quiet_from: int = 0
    quiet_to: int = 0
    language: str = "zh"


def addresses() -> dict[str, SecretStr]:
    """Address by channel name: the file's `[channels]`, then the environment's. ShopError("notify.bad_file")."""
    path = settings().channels_file or settings().data_dir / "channels.toml"
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8")).get("channels", {}) if path.is_file() else {}
        return {name: SecretStr(str(url)) for name, url in written.items()} | settings().channels
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, AttributeError):
        raise ShopError("notify.bad_file", file=path.name) from None


def known(connection: Connection) -> list[Channel]:
    """Every channel that has an address, by name, with how it is used (the defaults where nobody has said so)."""
    used = {row["name"]: dict(row) for row in connection.execute(select(channel)).mappings()}
    usual = {"language": house_language()}
    return [
        Channel(
            **(usual | {"name": name} | used.get(name, {})),
            platform=url.get_secret_value().partition("://")[0].casefold(),
            url=url,
        )
        for name, url in sorted(addresses().items())
    ]


def find(connection: Connection, name: str) -> Channel:
    """The channel of that name. ShopError("notify.unknown_channel")."""
    for one in known(connection):
        if one.name == name:
            return one
    raise ShopError("notify.unknown_channel", name=name)
