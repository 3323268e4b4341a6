"""What CONTRIBUTING.md tells a contributor to run and to open is true."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import demo_shop
from tests.demo_shop import Demo

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = TEXT[TEXT.index("## Recipes") : TEXT.index("## Database")]
COMMANDS = re.findall(r"```sh\n(.+?)\n```", RECIPES, re.DOTALL)
FILES = sorted(set(re.findall(r"`((?:core|pages|tests|docs)/[\w/{},.]+\.(?:py|toml|md))`", TEXT)))


@pytest.mark.timeout(1500)  # one of them loads the demo
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_recipes_runs(command: str, demo: Demo) -> None:
    words = shlex.split(command)
    assert words[0] == ".venv/bin/python"
    environment = os.environ | {demo_shop.FILE: str(demo.file)}
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_there_are_recipes() -> None:
    assert len(COMMANDS) >= 4


@pytest.mark.parametrize("name", [name for name in FILES if "{" not in name])
def test_a_file_that_is_named_exists(name: str) -> None:
    assert (ROOT / name).is_file()


def test_every_folder_of_the_tree_exists() -> None:
    tree = TEXT[TEXT.index("dashboard.py ") : TEXT.index("A package has")]
    folders = {
        name for line in tree.splitlines() for name in re.findall(r"(?<![\w/{])([\w/]+)/(?=[ ,;]|$)", line)
    }
    everywhere = {path.name for path in ROOT.rglob("*") if path.is_dir() and ".venv" not in path.parts}
    assert len(folders) > 20
    assert {folder.split("/")[-1] for folder in folders} - everywhere == set()
