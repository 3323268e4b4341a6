"""The channels' addresses (apprise URLs, receivers of webhooks): from `BIGSALE_CHANNELS`, a TOML file, or added on the
administration page and sealed with the shop's key. No page ever shows one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from pydantic import SecretStr
from sqlalchemy import Connection, select

from core.access import keys
from core.database.types import Values
from core.errors import ShopError
from core.notify.tables import channel
from core.notify.words import house_language
from core.settings import settings

NONE = SecretStr("")
MESSAGES, WEBHOOK = "messages", "webhook"
LOST = "unreadable"  # the platform of a channel whose address another key has sealed


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel: its platform by the address's scheme, its hidden address, and how it is used. `kind`: MESSAGES for
    people, WEBHOOK for programs, with its topics and signing secret."""

    name: str
    platform: str
    url: SecretStr
    enabled: bool = True
    least: str = "info"
    quiet_from: int = 0
    quiet_to: int = 0
    language: str = "zh"
    kind: str = MESSAGES
    topics: tuple[str, ...] = ()
    secret: SecretStr = NONE


def addresses() -> dict[str, SecretStr]:
    """Address by channel name: the file's `[channels]`, then the environment's.
    ShopError("notify.bad_file")."""
    path = settings().channels_file or settings().data_dir / "channels.toml"
    try:
        written = (
            tomllib.loads(path.read_text(encoding="utf-8")).get("channels", {}) if path.is_file() else {}
        )
        return {name: SecretStr(str(url)) for name, url in written.items()} | settings().channels
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, AttributeError):
        raise ShopError("notify.bad_file", file=path.name) from None


def seal(name: str, url: str, secret: str = "") -> str:
    """An address as it stands in the database; it opens for the channel of that name alone."""
    return keys.sealed(f"channel:{name}", orjson.dumps({"url": url, "secret": secret}).decode())


def known(connection: Connection) -> list[Channel]:
    """Every channel that has an address, by name, with how it is used (the defaults where nobody has said
    so)."""
    used = {row["name"]: dict(row) for row in connection.execute(select(channel)).mappings()}
    written = {name: {"url": url} for name, url in addresses().items()}
    kept = {name: _opened(name, row["address"]) for name, row in used.items() if row["address"]}
    return [_channel(name, used.get(name, {}), place) for name, place in sorted((kept | written).items())]


def _opened(name: str, sealed: str) -> dict[str, SecretStr] | None:
    opened = keys.opened(f"channel:{name}", sealed)
    return None if opened is None else {key: SecretStr(text) for key, text in orjson.loads(opened).items()}


def _channel(name: str, used: Values, place: Mapping[str, SecretStr] | None) -> Channel:
    """`place`: None where the address cannot be read; such a channel is off."""
    facts = {"language": house_language()} | {key: value for key, value in used.items() if key != "address"}
    facts |= {"name": name, "topics": tuple(used.get("topics") or ())}
    if place is None:
        return Channel(**facts | {"enabled": False}, platform=LOST, url=NONE)
    scheme = place["url"].get_secret_value().partition("://")[0].casefold()
    platform = WEBHOOK if facts.get("kind") == WEBHOOK else scheme
    return Channel(**facts, platform=platform, url=place["url"], secret=place.get("secret", NONE))


def find(connection: Connection, name: str) -> Channel:
    """The channel of that name. ShopError("notify.unknown_channel")."""
    for one in known(connection):
        if one.name == name:
            return one
    raise ShopError("notify.unknown_channel", name=name)
