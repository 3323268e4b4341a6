"""The command line's manners: JSON alone on standard output, exit codes, names, and never a traceback."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

from core import __main__ as line
from core import clock, logs
from core.access import Actor, accounts, service, sessions
from core.access.accounts import NewAccount
from core.access.sessions import Client
from core.commands.terminal import run
from core.commands.terminal.run import Refused
from core.database import Database
from core.errors import ShopError
from core.settings import settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    """What one command line printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Said]]:
    """Runs a command line that asks no database."""
    yield from _caller(f"sqlite:///{tmp_path / 'none.db'}", monkeypatch, capsys)


@pytest.fixture
def core(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Said]]:
    """Runs a command line on this test's database."""
    yield from _caller(database.url, monkeypatch, capsys)


def _caller(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Said]]:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("BIGSALE_LANGUAGE", "en")
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115 - a scheduler's empty input
    settings.cache_clear()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level

    def call(*words: str, app: typer.Typer = line.app) -> Said:
        capsys.readouterr()
        code = run.main(app, words)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    yield call
    monkeypatch.undo()
    settings.cache_clear()
    logging.getLogger().handlers, logging.getLogger().level = handlers, level  # what logs.configure() changed
    logs.configure.cache_clear()


def odd() -> typer.Typer:
    """Commands that answer in every way there is."""
    app = typer.Typer()
    answers: dict[str, Any] = {
        "nothing": None,
        "facts": {"rows": 3, "name": "[red]面膜[/red]", "none": None},
        "frame": pd.DataFrame({"sku_code": ["00123", "x"], "n": pd.array([1, None], dtype="Int64")}),
        "both": {"ok": True, "lines": [{"a": 1, "b": [1, 2]}]},
        "empty": [],
        "refused": Refused({"ok": False}),
    }
    for name in answers:

        @app.command(name)
        def give(ctx: typer.Context) -> Any:
            return answers[str(ctx.info_name)]

    @app.command("fault")
    def fault() -> None:
        raise RuntimeError("postgresql://shop:hunter2@db/bigsale")

    @app.command("denied")
    def denied() -> None:
        raise ShopError("access.slow_down", seconds=7)

    @app.command("wordless")
    def wordless() -> None:
        raise ShopError("no.such_sentence", n=1)

    return app


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("facts", {"rows": 3, "name": "[red]面膜[/red]", "none": None}),
        ("frame", [{"sku_code": "00123", "n": 1}, {"sku_code": "x", "n": None}]),
        ("both", {"ok": True, "lines": [{"a": 1, "b": [1, 2]}]}),
        ("empty", []),
    ],
)
def test_json_is_one_object_and_nothing_else(anywhere: Callable[..., Said], name: str, expected: Any) -> None:
    for words in ((name, "--json"), ("--json", name)):
        said = anywhere(*words, app=odd())
        assert (said.code, said.json, said.out.count("\n")) == (0, expected, 1)


def test_text_is_readable_and_literal(anywhere: Callable[..., Said]) -> None:
    assert "[red]面膜[/red]" in anywhere("facts", app=odd()).out
    assert "00123" in anywhere("frame", app=odd()).out
    assert anywhere("nothing", app=odd()) == Said(0, "", "")


def test_refusals_say_why_and_exit_1(anywhere: Callable[..., Said]) -> None:
    assert anywhere("refused", "--json", app=odd()) == Said(1, '{"ok":false}\n', "")
    said = anywhere("denied", "--json", app=odd())
    assert (said.code, said.json["error"], said.json["facts"], said.err) == (
        1,
        "access.slow_down",
        {"seconds": 7},
        "",
    )
    said = anywhere("denied", app=odd())
    assert (said.code, said.out) == (1, "")
    assert "in 7 seconds" in said.err
    assert "no.such_sentence {'n': 1}" in anywhere("wordless", app=odd()).err


def test_a_fault_says_one_line_with_an_id(anywhere: Callable[..., Said]) -> None:
    said = anywhere("fault", "--json", app=odd())
    assert said.code == 1
    assert set(said.json) == {"error", "error_id"}
    said = anywhere("fault", app=odd())
    assert "Traceback" not in said.out
    assert "hunter2" not in said.out + said.err


