"""The credentials file of a NATS account (`.creds`): who we are, and a signature that proves it. Read anew at each
connection, so that a file that was exchanged counts; what stands in it is shown nowhere."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.errors import ShopError

_BLOCK = re.compile(r"-+BEGIN (NATS USER JWT|USER NKEY SEED)-+\s+(\S+)\s+-+END ")
_SEED_BYTES, _PREFIX_BYTES, _CHECK_BYTES = 32, 2, 2
_USER_SEED = "SU"


@dataclass(frozen=True, slots=True, repr=False)
class Upstream:
    """The other side: its servers with what the address itself holds, its stream, and the credentials file, None where
    the address is enough."""

    servers: str
    stream: str
    credentials: Path | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An account's token, and the key that signs what a server asks."""

    token: bytes
    key: Ed25519PrivateKey

    def jwt(self) -> bytes:
        """The token that says who we are."""
        return self.token

    def sign(self, nonce: str) -> bytes:
        """The signature of a server's question, in base64."""
        return base64.b64encode(self.key.sign(nonce.encode()))


def read(path: Path) -> Credentials:
    """The credentials of a file. ShopError("connect.no_credentials" | "connect.bad_credentials")."""
    try:
        text = path.read_text("ascii")
    except OSError as error:
        raise ShopError("connect.no_credentials", fault=type(error).__name__) from error
    except UnicodeDecodeError:
        raise ShopError("connect.bad_credentials") from None
    blocks = dict(_BLOCK.findall(text))
    if len(blocks) < len({"NATS USER JWT", "USER NKEY SEED"}):
        raise ShopError("connect.bad_credentials")
    return Credentials(blocks["NATS USER JWT"].encode(), _key(blocks["USER NKEY SEED"]))


def _key(seed: str) -> Ed25519PrivateKey:
    """The key of an nkey seed: base32 of two bytes that say what it is, 32 bytes, and their CRC-16."""
    try:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except ValueError:
        raise ShopError("connect.bad_credentials") from None
    body, check = raw[:-_CHECK_BYTES], int.from_bytes(raw[-_CHECK_BYTES:], "little")
    whole = len(body) == _PREFIX_BYTES + _SEED_BYTES and seed.startswith(_USER_SEED)
    if not whole or crc16(body) != check:
        raise ShopError("connect.bad_credentials")
    return Ed25519PrivateKey.from_private_bytes(body[_PREFIX_BYTES:])


def crc16(content: bytes) -> int:
    """The check of an nkey (CRC-16/XMODEM).

    >>> hex(crc16(b"123456789"))
    '0x31c3'
    """
    check = 0
    for byte in content:
        check ^= byte << 8
        for _ in range(8):
            check = ((check << 1) ^ 0x1021 if check & 0x8000 else check << 1) & 0xFFFF
    return check
