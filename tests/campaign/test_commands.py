"""`campaign add|list`, `plan`, `goods`, `import traffic|orders` as an operator's script sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core import __main__ as line
from core.commands.terminal import run
from core.database import Database
from core.settings import settings


@pytest.fixture
def core(sqlite: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command line with --json on this test's database: (exit code, what it said)."""
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    settings.cache_clear()

    def call(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = run.main(line.app, [*words, "--json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    yield call
    monkeypatch.undo()
    settings.cache_clear()


def test_a_campaign_with_its_target(core: Any) -> None:
    code, made = core(
        "campaign",
        "add",
        "双十一",
        "--opens",
        "2026-11-10T20:00",
        "--closes",
        "2026-11-12T00:00+08:00",
        "--target",
        "50000000",
        "--visitors",
        "2000000",
        "--conversion",
        "0.1",
        "--aov",
        "250",
    )
    assert code == 0
    code, listed = core("campaign", "list")
    assert [row["campaign_id"] for row in listed] == [made["campaign_id"]]
    assert listed[0]["opens_at"].startswith("2026-11-10 12:00")
    code, plan = core("plan", "--campaign", made["campaign_id"])
    assert code == 0
    assert (plan["gmv"], plan["visitors"], plan["aov"]) == (5_000_000_000, 2_000_000, 25_000)
    for dimension in ("phase", "day", "hour", "channel", "tier"):
        assert sum(row["gmv"] for row in plan[dimension]) == plan["gmv"]
        assert sum(row["visitors"] for row in plan[dimension]) == plan["visitors"]
    assert [row["part"] for row in plan["day"]] == ["2026-11-10", "2026-11-11"]


def test_what_a_campaign_cannot_be(core: Any) -> None:
    code, said = core(
        "campaign", "add", "反了", "--opens", "2026-11-11T00:00", "--closes", "2026-11-10T00:00"
    )
    assert (code, said["error"]) == (1, "campaign.phase_order")
    assert said["message"] == "爆发 的结束要晚于开始（2026-11-11 00:00 → 2026-11-10 00:00）。"
    code, said = core(
        "campaign",
        "add",
        "反了",
        "--opens",
        "2026-11-11T00:00",
        "--closes",
        "2026-11-10T00:00",
        "--timezone",
        "Europe/Berlin",
    )
    assert "2026-11-11 00:00 → 2026-11-10 00:00" in said["message"], (
        "on the campaign's clock, whatever the shop's"
    )
    code, said = core(
        "campaign",
        "add",
        "对不上",
        "--opens",
        "2026-11-11T00:00",
        "--closes",
        "2026-11-12T00:00",
        "--target",
        "1",
        "--visitors",
        "2000000",
        "--conversion",
        "0.1",
        "--aov",
        "250",
    )
    assert (code, said["error"]) == (1, "plan.identity")
    for number in ("nan", "Infinity", "很多"):
        said = core(
            "campaign",
            "add",
            "数不清",
            "--opens",
            "2026-11-11",
            "--closes",
            "2026-11-12",
            "--visitors",
            number,
        )[1]
        assert said["error"] == "plan.unreadable"
    assert core("campaign", "list")[1] == []
    assert core("campaign", "add", "缺钟")[0] == 2
    assert core("plan", "--campaign", "x")[1]["error"] == "campaign.unknown"


def test_a_campaign_is_archived_and_put_back(core: Any) -> None:
    _, made = core("campaign", "add", "618", "--template", "618@00:00/2027")
    mine = made["campaign_id"]
    assert core("campaign", "archive", mine) == (0, {"campaign_id": mine, "archived": True})
    assert core("campaign", "list")[1] == []
    assert [(row["campaign_id"], row["archived"]) for row in core("campaign", "list", "--archived")[1]] == [
        (mine, True)
    ]
    assert core("campaign", "archive", mine, "--back")[0] == 0
    assert [row["campaign_id"] for row in core("campaign", "list")[1]] == [mine]
    code, said = core("campaign", "archive", "nobody")
    assert (code, said["error"]) == (1, "campaign.unknown")


def test_a_template_by_its_name(core: Any) -> None:
    code, made = core("campaign", "add", "618", "--template", "618@00:00/2027")
    assert code == 0
    listed = core("campaign", "list")[1]
    assert listed[0]["opens_at"].startswith("2027-05-31 16:00")
    assert core("plan", "--campaign", made["campaign_id"])[1]["error"] == "plan.none"


def test_reports_and_orders_in_and_the_goods_out(core: Any, shared: Path) -> None:
    _, made = core("campaign", "add", "618", "--template", "618@20:00/2019")
    code, report = core("import", "traffic", str(shared / "data" / "jd_2019" / "5月.xlsx"))
    assert code == 0
    assert report["rows"] == report["added"] + report["merged"] == 1024
    code, report = core("import", "orders", str(shared / "data" / "exports" / "taobao_orders_1月_tab.txt"))
    assert (code, report["rows"], report["added"]) == (0, 50, 50)
    assert core("undo", report["import_id"])[0] == 0
    assert core("goods", "--campaign", made["campaign_id"]) == (0, [])
