"""Odd and real workbooks through the whole import: rows that add up, or a reason in the reader's words; never
a traceback."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from core.access import Actor
from core.commands.terminal import words
from core.connect.kinds import kind as kind_named
from core.database import Database
from core.errors import ShopError
from core.imports import service
from tests.imports.test_import import whole
from tests.sheets.test_bombs import resident_mib

UNREADABLE = {
    "OOM_alloc3.xls": "sheet.damaged",
    "issue252.xlsx": "sheet.damaged",
    "issue_385.xls": "sheet.encrypted",
    "issue_594_dos.ods": "sheet.damaged",
    "pass_protected.ods": "sheet.encrypted",
    "pass_protected.xlsb": "sheet.encrypted",
    "pass_protected.xlsx": "sheet.encrypted",
    "ptgexp-truncated-operand.xls": "sheet.damaged",
}


def test_every_file_gets_rows_or_a_reason_and_this_process_is_hardly_larger(
    sqlite: Database, merchandiser: Actor, now: datetime, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "language", lambda: "zh")
    paths = sorted([*(shared / "data/corpus/calamine").glob("*"), *(shared / "data/exports").glob("*")])

    def answer(path: Path) -> str:
        try:
            kind = kind_named("orders" if path.parent.name == "exports" else "stock")
            draft = service.check(service.inspect(sqlite, merchandiser, kind, path.read_bytes(), path.name))
            assert whole(service.commit(sqlite, merchandiser, draft, dry_run=True, now=now))
        except ShopError as refusal:
            said = words.sentence(refusal)
            assert refusal.code not in said, path.name
            assert any("\u4e00" <= letter <= "\u9fff" for letter in said), path.name
            return refusal.code
        return "rows"

    before = resident_mib()
    with ThreadPoolExecutor(2) as both:
        answers = dict(zip((path.name for path in paths), both.map(answer, paths), strict=True))
    assert len(answers) >= 140
    unreadable = {
        name: code for name, code in answers.items() if code.startswith("sheet.") and code != "sheet.no_rows"
    }
    assert unreadable == UNREADABLE
    assert sum(reason == "rows" for reason in answers.values()) >= 5
    assert resident_mib() - before < 50
