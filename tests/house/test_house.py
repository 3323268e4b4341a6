"""The house's own rules that no linter holds."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = sorted([ROOT / "dashboard.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")])


def imports(path: Path) -> set[str]:
    """Every module that a file imports, dotted."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


def test_the_front_door_holds_no_logic() -> None:
    tree = ast.parse((ROOT / "dashboard.py").read_text(encoding="utf-8"))
    assert not [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For | ast.While | ast.If | ast.Try)
    ]
    assert {name.split(".")[0] for name in imports(ROOT / "dashboard.py")} <= {
        "__future__",
        "pathlib",
        "streamlit",
        "core",
        "pages",
    }


@pytest.mark.parametrize(
    "path", [path for path in sorted((ROOT / "pages").glob("*.py")) if path.stem != "__init__"], ids=lambda path: path.stem
)
def test_a_page_is_thin(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 90
    reached = imports(path)
    assert not {
        name for name in reached if name.split(".")[0] in {"sqlalchemy", "openpyxl"} or name.endswith((".tables", ".rules"))
    }
    assert "require(" in text


@pytest.mark.parametrize("path", [path for path in SOURCE if path.name == "rules.py"], ids=lambda path: path.parent.name)
def test_rules_are_pure(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & {"sqlalchemy", "openpyxl", "streamlit", "starlette"}
    assert "core.clock" not in imports(path) or "clock.now" not in path.read_text(encoding="utf-8")


def test_only_the_clock_reads_the_clock() -> None:
    readers = {"datetime.now(", "datetime.utcnow(", "date.today("}
    found = [
        path.relative_to(ROOT)
        for path in SOURCE
        if path.name != "clock.py"
        for reader in readers
        if reader in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_every_room_with_a_price_speaks_of_fen() -> None:
    floats = [
        path.relative_to(ROOT) for path in SOURCE if path.name == "tables.py" and "Numeric" in path.read_text(encoding="utf-8")
    ]
    assert floats == []


def test_the_demo_workbooks_are_those_of_their_script() -> None:
    from openpyxl import load_workbook

    from data.make_demo import ANCHOR, FOLDER, build

    made = build(ANCHOR)
    assert set(made) == {path.name for path in FOLDER.iterdir()}
    import io

    for name, content in made.items():
        if name.endswith(".xlsx"):
            fresh, kept = (load_workbook(source) for source in (io.BytesIO(content), FOLDER / name))
            assert [[cell.value for row in sheet for cell in row] for sheet in fresh] == [
                [cell.value for row in sheet for cell in row] for sheet in kept
            ], name
        else:
            assert content == (FOLDER / name).read_bytes(), name


def test_the_command_line_starts_quickly_enough_to_be_used_in_scripts() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "core", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "import" in answer.stdout


def test_every_audited_action_has_its_word() -> None:
    import re
    import tomllib

    spelled = re.compile(r'audit\.record\(\s*connection,\s*[\w.]+,\s*[\w.]+,\s*"([a-z_]+\.[a-z_]+)"')
    said = {action for path in SOURCE for action in spelled.findall(path.read_text(encoding="utf-8"))}
    assert len(said) > 40
    for language in ("zh", "en"):
        words = tomllib.loads((ROOT / f"pages/parts/text/{language}/overview.toml").read_text(encoding="utf-8"))["changed"]
        assert said - set(words) == set(), language
