"""A watched folder, empty and set up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import settings


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that BIGSALE_INBOX names; files settle in a second."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    monkeypatch.setenv("BIGSALE_INBOX", str(folder))
    monkeypatch.setenv("BIGSALE_INBOX_SETTLE_SECONDS", "1")
    settings.cache_clear()
    yield folder
    settings.cache_clear()
