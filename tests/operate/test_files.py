"""What docs/operate hands out beside the nginx file: it names what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from prometheus_client import generate_latest

from core.__main__ import app
from core.settings import Settings
from core.web.health import REGISTRY

FILES = Path(__file__).resolve().parents[2] / "docs" / "operate"
NAME = re.compile(r"\b(?:bigsale|process)_[a-z_]+\b")
OURS_ELSEWHERE = {"up"}


def exported() -> set[str]:
    """Every series that /metrics has."""
    lines = generate_latest(REGISTRY).decode().splitlines()
    types = [line.split() for line in lines if line.startswith("# TYPE")]
    names = {name for _, _, name, _ in types}
    return names | {
        f"{name}_{part}"
        for _, _, name, kind in types
        if kind == "histogram"
        for part in ("bucket", "sum", "count")
    }


def test_alerts_and_dashboard_ask_for_metrics_that_exist() -> None:
    rules = yaml.safe_load((FILES / "alerts.yml").read_text())["groups"][0]["rules"]
    assert all({"alert", "expr", "annotations"} <= set(rule) for rule in rules)
    board = json.loads((FILES / "grafana.json").read_text())
    asked = [rule["expr"] for rule in rules] + [
        one["expr"] for panel in board["panels"] for one in panel["targets"]
    ]
    names = {name for expression in asked for name in NAME.findall(expression)}
    assert names - exported() == set()
    ours = {
        name
        for name in exported()
        if name.startswith("bigsale_") and not name.endswith(("_created", "_sum", "_count"))
    }
    unused = {name for name in ours if name not in names and f"{name}_bucket" not in names}
    assert unused == set(), "and whatever is exported is looked at"


def test_the_unit_and_the_guide_name_settings_and_commands_that_exist() -> None:
    texts = [
        path.read_text()
        for path in (*FILES.iterdir(), *FILES.parent.glob("operate*.md"), *FILES.parent.glob("scale*.md"))
    ]
    known = {f"BIGSALE_{name.upper()}" for name in Settings.model_fields} | {"BIGSALE_TEST_DATABASE"}
    named = {name for text in texts for name in re.findall(r"\bBIGSALE_[A-Z_]+\b", text)}
    assert named - known == set()
    commands = {
        command.name
        for group in app.registered_groups
        for command in group.typer_instance.registered_commands
    }
    groups = {group.name for group in app.registered_groups if group.name}
    said = {word for text in texts for word in re.findall(r"-m core ([a-z]+)", text)}
    assert said - commands - groups == set()
