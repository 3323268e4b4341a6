"""Schema versions: up, down, and the refusal to run on a database that is newer than the program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from core.database.engine import Database
from core.errors import ShopError

_HERE = Path(__file__).parent


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE / "migrations"))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The schema version that this program is made for."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(database: Database) -> str | None:
    """The schema version of the database, or None for an empty one."""
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def pending(database: Database) -> list[str]:
    """The versions between the database and the program, oldest first. ShopError("database.newer") if the database is ahead."""
    script = ScriptDirectory.from_config(_config())
    known = [revision.revision for revision in script.walk_revisions()][::-1]
    at = current(database)
    if at is not None and at not in known:
        raise ShopError("database.newer", schema=at, program=head())
    return known[known.index(at) + 1 :] if at else known


def upgrade(database: Database, target: str = "head") -> list[str]:
    """Brings the database to `target` in one transaction; returns the versions that were applied."""
    steps = pending(database)
    if steps:
        with database.writing() as connection:
            command.upgrade(_config(connection), target)
    return steps


def downgrade(database: Database, target: str = "base") -> None:
    """Takes the schema back to `target`; rows of dropped tables are gone, so a backup comes first."""
    with database.writing() as connection:
        command.downgrade(_config(connection), target)


def require_current(database: Database) -> None:
    """ShopError("database.newer" | "database.older") unless schema and program fit together; asked once at every start."""
    if pending(database):
        raise ShopError("database.older", schema=current(database) or "", program=head())
