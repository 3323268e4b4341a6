"""Where a page spends its time: `python -m tests.profile_page stock` loads the demo into a database of its own, runs the
page once to warm up and once under the profiler, and prints the costliest calls.

A second word chooses the address parameter of a tab, as in `python -m tests.profile_page pricing pricing_tab=advice`.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import shutil
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.testing.v1 import AppTest

from core.access import Actor
from pages.parts.shell import menu
from tests import demo_shop
from tests.conftest import create

MOST = 25


def main(page: str, *parameters: str) -> None:
    """Runs one page as the administrator and prints the profile by cumulated time."""
    entry = next(entry for entry in menu.MENU if entry.page == page)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/demo.db"
        file = Path(folder) / "demo.db"
        if ready := os.environ.get(demo_shop.FILE):
            shutil.copy(ready, file)
        else:
            demo_shop.load(file, create)
        with patch("pages.parts.entry.visitor.visitor", lambda: Actor("profile", "admin")):
            app = AppTest.from_file(str(entry.file), default_timeout=120)
            for parameter in parameters:
                name, _, value = parameter.partition("=")
                app.query_params[name] = value
            _checked(app.run())
            profile = cProfile.Profile()
            script = ScriptRunner._run_script  # the script runs in a thread of its own: profiled there
            with patch.object(ScriptRunner, "_run_script", lambda *args: profile.runcall(script, *args)):
                _checked(app.run())
    pstats.Stats(profile).sort_stats("cumulative").print_stats(MOST)


def _checked(app: AppTest) -> None:
    if app.exception:
        raise SystemExit(f"the page failed: {app.exception[0].message}")


if __name__ == "__main__":
    main(*sys.argv[1:])
