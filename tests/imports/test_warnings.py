"""Everything that an import may say of a file has its words, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.commands.terminal.words import sentences

_SAID = re.compile(r'"code": "([a-z_]+\.[a-z_]+)"|Notice\(\s*"([a-z_.]+)"')


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_warning_has_its_words(language: str) -> None:
    core = Path(__file__).parents[2] / "core"
    sources = [path.read_text("utf-8") for path in core.rglob("*.py")]
    codes = {one or other for source in sources for one, other in _SAID.findall(source)}
    assert "sheet.day_or_month" in codes
    assert [code for code in sorted(codes) if f"errors.{code}" not in sentences(language)] == []
