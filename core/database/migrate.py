"""Schema versions: up, down, and the refusal to run on a database that is newer than the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from core.database.engine import Database
from core.database.locks import one_at_a_time
from core.errors import ShopError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

# Alembic is loaded where something is migrated: it takes longer than most commands.
_HERE = Path(__file__).parent


def migration_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for running the versions on that connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE / "migrations"))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The schema version that this program is made for."""
    return str(_script().get_current_head())


def known_versions() -> list[str]:
    """Every version of the program, oldest first."""
    return [revision.revision for revision in _script().walk_revisions()][::-1]


def _script() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(migration_config())


def current(database: Database) -> str | None:
    """The schema version of the database, or None for an empty one."""
    with database.reading() as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def pending(database: Database) -> list[str]:
    """The versions between the database and the program, oldest first. ShopError("database.newer") if the
    database is ahead."""
    return _after(current(database))


def _after(version: str | None) -> list[str]:
    known = known_versions()
    if version is not None and version not in known:
        raise ShopError("database.newer", schema=version, program=head())
    return known[known.index(version) + 1 :] if version else known


def upgrade(database: Database, target: str = "head") -> list[str]:
    """Brings the database to `target` in one transaction; returns the versions that were applied here.

    Of several processes that start at once one migrates; the others wait for it, look again and find nothing
    left to do.
    """
    if not pending(database):
        return []
    with database.writing() as connection:
        one_at_a_time(connection, "migration")
        steps = _after(_version(connection))
        if steps:
            from alembic import command

            command.upgrade(migration_config(connection), target)
    return steps


def downgrade(database: Database, target: str = "base") -> None:
    """Takes the schema back to `target`; rows of dropped tables are gone, so a backup comes first."""
    from alembic import command

    with database.writing() as connection:
        command.downgrade(migration_config(connection), target)


def require_current(database: Database) -> None:
    """ShopError("database.newer" | "database.older" | "database.empty") unless schema and program fit together; asked once
    at every start."""
    version = current(database)
    if version is None:
        raise ShopError("database.empty")
    if version != _newest_file() and _after(version):
        raise ShopError("database.older", schema=version, program=head())


def _newest_file() -> str:
    """The version of the newest migration by the names of the files, 0001_first.py: what nearly every start finds, without
    Alembic."""
    return max(path.stem.partition("_")[0] for path in (_HERE / "migrations" / "versions").glob("[0-9]*.py"))
