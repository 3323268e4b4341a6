"""The real server at another time: `python -m tests.journey.later PORT FILE` serves the screens, their clock moved by as many
seconds as the file says at that moment."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamlit.web.cli import main

from core import clock


def moved_by(file: Path) -> None:
    """From here on this process is that much later."""
    clock.now = lambda: datetime.now(UTC) + timedelta(seconds=float(file.read_text()))


if __name__ == "__main__":
    port, file = sys.argv[1], Path(sys.argv[2])
    moved_by(file)
    sys.argv = ["streamlit", "run", "dashboard.py", "--server.port", port]
    main()
