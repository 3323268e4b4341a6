"""Whom a screen under test belongs to: the person behind its cookies, and the context that a page gets."""

from __future__ import annotations

import pytest

from core.access import Actor
from core.database import Database
from pages.parts.entry import visitor


def sign_in_as(monkeypatch: pytest.MonkeyPatch, db: Database, actor: Actor | None) -> None:
    """From now on this person is found behind every cookie and every credential; None: nobody."""
    monkeypatch.setattr(visitor, "database", lambda: db)
    monkeypatch.setattr(visitor, "visitor", lambda: actor)
    monkeypatch.setattr(visitor.Credential, "actor", lambda _self, _db: actor)
