"""The screens with a stopwatch: `python -m tests.bench.timed_screens PORT FILE` serves them and writes the
CPU milliseconds of each refresh of the live page and the wall, one a line: the script's thread, from the
fragment's first line to its last."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from streamlit.web.cli import main

from pages.parts.live import board, wall


def timed(work: Callable[..., None], file: Path) -> Callable[..., None]:
    """The fragment's body, its CPU noted."""

    @wraps(work)
    def measured(*given: Any) -> None:
        begun = time.thread_time()
        try:
            work(*given)
        finally:
            with file.open("a") as out:
                out.write(f"{(time.thread_time() - begun) * 1000:.2f}\n")

    return measured


if __name__ == "__main__":
    port, file = sys.argv[1], Path(sys.argv[2])
    board._board, wall._show = timed(board._board, file), timed(wall._show, file)
    sys.argv = ["streamlit", "run", "dashboard.py", "--server.port", port]
    main()
