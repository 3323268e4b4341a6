"""The signature of a backup: the last line of its file, an HMAC with the shop's key over everything before it."""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from pathlib import Path

from core.access import keys

_MARK = b"\nBIGSALE-HMAC-SHA256 "
LENGTH = len(_MARK) + 64 + 1
_PIECE = 2**20


class Signature(StrEnum):
    """How a file is signed."""

    OURS = "ours"
    ANOTHER_KEYS = "another_keys"  # or somebody has changed the file: nobody without the key can tell
    NONE = "none"


def sign(path: Path) -> None:
    """Appends the signature."""
    line = _MARK + _mac(path, path.stat().st_size).encode() + b"\n"
    with path.open("ab") as file:
        file.write(line)


def signature_of(path: Path) -> Signature:
    """Whether the file is one that this shop's key has signed."""
    trailer = _trailer(path)
    if not trailer:
        return Signature.NONE
    wanted = _mac(path, path.stat().st_size - LENGTH).encode()
    ours = hmac.compare_digest(trailer.removeprefix(_MARK).strip(), wanted)
    return Signature.OURS if ours else Signature.ANOTHER_KEYS


def copy_unsigned(source: Path, target: Path) -> None:
    """The backup itself, without its signature, into an existing file."""
    left = source.stat().st_size - (LENGTH if _trailer(source) else 0)
    with source.open("rb") as whole, target.open("wb") as bare:
        while left > 0:
            piece = whole.read(min(_PIECE, left))
            if not piece:
                break
            bare.write(piece)
            left -= len(piece)


def _trailer(path: Path) -> bytes:
    size = path.stat().st_size
    if size <= LENGTH:
        return b""
    with path.open("rb") as file:
        file.seek(size - LENGTH)
        trailer = file.read()
    return trailer if trailer.startswith(_MARK) and trailer.endswith(b"\n") else b""


def _mac(path: Path, size: int) -> str:
    counted = hmac.new(keys.derived("backup"), digestmod=hashlib.sha256)
    with path.open("rb") as file:
        while size > 0 and (piece := file.read(min(_PIECE, size))):
            counted.update(piece)
            size -= len(piece)
    return counted.hexdigest()
