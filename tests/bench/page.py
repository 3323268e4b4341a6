"""The page of benchmarks, written by one run (`make bench`): every ratio with the peer that was measured beside it, its promise,
whether it was kept, the machine and the day. A pytest plugin: `-p tests.bench.page --benchmarks docs/benchmarks.md`."""

from __future__ import annotations

import ast
import os
import platform
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

Results = dict[str, list[tuple[str, str, str]]]
QUIET = 0.1  # share of the machine that others may use without a mark
_STATE = {"passed": "kept", "failed": "**broken**", "skipped": "not run"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the page goes."""
    parser.addoption("--benchmarks", default="", help="file that the run's figures are written to")


def pytest_configure(config: pytest.Config) -> None:
    """Listens where a page is wanted."""
    if config.getoption("--benchmarks"):
        config.pluginmanager.register(Listener(Path(config.getoption("--benchmarks"))), "benchmarks-page")


class Listener:
    """Gathers what each bench prints."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.results: Results = defaultdict(list)
        self._begun = (0.0, 0.0, 0.0)

    def pytest_runtest_setup(self) -> None:
        """One bench begins."""
        self._begun = (time.monotonic(), busy(), own())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One bench has ended."""
        if report.when == "call" or report.skipped:
            file, _, name = report.nodeid.partition("::")
            state = _STATE[report.outcome] + beside(self._begun, (time.monotonic(), busy(), own()))
            self.results[file].append((name, state, report.capstdout.strip()))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Writes the page and shows it."""
        text = page(self.results, machine(), datetime.now(UTC))
        self.file.write_text(text, encoding="utf-8")
        terminalreporter.write_line(text)


def busy() -> float:
    """CPU seconds that all programs of this machine have used."""
    user, nice, system = Path("/proc/stat").read_text().split(maxsplit=4)[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def own() -> float:
    """CPU seconds of this process and its descendants, the ended ones with them."""
    tick, parents, used = os.sysconf("SC_CLK_TCK"), {}, {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit():
                fields = entry.joinpath("stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
                used[int(entry.name)] = sum(map(int, fields[11:15])) / tick
    family = {os.getpid()}
    for _ in parents:
        more = {child for child, parent in parents.items() if parent in family} - family
        if not more:
            break
        family |= more
    return sum(used.get(pid, 0.0) for pid in family)


def beside(begun: tuple[float, float, float], ended: tuple[float, float, float]) -> str:
    """What else the machine did meanwhile, where it was more than QUIET of its cores: such figures are no measure of ours."""
    took, all_work, our_work = (after - before for before, after in zip(begun, ended, strict=True))
    share = max(0.0, all_work - our_work) / max(took * (os.cpu_count() or 1), 1e-9)
    return f", beside other work that took {share:.0%} of the machine" if share > QUIET else ""


def machine() -> str:
    """Processor, cores and memory of this machine, and its Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def page(results: Results, where: str, at: datetime) -> str:
    """The page: a section a file with its first sentence, a line a bench with its state and what it printed."""
    broken = [
        name
        for benches in results.values()
        for name, state, _ in benches
        if state.startswith(_STATE["failed"])
    ]
    head = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {at:%Y-%m-%d %H:%M} UTC, in one run, on {where}.",
        "A promise is a ratio to a peer measured in the same run, so it holds on another machine too; seconds stand beside it for this one.",
        "",
        f"{sum(map(len, results.values()))} benches, broken promises: {', '.join(broken) or 'none'}.",
    ]
    for file, benches in sorted(results.items()):
        head += ["", f"## {_about(file)}", "", f"`{file}`", ""]
        for name, state, said in benches:
            head += [f"- {name}: {state}"]
            head += ["", *(f"  {line}" for line in said.splitlines()), ""] if said else []
    return "\n".join(head) + "\n"


def _about(file: str) -> str:
    """The first sentence of a bench file."""
    path = Path(file)
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else ""
    return (told or path.stem).replace("\n", " ").partition(". ")[0].rstrip(".")
