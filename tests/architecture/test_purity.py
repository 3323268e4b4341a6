"""A module that calls itself pure is so all the way down: whatever it imports, and what that imports, reaches no
database, no screen, no network, no file and no clock."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = ("sqlalchemy", "streamlit", "starlette", "openpyxl", "fastexcel", "apprise", "uvicorn")
READERS = {"open", "read_text", "read_bytes", "read_csv", "read_excel", "now", "utcnow", "today", "monotonic"}


def _pure_modules() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / "core").rglob("*.py")):
        described = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if path.name == "rules.py" or described.lower().startswith("pure"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


PURE = _pure_modules()


@lru_cache(maxsize=1)
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("core", include_external_packages=True)


@lru_cache(maxsize=1)
def _reading() -> dict[str, frozenset[str]]:
    """Where source reads a clock or a file: a call of one of READERS, by module."""
    calls: dict[str, frozenset[str]] = {}
    for path in sorted((ROOT / "core").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
        }
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        calls[module] = frozenset(names & READERS)
    return calls


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_module_reaches_nothing_outside(module: str) -> None:
    graph = _graph()
    upstream = graph.find_upstream_modules(module)
    assert sorted(name for name in upstream if name.split(".")[0] in OUTSIDE) == [], {
        name: graph.find_shortest_chain(module, name) for name in upstream if name in OUTSIDE
    }
    readers = {name: _reading()[name] for name in {module, *upstream} if _reading().get(name)}
    readers.pop("core.clock", None)  # its other functions are arithmetic; a pure module may not call now()
    assert readers == {}, "reads a file or a clock"
    assert "clock.now" not in PURE[module].read_text(encoding="utf-8")


def test_pure_modules_are_recognised() -> None:
    assert len(PURE) > 20
