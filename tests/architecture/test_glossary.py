"""The glossary tells the truth: every identifier that it names is used in the source, once a term."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [line for line in GLOSSARY.splitlines() if line.startswith("| ") and "`" in line]


def _words() -> set[str]:
    source = [path for folder in ("core", "pages", "data") for path in (ROOT / folder).rglob("*.py")]
    return {word for path in source for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


def test_every_identifier_of_the_glossary_is_used() -> None:
    identifiers = [name for row in ROWS for name in re.findall(r"`(\w+)`", row)]
    assert len(identifiers) > 50
    assert sorted(set(identifiers) - _words()) == []


def test_one_term_has_one_row() -> None:
    terms = [row.split("|")[2].split(":")[0].strip() for row in ROWS]
    assert sorted(term for term in set(terms) if terms.count(term) > 1) == []
