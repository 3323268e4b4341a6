"""The compound file around a legacy workbook: its sectors chained into one stream.

Runs in the reading child only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

_FREE = 0xFFFFFFFA  # sector numbers from here on mean no sector
_SMALL = 4096  # streams below this lie in the small sectors
_ROOT = 5


def workbook_stream(content: bytes) -> bytes:
    """The stream of the workbook's records, b"" where the file has none; struct.error, IndexError or ValueError for a
    damaged file."""
    file = _File(content)
    for name in ("Workbook", "Book"):
        if name in file.streams:
            return file.stream(*file.streams[name])
    return b""


class _File:
    """Sectors, their chains and the directory."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._size = 1 << struct.unpack_from("<H", content, 30)[0]
        self._small = 1 << struct.unpack_from("<H", content, 32)[0]
        first_directory, first_small = (
            struct.unpack_from("<I", content, 48)[0],
            struct.unpack_from("<I", content, 60)[0],
        )
        self._next = self._table()
        self._next_small = _numbers(self._chain(first_small)) if first_small < _FREE else ()
        self.streams, self._root = self._directory(first_directory)

    def stream(self, first: int, size: int) -> bytes:
        """The bytes of a stream."""
        if size >= _SMALL:
            return self._chain(first)[:size]
        root = self._chain(self._root)
        sectors = _follow(first, self._next_small)
        return b"".join(root[at * self._small : (at + 1) * self._small] for at in sectors)[:size]

    def _sector(self, number: int) -> bytes:
        return self._content[(number + 1) * self._size : (number + 2) * self._size]

    def _chain(self, first: int) -> bytes:
        return b"".join(map(self._sector, _follow(first, self._next)))

    def _table(self) -> tuple[int, ...]:
        """For each sector the one that follows it."""
        places = list(struct.unpack_from("<109I", self._content, 76))
        more = struct.unpack_from("<I", self._content, 68)[0]
        while more < _FREE and len(places) < len(self._content) // self._size + 110:
            *numbers, more = _numbers(self._sector(more))
            places += numbers
        return _numbers(b"".join(self._sector(at) for at in places if at < _FREE))

    def _directory(self, first: int) -> tuple[dict[str, tuple[int, int]], int]:
        """(name -> first sector and size, the first sector of the root)."""
        streams: dict[str, tuple[int, int]] = {}
        root, entries = _FREE, self._chain(first)
        for at in range(0, len(entries) - 127, 128):
            length, kind = struct.unpack_from("<HB", entries, at + 64)
            start, size = struct.unpack_from("<II", entries, at + 116)
            name = entries[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
            if kind == _ROOT:
                root = start
            elif kind:
                streams.setdefault(name, (start, size))
        return streams, root


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _follow(first: int, following: tuple[int, ...]) -> list[int]:
    """The sectors of a chain; one that never ends is damaged."""

    def chain() -> Iterator[int]:
        """Each sector's number, from the first to the one that leads nowhere."""
        at = first
        while at < _FREE:
            yield at
            at = following[at]

    sectors = list(islice(chain(), len(following) + 1))
    if len(sectors) > len(following):
        raise ValueError(first)
    return sectors
