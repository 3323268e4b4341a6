"""The words of the shop front as shipped; each may be changed for a campaign (core/warmup/settings.py)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def defaults() -> Mapping[str, Mapping[str, str]]:
    """The shop front's words by code and language."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
