"""The command line from forecast to receipt, as a schedule would run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import app
from core.campaign.challenge import PlanFigures, challenges
from core.commands.replenishment import _doubted
from core.commands.terminal import run
from core.replenishment.demand import Doubts
from core.settings import settings
from tests.replenishment.conftest import Shop


@pytest.fixture
def line(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], now: Any) -> Any:
    """Runs one command line with --json on the shop's database, at the shop's moment; returns exit code and
    answer."""
    monkeypatch.setenv("DATABASE_URL", shop.db.url)
    monkeypatch.setattr("core.clock.now", lambda: shop.now)
    monkeypatch.setattr(
        "core.commands.terminal.run.require_current", lambda database: None
    )  # tests' databases are made from the tables
    settings.cache_clear()

    def call(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = run.main(app, [*words, "--json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out.strip() else None

    yield call
    settings.cache_clear()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_from_forecast_to_receipt(line: Any, shop: Shop, tmp_path: Path) -> None:
    code, told = line("forecast", "--campaign", shop.campaign_id, "--horizon", "2")
    assert code == 0, told
    assert {"sku_code", "mean", "low", "high", "source"} <= set(told[0])
    code, sheet = line("replenish", "--campaign", shop.campaign_id, "--budget", "4000")
    assert code == 0
    assert sum(row["amount"] or 0 for row in sheet) <= 400_000
    for row in sheet:
        assert {"sku_code", "need", "quantity", "critical_ratio", "forecast_mean", "explain"} <= set(row)
        assert row["explain"][-1] == {"term": "quantity", "value": row["quantity"]}
    assert (
        line("replenish", "--campaign", shop.campaign_id, "--budget", "nan")[1]["error"] == "money.unreadable"
    )
    run_id = sheet[0]["run_id"]
    assert line("purchase", "order", run_id)[0] == 1
    assert line("purchase", "approve", run_id) == (
        0,
        {"run_id": run_id, "state": "approved", "units": sum(row["quantity"] for row in sheet)},
    )
    code, made = line("purchase", "order", run_id)
    assert code == 0
    number = made["orders"][0]["number"]
    assert (tmp_path / line("purchase", "export", number, "--out", str(tmp_path))[1]["file"]).exists()
    assert line("purchase", "receive", number, "--sku", "nonsense")[0] == 1
    assert line("purchase", "receive", number)[1]["state"] == "received"
    assert line("purchase", "list", "--campaign", shop.campaign_id)[1][-1]["quantity"] > 0
    later = line("replenish", "--campaign", shop.campaign_id, "--date", "2026-11-09")[1]
    assert {row["quantity"] for row in later} == {0}
    assert line("reorder", "--campaign", shop.campaign_id)[0] == 0


def test_a_target_that_nobody_set_in_money_is_no_target_of_zero() -> None:
    figures = PlanFigures(target_units=2_400, forecast_units=1_394)
    doubts = Doubts(figures, challenges(figures))
    said = _doubted(doubts)
    assert "2,400" in said[0]
    assert "—" in said[0]
    assert "¥0" not in said[0]
