"""`start`: everything between a fresh machine and the open page: migrate, demo on the first start, first account, serve."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from core.access import service
from core.commands.demo import load
from core.commands.run import desk
from core.commands.words import language
from core.database.migrate import upgrade
from core.settings import ROOT
from core.stock.service import positions

app = typer.Typer()

_WORDS = {
    "zh": (
        "首次启动：载入演示数据（约半分钟）…",
        "演示数据已载入",
        "第一个账号 admin 的初始密码（只显示这一次，首次登录要换）：",
        "打开",
    ),
    "en": (
        "First start: loading the demo (half a minute) …",
        "Demo loaded",
        "First account admin, first password (shown this once, changed at first use):",
        "Open",
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
    upgrade(at.raw)
    if demo and at.db.embedded and service.is_empty(at.db) and positions(at.db, at.actor).empty:
        _say(words[0])
        load(at.now)
        _say(words[1])
    first = service.first_account(at.db, at.now)
    if first is not None:
        _say(f"\n  {words[2]}\n\n      {first.password}\n")
    if serve:
        _say(f"{words[3]}  http://127.0.0.1:{port}\n")
        at.raw.dispose()
        os.chdir(ROOT)
        command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)]
        os.execv(sys.executable, command)  # noqa: S606 - our own interpreter takes this process's place


def _say(line: str) -> None:
    """To the terminal, not to the standard output that scripts read."""
    typer.echo(line, err=True)
