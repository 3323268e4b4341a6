"""A workbook that Excel has locked with a password is told so in the same clear words at every door, and nothing of it is
written."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from core.access import Actor
from core.connect import service as inbox_service
from core.connect.kinds import KINDS, kind
from core.database import Database
from core.errors import ShopError
from core.imports import service as imports
from core.live.intake import files
from core.translations import sentences
from tests.connect.conftest import inbox as inbox


def locked() -> bytes:
    """An ordinary workbook, encrypted as Excel does it (agile encryption, AES-256)."""
    plain, sealed = io.BytesIO(), io.BytesIO()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["商家编码", "实物库存"], ["S01", 5], ["S02", 7]):
        sheet.append(row)
    book.save(plain)
    OOXMLFile(io.BytesIO(plain.getvalue())).encrypt("open-sesame", sealed)
    return sealed.getvalue()


LOCKED = locked()


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.xlsm"])
@pytest.mark.parametrize("what", ["stock", "orders", "prices", "people"])
def test_the_upload_of_each_kind_says_so(sqlite: Database, admin: Actor, what: str, name: str) -> None:
    assert what in KINDS
    with pytest.raises(ShopError) as refused:
        imports.inspect(sqlite, admin, kind(what), LOCKED, name)
    assert refused.value.code == "sheet.encrypted"


def test_the_command_line_says_so(tmp_path: Path, command_line: Callable[..., Any]) -> None:
    path = tmp_path / "stock.xlsx"
    path.write_bytes(LOCKED)
    code, said = command_line("import", "stock", str(path))
    assert code != 0
    assert said["error"] == "sheet.encrypted"


def test_the_watched_folder_puts_it_away_and_says_so(
    sqlite: Database, admin: Actor, inbox: Path, now: datetime
) -> None:
    (inbox / "stock.xlsx").write_bytes(LOCKED)
    os.utime(inbox / "stock.xlsx", (time.time() - 60,) * 2)
    (outcome,) = inbox_service.collect(sqlite, admin, now)
    assert (outcome.state, outcome.code) == ("refused", "sheet.encrypted")
    assert [path.suffix for path in (inbox / "refused").iterdir()] == [".xlsx"]


def test_a_file_of_events_says_so(sqlite: Database, admin: Actor, now: datetime) -> None:
    with pytest.raises(ShopError) as refused:
        files.import_events(
            sqlite, admin, files.EventFile(LOCKED, "events.xlsx", timezone="Asia/Shanghai"), now
        )
    assert refused.value.code == "sheet.encrypted"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sentence_says_what_to_do(language: str) -> None:
    said = sentences(language)["errors.sheet.encrypted"]
    assert "Excel" in said
    assert "{" not in said
