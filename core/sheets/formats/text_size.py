"""How much text a workbook will unfold, counted before any table is built: one long text may be told in many
cells, or stand in each of them.

Runs in the reading child only.
"""

from __future__ import annotations

import io
import re
import zipfile
from array import array
from collections.abc import Sequence

from core.errors import ShopError
from core.sheets.formats.container import Part, inflated

_STRINGS = "xl/sharedstrings.xml"
_SHORTEST_CELL = 23  # bytes of <c t="s"><v>0</v></c>
_MARKUP = 64  # bytes that a cell takes beside its text, as a rule
_REFERENCE = re.compile(rb"""\bt=["']s["'][^>]*>\s*<v>(\d+)</v>""")
_AROUND = len(b"<si><t></t></si>")


def require_text_fits(content: bytes, parts: Sequence[Part], most: int) -> None:
    """ShopError("sheet.memory", sheet) for the first sheet whose text alone is longer than `most` bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    shared = next((name for name in sizes if name.lower() == _STRINGS), "")
    lengths = _lengths(content, shared) if shared else array("q")
    longest = max(lengths, default=0)
    for part in parts:
        size = sizes.get(part.path, 0) if part.is_table else 0
        inline = size > most and _inline(content, part.path, size) > most
        shared_text = (
            size // _SHORTEST_CELL * longest > most and _shared(content, part.path, lengths, most) > most
        )
        if inline or shared_text:
            raise ShopError("sheet.memory", sheet=part.name)


def _lengths(content: bytes, path: str) -> array[int]:
    """Bytes of each shared text."""
    lengths, open_text = array("q"), -1
    rest = b""
    for piece in inflated(content, path):
        texts = (rest + piece).split(b"<si>")
        rest = texts[-1][-3:] if texts[-1][-3:].startswith(b"<") else b""  # "<si>" may be cut in the middle
        for number, text in enumerate(texts):
            if number:
                if open_text >= 0:
                    lengths.append(max(open_text - _AROUND, 0))
                open_text = 0
            if open_text >= 0:
                open_text += len(text)
    if open_text >= 0:
        lengths.append(max(open_text - _AROUND, 0))
    return lengths


def _inline(content: bytes, path: str, size: int) -> int:
    """About how many bytes of text stand in the cells themselves."""
    cells = 0
    for piece in inflated(content, path):
        cells += piece.count(b"<c ")
    return size - cells * _MARKUP


def _shared(content: bytes, path: str, lengths: array[int], most: int) -> int:
    """Bytes of shared texts that a sheet tells, as far as they fit."""
    total, rest = 0, b""
    for piece in inflated(content, path):
        text = rest + piece
        cut = max(text.rfind(b"<c "), 0)
        for match in _REFERENCE.finditer(text, 0, cut):
            index = int(match[1])
            total += lengths[index] if index < len(lengths) else 0
        rest = text[cut:]
        if total > most:
            return total
    return total + sum(lengths[int(m[1])] for m in _REFERENCE.finditer(rest) if int(m[1]) < len(lengths))
