"""The help of `import` names every kind of workbook that it takes."""

from __future__ import annotations

from typer.testing import CliRunner

from core.commands.imports import app
from core.connect.kinds import KINDS


def test_the_help_names_every_kind() -> None:
    said = CliRunner().invoke(app, ["import", "--help"]).output
    assert [name for name in [*KINDS, "events"] if name not in said] == []
