"""The shop's own key: from `BIGSALE_SECRET`, or from a file made once beside the data; one derived key for
each purpose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from core.settings import settings


def derived(purpose: str) -> bytes:
    """32 bytes for one purpose ("audit", "device" ..), so that a value made for one is worth nothing for
    another."""
    secret = settings().secret.get_secret_value().encode() or _from_file(settings().data_dir / "secret.key")
    return hmac.digest(secret, purpose.encode(), hashlib.sha256)


def sealed(purpose: str, text: str) -> str:
    """A text that only this shop's key opens again, and only for the same purpose."""
    return _vault(purpose).encrypt(text.encode()).decode()


def opened(purpose: str, sealed_text: str) -> str | None:
    """What was sealed; None where another key or another purpose sealed it, or somebody changed it."""
    try:
        return _vault(purpose).decrypt(sealed_text.encode()).decode()
    except InvalidToken:
        return None


def _vault(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived(f"sealed:{purpose}")))


def fingerprint() -> str:
    """Which key this is, without saying anything of it."""
    return derived("fingerprint").hex()[:16]


@lru_cache(maxsize=8)
def _from_file(path: Path) -> bytes:
    """The key file's bytes; made on first use, readable by its owner alone, and never half written."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # fails where another process was first: then its key counts
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes().strip()
