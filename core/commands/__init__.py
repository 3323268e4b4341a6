"""The command line, one module a package; each has `app`, a Typer group or its own commands, mounted in
core/__main__.py."""