@pytest.mark.parametrize(
    "words",
    [("nosuch",), ("user",), ("user", "add"), ("user", "add", "a", "--nosuch", "b"), ("check", "extra")],
)
def test_wrong_usage_exits_2(anywhere: Callable[..., Said], words: tuple[str, ...]) -> None:
    said = anywhere(*words, "--json")
    assert said.code == 2
    if words != ("user",):
        assert said.json["error"] == "usage"


def test_help_needs_no_database(anywhere: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "oracle://nowhere")
    settings.cache_clear()
    said = anywhere("--help")
    assert said.code == 0
    for command in ("init", "check", "backup", "restore", "place", "notify", "user"):
        assert command in said.out
    said = anywhere("check", "--json")
    assert (said.code, said.json["error"]) == (1, "database.unsupported")


def test_the_first_account_is_made_once(core: Callable[..., Said]) -> None:
    assert core("user", "first", "--json").json["role"] == "admin"
    again = core("user", "first")
    assert (again.code, again.out) == (1, "")
    assert re.fullmatch(r".+  \[access\.occupied\]\n", again.err)


def test_accounts_by_command(core: Callable[..., Said], database: Database) -> None:
    made = core("user", "add", "Boss", "--role", "admin", "--json")
    assert made.code == 0
    assert (made.json["name"], made.json["role"], len(made.json["password"])) == ("boss", "admin", 19)
    boss = () if database.embedded else ("--as", "boss")
    core("user", "add", "mei", "--role", "merchandiser", *boss)
    if not database.embedded:
        assert core("user", "list", "--json").json["error"] == "access.name_yourself"
    listed = core("user", "list", "--json", *boss).json["users"]
    assert [(row["name"], row["role"], row["disabled"]) for row in listed] == [
        ("boss", "admin", False),
        ("mei", "merchandiser", False),
    ]
    assert core("--as", "mei", "user", "list", "--json").json["error"] == "access.denied"
    assert core("user", "list", "--as=mei", "--json").json["facts"] == {
        "action": "account.manage",
        "role": "merchandiser",
    }
    assert core("user", "disable", "mei", *boss).code == 0
    assert core("--as", "mei", "user", "list", "--json").json["error"] == "access.disabled"
    assert core("user", "disable", "boss", "--json", *boss).json["error"] == "access.last_admin"
    assert core("user", "enable", "mei", *boss).code == 0
    assert core("user", "password", "mei", "--json", *boss).json["password"]


def test_a_role_is_refused_at_the_command_line_as_on_the_page(
    core: Callable[..., Said], database: Database, admin: Actor, now, tmp_path: Path
) -> None:
    service.add_account(database, admin, NewAccount("vi", "viewer", word="lantern-of-the-shop"), now)
    for words in (
        ("check",),
        ("backup", str(tmp_path / "x")),
        ("place", "--check"),
        ("notify",),
        ("user", "add", "b", "--role", "admin"),
    ):
        said = core(*words, "--json", "--as", "vi")
        assert (said.code, said.json["error"]) == (1, "access.denied"), words


def test_check_answers_for_every_room_and_finds_a_broken_trail(
    core: Callable[..., Said], database: Database
) -> None:
    from sqlalchemy import text

    made = core("user", "add", "boss", "--role", "admin", "--json")
    assert made.code == 0
    whole = core("check", "--json", "--as", "boss")
    assert (whole.code, whole.json["ok"]) == (0, True)
    assert {"access.audit", "database.place", "stock.ledger_is_position"} <= set(whole.json["checks"])
    assert whole.json["audit_head"]["number"] == 1
    with database.writing() as connection:
        connection.execute(text("UPDATE audit SET role = 'viewer'"))
    said = core("check", "--json", "--as", "boss")
    assert (said.code, said.json["ok"], said.json["checks"]["access.audit"]) == (
        1,
        False,
        [{"number": 1, "fault": "edited"}],
    )


