"""Whether a database has exactly the tables, indexes, triggers and views that the migrations make, and nothing
else: a planted trigger acts with everybody's rights."""

from __future__ import annotations

import re
from functools import lru_cache

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, create_engine, text
from sqlalchemy.pool import StaticPool

from core.database.migrate import head, known_versions, migration_config
from core.database.types import load_tables

# What PostgreSQL may hold besides tables, in the schemas that are not its own; Citus and other extensions own
# theirs. The migrations make none of it.
_FOREIGN_OBJECTS = """
WITH ours AS (
  SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'citus', 'citus_internal', 'columnar')
), extended AS (SELECT objid FROM pg_depend WHERE deptype = 'e')
SELECT 'trigger ' || t.tgname || ' on ' || c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  JOIN ours ON ours.oid = c.relnamespace WHERE NOT t.tgisinternal AND t.tgname NOT LIKE 'truncate_trigger_%'
UNION ALL SELECT 'rule ' || r.rulename || ' on ' || c.relname FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
  JOIN ours ON ours.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND c.oid NOT IN (SELECT objid FROM extended)
UNION ALL SELECT CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence '
  WHEN 'f' THEN 'foreign table ' ELSE 'relation ' END || c.relname FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
  WHERE c.relkind IN ('v', 'm', 'S', 'f', 'c') AND c.oid NOT IN (SELECT objid FROM extended)
UNION ALL SELECT 'function ' || p.proname FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
  WHERE p.oid NOT IN (SELECT objid FROM extended)
UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger e WHERE e.oid NOT IN (SELECT objid FROM extended)
UNION ALL SELECT 'policy ' || polname FROM pg_policy
UNION ALL SELECT 'default of ' || c.relname || '.' || a.attname || ' = '
  || trim(both '''' FROM split_part(pg_get_expr(d.adbin, d.adrelid), '::', 1)) FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
  JOIN ours ON ours.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  WHERE c.oid NOT IN (SELECT objid FROM extended)
UNION ALL SELECT 'check ' || k.conname FROM pg_constraint k JOIN ours ON ours.oid = k.connamespace
  WHERE k.contype = 'c' AND k.conrelid NOT IN (SELECT objid FROM extended)
ORDER BY 1
"""


def faults(connection: Connection) -> list[str]:
    """What differs from the migrations' schema, as short lines; empty for exactly theirs. Reads only."""
    if connection.dialect.name == "sqlite":
        return _sqlite_faults(connection)
    expected = sequences()
    ours = {f"sequence {name}" for name in expected} | _defaults()
    ours |= {f"default of {column} = nextval('{name}" for name, column in expected.items()}
    ours |= {f"check {name}" for name in _checks()}
    planted = [f"planted: {name}" for name in connection.scalars(text(_FOREIGN_OBJECTS)) if name not in ours]
    if _version(connection) != head():
        return planted  # an older schema is judged again when it has been migrated
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return planted + [_line(change) for change in compare_metadata(context, load_tables())]


def _checks() -> set[str]:
    """The names of the checks on values that the tables have."""
    return {
        str(constraint.name)
        for table in load_tables().tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


def _defaults() -> set[str]:
    """The values that the database itself fills in, as PostgreSQL says them without their type."""
    filled = [
        (table.name, column.name, getattr(column.server_default, "arg", None))
        for table in load_tables().tables.values()
        for column in table.columns
        if column.server_default is not None
    ]
    return {
        f"default of {table}.{column} = {str(getattr(value, 'text', value)).strip(chr(39))}"
        for table, column, value in filled
    }


def sequences() -> dict[str, str]:
    """The sequences that number rows on PostgreSQL: name -> table.column."""
    tables = load_tables().tables.values()
    numbered = [(table.name, table.autoincrement_column) for table in tables]
    named = [(name, column.name) for name, column in numbered if column is not None]
    return {f"{name}_{column}_seq": f"{name}.{column}" for name, column in named}


def _version(connection: Connection) -> str:
    return str(MigrationContext.configure(connection).get_current_revision() or "")


def _line(change: object) -> str:
    """One difference that Alembic has found, readable: its kind and what it is about."""
    step = change[0] if isinstance(change, list) else change
    kind, *about = step if isinstance(step, tuple) else (step,)
    return " ".join([str(kind), *(str(part) for part in about if part is not None)])[:200]


def _sqlite_faults(connection: Connection) -> list[str]:
    version = _version(connection)
    if version not in known_versions():
        return [f"unknown version: {version[:40]}"]
    wanted, present = _reference(version), _objects(connection)
    missing = [f"missing: {kind} {name}" for kind, name in sorted(wanted.keys() - present.keys())]
    planted = [f"planted: {kind} {name}"[:200] for kind, name in sorted(present.keys() - wanted.keys())]
    common = sorted(wanted.keys() & present.keys())
    return [
        *missing,
        *planted,
        *(f"changed: {kind} {name}" for kind, name in common if wanted[kind, name] != present[kind, name]),
    ]


def _objects(connection: Connection) -> dict[tuple[str, str], str]:
    """Every object of a SQLite database by kind and name, with its folded text."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return {(kind, name): _folded(sql) for kind, name, sql in rows}


def _folded(sql: str) -> str:
    """The text of an object without blanks and quotes, its parts in one order: ways of writing the same."""
    bare = re.sub(r'[\s"`\[\]]+', " ", sql).replace("( ", "(").replace(" )", ")").replace(" ,", ",").strip()
    opening = bare.partition("(")[0].strip()
    parts, depth, begin = [], 0, len(bare.partition("(")[0]) + 1
    for at in range(begin, len(bare)):
        depth += {"(": 1, ")": -1}.get(bare[at], 0)
        if depth < 0 or (depth == 0 and bare[at] == ","):
            parts.append(bare[begin:at].strip())
            begin = at + 1
            if depth < 0:
                break
    return "\n".join([opening, *sorted(parts), bare[begin:].strip()])


@lru_cache(maxsize=4)
def _reference(version: str) -> dict[tuple[str, str], str]:
    """What the migrations make up to that version, from an empty database in memory."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            command.upgrade(migration_config(connection), version)
            return _objects(connection)
    finally:
        engine.dispose()
