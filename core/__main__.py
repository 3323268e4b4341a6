"""The command line: `python -m core ...`. Each room's commands stand in core/commands/<room>.py; one line
here mounts them."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import typer

from core.commands.terminal import run

# Modules whose `app` holds commands of the top level (init, check, positions ...).
TOP = (
    "core.commands.system.database",
    "core.commands.system.channels",
    "core.commands.imports",
    "core.commands.stock",
    "core.commands.sources",
    "core.commands.records",
    "core.commands.system.demo",
    "core.commands.system.start",
    "core.commands.pricing",
    "core.commands.plan",
    "core.commands.replenishment",
    "core.commands.staffing",
    "core.commands.live",
    "core.commands.review",
    "core.commands.experiments",
    "core.commands.people.audience",
    "core.commands.goods",
    "core.commands.system.scheduler",
)

# Modules whose `app` is a group of its own (user add, campaign list ...).
GROUPS = (
    ("key", "core.commands.system.api_keys"),
    ("webhook", "core.commands.system.webhooks"),
    ("user", "core.commands.system.accounts"),
    ("campaign", "core.commands.campaign"),
    ("purchase", "core.commands.purchase"),
    ("person", "core.commands.people.person"),
    ("list", "core.commands.people.lists"),
)


def build(word: str = "") -> typer.Typer:
    """The command line; with the first word of a line only what it needs, since importing every package takes
    seconds."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="大促作战室 · Big-Sale Control Room. Everywhere: --json prints one JSON object, --as USER names the acting account.",
    )
    app.callback()(lambda: None)  # stays a group also with a single command mounted
    meant = [module for module in TOP if _holds(module, word)], [pair for pair in GROUPS if pair[0] == word]
    top, groups = meant if any(meant) else (TOP, GROUPS)
    for module in top:
        app.add_typer(import_module(module).app)
    for name, module in groups:
        app.add_typer(import_module(module).app, name=name)
    return app


def _holds(module: str, word: str) -> bool:
    """Whether the module's source makes a command of that name; read, not imported."""
    spec = find_spec(module)
    return bool(
        spec and spec.origin and f'@app.command("{word}")' in Path(spec.origin).read_text(encoding="utf-8")
    )


if __name__ == "__main__":
    sys.exit(run.main(build(run.first_word(sys.argv[1:])), sys.argv[1:]))

app = build()
