"""`start`: everything between a fresh machine and the open page: migrate, demo on the first start, first
account, serve."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from core import clock
from core.access import service
from core.commands.system import demo_history
from core.commands.system.demo import load
from core.commands.terminal.run import desk, require_own_key
from core.commands.terminal.words import language
from core.database.migrate import upgrade
from core.settings import ROOT, settings
from core.stock.service import positions

app = typer.Typer()
HANDED_OVER = "first-password.txt"

_WORDS = {
    "zh": (
        "首次启动：载入演示数据（约半分钟）…",
        "演示数据已载入",
        "第一个账号 admin 的初始密码（只显示这一次，首次登录要换）：",
        "打开",
        "第一个账号 admin 的初始密码在这个文件里（只有本机运行者能读，登录换掉后请删除）：",
    ),
    "en": (
        "First start: loading the demo (half a minute) …",
        "Demo loaded",
        "First account admin, first password (shown this once, changed at first use):",
        "Open",
        "The first password of the first account admin is in this file (readable by its owner alone; delete it once changed):",
    ),
}


@app.command("start")
def start(
    port: Annotated[int, typer.Option(help="where to serve, on 127.0.0.1")] = 8501,
    demo: Annotated[bool, typer.Option(help="load the demo into an empty embedded database")] = True,
    serve: Annotated[bool, typer.Option(help="serve the screens after preparing")] = True,
) -> None:
    """Migrates, loads the demo on the first start, shows the first password once, then serves the screens."""
    at, words = desk(), _WORDS[language()]
    require_own_key(at.raw)
    upgrade(at.raw)
    if demo and at.db.embedded and service.is_empty(at.db) and positions(at.db, at.actor).empty:
        _say(words[0])
        load(at.now)
        demo_history.lay(clock.business_day(at.now, settings().timezone))
        _say(words[1])
    first = service.first_account(at.db, at.now)
    if first is not None:
        _hand_over(first.password, words)
    if serve:
        _say(f"{words[3]}  http://127.0.0.1:{port}\n")
        demo_history.take_behind()
        at.raw.dispose()
        os.chdir(ROOT)
        command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)]
        environment = os.environ | {
            "FORWARDED_ALLOW_IPS": ""
        }  # core.web decides whom to believe, uvicorn nobody
        os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter takes this process's place


def _hand_over(password: str, words: tuple[str, ...]) -> None:
    """Shows the first password to whoever sits at the terminal; a service's log gets the path of a file that is
    its owner's alone."""
    if sys.stderr.isatty():
        _say(f"\n  {words[2]}\n\n      {password}\n")
        return
    path = settings().data_dir / HANDED_OVER
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password + "\n")
    _say(f"\n  {words[4]}  {path}\n")


def _say(line: str) -> None:
    """To the terminal, not to the standard output that scripts read."""
    typer.echo(line, err=True)
