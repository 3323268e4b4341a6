"""The page that a run of the benches writes."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

from tests.bench.page import beside, busy, machine, own, page


def test_a_run_is_a_page_with_machine_day_peer_and_promise() -> None:
    results = {
        "tests/bench/test_intake.py": [
            ("test_a", "kept", "intake, SQLite: 0.47 of a bare insert-or-ignore (promise 0.45)"),
            ("test_b", "**broken**", "x: 3 (promise 2)"),
        ]
    }
    text = page(results, machine(), datetime(2026, 10, 1, 8, tzinfo=UTC))
    for part in (
        "2026-10-01 08:00 UTC",
        "cores",
        "0.47 of a bare insert-or-ignore (promise 0.45)",
        "broken promises: test_b",
    ):
        assert part in text
    assert "## " in text


def test_figures_taken_beside_other_work_are_marked() -> None:
    cores = os.cpu_count() or 1
    assert beside((0.0, 100.0, 10.0), (10.0, 100.0 + 5 * cores, 10.0 + 4.5 * cores)) == ""
    assert "50%" in beside((0.0, 100.0, 10.0), (10.0, 100.0 + 9 * cores, 10.0 + 4 * cores))
    text = page(
        {"x": [("a", "**broken**, beside other work", "")]}, machine(), datetime(2026, 10, 1, tzinfo=UTC)
    )
    assert "broken promises: a" in text


def test_own_work_is_counted_with_that_of_children() -> None:
    before, all_before = own(), busy()
    subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"], check=True)
    assert own() - before > 0.05
    assert busy() - all_before > 0.05