def test_a_password_on_standard_input_is_taken(sqlite: Database) -> None:
    """In real processes: a pipe with a password, and a pipe that never says anything."""
    environment = os.environ | {"DATABASE_URL": sqlite.url}
    command = [sys.executable, "-m", "core", "user", "add"]
    given = subprocess.run(
        [*command, "mei", "--role", "viewer", "--json"],
        cwd=ROOT,
        env=environment,
        input="lantern-of-the-shop\n",
        capture_output=True,
        text=True,
    )
    assert json.loads(given.stdout) == {"name": "mei", "role": "viewer"}
    reading, writing = os.pipe()
    silent = subprocess.run(
        [*command, "lin", "--role", "viewer", "--json"],
        cwd=ROOT,
        env=environment,
        stdin=reading,
        capture_output=True,
        text=True,
    )
    os.close(reading)
    os.close(writing)
    assert "password" in json.loads(silent.stdout)
    assert "lantern" not in given.stdout + given.stderr
    assert service.operator(sqlite, "mei").role == "viewer"


def test_backup_and_restore_by_command(
    anywhere: Callable[..., Said], sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    settings.cache_clear()
    anywhere("user", "add", "mei", "--role", "viewer")
    made = anywhere("backup", str(tmp_path / "shop.backup"), "--json")
    assert (made.code, made.json["audit_head"]["number"]) == (0, 1)
    assert anywhere("restore", str(tmp_path / "shop.backup"), "--json").json["error"] == "backup.not_empty"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    settings.cache_clear()
    back = anywhere("restore", str(tmp_path / "shop.backup"), "--json")
    assert back.code == 0, back
    assert back.json["rows"]["account"] == 1, back
    assert anywhere("check", "--json").json["ok"] is True
    assert anywhere("user", "list", "--json").json["users"][0]["name"] == "mei"


def test_a_folder_of_backups_is_made_where_there_is_none(
    anywhere: Callable[..., Said], tmp_path: Path
) -> None:
    anywhere("init")
    for folder in ("nightly/", "kept"):
        options = ("--keep", "1") if folder == "kept" else ()
        made = anywhere("backup", f"{tmp_path}/{folder}", *options, "--json")
        assert made.code == 0, made
        assert Path(made.json["file"]).parent == tmp_path / folder
    assert re.fullmatch(r"bigsale-\d{8}T\d{6}Z\.backup", Path(made.json["file"]).name)


def test_a_sentence_names_several_things_one_after_the_other(
    anywhere: Callable[..., Said], tmp_path: Path
) -> None:
    sheet = tmp_path / "表.csv"
    sheet.write_text("甲,乙\n1,2\n", encoding="utf-8-sig")
    anywhere("init")
    said = anywhere("import", "stock", str(sheet))
    assert said.code == 1
    assert "SKU code" in said.err, "fields by their name in the reader's language"
    assert "['" not in said.err


def test_an_unknown_channel_is_refused(core: Callable[..., Said]) -> None:
    assert core("channel", "nobody", "--json").json["error"] == "notify.unknown_channel"


def test_a_first_start_shows_the_administrators_password_once(
    core: Callable[..., Said], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = core("start", "--no-serve", "--no-demo")
    assert re.findall(r"\b\w{4}-\w{4}-\w{4}-\w{4}\b", first.out + first.err) == [], (
        "no terminal: a service's log"
    )
    password = (settings().data_dir / "first-password.txt").read_text().strip()
    assert sessions.sign_in(database, "admin", password, Client("", "", ""), clock.now()).must_change
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execve", lambda path, command, environment: started.append(command))
    again = core("start", "--no-demo", "--port", "8599", *(() if database.embedded else ("--as", "admin")))
    assert (again.code, re.findall(r"\w{4}-\w{4}-\w{4}-\w{4}", again.err)) == (0, [])
    assert started[0][1:4] == ["-m", "streamlit", "run"]
    assert started[0][-1] == "8599"


def test_every_rooms_check_is_asked() -> None:
    import ast

    from core.backup.checks import ROOMS

    offering = set()
    for path in (ROOT / "core").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.FunctionDef)
                and node.name == "check"
                and [a.arg for a in node.args.args] == ["connection"]
            ):
                offering.add(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert offering - {"core.backup.checks"} == set(ROOMS)


def test_the_reserved_name_cannot_be_taken(sqlite: Database, admin: Actor, now) -> None:
    with pytest.raises(ShopError, match="access.name_taken"):
        service.add_account(sqlite, admin, NewAccount(accounts.NOBODYS_NAME, "admin"), now)
