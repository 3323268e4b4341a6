"""What the overview lists as changed is said in words: no code of an action stands on the screen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.connect.kinds import KINDS
from core.overview.service import QUIET
from core.translations import sentences
from pages.parts.components.text import LANGUAGES, Language

CORE = Path(__file__).resolve().parents[2] / "core"
ACTION = re.compile(r"[a-z]+\.[a-z_]+")


def recorded() -> Iterator[str]:
    """Every action that some service writes into the audit, as it stands in the source; parts of f-strings
    are left to their own tests."""
    for path in sorted(CORE.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(call, ast.Call)
                and ast.unparse(call.func) in ("audit.record", "record")
                and len(call.args) > 3
            ):
                parts = [node.value for node in ast.walk(call.args[3]) if isinstance(node, ast.Constant)]
                yield from (part for part in parts if isinstance(part, str) and ACTION.fullmatch(part))
            if (
                isinstance(call, ast.Call)
                and ast.unparse(call.func) == "_store"
                and path.parts[-2:] == ("warmup", "settings.py")
            ):
                yield f"warmup.{ast.literal_eval(ast.unparse(call.args[3].args[0]))}"


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_every_recorded_action_has_a_word(tongue: Language) -> None:
    actions = {action for action in recorded() if not action.startswith(QUIET)} | {
        f"import.{name}" for name in KINDS
    }
    assert len(actions) > 50
    assert sorted(action for action in actions if f"changed.{action}" not in sentences(tongue)) == []
