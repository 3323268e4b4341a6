"""A NATS account with a credentials file, on a real server that trusts nothing but its operator's signature."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import nats
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.js.api import StreamConfig
from pydantic import SecretStr

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.connect.stream import credentials, service
from core.connect.stream.credentials import crc16
from core.database import Database
from core.errors import ShopError
from core.settings import settings
from tests.aside import answered
from tests.connect.cluster import STREAM, program
from tests.connect.shops import OPENS
from tests.connect.test_nats import NOON, orders
from tests.security.conftest import free_port
from tests.servers import await_port

PREFIXES = {"O": 14 << 3, "A": 0, "U": 20 << 3}
SEED = 18 << 3
UNLIMITED = dict.fromkeys(
    ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "streams", "consumer"), -1
)


class Key:
    """An nkey: what it is, its name for others, and its signature."""

    def __init__(self, kind: str) -> None:
        self.kind, self._key = kind, Ed25519PrivateKey.generate()

    @property
    def name(self) -> str:
        return _spelled(bytes([PREFIXES[self.kind]]) + self._key.public_key().public_bytes_raw())

    @property
    def seed(self) -> str:
        prefix = PREFIXES[self.kind]
        return _spelled(bytes([SEED | prefix >> 5, (prefix & 31) << 3]) + self._key.private_bytes_raw())

    def token(self, subject: Key, kind: str, claims: dict[str, Any]) -> str:
        """A JWT that this key signs for the other."""
        body = {"iss": self.name, "sub": subject.name, "name": kind, "iat": 1_700_000_000}
        body |= {"nats": claims | {"type": kind, "version": 2}}
        body["jti"] = (
            base64.b32encode(hashlib.sha256(json.dumps(body).encode()).digest()).decode().rstrip("=")
        )
        words = [_part({"typ": "JWT", "alg": "ed25519-nkey"}), _part(body)]
        return ".".join([*words, _url(self._key.sign(".".join(words).encode()))])


def _spelled(raw: bytes) -> str:
    return base64.b32encode(raw + crc16(raw).to_bytes(2, "little")).decode().rstrip("=")


def _part(body: dict[str, Any]) -> str:
    return _url(json.dumps(body, separators=(",", ":")).encode())


def _url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def creds(token: str, user: Key) -> str:
    """A file as `nsc generate creds` writes it."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\nKeep it.\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
    )


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """(address, credentials file) of a server with an operator, its system account, and the shop's account."""
    operator, system, account, user = Key("O"), Key("A"), Key("A"), Key("U")
    limits = UNLIMITED | {"wildcards": True, "mem_storage": -1, "disk_storage": -1}
    own = operator.token(operator, "operator", {"system_account": system.name})
    tokens = {
        one.name: operator.token(one, "account", {"limits": bounds})
        for one, bounds in (
            (system, UNLIMITED | {"wildcards": True, "streams": 0, "consumer": 0}),
            (account, limits),
        )
    }
    preload = "\n".join(f'{name}: "{token}"' for name, token in tokens.items())
    port, config = free_port(), tmp_path / "nats.conf"
    config.write_text(
        f'listen: "127.0.0.1:{port}"\noperator: "{own}"\nsystem_account: {system.name}\nresolver: MEMORY\n'
        f'resolver_preload: {{\n{preload}\n}}\njetstream {{ store_dir: "{tmp_path / "js"}" }}\n'
    )
    path = tmp_path / "shop.creds"
    rights = {"subs": -1, "data": -1, "payload": -1}
    path.write_text(creds(account.token(user, "user", rights), user))
    path.chmod(0o600)
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen([program(), "-c", str(config)], stdout=log, stderr=log)
    try:
        await_port(port, 60)
        yield f"nats://127.0.0.1:{port}", path
    finally:
        server.kill()
        server.wait()


async def send(url: str, path: Path, lines: list[bytes]) -> None:
    own = credentials.read(path)
    client = await nats.connect(url, user_jwt_cb=own.jwt, signature_cb=own.sign)
    context = client.jetstream()
    await context.add_stream(StreamConfig(name=STREAM, subjects=["sale.>"]))
    for line in lines:
        await context.publish("sale.orders", line)
    await client.close()


def test_an_account_with_a_credentials_file(
    guarded: tuple[str, Path], sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, path = guarded
    campaigns.add_sale(sqlite, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS)
    answered(send(url, path, orders(0, 3)))
    monkeypatch.setattr(settings(), "nats_url", SecretStr(url))
    with pytest.raises(ShopError, match=r"connect\.stream_denied"):
        service.test(admin)
    monkeypatch.setattr(settings(), "nats_credentials", path)
    assert service.test(admin).messages == 6
    assert service.gather(sqlite, NOON) == 6
    (card,) = service.cards(sqlite, admin, NOON)
    assert (card.state, card.rows) == ("good", 6)
    stranger = Key("U")
    other = Key("A")
    path.write_text(creds(other.token(stranger, "user", {"subs": -1, "data": -1, "payload": -1}), stranger))
    with pytest.raises(ShopError, match=r"connect\.stream_denied"):
        service.gather(sqlite, NOON + timedelta(minutes=2))


@pytest.mark.parametrize("change", ["seed", "token", "letters", "kind", "bytes"])
def test_what_is_no_credentials_file_says_so(tmp_path: Path, change: str) -> None:
    user, path = Key("U"), tmp_path / "shop.creds"
    text = creds("a.b.c", user)
    wrong = {
        "seed": text.replace(user.seed, user.seed[:-4] + ("AAAA" if user.seed[-4:] != "AAAA" else "BBBB")),
        "token": text.replace("USER JWT", "JWT"),
        "letters": text.replace(user.seed, "SU!!"),
        "kind": creds("a.b.c", Key("A")),
        "bytes": "\xff" + text,
    }
    path.write_text(wrong[change], "utf-8")
    with pytest.raises(ShopError, match=r"connect\.bad_credentials"):
        credentials.read(path)
    path.write_text(text)
    assert credentials.read(path).jwt() == b"a.b.c"
    assert user.seed not in repr(credentials.read(path))
    with pytest.raises(ShopError, match=r"connect\.no_credentials"):
        credentials.read(tmp_path / "none.creds")


def test_a_wrong_password_is_no_server_that_cannot_be_reached(
    tmp_path: Path, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    words = [
        "-a",
        "127.0.0.1",
        "-p",
        str(port),
        "--user",
        "me",
        "--pass",
        "word",
        "-js",
        "-sd",
        str(tmp_path),
    ]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen([program(), *words], stdout=log, stderr=log)
    try:
        await_port(port, 60)
        monkeypatch.setattr(settings(), "nats_url", SecretStr(f"nats://me:other@127.0.0.1:{port}"))
        with pytest.raises(ShopError, match=r"connect\.stream_denied"):
            service.test(admin)
    finally:
        server.kill()
        server.wait()
