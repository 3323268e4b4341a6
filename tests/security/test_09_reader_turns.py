"""No file keeps the readers' turns to itself: text and rows are counted before a table is built, and an honest sheet
of somebody else is read within 30 seconds, whatever two hostile files do."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ShopError
from core.sheets.formats import turns as turns_module
from core.sheets.formats.turns import Turn, Turns
from core.sheets.reader import read_workbook
from tests.sheets import workbooks

HONEST = workbooks.workbook([["商家编码", "实物库存"], *([f"{n:05d}", n] for n in range(300))])


def told_28_000_times() -> bytes:
    """One text of 32 kB, told in 28,000 rows."""
    return workbooks.shared_string_bomb(32_000, 28_000)


def standing_in_13_000_cells() -> bytes:
    """13,000 rows with 32 kB each, a little more than the limit."""
    return workbooks.package({"Sheet1": workbooks.sheet_xml(workbooks.rows_xml([["x" * 32_000]] * 13_000))})


HOSTILE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "newlines around one cell": (
        lambda: b"a\n" * 3 + b"\n" * (30 << 20) + b"b\n",
        "x.csv",
        "sheet.too_many_rows",
    ),
    "newlines alone": (lambda: b"\n" * (30 << 20), "x.csv", ""),
    "carriage returns": (lambda: b"a" + b"\r" * (30 << 20) + b"b", "x.csv", "sheet.too_many_rows"),
    "told 28,000 times": (told_28_000_times, "x.xlsx", "sheet.memory"),
    "standing in 13,000 cells": (standing_in_13_000_cells, "x.xlsx", "sheet.memory"),
}


@pytest.mark.parametrize("what", list(HOSTILE))
def test_rows_and_text_are_counted_before_a_table_is_built(what: str) -> None:
    """CPU seconds of the child, which a busy machine does not change: they were 16 to 122."""
    make, name, code = HOSTILE[what]
    content = make()
    before = children_seconds()
    try:
        read_workbook(content, name)
        told = ""
    except ShopError as error:
        told = error.code
    assert (told or code) == code
    assert children_seconds() - before < 12


def children_seconds() -> float:
    """CPU seconds of this process's children that have ended."""
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_a_long_text_that_is_told_seldom_is_no_bomb() -> None:
    rows = [
        ["商家编码", "详情"],
        *([f"{n:05d}", "很" * 5_000 if n % 50 == 0 else "短"] for n in range(5_000)),
    ]
    assert read_workbook(workbooks.workbook(rows), "x.xlsx").sheets[0].rows == 5_001


def test_two_hostile_files_keep_a_third_persons_sheet_waiting_less_than_30_seconds() -> None:
    files = [make() for make, _, _ in (HOSTILE["newlines around one cell"], HOSTILE["told 28,000 times"])]
    ending = threading.Event()

    def upload(account: str, content: bytes) -> None:
        while not ending.is_set():
            try:
                read_workbook(content, "x.csv" if content.startswith(b"a") else "x.xlsx", account=account)
            except ShopError:
                continue

    threads = [threading.Thread(target=upload, args=(f"eve-{n}", files[n % 2])) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        begun = time.monotonic()
        assert read_workbook(HONEST, "库存.xlsx", account="mei").sheets[0].rows == 301
        assert time.monotonic() - begun < 30
    finally:
        ending.set()
        for thread in threads:
            thread.join()


class Children:
    """Readers whose children sleep until they are ended."""

    def __init__(self, patience: float = 0.3) -> None:
        self.turns = Turns(2, patience)
        self.alive: list[subprocess.Popen[bytes]] = []
        self.order: list[str] = []

    def read(self, account: str, seconds: float) -> threading.Thread:
        """A file of that account which takes so long."""

        def work() -> None:
            with self.turns.taken(account, 60) as turn:
                self.order.append(account)
                child = subprocess.Popen(["sleep", str(seconds)], start_new_session=True)
                self.alive.append(child)
                self.turns.started(turn, child.pid)
                child.wait()

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(0.1)
        return thread

    def end(self) -> None:
        """Ends every child."""
        for child in self.alive:
            child.send_signal(signal.SIGCONT)
            child.kill()

    def states(self) -> str:
        """The state letter of each child ("T" = halted)."""
        found = ""
        for child in self.alive:
            stat = Path(f"/proc/{child.pid}/stat")
            found += stat.read_text().rpartition(")")[2].split()[0] if stat.exists() else "-"
        return found


def test_who_waits_long_overtakes_a_file_that_takes_long_and_that_one_goes_on_later() -> None:
    children = Children()
    long = [children.read(account, 60) for account in ("eve", "mallory")]
    begun = time.monotonic()
    honest = children.read("mei", 0.2)
    assert children.turns.queue() == (2, 1)
    honest.join(10)
    assert not honest.is_alive()
    assert time.monotonic() - begun < 5
    until = time.monotonic() + 5
    while "T" in children.states() and time.monotonic() < until:
        time.sleep(0.05)
    assert "T" not in children.states(), "who was halted has gone on"
    children.end()
    for thread in long:
        thread.join(10)
    assert children.turns.queue() == (0, 0)


def test_an_account_with_many_files_takes_one_turn_while_others_wait() -> None:
    children = Children(patience=60)
    busy = [children.read("eve", 0.6) for _ in range(4)]
    honest = children.read("mei", 0.1)
    for thread in (*busy, honest):
        thread.join(20)
    assert children.order[:2] == ["eve", "eve"]
    assert children.order[2] == "mei", "before the third and fourth file of the other"


def test_a_file_that_is_overtaken_is_not_told_that_it_took_too_long() -> None:
    turn = Turn("eve", 0.0)
    turn.halted_at, turn.halted_for = 50.0, 5.0
    assert turn.seconds_halted(60.0) == 15.0


def test_who_does_not_come_in_time_is_told_how_many_wait() -> None:
    turns, now = Turns(1, 1_000.0), time.monotonic()
    with turns.taken("eve", 1), pytest.raises(ShopError) as refused, turns.taken("mei", 0.2):
        pass
    assert (refused.value.code, refused.value.facts["waiting"]) == ("sheet.queue", 1)
    assert time.monotonic() - now < 10
    assert turns_module.queue() == (0, 0)
