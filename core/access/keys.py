"""The shop's own key: from `BIGSALE_SECRET`, or from a file made once beside the data; one derived key for each purpose."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from core.settings import settings


def derived(purpose: str) -> bytes:
    """32 bytes for one purpose ("audit", "device" ..), so that a value made for one is worth nothing for another."""
    given = settings().secret.get_secret_value()
    return hmac.digest(given.encode() or _from_file(settings().data_dir / "secret.key"), purpose.encode(), hashlib.sha256)


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
