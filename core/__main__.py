"""The command line: `python -m core ...`. Each room's commands stand in core/commands/<room>.py; one line here mounts them."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from core.commands import run

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="大促作战室 · Big-Sale Control Room. Everywhere: --json prints one JSON object, --as USER names the acting account.",
)

# Modules whose `app` holds commands of the top level (init, check, positions ...).
for module in (
    "core.commands.house",
    "core.commands.imports",
    "core.commands.demo",
    "core.commands.start",
    "core.commands.pricing",
    "core.commands.plan",
    "core.commands.replenishment",
    "core.commands.staffing",
    "core.commands.live",
):  # fmt: skip
    app.add_typer(import_module(module).app)

# Modules whose `app` is a group of its own (user add, campaign list ...).
for name, module in (
    ("user", "core.commands.access"),
    ("campaign", "core.commands.campaign"),
    ("purchase", "core.commands.purchase"),
):  # fmt: skip
    app.add_typer(import_module(module).app, name=name)


if __name__ == "__main__":
    sys.exit(run.main(app, sys.argv[1:]))
