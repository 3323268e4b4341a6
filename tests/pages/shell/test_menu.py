"""The menu: every page that stands is listed with an action, an icon and words, and asks its guard first."""

from __future__ import annotations

import ast

import pytest

from core.access import Actor
from core.access.rules import ACTIONS, ROLES
from pages.parts.components.text import known
from pages.parts.shell import menu

STANDING = menu.standing()


def test_every_page_of_the_house_is_in_the_menu() -> None:
    files = {path.stem for path in menu.FOLDER.glob("*.py")} - {"__init__"}
    assert files == {entry.page for entry in STANDING}


@pytest.mark.parametrize("entry", menu.MENU, ids=lambda entry: entry.page)
def test_an_entry_has_its_action_and_words(entry: menu.Entry) -> None:
    assert entry.action in ACTIONS
    assert known(f"menu.{entry.page}")
    assert not entry.group or known(f"group.{entry.group}")


@pytest.mark.parametrize("entry", STANDING, ids=lambda entry: entry.page)
def test_a_page_asks_its_guard_before_anything_else(entry: menu.Entry) -> None:
    """The first statement after docstring and imports is `user = require("<the menu's action>")`."""
    body = [
        node
        for node in ast.parse(entry.file.read_text(encoding="utf-8")).body
        if not isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert isinstance(body[0], ast.Expr), "a page begins with what it answers"
    call = body[1].value if isinstance(body[1], ast.Assign | ast.Expr) else None
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    assert call.func.id == "require"
    assert ast.literal_eval(call.args[0]) == entry.action


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_offered_what_its_actions_allow(role: str) -> None:
    assert [entry.page for entry in menu.offered(Actor("x", role))] == [
        e.page for e in STANDING if role in ACTIONS[e.action]
    ]


def test_pages_are_thin_and_hold_no_words() -> None:
    """At most 80 lines; no Chinese letter outside the docstring."""
    for entry in STANDING:
        source = entry.file.read_text(encoding="utf-8")
        assert len(source.splitlines()) <= 80, entry.page
        module = ast.parse(source)
        doc = module.body[0].value if isinstance(module.body[0], ast.Expr) else None
        words = [
            node.value
            for node in ast.walk(module)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node is not doc
        ]
        assert not [word for word in words if any("\u4e00" <= letter <= "\u9fff" for letter in word)], (
            entry.page
        )
