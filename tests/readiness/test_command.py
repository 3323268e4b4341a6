"""`staffing` and `import warmup` on the command line, and the rota that people print."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from core import __main__ as line
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.commands.terminal import run
from core.database import Database
from core.readiness import staffing
from core.settings import settings
from core.sheets.writer import export
from pages.parts.readiness.rota import rota_table
from tests import shops
from tests.warmup.test_signals import SHEET, book

OPENS = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def campaign(sqlite: Database, lead: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    settings.cache_clear()
    made = campaigns.add_sale(sqlite, lead, NewSale("双 11", OPENS, OPENS + timedelta(hours=28)), now=now)
    shops.planned(sqlite, lead, made, now)
    return made


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict]:
    code = run.main(line.app, ["--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_staffing_prints_heads_per_stage_and_hour(
    campaign: str, sqlite: Database, lead: Actor, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = said(capsys, "staffing", "--campaign", campaign)
    assert code == 0
    heads = staffing.heads(sqlite, lead, campaign)
    assert answer["person_hours"] == pytest.approx(heads.person_hours)
    assert sum(row["orders"] for row in answer["warehouse"] if row["stage"] == "load") == pytest.approx(
        120_000
    )
    assert {row["stage"] for row in answer["rota"]} == set(staffing.STAGES)
    assert len(answer["chat"]) == len(heads.chat)
    assert said(capsys, "staffing", "--campaign", "nobody")[1]["error"] == "campaign.unknown"


def test_import_warmup_counts_as_every_import(
    campaign: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "warm.xlsx"
    file.write_bytes(book(*SHEET))
    code, answer = said(capsys, "import", "warmup", str(file))
    assert code == 0
    assert answer["committed"] is True
    counts = sum(answer[name] for name in ("added", "changed", "unchanged", "merged", "skipped_totals"))
    assert answer["rows"] == counts + len({cell["row"] for cell in answer["rejected"]})
    assert said(capsys, "undo", answer["import_id"])[0] == 0


def test_the_rota_is_a_sheet_to_print(campaign: str, sqlite: Database, lead: Actor) -> None:
    heads = staffing.heads(sqlite, lead, campaign)
    frame = rota_table(heads)
    assert frame["heads"].sum() == heads.rota["heads"].sum() + heads.chat_rota["heads"].sum()
    assert not frame.duplicated(["day", "shift"]).any()
    columns = [("shift", "班次", "text"), ("pick", "拣货", "integer"), ("heads", "合计", "integer")]
    page = load_workbook(io.BytesIO(export(frame, columns, "排班表"))).active
    assert page is not None
    assert [cell.value for cell in page[1]] == ["班次", "拣货", "合计"]
    assert page.max_row == len(frame) + 1
