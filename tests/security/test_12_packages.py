"""Every package that is installed is pinned with its hashes, and known advisories are asked for on every push."""

from __future__ import annotations

import re

import pytest

from tests.security.conftest import ROOT


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_of_a_lock_has_a_version_and_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text("utf-8").strip())
    assert len(entries) > 30
    loose = [entry.splitlines()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
    assert loose == []


def test_every_push_asks_for_advisories() -> None:
    assert "bash .ci/audit" in (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    script = (ROOT / ".ci" / "audit").read_text("utf-8")
    assert "pip-audit" in script
    assert "--require-hashes" in script
