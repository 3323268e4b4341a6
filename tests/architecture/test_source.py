"""The house's own rules that no linter holds."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = sorted([ROOT / "dashboard.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")])


def imports(path: Path) -> set[str]:
    """Every module that a file imports, dotted."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    }


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
    "path",
    [path for path in sorted((ROOT / "pages").glob("*.py")) if path.stem != "__init__"],
    ids=lambda path: path.stem,
)
def test_a_page_is_thin(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 90
    reached = imports(path)
    assert not {
        name
        for name in reached
        if name.split(".")[0] in {"sqlalchemy", "openpyxl"} or name.endswith((".tables", ".rules"))
    }
    assert "require(" in text


@pytest.mark.parametrize(
    "path", [path for path in SOURCE if path.name == "rules.py"], ids=lambda path: path.parent.name
)
def test_rules_are_pure(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & {
        "sqlalchemy",
        "openpyxl",
        "streamlit",
        "starlette",
    }
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
        path.relative_to(ROOT)
        for path in SOURCE
        if path.name == "tables.py" and "Numeric" in path.read_text(encoding="utf-8")
    ]
    assert floats == []


def sheets_of(book: bytes) -> dict[str, bytes]:
    """What a workbook holds, by the name of each part, without its own stamp."""
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        return {name: parts.read(name) for name in parts.namelist() if name != "docProps/core.xml"}


def test_the_demo_workbooks_are_those_of_their_script() -> None:
    from openpyxl import load_workbook

    from data.make_demo import ANCHOR, FOLDER, build

    made = build(ANCHOR)
    assert set(made) == {path.name for path in FOLDER.iterdir()}
    for name, content in made.items():
        if name.endswith(".xlsx"):
            if sheets_of(content) == sheets_of((FOLDER / name).read_bytes()):
                continue  # to the letter; else by cell, since another openpyxl may write the same otherwise
            fresh, kept = (load_workbook(source) for source in (io.BytesIO(content), FOLDER / name))
            assert [[cell.value for row in sheet for cell in row] for sheet in fresh] == [
                [cell.value for row in sheet for cell in row] for sheet in kept
            ], name
        else:
            assert content == (FOLDER / name).read_bytes(), name


def test_the_command_line_starts_quickly_enough_to_be_used_in_scripts() -> None:
    """By the processor's time: what else the machine does is no fault of the command line."""
    before = os.times()
    answer = subprocess.run(
        [sys.executable, "-m", "core", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    after = os.times()
    assert "import" in answer.stdout
    assert after.children_user + after.children_system - before.children_user - before.children_system < 15


def test_every_audited_action_has_its_word() -> None:
    import re
    import tomllib

    spelled = re.compile(r'audit\.record\(\s*connection,\s*[\w.]+,\s*[\w.]+,\s*"([a-z_]+\.[a-z_]+)"')
    said = {action for path in SOURCE for action in spelled.findall(path.read_text(encoding="utf-8"))}
    assert len(said) > 40
    for language in ("zh", "en"):
        words = tomllib.loads(
            (ROOT / f"core/translations/{language}/overview.toml").read_text(encoding="utf-8")
        )["changed"]
        assert said - set(words) == set(), language


def test_values_are_nouns_of_the_trade() -> None:
    """`seen`, `found`, `told` … each named several things; what is left may only become fewer."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in [*SOURCE, *(ROOT / "data").rglob("*.py")])
    words = r"\b(seen|found|told|place|standing|stood|made|given)\b\s*(?::[^=\n]+)?=(?!=)"
    assert len(re.findall(words, source)) <= 20


def test_no_folder_is_crowded() -> None:
    """More than fifteen files side by side and nobody reads the list any more: a subject of its own gets a folder."""
    every = [*SOURCE, *(ROOT / "data").rglob("*.py")]
    sizes = Counter(path.parent.relative_to(ROOT) for path in every if path.name != "__init__.py")
    assert {str(folder): n for folder, n in sizes.items() if n > 15} == {}


def test_every_public_function_says_what_it_does() -> None:
    """Up to three lines a function may speak for itself."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in [*SOURCE, *(ROOT / "data").rglob("*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and (node.end_lineno or node.lineno) - node.lineno >= 3
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_any_stays_rare() -> None:
    """`Any` is where the checker looks away: `object`, a record or a named alias says more."""
    every = [*SOURCE, *(ROOT / "data").rglob("*.py")]
    whole = "\n".join(path.read_text(encoding="utf-8") for path in every)
    assert 1000 * len(re.findall(r"\bAny\b", whole)) / whole.count("\n") <= 3.0


def test_the_tests_wait_for_coroutines_on_a_thread_of_its_own() -> None:
    """`asyncio.run` fails on a worker where a browser test keeps a loop running, so only by the order of files."""
    tests = ROOT / "tests"
    own = {tests / "aside.py", Path(__file__).resolve()}
    assert not [
        path for path in tests.rglob("*.py") if path not in own and "asyncio.run(" in path.read_text("utf-8")
    ]
