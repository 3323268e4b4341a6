"""What every command shares: who acts on which database, how answers and refusals are printed, and the exit
code.

A command is a plain function that returns its answer: a dict, a list of dicts, a DataFrame or a dataclass.
`desk()` gives it the database, the acting person and the moment. Exit 0 done, 1 refused, 2 wrong usage; never
a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from functools import cached_property

import orjson
import pandas as pd
import typer

from core import clock, logs
from core.access import Actor, audit, service
from core.commands.terminal.words import sentence
from core.database import Database, connect
from core.database.migrate import current, require_current
from core.database.types import Record
from core.errors import ShopError
from core.plain_text import printable_facts
from core.settings import settings

REFUSED, USAGE = 1, 2


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that says no (`check` found faults, a dry run rejected rows): printed like any other, exit
    code 1."""

    answer: object


class Desk:
    """What one command works with; opened on first use, so that `--help` needs no database."""

    def __init__(self, as_json: bool = False, account: str = "") -> None:
        self.as_json = as_json
        self.account = account
        self.now: datetime = clock.now()

    @cached_property
    def raw(self) -> Database:
        """The configured database, whatever its schema version (for `init` and `restore`)."""
        return connect(settings().url)

    @cached_property
    def db(self) -> Database:
        """The configured database; ShopError("database.empty" | "database.older" | "database.newer") unless its schema fits the
        program."""
        require_current(self.raw)
        require_own_key(self.raw)
        return self.raw

    @cached_property
    def actor(self) -> Actor:
        """The account named by `--as`, or the local operator."""
        return service.operator(self.db, self.account)


def require_own_key(db: Database) -> None:
    """ShopError("access.other_key") where the database is another key's; an empty one is nobody's yet."""
    if current(db) is not None:
        with db.reading() as connection:
            audit.require_own_key(connection)


_desk = Desk()


def desk() -> Desk:
    """The running command's desk."""
    return _desk


def main(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code."""
    global _desk
    logs.configure()
    try:
        flags, rest = _flags(arguments)
        _desk = Desk(**flags)
        answer = typer.main.get_command(app)(args=rest, prog_name="python -m core", standalone_mode=False)
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        return REFUSED
    except typer.TyperException as error:
        return _usage(error)
    except ShopError as error:
        return _refuse(error)
    except Exception as error:
        return _fault(error)
    return _deliver(answer)


def first_word(arguments: Sequence[str]) -> str:
    """The command that a line names; "" for help and the like."""
    return next((word for word in _flags(arguments)[1] if not word.startswith("-")), "")


def _flags(arguments: Sequence[str]) -> tuple[Record, list[str]]:
    """`--json` and `--as USER` may stand anywhere on the line: taken out, the rest is the command's own."""
    flags: dict[str, object] = {}
    rest: list[str] = []
    waiting = iter(arguments)
    for word in waiting:
        if word == "--json":
            flags["as_json"] = True
        elif word == "--as":
            flags["account"] = next(waiting, "")
        elif word.startswith("--as="):
            flags["account"] = word.removeprefix("--as=")
        else:
            rest.append(word)
    return flags, rest


def _deliver(answer: object) -> int:
    code = REFUSED if isinstance(answer, Refused) else 0
    value = answer.answer if isinstance(answer, Refused) else answer
    if isinstance(value, int) and not isinstance(
        value, bool
    ):  # typer hands --help's exit code over as the answer
        return value
    if value is not None:
        _print_json(value) if _desk.as_json else _print_text(value)
    return code


def _refuse(error: ShopError) -> int:
    if _desk.as_json:
        _print_json({"error": error.code, "facts": printable_facts(error.facts), "message": sentence(error)})
    else:
        typer.echo(f"{sentence(error)}  [{error.code}]", err=True)
    return REFUSED


def _usage(error: typer.TyperException) -> int:
    message = getattr(error, "format_message", lambda: str(error))()
    if _desk.as_json:
        _print_json({"error": "usage", "message": message})
    else:
        typer.echo(f"{message}\npython -m core --help", err=True)
    return USAGE


def _fault(error: Exception) -> int:
    error_id = logs.unexpected(error, command=" ".join(sys.argv[1:2]))
    if _desk.as_json:
        _print_json({"error": "unexpected", "error_id": error_id})
    else:
        typer.echo(sentence(ShopError("access.unexpected", error_id=error_id)), err=True)
    return REFUSED


def _plain(value: object) -> object:
    """Dataclasses and frames as what JSON has; missing values become null."""
    if isinstance(value, pd.DataFrame):
        return value.astype(object).where(value.notna(), None).to_dict("records")
    if is_dataclass(value) and not isinstance(value, type):
        return {key: _plain(part) for key, part in asdict(value).items()}
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _print_json(value: object) -> None:
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    sys.stdout.write(orjson.dumps(_plain(value), default=str, option=options).decode() + "\n")
    sys.stdout.flush()


def _print_text(value: object) -> None:
    from core.commands.terminal.tables import print_text  # what draws tables is loaded where one is drawn

    print_text(_plain(value))
