"""Being behind is bad in every language: a status is red or green by its meaning, whatever colour a rise of
prices has; and nobody is told of missing data before there can be any."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pages.parts.components import cards, text
from pages.parts.live import board, figures

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=[("zh", "yes"), ("en", "no")], ids=["zh", "en"])
def tongue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both languages, with their colours of a rise."""
    monkeypatch.setattr(text, "language", lambda: request.param[0])
    monkeypatch.setattr(cards, "rise_is_red", lambda: request.param[1] == "yes")
    return str(request.param[0])


def picture(pace: float, **other: Any) -> Any:
    """So much of a picture as the cards of the race need."""
    scope = SimpleNamespace(target=100_000, drill=False, starts_at=0, ends_at=figures.LAST * 9)
    facts = {"scope": scope, "pace": pace, "paid": 5_000, "planned": 8_000, "at": 0 * figures.LAST}
    return SimpleNamespace(**{**facts, "forecast": SimpleNamespace(close=round(100_000 * pace)), **other})


@pytest.mark.parametrize(("pace", "colour"), [(0.43, "red"), (1.2, "green")])
def test_behind_is_red_and_ahead_is_green(tongue: str, pace: float, colour: str) -> None:
    seen = picture(pace)
    assert (figures._paid(seen).colour(), figures._close(seen).colour()) == (colour, colour), tongue


def test_every_card_with_a_change_says_whether_it_is_good() -> None:
    """Where a plan is what it is measured against; a new one must choose too."""
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "pages").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("Card")
        and "change" in {word.arg for word in node.keywords}
        and "good" not in {word.arg for word in node.keywords}
    ]
    assert bare == []


def test_the_wall_has_no_colour_for_a_rise() -> None:
    sheet = (ROOT / "pages/parts/live/look_wall.css").read_text("utf-8")
    assert ".wall-down { color: #FF5A5F; }" in sheet
    assert "red-rise" not in sheet


@pytest.mark.parametrize(("at", "hue"), [(-20, "gray"), (5, "red")])
def test_an_old_event_is_no_silence_before_the_opening(tongue: str, at: int, hue: str) -> None:
    seen = picture(1.0, minutes_silent=63, minutes=max(at, 0), at=at * figures.LAST)
    seen.scope.starts_at, seen.scope.ends_at = 0 * figures.LAST, 99 * figures.LAST
    icon, colour, said = board._flow(seen)
    assert (icon, colour) == ("sensors_off", hue)
    assert ("63" in said) == (at > 0)
