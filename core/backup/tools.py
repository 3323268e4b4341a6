"""PostgreSQL's own tools, and whether they fit the server and the file: said before any work starts, as in the middle of
it they fail with words of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from core.database import Database
from core.errors import ShopError
from core.logs import clean
from core.settings import settings

# The first tools that read an archive of that format; what is newer than this list is for pg_restore to judge.
_FIRST_READER = {15: 16, 16: 17}
_TIMEOUT_SINCE = 17  # pg_restore from here on sets transaction_timeout, which older servers do not know
_NAMES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
}


def require_dumping(db: Database) -> None:
    """ShopError("backup.no_tool" | "backup.old_tool") unless pg_dump is there and no older than the server."""
    if not db.embedded:
        _require_as_new(db, "pg_dump")


def require_restoring(db: Database, path: Path) -> None:
    """ShopError("backup.no_tool" | "backup.old_tool" | "backup.old_reader" | "backup.new_tool" | "backup.old_server")
    unless pg_restore, the server and the dump fit together."""
    tool, server = _require_as_new(db, "pg_restore"), _server(db)
    reader = _FIRST_READER.get(_archive_format(path), 0)
    if tool < reader:
        raise ShopError("backup.old_reader", tool_version=str(tool), needed=str(reader))
    if server < _TIMEOUT_SINCE <= tool:
        raise ShopError(
            "backup.new_tool",
            tool_version=str(tool),
            server_version=str(server),
            newest=str(_TIMEOUT_SINCE - 1),
        )
    dumped = _dumped_from(db, path)
    if dumped > server:
        raise ShopError("backup.old_server", dump_version=str(dumped), server_version=str(server))


def _require_as_new(db: Database, tool: str) -> int:
    version, server = _version(db, tool), _server(db)
    if version < server:
        raise ShopError("backup.old_tool", tool=tool, tool_version=str(version), server_version=str(server))
    return version


def _version(db: Database, tool: str) -> int:
    match = re.search(r"\d+", run(db, tool, "--version", dbname=False))
    return int(match[0]) if match else 0


def _server(db: Database) -> int:
    with db.reading() as connection:
        return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000


def _archive_format(path: Path) -> int:
    """The second number of a dump's format, which stands behind its magic word: 1.16 is 16."""
    with path.open("rb") as file:
        begin = file.read(7)
    return begin[6] if len(begin) == 7 else 0


def _dumped_from(db: Database, path: Path) -> int:
    listed = run(db, "pg_restore", "--list", str(path), dbname=False, code="backup.unreadable")
    match = re.search(r"Dumped from database version: (\d+)", listed)
    return int(match[1]) if match else 0


def run(db: Database, tool: str, *arguments: str, dbname: bool = True, code: str = "backup.failed") -> str:
    """What one of PostgreSQL's tools says. The password goes by the environment: arguments are seen by everybody on the
    machine. ShopError("backup.no_tool"), or `code` where it fails."""
    parameters = {
        key: str(value) for key, value in db.writer.dialect.create_connect_args(db.writer.url)[1].items()
    }
    environment = os.environ | {_NAMES[key]: value for key, value in parameters.items() if key in _NAMES}
    command = [
        _tool(tool),
        *arguments,
        *([f"--dbname={parameters.get('dbname', '')}"] if dbname and tool == "pg_restore" else []),
    ]
    done = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        said = clean((done.stderr.strip().splitlines() or [""])[-1])
        raise ShopError(code, tool=tool, said=said[:300], file=Path(arguments[-1]).name)
    return done.stdout


def _tool(name: str) -> str:
    """Where the tool is: `BIGSALE_PG_BIN`, else the PATH. ShopError("backup.no_tool")."""
    folder = settings().pg_bin
    program = shutil.which(name, path=str(folder)) if folder else shutil.which(name)
    if program is None:
        raise ShopError("backup.no_tool", tool=name)
    return program
