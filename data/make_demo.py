"""Makes the demo's workbooks: `python -m data.make_demo` writes data/demo/ anew.

Each `data/demo_<room>.py` has `files(anchor) -> {file name: bytes}`; `anchor` is the demo's today,
OPENS_IN_DAYS before the sale opens, so that the demo that `python -m core demo` loads is always three weeks
before its sale. Fixed seeds: the same anchor gives the same cells. `core/commands/system/demo.py` loads the
files through the real import path.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path

import orjson

from data.english.speaking import speaking, translated

ANCHOR = date(2026, 10, 21)  # of the workbooks that lie in data/demo
OPENS_IN_DAYS = 21  # the sale opens at 20:00 on the evening before this day's date is reached: 10 November for ANCHOR's 11 November
ROOMS = (
    "goods",
    "pictures",
    "campaign",
    "pricing",
    "warmup",
    "readiness",
    "replenishment",
    "past_reports",
    "live",
    "experiments",
    "people",
    "lists",
)
FOLDER = Path(__file__).parent / "demo"


def build(anchor: date, language: str = "zh") -> dict[str, bytes]:
    """Every demo file by name, for a demo whose today is `anchor`; names in the language ("zh" | "en")."""
    contents: dict[str, bytes] = {}
    with speaking(language):
        for room in ROOMS:
            files: Callable[[date], dict[str, bytes]] = import_module(f"data.demo_{room}").files
            contents |= files(anchor)
        return (
            {name: _named(name, content) for name, content in contents.items()}
            if language == "en"
            else contents
        )


def _named(name: str, content: bytes) -> bytes:
    """A file's names in the language that is spoken: of plans here, of workbooks as they are written."""
    return orjson.dumps(translated(orjson.loads(content))) if name.endswith(".json") else content


def write(folder: Path, anchor: date) -> list[Path]:
    """Writes the demo files of `anchor` into a folder and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files = build(anchor)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


if __name__ == "__main__":
    for path in write(FOLDER, ANCHOR):
        print(path.name, path.stat().st_size)
