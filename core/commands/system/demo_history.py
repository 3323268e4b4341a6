"""The demo's two years of orders: laid down when the demo is loaded, taken in behind the open pages, a quarter at a
time through the real import path."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from datetime import date

from core.audience import runs
from core.commands.imports import run_import
from core.commands.terminal.run import desk
from core.database.locks import leading
from core.imports import waiting
from core.imports.waiting import Waiting
from core.settings import ROOT

KINDLY = 10  # those who click go first


def lay(today: date, names: str = "zh", people: int | None = None) -> None:
    """Makes the quarters and lays them down."""
    from data.english.speaking import speaking
    from data.history.orders import PEOPLE, quarters  # the demo is no part of the product

    with speaking(names):
        workbooks = quarters(today, people or PEOPLE)
    with desk().db.reading() as connection:
        waiting.lay(connection, workbooks)


def left() -> Waiting:
    """The quarters that lie there for this shop."""
    with desk().db.reading() as connection:
        return waiting.left(connection)


def take() -> int:
    """Takes in what lies there, unless another process does, and judges the stored segments of its people; how many
    quarters. ShopError as an import of orders."""
    with suppress(OSError):
        os.nice(KINDLY)
    with leading(desk().db, "history") as mine:
        done = (
            waiting.take(left(), lambda name, content: run_import("orders", name, content)) if mine() else 0
        )
    if done:
        _judge_again()
    return done


def _judge_again() -> None:
    """The last stored run of segments anew: it was made before these people were known, who would all seem to have
    come since."""
    at = desk()
    for run in runs.listed(at.db, at.actor)[:1]:
        runs.keep(at.db, at.actor, run.cuts.method, run.as_of, now=at.now)


def take_behind() -> None:
    """Begins to take in what lies there in a process of its own. The shell between them ends at once, so that nobody
    has to wait for it; what is cut short goes on at the next start."""
    if left().left:
        command = ["sh", "-c", '"$@" >/dev/null &', "sh", sys.executable, "-m", "core", "demo", "--history"]
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own interpreter
